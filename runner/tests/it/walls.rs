//! What an agent in its sandbox reaches, and what it does not (RUN-9, AGT-9).

use crate::common::{Bench, PROGRAM, assignment, system};
use coord_protocol::{log::LogBody, runner::WorkResult};
use serde_json::json;
use std::fs;

/// A bench whose agents have a home folder with things in it.
async fn at_home(more: &str) -> Bench {
    let mut bench = Bench::new().await;
    let home = bench.folder.path().join("home");
    for (name, text) in [
        (".ssh/id_ed25519", "PRIVATE-KEY"),
        (".netrc", "PRIVATE-PASSWORD"),
        (".cargo/bin/tool", "#!/bin/sh\necho tool runs\n"),
        ("shared/notes", "shared notes"),
    ] {
        let path = home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    fs::set_permissions(home.join(".cargo/bin/tool"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.extra = format!("{more}\n[env.set]\nSCRIPTED_PACE = \"0.05\"\nHOME = {home:?}\nCOLUMNS = \"80\"\n");
    bench
}

/// What the agent's shell prints.
async fn output(bench: &Bench, run: &str) -> String {
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "look", "run": run}}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    assert_eq!(finished.sandboxed, Some(true));
    let lines = system(&bench.server.log(job.attempt));
    assert!(lines.iter().any(|line| line.starts_with("The agent is sandboxed")), "{lines:?}");
    let contents = bench.server.log(job.attempt).into_iter().filter_map(|entry| match entry.body {
        LogBody::ToolUpdate(update) => update.content,
        _ => None,
    });
    contents.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_a_sandboxed_agent_reaches_its_folder_and_the_system_and_nothing_of_the_runner_or_the_home_folder() {
    let bench = at_home("").await;
    let runner = bench.runner();
    bench.config_file();
    fs::create_dir_all(bench.work_dir().join("jobs/other/work")).unwrap();
    fs::write(bench.work_dir().join("jobs/other/work/theirs"), "PRIVATE-WORK").unwrap();
    // Not in the runner's hands: it would take it up.
    fs::write(bench.work_dir().join("lock"), "PRIVATE-LOCK").unwrap();
    fs::create_dir_all(bench.work_dir().join("attempts/1")).unwrap();
    fs::write(bench.work_dir().join("attempts/1/log.jsonl"), "PRIVATE-LOG").unwrap();
    let base = bench.folder.path().display();
    let look = format!(
        "exec 2>&1; for f in ~/.ssh/id_ed25519 ~/.netrc {base}/runner.toml {base}/work/jobs/other/work/theirs {base}/work/attempts/1/log.jsonl \
         {base}/work/lock; do cat \"$f\"; done; ls ~ {base}/work {base}/work/attempts {base}/work/jobs; \
         echo x > ~/planted; echo x >> ~/.cargo/bin/tool; mkdir {base}/work/jobs/more; echo x > /tmp/planted-{}; ln -s ~/.ssh output/link; cat output/link/id_ed25519",
        crate::common::number()
    );
    let said = output(&bench, &look).await;
    assert!(!said.contains("PRIVATE") && !said.contains("coord_r_test_token"), "{said}");
    assert_eq!(said.matches("ermission denied").count(), said.lines().count(), "{said}");
    assert!(!bench.folder.path().join("home/planted").exists());

    let work = "set -e; echo one > output/a; mkdir -p d/e; mv output/a d/e/b; ln d/e/b output/b; cat output/b; ~/.cargo/bin/tool; cat /etc/hostname > /dev/null; \
                echo tmp > \"$TMPDIR/t\"; mv \"$TMPDIR/t\" output/t; cat output/t; head -c 3 /dev/urandom | wc -c; test -n \"$(ls /usr/bin)\"; echo x > /dev/shm/coord-$$; rm /dev/shm/coord-$$; \
                (sleep 0.1 & kill -9 $!); echo fine";
    assert_eq!(output(&bench, work).await.trim(), "one\ntool runs\ntmp\n3\nfine");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_9_a_sandboxed_agent_neither_looks_into_the_runner_nor_signals_it_nor_another_agent() {
    let bench = at_home("").await;
    let runner = bench.runner();
    let own = std::process::id();
    let other = assignment(json!([{"say": "up"}, {"sleep": 60_000}]));
    bench.server.assign(other.clone());
    bench
        .server
        .entry(other.attempt, "its words", |body| {
            matches!(body, LogBody::Text { .. }).then_some(())
        })
        .await;
    let theirs = coord_runner::agents::process::carriers(other.attempt);
    assert_eq!(theirs.len(), 1);
    let keeper = coord_runner::walls::tree::with_arguments(&["agent-keep", &other.attempt.to_string()])[0];
    for process in [own, theirs[0].unsigned_abs(), keeper.unsigned_abs()] {
        // Linux lets root read the environment of any process, wherever it stands.
        let files = if nix::unistd::geteuid().is_root() {
            "mem"
        } else {
            "environ maps mem"
        };
        let look = format!(
            "for f in {files}; do head -c 1 /proc/{process}/$f 2>&1 && echo READ; done; readlink /proc/{process}/fd/0 /proc/{process}/cwd && echo LINKED; \
             kill -0 {process} 2>&1 && echo SIGNALLED"
        );
        let said = output(&bench, &look).await;
        for bad in ["READ", "LINKED", "SIGNALLED"] {
            assert!(!said.contains(bad), "{process}: {said}");
        }
        assert!(
            said.contains("mem' for reading: Permission denied") && said.contains("not permitted"),
            "{said}"
        );
    }
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_9_each_attempt_has_a_folder_of_its_own_for_what_is_temporary_and_it_is_gone_afterwards() {
    let bench = at_home("").await;
    let runner = bench.runner();
    let said = output(
        &bench,
        "echo x > \"$TMPDIR/x\"; mktemp -d; echo $TMPDIR $TMP $TEMP; ls -A \"$TMPDIR\"",
    )
    .await;
    let tmp = bench.work_dir().join("tmp");
    assert!(said.starts_with(&*tmp.to_string_lossy()), "{said}");
    let again = output(&bench, "ls -A \"$TMPDIR\"").await;
    assert_eq!(again, "", "nothing of another attempt");
    assert_eq!(fs::read_dir(tmp).unwrap().count(), 0);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_the_owner_opens_more_of_the_machine_for_all_or_one_agent() {
    let scripted = format!(
        "[agents.scripted]\ncommand = [{PROGRAM:?}, \"agent-script\"]\nsandbox = {{ write = [\"~/shared\"] }}\n[sandbox]\nread = [\"~/.netrc\"]\n"
    );
    let bench = at_home(&scripted).await;
    let runner = bench.runner();
    let said = output(
        &bench,
        "cat ~/.netrc; echo; echo more >> ~/shared/notes; cat ~/.ssh/id_ed25519 2>&1; echo x 2>&1 >> ~/.netrc",
    )
    .await;
    assert!(said.starts_with("PRIVATE-PASSWORD\n"), "{said}");
    assert_eq!(said.matches("ermission denied").count(), 2, "{said}");
    let notes = fs::read_to_string(bench.folder.path().join("home/shared/notes")).unwrap();
    assert_eq!(notes, "shared notesmore\n");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_connections_are_open_or_limited_to_ports() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected' 2>&1");
    for (ports, reached) in [
        ("", true),
        ("[sandbox]\nconnect_ports = [443]\n", false),
        (&format!("[sandbox]\nconnect_ports = [443, {port}]\n"), true),
    ] {
        let bench = at_home(ports).await;
        let runner = bench.runner();
        let said = output(&bench, &connect).await;
        assert_eq!(said.contains("connected"), reached, "{ports}: {said}");
        runner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_a_sandbox_that_is_switched_off_is_told() {
    let bench = at_home("[sandbox]\nmode = \"off\"\n").await;
    let runner = bench.runner();
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "look", "run": "cp ~/.netrc output/netrc"}}]));
    let finished = bench.finish(&job).await;
    assert_eq!((finished.result, finished.sandboxed), (WorkResult::Completed, Some(false)));
    let lines = system(&bench.server.log(job.attempt));
    assert!(
        lines.contains(&"The agent is not sandboxed: the owner of this runner switched the sandbox off".to_owned()),
        "{lines:?}"
    );
    assert!(bench.server.with(|stored| stored.uploads.contains_key("deliverables/netrc")));
    runner.stop().await;
}
