//! `coord-runner agents`, and what the server learns of agents.

use crate::common::{Bench, PROGRAM, eventually};
use serde_json::Value;
use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

fn script(folder: &Path, name: &str, steps: &str) -> String {
    let file = folder.join(format!("{name}.json"));
    std::fs::write(&file, steps).unwrap();
    format!("[agents.{name}]\ncommand = [{PROGRAM:?}, \"agent-script\", {file:?}]\n")
}

fn agents(bench: &Bench, more: &[&str]) -> String {
    let output = Command::new(PROGRAM)
        .arg("--config")
        .arg(bench.config_file())
        .arg("agents")
        .args(more)
        // Of the agents that this machine happens to have nothing is to be seen.
        .env("PATH", bench.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn agt_1_agents_are_tried_and_each_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let locked = script(folder.path(), "locked", "[{\"auth_required\": true}]");
    let silent = script(folder.path(), "silent", "[{\"slow_init\": 60000}]");
    let extra = format!(
        "{locked}{silent}[agents.odd]\ncommand = [\"/bin/sh\", \"-c\", \"echo hello; exit 3\"]\n[timeouts]\ninitialize_ms = 5000\nexit_ms = 500\n\
         [policy]\nagents = [\"scripted\", \"locked\", \"silent\", \"odd\", \"claude\"]\n"
    );
    let bench = Bench::with(&extra).await;
    let reports: Vec<Value> = serde_json::from_str(&agents(&bench, &["--json"])).unwrap();
    let of = |name: &str| reports.iter().find(|report| report["name"] == name).unwrap();
    let standing = |name: &str| of(name)["standing"].as_str().unwrap().to_owned();
    assert_eq!(
        (standing("scripted"), standing("locked")),
        ("ready".to_owned(), "not_signed_in".to_owned())
    );
    assert_eq!((standing("silent"), standing("odd")), ("broken".to_owned(), "broken".to_owned()));
    assert_eq!(
        (standing("claude"), standing("codex")),
        ("not_found".to_owned(), "not_offered".to_owned())
    );
    assert_eq!(of("scripted")["version"], env!("CARGO_PKG_VERSION"));
    assert!(of("claude")["advice"].as_str().unwrap().starts_with("npm install --global @"));
    assert!(of("silent")["problem"].as_str().unwrap().contains("did not answer within 5 s"));
    assert!(!bench.work_dir().join("trials").exists(), "nothing is left of the trial");
    let text = agents(&bench, &[]);
    assert!(
        text.contains("scripted     ready 0.") && text.contains("locked       not signed in"),
        "{text}"
    );
}

#[tokio::test]
async fn run_1_versions_of_agents_reach_the_server_and_a_program_is_asked_once() {
    let folder = tempfile::tempdir().unwrap();
    let (program, count) = (folder.path().join("counted"), folder.path().join("count"));
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho once >> {count:?}\nexec {PROGRAM:?} agent-script\n"),
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let bench = Bench::with(&format!("[agents.counted]\ncommand = [{program:?}]\n")).await;
    for _ in 0..2 {
        bench.server.with(|stored| stored.agents.clear());
        let mut runner = Command::new(PROGRAM)
            .arg("--config")
            .arg(bench.config_file())
            .args(["run", "--no-ui"])
            .env("PATH", "/usr/bin:/bin")
            .spawn()
            .unwrap();
        eventually("its version at the server", || {
            bench.server.with(|stored| {
                let counted = stored.agents.iter().find(|agent| agent.name == "counted");
                counted.is_some_and(|agent| agent.version.as_deref() == Some(env!("CARGO_PKG_VERSION")))
            })
        })
        .await;
        let id = nix::unistd::Pid::from_raw(i32::try_from(runner.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(runner.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_to_string(count).unwrap(), "once\n");
}
