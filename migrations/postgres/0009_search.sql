-- What can be found, and where it is, with its words, cut by the server (coord_domain::search); the text itself is read from where it
-- belongs. kind: job, file, note. SQLite keeps the words in virtual tables instead.
CREATE TABLE search_docs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    note TEXT REFERENCES notes (id) ON DELETE CASCADE,
    file TEXT REFERENCES files (id) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE UNIQUE INDEX search_docs_job ON search_docs (job) WHERE kind = 'job';
CREATE INDEX search_docs_of ON search_docs (job);
CREATE UNIQUE INDEX search_docs_note ON search_docs (note) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX search_docs_file ON search_docs (file) WHERE file IS NOT NULL;
-- Without a list of what is to be put in later, which every search would have to go through.
CREATE INDEX search_docs_words ON search_docs USING gin (words) WITH (fastupdate = off);

-- Pieces of logs.
CREATE TABLE search_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace TEXT NOT NULL,
    attempt TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    words TSVECTOR NOT NULL,
    UNIQUE (attempt, first_seq)
);
CREATE INDEX search_log_words ON search_log USING gin (words) WITH (fastupdate = off);

-- How far each log can be found. Pieces up to closed are whole; the one after it grows.
CREATE TABLE search_positions (
    attempt TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE,
    closed BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
