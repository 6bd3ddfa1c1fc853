-- Things kept by key can be chosen by a state, ordered by a moment, and found by what they refer to.
ALTER TABLE kept ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE kept ADD COLUMN due INTEGER;
CREATE INDEX kept_state ON kept (kind, state, due, key);
CREATE INDEX kept_due ON kept (kind, due, key) WHERE due IS NOT NULL;

CREATE TABLE kept_ref (
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (kind, ref, key)
) WITHOUT ROWID;
CREATE INDEX kept_ref_key ON kept_ref (kind, key);
