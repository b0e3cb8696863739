//! Jobs in real git repositories: bare ones on disk, with history.

use crate::common::{Bench, assignment, choose, failed, file_id, number, said, system, write_tool};
use coord_protocol::{
    attempt::{FailureReason, MergeCheck},
    id::{AttemptId, JobId, UserId},
    job::{BranchDecision, Context},
    runner::{Assignment, Author, EarlierAttempt, EarlierBranch, Finished, Handover, InputFile, MergeAssignment, MergeResult, WorkResult},
};
use git2::{Oid, Repository, Signature};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use uuid::Uuid;

/// A bare repository with two commits on `main`.
pub struct Bare {
    pub path: PathBuf,
}

impl Bare {
    pub fn new(folder: &Path) -> Self {
        let path = folder.join("repos").join("project.git");
        std::fs::create_dir_all(&path).unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).external_template(false).initial_head("main");
        Repository::init_opts(&path, &options).unwrap();
        let bare = Self { path };
        bare.commit("main", &[("README.md", "# Project\n"), ("src/a.txt", "one\ntwo\nthree\n")], "Begin");
        bare.commit("main", &[("src/b.txt", "b\n")], "Add b");
        bare
    }

    pub fn repository(&self) -> Repository {
        Repository::open_bare(&self.path).unwrap()
    }

    /// A commit on top of `branch` that writes files.
    pub fn commit(&self, branch: &str, files: &[(&str, &str)], message: &str) -> Oid {
        let repository = self.repository();
        let name = format!("refs/heads/{branch}");
        let parent = repository
            .find_reference(&name)
            .ok()
            .map(|reference| reference.peel_to_commit().unwrap());
        let mut index = git2::Index::new().unwrap();
        if let Some(parent) = &parent {
            index.read_tree(&parent.tree().unwrap()).unwrap();
        }
        for (path, text) in files {
            let blob = repository.blob(text.as_bytes()).unwrap();
            let entry = git2::IndexEntry {
                ctime: git2::IndexTime::new(0, 0),
                mtime: git2::IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id: blob,
                flags: 0,
                flags_extended: 0,
                path: path.as_bytes().to_vec(),
            };
            index.add(&entry).unwrap();
        }
        let tree = repository.find_tree(index.write_tree_to(&repository).unwrap()).unwrap();
        let who = Signature::new("Other", "other@example.org", &git2::Time::new(1_700_000_000, 0)).unwrap();
        let parents: Vec<_> = parent.iter().collect();
        repository.commit(Some(&name), &who, &who, message, &tree, &parents).unwrap()
    }

    pub fn tip(&self, branch: &str) -> Option<Oid> {
        let repository = self.repository();
        let reference = repository.find_reference(&format!("refs/heads/{branch}")).ok()?;
        reference.target()
    }

    pub fn branches(&self) -> Vec<String> {
        let repository = self.repository();
        let names = repository
            .branches(None)
            .unwrap()
            .map(|branch| branch.unwrap().0.name().unwrap().unwrap().to_owned());
        names.collect()
    }

    pub fn text(&self, commit: Oid, path: &str) -> Option<String> {
        let repository = self.repository();
        let tree = repository.find_commit(commit).unwrap().tree().unwrap();
        let entry = tree.get_path(Path::new(path)).ok()?;
        Some(String::from_utf8(repository.find_blob(entry.id()).unwrap().content().to_vec()).unwrap())
    }
}

pub async fn bench() -> (Bench, Bare) {
    let mut bench = Bench::new().await;
    let bare = Bare::new(bench.folder.path());
    bench.extra = format!("[policy]\nallow_local_repositories = [{:?}]\n", bench.folder.path().join("repos"));
    (bench, bare)
}

pub fn job(bare: &Bare, script: Value) -> Assignment {
    let mut job = assignment(script);
    job.title = "Change the readme!".to_owned();
    job.context = Context::Repository {
        url: bare.path.to_string_lossy().into_owned(),
        base_branch: "main".to_owned(),
    };
    job
}

/// The next attempt of the same job.
pub fn revision(before: &Assignment, finished: &Finished, script: Value) -> Assignment {
    let branch = finished.branch.as_ref().unwrap();
    Assignment {
        attempt: AttemptId(Uuid::from_u128(number())),
        attempt_number: before.attempt_number + 1,
        description: format!("Again. @@{script}@@"),
        branch: Some(branch.name.clone()),
        earlier: vec![EarlierAttempt {
            number: before.attempt_number,
            summary: finished.summary.clone(),
            review: None,
            head_commit: Some(branch.head_commit.clone()),
        }],
        ..before.clone()
    }
}

pub fn merge_of(job: &Assignment, bare: &Bare, finished: &Finished, decision: BranchDecision) -> MergeAssignment {
    let branch = finished.branch.as_ref().unwrap();
    MergeAssignment {
        attempt: job.attempt,
        fence: job.fence + 1,
        job: job.job,
        number: job.number,
        workspace: job.workspace.clone(),
        title: job.title.clone(),
        url: bare.path.to_string_lossy().into_owned(),
        base_branch: "main".to_owned(),
        branch: branch.name.clone(),
        head_commit: branch.head_commit.clone(),
        decision,
        author: Author {
            user: UserId(Uuid::from_u128(3)),
            name: "Rita Reviewer".to_owned(),
            email: "rita@example.org".to_owned(),
        },
    }
}

fn upload(bench: &Bench, name: &str) -> String {
    let bytes = bench.server.with(|stored| stored.uploads.get(name).cloned());
    String::from_utf8(bytes.unwrap_or_else(|| panic!("no {name}"))).unwrap()
}

fn oid(text: &str) -> Oid {
    Oid::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_a_repository_job_is_committed_pushed_revised_and_merged() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    let base = bare.tip("main").unwrap();
    let script = json!([
        write_tool("README.md", "# Project\n\nChanged.\n"), {"tool": {"kind": "delete", "title": "rm", "path": "src/b.txt"}}, write_tool("new/file.txt", "new\n"),
        {"tool": {"kind": "execute", "title": "branch", "run": "git rev-parse --abbrev-ref HEAD; git log --oneline origin/main | wc -l"}}, {"say": "Done."}
    ]);
    let first = job(&bare, script);
    let finished = bench.finish(&first).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let branch = finished.branch.clone().unwrap();
    assert_eq!(branch.name, "coord/12-change-the-readme");
    assert_eq!((branch.base_commit.as_str(), branch.pushed), (base.to_string().as_str(), true));
    assert_eq!((branch.files_changed, branch.commits.len()), (3, 1));
    assert_eq!((branch.insertions, branch.deletions), (3, 1));
    let clean = MergeCheck {
        base_branch: "main".to_owned(),
        base_commit: base.to_string(),
        conflicts: vec![],
    };
    assert_eq!(branch.merge_check, Some(Box::new(clean)));
    let tip = bare.tip(&branch.name).unwrap();
    assert_eq!(tip.to_string(), branch.head_commit);
    assert_eq!(bare.text(tip, "README.md").unwrap(), "# Project\n\nChanged.\n");
    assert_eq!(
        (bare.text(tip, "src/b.txt"), bare.text(tip, "new/file.txt").as_deref()),
        (None, Some("new\n"))
    );
    {
        let repository = bare.repository();
        let commit = repository.find_commit(tip).unwrap();
        assert_eq!(commit.author().name().unwrap(), "Ann Author");
        assert_eq!(commit.committer().name().unwrap(), "Coord");
        assert_eq!(commit.summary().unwrap(), Some("Change the readme!"));
    }
    assert!(upload(&bench, "diff?which=whole").contains("+Changed."));
    assert!(bench.server.with(|stored| !stored.uploads.contains_key("diff?which=since_review")));
    assert!(
        !bench.work_dir().join("jobs").join(first.job.to_string()).join("tree").exists(),
        "pushed work needs no folder"
    );

    // ATT-3: same branch, same pull request; the diff since the review shows the new part alone.
    let second = revision(&first, &finished, json!([write_tool("src/a.txt", "one\n2\nthree\n")]));
    let finished = bench.finish(&second).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let branch = finished.branch.clone().unwrap();
    assert_eq!((branch.name.as_str(), branch.commits.len()), ("coord/12-change-the-readme", 2));
    let (whole, since) = (upload(&bench, "diff?which=whole"), upload(&bench, "diff?which=since_review"));
    assert!(whole.contains("+Changed.") && whole.contains("+2"));
    assert!(!since.contains("Changed") && since.contains("-two\n+2\n"), "{since}");

    // Meanwhile the base went on; the merge is a real one.
    let moved = bare.commit("main", &[("elsewhere.txt", "x\n")], "Go on");
    let merge = merge_of(&second, &bare, &finished, BranchDecision::Merge);
    bench.server.merge(merge.clone());
    let MergeResult::Done { commit: Some(commit) } = bench.server.merged(merge.attempt).await else {
        panic!()
    };
    let tip = bare.tip("main").unwrap();
    assert_eq!(tip.to_string(), commit);
    {
        let repository = bare.repository();
        let commit = repository.find_commit(tip).unwrap();
        let parents: Vec<Oid> = commit.parent_ids().collect();
        assert_eq!(parents, [moved, oid(&branch.head_commit)]);
        assert_eq!(commit.author().name().unwrap(), "Rita Reviewer");
        assert_eq!(commit.summary().unwrap(), Some("Merge #12: Change the readme!"));
    }
    assert_eq!(bare.text(tip, "src/a.txt").unwrap(), "one\n2\nthree\n");
    assert_eq!(bare.text(tip, "elsewhere.txt").unwrap(), "x\n");

    // Done again after a crash it changes nothing and says the same; closing removes the branch.
    let again = MergeAssignment {
        fence: merge.fence + 1,
        ..merge.clone()
    };
    bench.server.with(|stored| stored.merged.clear());
    bench.server.merge(again);
    assert_eq!(
        bench.server.merged(merge.attempt).await,
        MergeResult::Done {
            commit: Some(tip.to_string())
        }
    );
    let close = MergeAssignment {
        fence: merge.fence + 2,
        decision: BranchDecision::Close,
        ..merge.clone()
    };
    bench.server.with(|stored| stored.merged.clear());
    bench.server.merge(close);
    assert_eq!(bench.server.merged(merge.attempt).await, MergeResult::Done { commit: None });
    assert_eq!(bare.branches(), ["main"]);
    bench.server.assert_no_faults();
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_no_change_pushes_nothing_and_says_so() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let job = job(&bare, json!([{"say": "Nothing to do."}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let branch = finished.branch.unwrap();
    assert!(!branch.pushed && branch.commits.is_empty());
    assert_eq!(branch.head_commit, bare.tip("main").unwrap().to_string());
    assert_eq!(bare.branches(), ["main"]);
    assert!(system(&bench.server.log(job.attempt)).contains(&"No change: nothing to push".to_owned()));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rev_2_the_reviewer_learns_of_conflicts_with_the_base_as_it_is_when_the_work_ends() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let bare = Arc::new(bare);
    let remote = Arc::clone(&bare);
    // Somebody else changes the same line while the agent works.
    bench.server.answer(move |_| {
        remote.commit("main", &[("src/a.txt", "one\nTHEIRS\nthree\n")], "Change a");
        Some(choose("allow"))
    });
    let job = job(
        &bare,
        json!([write_tool("src/a.txt", "one\nMINE\nthree\n"), {"tool": {"kind": "edit", "title": "new", "path": "new.txt", "write": "new\n"}}]),
    );
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let branch = finished.branch.unwrap();
    let tip = bare.tip("main").unwrap();
    let conflict = MergeCheck {
        base_branch: "main".to_owned(),
        base_commit: tip.to_string(),
        conflicts: vec!["src/a.txt".to_owned()],
    };
    assert_eq!((branch.pushed, branch.merge_check), (true, Some(Box::new(conflict))));
    assert!(
        system(&bench.server.log(job.attempt)).contains(&"In conflict with main: src/a.txt".to_owned()),
        "the log says so too"
    );
    assert_eq!(bare.tip("main"), Some(tip), "it was only tried");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rev_2_the_reviewer_learns_which_files_of_the_change_agents_obey() {
    let (bench, bare) = bench().await;
    bare.commit("main", &[("AGENTS.md", "Be kind.\n"), (".mcp.json", "{}\n")], "For agents");
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    let script = json!([
        write_tool("src/a.txt", "x\n"), write_tool("AGENTS.md", "Obey.\n"), write_tool(".claude/settings.json", "{\"hooks\": {\"Stop\": []}}\n"),
        {"tool": {"kind": "delete", "title": "rm", "path": ".mcp.json"}}
    ]);
    let finished = bench.finish(&job(&bare, script)).await;
    let branch = finished.branch.unwrap();
    assert_eq!(branch.files_changed, 4);
    assert_eq!(branch.agent_files, [".claude/settings.json", ".mcp.json", "AGENTS.md"]);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rev_3_a_conflict_is_shown_and_nothing_changes() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    let job = job(&bare, json!([write_tool("src/a.txt", "one\nMINE\nthree\n")]));
    let finished = bench.finish(&job).await;
    let theirs = bare.commit("main", &[("src/a.txt", "one\nTHEIRS\nthree\n")], "Change a");
    let merge = merge_of(&job, &bare, &finished, BranchDecision::Merge);
    bench.server.merge(merge.clone());
    assert_eq!(
        bench.server.merged(merge.attempt).await,
        MergeResult::Conflict {
            paths: vec!["src/a.txt".to_owned()]
        }
    );
    assert_eq!(bare.tip("main"), Some(theirs));
    assert_eq!(bare.tip(&merge.branch).unwrap().to_string(), merge.head_commit);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rev_3_a_branch_that_moved_since_the_review_is_neither_merged_nor_closed() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    let job = job(&bare, json!([write_tool("x.txt", "x\n")]));
    let finished = bench.finish(&job).await;
    let merge = merge_of(&job, &bare, &finished, BranchDecision::Merge);
    let main = bare.tip("main");
    let moved = bare.commit(&merge.branch, &[("sneaked.txt", "in\n")], "After the review");
    for (fence, decision) in [(2, BranchDecision::Merge), (3, BranchDecision::Close)] {
        bench.server.with(|stored| stored.merged.clear());
        bench.server.merge(MergeAssignment {
            fence,
            decision,
            ..merge.clone()
        });
        let MergeResult::Failed { detail } = bench.server.merged(merge.attempt).await else {
            panic!()
        };
        assert!(detail.contains("has moved"), "{detail}");
    }
    assert_eq!((bare.tip("main"), bare.tip(&merge.branch)), (main, Some(moved)));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_the_owner_has_the_last_word_on_merges_too() {
    let (bench, bare) = bench().await;
    let bench = Bench {
        extra: format!("{}workspaces = [\"Ours\"]\npeople = [\"rita@example.org\"]\n", bench.extra),
        ..bench
    };
    let runner = bench.runner();
    let release = bare.commit("release", &[("r.txt", "r\n")], "Released");
    let job = job(&bare, json!([]));
    let merge = MergeAssignment {
        attempt: job.attempt,
        fence: 2,
        job: job.job,
        number: 1,
        workspace: "Ours".to_owned(),
        title: "Old".to_owned(),
        url: bare.path.to_string_lossy().into_owned(),
        base_branch: "main".to_owned(),
        branch: "release".to_owned(),
        head_commit: release.to_string(),
        decision: BranchDecision::Close,
        author: Author {
            user: UserId(Uuid::from_u128(3)),
            name: "Rita Reviewer".to_owned(),
            email: "rita@example.org".to_owned(),
        },
    };
    let mut stranger = merge.clone();
    "eve@example.org".clone_into(&mut stranger.author.email);
    let cases = [
        (merge.clone(), "no branch of a job"),
        (
            MergeAssignment {
                decision: BranchDecision::Merge,
                ..merge.clone()
            },
            "no branch of a job",
        ),
        (
            MergeAssignment {
                workspace: "Theirs".to_owned(),
                ..merge.clone()
            },
            "does not serve the workspace Theirs",
        ),
        (stranger, "does not serve Rita"),
    ];
    for (fence, (merge, why)) in (2..).zip(cases) {
        bench.server.with(|stored| stored.merged.clear());
        bench.server.merge(MergeAssignment { fence, ..merge });
        let MergeResult::Failed { detail } = bench.server.merged(job.attempt).await else {
            panic!("{why}")
        };
        assert!(detail.contains(why), "{detail}");
    }
    assert_eq!(bare.tip("release"), Some(release));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_git_cannot_reach_or_find_is_typed_and_leaves_nothing_behind() {
    let (bench, bare) = bench().await;
    let bench = Bench {
        extra: format!("{}repositories = [\"http://127.0.0.1:1/\"]\n", bench.extra),
        ..bench
    };
    let runner = bench.runner();
    let with = |url: &str, base: &str| {
        let mut job = job(&bare, json!([{"say": "never"}]));
        job.context = Context::Repository {
            url: url.to_owned(),
            base_branch: base.to_owned(),
        };
        job
    };
    let here = bare.path.to_string_lossy().into_owned();
    let missing = bench.folder.path().join("repos/none.git").to_string_lossy().into_owned();
    let empty = bench.folder.path().join("repos");
    let cases = [
        (with(&here, "no-such-branch"), FailureReason::Git, "no branch no-such-branch"),
        (with(&missing, "main"), FailureReason::Git, "no repository at"),
        (with(&empty.to_string_lossy(), "main"), FailureReason::Git, "git repository"),
        (with(&here, "--upload-pack=touch x"), FailureReason::Git, "no branch name"),
        (with("ext::sh -c touch% x", "main"), FailureReason::Policy, "not used"),
        (with("/etc", "main"), FailureReason::Policy, "allow_local_repositories"),
    ];
    for (job, reason, words) in cases {
        let finished = bench.finish(&job).await;
        let (found, detail) = failed(&finished);
        assert_eq!(found, reason, "{detail}");
        assert!(detail.contains(words), "{detail}");
        assert_eq!(said(&bench.server.log(job.attempt)), "");
    }
    let finished = bench.finish(&with("http://127.0.0.1:1/x.git", "main")).await;
    let WorkResult::RepositoryUnreachable { detail } = &finished.result else {
        panic!("{finished:?}")
    };
    assert!(detail.contains("git:"), "{detail}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_agent_ran_nothing_in_its_repository_is_executed() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let trap = bench.folder.path().join("trapped");
    let touch = format!("touch {}", trap.display());
    let evil = format!(
        "mkdir -p .git/hooks; for h in pre-commit pre-push post-commit reference-transaction post-checkout; do printf '#!/bin/sh\\n{touch}\\n' > .git/hooks/$h; \
         chmod +x .git/hooks/$h; done; git config core.sshCommand '{touch}'; git config core.fsmonitor '{touch}'; git config core.hooksPath .git/hooks; \
         git config filter.evil.clean '{touch}; cat'; git config filter.evil.smudge '{touch}; cat'; git config diff.evil.textconv '{touch}'; \
         git config merge.evil.driver '{touch}'; git config credential.helper '!{touch}'; git config remote.origin.uploadpack '{touch}'; \
         git config gpg.program '{touch}'; git config commit.gpgSign true; echo '* filter=evil diff=evil merge=evil' > .gitattributes; echo work > work.txt"
    );
    let job = job(
        &bare,
        json!([{"tool": {"kind": "execute", "title": "evil", "run": evil}}, {"say": "ok"}]),
    );
    let finished = bench.finish(&job).await;
    assert_eq!(
        finished.result,
        WorkResult::Completed,
        "{:?}",
        system(&bench.server.log(job.attempt))
    );
    let branch = finished.branch.clone().unwrap();
    assert_eq!(bare.text(oid(&branch.head_commit), "work.txt").unwrap(), "work\n");
    // A revision and a merge pass the same files through checkout, diff and merge.
    let second = revision(&job, &finished, json!([write_tool("more.txt", "x\n")]));
    bench.server.answer(|_| Some(choose("allow")));
    let finished = bench.finish(&second).await;
    bare.commit("main", &[("work.txt", "other\n")], "Conflict");
    bench.server.merge(merge_of(&second, &bare, &finished, BranchDecision::Merge));
    bench.server.merged(second.attempt).await;
    assert!(!trap.exists(), "something of the agent's was executed");

    // Its repository replaced by a link to another one: refused, kept.
    let elsewhere = job_with_link(&bare);
    let finished = bench.finish(&elsewhere).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Git);
    assert!(detail.contains("replaced"), "{detail}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_a_sandboxed_agent_uses_git_in_its_folder_and_does_not_reach_the_real_repository() {
    let (mut bench, bare) = bench().await;
    let home = bench.folder.path().join("home");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join(".gitconfig"), "[user]\nname = Owner\n[alias]\nst = status\n").unwrap();
    bench.extra.push_str(&format!("[env.set]\nHOME = {home:?}\n"));
    let runner = bench.runner();
    let mirrors = bench.work_dir().join("repos");
    let look = format!(
        "set -e; git status --short; git log --oneline | wc -l; git show HEAD~1:src/a.txt | head -1; echo two >> README.md; git diff --stat | tail -1; \
         git add -A; git commit -qm 'By the agent'; git log -1 --format='%an %s'; set +e; \
         real=$(cat .git/objects/info/alternates); cat $real/../config; ls {0}; echo x > $real/x; echo x > {1}/x; cat {1}/HEAD; ls {1}",
        mirrors.display(),
        bare.path.display()
    );
    let job = job(
        &bare,
        json!([{"tool": {"kind": "execute", "title": "git", "run": format!("({look}) 2>&1")}}]),
    );
    let finished = bench.finish(&job).await;
    assert_eq!((finished.result, finished.sandboxed), (WorkResult::Completed, Some(true)));
    let output = bench.server.log(job.attempt).into_iter().find_map(|entry| match entry.body {
        coord_protocol::log::LogBody::ToolUpdate(update) => update.content,
        _ => None,
    });
    let output = output.unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[..2], ["2", "one"], "{output}");
    assert_eq!(lines[3], "Ann Author By the agent", "{output}");
    assert_eq!(lines.len() - 4, 6, "{output}");
    assert!(lines[4..].iter().all(|line| line.contains("ermission denied")), "{output}");
    assert_eq!(finished.branch.unwrap().commits.len(), 1);
    runner.stop().await;
}

fn job_with_link(bare: &Bare) -> Assignment {
    let run = format!("mv .git \"$TMPDIR\"/moved; ln -s {} .git", bare.path.display());
    let mut job = job(bare, json!([{"tool": {"kind": "execute", "title": "link", "run": run}}]));
    job.job = JobId(Uuid::from_u128(number()));
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_unpushed_work_is_kept_and_the_next_attempt_goes_on_from_it() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    // The remote refuses every push.
    let hook = bare.path.join("hooks").join("pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho protected\nexit 1\n").unwrap();
    std::process::Command::new("chmod").arg("+x").arg(&hook).status().unwrap();
    let first = job(&bare, json!([write_tool("kept.txt", "kept\n")]));
    let finished = bench.finish(&first).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Git, "{detail}");
    let branch = finished.branch.clone().unwrap();
    assert!(!branch.pushed && branch.commits.len() == 1);
    let tree = bench.work_dir().join("jobs").join(first.job.to_string()).join("tree");
    assert!(tree.join("kept.txt").exists());

    std::fs::remove_file(&hook).unwrap();
    let second = revision(&first, &finished, json!([write_tool("more.txt", "more\n")]));
    let finished = bench.finish(&second).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let tip = oid(&finished.branch.unwrap().head_commit);
    assert_eq!(bare.text(tip, "kept.txt").as_deref(), Some("kept\n"));
    assert_eq!(bare.text(tip, "more.txt").as_deref(), Some("more\n"));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_1_attachments_of_a_repository_job_are_not_committed_and_the_agents_own_commits_are_pushed() {
    use sha2::{Digest, Sha256};
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let id = crate::common::file_id();
    bench.server.with(|stored| stored.files.insert(id.to_string(), b"input".to_vec()));
    let run = "cat .coord/attachments/in.txt && echo 1 > own.txt && git add -A && git commit -q -m 'By the agent' && echo 2 > left.txt && mkdir sub && git init -q sub && echo x > sub/x && printf '#!/bin/sh' > run.sh && chmod +x run.sh && ln -s own.txt link";
    let mut job = job(
        &bare,
        json!([{"tool": {"kind": "execute", "title": "commit", "run": run}}, {"say": "ok"}]),
    );
    job.attachments = vec![coord_protocol::runner::InputFile {
        id,
        name: "in.txt".to_owned(),
        size: 5,
        sha256: Sha256::digest(b"input").iter().map(|byte| format!("{byte:02x}")).collect(),
    }];
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let branch = finished.branch.unwrap();
    let subjects: Vec<&str> = branch.commits.iter().map(|commit| commit.subject.as_str()).collect();
    assert_eq!(subjects, ["By the agent", "Change the readme!"]);
    let tip = oid(&branch.head_commit);
    assert_eq!(bare.text(tip, "own.txt").as_deref(), Some("1\n"));
    assert_eq!(bare.text(tip, "left.txt").as_deref(), Some("2\n"));
    assert_eq!(bare.text(tip, ".coord/attachments/in.txt"), None);
    {
        let repository = bare.repository();
        let tree = repository.find_commit(tip).unwrap().tree().unwrap();
        assert!(tree.get_path(Path::new("sub")).is_err(), "a repository inside is no submodule");
        assert_eq!(tree.get_name("run.sh").unwrap().filemode(), 0o100_755);
        assert_eq!(tree.get_name("link").unwrap().filemode(), 0o120_000);
    }
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dep_7_the_commits_of_the_job_before_can_be_looked_at_and_its_files_are_not_committed() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let begin = bare.tip("main").unwrap();
    bare.repository()
        .reference("refs/heads/coord/3-earlier", begin, true, "test")
        .unwrap();
    let tip = bare.commit("coord/3-earlier", &[("earlier.txt", "left by job 3\n")], "Earlier");
    let id = file_id();
    bench.server.with(|stored| stored.files.insert(id.to_string(), b"abc".to_vec()));
    let look = format!("git show {tip}:earlier.txt; cat .coord/dependencies/3/notes.txt; touch new.txt");
    let mut job = job(
        &bare,
        json!([{"tool": {"kind": "execute", "title": "look", "run": look}}, {"say": "ok"}]),
    );
    job.dependencies = vec![Handover {
        number: 3,
        title: "Earlier".to_owned(),
        summary: None,
        branch: Some(EarlierBranch {
            name: "coord/3-earlier".to_owned(),
            commit: tip.to_string(),
        }),
        files: vec![InputFile {
            id,
            name: "notes.txt".to_owned(),
            size: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
        }],
        files_left_out: 0,
    }];
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    let seen = log.iter().any(|entry| {
        matches!(&entry.body, coord_protocol::log::LogBody::ToolUpdate(update)
            if update.content.as_deref().is_some_and(|text| text.contains("left by job 3\nabc")))
    });
    assert!(seen, "{log:#?}");
    let branch = finished.branch.unwrap();
    assert!(branch.pushed);
    let head = Oid::from_str(&branch.head_commit).unwrap();
    assert_eq!(bare.text(head, "new.txt").as_deref(), Some(""));
    assert_eq!(bare.text(head, ".coord/dependencies/3/notes.txt"), None);
    runner.stop().await;
}
