//! Gemini CLI.

use super::{Rig, scenarios};
use coord_protocol::attempt::FailureReason;

/// Its settings, as its user would have them who signed in with a key and wants nothing told.
const SETTINGS: &str = r#"{
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": false},
    "general": {"enableAutoUpdate": false, "maxAttempts": 1},
    "model": {"name": "gemini-2.5-pro"}
}"#;

async fn rig() -> Rig {
    let env = |model: &str| vec![("GEMINI_API_KEY", "dummy".to_owned()), ("GOOGLE_GEMINI_BASE_URL", model.to_owned())];
    Rig::new("gemini", env, &[(".gemini/settings.json", SETTINGS.to_owned())]).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_gemini_edits_a_file_after_a_person_allowed_it() {
    scenarios::allowed(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_gemini_hears_the_words_of_a_refusal() {
    scenarios::denied_with_words(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_3_gemini_is_allowed_always_in_one_attempt() {
    scenarios::always_in_this_attempt(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_2_gemini_changes_nothing_before_its_plan_is_accepted() {
    scenarios::plan_mode_holds(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_4_gemini_asks_with_the_runners_tool_and_hears_the_answer() {
    scenarios::question_answered(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_7_gemini_killed_in_mid_tool_goes_on_in_its_session() {
    scenarios::killed_and_resumed(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_6_gemini_told_to_stop_ends_its_command_first() {
    scenarios::stopped_gracefully(rig().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the agents' packages: cargo xtask test --only agents-test"]
async fn agt_7_gemini_tells_errors_of_its_model_as_what_they_are() {
    let cases = [
        (401, FailureReason::NotSignedIn, "sign in"),
        (429, FailureReason::RateLimited, "too many requests"),
        (500, FailureReason::ServiceError, "a fault"),
    ];
    scenarios::failures_are_told(rig().await, &cases).await;
}
