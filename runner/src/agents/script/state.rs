//! The sessions of the scripted agent, and their place on disk.

use super::{demo, steps, steps::Step};
use crate::work::prompt::{CONTINUE, OUTPUT_FOLDER, PLAN_ACCEPTED, REVIEW_HEADING};
use agent_client_protocol::v1::schema::McpServerStdio;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// One session.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Session {
    /// Every prompt it had.
    pub prompts: Vec<String>,
    /// What it performs.
    pub script: Vec<Step>,
    /// The step that comes next.
    pub position: usize,
    /// Its mode.
    pub mode: String,
    /// Tool calls so far, for their ids.
    pub calls: u64,
    /// The plan as last told.
    pub plan: Vec<String>,
    /// Working folder.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The MCP server it was given.
    #[serde(skip)]
    pub server: Option<McpServerStdio>,
    /// Whether it was resumed by this process.
    #[serde(skip)]
    pub resumed: bool,
}

/// A session, and whether its turn was cancelled.
type Open = (Session, watch::Sender<bool>);

/// All sessions of this process.
#[derive(Clone)]
pub struct Sessions {
    store: Option<PathBuf>,
    open: Arc<Mutex<HashMap<String, Open>>>,
}

impl Sessions {
    pub fn new() -> Self {
        let store = std::env::var_os("SCRIPTED_STATE").map(PathBuf::from);
        if let Some(store) = &store {
            let _ = fs::create_dir_all(store);
        }
        Self {
            store,
            open: Arc::default(),
        }
    }

    fn with<T>(&self, id: &str, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (session, _) = open.get_mut(id)?;
        let result = change(session);
        if let Some(store) = &self.store
            && let Ok(bytes) = serde_json::to_vec(session)
        {
            let beside = store.join(format!("{id}.new"));
            let _ = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, store.join(format!("{id}.json"))));
        }
        Some(result)
    }

    fn insert(&self, id: &str, session: Session) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id.to_owned(), (session, watch::Sender::new(false)));
    }

    /// A new session, named by a counter.
    pub fn create(&self, folder: &Path, server: Option<McpServerStdio>) -> std::io::Result<String> {
        let session = Session {
            mode: "default".to_owned(),
            folder: folder.to_path_buf(),
            server,
            ..Session::default()
        };
        for n in 1.. {
            let id = format!("scripted-{n}");
            let free = match &self.store {
                // Other processes share the folder: whoever makes the file has the name.
                Some(store) => match fs::File::create_new(store.join(format!("{id}.json"))) {
                    Ok(_) => true,
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
                    Err(error) => return Err(error),
                },
                None => !self.open.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id),
            };
            if free {
                self.insert(&id, session);
                return Ok(id);
            }
        }
        unreachable!("the counter has no end")
    }

    /// Goes on with a session of a former process. Returns its mode.
    pub fn restore(&self, id: &str, folder: &Path, server: Option<McpServerStdio>) -> Result<String, String> {
        let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let store = self.store.as_ref().filter(|_| plain).ok_or("no such session")?;
        let bytes = fs::read(store.join(format!("{id}.json"))).map_err(|_| "no such session")?;
        let mut session: Session = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        session.folder = folder.to_path_buf();
        session.server = server;
        session.resumed = true;
        let mode = session.mode.clone();
        self.insert(id, session);
        Ok(mode)
    }

    pub fn set_mode(&self, id: &str, mode: &str) {
        self.with(id, |session| mode.clone_into(&mut session.mode));
    }

    pub fn cancel(&self, id: &str) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cancelled)) = open.get(id) {
            cancelled.send_replace(true);
        }
    }

    /// Whether the turn was cancelled; a receiver to wait on.
    pub fn cancelled(&self, id: &str) -> watch::Receiver<bool> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(id)
            .map_or_else(|| watch::Sender::new(true).subscribe(), |(_, cancelled)| cancelled.subscribe())
    }

    /// A prompt arrives: decides what is performed.
    pub fn prompt(&self, id: &str, text: &str, file: Option<&[Step]>) -> Result<(), String> {
        let script = steps::inline(text)
            .map(|script| steps::parse(script).map_err(|error| format!("the script in the prompt is not valid: {error}")))
            .transpose()?;
        {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, cancelled)) = open.get(id) {
                cancelled.send_replace(false);
            }
        }
        self.with(id, |session| {
            session.prompts.push(text.to_owned());
            let pending = session.position < session.script.len();
            let goes_on = text.contains(CONTINUE) || text.contains(PLAN_ACCEPTED);
            if goes_on && pending {
                return;
            }
            session.position = 0;
            session.script = match (script, file) {
                (Some(script), _) => script,
                (None, Some(file)) => file.to_vec(),
                (None, None) if text.contains(REVIEW_HEADING) => demo::revision(text.contains(OUTPUT_FOLDER)),
                (None, None) if session.prompts.len() == 1 => demo::first(session.mode == "plan", text.contains(OUTPUT_FOLDER)),
                (None, None) => demo::follow_up(text),
            };
        })
        .ok_or_else(|| "no such session".to_owned())
    }

    /// The next step, if there is one. One that ends the process or the turn counts as done from here on, so that it is not repeated;
    /// any other when [`Sessions::done`] says so.
    pub fn step(&self, id: &str) -> Option<(Step, Session)> {
        self.with(id, |session| {
            let step = session.script.get(session.position).cloned()?;
            session.position += usize::from(step.ends());
            Some((step, session.clone()))
        })
        .flatten()
    }

    /// A step was performed.
    pub fn done(&self, id: &str, step: &Step) {
        self.with(id, |session| session.position += usize::from(!step.ends()));
    }

    pub fn change(&self, id: &str, change: impl FnOnce(&mut Session)) {
        self.with(id, change);
    }
}
