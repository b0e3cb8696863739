//! What a runner offers: its agents, and whom and what its owner lets it serve.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An agent a runner offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentInfo {
    /// Name in the runner's configuration; what a job's `agent` names.
    pub name: String,
    /// Version, where it could be found out.
    #[serde(default)]
    pub version: Option<String>,
    /// What it cannot do, so that people know before they give it a job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<AgentLimit>,
}

/// Something that an agent cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentLimit {
    /// It asks nobody before it acts, so it takes only jobs whose tools are all approved.
    AsksNobody,
    /// It cannot ask people a question.
    NoQuestions,
    /// It does not go on with its session after a break; a new one is told what happened so far.
    NoResume,
    /// It goes on with its session only after the minute in which that began.
    LateResume,
    /// It does not tell how many tokens it used.
    NoUsage,
    /// It does not tell what it cost.
    NoCost,
    /// Whether it does all it should was not tried.
    Untried,
    /// Something this version does not know.
    #[serde(other)]
    Other,
}

/// Whom and what the owner of a machine lets it serve (RUN-9), as far as the server is told: so that it does not offer what would be
/// refused, and says why. The file on the machine has the last word all the same. An empty list allows all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Serves {
    /// Workspaces, by name.
    pub workspaces: Vec<String>,
    /// People whose jobs are served, by e-mail address.
    pub people: Vec<String>,
    /// Prefixes of repositories.
    pub repositories: Vec<String>,
    /// Whether there are folders whose repositories may be used by path. Unknown for runners that do not tell.
    pub local_repositories: Option<bool>,
}

impl Serves {
    /// Whether nothing is kept out.
    #[must_use]
    pub const fn all(&self) -> bool {
        self.workspaces.is_empty() && self.people.is_empty() && self.repositories.is_empty()
    }

    /// Whether work of this person in this workspace is served.
    #[must_use]
    pub fn asked_by(&self, workspace: &str, email: &str) -> bool {
        (self.workspaces.is_empty() || self.workspaces.iter().any(|name| name == workspace))
            && (self.people.is_empty() || self.people.iter().any(|address| address.eq_ignore_ascii_case(email)))
    }

    /// Whether a repository with this address may be served. What the machine alone can tell is not looked at.
    #[must_use]
    pub fn repository(&self, url: &str) -> bool {
        let path = url.strip_prefix("file://").unwrap_or(url);
        if path.starts_with('/') {
            return self.local_repositories != Some(false);
        }
        let named = names(&self.repositories, url);
        // Without encryption only what the owner names.
        let open = url.starts_with("http://") && self.local_repositories.is_some();
        named || (self.repositories.is_empty() && !open)
    }
}

/// Whether one of the prefixes names the address, ending at a border of it.
#[must_use]
pub fn names(prefixes: &[String], url: &str) -> bool {
    prefixes.iter().any(|prefix| {
        url.strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || prefix.ends_with(['/', ':']) || rest.starts_with(['/', '.', ':']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_9_what_an_owner_keeps_out_is_known_before_it_is_offered() {
        let all = Serves::default();
        assert!(all.all() && all.asked_by("Team", "x@y.z") && all.repository("https://a.example.org/b") && all.repository("/srv/git/a"));
        let some = Serves {
            workspaces: vec!["Team".to_owned()],
            people: vec!["Ann@example.org".to_owned()],
            repositories: vec!["https://github.com/acme".to_owned()],
            local_repositories: Some(false),
        };
        assert!(!some.all() && some.asked_by("Team", "ann@Example.org"));
        assert!(!some.asked_by("Other", "ann@example.org") && !some.asked_by("Team", "ben@example.org"));
        assert!(some.repository("https://github.com/acme/a.git") && some.repository("https://github.com/acme"));
        let told = Serves {
            local_repositories: Some(true),
            ..Serves::default()
        };
        assert!(!told.repository("http://host/a") && told.repository("https://host/a") && told.repository("/srv/git/a"));
        for out in [
            "https://github.com/acme-evil/a",
            "https://gitlab.com/acme/a",
            "/srv/git/a",
            "file:///srv/git/a",
        ] {
            assert!(!some.repository(out), "{out}");
        }
    }
}
