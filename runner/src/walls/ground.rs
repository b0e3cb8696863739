//! What lies inside an agent's walls: its working folder, its own settings, and what programs need to run. Not the rest of the home
//! folder, the runner's configuration and work folder, or the work of others.

use super::Fence;
use crate::{
    agents::Launch,
    config::{Config, Profile},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Of the system: programs, libraries, settings, and what the kernel tells.
const SYSTEM: &[&str] = &[
    "/bin",
    "/sbin",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    "/gnu",
    "/snap",
    "/proc",
    "/sys",
    "/run/current-system",
    "/run/opengl-driver",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/var/cache/fontconfig",
    "/var/lib/ca-certificates",
    "/var/lib/dpkg",
];

/// Devices that every program may expect, and shared memory.
const DEVICES: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// Of the home folder: tools that people install there. To read and run, not to change, since they are its owner's too.
const TOOLS: &[&str] = &[
    ".asdf",
    ".bun",
    ".cargo/bin",
    ".cargo/config.toml",
    ".cargo/env",
    ".cargo/git",
    ".cargo/registry",
    ".deno",
    ".fnm",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pnpm",
    ".local/share/uv",
    ".nvm",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".sdkman",
    ".volta",
    "go",
];

/// Variables that name a file or folder which programs read.
const NAMED_TO_READ: &[&str] = &[
    "CLAUDE_CODE_EXECUTABLE",
    "CODEX_PATH",
    "JAVA_HOME",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// Variables that name a folder which is the agent's own.
const NAMED_TO_WRITE: &[&str] = &["CLAUDE_CONFIG_DIR", "CODEX_HOME", "SCRIPTED_STATE"];

/// What an agent keeps of its own in the home folder.
struct Own {
    agent: &'static str,
    /// Made when they are not there.
    folders: &'static [&'static str],
    /// Only when they are there.
    files: &'static [&'static str],
}

const OWN: &[Own] = &[
    Own {
        agent: "claude",
        folders: &[".claude"],
        files: &[".claude.json", ".claude.json.backup", ".local/share/claude", ".cache/claude"],
    },
    Own {
        agent: "codex",
        folders: &[".codex"],
        files: &[],
    },
    Own {
        agent: "gemini",
        folders: &[".gemini"],
        files: &[],
    },
    Own {
        agent: "opencode",
        folders: &[".config/opencode", ".local/share/opencode", ".local/state/opencode"],
        files: &[".opencode"],
    },
];

/// From what the walls are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The owner's configuration.
    pub config: &'a Config,
    /// The agent's profile.
    pub profile: &'a Profile,
    /// How it is started.
    pub launch: &'a Launch,
    /// Its folder for what is temporary.
    pub scratch: &'a Path,
    /// Git objects that its working folder borrows.
    pub objects: Option<&'a Path>,
    /// This program.
    pub program: &'a Path,
}

/// Tells programs to keep in the scratch folder what they would keep outside the walls, where the owner did not say otherwise.
pub fn settle(launch: &mut Launch, scratch: &Path) {
    let inside = |name: &str| scratch.join(name).to_string_lossy().into_owned();
    for (name, value) in [
        ("XDG_CACHE_HOME", inside("cache")),
        ("npm_config_cache", inside("npm")),
        // The owner's may hold passwords; who works is in the settings of the working folder.
        ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
    ] {
        if launch
            .env
            .get(name)
            .is_none_or(|old| name == "XDG_CACHE_HOME" && std::env::var(name).as_ref() == Ok(old))
        {
            launch.env.insert(name.to_owned(), value);
        }
    }
}

/// Draws the walls.
#[must_use]
pub fn fence(ground: &Ground<'_>) -> Fence {
    let Ground {
        config, profile, launch, ..
    } = ground;
    let home = launch.env.get("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let named = |text: &String| expand(text, home.as_deref());
    let in_home = |name: &&str| home.as_ref().map(|home| home.join(name));
    let value = |name: &&str| launch.env.get(*name).map(PathBuf::from).filter(|path| path.is_absolute());

    let closed = [Some(config.work_dir().to_path_buf()), config.file.clone()];
    let closed: Vec<PathBuf> = closed.into_iter().flatten().map(|path| real(&path)).collect();
    let mut own = Vec::new();
    for agent in OWN.iter().filter(|own| own.agent == launch.name) {
        for folder in agent.folders.iter().filter_map(in_home) {
            if let Err(error) = fs::create_dir_all(&folder) {
                tracing::debug!("{}: {error}", folder.display());
            }
            own.push(folder);
        }
        own.extend(agent.files.iter().filter_map(in_home));
    }

    let lists = [&config.sandbox.read, &profile.sandbox.read];
    let mut read: Vec<PathBuf> = lists.into_iter().flatten().filter_map(named).collect();
    read.extend(NAMED_TO_READ.iter().filter_map(value));
    read.extend(TOOLS.iter().filter_map(in_home));
    let lists = [&config.sandbox.write, &profile.sandbox.write];
    let mut write: Vec<PathBuf> = lists.into_iter().flatten().filter_map(named).collect();
    write.extend(own);
    write.extend(DEVICES.iter().map(PathBuf::from));

    let kept_in = |paths: Vec<PathBuf>, homes: &[PathBuf]| -> BTreeSet<PathBuf> {
        paths.into_iter().flat_map(|path| without(&path, &closed, homes)).collect()
    };
    let mut read = kept_in(read, &[]);
    let mut write = kept_in(write, &[]);
    // The system's folders and those that merely hold programs leave out home folders, should they lie there.
    let homes = [home.clone(), std::env::var_os("HOME").map(PathBuf::from)];
    let homes: Vec<PathBuf> = homes.into_iter().flatten().map(|home| real(&home)).collect();
    let too_much = |path: &Path| closed.iter().chain(&homes).any(|hidden| hidden.starts_with(path));
    let mut programs: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    programs.extend(fs::canonicalize("/etc/resolv.conf").ok());
    let search = launch.env.get("PATH").map(String::as_str).unwrap_or_default();
    let search: Vec<PathBuf> = std::env::split_paths(search).filter(|path| path.is_absolute()).collect();
    programs.extend(search.iter().cloned());
    for word in &launch.command {
        let path = PathBuf::from(word);
        let found = if path.components().count() > 1 {
            vec![path]
        } else {
            search
                .iter()
                .map(|folder| folder.join(word))
                .filter(|path| path.is_file())
                .collect()
        };
        programs.extend(
            found
                .into_iter()
                .filter(|path| path.is_absolute() && path.is_file())
                .map(|path| around(&path, too_much)),
        );
    }
    read.extend(kept_in(programs, &homes));
    // Last, since these lie where all else is hidden.
    read.insert(real(ground.program));
    read.extend(ground.objects.map(real));
    if let Some(template) = &launch.template
        && fs::create_dir_all(&template.folder).is_ok()
    {
        read.insert(real(&template.folder));
    }
    write.insert(real(&launch.folder));
    write.insert(real(ground.scratch));
    if launch.name == crate::config::SCRIPTED
        && let Some(state) = value(&"SCRIPTED_STATE")
        && fs::create_dir_all(&state).is_ok()
    {
        write.insert(real(&state));
    } else {
        write.extend(NAMED_TO_WRITE.iter().filter_map(value).map(|path| real(&path)));
    }
    Fence {
        read: read.into_iter().collect(),
        write: write.into_iter().collect(),
        connect_ports: profile
            .sandbox
            .connect_ports
            .clone()
            .or_else(|| config.sandbox.connect_ports.clone()),
    }
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// A path of the configuration.
fn expand(text: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => home?.join(rest),
        None if text == "~" => home?.to_path_buf(),
        None => PathBuf::from(text),
    };
    path.is_absolute().then_some(path)
}

/// What a program needs of its neighbourhood: the modules it came with, or the folder it lies in, unless that is too much.
fn around(program: &Path, too_much: impl Fn(&Path) -> bool) -> PathBuf {
    let program = real(program);
    let modules = program
        .ancestors()
        .filter(|path| path.file_name().is_some_and(|name| name == "node_modules"))
        .last();
    let folder = modules.or_else(|| program.parent()).unwrap_or(&program);
    let temporary = real(&std::env::temp_dir());
    if folder == temporary || too_much(folder) {
        program.clone()
    } else {
        folder.to_path_buf()
    }
}

/// `path` without what is closed, whichever lies in the other: then its other entries, one by one. Home folders are left out as such,
/// what lies in them is not.
fn without(path: &Path, closed: &[PathBuf], homes: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(path) = fs::canonicalize(path) else { return Vec::new() };
    if closed.iter().any(|closed| path.starts_with(closed)) || homes.contains(&path) {
        return Vec::new();
    }
    if !closed.iter().chain(homes).any(|hidden| hidden.starts_with(&path)) {
        return vec![path];
    }
    let entries = fs::read_dir(&path).into_iter().flatten().flatten();
    // A link leads to what is allowed by its own name, or not at all.
    let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()));
    inner.flat_map(|entry| without(&entry.path(), closed, homes)).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::agents::detect;

    struct Place {
        root: tempfile::TempDir,
        config: Config,
    }

    impl Place {
        fn new(more: &str) -> Self {
            let root = tempfile::tempdir().unwrap();
            let home = root.path().join("home");
            for folder in [
                ".ssh",
                ".cargo/bin",
                ".config/coord",
                "shared/kept",
                "shared/other",
                "work/jobs/1/tree",
                "work/attempts",
            ] {
                fs::create_dir_all(home.join(folder)).unwrap();
            }
            let text = format!("work_dir = {:?}\n{more}", home.join("work"));
            let mut config = Config::parse(&text, root.path(), |_| None).unwrap();
            config.file = Some(home.join(".config/coord/runner.toml"));
            fs::write(home.join(".config/coord/runner.toml"), "token").unwrap();
            Self { root, config }
        }

        fn home(&self) -> PathBuf {
            real(&self.root.path().join("home"))
        }

        fn fence(&self, agent: &str) -> Fence {
            let folder = self.home().join("work/jobs/1/tree");
            let mut job = crate::desk::testing::assignment(1);
            job.agent = agent.to_owned();
            let mut launch = detect::launch(&self.config, &job, &folder).unwrap();
            launch.env.insert("HOME".to_owned(), self.home().to_string_lossy().into_owned());
            let profile = self.config.agents.get(agent).cloned().unwrap_or_default();
            fence(&Ground {
                config: &self.config,
                profile: &profile,
                launch: &launch,
                scratch: &self.home().join("work/tmp/1"),
                objects: None,
                program: Path::new("/bin/sh"),
            })
        }
    }

    fn covers(paths: &[PathBuf], path: &Path) -> bool {
        paths.iter().any(|allowed| path.starts_with(allowed))
    }

    #[test]
    fn run_9_an_agent_reaches_its_own_settings_and_tools_and_nothing_else_of_the_home_folder() {
        let place = Place::new("");
        let (home, fence) = (place.home(), place.fence("claude"));
        let reached = [fence.read.clone(), fence.write.clone()].concat();
        for hidden in [".ssh", ".config/coord/runner.toml", "work/attempts", "work/jobs/2", "shared"] {
            assert!(!covers(&reached, &home.join(hidden)), "{hidden}: {fence:?}");
        }
        assert!(covers(&fence.read, &home.join(".cargo/bin/cargo")) && !covers(&fence.write, &home.join(".cargo/bin/cargo")));
        for own in [".claude/x", "work/jobs/1/tree/x", "work/tmp/1/x"] {
            assert!(covers(&fence.write, &home.join(own)), "{own}: {fence:?}");
        }
        assert!(home.join(".claude").is_dir(), "made, since the agent cannot");
        assert!(
            !covers(&place.fence("gemini").write, &home.join(".claude/x")),
            "the settings of another agent"
        );
    }

    #[test]
    fn run_9_what_the_owner_opens_never_opens_the_runners_own() {
        let place = Place::new("[sandbox]\nread = [\"~\"]\nwrite = [\"~/shared\", \"relative\"]\n");
        let (home, fence) = (place.home(), place.fence("gemini"));
        let reached = [fence.read.clone(), fence.write.clone()].concat();
        assert!(covers(&fence.read, &home.join(".ssh/id")) && covers(&fence.write, &home.join("shared/kept/x")));
        for hidden in [".config/coord/runner.toml", "work/attempts/1/log.jsonl", "work/jobs/2/tree/x"] {
            assert!(!covers(&reached, &home.join(hidden)), "{hidden}: {fence:?}");
        }
        assert!(reached.iter().all(|path| path.is_absolute()));
    }

    #[test]
    fn run_9_a_program_brings_its_modules_along_but_not_what_is_hidden() {
        let place = Place::new("");
        let home = place.home();
        let script = home.join("tools/node_modules/agent/dist/index.js");
        fs::create_dir_all(script.parent().unwrap()).unwrap();
        fs::write(&script, "").unwrap();
        let too_much = |path: &Path| home.starts_with(path);
        assert_eq!(around(&script, too_much), home.join("tools/node_modules"));
        fs::write(home.join("agent.sh"), "").unwrap();
        assert_eq!(around(&home.join("agent.sh"), too_much), home.join("agent.sh"));
        let inside = without(&home, &[home.join("work")], &[]);
        assert!(
            inside.contains(&home.join(".ssh")) && !covers(&inside, &home.join("work/x")),
            "{inside:?}"
        );
        assert_eq!(without(&home, &[], std::slice::from_ref(&home)), [] as [PathBuf; 0]);
    }
}
