//! Fills a new server through its public API, and finds everything again the next time.
//!
//! What the server cannot tell a second time (the password, the runner's token) is kept in `demo/account.json`.

use super::{api::Api, files, sample};
use crate::{interrupt, process::Service, progress::Step, random};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

const EMAIL: &str = "demo@coord.local";
const WORKSPACE: &str = "Demo";
const RUNNER: &str = "This machine";
const RUNNER_LIMIT: Duration = Duration::from_secs(20);

/// What is there after seeding.
pub struct Seeded {
    /// The demonstration's account.
    pub account: Account,
    /// What was done, for the screen.
    pub remark: &'static str,
    /// Configuration of the runner to start.
    pub runner_config: PathBuf,
    api: Api,
    runner: String,
}

/// What `demo/account.json` keeps.
#[derive(Default)]
pub struct Account {
    /// Address to sign in with.
    pub email: String,
    /// Its password.
    pub password: String,
    runner: Option<String>,
    runner_token: Option<String>,
    /// Whether the sample jobs were made: a job that somebody deleted stays deleted.
    filled: bool,
    /// Whether the sample canvas was made; likewise.
    drawn: bool,
}

impl Account {
    fn load(file: &Path) -> Result<Option<Self>> {
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display()))?;
        let word = |key: &str| value[key].as_str().map(str::to_owned);
        Ok(Some(Self {
            email: word("email").with_context(|| format!("{} names no address", file.display()))?,
            password: word("password").with_context(|| format!("{} holds no password", file.display()))?,
            runner: word("runner"),
            runner_token: word("runner_token"),
            filled: value["filled"].as_bool().unwrap_or(false),
            drawn: value["drawn"].as_bool().unwrap_or(false),
        }))
    }

    fn save(&self, file: &Path) -> Result<()> {
        let value = json!({
            "email": self.email,
            "password": self.password,
            "runner": self.runner,
            "runner_token": self.runner_token,
            "filled": self.filled,
            "drawn": self.drawn,
        });
        files::write_private(file, &format!("{value:#}\n"))
    }
}

/// Makes what is missing of the demonstration on the server at `base`; its files are kept in `folder`.
pub fn seed(base: &str, folder: &Path) -> Result<Seeded> {
    let file = folder.join("account.json");
    let mut api = Api::new(base);
    let (mut account, remark) = sign_in(&mut api, &file)?;
    let runner = register_runner(&api, &mut account, &file)?;
    let repository = folder.join("sample.git");
    sample::repository(&repository)?;
    if !account.filled {
        fill(&api, &repository)?;
        account.filled = true;
        account.save(&file)?;
    }
    if !account.drawn {
        draw(&api)?;
        account.drawn = true;
        account.save(&file)?;
    }
    let runner_config = folder.join("runner.toml");
    configure_runner(&runner_config, base, account.runner_token.as_deref().unwrap_or_default(), folder)?;
    Ok(Seeded {
        account,
        remark,
        runner_config,
        api,
        runner,
    })
}

fn sign_in(api: &mut Api, file: &Path) -> Result<(Account, &'static str)> {
    let first_run = api.get("/setup")?["first_run"]
        .as_bool()
        .context("GET /setup does not say whether this is a first run")?;
    match (first_run, Account::load(file)?) {
        (false, Some(account)) => {
            api.sign_in("/auth/login", &json!({ "email": account.email, "password": account.password }))
                .with_context(|| {
                    format!(
                        "the demonstration's account no longer signs in with the password in {}",
                        file.display()
                    )
                })?;
            Ok((account, "as it was left"))
        }
        (false, None) => bail!(
            "This data folder has accounts, but not the demonstration's ({} is missing). \
             Choose another folder: cargo xtask up --data FOLDER",
            file.display()
        ),
        (true, _) => {
            let account = Account {
                email: EMAIL.to_owned(),
                password: random::word(20)?,
                ..Account::default()
            };
            // Before the account exists: a password that is used must not be lost.
            account.save(file)?;
            let body = json!({ "email": account.email, "name": "Demo", "password": account.password });
            api.sign_in("/auth/register", &body)?;
            Ok((account, "new account, workspace, repository, jobs and canvas"))
        }
    }
}

/// The runner's id; registers it unless the one from before is still known.
fn register_runner(api: &Api, account: &mut Account, file: &Path) -> Result<String> {
    let known = api.list("/runners")?;
    if let (Some(id), Some(_)) = (&account.runner, &account.runner_token)
        && known.iter().any(|runner| runner["id"] == **id)
    {
        return Ok(id.clone());
    }
    let created = api.post("/runners", &json!({ "name": RUNNER }))?;
    let field = |key: &str| {
        created[key]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("the new runner has no {key}"))
    };
    account.runner = Some(field("id")?);
    account.runner_token = Some(field("token")?);
    account.save(file)?;
    field("id")
}

/// The demonstration's workspace, if it is there.
fn workspace(api: &Api) -> Result<Option<Value>> {
    let mut workspaces = api.list("/workspaces")?.into_iter();
    Ok(workspaces.find(|workspace| workspace["name"] == WORKSPACE))
}

/// Makes the sample canvas, with cards of the sample jobs, unless one of its name is there.
fn draw(api: &Api) -> Result<()> {
    let Some(workspace) = workspace(api)? else { return Ok(()) };
    let id = workspace["id"].as_str().context("the workspace has no id")?;
    let jobs = api.list(&format!("/workspaces/{id}/jobs"))?;
    let path = format!("/workspaces/{id}/canvases");
    let canvases = api.list(&path)?;
    let found = canvases.into_iter().find(|canvas| canvas["name"] == sample::CANVAS);
    let canvas = match found {
        Some(canvas) => canvas,
        None => api.post(&path, &json!({ "name": sample::CANVAS }))?,
    };
    let path = format!("/canvases/{}", canvas["id"].as_str().context("the canvas has no id")?);
    let drawn = api.get(&format!("{path}/export.json"))?;
    if drawn["objects"].as_array().is_none_or(Vec::is_empty) {
        api.post(&format!("{path}/import"), &sample::canvas(&jobs))?;
    }
    Ok(())
}

/// Makes the workspace and the sample jobs that are not there by name.
fn fill(api: &Api, repository: &Path) -> Result<()> {
    let workspace = match workspace(api)? {
        Some(workspace) => workspace,
        None => api.post("/workspaces", &json!({ "name": WORKSPACE }))?,
    };
    let path = format!("/workspaces/{}/jobs", workspace["id"].as_str().context("the workspace has no id")?);
    let there = api.list(&path)?;
    for job in sample::jobs(repository) {
        if !there.iter().any(|other| other["title"] == job["title"]) {
            api.post(&path, &job)?;
        }
    }
    Ok(())
}

/// Writes the runner's configuration, unless the one that is there works: somebody may have added to it.
fn configure_runner(file: &Path, base: &str, token: &str, folder: &Path) -> Result<()> {
    let current = fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let is = |key: &str, value: &str| {
        current
            .as_ref()
            .is_some_and(|table| table.get(key).and_then(toml::Value::as_str) == Some(value))
    };
    if is("server", base) && is("token", token) {
        return Ok(());
    }
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let text = format!(
        "# The demonstration's runner. Made by `cargo xtask up`; kept as long as the server's address and the token fit.\n\
         server = {}\ntoken = {}\nwork_dir = \"runner\"\n\n\
         [agents.scripted]\n\n\
         [policy]\nallow_local_repositories = [{}]\n",
        quoted(base),
        quoted(token),
        quoted(&folder.to_string_lossy()),
    );
    files::write_private(file, &text)
}

impl Seeded {
    /// Waits until the server sees the runner.
    pub fn wait_for_runner(&self, service: &mut Service, step: &mut Step) -> Result<()> {
        let started = Instant::now();
        loop {
            service.check_alive()?;
            let runners = self.api.list("/runners")?;
            let online = runners
                .iter()
                .any(|runner| runner["id"] == *self.runner && runner["status"] != "offline");
            if online {
                return Ok(());
            }
            if interrupt::requested() {
                bail!("stopped while the runner was connecting");
            }
            if started.elapsed() > RUNNER_LIMIT {
                bail!(
                    "The runner did not connect in {} s. Its last lines:\n{}",
                    RUNNER_LIMIT.as_secs(),
                    service.tail(20)
                );
            }
            step.tick();
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("account.json");
        assert!(Account::load(&file).unwrap().is_none());
        let account = Account {
            email: EMAIL.to_owned(),
            password: "a \"quoted\" one".to_owned(),
            runner_token: Some("t".to_owned()),
            ..Account::default()
        };
        account.save(&file).unwrap();
        let loaded = Account::load(&file).unwrap().unwrap();
        assert_eq!((loaded.password, loaded.runner, loaded.filled), (account.password, None, false));
    }

    #[test]
    fn a_runner_configuration_that_fits_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runner.toml");
        configure_runner(&file, "http://127.0.0.1:1", "one", folder.path()).unwrap();
        let extended = fs::read_to_string(&file).unwrap() + "\n[agents.mine]\ncommand = [\"my-agent\"]\n";
        fs::write(&file, &extended).unwrap();
        configure_runner(&file, "http://127.0.0.1:1", "one", folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), extended);
        configure_runner(&file, "http://127.0.0.1:2", "one", folder.path()).unwrap();
        let table: toml::Table = fs::read_to_string(&file).unwrap().parse().unwrap();
        assert_eq!(table["server"].as_str(), Some("http://127.0.0.1:2"));
    }
}
