//! Who decides about a tool call: the runner's owner, plan mode, the job's policy, or people (AGT-2, AGT-3). Pure.

use crate::config::Policy;
use coord_protocol::{job::ToolsPolicy, log::ToolKind};

/// What is asked, and under which circumstances.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Kind of tool.
    pub tool: ToolKind,
    /// The tool call's title.
    pub title: &'a str,
    /// Whether the attempt is in plan mode and no plan is accepted yet.
    pub planning: bool,
    /// The job's policy.
    pub policy: ToolsPolicy,
    /// Whether a person said "always in this attempt" to this kind of tool.
    pub always: bool,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The runner says yes at once.
    Allow,
    /// The runner says no at once, for this reason.
    Reject(&'static str),
    /// People decide.
    Ask,
}

/// Decides. The order is the order of who has the last word.
#[must_use]
pub fn decide(facts: Facts<'_>, owner: &Policy) -> Verdict {
    if facts.planning {
        match facts.tool {
            ToolKind::Edit | ToolKind::Delete | ToolKind::Move | ToolKind::Execute => {
                return Verdict::Reject("no plan is accepted yet; the agent may not change anything");
            }
            ToolKind::Read | ToolKind::Search | ToolKind::Think | ToolKind::Fetch => {}
            // What it does is not known, so a person looks at it whatever the job's policy.
            ToolKind::SwitchMode | ToolKind::Other => return Verdict::Ask,
        }
    }
    let title = facts.title.to_lowercase();
    let watched = owner.always_ask.contains(&facts.tool)
        || owner
            .always_ask_matching
            .iter()
            .any(|words| !words.is_empty() && title.contains(&words.to_lowercase()));
    if watched {
        return Verdict::Ask;
    }
    match facts.policy {
        ToolsPolicy::ApproveAll => Verdict::Allow,
        ToolsPolicy::RequirePermission if facts.always => Verdict::Allow,
        ToolsPolicy::RequirePermission => Verdict::Ask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(tool: ToolKind) -> Facts<'static> {
        Facts {
            tool,
            title: "rm -rf build",
            planning: false,
            policy: ToolsPolicy::RequirePermission,
            always: false,
        }
    }

    #[test]
    fn agt_3_people_decide_unless_the_policy_or_they_said_otherwise() {
        let owner = Policy::default();
        assert_eq!(decide(facts(ToolKind::Edit), &owner), Verdict::Ask);
        let always = Facts {
            always: true,
            ..facts(ToolKind::Edit)
        };
        assert_eq!(decide(always, &owner), Verdict::Allow);
        let all = Facts {
            policy: ToolsPolicy::ApproveAll,
            ..facts(ToolKind::Edit)
        };
        assert_eq!(decide(all, &owner), Verdict::Allow);
    }

    #[test]
    fn agt_2_nothing_changes_before_a_plan_is_accepted_even_with_approve_all() {
        for tool in [ToolKind::Edit, ToolKind::Delete, ToolKind::Move, ToolKind::Execute] {
            let facts = Facts {
                planning: true,
                policy: ToolsPolicy::ApproveAll,
                always: true,
                ..facts(tool)
            };
            assert!(matches!(decide(facts, &Policy::default()), Verdict::Reject(_)), "{tool:?}");
        }
        let other = Facts {
            planning: true,
            policy: ToolsPolicy::ApproveAll,
            ..facts(ToolKind::Other)
        };
        assert_eq!(decide(other, &Policy::default()), Verdict::Ask);
        let read = Facts {
            planning: true,
            policy: ToolsPolicy::ApproveAll,
            ..facts(ToolKind::Read)
        };
        assert_eq!(decide(read, &Policy::default()), Verdict::Allow);
    }

    #[test]
    fn run_9_what_the_owner_watches_needs_a_person_whatever_the_job_says() {
        let by_kind = Policy {
            always_ask: vec![ToolKind::Execute],
            ..Policy::default()
        };
        let by_words = Policy {
            always_ask_matching: vec!["RM -rf".to_owned()],
            ..Policy::default()
        };
        let facts = Facts {
            policy: ToolsPolicy::ApproveAll,
            always: true,
            ..facts(ToolKind::Execute)
        };
        assert_eq!(decide(facts, &by_kind), Verdict::Ask);
        assert_eq!(decide(facts, &by_words), Verdict::Ask);
        assert_eq!(decide(Facts { title: "ls", ..facts }, &by_words), Verdict::Allow);
    }
}
