//! Hostile addresses, repositories, working folders and files. Each case has a name and says what must not happen; of all of them: no
//! program of the repository's runs in the runner's name, nothing outside of the work folder is written, and nothing from there is handed in.

mod addresses;
mod commits;
mod files;
mod injected;
mod left;
mod remotes;

use crate::{
    common::{Bench, assignment},
    repository::Bare,
};
use coord_protocol::{
    attempt::FailureReason,
    job::Context,
    runner::{Assignment, Finished, WorkResult},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Words that lie outside and must stay there.
pub const CANARY: &str = "canary-outside-7f3a91";

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The job is done; what was hostile had no effect.
    Works,
    /// The job fails as told, for this reason.
    Fails(FailureReason),
}

/// A runner with a place outside of its work folder that is watched.
pub struct Ground {
    pub bench: Bench,
    before: BTreeMap<PathBuf, String>,
}

impl Ground {
    /// With more lines in the configuration's `[policy]`.
    pub async fn new(policy: &str) -> Self {
        let mut bench = Bench::new().await;
        let folder = bench.folder.path().to_path_buf();
        bench.extra = format!("[policy]\nallow_local_repositories = [{:?}]\n{policy}", folder.join("cases"));
        fs::create_dir_all(folder.join("trap")).unwrap();
        fs::create_dir_all(folder.join("cases")).unwrap();
        fs::create_dir_all(folder.join("outside/hooks")).unwrap();
        fs::write(folder.join("outside/kept.txt"), CANARY).unwrap();
        let mut ground = Self {
            bench,
            before: BTreeMap::new(),
        };
        ground.before = ground.around();
        ground
    }

    pub fn outside(&self) -> PathBuf {
        self.bench.folder.path().join("outside")
    }

    /// A command that shows that it ran.
    pub fn trap(&self) -> String {
        format!("touch {}", self.bench.folder.path().join("trap/sprung").display())
    }

    /// Places for the trap and the outside, as the cases spell them.
    pub fn filled(&self, text: &str) -> String {
        text.replace("TRAP", &self.trap())
            .replace("OUTSIDE", &self.outside().to_string_lossy())
    }

    /// A repository of the case's own.
    pub fn repository(&self, number: usize) -> Bare {
        Bare::new(&self.bench.folder.path().join("cases").join(number.to_string()))
    }

    /// Everything beside the runner's work folder and the repositories, with what links lead to.
    fn around(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.bench.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                let skipped = folder == self.bench.folder.path() && (path.ends_with("work") || path.ends_with("cases"));
                if entry.file_type().unwrap().is_dir() && !skipped {
                    folders.push(path);
                } else if !skipped {
                    let content = fs::read_to_string(&path).unwrap_or_else(|error| error.to_string());
                    found.insert(path, content);
                }
            }
        }
        found
    }

    /// What must hold after every case.
    pub fn assert_unharmed(&self, case: &str, never: &str, job: &Assignment, bare: Option<&Bare>) {
        assert_eq!(self.around(), self.before, "{case}: {never}");
        let log = format!("{:?}", self.bench.server.log(job.attempt));
        assert!(!log.contains(CANARY), "{case}: {never}: it is in the log: {log}");
        self.bench.server.with(|stored| {
            for (name, body) in &stored.uploads {
                assert!(!String::from_utf8_lossy(body).contains(CANARY), "{case}: {never}: it is in {name}");
            }
        });
        for mirror in fs::read_dir(self.bench.work_dir().join("repos")).into_iter().flatten().flatten() {
            let hooks = fs::read_dir(mirror.path().join("hooks")).into_iter().flatten().flatten();
            let hooks: Vec<_> = hooks.map(|hook| hook.file_name()).filter(|name| name != "README.sample").collect();
            assert!(hooks.is_empty(), "{case}: hooks in the shared repository: {hooks:?}");
        }
        if let Some(bare) = bare {
            let repository = bare.repository();
            let odb = repository.odb().unwrap();
            odb.foreach(|id| {
                let object = odb.read(*id).unwrap();
                assert!(
                    !String::from_utf8_lossy(object.data()).contains(CANARY),
                    "{case}: {never}: it was pushed"
                );
                true
            })
            .unwrap();
        }
    }
}

/// A job in a repository whose agent does this.
pub fn job_in(bare: &Bare, number: usize, script: Value) -> Assignment {
    let mut job = assignment(script);
    job.number = i64::try_from(number).unwrap();
    job.context = Context::Repository {
        url: bare.path.to_string_lossy().into_owned(),
        base_branch: "main".to_owned(),
    };
    job
}

pub fn run(command: &str) -> Value {
    json!({"tool": {"kind": "execute", "title": "run", "run": command}})
}

/// That a job ended as it should.
pub fn assert_ended(case: &str, never: &str, finished: &Finished, then: Then, log: &[String]) {
    let found = match &finished.result {
        WorkResult::Completed => Then::Works,
        WorkResult::Failed { reason, .. } => Then::Fails(*reason),
        other => panic!("{case}: {never}: {other:?}"),
    };
    assert_eq!(found, then, "{case}: {never}: {:?}, {log:#?}", finished.result);
}

/// Bytes as an object of the repository, whatever they are.
pub fn object(bare: &Bare, kind: git2::ObjectType, bytes: &[u8]) -> git2::Oid {
    bare.repository().odb().unwrap().write(kind, bytes).unwrap()
}

/// Where the working folder of a job is.
pub fn tree_of(bench: &Bench, job: &Assignment) -> PathBuf {
    bench.work_dir().join("jobs").join(job.job.to_string()).join("tree")
}

pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
