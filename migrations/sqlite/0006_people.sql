-- Where a session is used, invitations that can be listed and taken back, links to a new password.

ALTER TABLE sessions ADD COLUMN user_agent TEXT;
-- Of its last use.
ALTER TABLE sessions ADD COLUMN address TEXT;

-- Last use of any session or token, to the minute. It stays when they end.
ALTER TABLE users ADD COLUMN last_active_at BIGINT;

ALTER TABLE invitations ADD COLUMN id TEXT;
ALTER TABLE invitations ADD COLUMN created_at BIGINT;
-- How sending it by mail went; NULL where no mail was asked for.
ALTER TABLE invitations ADD COLUMN mail TEXT;
-- The hash is as random as an id, and says no more than it did.
UPDATE invitations SET
    id = substr(code_hash, 1, 8) || '-' || substr(code_hash, 9, 4) || '-' || substr(code_hash, 13, 4) || '-' || substr(code_hash, 17, 4)
        || '-' || substr(code_hash, 21, 12),
    created_at = expires_at - 604800000000;
CREATE UNIQUE INDEX invitations_id ON invitations (id);

-- One link per account; only a hash of its code is here.
CREATE TABLE password_resets (
    code_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
