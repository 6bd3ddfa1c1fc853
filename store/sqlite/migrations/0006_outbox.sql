-- What came of an item (the address of a reply, a server's answer), and items that only a person can send on.
ALTER TABLE outbox ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due_at, number) WHERE sent_at IS NULL AND given_up = 0;
