//! Flags and `COORD_*` variables.

use clap::{Parser, Subcommand, ValueEnum};
use coord_store::{Database, StoreConfig};
use std::{net::SocketAddr, path::PathBuf};

/// The Coord server: a workspace where people and AI coding agents get work done together.
#[derive(Debug, Clone, Parser)]
#[command(name = "coord-server", version)]
pub struct Args {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub config: Config,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print the OpenAPI document.
    #[command(hide = true)]
    Openapi,
    /// Print a link with which somebody chooses a new password, for when they forgot theirs. Works while the server runs.
    ResetPassword {
        /// Address of the account.
        email: String,
    },
    /// Copy all data into a new folder, which can be served as it is. Works while the server runs.
    Backup {
        /// The new folder.
        folder: PathBuf,
    },
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Only the first account.
    First,
    /// Whoever has an invitation into a workspace.
    Invited,
    /// Anybody who reaches the server.
    Open,
}

impl From<Registration> for coord_protocol::account::Registration {
    fn from(policy: Registration) -> Self {
        match policy {
            Registration::First => Self::First,
            Registration::Invited => Self::Invited,
            Registration::Open => Self::Open,
        }
    }
}

/// How to serve.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, global = true, env = "COORD_LISTEN", default_value = "127.0.0.1:7080")]
    pub listen: SocketAddr,

    /// Folder for the database and files.
    #[arg(long, global = true, env = "COORD_DATA", default_value = "./coord-data")]
    pub data: PathBuf,

    /// A postgres:// URL; without it SQLite inside the data folder.
    #[arg(long, global = true, env = "COORD_DATABASE", hide_env_values = true)]
    pub database: Option<String>,

    /// SQLite: wait for the disk at each commit, so that a power cut loses nothing.
    #[arg(long, env = "COORD_FULL_SYNC")]
    pub full_sync: bool,

    /// Address people use in their browser, such as https://coord.example.org. With https, cookies are marked Secure.
    #[arg(long, global = true, env = "COORD_BASE_URL", value_parser = base_url)]
    pub base_url: Option<String>,

    /// The server stands behind a proxy of yours: take the caller's address from the last entry of X-Forwarded-For.
    #[arg(long, env = "COORD_BEHIND_PROXY")]
    pub behind_proxy: bool,

    /// Who may make an account. The first one can always be made.
    #[arg(long, env = "COORD_REGISTRATION", value_enum, default_value = "invited")]
    pub registration: Registration,

    /// Mail server for invitations and forgotten passwords, such as smtps://user:password@mail.example.org or smtp://localhost:25.
    /// With smtp:// add ?tls=required or ?tls=opportunistic for STARTTLS. Without it no mail is sent.
    #[arg(long, env = "COORD_SMTP_URL", hide_env_values = true, requires_all = ["mail_from", "base_url"])]
    pub smtp_url: Option<String>,

    /// Sender of mails, such as Coord <coord@example.org>.
    #[arg(long, env = "COORD_MAIL_FROM")]
    pub mail_from: Option<String>,

    /// Days a browser session lasts at most.
    #[arg(long, env = "COORD_SESSION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub session_days: u32,

    /// Days after which an unused browser session ends.
    #[arg(long, env = "COORD_SESSION_IDLE_DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub session_idle_days: u32,

    /// Largest file that can be uploaded, in bytes.
    #[arg(long, env = "COORD_MAX_UPLOAD", default_value_t = 512 * 1024 * 1024)]
    pub max_upload: u64,

    /// Largest JSON body, in bytes.
    #[arg(long, env = "COORD_MAX_JSON", default_value_t = 1024 * 1024)]
    pub max_json: usize,

    /// Most live connections (events and logs) of one account.
    #[arg(long, env = "COORD_SOCKETS_PER_USER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub sockets_per_user: u32,

    /// Longest pause between two heartbeats of a runner, in milliseconds.
    #[arg(long, env = "COORD_HEARTBEAT_MS", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub heartbeat_ms: u32,

    /// How long a claim holds without a heartbeat, in milliseconds.
    #[arg(long, env = "COORD_LEASE_MS", default_value_t = 90_000, value_parser = clap::value_parser!(u32).range(500..=3_600_000))]
    pub lease_ms: u32,

    /// Threads that serve HTTP; 0 takes one per core, at most 8.
    #[arg(long, env = "COORD_WORKERS", default_value_t = 0)]
    pub workers: usize,
}

impl Config {
    /// A configuration for tests: a free port on loopback and the defaults.
    pub fn for_tests(data: PathBuf) -> Self {
        let args = Args::parse_from(["coord-server", "--listen", "127.0.0.1:0", "--workers", "1"]);
        Self { data, ..args.config }
    }

    /// How to open the store.
    pub fn store(&self) -> StoreConfig {
        let (database, connections) = match &self.database {
            Some(url) => (Database::Postgres(url.clone()), 16),
            None => (Database::Sqlite, 4),
        };
        StoreConfig {
            data: self.data.clone(),
            database,
            full_sync: self.full_sync,
            connections,
        }
    }

    /// Whether people reach the server over TLS.
    pub fn is_secure(&self) -> bool {
        self.base_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

fn base_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("must begin with http:// or https://")?;
    let host = rest.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '?', '#', '@']) || host.chars().any(char::is_whitespace) {
        return Err("must be a scheme and a host, such as https://coord.example.org".to_owned());
    }
    Ok(text.trim_end_matches('/').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_are_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_base_url_is_an_origin() {
        assert_eq!(base_url("https://Coord.example.org/").unwrap(), "https://coord.example.org");
        for wrong in ["coord.example.org", "https://", "https://a/b", "https://user@host", "ftp://host"] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
