//! What a runner reports is cut to size before it is kept: everybody who looks at the job is sent it (INV-8).

use coord_domain::{lifecycle::Report, validate::is_branch_name};
use coord_protocol::{
    attempt::{BranchReport, MergeCheck, Usage},
    runner::{AgentInfo, MergeResult, WorkResult},
};

/// Longest summary of an attempt, or words about a failure, in bytes.
const MAX_WORDS: usize = 16 * 1024;

/// Longest name of a model, path in conflict or first line of a commit, in bytes.
const MAX_LINE: usize = 1024;

/// Longest id of an agent's session in bytes. One that is longer is left out, since a part of it is no id.
const MAX_SESSION: usize = 4096;

/// Most commits told of a branch.
const MAX_COMMITS: usize = 200;

/// Most paths in conflict.
const MAX_PATHS: usize = 1000;

/// Most files named that agents obey.
const MAX_AGENT_FILES: usize = 50;

/// Most agents, and bytes of a name or version: everybody in the workspace is sent them with each change of the runner.
const MOST_AGENTS: usize = 50;

/// Most things told that an agent cannot do.
const MOST_LIMITS: usize = 16;
const MOST_NAME: usize = 200;

/// Branches of jobs begin so (AGT-8). A runner that names another would have it merged, or deleted, by whoever holds the key to it.
const BRANCHES: &str = "coord/";

/// Most tokens, milliseconds and dollars believed: sums of a great many attempts stay within the range of their types.
const MOST: i64 = 1_000_000_000_000;
const MOST_DOLLARS: f64 = 1_000_000.0;

/// Whether a runner tells of no more agents than everybody can be sent.
pub fn agents_are_few(agents: &[AgentInfo]) -> bool {
    let short = |agent: &AgentInfo| agent.name.len() <= MOST_NAME && agent.version.as_ref().is_none_or(|text| text.len() <= MOST_NAME);
    let few = |agent: &AgentInfo| agent.limits.len() <= MOST_LIMITS;
    agents.len() <= MOST_AGENTS && agents.iter().all(|agent| short(agent) && few(agent))
}

pub(super) fn report(report: Report) -> Report {
    Report {
        summary: report.summary.map(|text| shortened(text, MAX_WORDS)),
        usage: usage(report.usage),
        branch: report.branch.and_then(branch),
        session: report.session.filter(|id| id.len() <= MAX_SESSION),
        model: report.model.map(|name| shortened(name, MAX_LINE)),
        sandboxed: report.sandboxed,
    }
}

pub(super) fn result(result: WorkResult) -> WorkResult {
    match result {
        WorkResult::Failed { reason, detail, retry_at } => WorkResult::Failed {
            reason,
            detail: shortened(detail, MAX_WORDS),
            retry_at: retry_at.filter(|at| at.0 >= 0),
        },
        WorkResult::RepositoryUnreachable { detail } => WorkResult::RepositoryUnreachable {
            detail: shortened(detail, MAX_WORDS),
        },
        WorkResult::Completed | WorkResult::Stopped => result,
    }
}

pub(super) fn merged(result: MergeResult) -> MergeResult {
    match result {
        MergeResult::Done { commit } => MergeResult::Done {
            commit: commit.filter(|id| is_commit(id)),
        },
        MergeResult::Conflict { mut paths } => {
            paths.truncate(MAX_PATHS);
            MergeResult::Conflict {
                paths: paths.into_iter().map(|path| shortened(path, MAX_LINE)).collect(),
            }
        }
        MergeResult::Failed { detail } => MergeResult::Failed {
            detail: shortened(detail, MAX_WORDS),
        },
    }
}

/// A branch that cannot be one of a job's is left out: there is nothing to merge then.
fn branch(mut branch: BranchReport) -> Option<BranchReport> {
    let sound = branch.name.starts_with(BRANCHES)
        && is_branch_name(&branch.name)
        && is_commit(&branch.base_commit)
        && is_commit(&branch.head_commit);
    if !sound {
        tracing::warn!("a runner reported a branch that no job of ours can have; it is left out");
        return None;
    }
    branch.commits.truncate(MAX_COMMITS);
    branch.commits.retain(|commit| is_commit(&commit.id));
    for commit in &mut branch.commits {
        commit.subject = shortened(std::mem::take(&mut commit.subject), MAX_LINE);
    }
    branch.agent_files.truncate(MAX_AGENT_FILES);
    for path in &mut branch.agent_files {
        *path = shortened(std::mem::take(path), MAX_LINE);
    }
    branch.merge_check = branch.merge_check.and_then(|check| merge_check(*check)).map(Box::new);
    Some(branch)
}

fn merge_check(mut check: MergeCheck) -> Option<MergeCheck> {
    if !is_branch_name(&check.base_branch) || !is_commit(&check.base_commit) {
        return None;
    }
    check.conflicts.truncate(MAX_PATHS);
    check.conflicts = check.conflicts.into_iter().map(|path| shortened(path, MAX_LINE)).collect();
    Some(check)
}

/// A hexadecimal id: SHA-1 or SHA-256.
fn is_commit(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn usage(usage: Usage) -> Usage {
    Usage {
        input_tokens: usage.input_tokens.clamp(0, MOST),
        output_tokens: usage.output_tokens.clamp(0, MOST),
        cost_usd: usage.cost_usd.filter(|cost| (0.0..=MOST_DOLLARS).contains(cost)),
        wall_ms: usage.wall_ms.clamp(0, MOST),
    }
}

fn shortened(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::attempt::Commit;

    fn of(name: &str) -> BranchReport {
        BranchReport {
            name: name.to_owned(),
            base_commit: "a".repeat(40),
            head_commit: "b".repeat(40),
            pushed: true,
            commits: vec![
                Commit {
                    id: "c".repeat(40),
                    subject: "ü".repeat(100_000),
                };
                5000
            ],
            files_changed: 1,
            insertions: 1,
            deletions: 1,
            merge_check: Some(Box::new(MergeCheck {
                base_branch: "main".to_owned(),
                base_commit: "d".repeat(40),
                conflicts: vec!["ü".repeat(100_000); 5000],
            })),
            agent_files: vec!["x".repeat(9_000); 80],
        }
    }

    fn kept(branch: BranchReport) -> Option<BranchReport> {
        let told = Report {
            branch: Some(branch),
            ..Report::default()
        };
        report(told).branch
    }

    #[test]
    fn inv_8_a_report_is_cut_to_size() {
        let told = Report {
            summary: Some("ü".repeat(1_000_000)),
            usage: Usage {
                input_tokens: i64::MAX,
                output_tokens: i64::MIN,
                cost_usd: Some(1e308),
                wall_ms: -1,
            },
            branch: Some(of("coord/1-x")),
            session: Some("s".repeat(1_000_000)),
            model: Some("m".repeat(1_000_000)),
            sandboxed: Some(true),
        };
        let kept = report(told);
        assert_eq!(
            kept.usage,
            Usage {
                input_tokens: MOST,
                ..Usage::default()
            }
        );
        assert!(
            kept.summary
                .is_some_and(|text| text.len() <= MAX_WORDS && text.len() > MAX_WORDS - 4)
        );
        assert_eq!(kept.session, None);
        let branch = kept.branch.unwrap();
        assert!(branch.commits.len() == MAX_COMMITS && branch.commits[0].subject.len() <= MAX_LINE);
        let check = branch.merge_check.unwrap();
        assert!(check.conflicts.len() == MAX_PATHS && check.conflicts[0].len() <= MAX_LINE);
        assert!(branch.agent_files.len() == MAX_AGENT_FILES && branch.agent_files[0].len() == MAX_LINE);
        assert!(
            usage(Usage {
                cost_usd: Some(f64::NAN),
                ..Usage::default()
            })
            .cost_usd
            .is_none()
        );
    }

    #[test]
    fn agt_8_only_a_branch_of_a_job_is_believed() {
        assert!(kept(of("coord/1-fix")).is_some());
        for name in [
            "main",
            "release/1",
            "coord",
            "coord/../main",
            "coord/a b",
            "--mirror",
            "refs/heads/main",
            "Coord/1",
        ] {
            assert!(kept(of(name)).is_none(), "{name}");
        }
        let head_commit = "--upload-pack=x".to_owned();
        assert!(
            kept(BranchReport {
                head_commit,
                ..of("coord/1-x")
            })
            .is_none()
        );
    }
}
