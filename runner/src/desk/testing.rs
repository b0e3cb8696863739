//! Values for tests.

use coord_protocol::{
    id::{AttemptId, JobId, UserId},
    job::{Context, Mode, ToolsPolicy},
    runner::{Assignment, Author},
};
use uuid::Uuid;

/// A plain local job for the scripted agent.
#[must_use]
pub fn assignment(fence: i64) -> Assignment {
    Assignment {
        attempt: AttemptId(Uuid::from_u128(7)),
        attempt_number: 1,
        fence,
        job: JobId(Uuid::from_u128(8)),
        number: 12,
        workspace: "Team".to_owned(),
        title: "Try it".to_owned(),
        description: "Do something.".to_owned(),
        agent: "scripted".to_owned(),
        model: None,
        mode: Mode::Edit,
        tools_policy: ToolsPolicy::RequirePermission,
        context: Context::Local,
        attachments: Vec::new(),
        earlier: Vec::new(),
        dependencies: Vec::new(),
        branch: None,
        resume_session: None,
        author: Author {
            user: UserId(Uuid::from_u128(9)),
            name: "Ann".to_owned(),
            email: "ann@example.org".to_owned(),
        },
    }
}
