//! A field for words. Pure.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Most bytes of an answer, as the server takes them.
const MOST: usize = 16 * 1024;

/// Words being written, and where the next letter goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    /// The words.
    pub text: String,
    /// Byte position of the cursor, between letters.
    pub cursor: usize,
}

impl Input {
    /// Takes a key. False when it means nothing to a field.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('j') if control => self.insert("\n"),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('w') if control => {
                let before = self.text[..self.cursor].trim_end();
                let from = before.rfind(char::is_whitespace).map_or(0, |at| before.ceil_char_boundary(at + 1));
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Char(_) if control || key.modifiers.contains(KeyModifiers::ALT) => return false,
            KeyCode::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => {
                let from = self.before();
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Delete => {
                let to = self.after();
                self.text.drain(self.cursor..to);
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    /// Takes what was pasted, or one letter. Control characters other than ends of lines are left out.
    pub fn insert(&mut self, words: &str) {
        let words = words.replace("\r\n", "\n").replace('\r', "\n");
        for c in words.chars().filter(|c| !c.is_control() || *c == '\n') {
            if self.text.len() + c.len_utf8() > MOST {
                return;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..]
            .chars()
            .next()
            .map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, code: KeyCode, modifiers: KeyModifiers) {
        input.key(KeyEvent::new(code, modifiers));
    }

    #[test]
    fn run_8_words_are_written_and_mended_by_keyboard() {
        let mut input = Input::default();
        input.insert("no, über\r\nall\u{1b}[31m");
        assert_eq!(input.text, "no, über\nall[31m");
        press(&mut input, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(input.text, "no, über\n");
        for _ in 0..4 {
            press(&mut input, KeyCode::Left, KeyModifiers::NONE);
        }
        press(&mut input, KeyCode::Backspace, KeyModifiers::NONE);
        press(&mut input, KeyCode::Char('ö'), KeyModifiers::NONE);
        assert_eq!(input.text, "no, öber\n");
        press(&mut input, KeyCode::Delete, KeyModifiers::NONE);
        press(&mut input, KeyCode::End, KeyModifiers::NONE);
        press(&mut input, KeyCode::Char('j'), KeyModifiers::CONTROL);
        assert_eq!((input.text.as_str(), input.cursor), ("no, öer\n\n", 10));
        press(&mut input, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(input, Input::default());
        for code in [KeyCode::Backspace, KeyCode::Delete, KeyCode::Left, KeyCode::Right] {
            press(&mut input, code, KeyModifiers::NONE);
        }
        press(&mut input, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(input, Input::default());
    }

    #[test]
    fn an_answer_is_no_longer_than_the_server_takes() {
        let mut input = Input::default();
        input.insert(&"ü".repeat(MOST));
        assert!(input.text.len() <= MOST);
    }
}
