//! The configuration file as `coord-runner login` writes it: server and token, and not a letter else is changed.

use anyhow::{Context as _, bail};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Where the configuration is when nobody says: `coord/runner.toml` in the configuration folder.
#[must_use]
pub fn default_path(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let base = env("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| env("APPDATA").map(PathBuf::from))
        .or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")))?;
    Some(base.join("coord").join("runner.toml"))
}

/// That a token can be written there, and may be.
///
/// # Errors
/// In words for the person: there is a token already, the file is no configuration, its folder cannot be written.
pub fn ready(file: &Path, replace: bool) -> anyhow::Result<()> {
    let text = read(file)?;
    edited(&text, "https://example.org", "coord_r_", replace).with_context(|| file.display().to_string())?;
    let (target, folder) = place(file)?;
    let (trial, _) = beside(&target, &folder)?;
    fs::remove_file(trial)?;
    Ok(())
}

/// Writes server and token into the file, which only its owner can read afterwards.
///
/// # Errors
/// As [`ready`].
pub fn sign_in(file: &Path, server: &str, token: &str, replace: bool) -> anyhow::Result<()> {
    let text = edited(&read(file)?, server, token, replace).with_context(|| file.display().to_string())?;
    let (target, folder) = place(file)?;
    let (new, mut out) = beside(&target, &folder)?;
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .and_then(|()| fs::rename(&new, &target));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.with_context(|| format!("{} cannot be written", target.display()))
}

fn read(file: &Path) -> anyhow::Result<String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// The file itself, links followed, and its folder, which is made.
fn place(file: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let target = match fs::canonicalize(file) {
        Ok(target) => target,
        Err(_) => std::path::absolute(file)?,
    };
    let folder = target.parent().context("the configuration needs a folder")?.to_path_buf();
    let mut make = fs::DirBuilder::new();
    make.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.create(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok((target, folder))
}

/// A new, empty file beside the target that nobody else can read: what is renamed over the target is whole, or does not come.
fn beside(target: &Path, folder: &Path) -> anyhow::Result<(PathBuf, fs::File)> {
    let name = target.file_name().context("the configuration needs a name")?.to_string_lossy();
    let new = folder.join(format!(".{name}.{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(&new)
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    Ok((new, file))
}

/// The text with these two keys set, each where it was or else at the top.
fn edited(text: &str, server: &str, token: &str, replace: bool) -> anyhow::Result<String> {
    let before: toml::Table = toml::from_str(text).context("it is no configuration; nothing was changed")?;
    let has = before.get("token").and_then(toml::Value::as_str).unwrap_or_default();
    if !has.is_empty() && !replace {
        let of = before.get("server").and_then(toml::Value::as_str).unwrap_or("a server");
        bail!(
            "there is a token for {of} already. A runner that is signed in serves every workspace of its account. \
             To make a new runner of this machine add --replace; for another server use another file (--config FILE)"
        );
    }
    let mut wanted = before;
    let mut missing = vec![("server", toml::Value::from(server)), ("token", toml::Value::from(token))];
    wanted.extend(missing.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut lines: Vec<String> = vec![];
    let mut at_top = true;
    for line in text.split_inclusive('\n') {
        at_top &= !line.trim_start().starts_with('[');
        let key = |name: &str| {
            line.trim_start()
                .strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        match missing.iter().position(|(name, _)| at_top && key(name)) {
            Some(found) => {
                let (name, value) = missing.remove(found);
                lines.push(format!("{name} = {value}\n"));
            }
            None => lines.push(line.to_owned()),
        }
    }
    let top: String = missing.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    let gap = if text.is_empty() || top.is_empty() { "" } else { "\n" };
    let after = format!("{top}{gap}{}", lines.concat());

    // Whatever way the file was written: all else must be as it was.
    if toml::from_str::<toml::Table>(&after).ok().as_ref() != Some(&wanted) {
        bail!("`server` and `token` could not be set in this file; take them out of it by hand and sign in again");
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "# mine\nconcurrency = 3   # enough\nserver = \"https://old.example.org\"  # the old one\nsecrets = [\n  \"a\",\n]\n\n\
                       [policy]\npeople = [\"ann@example.org\"]\n[agents.x]\ncommand = [\"x\"]\nenv = { token = \"no\" }\n";

    fn sign_in_to(text: &str) -> String {
        edited(text, "https://coord.example.org", "coord_r_new", true).unwrap()
    }

    #[test]
    fn run_1_signing_in_keeps_every_other_line_of_the_configuration() {
        assert_eq!(sign_in_to(""), "server = \"https://coord.example.org\"\ntoken = \"coord_r_new\"\n");
        let after = sign_in_to(OWN);
        let kept: Vec<_> = OWN.lines().filter(|line| !line.starts_with("server")).collect();
        for line in &kept {
            assert!(after.lines().any(|other| other == *line), "{line} is missing in\n{after}");
        }
        assert_eq!(after.lines().count(), OWN.lines().count() + 2, "{after}");
        let config = crate::config::Config::parse(&after, Path::new("/x"), |name| (name == "HOME").then(|| "/h".to_owned())).unwrap();
        assert_eq!(
            (config.server.as_str(), config.token.as_str()),
            ("https://coord.example.org", "coord_r_new")
        );
        assert_eq!((config.concurrency, config.agents["x"].env["token"].as_str()), (3, "no"));
        assert_eq!(sign_in_to(&after), after, "once more changes nothing");
    }

    #[test]
    fn run_1_a_token_that_is_there_is_replaced_only_when_asked_for() {
        let signed_in = sign_in_to(OWN);
        let error = edited(&signed_in, "https://other.example.org", "coord_r_2", false).unwrap_err();
        assert!(error.to_string().contains("https://coord.example.org already"), "{error}");
        let text = "token = \"\"\n";
        assert!(edited(text, "https://a", "coord_r_2", false).unwrap().contains("coord_r_2"));
    }

    #[test]
    fn run_1_a_file_that_cannot_be_edited_line_by_line_is_left_alone() {
        for strange in ["\"token\" = \"x\"\n", "token = \"\"\"\nx\"\"\"\n", "a = 1\na = 2\n", "<xml>"] {
            edited(strange, "https://a", "coord_r_2", true).unwrap_err();
        }
    }

    #[cfg(unix)]
    #[test]
    fn run_1_only_the_owner_can_read_the_file_with_the_token() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let new = root.path().join("deep/coord/runner.toml");
        ready(&new, false).unwrap();
        assert!(!new.exists(), "looking writes nothing");
        sign_in(&new, "https://a.example.org", "coord_r_1", false).unwrap();
        assert_eq!((mode(&new), mode(new.parent().unwrap())), (0o600, 0o700));

        let own = root.path().join("own.toml");
        fs::write(&own, OWN).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o644)).unwrap();
        let link = root.path().join("link.toml");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        sign_in(&link, "https://a.example.org", "coord_r_1", false).unwrap();
        assert!(link.is_symlink() && fs::read_to_string(&own).unwrap().contains("coord_r_1"));
        assert_eq!(mode(&own), 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3, "nothing is left beside");
    }
}
