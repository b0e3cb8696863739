//! The real programs of agents, driven by the runner, against a scripted model and behind a proxy that lets nothing out.
//!
//! They need the packages of `runner/tests/agents` (`npm ci` there), so they run when asked for: `cargo xtask test --only agents-test`.
//! The programs see nothing of the machine they run on but the search path: a home of their own, dummy keys, loopback addresses.

mod claude;
mod codex;
mod gemini;
mod scenarios;

use crate::common::{Bench, Runner, assignment};
use coord_protocol::runner::Assignment;
use coord_rig::{model::Model, proxy::Proxy};
use coord_runner::{agents::profiles, config::ENV_ALLOWED};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// Longest a test waits for a real program, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(150);

/// A server, a model, a proxy, and an agent that knows no others.
pub struct Rig {
    pub bench: Bench,
    pub model: Model,
    proxy: Proxy,
    agent: &'static str,
}

/// Where the packages are.
fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/node_modules")
}

impl Rig {
    /// For an agent, with `own` in its environment. `files` are put into its home first.
    pub async fn new(agent: &'static str, own: impl FnOnce(&str) -> Vec<(&'static str, String)>, files: &[(&str, String)]) -> Self {
        let programs = packages().join(".bin");
        assert!(
            programs.is_dir(),
            "the agents are not installed: run `cargo xtask test --only agents-test`"
        );
        let (model, proxy) = (Model::start().await.unwrap(), Proxy::start().await.unwrap());
        let mut bench = Bench::new().await;
        bench.server.with(|stored| stored.patience = PATIENCE);
        let home = bench.folder.path().join("home");
        for (name, text) in files {
            let path = home.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace("MODEL", &model.url())).unwrap();
        }
        std::fs::create_dir_all(&home).unwrap();
        // Whatever would come from the environment of the test is replaced, by nothing where it is not needed.
        let known = profiles::known(agent).unwrap();
        let mut env: BTreeMap<&str, String> = BTreeMap::new();
        for name in ENV_ALLOWED.iter().chain(known.env_allow).copied() {
            if name != "LANG" {
                env.insert(name, String::new());
            }
        }
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let path = std::env::var("PATH").unwrap();
        env.insert("PATH", format!("{}:{path}", text(&programs)));
        env.insert("SHELL", "/bin/bash".to_owned());
        env.insert("USER", "agent".to_owned());
        env.insert("TMPDIR", "/tmp".to_owned());
        env.insert("HOME", text(&home));
        for (name, folder) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_DATA_HOME", ".data"),
        ] {
            env.insert(name, text(&home.join(folder)));
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            env.insert(name, proxy.url());
        }
        for name in ["NO_PROXY", "no_proxy"] {
            env.insert(name, "127.0.0.1,localhost".to_owned());
        }
        env.extend(own(&model.url()));
        let home = text(&home);
        let env: Vec<String> = env
            .iter()
            .map(|(name, value)| format!("{name} = {}", json!(value.replace("~", &home))))
            .collect();
        bench.extra = format!(
            "[retry]\nlimit = 1\nbackoff_ms = 50\n[timeouts]\ninitialize_ms = 90000\nstop_grace_ms = 30000\ncancel_ms = 10000\nexit_ms = 2000\ngit_ms = 20000\nhand_back_ms = 5000\n\
             [agents.{agent}]\n[agents.{agent}.env]\n{}\n",
            env.join("\n")
        );
        Self {
            bench,
            model,
            proxy,
            agent,
        }
    }

    pub fn runner(&self) -> Runner {
        self.bench.runner()
    }

    /// A local job in which the model does as the script says.
    pub fn job(&self, script: Value) -> Assignment {
        let mut job = assignment(script);
        job.agent = self.agent.to_owned();
        job
    }

    /// The folder the job's agent works in.
    pub fn folder(&self, job: &Assignment) -> PathBuf {
        self.bench.work_dir().join("jobs").join(job.job.to_string()).join("work")
    }

    /// A file in the job's folder.
    pub fn read(&self, job: &Assignment, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder(job).join(name)).ok()
    }

    /// Ends the runner; that it kept all rules, and that nobody wanted out.
    pub async fn end(self, runner: Runner) {
        runner.stop().await;
        self.bench.server.assert_no_faults();
        let asked = self.proxy.asked();
        assert!(asked.is_empty(), "the agent wanted out: {asked:#?}");
    }
}
