-- A statement that may undo itself alone has SQLite copy each page aside before it changes it. A trigger on a table
-- with a foreign key makes every INSERT such a statement, and an upsert in a trigger every UPDATE: a new thread cost
-- twice the time. New threads are counted where they are made (store/sqlite/conversations.py), and the rows of all
-- figures are there from the beginning, so that the trigger only ever updates them.
DROP TRIGGER tally_added;
DROP TRIGGER tally_changed;
INSERT OR IGNORE INTO tally (status, waiting, threads)
SELECT status.column1, waiting.column1, 0
FROM (VALUES ('open'), ('waiting'), ('snoozed'), ('resolved'), ('ignored')) AS status, (VALUES (0), (1)) AS waiting;
CREATE TRIGGER tally_changed AFTER UPDATE OF status, waiting_since, listed ON thread
WHEN (OLD.listed, OLD.status, OLD.waiting_since IS NULL) IS NOT (NEW.listed, NEW.status, NEW.waiting_since IS NULL) BEGIN
    UPDATE tally SET threads = threads - 1
        WHERE OLD.listed = 1 AND status = OLD.status AND waiting = (OLD.waiting_since IS NOT NULL);
    UPDATE tally SET threads = threads + 1
        WHERE NEW.listed = 1 AND status = NEW.status AND waiting = (NEW.waiting_since IS NOT NULL);
END;
