//! The programs, and what they work on: a server, a runner with the scripted agent, a repository.

use crate::{
    client::http::Person,
    process::{Program, Server, ServerPlan},
};
use anyhow::{Context as _, Result, ensure};
use coord_protocol::{id::WorkspaceId, runner::CreatedRunner};
use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The real programs.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `coord-server`.
    pub server: PathBuf,
    /// `coord-runner`.
    pub runner: PathBuf,
}

/// Everything that runs.
pub struct World {
    /// Who does everything.
    pub person: Person,
    /// Where.
    pub workspace: WorkspaceId,
    /// A bare repository with a past; its base branch is `main`.
    pub repository: PathBuf,
    /// Where the server listens, every time it is started.
    pub address: SocketAddr,
    plan: ServerPlan,
    server: Option<Server>,
    runner: Option<RunnerProgram>,
    programs: Programs,
    folder: TempDir,
}

/// A real runner.
#[derive(Debug)]
pub struct RunnerProgram {
    program: PathBuf,
    config: PathBuf,
    /// What it says.
    pub log: PathBuf,
    running: Option<Program>,
}

impl RunnerProgram {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&self.config).args(["run", "--no-ui"]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COORD_") && name != "COORD_LOG") {
            command.env_remove(name);
        }
        self.running = Some(Program::start(&mut command, &self.log)?);
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it had ended by itself, or cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut program) = self.running.take() {
            program.check().context("the runner")?;
            program.kill()?;
        }
        Ok(())
    }

    /// Everything it said.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl World {
    /// A server with these flags, somebody with a workspace, a repository, and a runner that has connected.
    ///
    /// # Errors
    /// When something cannot be started.
    pub async fn start(programs: &Programs, concurrency: u32, flags: &[&str]) -> Result<Self> {
        let mut world = Self::without_runner(programs, flags).await?;
        let created = world.person.runner("The runner").await?;
        let url = format!("http://{}", world.address);
        let mut runner = world.runner_program("runner", &created, &url, concurrency)?;
        runner.start()?;
        world.runner = Some(runner);
        Ok(world)
    }

    /// As [`World::start`], with no runner.
    ///
    /// # Errors
    /// When something cannot be started.
    pub async fn without_runner(programs: &Programs, flags: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // The same port every time: the runner and people come back to where they were.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let plan = ServerPlan {
            program: programs.server.clone(),
            folder: folder.path().to_owned(),
            listen: address.to_string(),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
        };
        let server = plan.start()?;
        let person = Person::register(&server.url, "kill").await?;
        let workspace = person.workspace("Kill").await?;
        let repository = folder.path().join("repository.git");
        make_repository(folder.path(), &repository)?;
        Ok(Self {
            person,
            workspace,
            repository,
            address,
            plan,
            server: Some(server),
            runner: None,
            programs: programs.clone(),
            folder,
        })
    }

    /// A runner's program with its configuration, not yet started.
    ///
    /// # Errors
    /// When the configuration cannot be written.
    pub fn runner_program(&self, name: &str, created: &CreatedRunner, url: &str, concurrency: u32) -> Result<RunnerProgram> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        // JSON's strings are strings of TOML as well.
        let quoted = |text: &str| serde_json::to_string(text);
        let text = format!(
            "server = {}\ntoken = {}\nwork_dir = \"work\"\nconcurrency = {concurrency}\n\n[agents.scripted]\n\n[policy]\nallow_local_repositories = [{}]\n",
            quoted(url)?,
            quoted(&created.token)?,
            quoted(&self.folder.path().to_string_lossy())?,
        );
        let config = folder.join("runner.toml");
        std::fs::write(&config, text)?;
        Ok(RunnerProgram {
            program: self.programs.runner.clone(),
            config,
            log: self.folder.path().join(format!("{name}.log")),
            running: None,
        })
    }

    /// Where everything is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the server.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub fn kill_server(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.check()?;
            server.kill()?;
        }
        Ok(())
    }

    /// Starts the server again on its data.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_server(&mut self) -> Result<()> {
        let plan = self.plan.clone();
        self.server = Some(tokio::task::spawn_blocking(move || plan.start()).await??);
        Ok(())
    }

    /// Kills the runner.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub fn kill_runner(&mut self) -> Result<()> {
        self.runner.as_mut().map_or(Ok(()), RunnerProgram::kill)
    }

    /// Starts the runner again on its folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_runner(&mut self) -> Result<()> {
        self.runner.as_mut().map_or(Ok(()), RunnerProgram::start)
    }

    /// A git command in the repository; what it prints.
    ///
    /// # Errors
    /// When it fails.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        git(&self.repository, arguments)
    }

    /// Ends everything. Returns where it is kept, if it is to be kept.
    #[must_use]
    pub fn end(self, keep: bool) -> Option<PathBuf> {
        drop((self.server, self.runner));
        keep.then(|| self.folder.keep())
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    // Neither signing nor hooks nor the name of whoever runs this.
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", folder.join("none"));
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "Ada Example")
            .env(format!("GIT_{role}_EMAIL"), "ada@load.example");
    }
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.output().context("git cannot be started")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {}: {}", arguments.join(" "), errors.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn make_repository(folder: &Path, bare: &Path) -> Result<()> {
    let tree = folder.join("first-tree");
    std::fs::create_dir(&tree)?;
    git(&tree, &["init", "--quiet", "--initial-branch=main"])?;
    for (n, message) in ["Begin", "Go on", "Say more"].iter().enumerate() {
        std::fs::write(tree.join(format!("file-{n}.txt")), format!("{message}\n"))?;
        git(&tree, &["add", "--all"])?;
        git(&tree, &["commit", "--quiet", "--message", message])?;
    }
    git(
        folder,
        &["clone", "--quiet", "--bare", &tree.to_string_lossy(), &bare.to_string_lossy()],
    )?;
    Ok(())
}
