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
    SELECT f.job, f.seq, json_extract(f.payload, '$.to') AS state, f.at
    FROM feed f JOIN jobs j ON j.id = f.job
    WHERE f.type = 'job.changed' AND json_extract(f.payload, '$.to') IS NOT NULL
    UNION ALL
    SELECT j.id, 0, COALESCE((
        SELECT json_extract(f.payload, '$.from') FROM feed f
        WHERE f.job = j.id AND f.type = 'job.changed' AND json_extract(f.payload, '$.to') IS NOT NULL
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
    started_at = CAST(strftime('%s', json_extract(body, '$.started_at')) AS INTEGER) * 1000000,
    outcome = json_extract(body, '$.outcome'),
    agent = json_extract(body, '$.worker.agent'),
    runner_name = json_extract(body, '$.worker.name'),
    input_tokens = COALESCE(json_extract(body, '$.usage.input_tokens'), 0),
    output_tokens = COALESCE(json_extract(body, '$.usage.output_tokens'), 0),
    cost = CAST(ROUND(COALESCE(json_extract(body, '$.usage.cost_usd'), 0) * 1000000) AS INTEGER);
