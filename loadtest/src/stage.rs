//! What every scenario begins with: a server, and somebody signed in.

use crate::{
    client::http::Person,
    process::{self, Server, ServerPlan},
};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Which server to use.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Target {
    /// A server that runs already; without it one is started, with its data in a temporary folder.
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Account on that server; without it one is registered.
    #[arg(long, global = true, env = "COORD_LOADTEST_EMAIL", requires = "password")]
    pub email: Option<String>,
    /// Its password.
    #[arg(long, global = true, env = "COORD_LOADTEST_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// The server's program; without it the one beside this program.
    #[arg(long, global = true, value_name = "FILE")]
    pub server_program: Option<PathBuf>,
    /// A flag for the server that is started, such as `--server-flag=--full-sync`.
    #[arg(long, global = true, value_name = "FLAG", allow_hyphen_values = true)]
    pub server_flag: Vec<String>,
}

impl Target {
    /// How to start the server, with its data in `folder`.
    ///
    /// # Errors
    /// When its program is not there.
    pub fn plan(&self, folder: &Path) -> Result<ServerPlan> {
        Ok(ServerPlan {
            program: process::find(self.server_program.as_deref(), "coord-server")?,
            folder: folder.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            flags: self.server_flag.clone(),
        })
    }

    /// The server's program, for what starts and kills servers itself.
    ///
    /// # Errors
    /// When it is not there, or another server was named.
    pub fn own_server(&self) -> Result<PathBuf> {
        anyhow::ensure!(self.server.is_none(), "only a server that was started here is killed");
        process::find(self.server_program.as_deref(), "coord-server")
    }
}

/// A server, and somebody signed in.
pub struct Stage {
    /// The server, when it was started here.
    pub server: Option<Server>,
    /// Its address.
    pub url: String,
    /// Who does everything.
    pub person: Person,
    _folder: Option<TempDir>,
}

impl Stage {
    /// Starts or finds the server.
    ///
    /// # Errors
    /// When it cannot be used, in words.
    pub async fn open(target: &Target, name: &str) -> Result<Self> {
        if let Some(url) = &target.server {
            let person = match (&target.email, &target.password) {
                (Some(email), Some(password)) => Person::login(url, email, password).await,
                _ => Person::register(url, name)
                    .await
                    .context("a server that is not open to anybody needs --email and --password"),
            };
            return Ok(Self {
                server: None,
                url: url.clone(),
                person: person?,
                _folder: None,
            });
        }
        let folder = tempfile::tempdir()?;
        let server = target.plan(folder.path())?.start()?;
        let url = server.url.clone();
        let person = Person::register(&url, name).await?;
        Ok(Self {
            server: Some(server),
            url,
            person,
            _folder: Some(folder),
        })
    }
}
