//! Working folders as an agent could leave them: the runner commits, packs, pushes, compares and merges what is in them.

use super::{Ground, Then, assert_ended, job_in, run, text, tree_of};
use crate::{common::system, repository::merge_of};
use coord_protocol::{attempt::FailureReason::Git, job::BranchDecision, runner::WorkResult};
use futures_util::{StreamExt, stream};
use serde_json::json;

/// A folder that is handed in as if nothing were.
const WORKS: Then = Then::Works;

/// A folder that is refused, and kept.
const KEPT: Then = Then::Fails(Git);

const RUNS: &str = "a program of the agent's runs in the runner's name";
const READS: &str = "something outside of the folder is handed in";
const WRITES: &str = "something outside of the folder is written";
const HARMS: &str = "what harms others is pushed";
const STUMBLES: &str = "the runner waits for ever or falls";

/// Makes a commit whose tree has a folder of any name, which no git command does: its id is `$e`.
const EVIL: &str = r#"raw() { i=1; while [ $i -lt 40 ]; do printf "\\$(printf %03o 0x$(printf %s "$1" | cut -c$i-$((i+1))))"; i=$((i+2)); done; }
evil() { f=$(echo '#!/bin/sh' | git hash-object -w --stdin); t=$(printf '100755 blob %s\tpre-push\n' $f | git mktree);
{ printf '%s %s\0' "$1" "$2"; raw $t; } > .evil; t=$(git hash-object -w -t tree --literally .evil); rm .evil; e=$(git commit-tree -p HEAD -m evil $t); }
"#;

/// Name, what the agent does, how it ends, what must not happen. TRAP is a command, OUTSIDE a folder.
const CASES: &[(&str, &str, Then, &str)] = &[
    (
        "hooks",
        "mkdir -p .git/hooks; for h in pre-commit commit-msg post-commit pre-push post-checkout post-index-change reference-transaction pre-auto-gc; do printf '#!/bin/sh\\nTRAP\\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done",
        WORKS,
        RUNS,
    ),
    (
        "a path of hooks",
        "mkdir h; printf '#!/bin/sh\\nTRAP\\n' > h/pre-push; chmod +x h/pre-push; git config core.hooksPath h",
        WORKS,
        RUNS,
    ),
    (
        "a command for ssh",
        "git config core.sshCommand 'TRAP'; git config core.gitProxy 'TRAP'",
        WORKS,
        RUNS,
    ),
    (
        "a monitor of files",
        "git config core.fsmonitor 'TRAP'; git config core.untrackedCache true",
        WORKS,
        RUNS,
    ),
    (
        "a filter",
        "git config filter.evil.clean 'TRAP; cat'; git config filter.evil.smudge 'TRAP; cat'; git config filter.evil.required true; echo '* filter=evil' > .gitattributes",
        WORKS,
        RUNS,
    ),
    (
        "a filter that stays",
        "git config filter.evil.process 'TRAP'; echo '* filter=evil' > .gitattributes",
        WORKS,
        RUNS,
    ),
    (
        "a comparer",
        "git config diff.evil.textconv 'TRAP'; git config diff.evil.command 'TRAP'; git config diff.external 'TRAP'; echo '* diff=evil' > .gitattributes",
        WORKS,
        RUNS,
    ),
    (
        "a merger",
        "git config merge.evil.driver 'TRAP'; git config merge.default evil; echo '* merge=evil' > .gitattributes",
        WORKS,
        RUNS,
    ),
    (
        "a helper for passwords",
        "git config credential.helper '!TRAP'; git config core.askPass 'TRAP'",
        WORKS,
        RUNS,
    ),
    (
        "programs of the remote",
        "git config remote.origin.uploadpack 'TRAP'; git config remote.origin.receivepack 'TRAP'; git config remote.origin.vcs evil",
        WORKS,
        RUNS,
    ),
    (
        "another address of the remote",
        "git remote set-url origin 'ext::sh -c TRAP'; git remote set-url --push origin 'ext::sh -c TRAP'; git config protocol.ext.allow always",
        WORKS,
        RUNS,
    ),
    (
        "addresses that become others",
        "git config url.'ext::sh -c TRAP;'.insteadOf /; git config url.'ext::sh -c TRAP;'.pushInsteadOf /",
        WORKS,
        RUNS,
    ),
    (
        "signing",
        "git config gpg.program 'TRAP'; git config commit.gpgSign true; git config push.gpgSign true; git config gpg.format x509; git config gpg.x509.program 'TRAP'",
        WORKS,
        RUNS,
    ),
    (
        "aliases",
        "for c in push fetch commit ls-remote index-pack; do git config alias.$c '!TRAP'; done",
        WORKS,
        RUNS,
    ),
    (
        "included configuration",
        "printf '[core]\\n\\tfsmonitor = TRAP\\n\\tsshCommand = TRAP\\n' > evil.config; git config include.path ../evil.config; git config includeIf.gitdir:/.path ../evil.config",
        WORKS,
        RUNS,
    ),
    (
        "editors and pagers",
        "git config core.editor 'TRAP'; git config sequence.editor 'TRAP'; git config core.pager 'TRAP'; git config pager.push 'TRAP'; git config interactive.diffFilter 'TRAP'",
        WORKS,
        RUNS,
    ),
    (
        "configuration of a worktree",
        "git config extensions.worktreeConfig true; printf '[core]\\n\\tfsmonitor = TRAP\\n' > .git/config.worktree",
        WORKS,
        RUNS,
    ),
    (
        "a configuration that cannot be read",
        "printf '[core\\n\\0\\n' > .git/config",
        KEPT,
        STUMBLES,
    ),
    (
        "submodules with commands",
        "printf '[submodule \"s\"]\\n\\tpath = s\\n\\turl = ext::sh -c TRAP\\n\\tupdate = !TRAP\\n' | tee .gitmodules >> .git/config; mkdir s; git config submodule.recurse true; git config push.recurseSubmodules on-demand; git config protocol.ext.allow always",
        WORKS,
        RUNS,
    ),
    (
        "a repository inside",
        "git init -q s; cd s; printf '#!/bin/sh\\nTRAP\\n' > .git/hooks/pre-commit 2>/dev/null || (mkdir -p .git/hooks && printf '#!/bin/sh\\nTRAP\\n' > .git/hooks/pre-commit); chmod +x .git/hooks/pre-commit; git config core.fsmonitor 'TRAP'; echo x > x",
        WORKS,
        RUNS,
    ),
    (
        "a bare repository as files",
        "printf 'ref: refs/heads/main\\n' > HEAD; mkdir -p objects refs; printf '[core]\\n\\tfsmonitor = TRAP\\n\\tbare = false\\n\\tworktree = OUTSIDE\\n' > config",
        WORKS,
        RUNS,
    ),
    (
        "another working folder",
        "git config core.worktree OUTSIDE; git config core.bare false",
        WORKS,
        READS,
    ),
    (
        "lists of files elsewhere",
        "git config core.excludesFile OUTSIDE/kept.txt; git config core.attributesFile OUTSIDE/kept.txt",
        WORKS,
        READS,
    ),
    (
        "the repository is a file",
        "mv .git ../git-moved; printf 'gitdir: %s/git-moved\\n' \"$(dirname \"$PWD\")\" > .git",
        KEPT,
        READS,
    ),
    (
        "the repository is a link",
        "mv .git ../git-linked; ln -s ../git-linked .git",
        KEPT,
        READS,
    ),
    (
        "the objects are a link",
        "mv .git/objects ../objects-moved; ln -s ../objects-moved .git/objects",
        KEPT,
        READS,
    ),
    (
        "the common folder is elsewhere",
        "printf 'OUTSIDE\\n' > .git/commondir",
        KEPT,
        READS,
    ),
    (
        "borrowed objects of others",
        "printf 'OUTSIDE\\n/etc\\n' >> .git/objects/info/alternates",
        WORKS,
        READS,
    ),
    (
        "what is checked out leads out",
        "printf 'ref: refs/../../../../../outside/kept.txt\\n' > .git/HEAD",
        KEPT,
        READS,
    ),
    (
        "what is checked out is a link",
        "rm .git/HEAD; ln -s OUTSIDE/kept.txt .git/HEAD",
        KEPT,
        READS,
    ),
    (
        "the branch is a link",
        "b=.git/$(sed 's/ref: //' .git/HEAD); rm -f $b; mkdir -p $(dirname $b); ln -s OUTSIDE/kept.txt $b",
        KEPT,
        READS,
    ),
    (
        "packed references that climb",
        "printf '# pack-refs with: peeled fully-peeled sorted \\n1234567890123456789012345678901234567890 refs/../../x\\nrubbish\\n' > .git/packed-refs",
        WORKS,
        STUMBLES,
    ),
    ("no commit checked out", "git checkout -q --orphan nothing", KEPT, STUMBLES),
    (
        "an index that is a link",
        "rm .git/index; ln -s OUTSIDE/kept.txt .git/index",
        WORKS,
        READS,
    ),
    (
        "an index that is rubbish",
        "head -c 5000 /dev/urandom > .git/index",
        WORKS,
        STUMBLES,
    ),
    ("a pipe in place of HEAD", "rm .git/HEAD; mkfifo .git/HEAD", KEPT, STUMBLES),
    ("a pipe in place of attributes", "mkdir d; mkfifo d/.gitattributes", KEPT, STUMBLES),
    ("a pipe among the files", "mkfifo pipe", WORKS, STUMBLES),
    (
        "a device among the files",
        "mknod device c 1 5 2>/dev/null || true; mknod zero c 1 5 2>/dev/null || true",
        WORKS,
        STUMBLES,
    ),
    (
        "a device in place of attributes",
        "mknod .gitattributes c 1 5 2>/dev/null || mkfifo .gitattributes",
        KEPT,
        STUMBLES,
    ),
    (
        "links out of the folder",
        "ln -s OUTSIDE folder; ln -s OUTSIDE/kept.txt file; ln -s ../../../../outside up",
        WORKS,
        READS,
    ),
    ("a folder replaced by a link", "rm -r src; ln -s OUTSIDE src", WORKS, READS),
    (
        "a file replaced by a link",
        "rm README.md; ln -s OUTSIDE/kept.txt README.md",
        WORKS,
        READS,
    ),
    (
        "the folder of inputs is a link",
        "rm -rf .coord; ln -s OUTSIDE .coord",
        WORKS,
        WRITES,
    ),
    ("a loop of links", "ln -s a b; ln -s b a; mkdir l; ln -s .. l/l", WORKS, STUMBLES),
    ("a commit with .git in it", "evil 40000 .git; git update-ref HEAD $e", KEPT, HARMS),
    (
        "a commit with .GIT in it, undone by the next",
        "evil 40000 .GIT; git update-ref HEAD $(git commit-tree -p $e -m undone HEAD^{tree})",
        KEPT,
        HARMS,
    ),
    (
        "a commit that climbs, undone by the next",
        "evil 40000 ..; git update-ref HEAD $(git commit-tree -p $e -m undone HEAD^{tree})",
        KEPT,
        HARMS,
    ),
    (
        "a commit with an unseen letter in .git, undone by the next",
        "evil 40000 \"$(printf '.g\\342\\200\\214it')\"; git update-ref HEAD $(git commit-tree -p $e -m undone HEAD^{tree})",
        KEPT,
        HARMS,
    ),
    (
        "a commit with .gitmodules as a link",
        "ln -s OUTSIDE/kept.txt .gitmodules; git add -A; git commit -qm x",
        KEPT,
        HARMS,
    ),
    (
        "a commit of another repository",
        "git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,sub; git commit -qm x",
        WORKS,
        STUMBLES,
    ),
    (
        "replaced commits",
        "git replace -f HEAD $(git commit-tree -m other $(git mktree < /dev/null)); echo x > x",
        WORKS,
        "something else is handed in than the folder holds",
    ),
    (
        "cut history",
        "git rev-parse HEAD > .git/shallow; mkdir -p .git/info; git rev-parse HEAD > .git/info/grafts; echo x > x",
        WORKS,
        STUMBLES,
    ),
    (
        "a promise of objects",
        "git config extensions.partialClone origin; git config remote.origin.promisor true; git config remote.origin.url 'ext::sh -c TRAP'; git config core.repositoryFormatVersion 1; echo x > x",
        KEPT,
        RUNS,
    ),
    (
        "objects that are missing",
        "echo x > x; git add x; git commit -qm x; find .git/objects -type f ! -path '*/info/*' -delete",
        KEPT,
        STUMBLES,
    ),
    (
        "objects that are rubbish",
        "echo x > x; git add x; git commit -qm x; find .git/objects -type f ! -path '*/info/*' -exec chmod +w {} + -exec sh -c 'echo rubbish > {}' \\;",
        KEPT,
        STUMBLES,
    ),
    (
        "a subject of two million letters",
        "echo x > x; git add x; head -c 2000000 /dev/zero | tr '\\0' x | git commit -qF -",
        WORKS,
        "the end of the work does not fit into a message",
    ),
    (
        "three hundred commits",
        "for i in $(seq 300); do c=$(git commit-tree -p HEAD -m \"$i\" HEAD^{tree}); git update-ref HEAD $c; done; echo x > x",
        WORKS,
        STUMBLES,
    ),
    (
        "an author with controls in the name",
        "git -c user.name=\"$(printf 'a\\033[31mb')\" -c user.email=x commit -q --allow-empty -m \"$(printf 'red\\033[31m')\"; echo x > x",
        WORKS,
        STUMBLES,
    ),
    (
        "names with controls and turned letters",
        "echo 1 > \"$(printf 'a\\nb')\"; echo 2 > \"$(printf '\\033[31mred')\"; echo 3 > \"$(printf 'gpj.\\342\\200\\256exe')\"; echo 4 > ./-rf; echo 5 > \"$(printf '\\377\\376')\"",
        WORKS,
        STUMBLES,
    ),
    (
        "names of 255 bytes in 15 folders",
        "p=.; n=$(head -c 255 /dev/zero | tr '\\0' x); for i in $(seq 14); do mkdir $p/$n; p=$p/$n; done; echo x > x",
        WORKS,
        STUMBLES,
    ),
    (
        "folders too deep for a path",
        "for i in $(seq 1500); do mkdir deep && cd deep || break; done; echo x > x",
        KEPT,
        STUMBLES,
    ),
    (
        "a file that is huge and empty",
        "truncate -s 60G huge.bin; echo x > x",
        WORKS,
        "the disk is filled",
    ),
    (
        "branches and tags named like options",
        "git update-ref refs/heads/--exec=TRAP HEAD; git update-ref refs/tags/-x HEAD; echo x > x",
        WORKS,
        RUNS,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_whatever_an_agent_leaves_in_its_folder_is_neither_run_nor_believed() {
    // Without the sandbox, behind which much of this cannot be done.
    let ground = Ground::new("max_deliverable_bytes = 1000000\n[sandbox]\nmode = \"off\"\n").await;
    let runner = ground.bench.runner();
    let ground = &ground;
    let case = |(number, (name, script, then, never)): (usize, &'static (&str, &str, Then, &str))| async move {
        let bare = ground.repository(number);
        let base = bare.tip("main").unwrap();
        let script = format!("{}; cd \"$TOP\"; echo work > work.txt", ground.filled(script));
        let script = format!("TOP=$PWD\n{EVIL}{script}");
        let job = job_in(&bare, number, json!([run(&script), {"say": "ok"}]));
        let finished = ground.bench.finish(&job).await;
        let log = ground.bench.server.log(job.attempt);
        assert_ended(name, never, &finished, *then, &system(&log));
        let tree = tree_of(&ground.bench, &job);
        if finished.result == WorkResult::Completed {
            let branch = finished.branch.as_ref().unwrap();
            let head = git2::Oid::from_str(&branch.head_commit).unwrap();
            assert_eq!((branch.pushed, bare.tip(&branch.name)), (true, Some(head)), "{name}");
            assert_eq!(
                bare.text(head, "work.txt").as_deref(),
                Some("work\n"),
                "{name}: the work is handed in all the same"
            );
            let told = serde_json::to_string(&finished).unwrap();
            assert!(told.len() < 200_000, "{name}: {never}: {} bytes", told.len());
            ground.bench.server.merge(merge_of(&job, &bare, &finished, BranchDecision::Merge));
            ground.bench.server.merged(job.attempt).await;
        } else {
            assert_eq!((bare.tip("main"), bare.branches().len()), (Some(base), 1), "{name}: {never}");
            assert_eq!(text(&tree.join("work.txt")), "work\n", "{name}: what is not handed in stays");
        }
        ground.assert_unharmed(name, never, &job, Some(&bare));
    };
    stream::iter((1..).zip(CASES)).for_each_concurrent(4, case).await;
    ground.bench.server.assert_no_faults();
    runner.stop().await;
}
