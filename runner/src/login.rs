//! `coord-runner login`: asks the server for a code, has a person approve it in the browser, and writes the token that comes back into
//! the configuration (RUN-1).

use crate::{config_file, http};
use anyhow::{Context as _, bail};
use coord_protocol::{
    problem::Problem,
    runner::TOKEN_PREFIX,
    runner_code::{self, CreatedRunnerCode, NewRunnerCode, RedeemRunnerCode, RedeemedRunnerCode},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Longest text of the server that is printed, in characters.
const MOST: usize = 300;

/// Bounds of the pause between two questions whether somebody approved, whatever the server says.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// A token that was approved in the last moment may still be fetched for this long.
const AFTER: Duration = Duration::from_secs(120);

/// What to sign in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Address of the server.
    pub server: String,
    /// The configuration file that gets the token.
    pub file: PathBuf,
    /// Take the place of a token that is there.
    pub replace: bool,
    /// What this machine calls itself.
    pub machine: String,
}

/// How an answer that is no success is told.
enum Said {
    /// Asking again may help.
    Later(String),
    /// The code is unknown to the server: used, or ended.
    Gone,
    No(String),
}

/// Signs in, telling the person on `out` what to do.
///
/// # Errors
/// In words for the person: the file has a token already or cannot be written, the server cannot be reached, nobody approved.
pub async fn run(login: &Login, out: &mut impl Write) -> anyhow::Result<()> {
    let server = login.server.trim_end_matches('/');
    if !server.starts_with("https://") && !server.starts_with("http://") {
        bail!("`{}` is not an http or https address", plain(server));
    }
    // Before anybody is asked to approve: what could not be kept is not asked for.
    config_file::ready(&login.file, login.replace)?;
    if is_open(server) {
        writeln!(
            out,
            "Note: {server} is not encrypted. Whoever can read the network there can read the token.\n"
        )?;
    }
    let client = http::client().context("TLS cannot be set up")?;
    let body = NewRunnerCode {
        machine: login.machine.clone(),
        platform: platform(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let asked: CreatedRunnerCode = match post(&client, &format!("{server}/api/v1/runner_codes"), &body).await {
        Ok(asked) => asked,
        Err(Said::Later(words) | Said::No(words)) => bail!("{server} gave no code: {words}"),
        Err(Said::Gone) => bail!("{server} is no Coord server, or one that is too old for this program"),
    };
    let Some(code) = runner_code::plain(&asked.code) else {
        bail!("{server} gave a code that is none");
    };
    invite(out, server, &asked, &code)?;
    let given = wait(&client, server, &asked, &code).await?;
    config_file::sign_in(&login.file, server, &given.token, login.replace).with_context(|| {
        format!(
            "the token could not be kept; remove the runner “{}” in the web app and sign in again",
            given.name
        )
    })?;
    writeln!(out, "Approved. This machine is now the runner “{}” of {}.", given.name, given.owner)?;
    writeln!(
        out,
        "Its token is in {}.\n\nStart it with:\n\n    {}\n",
        login.file.display(),
        start(&login.file)
    )?;
    Ok(())
}

fn invite(out: &mut impl Write, server: &str, asked: &CreatedRunnerCode, code: &str) -> std::io::Result<()> {
    let page = plain(&asked.page);
    let page = if page.starts_with('/') { format!("{server}{page}") } else { page };
    let minutes = asked.expires_in_s.div_ceil(60);
    writeln!(out, "Open this page, sign in, and approve the code if it is the same:\n")?;
    writeln!(out, "    {page}\n\n    code: {}\n", runner_code::shown(code))?;
    writeln!(out, "It is good for {minutes} minutes. Waiting for the answer…\n")?;
    out.flush()
}

struct Given {
    name: String,
    owner: String,
    token: String,
}

async fn wait(client: &reqwest::Client, server: &str, asked: &CreatedRunnerCode, code: &str) -> anyhow::Result<Given> {
    let url = format!("{server}/api/v1/runner_codes/{code}/redeem");
    let body = RedeemRunnerCode {
        secret: asked.secret.clone(),
    };
    let pause = Duration::from_millis(u64::from(asked.interval_ms)).clamp(PAUSE.0, PAUSE.1);
    let until = Instant::now() + Duration::from_secs(u64::from(asked.expires_in_s.min(3600))) + AFTER;
    loop {
        tokio::time::sleep(pause).await;
        match post(client, &url, &body).await {
            Ok(RedeemedRunnerCode::Approved { name, owner, token, .. }) => {
                let kept =
                    token.starts_with(TOKEN_PREFIX) && token.len() < 200 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if !kept {
                    bail!("the server gave a token that is none");
                }
                return Ok(Given {
                    name: plain(&name),
                    owner: plain(&owner.name),
                    token,
                });
            }
            Ok(RedeemedRunnerCode::Refused) => bail!("the code was refused in the web app; nothing was changed here"),
            Ok(RedeemedRunnerCode::Waiting) => {}
            Err(Said::Later(words)) => tracing::debug!("{words}; asking again"),
            Err(Said::Gone) => bail!("the code has ended without an answer; run this again for another one"),
            Err(Said::No(words)) => bail!("the server refused: {words}"),
        }
        if Instant::now() > until {
            bail!("the server could not be asked in time; run this again");
        }
    }
}

async fn post<T: DeserializeOwned>(client: &reqwest::Client, url: &str, body: &impl Serialize) -> Result<T, Said> {
    let answer = client
        .post(url)
        .timeout(Duration::from_secs(30))
        .json(body)
        .send()
        .await
        .map_err(|error| Said::Later(http::words(&error)))?;
    let status = answer.status();
    if status.is_success() {
        return answer.json().await.map_err(|error| Said::No(http::words(&error)));
    }
    let words = match answer.json::<Problem>().await {
        Ok(problem) => plain(&problem.detail),
        Err(_) => status.to_string(),
    };
    Err(match status.as_u16() {
        404 => Said::Gone,
        429 | 500.. => Said::Later(words),
        _ => Said::No(words),
    })
}

/// Text of a server as one line that cannot command a terminal or turn the direction of writing.
fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !c.is_control() && !turns(*c)).take(MOST).collect()
}

/// Whether what is said there can be read on the way.
fn is_open(server: &str) -> bool {
    let Some(rest) = server.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    !matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// The command that starts the runner with this file.
fn start(file: &Path) -> String {
    let is_default = config_file::default_path(|name| std::env::var(name).ok()).is_some_and(|default| default == file);
    if is_default {
        "coord-runner run".to_owned()
    } else {
        format!("coord-runner run --config {}", file.display())
    }
}

/// What this program runs on: `linux-x86_64` and the like.
#[must_use]
pub fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// What this machine calls itself, as one line that a server takes.
#[must_use]
pub fn machine() -> String {
    #[cfg(unix)]
    let name = nix::unistd::gethostname().ok().map(|name| name.to_string_lossy().into_owned());
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok();
    let name: String = plain(&name.unwrap_or_default()).trim().chars().take(80).collect();
    if name.is_empty() {
        "a machine without a name".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_1_what_the_server_says_cannot_command_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d\u{9b}e"), "a[2Jbcde");
        assert_eq!(plain(&"x".repeat(1000)).len(), MOST);
    }

    #[test]
    fn run_1_an_open_connection_is_told_but_not_on_this_machine() {
        assert!(is_open("http://coord.local:7080") && is_open("http://10.0.0.1"));
        for fine in [
            "https://coord.local",
            "http://localhost:7080",
            "http://127.0.0.1",
            "http://[::1]:7080",
        ] {
            assert!(!is_open(fine), "{fine}");
        }
    }
}
