-- Who is named in a note or in a review (NOTE-2), and whether they read it.
CREATE TABLE mentions (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    by_user TEXT NOT NULL,
    -- One of the two: the note, or the attempt that was reviewed.
    note TEXT REFERENCES notes (id) ON DELETE CASCADE,
    attempt TEXT REFERENCES attempts (id) ON DELETE CASCADE,
    -- The name as it stands in the text.
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT
);
CREATE INDEX mentions_user ON mentions (user_id, id);
CREATE INDEX mentions_unread ON mentions (user_id, id) WHERE read_at IS NULL;
CREATE INDEX mentions_job ON mentions (job);
CREATE INDEX mentions_note ON mentions (note) WHERE note IS NOT NULL;
CREATE INDEX mentions_attempt ON mentions (attempt) WHERE attempt IS NOT NULL;

-- What somebody put aside of their inbox, by the item's name (INB-1). Mentions are read instead.
CREATE TABLE inbox_done (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    item TEXT NOT NULL,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, item)
);
CREATE INDEX inbox_done_job ON inbox_done (job);

-- Who did it, and what kind of news it is in Activity; 0 is none. The numbers are those of coord-store's feed.rs.
ALTER TABLE feed ADD COLUMN actor TEXT;
ALTER TABLE feed ADD COLUMN news SMALLINT NOT NULL DEFAULT 0;
UPDATE feed SET actor = payload::json ->> 'by';
UPDATE feed SET news = CASE
    WHEN type = 'job.changed' AND payload::json ->> 'to' IS NOT NULL THEN 2
    WHEN type = 'job.changed' AND actor IS NULL THEN 0
    WHEN type IN ('job.created', 'job.changed', 'job.deleted') THEN 1
    WHEN type IN ('request.opened', 'request.answered') THEN 3
    WHEN type IN ('note.added', 'note.retracted') THEN 4
    WHEN type = 'files.changed' THEN 5
    WHEN type = 'member.changed' THEN 7
    WHEN type IN ('canvas.changed', 'canvas.deleted') THEN 8
    WHEN type = 'workspace.changed' THEN 9
    ELSE 0
END;
CREATE INDEX feed_news ON feed (workspace, seq) WHERE news > 0;
CREATE INDEX feed_news_at ON feed (workspace, at, seq) WHERE news > 0;
CREATE INDEX feed_news_kind ON feed (workspace, news, seq) WHERE news > 0;
CREATE INDEX feed_news_actor ON feed (workspace, actor, seq) WHERE news > 0 AND actor IS NOT NULL;
CREATE INDEX feed_news_job ON feed (job, seq) WHERE news > 0 AND job IS NOT NULL;
