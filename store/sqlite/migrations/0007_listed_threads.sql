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
