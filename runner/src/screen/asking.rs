//! A request being answered. Pure.

use super::{clean, input::Input, lines::diff_tone, paint::Tone, wrap::wrap};
use coord_protocol::{
    id::{AttemptId, RequestId},
    request::{Answer, Ask, ChoiceKind, RequestKind},
};
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use std::sync::Arc;

/// Lines of a diff that are shown.
const MOST_LINES: usize = 5000;

/// One way to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The key that takes it.
    pub key: char,
    /// Words for it.
    pub label: String,
    /// The choice it names.
    choice: Option<String>,
    /// Whether it takes words.
    pub words: bool,
}

/// What follows a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// It stays open.
    Stay,
    /// It stays open, and the owner is told something.
    Say(&'static str),
    /// It is put away; the request still waits.
    Close,
    /// This is the answer.
    Answer(Answer),
}

/// A request being answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    /// Whose it is.
    pub attempt: AttemptId,
    /// The request.
    pub request: RequestId,
    /// What is asked.
    pub ask: Arc<Ask>,
    /// The ways to answer, in order.
    pub picks: Vec<Pick>,
    /// Which of them is looked at.
    pub at: usize,
    /// The words being written, for the pick that takes some.
    pub words: Option<Input>,
    /// Lines of the text that are above the edge.
    pub above: usize,
}

impl Asking {
    /// Begins an answer.
    #[must_use]
    pub fn new(attempt: AttemptId, request: RequestId, ask: Arc<Ask>) -> Self {
        let picks = picks(&ask);
        let only_words = picks.len() == 1 && picks[0].words;
        Self {
            attempt,
            request,
            ask,
            picks,
            at: 0,
            words: only_words.then(Input::default),
            above: 0,
        }
    }

    /// What is asked, as lines of `width` cells.
    #[must_use]
    pub fn text(&self, width: usize) -> Vec<(Tone, String)> {
        let mut all = Vec::new();
        let mut put = |tone: Tone, text: &str| {
            for line in clean::lines(text) {
                all.extend(wrap(&line, width).into_iter().map(|line| (tone, line)));
            }
        };
        put(Tone::Strong, &self.ask.title);
        let body = self.ask.body.trim();
        if !body.is_empty() && body != self.ask.title.trim() {
            put(Tone::Plain, body);
        }
        if let Some(diff) = &self.ask.diff {
            put(Tone::Plain, "");
            for line in diff.lines().take(MOST_LINES) {
                put(diff_tone(line), line);
            }
        }
        all
    }

    /// Words were pasted.
    pub fn paste(&mut self, words: &str) {
        if let Some(input) = &mut self.words {
            input.insert(words);
        }
    }

    /// A key, while `height` lines of `width` cells of the text are seen.
    pub fn key(&mut self, key: KeyEvent, width: usize, height: usize) -> Next {
        if let Some(input) = &mut self.words {
            match key.code {
                KeyCode::Enter => return self.send(),
                KeyCode::Esc if self.picks.len() == 1 => return Next::Close,
                KeyCode::Esc => self.words = None,
                KeyCode::PageUp | KeyCode::PageDown => self.scroll(key.code, width, height),
                _ => {
                    input.key(key);
                }
            }
            return Next::Stay;
        }
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return Next::Close,
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.at = (self.at + 1).min(self.picks.len().saturating_sub(1)),
            KeyCode::Enter => return self.take(self.at),
            KeyCode::PageUp | KeyCode::PageDown | KeyCode::Home | KeyCode::End | KeyCode::Char(' ') => {
                self.scroll(key.code, width, height);
            }
            KeyCode::Char(c) => {
                if let Some(at) = self.picks.iter().position(|pick| pick.key == c) {
                    self.at = at;
                    return self.take(at);
                }
            }
            _ => {}
        }
        Next::Stay
    }

    fn scroll(&mut self, code: KeyCode, width: usize, height: usize) {
        let most = self.text(width).len().saturating_sub(height);
        let page = height.saturating_sub(1).max(1);
        self.above = match code {
            KeyCode::PageUp => self.above.saturating_sub(page),
            KeyCode::Home => 0,
            KeyCode::End => most,
            _ => (self.above + page).min(most),
        };
    }

    fn take(&mut self, at: usize) -> Next {
        match self.picks.get(at) {
            Some(pick) if pick.words => {
                self.words = Some(Input::default());
                Next::Stay
            }
            Some(pick) => Next::Answer(Answer {
                choice: pick.choice.clone(),
                body: None,
            }),
            None => Next::Stay,
        }
    }

    fn send(&self) -> Next {
        let words = self.words.as_ref().map(|input| input.text.trim()).unwrap_or_default();
        if words.is_empty() {
            return Next::Say("Write some words first, or press Esc.");
        }
        Next::Answer(Answer {
            choice: self.picks.get(self.at).and_then(|pick| pick.choice.clone()),
            body: Some(words.to_owned()),
        })
    }
}

/// The ways to answer: each choice, and words where they are taken.
fn picks(ask: &Ask) -> Vec<Pick> {
    let denial = ask.choices.iter().find(|choice| choice.kind == ChoiceKind::Deny);
    let mut picks: Vec<Pick> = Vec::new();
    for choice in &ask.choices {
        // To ask for changes of a plan without saying which helps nobody.
        if ask.kind == RequestKind::Plan && choice.kind == ChoiceKind::Deny && ask.free_text {
            continue;
        }
        let letter = match choice.kind {
            ChoiceKind::AllowOnce => Some('a'),
            ChoiceKind::AllowAlways => Some('A'),
            ChoiceKind::Deny => Some('d'),
            ChoiceKind::Answer => None,
        };
        let number = char::from_digit(u32::try_from(picks.len() + 1).unwrap_or(10), 10);
        let taken = |key: char| picks.iter().any(|pick| pick.key == key);
        let key = letter.filter(|letter| !taken(*letter)).or(number).unwrap_or(' ');
        picks.push(Pick {
            key,
            label: clean::line(&choice.label),
            choice: Some(choice.id.clone()),
            words: false,
        });
    }
    if ask.free_text {
        let label = match ask.kind {
            RequestKind::Permission => "Deny, and say what to do instead…",
            RequestKind::Plan => "Ask for changes…",
            RequestKind::Question => "Answer in words…",
        };
        picks.push(Pick {
            key: 'w',
            label: label.to_owned(),
            choice: denial.map(|choice| choice.id.clone()),
            words: true,
        });
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::questions;
    use coord_protocol::log::{ToolCall, ToolKind, ToolStatus};
    use ratatui::crossterm::event::KeyModifiers;
    use uuid::Uuid;

    fn begin(ask: Ask) -> Asking {
        Asking::new(AttemptId(Uuid::nil()), RequestId(Uuid::nil()), Arc::new(ask))
    }

    fn press(asking: &mut Asking, keys: &str) -> Next {
        let mut next = Next::Stay;
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                'v' => KeyCode::Down,
                c => KeyCode::Char(c),
            };
            next = asking.key(KeyEvent::new(code, KeyModifiers::NONE), 40, 10);
        }
        next
    }

    fn answer(choice: Option<&str>, body: Option<&str>) -> Next {
        Next::Answer(Answer {
            choice: choice.map(str::to_owned),
            body: body.map(str::to_owned),
        })
    }

    fn permission() -> Asking {
        let call = ToolCall {
            tool_call: "1".to_owned(),
            title: "Write a".to_owned(),
            tool: ToolKind::Edit,
            status: ToolStatus::Pending,
            paths: vec![],
            content: None,
            diffs: vec![],
        };
        begin(questions::permission(&call, "Write a"))
    }

    #[test]
    fn agt_3_a_permission_is_allowed_once_always_denied_or_denied_with_words() {
        for (keys, expected) in [
            ("a", answer(Some("allow"), None)),
            ("\n", answer(Some("allow"), None)),
            ("A", answer(Some("always"), None)),
            ("d", answer(Some("deny"), None)),
            ("vv\n", answer(Some("deny"), None)),
            ("wnot there\n", answer(Some("deny"), Some("not there"))),
            ("w\n", Next::Say("Write some words first, or press Esc.")),
            ("wa\u{1b}A", answer(Some("always"), None)),
            ("\u{1b}", Next::Close),
            ("x", Next::Stay),
        ] {
            assert_eq!(press(&mut permission(), keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn agt_2_a_plan_is_accepted_or_changed_with_words() {
        let plan = || begin(questions::plan("1. a\n2. b", None));
        assert_eq!(press(&mut plan(), "a"), answer(Some("accept"), None));
        assert_eq!(press(&mut plan(), "wno b\n"), answer(Some("deny"), Some("no b")));
        assert_eq!(plan().picks.len(), 2);
    }

    #[test]
    fn agt_4_a_question_takes_a_choice_or_words() {
        let mut ask = questions::confirmation("Which?");
        assert_eq!(press(&mut begin(ask.clone()), "2"), answer(Some("no"), None));
        ask.free_text = true;
        assert_eq!(press(&mut begin(ask.clone()), "wboth\n"), answer(None, Some("both")));
        ask.choices.clear();
        // With nothing to choose from one writes at once.
        assert_eq!(press(&mut begin(ask.clone()), "quite so\n"), answer(None, Some("quite so")));
        assert_eq!(press(&mut begin(ask), "x\u{1b}"), Next::Close);
    }

    #[test]
    fn what_is_asked_is_read_to_its_end() {
        let mut ask = questions::plan(&"a line\n".repeat(50), None);
        ask.diff = Some("+new\n-old\n".to_owned());
        let mut asking = begin(ask);
        asking.key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE), 40, 10);
        let text = asking.text(40);
        assert_eq!(asking.above, text.len() - 10);
        assert_eq!(text.last(), Some(&(Tone::Removed, "-old".to_owned())));
        asking.key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE), 40, 10);
        assert_eq!(asking.above, text.len() - 19);
    }
}
