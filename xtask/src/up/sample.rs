//! What the demonstration shows: a small repository with a past, and a few jobs.

use crate::process;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// Title of the job that the greeting points to.
pub const FIRST_JOB: &str = "Leave a note in the repository";

/// One commit of the sample repository: message, and files with their content.
const HISTORY: &[(&str, &[(&str, &str)])] = &[
    (
        "Start the greeting project",
        &[("README.md", "# Greeting\n\nSays hello. A small project for trying Coord.\n")],
    ),
    (
        "Say hello",
        &[
            (
                "greeting.js",
                "export function greeting() {\n  return \"Hello!\";\n}\n\nif (process.argv[1]?.endsWith(\"greeting.js\")) {\n  console.log(greeting());\n}\n",
            ),
            (
                "package.json",
                "{\n  \"name\": \"greeting\",\n  \"private\": true,\n  \"type\": \"module\",\n  \"scripts\": { \"test\": \"node --test\" }\n}\n",
            ),
        ],
    ),
    (
        "Prove that hello is said",
        &[(
            "greeting.test.js",
            "import assert from \"node:assert/strict\";\nimport { test } from \"node:test\";\nimport { greeting } from \"./greeting.js\";\n\ntest(\"says hello\", () => {\n  assert.equal(greeting(), \"Hello!\");\n});\n",
        )],
    ),
    (
        "Say how to run it",
        &[(
            "README.md",
            "# Greeting\n\nSays hello. A small project for trying Coord.\n\n- `node greeting.js` greets.\n- `npm test` checks that it does.\n",
        )],
    ),
];

/// Makes the bare repository `bare`, unless it is there. Built beside its place and moved there whole, so that an
/// interrupted run leaves no half of it.
pub fn repository(bare: &Path) -> Result<()> {
    if bare.is_dir() {
        return Ok(());
    }
    let draft = bare.with_extension("draft");
    let _ = fs::remove_dir_all(&draft);
    let (tree, unfinished) = (draft.join("tree"), draft.join("bare.git"));
    fs::create_dir_all(&tree).with_context(|| format!("cannot make {}", tree.display()))?;
    git(&tree, &["init", "--quiet", "--initial-branch=main"])?;
    for (message, files) in HISTORY {
        for (name, content) in *files {
            fs::write(tree.join(name), content).with_context(|| format!("cannot write {name}"))?;
        }
        git(&tree, &["add", "--all"])?;
        git(&tree, &["commit", "--quiet", "--message", message])?;
    }
    git(&draft, &["clone", "--quiet", "--bare", "tree", "bare.git"])?;
    git(&unfinished, &["remote", "remove", "origin"])?;
    fs::rename(&unfinished, bare).with_context(|| format!("cannot make {}", bare.display()))?;
    fs::remove_dir_all(&draft).with_context(|| format!("cannot remove {}", draft.display()))
}

fn git(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    // Neither signing nor hooks nor the name of whoever runs this: the sample is the same for everybody.
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", folder.join("none"));
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "Ada Example")
            .env(format!("GIT_{role}_EMAIL"), "ada@example.org");
    }
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    process::read(&mut command).map(drop)
}

/// The sample jobs as `POST /workspaces/{ws}/jobs` takes them, in the order to create them.
pub fn jobs(repository: &Path) -> Vec<Value> {
    vec![
        json!({
            "title": FIRST_JOB,
            "description": "Write a short note about this project and put it into the repository.\n\n\
                The scripted agent does this without any model or key: it reads, asks you how the note should sound, asks before it edits, \
                and hands in a branch. Review the diff, ask for a change or approve it, and it is merged.",
            "agent": "scripted",
            "context": { "type": "repository", "url": repository.to_string_lossy(), "base_branch": "main" },
            "priority": "high",
            "domains": ["demo"],
        }),
        json!({
            "title": "Write a note to download",
            "description": "A job without a repository: the agent works in a folder of its own, and what it leaves in the output folder \
                becomes a file to download.",
            "agent": "scripted",
            "context": { "type": "local" },
            "review": true,
            "domains": ["demo"],
        }),
        json!({
            "title": "Decide what the project greets next",
            "description": "A job for people. Drag it across the Board, add a note, upload a file, and complete it.",
            "domains": ["demo"],
        }),
    ]
}

/// Name of the sample canvas.
pub const CANVAS: &str = "Plan of the demo";

/// The sample canvas as `POST /canvases/{canvas}/import` takes it: the sample jobs in a group, ideas with a planned dependency beside them.
pub fn canvas(jobs: &[Value]) -> Value {
    let object = |id: &str, kind: &str, at: [i32; 2], size: [i32; 2], color: &str, text: &str| {
        json!({
            "id": id, "type": kind, "parent": null, "x": at[0], "y": at[1], "w": size[0], "h": size[1], "z": "a0", "text": text, "color": color,
        })
    };
    let mut objects = vec![
        object("title", "text", [0, -96], [640, 56], "gray", "Welcome to the canvas"),
        object("jobs", "group", [0, 0], [336, 528], "blue", "Jobs under way"),
        object("ideas", "group", [400, 0], [640, 336], "violet", "What could come next"),
        object(
            "how",
            "sticky",
            [400, 376],
            [240, 200],
            "amber",
            "Double-click anywhere for a note.\n\nPress ? for all keys.",
        ),
        object(
            "ask",
            "sticky",
            [672, 376],
            [240, 200],
            "green",
            "Select an idea and make it a job.\n\nDraw from its edge to another to plan what comes first.",
        ),
    ];
    for (index, job) in (0..).zip(jobs) {
        let mut card = object(&format!("job{index}"), "job", [28, 64 + 152 * index], [280, 136], "gray", "");
        card["parent"] = json!("jobs");
        card["job"] = job["id"].clone();
        objects.push(card);
    }
    let ideas = [
        ("first", [32, 72], "Collect greetings in other languages"),
        ("then", [352, 72], "Greet each visitor in their own"),
        ("later", [352, 200], "Say good-bye as well"),
    ];
    for (id, at, text) in ideas {
        let mut idea = object(id, "idea", at, [256, 96], "violet", text);
        idea["parent"] = json!("ideas");
        objects.push(idea);
    }
    let link = |id: &str, from: &str, to: &str, kind: &str, text: &str| {
        json!({
            "id": id, "from": { "object": from, "side": "auto" }, "to": { "object": to, "side": "auto" }, "kind": kind, "color": "gray",
            "text": text,
        })
    };
    json!({
        "coord_canvas": 1, "name": CANVAS, "objects": objects,
        "links": [link("plan", "first", "then", "dep", ""), link("note", "then", "later", "rel", "and")],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_repository_is_bare_has_a_past_and_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("sample.git");
        repository(&bare).unwrap();
        let log = |format: &str| process::read(Command::new("git").arg("-C").arg(&bare).args(["log", format, "main"])).unwrap();
        assert_eq!(log("--format=%s").lines().count(), HISTORY.len());
        let tip = log("--format=%H");
        repository(&bare).unwrap();
        assert_eq!(tip, log("--format=%H"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}
