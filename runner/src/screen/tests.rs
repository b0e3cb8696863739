//! The screen as a whole: what keys do, and what it looks like at the sizes that matter.

use super::{
    journal::Seek,
    model::{Action, Dialog, Ending, Facts, Model, Tab},
    pager::Page,
    paint::Paint,
    view,
};
use crate::{
    brief::{Brief, Waiting},
    desk::{
        Phase,
        look::{Held, Link, Look, Standing},
    },
    history::{About, Done, Ending as Outcome},
    outbox::Glance,
    work::questions,
};
use coord_protocol::{
    attempt::Usage,
    id::{AttemptId, RequestId},
    job::Activity,
    log::{LogBody, LogEntry, PlanStatus, PlanStep, SystemLevel, ToolCall, ToolKind, ToolStatus},
    request::{Answer, Ask},
    runner::AgentInfo,
    time::Timestamp,
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};
use uuid::Uuid;

const NOW: Timestamp = Timestamp(10_000_000_000);

fn attempt(n: i64) -> AttemptId {
    AttemptId(Uuid::from_u128(u128::try_from(n).unwrap()))
}

fn request(n: i64) -> RequestId {
    RequestId(Uuid::from_u128(u128::try_from(n).unwrap()))
}

fn about(n: i64, title: &str) -> About {
    About {
        attempt: attempt(n),
        number: n,
        title: title.to_owned(),
        workspace: "Team".to_owned(),
        agent: Some("claude".to_owned()),
        round: Some(1),
        since: Timestamp(NOW.0 - n * 65_000_000),
    }
}

fn held(n: i64, title: &str, standing: Standing, activity: Option<Activity>) -> Held {
    let brief = Brief {
        began: Some(Timestamp(NOW.0 - n * 65_000_000)),
        agent: Some(AgentInfo {
            name: "claude".to_owned(),
            version: Some("0.100.0".to_owned()),
            limits: Vec::new(),
        }),
        model: Some("a-model".to_owned()),
        tool: Some("Read src/login.rs".to_owned()),
        usage: Usage {
            input_tokens: 12_345,
            output_tokens: 678,
            cost_usd: Some(0.123),
            wall_ms: 0,
        },
        last: 40,
        ..Brief::default()
    };
    Held {
        about: Arc::new(about(n, title)),
        standing,
        glance: Glance {
            activity,
            brief,
            log: Some(PathBuf::from(format!("/log/{n}"))),
            unconfirmed: 0,
        },
    }
}

fn permission() -> Ask {
    let call = ToolCall {
        tool_call: "1".to_owned(),
        title: "Write src/login.rs".to_owned(),
        tool: ToolKind::Edit,
        status: ToolStatus::Pending,
        paths: vec![],
        content: Some("The agent wants to change the file that checks passwords.".to_owned()),
        diffs: vec![coord_protocol::log::FileDiff {
            path: "src/login.rs".to_owned(),
            diff: "@@ -1,3 +1,3 @@\n fn login() {\n-    old();\n+    new();\n }\n".to_owned(),
        }],
    };
    questions::permission(&call, "Write src/login.rs")
}

fn waits(mut held: Held, n: i64, ask: Ask) -> Held {
    held.glance.brief.open.push(Waiting {
        request: request(n),
        since: Timestamp(NOW.0 - 42_000_000),
        ask: Arc::new(ask),
    });
    held
}

fn look(held: Vec<Held>) -> Look {
    Look {
        name: Some("workshop".to_owned()),
        link: Link::Connected,
        paused: false,
        phase: Phase::Running,
        held,
        answering: BTreeSet::new(),
        history: 0,
    }
}

fn three() -> Look {
    let asks = held(12, "Fix login", Standing::Working, Some(Activity::WaitingForPermission));
    look(vec![
        waits(asks, 1, permission()),
        held(
            7,
            "日本語のタイトル and a title that is much too long for any screen of eighty columns",
            Standing::Working,
            Some(Activity::Running),
        ),
        held(3, "Tidy \u{1b}[31mup\u{202e}", Standing::Ended, Some(Activity::Packaging)),
    ])
}

fn done() -> Vec<Done> {
    let done = |n: i64, title: &str, ending: Outcome, reason: Option<&str>, detail: &str| Done {
        about: about(n, title),
        at: Timestamp(NOW.0 - n * 3_000_000),
        ending,
        reason: reason.map(str::to_owned),
        detail: Some(detail.to_owned()),
        usage: Usage::default(),
    };
    vec![
        done(11, "Write the docs", Outcome::Completed, None, "I wrote the docs.\nAll of them."),
        done(
            10,
            "Fix the build",
            Outcome::Failed,
            Some("agent_crashed"),
            "the agent's process ended (exit status: 3)",
        ),
        done(9, "Merge it", Outcome::NotMerged, None, "in conflict: src/main.rs"),
    ]
}

fn screen(look: Look, size: (u16, u16)) -> Model {
    let facts = Facts {
        server: "https://coord.example.org".to_owned(),
        concurrency: 4,
        messages: PathBuf::from("/srv/runner/runner.log"),
    };
    Model::new(facts, look, done(), NOW, size)
}

fn press(model: &mut Model, keys: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            '↓' => KeyCode::Down,
            '↑' => KeyCode::Up,
            '⇟' => KeyCode::PageDown,
            '⇞' => KeyCode::PageUp,
            c => KeyCode::Char(c),
        };
        actions.extend(model.key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
    actions
}

/// What is on the screen.
fn drawn(model: &Model) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).unwrap();
    let paint = Paint { colour: true };
    terminal.draw(|frame| view::draw(frame, model, paint)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = ratatui::text::Span::raw(symbol).width().saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Compares with the picture that is kept. `COORD_WRITE_SNAPSHOTS=1` keeps the new one.
fn looks_like(name: &str, model: &Model) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/screen/snapshots/{name}-{}x{}.txt", model.size.0, model.size.1));
    let now = drawn(model);
    if std::env::var_os("COORD_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(now == kept, "{} differs:\n{now}", file.display());
}

fn log(entries: i64) -> Page {
    let bodies = [
        LogBody::System {
            text: "Agent claude 0.100.0 started, model a-model".to_owned(),
            level: SystemLevel::Info,
        },
        LogBody::Plan {
            steps: vec![
                PlanStep {
                    text: "Look round".to_owned(),
                    status: PlanStatus::Completed,
                },
                PlanStep {
                    text: "Change it".to_owned(),
                    status: PlanStatus::InProgress,
                },
            ],
        },
        LogBody::Thought {
            text: "The password is compared byte by byte.".to_owned(),
        },
        LogBody::ToolCall(ToolCall {
            tool_call: "1".to_owned(),
            title: "Read src/login.rs".to_owned(),
            tool: ToolKind::Read,
            status: ToolStatus::InProgress,
            paths: vec![],
            content: None,
            diffs: vec![],
        }),
        LogBody::Request {
            request: request(1),
            ask: permission(),
        },
        LogBody::Answer {
            request: request(1),
            answer: Answer {
                choice: Some("allow".to_owned()),
                body: None,
            },
            by: "Ann".to_owned(),
        },
        LogBody::Text {
            text: "I have changed the login so that it compares in constant time. 日本語の文字も幅が正しい。 ".repeat(2),
        },
    ];
    let entry = |seq: i64| {
        let body = bodies[usize::try_from(seq - 1).unwrap() % bodies.len()].clone();
        let at = Timestamp(NOW.0 - 12 * 65_000_000 + seq * 7_000_000);
        (u64::try_from(seq).unwrap() * 100, LogEntry { seq, at, body })
    };
    Page {
        entries: (1..=entries).map(entry).collect(),
        from: 0,
        to: u64::try_from(entries + 1).unwrap() * 100,
        size: u64::try_from(entries + 1).unwrap() * 100,
    }
}

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

#[test]
fn run_8_the_pages_look_right_at_eighty_by_twenty_four_and_two_hundred_by_sixty() {
    for size in SIZES {
        let mut model = screen(three(), size);
        looks_like("status", &model);
        press(&mut model, "2");
        model.journal.read(log(40));
        looks_like("logs", &model);
        press(&mut model, "3");
        looks_like("history", &model);
        press(&mut model, "1a");
        looks_like("asking", &model);
        press(&mut model, "wnot this file");
        looks_like("words", &model);
        press(&mut model, "\u{1b}\u{1b}s");
        looks_like("stop", &model);
        press(&mut model, "\u{1b}q");
        looks_like("quit", &model);
        press(&mut model, "\u{1b}?");
        looks_like("help", &model);
        let mut nothing = screen(look(vec![]), size);
        nothing.look.link = Link::Away {
            why: "cannot reach the server: Connection refused (os error 111)".to_owned(),
            again: NOW.plus_ms(4_200),
        };
        looks_like("nothing", &nothing);
    }
}

#[test]
fn run_8_no_size_of_the_terminal_breaks_it() {
    for width in [0, 1, 2, 5, 19, 43, 44, 60, 500] {
        for height in [0, 1, 2, 3, 4, 7, 8, 11, 30] {
            let mut model = screen(three(), (width, height));
            for keys in [
                "",
                "2",
                "3",
                "1a",
                "w",
                "x\u{1b}\u{1b}s",
                "\u{1b}k",
                "\u{1b}q",
                "\u{1b}?",
                "\u{1b}2/find",
            ] {
                press(&mut model, keys);
                model.journal.read(log(30));
                drawn(&model);
                press(&mut model, "↓↑⇟⇞");
            }
            // The terminal shrank and the model does not know yet.
            let mut terminal = Terminal::new(TestBackend::new(width / 2, height / 2)).unwrap();
            terminal.draw(|frame| view::draw(frame, &model, Paint { colour: false })).unwrap();
        }
    }
}

#[test]
fn run_8_nothing_that_a_terminal_would_obey_is_drawn() {
    let evil = "\u{1b}]0;gotcha\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{0}evil\r\n\u{8}x";
    let mut ask = permission();
    ask.title = evil.to_owned();
    ask.body = evil.repeat(3);
    ask.diff = Some(evil.to_owned());
    ask.choices[0].label = evil.to_owned();
    let mut job = waits(
        held(12, evil, Standing::Working, Some(Activity::WaitingForPermission)),
        1,
        ask.clone(),
    );
    job.glance.brief.tool = Some(evil.to_owned());
    job.glance.brief.model = Some(evil.to_owned());
    let mut look = look(vec![job]);
    look.name = Some(evil.to_owned());
    look.link = Link::Away {
        why: evil.to_owned(),
        again: NOW,
    };
    let mut model = screen(look, (120, 40));
    model.facts.server = evil.to_owned();
    model.done[0].about.title = evil.to_owned();
    model.done[0].detail = Some(evil.to_owned());
    model.done[0].reason = Some(evil.to_owned());
    let mut page = log(3);
    page.entries[0].1.body = LogBody::Output {
        tool_call: None,
        text: evil.to_owned(),
    };
    page.entries[1].1.body = LogBody::Request { request: request(1), ask };
    for keys in ["", "a", "w", "\u{1b}\u{1b}s", "\u{1b}3", "2"] {
        press(&mut model, keys);
        model.journal.read(page.clone());
        model.say(evil);
        let text = drawn(&model);
        assert!(text.contains("evil"), "{text}");
        assert!(!text.contains("gotcha") && !text.contains("[2J"), "{text}");
        assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
    }
}

#[test]
fn run_8_the_owner_answers_by_keys_and_a_request_never_takes_the_keyboard() {
    let mut model = screen(look(vec![held(12, "Fix login", Standing::Working, None)]), (80, 24));
    // Typed while nothing waits; then something does.
    assert_eq!(press(&mut model, "a\n"), [Action::Read(end_of(12))]);
    press(&mut model, "1");
    model.looked(three());
    assert!(model.dialog.is_none());
    let answer = |choice: &str, body: Option<&str>| {
        let answer = Answer {
            choice: Some(choice.to_owned()),
            body: body.map(str::to_owned),
        };
        vec![Action::Answer(attempt(12), request(1), answer)]
    };
    assert_eq!(press(&mut model, "aa"), answer("allow", None));
    assert!(model.dialog.is_none());
    assert_eq!(press(&mut model, "\nA"), answer("always", None));
    assert_eq!(press(&mut model, "awno\n"), answer("deny", Some("no")));
    // On its way: not again.
    model.look.answering.insert(request(1));
    assert_eq!(press(&mut model, "aa"), []);
    assert!(drawn(&model).contains("The answer is on its way"));
}

fn end_of(n: i64) -> Seek {
    Seek::Page {
        path: PathBuf::from(format!("/log/{n}")),
        at: u64::MAX,
        before: super::pager::PAGE,
        after: 0,
    }
}

#[test]
fn agt_3_who_is_answering_when_somebody_else_was_first_is_told_who() {
    let mut model = screen(three(), (80, 24));
    press(&mut model, "aw");
    let mut answered = three();
    let brief = &mut answered.held[0].glance.brief;
    brief.open.clear();
    brief.answered = Some((request(1), "Ben".to_owned()));
    model.looked(answered);
    assert!(model.dialog.is_none());
    assert!(drawn(&model).contains("Ben has answered already."));
}

#[test]
fn run_8_a_stop_asks_first_and_handing_back_takes_no_new_jobs() {
    for (key, kill) in [("s", false), ("k", true)] {
        let mut model = screen(three(), (80, 24));
        assert_eq!(press(&mut model, key), []);
        assert_eq!(press(&mut model, "xk\n "), [], "no other key does it");
        assert_eq!(press(&mut model, "e"), [Action::Stop(attempt(12), kill)]);
        assert_eq!(press(&mut model, key), []);
        assert_eq!(press(&mut model, "\u{1b}e"), []);
        press(&mut model, key);
        assert_eq!(press(&mut model, "h"), [Action::Pause(true), Action::HandBack(attempt(12), kill)]);
    }
    // What is over cannot be stopped.
    let mut model = screen(three(), (80, 24));
    press(&mut model, "↓↓s");
    assert!(model.dialog.is_none());
    assert_eq!(press(&mut model, "p"), [Action::Pause(true)]);
}

#[test]
fn run_7_quitting_asks_what_becomes_of_the_jobs() {
    for (key, ending) in [("f", Ending::Finish), ("h", Ending::HandBack), ("l", Ending::Leave)] {
        let mut model = screen(three(), (80, 24));
        assert_eq!(press(&mut model, "q"), []);
        assert_eq!(model.dialog, Some(Dialog::Quit));
        assert_eq!(press(&mut model, "\u{1b}"), []);
        press(&mut model, "q");
        assert_eq!(press(&mut model, key), [Action::End(ending)]);
        // One can still change one's mind, and answer what the others wait for.
        assert_eq!(press(&mut model, "ql"), [Action::End(Ending::Leave)]);
        assert_eq!(press(&mut model, "aa").len(), 1);
    }
    let mut idle = screen(look(vec![]), (80, 24));
    assert_eq!(press(&mut idle, "q"), [Action::End(Ending::Leave)]);
    let mut model = screen(three(), (80, 24));
    assert_eq!(model.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), []);
    assert_eq!(model.dialog, Some(Dialog::Quit));
}

#[test]
fn run_8_a_log_is_followed_scrolled_and_goes_on_where_it_was() {
    let mut model = screen(three(), (80, 24));
    assert_eq!(press(&mut model, "2"), [Action::Read(end_of(12))]);
    let mut whole = log(40);
    whole.entries.drain(..20);
    whole.from = 2100;
    model.journal.read(whole);
    assert!(model.journal.follow);
    let last = model.journal.visible().last().unwrap().clone();
    // Up: it stays there though the log grows.
    press(&mut model, "↑");
    assert!(!model.journal.follow);
    let mut grown = three();
    grown.held[0].glance.brief.last = 41;
    assert_eq!(model.looked(grown), []);
    assert_ne!(model.journal.visible().last().unwrap(), &last);
    // Further up than what is in memory: the page around the first line is read, and that line stays in sight.
    let mut read = vec![];
    for _ in 0..30 {
        read = press(&mut model, "⇞");
        if !read.is_empty() {
            break;
        }
    }
    let Some(Action::Read(Seek::Page { at, before, .. })) = read.first() else {
        panic!("{read:?}")
    };
    assert!(*before > 0);
    let anchor = *at;
    model.journal.read(log(40));
    assert!(model.journal.visible().iter().any(|line| line.at <= anchor));
    // The end again.
    assert_eq!(press(&mut model, "G"), [Action::Read(end_of(12))]);
    model.journal.read(log(41));
    assert!(model.journal.follow);
    let mut grown = three();
    grown.held[0].glance.brief.last = 42;
    assert_eq!(model.looked(grown), [Action::Read(end_of(12))]);
}

#[test]
fn run_8_words_are_looked_for_upwards_then_down() {
    let mut model = screen(three(), (80, 24));
    press(&mut model, "2");
    model.journal.read(log(40));
    let actions = press(&mut model, "/q?k1\n");
    let [Action::Read(Seek::Words { back: true, words, .. })] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!(words, "q?k1", "keys of the page are letters here");
    assert!(model.journal.searching);
    let Some(Seek::Page { at, .. }) = model.journal.found(Some(1000)) else {
        panic!()
    };
    assert_eq!(at, 1000);
    model.journal.read(log(40));
    assert!(!model.journal.follow && model.journal.visible().iter().any(|line| line.at == 1000));
    let next = press(&mut model, "n");
    assert!(
        matches!(next.as_slice(), [Action::Read(Seek::Words { at: 1000, back: true, .. })]),
        "{next:?}"
    );
    let next = press(&mut model, "N");
    assert!(
        matches!(next.as_slice(), [Action::Read(Seek::Words { at: 1100, back: false, .. })]),
        "{next:?}"
    );
    // Esc leaves the search, then the page.
    press(&mut model, "\u{1b}");
    assert_eq!((model.tab, model.journal.words.clone()), (Tab::Logs, None));
    press(&mut model, "\u{1b}");
    assert_eq!(model.tab, Tab::Status);
}

#[test]
fn run_8_a_log_whose_attempt_is_over_stays_on_the_screen_and_says_so() {
    let mut model = screen(three(), (80, 24));
    press(&mut model, "2");
    model.journal.read(log(40));
    let mut gone = three();
    gone.held.remove(0);
    assert_eq!(model.looked(gone), []);
    assert_eq!(press(&mut model, "↑⇞G"), [], "there is nothing to be read any more");
    let text = drawn(&model);
    assert!(
        text.contains("over; all of it is in the web app") && text.contains("compares in constant time"),
        "{text}"
    );
}

#[test]
fn run_8_at_rest_nothing_on_the_screen_moves() {
    let mut model = screen(look(vec![]), (80, 24));
    assert!(!model.ticks());
    model.say("x");
    assert!(model.ticks());
    model.tick(NOW.plus_ms(60_000));
    assert!(!model.ticks());
    assert!(screen(three(), (80, 24)).ticks());
}

#[test]
fn run_8_a_key_meant_for_a_job_that_is_over_does_nothing_to_its_neighbour() {
    let mut model = screen(three(), (80, 24));
    let mut gone = three();
    gone.held.remove(0);
    gone.held[0] = waits(gone.held[0].clone(), 2, permission());
    model.looked(gone);
    assert_eq!(press(&mut model, "aa"), []);
    assert!(model.dialog.is_none());
    model.tick(NOW.plus_ms(2_000));
    assert!(matches!(press(&mut model, "aa").as_slice(), [Action::Answer(of, ..)] if *of == attempt(7)));
}
