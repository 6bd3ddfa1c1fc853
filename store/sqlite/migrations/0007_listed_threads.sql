-- An index with a condition is written anew whenever a column of its condition is, though the answer stays
-- the same: `mentions > 0` cost four index entries for every mention that came in. `listed` says it, and changes once.
ALTER TABLE thread ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET listed = 1 WHERE mentions > 0;
DROP INDEX thread_by_points;
DROP INDEX thread_by_newest;
DROP INDEX thread_by_waiting;
DROP INDEX thread_by_status;
CREATE INDEX thread_by_points ON thread (pinned DESC, points DESC, id, status) WHERE listed = 1;
CREATE INDEX thread_by_newest ON thread (pinned DESC, newest DESC, id, status) WHERE listed = 1;
CREATE INDEX thread_by_waiting ON thread (pinned DESC, waiting_since IS NULL, waiting_since, id, status)
    WHERE listed = 1;
CREATE INDEX thread_by_status ON thread (status, snoozed_until) WHERE listed = 1;

-- How many listed threads stand where, kept by triggers: counting a quarter of a million rows for each tab of each
-- page of the queue would cost more than everything else on it.
CREATE TABLE tally (
    status TEXT NOT NULL,
    -- Whether somebody waits for an answer.
    waiting INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    PRIMARY KEY (status, waiting)
) WITHOUT ROWID;
INSERT INTO tally SELECT status, waiting_since IS NOT NULL, count(*) FROM thread WHERE listed = 1 GROUP BY 1, 2;
CREATE TRIGGER tally_added AFTER INSERT ON thread WHEN NEW.listed = 1 BEGIN
    INSERT INTO tally VALUES (NEW.status, NEW.waiting_since IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET threads = threads + 1;
END;
CREATE TRIGGER tally_removed AFTER DELETE ON thread WHEN OLD.listed = 1 BEGIN
    UPDATE tally SET threads = threads - 1
        WHERE status = OLD.status AND waiting = (OLD.waiting_since IS NOT NULL);
END;
CREATE TRIGGER tally_changed AFTER UPDATE OF status, waiting_since, listed ON thread
WHEN (OLD.listed, OLD.status, OLD.waiting_since IS NULL) IS NOT (NEW.listed, NEW.status, NEW.waiting_since IS NULL) BEGIN
    UPDATE tally SET threads = threads - 1
        WHERE OLD.listed = 1 AND status = OLD.status AND waiting = (OLD.waiting_since IS NOT NULL);
    INSERT INTO tally SELECT NEW.status, NEW.waiting_since IS NOT NULL, 1 WHERE NEW.listed = 1
        ON CONFLICT DO UPDATE SET threads = threads + 1;
END;
