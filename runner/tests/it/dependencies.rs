//! What the jobs before one left, in its agent's folder and words.

use crate::common::{Bench, assignment, failed, file_id, said, system};
use coord_protocol::{
    attempt::FailureReason,
    log::LogBody,
    runner::{Handover, InputFile, WorkResult},
};
use serde_json::json;
use sha2::{Digest, Sha256};

fn file(bench: &Bench, name: &str, content: &[u8]) -> InputFile {
    let id = file_id();
    bench.server.with(|stored| stored.files.insert(id.to_string(), content.to_vec()));
    InputFile {
        id,
        name: name.to_owned(),
        size: content.len() as i64,
        sha256: Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn handover(number: i64, files: Vec<InputFile>) -> Handover {
    Handover {
        number,
        title: "Collect".to_owned(),
        summary: Some("Collected.".to_owned()),
        branch: None,
        files,
        files_left_out: 0,
    }
}

fn outputs(log: &[coord_protocol::log::LogEntry]) -> String {
    log.iter()
        .filter_map(|entry| match &entry.body {
            LogBody::ToolUpdate(update) => update.content.clone(),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dep_7_files_of_the_jobs_before_are_in_the_folder_before_the_agent_starts() {
    let bench = Bench::with("[policy]\nmax_attachment_bytes = 10\n").await;
    let runner = bench.runner();
    let script = json!([
        {"tool": {"kind": "execute", "title": "look", "run": "cat dependencies/3/data.csv dependencies/5/data.csv; ls -R dependencies"}},
        {"say": "ok"}
    ]);
    let mut job = assignment(script);
    let gone = InputFile {
        id: file_id(),
        ..file(&bench, "gone.txt", b"x")
    };
    job.dependencies = vec![
        handover(3, vec![file(&bench, "data.csv", b"a,b,"), file(&bench, "../../evil", b"x")]),
        handover(5, vec![file(&bench, "data.csv", b"c"), file(&bench, "large.bin", &[0; 11]), gone]),
        handover(6, vec![]),
    ];
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    let output = outputs(&log);
    assert!(output.contains("a,b,c"), "{output}");
    for never in ["evil", "large.bin", "gone.txt"] {
        assert!(!output.contains(never), "{never} in {output}");
    }
    let lines = system(&log);
    assert!(lines.iter().any(|line| line == "Passed on from job #3: data.csv"), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("gone.txt of job #5 could not be fetched")),
        "{lines:?}"
    );
    assert!(!bench.folder.path().join("evil").exists());
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dep_7_a_damaged_file_of_a_job_before_ends_the_attempt() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let mut job = assignment(json!([{"say": "never"}]));
    let damaged = InputFile {
        sha256: "0".repeat(64),
        ..file(&bench, "data.csv", b"a,b,c")
    };
    job.dependencies = vec![handover(3, vec![damaged])];
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Other);
    assert!(detail.contains("data.csv") && detail.contains("SHA-256"), "{detail}");
    assert_eq!(said(&bench.server.log(job.attempt)), "");
    runner.stop().await;
}
