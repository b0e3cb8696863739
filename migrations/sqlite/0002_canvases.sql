ALTER TABLE canvases ADD COLUMN created_by TEXT;
ALTER TABLE canvases ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE canvases ADD COLUMN locked SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE canvases ADD COLUMN editor TEXT;
ALTER TABLE canvases ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- The journal of a canvas: what was committed together, as one Yjs update.
CREATE TABLE canvas_updates (
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (canvas, seq)
);

-- Everything up to a number of the journal, as one update. The two newest are kept.
CREATE TABLE canvas_snapshots (
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (canvas, seq)
);

-- Whose the client ids of a document are.
CREATE TABLE canvas_clients (
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    client BIGINT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (canvas, client)
);

-- Stored bytes that could not be read: put aside, for whoever looks after the server.
CREATE TABLE canvas_damaged (
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    why TEXT NOT NULL,
    bytes BLOB NOT NULL
);
CREATE INDEX canvas_damaged_canvas ON canvas_damaged (canvas, seq);

-- Ideas that became jobs (CAN-4). placed: the object in the document is the job's card.
CREATE TABLE canvas_jobs (
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    object TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    placed SMALLINT NOT NULL,
    PRIMARY KEY (canvas, object)
);
CREATE INDEX canvas_jobs_job ON canvas_jobs (job);

-- Passes for one socket, by the hash of their secret.
CREATE TABLE tickets (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session TEXT,
    token TEXT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tickets_age ON tickets (expires_at);

-- Images on canvases; their contents lie with the files.
CREATE TABLE canvas_images (
    id TEXT PRIMARY KEY,
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    uploaded_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX canvas_images_canvas ON canvas_images (canvas, id);

-- Groups that stand for a Backlog folder (CAN-7).
CREATE TABLE canvas_folders (
    canvas TEXT NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    object TEXT NOT NULL,
    folder TEXT NOT NULL,
    PRIMARY KEY (canvas, object),
    UNIQUE (canvas, folder)
);
CREATE INDEX canvas_folders_folder ON canvas_folders (folder);
