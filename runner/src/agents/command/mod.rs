//! Agents that do not speak ACP: a command that is run once per prompt and does its work unasked (AGT-1).
//!
//! What it prints is the log: as it is, or as one of the streams of events that some programs know ([`events`]). It ends well with exit
//! code 0. It cannot ask for permission, so it is only started for jobs that allow everything or plan first ([`Template::refusal`]).

pub mod events;

use super::{
    Agent, AgentError, AgentEvent, AgentMode, AskId, BoxFuture, Launch, Reply, Started, Tokens, TurnEnd,
    process::{self, Process},
};
use coord_protocol::{
    job::{Mode, ToolsPolicy},
    runner::AgentInfo,
};
use events::{Events, Reader, Said};
use std::{collections::VecDeque, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::ChildStdout,
    sync::mpsc,
    time::Instant,
};

/// Pieces of output between the reader and the attempt, at most. Full: the command waits.
const PIECES: usize = 64;

/// Longest line that is looked into, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// For the rest of the output after the command ended: what it started may hold its output open.
const REST: Duration = Duration::from_millis(500);

/// Bytes of the last output kept for a command that does not remember.
const TAIL: usize = 8 * 1024;

/// How the command is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// To work.
    pub work: Vec<String>,
    /// To go on with a session; empty when it cannot.
    pub resume: Vec<String>,
    /// To plan; empty when it cannot.
    pub plan: Vec<String>,
    /// What it prints.
    pub events: Events,
    /// Folder for the file of `{prompt_file}`, the attempt's own.
    pub folder: PathBuf,
}

impl Template {
    /// Why it is not started for a job, with the rule.
    #[must_use]
    pub fn refusal(name: &str, plans: bool, mode: Mode, policy: ToolsPolicy) -> Option<String> {
        match (mode, policy) {
            (Mode::Plan, _) if !plans => Some(format!(
                "AGT-2: the agent {name} has no command for planning (`plan_command`), so nothing would keep it from changing files"
            )),
            (Mode::Edit, ToolsPolicy::RequirePermission) => Some(format!(
                "AGT-3: the agent {name} cannot ask for permission; it takes jobs that allow everything, or that plan first"
            )),
            (Mode::Plan, _) | (Mode::Edit, ToolsPolicy::ApproveAll) => None,
        }
    }

    /// The command line for a prompt.
    fn fill(words: &[String], prompt: &str, file: &str, folder: &str, session: &str) -> Vec<String> {
        words
            .iter()
            .map(|word| {
                // By hand, so that what is filled in is not looked through again.
                let mut filled = String::new();
                let mut rest = word.as_str();
                while let Some(at) = rest.find('{') {
                    filled.push_str(&rest[..at]);
                    rest = &rest[at..];
                    let known = [
                        ("{prompt}", prompt),
                        ("{prompt_file}", file),
                        ("{cwd}", folder),
                        ("{resume_id}", session),
                    ];
                    match known.iter().find(|(name, _)| rest.starts_with(name)) {
                        Some((name, value)) => {
                            filled.push_str(value);
                            rest = &rest[name.len()..];
                        }
                        None => {
                            filled.push('{');
                            rest = &rest[1..];
                        }
                    }
                }
                filled.push_str(rest);
                // Somebody's words must not become an option of the program.
                if filled.starts_with('-') && !word.starts_with('-') {
                    filled.insert(0, ' ');
                }
                filled
            })
            .collect()
    }
}

/// One run of the command.
struct Running {
    process: Process,
    output: mpsc::Receiver<String>,
    closed: bool,
    /// Whether it ended well, and until when the rest of its output is waited for.
    ended: Option<(bool, Instant)>,
    reader: Reader,
    error: Option<AgentError>,
    tokens: Option<Tokens>,
}

struct Command {
    started: Started,
    launch: Launch,
    template: Template,
    session: Option<String>,
    mode: AgentMode,
    running: Option<Running>,
    events: VecDeque<AgentEvent>,
    cancelled: bool,
    /// The first prompt and the last output, for a command that does not remember.
    first: Option<String>,
    tail: String,
}

/// Makes the agent ready. Its command is run with the first prompt.
///
/// # Errors
/// When it has no template.
pub fn start(launch: Launch) -> Result<Box<dyn Agent>, AgentError> {
    let Some(template) = launch.template.clone() else {
        return Err(AgentError::NotStarted(format!("the agent {} is no command", launch.name)));
    };
    let session = launch.resume.clone().filter(|id| !template.resume.is_empty() && is_session(id));
    let started = Started {
        agent: AgentInfo {
            name: launch.name.clone(),
            version: None,
            limits: Vec::new(),
        },
        session: session.clone().unwrap_or_default(),
        resumed: session.is_some(),
        model: None,
    };
    Ok(Box::new(Command {
        started,
        launch,
        template,
        session,
        mode: AgentMode::Work,
        running: None,
        events: VecDeque::new(),
        cancelled: false,
        first: None,
        tail: String::new(),
    }))
}

/// Whether this may stand on a command line.
fn is_session(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    !id.is_empty() && id.len() <= 200 && !id.starts_with('-') && id.chars().all(plain)
}

impl Command {
    fn run(&mut self, text: &str) -> Result<Running, AgentError> {
        let words = match (self.mode, &self.session) {
            (AgentMode::Plan, _) => &self.template.plan,
            (AgentMode::Work, Some(_)) if !self.template.resume.is_empty() => &self.template.resume,
            (AgentMode::Work, _) => &self.template.work,
        };
        let file = self.template.folder.join("prompt.md");
        if words.iter().any(|word| word.contains("{prompt_file}")) {
            let written = std::fs::create_dir_all(&self.template.folder).and_then(|()| std::fs::write(&file, text));
            written.map_err(|error| AgentError::NotStarted(format!("the prompt cannot be written to {}: {error}", file.display())))?;
        }
        let command = Template::fill(
            words,
            text,
            &file.to_string_lossy(),
            &self.launch.folder.to_string_lossy(),
            self.session.as_deref().unwrap_or_default(),
        );
        let launch = Launch {
            command,
            ..self.launch.clone()
        };
        let (process, mut stdin, stdout) = process::start(&launch)?;
        // Its input is empty: there is nobody to type.
        drop(tokio::spawn(async move { stdin.shutdown().await }));
        let (sender, output) = mpsc::channel(PIECES);
        tokio::spawn(read(stdout, sender, self.template.events == Events::None));
        Ok(Running {
            process,
            output,
            closed: false,
            ended: None,
            reader: Reader::new(self.template.events),
            error: None,
            tokens: None,
        })
    }

    /// A line, or a piece of plain output.
    fn hear(&mut self, piece: &str) {
        let Some(running) = &mut self.running else { return };
        for said in running.reader.read(piece) {
            match said {
                Said::Event(event) => {
                    if let AgentEvent::Text(text) | AgentEvent::Output(text) = &event {
                        self.tail.push_str(text);
                        if self.tail.len() > 2 * TAIL {
                            let cut = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
                            self.tail.drain(..cut);
                        }
                    }
                    self.events.push_back(event);
                }
                Said::Session(id) if is_session(&id) && self.session.as_ref() != Some(&id) => {
                    self.session = Some(id.clone());
                    if !self.template.resume.is_empty() {
                        self.events.push_back(AgentEvent::Session(id));
                    }
                }
                Said::Session(_) => {}
                Said::Tokens(tokens) => running.tokens = Some(tokens),
                Said::Failed(error) => running.error = Some(error),
            }
        }
    }

    /// The run is over.
    async fn over(&mut self, well: bool) {
        let Some(mut running) = self.running.take() else { return };
        let result = match running.error {
            _ if self.cancelled => Ok((TurnEnd::Cancelled, running.tokens)),
            Some(error) => Err(error),
            None if well => Ok((TurnEnd::Done, running.tokens)),
            None => Err(running.process.ended().await),
        };
        self.events.push_back(AgentEvent::TurnEnded(result));
        // What it started and left behind.
        tokio::spawn(running.process.end(true, Duration::ZERO));
    }
}

impl Agent for Command {
    fn started(&self) -> &Started {
        &self.started
    }

    fn prompt(&mut self, text: &str) {
        self.cancelled = false;
        let remembers = self.session.is_some() && !self.template.resume.is_empty();
        let whole = match &self.first {
            Some(first) if !remembers => format!(
                "{first}\n\n## What you said last\n\nYou have worked on this in the same folder already. The end of what you said:\n\n{}\n\n\
                 ## What is to be done now\n\n{text}\n",
                self.tail.trim()
            ),
            _ => text.to_owned(),
        };
        self.first.get_or_insert_with(|| text.to_owned());
        match self.run(&whole) {
            Ok(running) => self.running = Some(running),
            Err(error) => self.events.push_back(AgentEvent::TurnEnded(Err(error))),
        }
    }

    fn reply(&mut self, _: AskId, _: Reply) {
        // It never asks.
    }

    fn cancel(&mut self) {
        self.cancelled = true;
        if let Some(running) = &self.running {
            running.process.interrupt();
        }
    }

    fn mode(&mut self, mode: AgentMode) {
        self.mode = mode;
    }

    fn next(&mut self) -> BoxFuture<'_, AgentEvent> {
        Box::pin(async move {
            loop {
                if let Some(event) = self.events.pop_front() {
                    return event;
                }
                let Some(running) = &mut self.running else {
                    return std::future::pending().await;
                };
                if let (true, Some((well, _))) = (running.closed, running.ended) {
                    self.over(well).await;
                    continue;
                }
                let rest = running.ended.map(|(_, until)| until);
                tokio::select! {
                    biased;
                    piece = running.output.recv(), if !running.closed => match piece {
                        Some(piece) => self.hear(&piece),
                        None => running.closed = true,
                    },
                    well = running.process.succeeded(), if running.ended.is_none() => running.ended = Some((well, Instant::now() + REST)),
                    () = until(rest), if !running.closed => running.closed = true,
                }
            }
        })
    }

    fn close(mut self: Box<Self>, at_once: bool) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Some(running) = self.running.take() {
                // Its output is closed, so that it does not wait for a reader.
                drop(running.output);
                running.process.end(at_once, self.launch.exit).await;
            }
            process::sweep(self.launch.attempt).await;
        })
    }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Reads the output: line by line, or when `plain` in pieces of whole lines as they come.
async fn read(mut stdout: ChildStdout, pieces: mpsc::Sender<String>, plain: bool) {
    let mut buffer = vec![0; 16 * 1024];
    let mut held = Vec::new();
    while let Ok(read @ 1..) = stdout.read(&mut buffer).await {
        held.extend_from_slice(&buffer[..read]);
        let Some(end) = held.iter().rposition(|&byte| byte == b'\n') else {
            if held.len() > MAX_LINE {
                // A line without an end: given out as it is rather than kept.
                let text = String::from_utf8_lossy(&std::mem::take(&mut held)).into_owned();
                if pieces.send(text).await.is_err() {
                    return;
                }
            }
            continue;
        };
        let rest = held.split_off(end + 1);
        let text = String::from_utf8_lossy(&std::mem::replace(&mut held, rest)).into_owned();
        let sent = if plain {
            pieces.send(text).await.is_ok()
        } else {
            let mut sent = true;
            for line in text.lines() {
                sent = sent && pieces.send(line.to_owned()).await.is_ok();
            }
            sent
        };
        if !sent {
            return;
        }
    }
    if !held.is_empty() {
        let _ = pieces.send(String::from_utf8_lossy(&held).into_owned()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(words: &[&str], prompt: &str) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Template::fill(&words, prompt, "/a/prompt.md", "/w", "id-1")
    }

    #[test]
    fn agt_1_a_command_line_is_filled_in_and_words_stay_words() {
        assert_eq!(
            fill(
                &["x", "--in={prompt_file}", "{cwd}/a", "-r{resume_id}", "{other}", "{prompt}"],
                "do {cwd} {prompt}"
            ),
            ["x", "--in=/a/prompt.md", "/w/a", "-rid-1", "{other}", "do {cwd} {prompt}"]
        );
        assert_eq!(fill(&["x", "{prompt}"], "--dangerous"), ["x", " --dangerous"]);
        assert!(is_session("0199-ab:c_d.e") && !is_session("--help") && !is_session("a b") && !is_session(""));
    }

    #[test]
    fn agt_3_a_command_takes_no_job_that_wants_to_be_asked() {
        let refusal = |plans, mode, policy| Template::refusal("x", plans, mode, policy);
        assert!(
            refusal(true, Mode::Edit, ToolsPolicy::RequirePermission)
                .unwrap()
                .starts_with("AGT-3")
        );
        assert!(refusal(false, Mode::Plan, ToolsPolicy::ApproveAll).unwrap().starts_with("AGT-2"));
        assert_eq!(refusal(true, Mode::Plan, ToolsPolicy::RequirePermission), None);
        assert_eq!(refusal(false, Mode::Edit, ToolsPolicy::ApproveAll), None);
    }
}
