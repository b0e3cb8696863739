-- The PostgreSQL file of the same number says the same; it differs in how text is padded, how JSON is written, how ids are made and in naming
-- the order of text.

-- Where a job stands in the Backlog: a string with room between any two. See server/domain/src/order.rs, which says where new jobs begin.
ALTER TABLE jobs ADD COLUMN position TEXT NOT NULL DEFAULT '';
UPDATE jobs SET position = 'j' || substr('0000000000' || (min(number, 9999999) * 1000), -10);
CREATE INDEX jobs_position ON jobs (workspace, position);
CREATE INDEX jobs_folder ON jobs (workspace, folder);

-- A folder's name is a path from now on. Names that are none keep their words.
UPDATE jobs SET body = json_set(body, '$.folder', replace(folder, '/', '-')), folder = replace(folder, '/', '-')
WHERE folder LIKE '%//%' OR folder LIKE '/%' OR folder LIKE '%/' OR folder LIKE '% /%' OR folder LIKE '%/ %'
    OR length(folder) - length(replace(folder, '/', '')) > 4;
UPDATE canvas_folders SET folder = replace(folder, '/', '-')
WHERE folder LIKE '%//%' OR folder LIKE '/%' OR folder LIKE '%/' OR folder LIKE '% /%' OR folder LIKE '%/ %'
    OR length(folder) - length(replace(folder, '/', '')) > 4;

-- Folders of the Backlog. One that only private jobs are in has no row.
CREATE TABLE folders (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Names with / between them.
    path TEXT NOT NULL,
    -- Among the folders beside it.
    position TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace, path)
);

INSERT INTO folders (id, workspace, path, position, created_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2)
        || '-' || hex(randomblob(6))),
    workspace, folder, 'j' || substr('0000000000' || (row_number() OVER (PARTITION BY workspace ORDER BY folder) * 1000), -10), 0
FROM (
    SELECT workspace, folder FROM jobs WHERE folder IS NOT NULL AND folder <> '' AND private = 0
    UNION
    SELECT c.workspace, f.folder FROM canvas_folders f JOIN canvases c ON c.id = f.canvas
) AS named;
