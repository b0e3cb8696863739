//! The runner's screen in a real terminal: the real program, keys, and what is seen.

use crate::common::{Bench, PATIENCE, PROGRAM, assignment, write_tool};
use coord_protocol::{job::Mode, log::LogBody, runner::WorkResult};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::json;
use std::{
    io::{Read, Write},
    num::NonZero,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// A terminal with the runner in it.
struct Terminal {
    seen: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 60);

fn pty(size: (u16, u16)) -> PtySize {
    PtySize {
        rows: size.1,
        cols: size.0,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

impl Terminal {
    fn start(bench: &Bench, size: (u16, u16), more: &[&str]) -> Self {
        let pair = native_pty_system().openpty(pty(size)).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(["run", "--config"]);
        command.arg(bench.config_file());
        command.args(more);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let seen = Arc::new(Mutex::new((vt100::Parser::new(cells(size.1), cells(size.0), 0), Vec::new())));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut piece) {
                let mut shown = shown.lock().unwrap();
                shown.0.process(&piece[..read]);
                shown.1.extend_from_slice(&piece[..read]);
            }
        });
        Self {
            seen,
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn text(&self) -> String {
        self.seen.lock().unwrap().0.screen().contents()
    }

    fn raw(&self) -> Vec<u8> {
        self.seen.lock().unwrap().1.clone()
    }

    /// Waits until all these words are on the screen at once.
    async fn shows(&self, words: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if words.iter().all(|words| text.contains(words)) {
                return text;
            }
            assert!(Instant::now() < until, "never: {words:?}; the screen:\n{text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn resize(&self, size: (u16, u16)) {
        self.seen.lock().unwrap().0.screen_mut().set_size(cells(size.1), cells(size.0));
        self.master.resize(pty(size)).unwrap();
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).unwrap();
    }

    /// Waits for the end of the program; whether it was a good one. The terminal is as it was then.
    async fn ends(mut self) -> bool {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "it does not end; the screen:\n{}", self.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let until = Instant::now() + PATIENCE;
        while !self.is_given_back() {
            assert!(Instant::now() < until, "the terminal was not given back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        status.success()
    }

    fn is_given_back(&self) -> bool {
        let seen = self.seen.lock().unwrap();
        let screen = seen.0.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }
}

/// For whoever wants to look: `COORD_SHOW_SCREENS=1 cargo test … -- --nocapture`.
fn look(name: &str, text: &str) {
    if std::env::var_os("COORD_SHOW_SCREENS").is_some() {
        println!("---- {name}\n{text}\n");
    }
}

#[tokio::test]
async fn run_8_a_job_is_seen_answered_and_done_by_keyboard_alone_in_a_real_terminal() {
    for size in [SMALL, LARGE] {
        let bench = Bench::new().await;
        let mut terminal = Terminal::start(&bench, size, &[]);
        look(
            "nothing",
            &terminal.shows(&["connected to http", "Nothing to do", "coord-runner test"]).await,
        );
        let script = json!([{"say": "I look round. "}, write_tool("output/hello.txt", "hi"), {"usage": {"input": 1200, "output": 34, "cost": 0.5}}, {"say": "Done."}]);
        let job = assignment(script);
        bench.server.assign(job.clone());
        let words = [
            "#12 Try it",
            "asks permission",
            "Asks: Write output/hello.txt",
            "1 waiting",
            "1 of 4 at work",
        ];
        look("waiting", &terminal.shows(&words).await);
        terminal.press("\r");
        look(
            "asking",
            &terminal
                .shows(&["#12 asks permission", "a  Allow once", "w  Deny, and say what to do instead"])
                .await,
        );
        terminal.press("a");
        let finished = bench.server.finished(job.attempt).await;
        assert_eq!(finished.result, WorkResult::Completed);
        let by = bench
            .server
            .entry(job.attempt, "the answer", |body| match body {
                LogBody::Answer { by, .. } => Some(by.clone()),
                _ => None,
            })
            .await;
        assert_eq!(by, "Olga Owner");
        terminal.shows(&["Nothing to do"]).await;
        terminal.press("3");
        look(
            "history",
            &terminal
                .shows(&["#12 Try it", "completed", "1,200 tokens read, 34 written · $0.50", "Done."])
                .await,
        );
        terminal.press("?");
        look("help", &terminal.shows(&["Keys", "quit; it asks"]).await);
        terminal.press("\u{1b}");
        // Alone, Esc is told from the beginning of an arrow key by what follows.
        tokio::time::sleep(Duration::from_millis(100)).await;
        terminal.press("q");
        assert!(terminal.ends().await);
        // The history survives a restart.
        let mut terminal = Terminal::start(&bench, size, &[]);
        terminal.shows(&["connected to http"]).await;
        terminal.press("3");
        terminal.shows(&["#12 Try it", "completed"]).await;
        terminal.press("q");
        assert!(terminal.ends().await);
        bench.server.assert_no_faults();
    }
}

#[tokio::test]
async fn run_8_the_log_is_seen_live_and_searched_and_no_escape_sequence_of_an_agent_passes() {
    let bench = Bench::new().await;
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http"]).await;
    let mut script = vec![json!({"say": "\u{1b}]0;gotcha\u{7}\u{1b}[2J\u{202e}The needle is here.\n"})];
    for n in 0..60 {
        script.push(json!({"tool": {"kind": "read", "title": format!("Read file-{n}"), "read": true}}));
    }
    script.push(json!({"say": "The end is near."}));
    script.push(json!({"ask": {"message": "Which one?", "options": ["Left", "Right"]}}));
    let mut job = assignment(json!(script));
    job.title = "A title \u{1b}]2;gotcha\u{7}\u{1b}[41m in red".to_owned();
    bench.server.assign(job.clone());
    terminal.shows(&["A title  in red", "asks a question"]).await;
    terminal.press("2");
    look("log", &terminal.shows(&["The end is near.", "? Asks: Which one?", "follows"]).await);
    terminal.press("/needle\r");
    look("found", &terminal.shows(&["The needle is here.", "finds “needle”", "%"]).await);
    terminal.press("G");
    terminal.shows(&["The end is near.", "follows"]).await;
    terminal.press("a");
    look("question", &terminal.shows(&["Which one?", "1  Left", "2  Right"]).await);
    terminal.press("2");
    bench.server.finished(job.attempt).await;
    look("over", &terminal.shows(&["all of it is in the web app", "Olga Owner: "]).await);
    terminal.press("q");
    let raw = terminal.raw();
    assert!(terminal.ends().await);
    let raw = String::from_utf8_lossy(&raw);
    assert!(!raw.contains("gotcha") && !raw.contains('\u{202e}') && !raw.contains("\u{1b}[41m"));
}

#[tokio::test]
async fn run_8_without_a_connection_an_answer_is_not_taken_and_an_order_to_stop_is() {
    let bench = Bench::new().await;
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http"]).await;
    let job = assignment(json!([write_tool("output/a", "x")]));
    bench.server.assign(job.clone());
    terminal.shows(&["asks permission"]).await;
    bench.server.cut(false);
    terminal.shows(&["not connected"]).await;
    terminal.press("aa");
    look(
        "offline",
        &terminal.shows(&["Not connected: only the server can take an answer."]).await,
    );
    terminal.press("se");
    terminal.shows(&["only handing the job back is possible now"]).await;
    terminal.press("sh");
    terminal.shows(&["No new jobs until p is pressed."]).await;
    bench.server.with(|stored| stored.accept = true);
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    assert!(bench.server.with(|stored| stored.paused), "told at hello");
    // Refused by the server: the owner learns why, and the request waits on.
    terminal.shows(&["Nothing to do, and no new jobs are taken"]).await;
    terminal.press("p");
    terminal.shows(&["takes new jobs"]).await;
    bench
        .server
        .with(|stored| stored.owner_refused = Some("you may not answer this".to_owned()));
    let other = assignment(json!([write_tool("output/a", "x")]));
    bench.server.assign(other.clone());
    terminal.shows(&["asks permission"]).await;
    terminal.press("aa");
    terminal.shows(&["#12: you may not answer this (ACC-3)", "asks permission"]).await;
    // Killed: as the server says.
    terminal.press("k");
    look("kill", &terminal.shows(&["Kill #12 Try it?", "e   end the attempt"]).await);
    terminal.press("e");
    assert_eq!(bench.server.finished(other.attempt).await.result, WorkResult::Stopped);
    terminal.shows(&["Nothing to do"]).await;
    terminal.press("q");
    assert!(terminal.ends().await);
}

#[tokio::test]
async fn run_7_quitting_finishes_hands_back_or_leaves_the_jobs() {
    // Finish: the job goes on, is answered, ends, and so does the program.
    let bench = Bench::new().await;
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http"]).await;
    let job = assignment(json!([write_tool("output/a", "x")]));
    bench.server.assign(job.clone());
    terminal.shows(&["asks permission"]).await;
    terminal.press("q");
    look("quit", &terminal.shows(&["Quit with 1 job?", "f   finish"]).await);
    terminal.press("f");
    terminal.shows(&["finishes its jobs, then ends"]).await;
    terminal.press("aa");
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Completed);
    assert!(terminal.ends().await);
    // Hand back, here by a signal.
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http"]).await;
    let job = assignment(json!([write_tool("output/a", "x")]));
    bench.server.assign(job.clone());
    terminal.shows(&["asks permission"]).await;
    terminal.press("a");
    terminal.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    assert!(terminal.ends().await);
    // Leave, by keys and when the terminal goes away: the next start goes on.
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http"]).await;
    let job = assignment(json!([write_tool("output/a", "x")]));
    bench.server.assign(job.clone());
    terminal.shows(&["asks permission"]).await;
    terminal.press("q");
    terminal.shows(&["l   leave"]).await;
    terminal.press("l");
    assert!(terminal.ends().await);
    let terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http", "asks permission"]).await;
    terminal.signal(nix::sys::signal::Signal::SIGHUP);
    assert!(terminal.ends().await);
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["asks permission"]).await;
    terminal.press("aa");
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Completed);
    terminal.shows(&["Nothing to do"]).await;
    terminal.press("q");
    assert!(terminal.ends().await);
    bench.server.assert_no_faults();
}

#[tokio::test]
async fn run_8_the_screen_follows_the_size_of_the_terminal_and_rests_when_nothing_happens() {
    let bench = Bench::new().await;
    let mut terminal = Terminal::start(&bench, LARGE, &[]);
    terminal.shows(&["connected to http", "Nothing to do"]).await;
    for size in [(40, 10), (7, 3), (1, 1), SMALL] {
        terminal.resize(size);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    terminal.shows(&["connected to http", "Nothing to do", "? help"]).await;
    // Several heartbeats: not a byte is written for them.
    let before = terminal.raw().len();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(terminal.raw().len(), before);
    // Everything anew on demand.
    terminal.press("\u{c}");
    let until = Instant::now() + PATIENCE;
    while terminal.raw().len() == before {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    terminal.shows(&["connected to http", "Nothing to do"]).await;
    terminal.press("\u{3}");
    assert!(terminal.ends().await);
}

#[tokio::test]
async fn run_8_no_ui_prints_lines_in_a_terminal_too() {
    let bench = Bench::new().await;
    let terminal = Terminal::start(&bench, SMALL, &["--no-ui"]);
    bench.server.connected().await;
    terminal.shows(&["coord-runner ", "agents scripted"]).await;
    assert!(!terminal.seen.lock().unwrap().0.screen().alternate_screen());
    terminal.signal(nix::sys::signal::Signal::SIGTERM);
    terminal.shows(&["stopped"]).await;
    assert!(terminal.ends().await);
}

#[tokio::test]
async fn agt_2_a_plan_is_changed_with_words_and_a_question_answered_with_words_at_the_runner() {
    let bench = Bench::new().await;
    let mut terminal = Terminal::start(&bench, SMALL, &[]);
    terminal.shows(&["connected to http"]).await;
    let mut job = assignment(json!([{"ask": {"message": "What is its name?"}}, {"propose_plan": "1. Look round.\n2. Write it."}]));
    job.mode = Mode::Plan;
    bench.server.assign(job.clone());
    terminal.shows(&["asks a question", "Asks: What is its name?"]).await;
    // Pasted, as a terminal tells it: what would be keys are words, and nothing is sent by the end of a line.
    terminal.press("a");
    terminal.shows(&["#12 asks", "Enter sends"]).await;
    terminal.press("\u{1b}[200~quick\nkill\u{1b}[201~");
    look("pasted", &terminal.shows(&["quick", "kill", "Enter sends"]).await);
    terminal.press("\r");
    let said = |want: &'static str| {
        move |body: &LogBody| matches!(body, LogBody::Answer { answer, .. } if answer.body.as_deref() == Some(want)).then_some(())
    };
    bench.server.entry(job.attempt, "the name", said("quick\nkill")).await;
    look("plan", &terminal.shows(&["shows its plan", "Accept this plan?"]).await);
    terminal.press("a");
    terminal.shows(&["2. Write it.", "a  Accept", "w  Ask for changes"]).await;
    terminal.press("w");
    terminal.shows(&["Enter sends"]).await;
    terminal.press("leave out 2\r");
    bench.server.entry(job.attempt, "the changes", said("leave out 2")).await;
    terminal.press("q");
    terminal.shows(&["l   leave"]).await;
    terminal.press("l");
    assert!(terminal.ends().await);
}
