//! Claude Code.

use super::{Rig, scenarios};
use coord_protocol::attempt::FailureReason;

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
    scenarios::allowed(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_claude_hears_the_words_of_a_refusal() {
    scenarios::denied_with_words(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_claude_is_allowed_always_in_one_attempt() {
    scenarios::always_in_this_attempt(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_2_claude_changes_nothing_before_its_plan_is_accepted() {
    scenarios::plan_mode_holds(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_4_claude_asks_and_hears_the_answer() {
    scenarios::question_answered(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_7_claude_killed_in_mid_tool_goes_on_in_its_session() {
    scenarios::killed_and_resumed(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_6_claude_told_to_stop_ends_its_command_first() {
    scenarios::stopped_gracefully(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_7_claude_tells_errors_of_its_model_as_what_they_are() {
    let cases = [
        (401, FailureReason::NotSignedIn, "sign in"),
        (429, FailureReason::RateLimited, "too many requests"),
        (529, FailureReason::ServiceError, ""),
    ];
    scenarios::failures_are_told(rig().await, &cases).await;
}
