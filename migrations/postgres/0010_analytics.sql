-- The states each job went through, for figures of any period: the feed keeps its newest events only. What the feed has of former times
-- is taken over, which SQLite and PostgreSQL read out of JSON in their own ways.
CREATE TABLE job_spans (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    n BIGINT NOT NULL,
    state TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT,
    PRIMARY KEY (job, n)
);
INSERT INTO job_spans (job, n, state, from_at, to_at)
SELECT job, ROW_NUMBER() OVER (PARTITION BY job ORDER BY seq), state, at, LEAD(at) OVER (PARTITION BY job ORDER BY seq)
FROM (
    SELECT f.job, f.seq, f.payload::json ->> 'to' AS state, f.at
    FROM feed f JOIN jobs j ON j.id = f.job
    WHERE f.type = 'job.changed' AND f.payload::json ->> 'to' IS NOT NULL
    UNION ALL
    SELECT j.id, 0, COALESCE((
        SELECT f.payload::json ->> 'from' FROM feed f
        WHERE f.job = j.id AND f.type = 'job.changed' AND f.payload::json ->> 'to' IS NOT NULL
        ORDER BY f.seq LIMIT 1
    ), j.state), j.created_at
    FROM jobs j
) moves;

-- What figures look at in an attempt, beside its body.
ALTER TABLE attempts ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN outcome TEXT;
ALTER TABLE attempts ADD COLUMN agent TEXT;
ALTER TABLE attempts ADD COLUMN runner_name TEXT;
ALTER TABLE attempts ADD COLUMN input_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN output_tokens BIGINT NOT NULL DEFAULT 0;
-- Millionths of a US dollar.
ALTER TABLE attempts ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
UPDATE attempts SET
    started_at = (EXTRACT(EPOCH FROM (body::json ->> 'started_at')::timestamptz) * 1000000)::bigint,
    outcome = body::json ->> 'outcome',
    agent = body::json -> 'worker' ->> 'agent',
    runner_name = body::json -> 'worker' ->> 'name',
    input_tokens = COALESCE((body::json -> 'usage' ->> 'input_tokens')::bigint, 0),
    output_tokens = COALESCE((body::json -> 'usage' ->> 'output_tokens')::bigint, 0),
    cost = ROUND(COALESCE((body::json -> 'usage' ->> 'cost_usd')::numeric, 0) * 1000000)::bigint;
