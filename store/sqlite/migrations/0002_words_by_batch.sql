-- New mentions are put into the word index by `store/sqlite/putting.py`, a batch in one statement: a trigger
-- made FTS5 write a segment for every row, which cost twice the time. Changes and removals keep their triggers.
DROP TRIGGER word_added;
