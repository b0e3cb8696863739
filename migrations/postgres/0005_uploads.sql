-- Uploads that come in pieces and can be taken up again (FILE-4). What has come lies in the folder `uploads` of the data folder under the
-- id, and how much that is, is what the file is long. When all is there the file of the same id takes the place of the row.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt TEXT REFERENCES attempts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT,
    uploaded_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX uploads_job ON uploads (job, kind, id);
CREATE INDEX uploads_person ON uploads (uploaded_by);
CREATE INDEX uploads_end ON uploads (expires_at);
