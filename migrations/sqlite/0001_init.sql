-- Portable types: ids TEXT (UUIDv7), times BIGINT (microseconds since 1970, UTC), flags SMALLINT 0/1, structures TEXT holding JSON.
-- The PostgreSQL file of the same number differs in one word: BLOB is BYTEA there.

-- One row. Counting accounts here makes registrations wait for one another, so that only one can be the first.
CREATE TABLE server (
    id SMALLINT PRIMARY KEY,
    accounts BIGINT NOT NULL
);
INSERT INTO server (id, accounts) VALUES (1, 0);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_user ON tokens (user_id, id);

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    version BIGINT NOT NULL,
    feed_seq BIGINT NOT NULL,
    next_job_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, user_id)
);
CREATE INDEX members_user ON members (user_id);
-- ACC-2: exactly one owner; that there is one at all is kept by the code that moves ownership.
CREATE UNIQUE INDEX members_one_owner ON members (workspace) WHERE role = 'owner';

CREATE TABLE invitations (
    code_hash TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT
);
CREATE INDEX invitations_workspace ON invitations (workspace);

CREATE TABLE runners (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    shared SMALLINT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    agents TEXT NOT NULL,
    platform TEXT,
    version TEXT,
    concurrency BIGINT NOT NULL,
    lifetime_jobs BIGINT NOT NULL,
    last_seen_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX runners_owner ON runners (owner, id);

CREATE TABLE runner_disabled (
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    runner TEXT NOT NULL REFERENCES runners (id) ON DELETE CASCADE,
    PRIMARY KEY (workspace, runner)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    priority SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    agent TEXT,
    folder TEXT,
    owner TEXT NOT NULL,
    creator TEXT NOT NULL,
    private SMALLINT NOT NULL,
    title TEXT NOT NULL,
    -- What a search looks through, in lower case: number, title, description.
    search TEXT NOT NULL,
    -- Since when it waits for a runner, with work to do or a merge to make.
    waiting_since BIGINT,
    -- Attachments that were announced with the job and have not arrived (FILE-1).
    announced BIGINT NOT NULL,
    -- Holder of the claim, while there is one.
    runner TEXT,
    fence BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace, number)
);
CREATE INDEX jobs_state ON jobs (workspace, state, number);
CREATE INDEX jobs_waiting ON jobs (workspace, waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX jobs_runner ON jobs (runner) WHERE runner IS NOT NULL;

CREATE TABLE dependencies (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    depends_on TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    PRIMARY KEY (job, depends_on)
);
CREATE INDEX dependencies_reverse ON dependencies (depends_on);

CREATE TABLE job_team (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (job, user_id)
);
CREATE INDEX job_team_user ON job_team (user_id);

CREATE TABLE job_domains (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    domain TEXT NOT NULL,
    PRIMARY KEY (job, domain)
);

CREATE TABLE attempts (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    runner TEXT,
    fence BIGINT NOT NULL,
    log_head BIGINT NOT NULL,
    ended_at BIGINT,
    body TEXT NOT NULL,
    UNIQUE (job, number)
);
CREATE INDEX attempts_open ON attempts (runner) WHERE ended_at IS NULL;

CREATE TABLE log_chunks (
    attempt TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    -- Bytes of the entries before compression.
    size BIGINT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (attempt, first_seq)
);

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    ask TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    answer TEXT,
    answered_by TEXT,
    closed_at BIGINT,
    -- When the log showed that the agent has the answer.
    delivered_at BIGINT
);
CREATE INDEX requests_workspace ON requests (workspace, id);
CREATE INDEX requests_open ON requests (workspace, id) WHERE closed_at IS NULL;
CREATE INDEX requests_attempt ON requests (attempt);
CREATE INDEX requests_job ON requests (job);

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    attempt TEXT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    from_user TEXT NOT NULL,
    body TEXT NOT NULL,
    interrupt SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX messages_attempt ON messages (attempt, id);

CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt_number BIGINT,
    author TEXT NOT NULL,
    body TEXT,
    created_at BIGINT NOT NULL,
    retracted_by TEXT,
    retracted_at BIGINT
);
CREATE INDEX notes_job ON notes (job, id);

-- kind: attachment, deliverable, diff, diff_since. state: uploading, stored. The content lies in the file store under job/id.
CREATE TABLE files (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt TEXT REFERENCES attempts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL,
    uploaded_by TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX files_job ON files (job, kind, id);
-- A job has one file of a name per kind and attempt (FILE-3): they lie side by side in the agent's folder.
CREATE UNIQUE INDEX files_name ON files (job, kind, (COALESCE(attempt, '')), name) WHERE state = 'stored';
CREATE INDEX files_attempt ON files (attempt, kind) WHERE attempt IS NOT NULL;

-- Every committed change of a workspace, without gaps (INV-4).
CREATE TABLE feed (
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    job TEXT,
    payload TEXT NOT NULL,
    PRIMARY KEY (workspace, seq)
);
CREATE INDEX feed_job ON feed (job) WHERE job IS NOT NULL;

-- Append-only (ACC-6). No foreign keys: it outlives what it speaks of.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    workspace TEXT,
    actor TEXT,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT
);
CREATE INDEX audit_workspace ON audit (workspace, id);

CREATE TABLE idempotency (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status SMALLINT NOT NULL,
    response TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE canvases (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX canvases_workspace ON canvases (workspace, id);
