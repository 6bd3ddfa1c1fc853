-- The hashes that came in last stand a batch to a row, as two lists of numbers, and are read as a whole
-- (store/sqlite/fresh.py): one row for each band had every batch write all pages of the small table.
INSERT OR REPLACE INTO near_young (band, simhash, docid) SELECT band, simhash, docid FROM near_fresh;
DROP VIEW near;
DROP TABLE near_fresh;
CREATE TABLE near_fresh (
    number INTEGER PRIMARY KEY,
    -- Numbers of 64 bits, the lowest byte first; the same place in both belongs to the same mention.
    hashes BLOB NOT NULL,
    docids BLOB NOT NULL
);
-- Without the fresh ones.
CREATE VIEW near AS
SELECT band, simhash, docid FROM near_settled UNION ALL SELECT band, simhash, docid FROM near_young;
