//! What is kept on disk, and what of it may go.

use crate::{
    common::{Bench, PROGRAM, assignment, eventually, number, said, system},
    repository::{Bare, bench, job, revision},
};
use coord_protocol::{
    id::JobId,
    runner::{Author, ToRunner, WorkResult},
    time::Timestamp,
};
use coord_runner::{
    clock::Clock,
    config::Config,
    disk::{self, About, Kind, Place, Report, Verdict, measure},
    git::{
        mirror::{Locks, Mirror},
        tree::{self, Start},
    },
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};
use uuid::Uuid;

/// A moment by which everything is old.
fn long_after() -> Timestamp {
    Timestamp(Clock.now().0 + 400 * 86_400 * 1_000_000)
}

fn config(bench: &Bench) -> Config {
    Config::parse(&bench.config_text(), Path::new(""), |_| None).unwrap()
}

fn author() -> Author {
    assignment(json!([])).author
}

fn shell(folder: &Path, script: &str) {
    let script = format!("set -e\n{script}");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A working folder as an attempt has it that never ended.
async fn left(config: &Config, bare: &Bare, number: i64) -> (PathBuf, Start) {
    let job = config
        .work_dir()
        .join("jobs")
        .join(JobId(Uuid::from_u128(crate::common::number())).to_string());
    let mirror = Mirror::open(config, &Locks::default(), &bare.path.to_string_lossy()).await.unwrap();
    mirror.fetch(&["main"]).await.unwrap();
    let base = mirror.tips(&["main"]).await.unwrap()["main"];
    let start = Start {
        branch: format!("coord/{number}-x"),
        base,
        commit: base,
        remote: None,
    };
    let about = About {
        number,
        title: "Try\u{1b}[31m it".to_owned(),
        workspace: "Team".to_owned(),
    };
    about.write(&job).unwrap();
    let folder = job.join("tree");
    assert_eq!(tree::make(&mirror, &folder, &start, "main", &author(), &[]).unwrap(), None);
    let place = Place {
        mirror: mirror.dir().file_name().unwrap().to_string_lossy().into_owned(),
        base: base.to_string(),
    };
    place.write(&job).unwrap();
    (folder, start)
}

fn verdict(report: &Report, path: &Path) -> Verdict {
    let item = report.items.iter().find(|item| item.path == path);
    item.unwrap_or_else(|| panic!("{} is not in {report:#?}", path.display()))
        .verdict
        .clone()
}

/// Ways to have work in a folder, and ways to have none: what an agent does, and what is said of it.
const WAYS: &[(&str, &str, Option<&str>)] = &[
    ("nothing was done", "true", None),
    ("ignored files", "mkdir -p out/deep; echo x > out/deep/x", None),
    (
        "folders that cannot be written to",
        "mkdir out; echo x > out/x; chmod 500 out",
        None,
    ),
    (
        "what came with the job",
        "mkdir -p .coord/attachments; echo x > .coord/attachments/x",
        None,
    ),
    ("a detached head on what is there", "git checkout -q --detach", None),
    ("a file that is not known to git", "echo x > new.txt", Some("not committed")),
    ("a changed file", "echo x >> README.md", Some("not committed")),
    ("a deleted file", "rm README.md", Some("not committed")),
    ("a file that can be run now", "chmod +x README.md", Some("not committed")),
    ("a staged file", "echo x > new.txt; git add new.txt", Some("not committed")),
    (
        "a file that is staged only",
        "echo x > new.txt; git add new.txt; rm new.txt",
        Some("staged"),
    ),
    (
        "a changed file that is staged only",
        "echo x >> README.md; git add README.md; git show HEAD:README.md > README.md",
        Some("staged"),
    ),
    (
        "an ignored file that is staged",
        "mkdir out; echo x > out/x; git add -f out/x",
        Some("staged"),
    ),
    ("a stash", "echo x >> README.md; git stash -q", Some("stash")),
    (
        "a commit",
        "echo x > new.txt; git add new.txt; git commit -qm x",
        Some("not pushed"),
    ),
    ("an empty commit", "git commit -q --allow-empty -m x1", Some("not pushed")),
    (
        "a commit on a detached head",
        "git checkout -q --detach; git commit -q --allow-empty -m x2",
        Some("not pushed"),
    ),
    (
        "a commit on another branch",
        "git checkout -qb side; git commit -q --allow-empty -m x3; git checkout -q -",
        Some("(side)"),
    ),
    (
        "a tagged commit",
        "git commit -q --allow-empty -m x4; git tag -a kept -m kept; git reset -q --hard HEAD~",
        Some("refs/tags/kept"),
    ),
    ("words in a tag", "git tag -a words -m 'a story' ", Some("refs/tags/words")),
    ("a note on a commit", "git notes add -m 'think of it'", Some("refs/notes/commits")),
    (
        "a repository of its own",
        "git init -q inner; cd inner; echo x > x; git add x; git -c user.name=a -c user.email=a@b commit -qm x",
        Some("not committed"),
    ),
    ("a further worktree", "git worktree add -q out/other", Some("worktrees")),
    ("no repository any more", "rm -rf .git", Some("may hold work")),
    (
        "another repository by a link",
        "mv .git ../gone; ln -s ../gone .git",
        Some("may hold work"),
    ),
    ("a pipe where git reads", "mkfifo .gitattributes", Some("may hold work")),
    ("an index that is damaged", "echo damaged > .git/index", Some("may hold work")),
    (
        "a reference to nowhere",
        "echo 1234567890123456789012345678901234567890 > .git/refs/heads/lost",
        Some("(lost)"),
    ),
    ("objects that are borrowed no more", "rm .git/objects/info/alternates", None),
];

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_a_working_folder_with_work_is_never_removed_whatever_way_it_has_it() {
    let (bench, bare) = bench().await;
    bare.commit("main", &[(".gitignore", "out/\n")], "Ignore");
    let config = config(&bench);
    let mut folders = Vec::new();
    for (n, (what, script, holds)) in (1..).zip(WAYS) {
        let (folder, _) = left(&config, &bare, n).await;
        shell(&folder, script);
        folders.push((*what, folder, *holds));
    }
    // What a runner commits of an agent's work and pushes is not only in the folder any more.
    for (what, script) in [
        ("pushed", "git commit -q --allow-empty -m x5"),
        ("committed by the runner and pushed", "echo y > new.txt; git add new.txt"),
    ] {
        let (folder, start) = left(&config, &bare, 100).await;
        shell(&folder, script);
        let mirror = Mirror::open(&config, &Locks::default(), &bare.path.to_string_lossy())
            .await
            .unwrap();
        let kept = "refs/coord/jobs/x";
        let collected = tree::collect(&mirror, &folder, &start, &author(), "Work", kept, 1_700_000_000, u64::MAX).unwrap();
        assert!(
            matches!(verdict(&disk::look(&config, long_after()), &folder), Verdict::Stays(_)),
            "{what}: not pushed yet"
        );
        mirror
            .push(&format!("coord/{what}").replace(' ', "-"), collected.head, None)
            .await
            .unwrap();
        folders.push((what, folder, None));
    }

    let looked = disk::look(&config, long_after());
    for (what, folder, holds) in &folders {
        match (verdict(&looked, folder), holds) {
            (Verdict::Goes(_), None) => {}
            (Verdict::Stays(why), Some(words)) if why.contains(words) => {}
            (found, _) => panic!("{what}: {found:?} instead of {holds:?}"),
        }
    }
    let cleaned = disk::clean(&config, &Locks::default(), long_after());
    for (what, folder, holds) in &folders {
        assert_eq!(folder.exists(), holds.is_some(), "{what}: {:?}", verdict(&cleaned, folder));
        assert_eq!(matches!(verdict(&cleaned, folder), Verdict::Removed(_)), holds.is_none(), "{what}");
        assert_eq!(
            folder.parent().unwrap().exists(),
            holds.is_some(),
            "{what}: an empty folder of a job goes too"
        );
    }
    let text = disk::told::text(&cleaned, long_after());
    assert!(
        text.contains("Team #1 Try?[31m it") && text.contains("stays: it holds a stash"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
    // The objects that the rest borrows stay too.
    let mirrors: Vec<_> = cleaned.items.iter().filter(|item| item.kind == Kind::Repository).collect();
    assert_eq!(mirrors.len(), 1);
    assert!(
        matches!(&mirrors[0].verdict, Verdict::Stays(why) if why.contains("borrows")),
        "{mirrors:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_age_number_and_free_space_say_what_goes() {
    let (mut bench, bare) = bench().await;
    let before = bench.extra.clone();
    let with = |bench: &mut Bench, lines: &str| {
        bench.extra = format!("{before}[disk]\nkeep_days = 10\nkeep_repositories_days = 20\n{lines}");
        config(bench)
    };
    let plain = with(&mut bench, "least_free_mib = 0\n");
    let mut folders = Vec::new();
    for n in 0..4 {
        folders.push(left(&plain, &bare, n).await.0);
    }
    let in_days = |days: i64| Timestamp(Clock.now().0 + days * 86_400 * 1_000_000);
    let goes = |report: &Report| report.items.iter().filter(|item| matches!(item.verdict, Verdict::Goes(_))).count();
    assert_eq!(goes(&disk::look(&plain, in_days(9))), 0);
    assert_eq!(goes(&disk::look(&plain, in_days(11))), 4);
    let few = with(&mut bench, "least_free_mib = 0\nkeep_worktrees = 1\n");
    let report = disk::look(&few, in_days(1));
    assert_eq!(
        (goes(&report), verdict(&report, &folders[0])),
        (3, Verdict::Goes("there are more than 1 of its kind".to_owned()))
    );
    assert!(
        matches!(verdict(&report, &folders[3]), Verdict::Stays(_)),
        "the one used last stays"
    );
    assert!(report.repositories > 0 && report.worktrees > 0 && report.bytes >= report.repositories + report.worktrees);
    // With no room at all everything goes that can be had again, the repository's objects last.
    let full = with(&mut bench, "least_free_mib = 1000000000000\n");
    assert_eq!(goes(&disk::look(&full, in_days(0))), 4);
    let cleaned = disk::clean(&full, &Locks::default(), in_days(0));
    assert!(
        cleaned.items.iter().all(|item| matches!(item.verdict, Verdict::Removed(_))),
        "{cleaned:#?}"
    );
    assert_eq!(cleaned.items.len(), 5);
    assert_eq!(std::fs::read_dir(full.work_dir().join("repos")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_commits_that_could_not_be_pushed_keep_the_repository_they_are_in() {
    let (bench, bare) = bench().await;
    let config = config(&bench);
    let (folder, start) = left(&config, &bare, 1).await;
    shell(&folder, "echo x > new.txt");
    let mirror = Mirror::open(&config, &Locks::default(), &bare.path.to_string_lossy())
        .await
        .unwrap();
    let head = tree::collect(
        &mirror,
        &folder,
        &start,
        &author(),
        "Work",
        "refs/coord/jobs/x",
        1_700_000_000,
        u64::MAX,
    )
    .unwrap()
    .head;
    std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
    let cleaned = disk::clean(&config, &Locks::default(), long_after());
    assert_eq!(
        verdict(&cleaned, mirror.dir()),
        Verdict::Stays("it holds commits that are not pushed".to_owned())
    );
    mirror.push("coord/1-x", head, None).await.unwrap();
    let cleaned = disk::clean(&config, &Locks::default(), long_after());
    assert!(matches!(verdict(&cleaned, mirror.dir()), Verdict::Removed(_)));
}

fn run(command: &str) -> Value {
    json!({"tool": {"kind": "execute", "title": "run", "run": command}})
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_attempts_share_the_objects_of_their_repository_and_what_is_worked_on_is_not_removed() {
    let (mut bench, bare) = bench().await;
    let noise: String = (0..40_000)
        .map(|n| format!("{:x}\n", n * 2_654_435_761_u64 % 4_294_967_291))
        .collect();
    bare.commit("main", &[("large.txt", &noise)], "Add much");
    bench.extra.push_str("[disk]\nleast_free_mib = 1000000000000\n");
    let runner = bench.runner();
    let script = json!([{"say": "begun"}, run("while [ ! -e go ]; do sleep 0.05; done; rm go; echo 1 > new.txt"), {"say": "done"}]);
    let mut jobs = [job(&bare, script.clone()), job(&bare, script)];
    jobs[1].number = 13;
    let jobs = jobs;
    for job in &jobs {
        bench.server.assign(job.clone());
    }
    let tree = |n: usize| bench.work_dir().join("jobs").join(jobs[n].job.to_string()).join("tree");
    for (n, job) in jobs.iter().enumerate() {
        eventually("both at work", || {
            said(&bench.server.log(job.attempt)).contains("begun") && tree(n).join(".git").exists()
        })
        .await;
    }
    let config = config(&bench);
    // Nothing is short-lived about a job at work, though the disk is said to be full and a hundred days have passed.
    let report = disk::clean(&config, &Locks::default(), long_after());
    assert!(
        report.items.iter().all(|item| matches!(item.verdict, Verdict::Stays(_))),
        "{report:#?}"
    );
    let kinds = |kind| report.items.iter().filter(|item| item.kind == kind).count();
    assert_eq!((kinds(Kind::Repository), kinds(Kind::Worktree)), (1, 2));
    for n in 0..2 {
        let objects = measure::bytes(&tree(n).join(".git/objects"));
        assert!(objects < 64 * 1024, "objects were copied: {objects} bytes");
        std::fs::write(tree(n).join("go"), "").unwrap();
    }
    for job in &jobs {
        let finished = bench.server.finished(job.attempt).await;
        assert_eq!(finished.result, WorkResult::Completed);
    }
    // The folders went with the end of their work.
    eventually("the folders gone", || (0..2).all(|n| !tree(n).exists())).await;
    bench.server.assert_no_faults();
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_a_stash_or_a_branch_that_the_agent_did_not_hand_in_keeps_its_folder_and_the_log_says_so() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let script = "echo 1 > a.txt; git add a.txt; git stash -q; git checkout -qb side; git commit -q --allow-empty -m Side; git checkout -q -; echo 2 > b.txt";
    let first = job(&bare, json!([run(script), {"say": "ok"}]));
    let finished = bench.finish(&first).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let tree = bench.work_dir().join("jobs").join(first.job.to_string()).join("tree");
    let kept = system(&bench.server.log(first.attempt))
        .into_iter()
        .find(|line| line.contains("working folder stays"));
    assert!(
        kept.as_deref()
            .is_some_and(|line| line.contains("not pushed (side)") || line.contains("a stash")),
        "{kept:?}"
    );
    assert!(tree.join("b.txt").exists());
    // The next attempt begins in a fresh folder; the other is kept beside it.
    let finished = bench
        .finish(&revision(
            &first,
            &finished,
            json!([run("test ! -e .git/refs/stash"), {"say": "ok"}]),
        ))
        .await;
    assert_eq!(finished.result, WorkResult::Completed);
    eventually("kept aside", || tree.with_file_name("tree.kept-1").join("b.txt").exists()).await;
    let report = disk::clean(&config(&bench), &Locks::default(), long_after());
    assert!(matches!(verdict(&report, &tree.with_file_name("tree.kept-1")), Verdict::Stays(_)));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_the_command_shows_what_is_kept_and_removes_nothing_while_the_runner_runs() {
    let (bench, bare) = bench().await;
    let (folder, _) = left(&config(&bench), &bare, 7).await;
    let file = bench.config_file();
    let disk = |more: &[&str]| {
        let output = Command::new(PROGRAM)
            .arg("--config")
            .arg(&file)
            .arg("disk")
            .args(more)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (good, text, _) = disk(&[]);
    assert!(
        good && text.contains("Team #7") && text.contains("stays: used in the last 14 days") && text.contains("Nothing has to go."),
        "{text}"
    );
    let (good, text, _) = disk(&["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert!(
        good && report["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["kind"] == "worktree" && item["verdict"] == "stays"),
        "{report:#}"
    );
    let held = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(bench.work_dir().join("lock"))
        .unwrap();
    held.lock().unwrap();
    let (good, _, error) = disk(&["--clean"]);
    assert!(!good && error.contains("nothing was removed") && folder.exists(), "{error}");
    drop(held);
    let old = Command::new("find")
        .arg(bench.work_dir())
        .args(["-exec", "touch", "-h", "-d", "100 days ago", "{}", "+"])
        .status()
        .unwrap();
    assert!(old.success());
    let (good, text, error) = disk(&["--clean"]);
    assert!(
        good && text.contains("removed: not used for 14 days") && text.contains("removed: not used for 90 days"),
        "{text}{error}"
    );
    assert!(!folder.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_8_what_a_dropped_attempt_left_goes_when_it_is_nothing() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    let idle = job(&bare, json!([{"say": "begun"}, {"sleep": 600_000}]));
    bench.server.assign(idle.clone());
    eventually("begun", || said(&bench.server.log(idle.attempt)).contains("begun")).await;
    let dropped = ToRunner::Drop {
        attempt: idle.attempt,
        fence: idle.fence,
        rule: coord_protocol::rule::Rule::Run5,
        detail: "taken over".to_owned(),
    };
    bench.server.with(|stored| stored.claims.clear());
    bench.server.send(dropped);
    let set_aside = bench
        .work_dir()
        .join("attempts")
        .join(format!("{}.fence-{}", idle.attempt, idle.fence));
    eventually("set aside", || set_aside.exists()).await;
    let tree = bench.work_dir().join("jobs").join(idle.job.to_string()).join("tree");
    assert!(tree.exists());
    let report = disk::clean(&config(&bench), &Locks::default(), long_after());
    assert!(!tree.exists() && !set_aside.exists(), "{report:#?}");
    runner.stop().await;
}

/// Not for every run: a hundred thousand files. `cargo test -p coord-runner --test it large_repository -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; prints figures"]
async fn figures_of_a_large_repository() {
    let (mut bench, bare) = bench().await;
    bench.extra.push_str("[timeouts]\ngit_ms = 600000\ninitialize_ms = 60000\n");
    let import = bench.folder.path().join("import");
    let mut text = String::new();
    for file in 0..100_000 {
        let content = format!("file {file}\n{}", format!("{:x}\n", file * 2_654_435_761_u64).repeat(20));
        text.push_str(&format!("blob\nmark :{}\ndata {}\n{content}\n", file + 1, content.len()));
    }
    text.push_str("commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 5\nmuch\n\nfrom refs/heads/main^0\n");
    for file in 0..100_000 {
        text.push_str(&format!("M 100644 :{} d{}/e{}/f{file}.txt\n", file + 1, file % 50, file % 1000));
    }
    std::fs::write(&import, text).unwrap();
    shell(&bare.path, &format!("git fast-import --quiet < {}; git gc -q", import.display()));
    println!("repository: {}", measure::readable(measure::bytes(&bare.path)));
    let runner = bench.runner();
    for attempt in 1..=3 {
        let before = measure::bytes(&bench.work_dir().join("repos"));
        let began = Instant::now();
        let mut job = job(
            &bare,
            json!([{"say": "begun"}, run("while [ ! -e go ]; do sleep 0.05; done; rm go; echo 1 > new.txt"), {"say": "ok"}]),
        );
        job.job = JobId(Uuid::from_u128(number()));
        bench.server.assign(job.clone());
        let tree = bench.work_dir().join("jobs").join(job.job.to_string()).join("tree");
        while !said(&bench.server.log(job.attempt)).contains("begun") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let ready = began.elapsed();
        let fetched = measure::bytes(&bench.work_dir().join("repos")).saturating_sub(before);
        let (objects, all) = (measure::bytes(&tree.join(".git/objects")), measure::bytes(&tree));
        let ending = Instant::now();
        std::fs::write(tree.join("go"), "").unwrap();
        while !bench.server.with(|stored| stored.finished.contains_key(&job.attempt)) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        println!(
            "attempt {attempt}: ready after {ready:.1?}, fetched {}, own objects {}, folder {}, handed in after {:.1?}",
            measure::readable(fetched),
            measure::readable(objects),
            measure::readable(all),
            ending.elapsed()
        );
        bare.commit("main", &[("d1/news.txt", &format!("{attempt}\n"))], "One file more");
    }
    runner.stop().await;
}
