-- Codes by which runners are signed in in the browser (RUN-1). Only hashes of code and secret are stored.
CREATE TABLE runner_codes (
    code_hash TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    machine TEXT NOT NULL,
    platform TEXT NOT NULL,
    version TEXT NOT NULL,
    address TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    refused SMALLINT NOT NULL,
    -- Once approved: by whom, and what the runner shall be.
    owner TEXT REFERENCES users (id) ON DELETE CASCADE,
    runner TEXT,
    name TEXT,
    shared SMALLINT
);
CREATE INDEX runner_codes_expiry ON runner_codes (expires_at);

-- A runner's own history.
CREATE INDEX attempts_runner ON attempts (runner, started_at);
