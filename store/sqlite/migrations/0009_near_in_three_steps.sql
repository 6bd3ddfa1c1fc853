-- Moving what gathered straight into a large table wrote most of its pages for every 20,000 mentions, the more the
-- larger the store was. A table between them takes ten such moves before it moves on itself.
CREATE TABLE near_young (
    band INTEGER NOT NULL,
    simhash INTEGER NOT NULL,
    docid INTEGER NOT NULL,
    PRIMARY KEY (band, simhash)
) WITHOUT ROWID;
DROP VIEW near;
CREATE VIEW near AS
SELECT band, simhash, docid FROM near_settled
UNION ALL SELECT band, simhash, docid FROM near_young
UNION ALL SELECT band, simhash, docid FROM near_fresh;
