//! What the person at the terminal sees while a step works: its name, the time, and how it ended.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// Without a terminal a long step says from time to time that it still works, so that a CI log does not look dead.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// One step on the screen. Dropped without [`Step::done`], it shows as failed.
pub struct Step {
    name: String,
    started: Instant,
    shown: Instant,
    terminal: bool,
    ended: bool,
}

impl Step {
    /// Shows that the step `name` begins.
    pub fn begin(name: impl Into<String>) -> Self {
        let now = Instant::now();
        let step = Self {
            name: name.into(),
            started: now,
            shown: now,
            terminal: std::io::stdout().is_terminal(),
            ended: false,
        };
        if step.terminal {
            step.redraw();
        } else {
            println!("      {}", step.name);
        }
        step
    }

    /// Call often while the step works.
    pub fn tick(&mut self) {
        let pause = if self.terminal { Duration::from_millis(200) } else { SIGN_OF_LIFE };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        if self.terminal {
            self.redraw();
        } else {
            println!("      {} … {}", self.name, seconds(self.started.elapsed()));
        }
    }

    /// Shows that the step is done; `remark` says what came out, and may be empty.
    pub fn done(mut self, remark: &str) {
        self.end("ok", remark);
    }

    /// Time since the step began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn redraw(&self) {
        print!("\r\x1b[K  …   {} {}", self.name, seconds(self.started.elapsed()));
        // A terminal that cannot be written to has nobody to tell it to.
        let _ = std::io::stdout().flush();
    }

    fn end(&mut self, mark: &str, remark: &str) {
        self.ended = true;
        let line_start = if self.terminal { "\r\x1b[K" } else { "" };
        let gap = if remark.is_empty() { "" } else { ", " };
        println!(
            "{line_start}{mark:>4}  {} ({}{gap}{remark})",
            self.name,
            seconds(self.started.elapsed())
        );
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.ended {
            self.end("FAIL", "");
        }
    }
}

/// `0.4 s`, `12 s`, `3 min 05 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f32()),
        whole @ 10..60 => format!("{whole} s"),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_to_read() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(12)), "12 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 min 05 s");
    }
}
