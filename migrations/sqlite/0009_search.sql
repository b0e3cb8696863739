-- What can be found, and where it is. The words lie in the virtual tables, cut by the server (coord_domain::search), under the same id;
-- the text itself is read from where it belongs. kind: job, file, note.
CREATE TABLE search_docs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    note TEXT REFERENCES notes (id) ON DELETE CASCADE,
    file TEXT REFERENCES files (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX search_docs_job ON search_docs (job) WHERE kind = 'job';
CREATE INDEX search_docs_of ON search_docs (job);
CREATE UNIQUE INDEX search_docs_note ON search_docs (note) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX search_docs_file ON search_docs (file) WHERE file IS NOT NULL;
CREATE VIRTUAL TABLE search_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '1 2 3');
-- Foreign keys end rows of the table above, not of a virtual one.
CREATE TRIGGER search_docs_gone AFTER DELETE ON search_docs BEGIN
    DELETE FROM search_words WHERE rowid = old.id;
END;

-- Pieces of logs.
CREATE TABLE search_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    UNIQUE (attempt, first_seq)
);
CREATE VIRTUAL TABLE search_log_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii', prefix = '2 3');
CREATE TRIGGER search_log_gone AFTER DELETE ON search_log BEGIN
    DELETE FROM search_log_words WHERE rowid = old.id;
END;

-- How far each log can be found. Pieces up to closed are whole; the one after it grows.
CREATE TABLE search_positions (
    attempt TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
    closed BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
