//! Colours and weights: the terminal's own sixteen colours, which people have made fit for their background, and none with `NO_COLOR`.

use ratatui::style::{Color, Modifier, Style};

/// What something means, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Words.
    Plain,
    /// Less important.
    Faint,
    /// A heading.
    Strong,
    /// Works, is well.
    Good,
    /// Waits for a person.
    Waiting,
    /// Needs a look.
    Warning,
    /// Broke.
    Error,
    /// A person said it.
    Person,
    /// A tool call.
    Tool,
    /// What a program wrote.
    Output,
    /// A line that came.
    Added,
    /// A line that went.
    Removed,
    /// What the keys act on.
    Selected,
    /// What was looked for.
    Found,
}

/// How tones look on this terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether colours are wanted.
    pub colour: bool,
}

impl Paint {
    /// As the environment wishes (<https://no-color.org>).
    #[must_use]
    pub fn wished(env: impl Fn(&str) -> Option<String>) -> Self {
        let unwanted = env("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: !unwanted }
    }

    /// The look of a tone.
    #[must_use]
    pub fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let (colour, style) = match tone {
            Tone::Plain | Tone::Output => (None, plain),
            Tone::Faint => (None, plain.add_modifier(Modifier::DIM)),
            Tone::Strong => (None, plain.add_modifier(Modifier::BOLD)),
            Tone::Good | Tone::Added => (Some(Color::Green), plain),
            // Yellow cannot be read on white.
            Tone::Waiting => (Some(Color::Magenta), plain.add_modifier(Modifier::BOLD)),
            Tone::Warning => (Some(Color::Magenta), plain),
            Tone::Error => (Some(Color::Red), plain.add_modifier(Modifier::BOLD)),
            Tone::Removed => (Some(Color::Red), plain),
            Tone::Person => (Some(Color::Cyan), plain.add_modifier(Modifier::BOLD)),
            Tone::Tool => (None, plain.add_modifier(Modifier::BOLD)),
            Tone::Selected => (None, plain.add_modifier(Modifier::REVERSED)),
            Tone::Found => (None, plain.add_modifier(Modifier::REVERSED | Modifier::BOLD)),
        };
        match colour.filter(|_| self.colour) {
            Some(colour) => style.fg(colour),
            None => style,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_8_no_color_means_none_and_what_matters_still_stands_out() {
        let env = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        let paint = Paint::wished(env);
        for tone in [Tone::Waiting, Tone::Error, Tone::Person, Tone::Added] {
            assert_eq!(paint.style(tone).fg, None);
            assert!(Paint::wished(|_| None).style(tone).fg.is_some());
        }
        assert!(paint.style(Tone::Waiting).add_modifier.contains(Modifier::BOLD));
        assert!(Paint::wished(|_| Some(String::new())).colour, "an empty NO_COLOR says nothing");
    }
}
