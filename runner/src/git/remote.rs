//! Which repositories may be used: their addresses are checked before git sees them.

use super::GitError;
use crate::config::Policy;
use std::path::{Path, PathBuf};

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `https://`
    Https,
    /// `http://`, only where the owner names it.
    Http,
    /// `ssh://` or `user@host:path`
    Ssh,
    /// A path on this machine.
    Local,
}

/// A repository that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// As git takes it.
    pub url: String,
    /// How it is reached.
    pub kind: Kind,
}

fn refused(url: &str, why: &str) -> GitError {
    let short: String = without_login(url).chars().filter(|c| !c.is_control()).take(200).collect();
    GitError::Policy(format!("the repository `{short}` is not used: {why}"))
}

/// The address without a name and password in it, which are not for logs.
fn without_login(url: &str) -> String {
    match url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1)))
    {
        Some((scheme, rest)) => format!("{scheme}://…@{rest}"),
        None => url.to_owned(),
    }
}

/// Checks an address against the owner's policy (RUN-9).
///
/// # Errors
/// [`GitError::Policy`] with the reason.
pub fn check(url: &str, policy: &Policy) -> Result<Remote, GitError> {
    if url.is_empty() || url.len() > 2000 || url.chars().any(|c| c.is_control() || c.is_whitespace()) && !Path::new(url).is_absolute() {
        return Err(refused(url, "it is no address"));
    }
    if url.chars().any(char::is_control) || url.starts_with('-') {
        return Err(refused(url, "it is no address"));
    }
    let path = url.strip_prefix("file://").unwrap_or(url);
    if Path::new(path).is_absolute() {
        return local(url, path, policy);
    }
    let (kind, rest) = match url.split_once("://") {
        Some(("https", rest)) => (Kind::Https, rest),
        Some(("http", rest)) => (Kind::Http, rest),
        Some(("ssh", rest)) => (Kind::Ssh, rest),
        Some(_) => {
            return Err(refused(
                url,
                "only https, ssh and paths that the owner of this runner allows are used",
            ));
        }
        None => {
            // `user@host:path`; `ext::…` and the like have a colon right after the first word.
            let (login, path) = url.split_once(':').ok_or_else(|| refused(url, "it is no address"))?;
            let plain = login.contains('@') && !login.contains('/') && !path.is_empty() && !path.starts_with(':');
            if !plain {
                return Err(refused(
                    url,
                    "only https, ssh and paths that the owner of this runner allows are used",
                ));
            }
            (Kind::Ssh, url)
        }
    };
    let authority = rest.split(['/', ':']).next().unwrap_or_default();
    let (login, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(login, host)| (Some(login), host));
    let plain = |c: char| c.is_alphanumeric() || "-._[]".contains(c);
    if host.is_empty() || host.starts_with('-') || !host.chars().all(plain) || login.is_some_and(|login| login.starts_with('-')) {
        return Err(refused(url, "its host is not valid"));
    }
    // Up to the first slash: a password with a colon would otherwise pass as a port.
    let up_to_path = rest.split('/').next().unwrap_or_default();
    if kind != Kind::Ssh && up_to_path.contains('@') {
        return Err(refused(url, "credentials do not belong into an address"));
    }
    if rest.split(['/', ':']).any(|segment| segment == "..") {
        return Err(refused(url, "it contains `..`"));
    }
    let named = coord_protocol::runner::names(&policy.repositories, url);
    if kind == Kind::Http && !named {
        return Err(refused(url, "http is used only for addresses that the owner of this runner names"));
    }
    if !policy.repositories.is_empty() && !named {
        return Err(refused(url, "the owner of this runner does not allow it"));
    }
    Ok(Remote { url: url.to_owned(), kind })
}

fn local(url: &str, path: &str, policy: &Policy) -> Result<Remote, GitError> {
    let not_allowed = || {
        refused(
            url,
            "the owner of this runner does not allow paths there (allow_local_repositories)",
        )
    };
    let wanted = Path::new(path);
    if wanted.components().any(|part| matches!(part, std::path::Component::ParentDir)) {
        return Err(refused(url, "it contains `..`"));
    }
    let allowed: Vec<PathBuf> = policy
        .allow_local_repositories
        .iter()
        .filter_map(|folder| folder.canonicalize().ok())
        .collect();
    // Where the path does not exist, its nearest existing parent says where it would be.
    let nearest = wanted.ancestors().find_map(|folder| folder.canonicalize().ok()).unwrap_or_default();
    if !allowed.iter().any(|folder| nearest.starts_with(folder)) {
        return Err(not_allowed());
    }
    let Ok(real) = wanted.canonicalize() else {
        return Err(GitError::Refused(format!("there is no repository at {path}")));
    };
    Ok(Remote {
        url: real.to_string_lossy().into_owned(),
        kind: Kind::Local,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(repositories: &[&str]) -> Policy {
        Policy {
            repositories: repositories.iter().map(|&text| text.to_owned()).collect(),
            ..Policy::default()
        }
    }

    #[test]
    fn run_9_hostile_addresses_are_refused() {
        for url in [
            "ext::sh -c touch% x",
            "ext::sh",
            "ssh://-oProxyCommand=touch/x",
            "-oProxyCommand=x@host:p",
            "file:///etc",
            "/etc",
            "git://host/x",
            "https://user@evil\nhost/x",
            "https://user:secret@host/x",
            "https:///x",
            "https://-x/y",
            "fd::17/foo",
            "--upload-pack=touch x",
            "http://host/x",
            "relative/path",
            "https://host/a/../b",
            "",
        ] {
            let error = check(url, &policy(&[])).unwrap_err();
            assert!(matches!(error, GitError::Policy(_)), "{url}: {error}");
        }
        assert_eq!(check("https://host/a/b.git", &policy(&[])).unwrap().kind, Kind::Https);
        assert_eq!(check("git@host:a/b.git", &policy(&[])).unwrap().kind, Kind::Ssh);
        assert_eq!(check("ssh://git@host:22/a", &policy(&[])).unwrap().kind, Kind::Ssh);
    }

    #[test]
    fn run_9_only_named_repositories_are_used_and_a_prefix_ends_at_a_border() {
        let policy = policy(&["https://git.example/acme", "http://127.0.0.1:9/"]);
        check("https://git.example/acme/x.git", &policy).unwrap();
        check("http://127.0.0.1:9/x", &policy).unwrap();
        check("https://git.example/acme-evil/x.git", &policy).unwrap_err();
        check("https://git.example.evil/acme/x.git", &policy).unwrap_err();
        check("http://127.0.0.1:99/x", &policy).unwrap_err();
    }

    #[test]
    fn run_9_paths_are_used_below_allowed_folders_only_links_followed() {
        let root = tempfile::tempdir().unwrap();
        let (inside, outside) = (root.path().join("in"), root.path().join("out"));
        std::fs::create_dir_all(inside.join("repo")).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        let policy = Policy {
            allow_local_repositories: vec![inside.clone()],
            ..Policy::default()
        };
        let text = |path: &Path| path.to_string_lossy().into_owned();
        assert_eq!(check(&text(&inside.join("repo")), &policy).unwrap().kind, Kind::Local);
        assert!(matches!(check(&text(&outside), &policy), Err(GitError::Policy(_))));
        assert!(matches!(check(&text(&inside.join("none")), &policy), Err(GitError::Refused(_))));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
            assert!(matches!(check(&text(&inside.join("link")), &policy), Err(GitError::Policy(_))));
        }
    }
}
