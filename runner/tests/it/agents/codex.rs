//! Codex.

use super::{Rig, scenarios};
use coord_protocol::attempt::FailureReason;

/// Its settings, as its user would have them who has a model server of their own.
const SETTINGS: &str = r#"
model = "gpt-5.5"
model_provider = "rig"
check_for_update_on_startup = false
[analytics]
enabled = false
[feedback]
enabled = false
[features]
plugins = false
apps = false
default_mode_request_user_input = true
[model_providers.rig]
name = "rig"
base_url = "MODEL/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
supports_websockets = false
request_max_retries = 1
stream_max_retries = 0
"#;

async fn rig() -> Rig {
    let env = |_: &str| vec![("OPENAI_API_KEY", "dummy".to_owned()), ("CODEX_HOME", "~/.codex".to_owned())];
    Rig::new("codex", env, &[(".codex/config.toml", SETTINGS.to_owned())]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_codex_edits_a_file_after_a_person_allowed_it() {
    scenarios::allowed(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_codex_hears_the_words_of_a_refusal() {
    scenarios::denied_with_words(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_codex_is_allowed_always_in_one_attempt() {
    scenarios::always_in_this_attempt(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_2_codex_changes_nothing_before_its_plan_is_accepted() {
    scenarios::plan_mode_holds(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_4_codex_asks_and_hears_the_answer() {
    scenarios::question_answered(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_7_codex_killed_in_mid_tool_goes_on_in_its_session() {
    scenarios::killed_and_resumed(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_6_codex_told_to_stop_ends_its_command_first() {
    scenarios::stopped_gracefully(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_7_codex_tells_errors_of_its_model_as_what_they_are() {
    let cases = [
        (401, FailureReason::NotSignedIn, "sign in"),
        (429, FailureReason::RateLimited, "429"),
        (500, FailureReason::ServiceError, "high demand"),
    ];
    scenarios::failures_are_told(rig().await, &cases).await;
}
