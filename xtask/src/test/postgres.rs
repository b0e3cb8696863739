//! A PostgreSQL for one run of the tests: its data in a temporary folder, on a free port of the loopback address, with a
//! password made for the run, gone afterwards.

use super::tools;
use crate::{
    process::{self, Service},
    progress::Step,
    random, workspace,
};
use anyhow::{Context, Result};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const USER: &str = "coord";
const LIMIT: Duration = Duration::from_secs(60);

/// A running PostgreSQL. Dropped, it is stopped and its data removed.
pub struct Postgres {
    server: Service,
    folder: PathBuf,
    port: u16,
    password: String,
}

impl Postgres {
    /// Starts one; installs the programs first where they are missing and that is allowed.
    pub fn start(step: &mut Step) -> Result<Self> {
        let programs = match find_programs() {
            Some(folder) => folder,
            None => {
                tools::install("PostgreSQL", &["postgresql"], step)?;
                find_programs().context("PostgreSQL was installed, but its programs are not where they are expected")?
            }
        };
        let user = OsUser::for_postgres()?;
        let folder = std::env::temp_dir().join(format!("coord-test-postgres-{}", random::word(12)?));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let password = random::word(24)?;
        let started = initialise(&programs, &folder, &password, &user, step).and_then(|()| serve(&programs, &folder, &user, step));
        match started {
            Ok((server, port)) => Ok(Self {
                server,
                folder,
                port,
                password,
            }),
            Err(error) => {
                // The first error is the one worth telling.
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// Where tests connect to; they make databases of their own beside this one.
    pub fn url(&self) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    /// Whether anybody signed in.
    pub fn was_used(&self) -> bool {
        self.server.output().contains(&format!("connection authorized: user={USER}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.server.stop(Duration::from_secs(10));
        // In the temporary folder anyway.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Debian keeps them out of the PATH, one folder for each version; the newest is taken.
fn find_programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    found.sort_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).unwrap_or_default();
        version.to_string_lossy().parse::<u32>().unwrap_or(0)
    });
    found
        .pop()
        .or_else(|| workspace::on_path("initdb").and_then(|program| program.parent().map(Path::to_owned)))
}

fn initialise(programs: &Path, folder: &Path, password: &str, user: &OsUser, step: &mut Step) -> Result<()> {
    let password_file = folder.join("password");
    fs::write(&password_file, password).context("cannot write the password file")?;
    user.take(folder)?;
    user.take(&password_file)?;
    let mut command = Command::new(programs.join("initdb"));
    command
        .arg("--pgdata")
        .arg(folder.join("data"))
        .arg("--pwfile")
        .arg(&password_file)
        .args([
            "--username",
            USER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .current_dir(folder);
    user.lend(&mut command);
    process::run_ok(command, &workspace::scratch("logs")?.join("initdb.log"), LIMIT, step)?;
    fs::remove_file(&password_file).context("cannot remove the password file")
}

fn serve(programs: &Path, folder: &Path, user: &OsUser, step: &mut Step) -> Result<(Service, u16)> {
    let port = free_port()?;
    let mut command = Command::new(programs.join("postgres"));
    command.arg("-D").arg(folder.join("data")).current_dir(folder);
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".to_owned(),
        // How `was_used` knows.
        "log_connections=on".to_owned(),
        // Tests of many processes at once, each with a pool.
        "max_connections=400".to_owned(),
        // The data is thrown away: no need to survive a power cut.
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
    ];
    for setting in &settings {
        command.args(["-c", setting]);
    }
    user.lend(&mut command);
    let mut server = Service::start(&mut command, &workspace::scratch("logs")?.join("postgres.log"))?;
    server.wait_for(LIMIT, step, |output| output.contains("ready to accept connections").then_some(()))?;
    Ok((server, port))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`.
struct OsUser(Option<(u32, u32)>);

impl OsUser {
    fn for_postgres() -> Result<Self> {
        if !tools::is_root() {
            return Ok(Self(None));
        }
        let id = |flag: &str, name: &str| process::read(Command::new("id").args([flag, name])).and_then(|id| Ok(id.parse()?));
        let ids = |name: &str| -> Result<(u32, u32)> { Ok((id("-u", name)?, id("-g", name)?)) };
        Ok(Self(Some(ids("postgres").or_else(|_| ids("nobody"))?)))
    }

    #[cfg(unix)]
    fn take(&self, path: &Path) -> Result<()> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(user), Some(group)).with_context(|| format!("cannot hand over {}", path.display()))
    }

    #[cfg(unix)]
    fn lend(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
    }

    #[cfg(not(unix))]
    fn take(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    #[cfg(not(unix))]
    fn lend(&self, _: &mut Command) {}
}
