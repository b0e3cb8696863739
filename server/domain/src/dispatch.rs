//! Which runner takes which job next (JOB-10, RUN-2, RUN-3, RUN-6).

use crate::job::{ANY_AGENT, Job, State};
use coord_protocol::{
    id::{RunnerId, UserId},
    job::{Context, Obstacle, Priority, Routing},
    runner::Serves,
    time::Timestamp,
};

/// Waiting this long is worth one step of priority, so that low priority does not starve.
const AGING_MS: i64 = 15 * 60 * 1000;

/// A runner as the queue sees it, in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The runner.
    pub id: RunnerId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// Whether others' jobs may use it.
    pub shared: bool,
    /// Connected.
    pub online: bool,
    /// Connected, and about to stop.
    pub stopping: bool,
    /// Switched off in this workspace, or its owner may not offer runners here.
    pub disabled: bool,
    /// Agents it has.
    pub agents: Vec<String>,
    /// Slots not taken.
    pub free: u32,
}

/// Greater is taken first: priority, then age, with waiting raising priority.
#[must_use]
pub fn urgency(priority: Priority, since: Timestamp, now: Timestamp) -> i64 {
    let rank = match priority {
        Priority::NoRush => 0,
        Priority::Low => 1,
        Priority::Medium => 2,
        Priority::High => 3,
        Priority::Vip => 4,
    };
    rank * AGING_MS + now.ms_since(since)
}

/// Why this runner does not take the job, slots aside; `None` when it may. What connecting would not change is told before that it is
/// not connected: nobody should start a runner that is not asked for.
/// `owner_sees` says whether the runner's owner may see the job: a private one is offered to nobody else (ACC-4). `serves` says whether
/// the configuration on the runner's machine lets it serve the job, as far as it was told (RUN-9, [`may_serve`]).
#[must_use]
pub fn obstacle(job: &Job, runner: &Candidate, owner_sees: bool, serves: bool) -> Option<Obstacle> {
    let spec = job.agentic()?;
    let mine = runner.owner == job.submitter;
    let in_team = job.access.owner == runner.owner || job.access.team.iter().any(|member| member.user == runner.owner);
    let refused = match spec.routing {
        Routing::Mine => (!mine).then_some(Obstacle::Routing),
        Routing::Team if !in_team => Some(Obstacle::Routing),
        Routing::Team | Routing::Any => (!mine && !runner.shared).then_some(Obstacle::NotShared),
        Routing::Runner(id) if id != runner.id => Some(Obstacle::Routing),
        Routing::Runner(_) => (!mine && !runner.shared).then_some(Obstacle::NotShared),
    };
    if refused.is_some() {
        return refused;
    }
    if !owner_sees {
        return Some(Obstacle::NotShared);
    }
    if runner.disabled {
        return Some(Obstacle::Disabled);
    }
    if !serves {
        return Some(Obstacle::Policy);
    }
    if !runner.online {
        return Some(Obstacle::Offline);
    }
    if runner.stopping {
        return Some(Obstacle::Stopping);
    }
    // A merge is made by the runner itself, whatever agents it has.
    let merges = matches!(job.state, State::AwaitingReview { .. });
    let has_agent = if spec.agent == ANY_AGENT {
        !runner.agents.is_empty()
    } else {
        runner.agents.contains(&spec.agent)
    };
    if !merges && !has_agent {
        return Some(Obstacle::WrongAgent);
    }
    None
}

/// Whether a machine's configuration lets it serve a job of this workspace for the person with this address.
#[must_use]
pub fn may_serve(job: &Job, serves: &Serves, workspace: &str, email: &str) -> bool {
    let repository = match job.agentic().map(|spec| &spec.context) {
        Some(Context::Repository { url, .. }) => serves.repository(url),
        Some(Context::Local) | None => true,
    };
    repository && serves.asked_by(workspace, email)
}

/// Who asks a runner for the work: who submitted the job, or approved its merge.
#[must_use]
pub const fn asks(job: &Job) -> UserId {
    match &job.state {
        State::AwaitingReview { merge: Some(merge) } => merge.by,
        _ => job.submitter,
    }
}

/// The agent a runner starts for the job: the one named, or its first for `any`.
#[must_use]
pub fn agent_for(job: &Job, runner: &Candidate) -> Option<String> {
    let spec = job.agentic()?;
    if spec.agent == ANY_AGENT {
        runner.agents.first().cloned()
    } else {
        Some(spec.agent.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::testing::{OWNER, STRANGER, an_agentic_job};

    fn runner(owner: UserId) -> Candidate {
        let id = RunnerId(uuid::Uuid::from_u128(77));
        Candidate {
            id,
            name: "laptop".into(),
            owner,
            shared: false,
            online: true,
            stopping: false,
            disabled: false,
            agents: vec!["claude".into()],
            free: 1,
        }
    }

    fn routed(routing: Routing) -> Job {
        let mut job = an_agentic_job();
        if let crate::job::Kind::Agentic(spec) = &mut job.kind {
            spec.routing = routing;
        }
        job
    }

    #[test]
    fn job_10_priority_first_then_age_and_waiting_raises() {
        let at = |minutes: i64| Timestamp(0).plus_ms(minutes * 60_000);
        let now = at(60);
        assert!(urgency(Priority::High, at(59), now) > urgency(Priority::Low, at(45), now));
        assert!(urgency(Priority::Low, at(10), now) > urgency(Priority::Low, at(20), now));
        assert!(
            urgency(Priority::NoRush, at(0), at(61)) > urgency(Priority::Vip, at(61), at(61)),
            "an hour of waiting beats any priority"
        );
    }

    #[test]
    fn job_9_what_connecting_would_not_change_is_told_first() {
        let offline = |owner| Candidate {
            online: false,
            ..runner(owner)
        };
        let elsewhere = Routing::Runner(RunnerId(uuid::Uuid::from_u128(78)));
        assert_eq!(obstacle(&routed(elsewhere), &offline(OWNER), true, true), Some(Obstacle::Routing));
        assert_eq!(
            obstacle(&routed(Routing::Any), &offline(STRANGER), true, true),
            Some(Obstacle::NotShared)
        );
        assert_eq!(
            obstacle(&routed(Routing::Mine), &offline(OWNER), true, true),
            Some(Obstacle::Offline)
        );
    }

    #[test]
    fn run_2_mine_means_the_submitters_own() {
        assert_eq!(obstacle(&routed(Routing::Mine), &runner(OWNER), true, true), None);
        assert_eq!(
            obstacle(
                &routed(Routing::Mine),
                &Candidate {
                    shared: true,
                    ..runner(STRANGER)
                },
                true,
                true
            ),
            Some(Obstacle::Routing)
        );
    }

    #[test]
    fn run_2_team_means_shared_runners_of_the_team() {
        let mut job = routed(Routing::Team);
        let shared = Candidate {
            shared: true,
            ..runner(STRANGER)
        };
        assert_eq!(obstacle(&job, &shared, true, true), Some(Obstacle::Routing));
        job.access.team.push(coord_protocol::job::TeamMember {
            user: STRANGER,
            role: coord_protocol::job::TeamRole::Editor,
        });
        assert_eq!(obstacle(&job, &shared, true, true), None);
        assert_eq!(obstacle(&job, &runner(STRANGER), true, true), Some(Obstacle::NotShared));
    }

    #[test]
    fn run_2_any_and_a_named_runner_still_need_sharing() {
        for routing in [Routing::Any, Routing::Runner(runner(STRANGER).id)] {
            assert_eq!(obstacle(&routed(routing), &runner(STRANGER), true, true), Some(Obstacle::NotShared));
            assert_eq!(
                obstacle(
                    &routed(routing),
                    &Candidate {
                        shared: true,
                        ..runner(STRANGER)
                    },
                    true,
                    true
                ),
                None
            );
        }
        let elsewhere = Routing::Runner(RunnerId(uuid::Uuid::from_u128(1)));
        assert_eq!(obstacle(&routed(elsewhere), &runner(OWNER), true, true), Some(Obstacle::Routing));
    }

    #[test]
    fn run_3_offline_disabled_and_wrong_agent_are_told_apart() {
        let job = routed(Routing::Mine);
        assert_eq!(
            obstacle(
                &job,
                &Candidate {
                    online: false,
                    ..runner(OWNER)
                },
                true,
                true
            ),
            Some(Obstacle::Offline)
        );
        assert_eq!(
            obstacle(
                &job,
                &Candidate {
                    disabled: true,
                    ..runner(OWNER)
                },
                true,
                true
            ),
            Some(Obstacle::Disabled)
        );
        assert_eq!(
            obstacle(
                &job,
                &Candidate {
                    agents: vec!["codex".into()],
                    ..runner(OWNER)
                },
                true,
                true
            ),
            Some(Obstacle::WrongAgent)
        );
    }

    #[test]
    fn run_9_what_the_machines_owner_keeps_out_is_told_also_of_a_runner_that_is_away() {
        let job = routed(Routing::Mine);
        for online in [true, false] {
            let runner = Candidate { online, ..runner(OWNER) };
            assert_eq!(obstacle(&job, &runner, true, false), Some(Obstacle::Policy));
        }
        let serves = Serves {
            workspaces: vec!["Team".into()],
            ..Serves::default()
        };
        assert!(may_serve(&job, &serves, "Team", "ann@example.org") && !may_serve(&job, &serves, "Other", "ann@example.org"));
    }

    #[test]
    fn run_7_a_runner_that_is_about_to_stop_is_told_from_one_that_is_away() {
        let stopping = Candidate {
            stopping: true,
            ..runner(OWNER)
        };
        assert_eq!(obstacle(&routed(Routing::Mine), &stopping, true, true), Some(Obstacle::Stopping));
    }

    #[test]
    fn acc_4_a_private_job_is_offered_only_where_the_runners_owner_sees_it() {
        let shared = Candidate {
            shared: true,
            ..runner(STRANGER)
        };
        assert_eq!(obstacle(&routed(Routing::Any), &shared, false, true), Some(Obstacle::NotShared));
    }
}
