-- Hashes fall on pages at random: put straight into a large table, each batch would write most of it again.
-- They gather in a small table, and move on together in the order of their keys.
ALTER TABLE near RENAME TO near_settled;
CREATE TABLE near_fresh (
    band INTEGER NOT NULL,
    simhash INTEGER NOT NULL,
    docid INTEGER NOT NULL,
    PRIMARY KEY (band, simhash)
) WITHOUT ROWID;
CREATE VIEW near AS
SELECT band, simhash, docid FROM near_settled UNION ALL SELECT band, simhash, docid FROM near_fresh;
