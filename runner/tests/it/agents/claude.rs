//! Claude Code.

use super::Rig;
use crate::common::{asked, choose, said};
use coord_protocol::{request::RequestKind, runner::WorkResult};
use serde_json::json;

async fn rig() -> Rig {
    let env = |model: &str| {
        vec![
            ("ANTHROPIC_BASE_URL", model.to_owned()),
            ("ANTHROPIC_API_KEY", "dummy".to_owned()),
            ("CLAUDE_CONFIG_DIR", "~/.claude".to_owned()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
            ("CLAUDE_CODE_MAX_RETRIES", "1".to_owned()),
        ]
    };
    Rig::new("claude", env, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_claude_edits_a_file_after_a_person_allowed_it() {
    let rig = rig().await;
    let runner = rig.runner();
    rig.bench.server.answer(|_| Some(choose("allow")));
    let job = rig.job(json!([{"write": {"path": "output/a.txt", "text": "written\n"}}, {"say": "It is written."}]));
    let finished = rig.bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = rig.bench.server.log(job.attempt);
    let requests = asked(&log);
    assert_eq!(requests.len(), 1, "{requests:#?}");
    assert_eq!(requests[0].0.kind, RequestKind::Permission);
    assert_eq!(said(&log), "It is written.");
    assert_eq!(std::fs::read_to_string(rig.folder(&job).join("output/a.txt")).unwrap(), "written\n");
    assert_eq!((finished.usage.input_tokens, finished.usage.output_tokens), (2000, 20));
    assert_eq!(rig.model.steps().len(), 2);
    rig.end(runner).await;
}
