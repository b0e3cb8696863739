//! Addresses of repositories and names of branches, as a server could send them.

use super::{Ground, Then, assert_ended, job_in, run};
use crate::common::{said, system};
use coord_protocol::{
    attempt::FailureReason::{Git, Policy},
    job::Context,
};
use serde_json::json;

/// Name, address, and what must not happen.
const ADDRESSES: &[(&str, &str, &str)] = &[
    ("a command as transport", "ext::sh -c TRAP", "a shell is started"),
    ("a command as transport without spaces", "ext::sh", "a program is started"),
    ("a file descriptor as transport", "fd::17/x", "an open file is spoken to"),
    ("a helper by name", "evil::x", "git-remote-evil is started"),
    (
        "an option of ssh in place of the host",
        "ssh://-oProxyCommand=TRAP/x",
        "ssh is told to start a program",
    ),
    (
        "an option of ssh after the name",
        "ssh://git@-oProxyCommand=TRAP/x",
        "ssh is told to start a program",
    ),
    (
        "an option of ssh in the short form",
        "git@-oProxyCommand=x:repo",
        "ssh is told to start a program",
    ),
    (
        "an option of ssh as the login",
        "-oProxyCommand=x@host:repo",
        "ssh is told to start a program",
    ),
    ("a shell's words as the host", "ssh://$(TRAP)/x", "a shell reads the host"),
    ("a command after the host", "ssh://host;TRAP/x", "a shell reads the host"),
    ("a command in backquotes", "git@`TRAP`:x", "a shell reads the host"),
    ("an option of git", "--upload-pack=TRAP", "git takes it for an option"),
    (
        "a path by its scheme",
        "file://OUTSIDE",
        "a path that the owner did not allow is read",
    ),
    ("a path", "OUTSIDE", "a path that the owner did not allow is read"),
    (
        "a path that climbs out",
        "CASES/../outside",
        "a path that the owner did not allow is read",
    ),
    ("a link that leads out", "CASES/link", "a path that the owner did not allow is read"),
    ("a relative path", "../outside", "a path that the owner did not allow is read"),
    ("git's own protocol", "git://127.0.0.1/x", "an unsigned protocol is used"),
    ("http that was not named", "http://127.0.0.1:1/x", "an unsigned protocol is used"),
    (
        "a password in the address",
        "https://user:secret@127.0.0.1:1/x",
        "a password is passed on and shown",
    ),
    (
        "a line break in the address",
        "https://127.0.0.1:1/x\nhost: evil",
        "a second line reaches git",
    ),
    (
        "a colour in the address",
        "https://127.0.0.1:1/\u{1b}[31m",
        "a terminal is written to",
    ),
    ("an option in place of the host", "https://--proxy=x/y", "curl is told something"),
    ("no host", "https:///etc/passwd", "a file is read"),
    (
        "a path that climbs",
        "https://127.0.0.1:1/a/../../b",
        "another repository than the named one is used",
    ),
    ("nothing", "", "the runner stumbles"),
];

/// Name, base branch, branch of the job.
const BRANCHES: &[(&str, &str, Option<&str>)] = &[
    ("an option as the base", "--upload-pack=TRAP", None),
    ("a short option as the base", "-x", None),
    ("a refspec as the base", "main:refs/heads/main", None),
    ("a forced refspec as the base", "+main", None),
    ("a pattern as the base", "*", None),
    ("a range as the base", "main..other", None),
    ("an expression as the base", "main@{u}", None),
    ("a line break in the base", "main\nother", None),
    ("what is checked out as the base", "HEAD", None),
    ("a lock as the base", "main.lock", None),
    ("the base as the branch", "main", Some("main")),
    ("another's branch as the branch", "main", Some("release")),
    ("a branch that climbs", "main", Some("coord/../main")),
    ("a refspec as the branch", "main", Some("coord/1:main")),
    ("an option as the branch", "main", Some("--receive-pack=TRAP")),
];

#[tokio::test(flavor = "multi_thread")]
async fn run_9_hostile_addresses_and_branches_reach_neither_a_shell_nor_an_option_nor_another_place() {
    let ground = Ground::new("").await;
    let bare = ground.repository(0);
    let cases = ground.bench.folder.path().join("cases");
    std::os::unix::fs::symlink(ground.outside(), cases.join("link")).unwrap();
    let runner = ground.bench.runner();
    let script = json!([run("true"), {"say": "begun"}]);
    for (name, address, never) in ADDRESSES {
        let mut job = job_in(&bare, 1, script.clone());
        let url = ground.filled(address).replace("CASES", &cases.to_string_lossy());
        job.context = Context::Repository {
            url,
            base_branch: "main".to_owned(),
        };
        let finished = ground.bench.finish(&job).await;
        let log = ground.bench.server.log(job.attempt);
        assert_ended(name, never, &finished, Then::Fails(Policy), &system(&log));
        assert_eq!(said(&log), "", "{name}: the agent was started");
        let words = format!("{:?}{log:?}", finished.result);
        assert!(
            !words.contains("secret@") || !address.contains("secret"),
            "{name}: {never}: {words}"
        );
        assert!(!words.contains('\u{1b}'), "{name}: {never}");
        ground.assert_unharmed(name, never, &job, Some(&bare));
    }
    let before = (bare.tip("main"), bare.branches());
    for (name, base, branch) in BRANCHES {
        let mut job = job_in(&bare, 1, script.clone());
        let url = bare.path.to_string_lossy().into_owned();
        job.context = Context::Repository {
            url,
            base_branch: ground.filled(base),
        };
        job.branch = branch.map(|branch| ground.filled(branch));
        let never = "a name is taken for something else";
        let finished = ground.bench.finish(&job).await;
        assert_ended(
            name,
            never,
            &finished,
            Then::Fails(Git),
            &system(&ground.bench.server.log(job.attempt)),
        );
        assert_eq!((bare.tip("main"), bare.branches()), before, "{name}: {never}");
        ground.assert_unharmed(name, never, &job, Some(&bare));
    }
    ground.bench.server.assert_no_faults();
    runner.stop().await;
}
