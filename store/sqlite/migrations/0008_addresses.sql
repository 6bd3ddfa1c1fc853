-- Any part of an address is found by its runs of three characters. Addresses have numbers of their own, because
-- neighbouring ones cost a byte for each run and docids four. New ones are indexed thousands together
-- (store/sqlite/addresses.py): one batch at a time they would cost three times as much.
CREATE TABLE address (
    -- Never given twice: which ones are indexed is told by the highest that is.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    docid INTEGER NOT NULL UNIQUE REFERENCES body(docid) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE VIRTUAL TABLE address_part USING fts5(url, content = '', columnsize = 0, detail = none, tokenize = 'trigram');
-- What goes leaves no bytes in the index; what comes is written out in one piece.
INSERT INTO address_part (address_part, rank) VALUES ('secure-delete', 1);
INSERT INTO address_part (address_part, rank) VALUES ('hashsize', 16777216);

INSERT INTO address (docid) SELECT docid FROM body ORDER BY docid;
INSERT INTO address_part (rowid, url)
SELECT a.number, b.url FROM address a JOIN body b ON b.docid = a.docid ORDER BY a.number;
INSERT INTO memo (key, value) SELECT 'addresses', coalesce(max(number), 0) FROM address;

CREATE TRIGGER address_removed BEFORE DELETE ON body BEGIN
    INSERT INTO address_part (address_part, rowid, url)
    SELECT 'delete', number, OLD.url FROM address
    WHERE docid = OLD.docid AND number <= (SELECT CAST(value AS INTEGER) FROM memo WHERE key = 'addresses');
END;
CREATE TRIGGER address_changed BEFORE UPDATE OF url ON body WHEN OLD.url IS NOT NEW.url BEGIN
    INSERT INTO address_part (address_part, rowid, url)
    SELECT 'delete', number, OLD.url FROM address
    WHERE docid = OLD.docid AND number <= (SELECT CAST(value AS INTEGER) FROM memo WHERE key = 'addresses');
    INSERT INTO address_part (rowid, url)
    SELECT number, NEW.url FROM address
    WHERE docid = OLD.docid AND number <= (SELECT CAST(value AS INTEGER) FROM memo WHERE key = 'addresses');
END;
