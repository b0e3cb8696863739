//! Repositories that hold what no git command makes: names, links, attributes and sizes meant for whoever checks them out.

use super::{Ground, Then, assert_ended, job_in, object, tree_of};
use crate::{
    common::{choose, system, write_tool},
    repository::{Bare, merge_of},
};
use coord_protocol::{
    attempt::FailureReason::{Git, Policy},
    job::BranchDecision,
    runner::WorkResult,
};
use futures_util::{StreamExt, stream};
use git2::{ObjectType, Oid};
use serde_json::json;

const FILE: &str = "100644";
const PROGRAM: &str = "100755";
const LINK: &str = "120000";
const FOLDER: &str = "40000";
const COMMIT: &str = "160000";

/// Something in a tree: mode, name, what it is.
type Entry<'a> = (&'a str, &'a [u8], What<'a>);

enum What<'a> {
    Text(&'a str),
    Tree(Vec<Entry<'a>>),
    Id(&'a str),
}

use What::{Id, Text, Tree};

/// A tree as it is told, in the order that git sorts by.
fn tree(bare: &Bare, entries: Vec<Entry<'_>>) -> Oid {
    let mut rows: Vec<(Vec<u8>, Vec<u8>)> = entries
        .into_iter()
        .map(|(mode, name, what)| {
            let id = match what {
                Text(text) => object(bare, ObjectType::Blob, text.as_bytes()),
                Tree(inner) => tree(bare, inner),
                Id(id) => Oid::from_str(id).unwrap(),
            };
            let row = [mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat();
            let key = [name, if mode == FOLDER { b"/".as_slice() } else { b"" }].concat();
            (key, row)
        })
        .collect();
    rows.sort();
    let bytes: Vec<u8> = rows.into_iter().flat_map(|(_, row)| row).collect();
    object(bare, ObjectType::Tree, &bytes)
}

/// Puts a tree onto `main`.
fn commit(bare: &Bare, tree: Oid) {
    let text = format!("tree {tree}\nauthor A <a@example.org> 1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n\nHostile\n");
    let commit = object(bare, ObjectType::Commit, text.as_bytes());
    bare.repository().reference("refs/heads/main", commit, true, "test").unwrap();
}

fn hook<'a>(folder: &'a [u8], script: &'a str) -> Vec<Entry<'a>> {
    let hooks = vec![
        (PROGRAM, b"post-checkout".as_slice(), Text(script)),
        (PROGRAM, b"pre-push".as_slice(), Text(script)),
    ];
    vec![
        (FILE, b"a.txt", Text("a\n")),
        (FOLDER, folder, Tree(vec![(FOLDER, b"hooks", Tree(hooks))])),
    ]
}

struct Case {
    name: &'static str,
    never: &'static str,
    then: Then,
    make: fn(&Ground, &Bare),
}

/// Refused by git's own check of what it fetches, before it is in the shared repository.
const REFUSED: Then = Then::Fails(Git);

const CASES: &[Case] = &[
    Case {
        name: "hooks in .git",
        never: "a hook comes with the files",
        then: REFUSED,
        make: |g, b| commit(b, tree(b, hook(b".git", &script(g)))),
    },
    Case {
        name: "hooks in .GIT",
        never: "a hook comes with the files",
        then: REFUSED,
        make: |g, b| commit(b, tree(b, hook(b".GIT", &script(g)))),
    },
    Case {
        name: "hooks in .git with a dot behind",
        never: "a hook comes on Windows",
        then: REFUSED,
        make: |g, b| commit(b, tree(b, hook(b".git.", &script(g)))),
    },
    Case {
        name: "hooks in git~1",
        never: "a hook comes on Windows",
        then: REFUSED,
        make: |g, b| commit(b, tree(b, hook(b"git~1", &script(g)))),
    },
    Case {
        name: "hooks in .git with an unseen letter",
        never: "a hook comes on a Mac",
        then: REFUSED,
        make: |g, b| commit(b, tree(b, hook(".g\u{200c}it".as_bytes(), &script(g)))),
    },
    Case {
        name: "a folder named ..",
        never: "a file is written outside",
        then: REFUSED,
        make: |_, b| {
            commit(b, tree(b, vec![(FOLDER, b"..", Tree(vec![(FILE, b"escaped.txt", Text("x"))]))]));
        },
    },
    Case {
        name: "a name with a slash",
        never: "a file is written outside",
        then: REFUSED,
        make: |g, b| {
            let name = format!("..{}/escaped.txt", g.outside().display());
            commit(b, tree(b, vec![(FILE, name.as_bytes(), Text("x"))]));
        },
    },
    Case {
        name: "an absolute name",
        never: "a file is written outside",
        then: REFUSED,
        make: |g, b| {
            let name = g.outside().join("escaped.txt");
            commit(b, tree(b, vec![(FILE, name.to_str().unwrap().as_bytes(), Text("x"))]));
        },
    },
    Case {
        name: "a link and a folder of one name",
        never: "a file is written through the link",
        then: REFUSED,
        make: |g, b| {
            let outside = g.outside().to_string_lossy().into_owned();
            commit(
                b,
                tree(
                    b,
                    vec![
                        (LINK, b"a", Text(&outside)),
                        (FOLDER, b"a", Tree(vec![(FILE, b"escaped.txt", Text("x"))])),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a link and a folder that differ in case",
        never: "a file is written through the link",
        then: Then::Works,
        make: |g, b| {
            let outside = g.outside().to_string_lossy().into_owned();
            commit(
                b,
                tree(
                    b,
                    vec![
                        (LINK, b"a", Text(&outside)),
                        (FOLDER, b"A", Tree(vec![(FILE, b"escaped.txt", Text("x"))])),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a link to .git/hooks",
        never: "a hook is written through it",
        then: Then::Works,
        make: |g, b| {
            let script = script(g);
            commit(
                b,
                tree(
                    b,
                    vec![
                        (LINK, b"A", Text(".git/hooks")),
                        (FOLDER, b"a", Tree(vec![(PROGRAM, b"post-checkout", Text(&script))])),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a link out of the folder",
        never: "what it leads to is handed in",
        then: Then::Works,
        make: |g, b| {
            let outside = g.outside().to_string_lossy().into_owned();
            let file = g.outside().join("kept.txt").to_string_lossy().into_owned();
            commit(
                b,
                tree(
                    b,
                    vec![
                        (LINK, b"folder", Text(&outside)),
                        (LINK, b"file", Text(&file)),
                        (LINK, b"up", Text("../../../../outside")),
                    ],
                ),
            );
        },
    },
    Case {
        name: ".gitmodules as a link",
        never: "git reads what it leads to",
        then: REFUSED,
        make: |g, b| {
            let file = g.outside().join("kept.txt").to_string_lossy().into_owned();
            commit(b, tree(b, vec![(LINK, b".gitmodules", Text(&file))]));
        },
    },
    Case {
        name: ".gitattributes and .gitignore as links",
        never: "what they lead to decides what is committed",
        then: Then::Works,
        make: |g, b| {
            let file = g.outside().join("kept.txt").to_string_lossy().into_owned();
            commit(
                b,
                tree(b, vec![(LINK, b".gitattributes", Text(&file)), (LINK, b".gitignore", Text(&file))]),
            );
        },
    },
    Case {
        name: "a submodule from a command",
        never: "the command runs",
        then: Then::Works,
        make: |g, b| {
            submodule(g, b, "sub", "ext::sh -c TRAP");
        },
    },
    Case {
        name: "a submodule whose address is an option",
        never: "the option is taken",
        then: REFUSED,
        make: |g, b| submodule(g, b, "sub", "-u./payload"),
    },
    Case {
        name: "a submodule whose path is an option",
        never: "the option is taken",
        then: REFUSED,
        make: |g, b| submodule(g, b, "-x", "https://127.0.0.1:1/x"),
    },
    Case {
        name: "a submodule named after a folder above",
        never: "a repository is made outside",
        then: REFUSED,
        make: |_, b| {
            let text = "[submodule \"../../outside/hooks\"]\n\tpath = sub\n\turl = https://127.0.0.1:1/x\n";
            commit(
                b,
                tree(
                    b,
                    vec![
                        (FILE, b".gitmodules", Text(text)),
                        (COMMIT, b"sub", Id("1234567890123456789012345678901234567890")),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a submodule that says how to update",
        never: "its command runs",
        then: REFUSED,
        make: |g, b| {
            let text = g.filled("[submodule \"sub\"]\n\tpath = sub\n\turl = https://127.0.0.1:1/x\n\tupdate = !TRAP\n");
            commit(
                b,
                tree(
                    b,
                    vec![
                        (FILE, b".gitmodules", Text(&text)),
                        (COMMIT, b"sub", Id("1234567890123456789012345678901234567890")),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a commit of nowhere as a folder",
        never: "the runner stumbles",
        then: Then::Works,
        make: |_, b| {
            commit(
                b,
                tree(
                    b,
                    vec![
                        (COMMIT, b"sub", Id("1234567890123456789012345678901234567890")),
                        (FILE, b"a", Text("a")),
                    ],
                ),
            );
        },
    },
    Case {
        name: "filters, drivers and encodings in .gitattributes",
        never: "a program of theirs runs",
        then: Then::Works,
        make: |_, b| {
            let text =
                "* filter=lfs diff=lfs merge=lfs -text\n*.md ident export-subst working-tree-encoding=UTF-16 eol=crlf\n*.bin filter=evil\n";
            commit(
                b,
                tree(
                    b,
                    vec![
                        (FILE, b".gitattributes", Text(text)),
                        (FILE, b"x.bin", Text("x")),
                        (FILE, b"README.md", Text("$Id$\n")),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a configuration for large files",
        never: "another server is asked",
        then: Then::Works,
        make: |_, b| {
            let text = "[lfs]\n\turl = http://127.0.0.1:1/\n\tfetchexclude = \"\"\n";
            let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
            let files = vec![
                (FILE, b".lfsconfig".as_slice(), Text(text)),
                (FILE, b".gitattributes", Text("*.bin filter=lfs\n")),
                (FILE, b"a.bin", Text(pointer)),
            ];
            commit(b, tree(b, files));
        },
    },
    Case {
        name: "a bare repository in the root",
        never: "its configuration is read",
        then: Then::Works,
        make: |g, b| commit(b, tree(b, bare_repository(&config(g)))),
    },
    Case {
        name: "a bare repository in a folder",
        never: "its configuration is read",
        then: Then::Works,
        make: |g, b| {
            commit(b, tree(b, vec![(FOLDER, b"sub", Tree(bare_repository(&config(g))))]));
        },
    },
    Case {
        name: "names that differ in case only",
        never: "the runner stumbles",
        then: Then::Works,
        make: |_, b| {
            commit(
                b,
                tree(
                    b,
                    vec![
                        (FILE, b"readme", Text("a")),
                        (FILE, b"README", Text("b")),
                        (FILE, b"Readme", Text("c")),
                    ],
                ),
            );
        },
    },
    Case {
        name: "names with line breaks, escapes and turned letters",
        never: "a terminal or a log is written to",
        then: Then::Works,
        make: |_, b| {
            commit(
                b,
                tree(
                    b,
                    vec![
                        (FILE, b"a\nb", Text("a")),
                        (FILE, b"\x1b[31mred", Text("b")),
                        (FILE, "gpj.\u{202e}exe".as_bytes(), Text("c")),
                        (FILE, b"-rf", Text("d")),
                        (FILE, b"\xff\xfe", Text("e")),
                        (FILE, b"a\\..\\..\\b", Text("f")),
                    ],
                ),
            );
        },
    },
    Case {
        name: "a name of three hundred bytes",
        never: "the runner stumbles",
        then: REFUSED,
        make: |_, b| {
            commit(b, tree(b, vec![(FILE, "x".repeat(300).as_bytes(), Text("a"))]));
        },
    },
    Case {
        name: "ten to the tenth files",
        never: "the disk is filled",
        then: Then::Fails(Policy),
        make: |_, b| {
            let mut inner = tree(b, vec![(FILE, b"x", Text("x"))]);
            for _ in 0..10 {
                let id = inner.to_string();
                let names: Vec<[u8; 1]> = (b'0'..=b'9').map(|name| [name]).collect();
                inner = tree(b, names.iter().map(|name| (FOLDER, name.as_slice(), Id(&id))).collect());
            }
            commit(b, inner);
        },
    },
    Case {
        name: "folders two thousand deep",
        never: "the runner's stack overflows",
        then: REFUSED,
        make: |_, b| {
            let mut inner = tree(b, vec![(FILE, b"x", Text("x"))]);
            for _ in 0..2000 {
                let id = inner.to_string();
                inner = tree(b, vec![(FOLDER, b"d", Id(&id))]);
            }
            commit(b, inner);
        },
    },
    Case {
        name: "a branch in the way of the job's",
        never: "another's branch is overwritten",
        then: REFUSED,
        make: |_, b| {
            let tip = b.tip("main").unwrap();
            b.repository().reference("refs/heads/coord", tip, true, "test").unwrap();
        },
    },
    Case {
        name: "replaced commits and notes",
        never: "something else is checked out than the branch holds",
        then: Then::Works,
        make: |_, b| {
            let tip = b.tip("main").unwrap();
            let text = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nOther\n";
            object(b, ObjectType::Tree, b"");
            let other = object(b, ObjectType::Commit, text.as_bytes());
            b.repository()
                .reference(&format!("refs/replace/{tip}"), other, true, "test")
                .unwrap();
        },
    },
    Case {
        name: "a configuration in the remote repository",
        never: "a program that it names runs",
        then: Then::Works,
        make: |g, b| {
            let more = format!("\n{}[uploadpack]\n\tpackObjectsHook = {}\n", config(g), g.trap());
            let path = b.path.join("config");
            let text = std::fs::read_to_string(&path).unwrap() + &more;
            std::fs::write(path, text).unwrap();
        },
    },
];

fn script(ground: &Ground) -> String {
    format!("#!/bin/sh\n{}\n", ground.trap())
}

/// A configuration that names programs in all places.
fn config(ground: &Ground) -> String {
    ground.filled(
        "[core]\n\tfsmonitor = TRAP\n\tsshCommand = TRAP\n\teditor = TRAP\n\tpager = TRAP\n\talternateRefsCommand = TRAP\n[alias]\n\tfetch = !TRAP\n\tpush = !TRAP\n[credential]\n\thelper = !TRAP\n",
    )
}

fn bare_repository(config: &str) -> Vec<Entry<'_>> {
    vec![
        (FILE, b"HEAD", Text("ref: refs/heads/main\n")),
        (FILE, b"config", Text(config)),
        (FOLDER, b"objects", Tree(vec![(FILE, b"x", Text("x"))])),
        (FOLDER, b"refs", Tree(vec![(FILE, b"x", Text("x"))])),
    ]
}

fn submodule(ground: &Ground, bare: &Bare, path: &str, url: &str) {
    let text = ground.filled(&format!("[submodule \"sub\"]\n\tpath = {path}\n\turl = {url}\n"));
    let entries = vec![
        (FILE, b".gitmodules".as_slice(), Text(&text)),
        (COMMIT, path.as_bytes(), Id("1234567890123456789012345678901234567890")),
    ];
    commit(bare, tree(bare, entries));
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_nothing_in_a_repository_runs_or_is_written_outside_when_it_is_fetched_checked_out_and_merged() {
    let ground = Ground::new("").await;
    let runner = ground.bench.runner();
    let ground = &ground;
    ground.bench.server.answer(|_| Some(choose("allow")));
    let try_case = |(number, case): (usize, &'static Case)| async move {
        let bare = ground.repository(number);
        (case.make)(ground, &bare);
        let job = job_in(&bare, number, json!([write_tool("new.txt", "new\n"), {"say": "ok"}]));
        let finished = ground.bench.finish(&job).await;
        let log = system(&ground.bench.server.log(job.attempt));
        assert_ended(case.name, case.never, &finished, case.then, &log);
        assert!(
            log.iter().all(|line| !line.contains(['\u{1b}', '\u{202e}'])),
            "{}: {log:?}",
            case.name
        );
        if finished.result == WorkResult::Completed {
            let branch = finished.branch.as_ref().unwrap();
            assert!(branch.pushed && branch.files_changed == 1, "{}: {branch:?}", case.name);
            ground.bench.server.merge(merge_of(&job, &bare, &finished, BranchDecision::Merge));
            ground.bench.server.merged(job.attempt).await;
        } else {
            let hooks = std::fs::read_dir(tree_of(&ground.bench, &job).join(".git/hooks"));
            let hooks = hooks.into_iter().flatten().flatten().map(|hook| hook.file_name());
            assert!(hooks.into_iter().all(|name| name == "README.sample"), "{}", case.name);
        }
        ground.assert_unharmed(case.name, case.never, &job, Some(&bare));
    };
    stream::iter((1..).zip(CASES)).for_each_concurrent(4, try_case).await;
    ground.bench.server.assert_no_faults();
    runner.stop().await;
}
