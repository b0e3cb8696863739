//! Where the program's own messages go: to standard error, or, while a screen is open, to a bounded file, since they would write over it.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of the file; when it is full it becomes the former one, which is replaced.
const MOST: u64 = 1024 * 1024;

/// Warnings kept for a screen that has not shown them yet.
const WARNINGS: usize = 20;

/// What was said before the file is known, at most.
const EARLY: usize = 16 * 1024;

#[derive(Debug)]
enum Sink {
    Terminal,
    Early(Vec<u8>),
    File { path: PathBuf, file: File, length: u64 },
}

/// The program's own messages.
#[derive(Debug, Clone)]
pub struct Messages(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    sink: Sink,
    warnings: VecDeque<String>,
}

impl Messages {
    /// With `screen` nothing goes to standard error; [`Messages::keep_in`] says where it goes then.
    #[must_use]
    pub fn new(screen: bool) -> Self {
        let sink = if screen { Sink::Early(Vec::new()) } else { Sink::Terminal };
        Self(Arc::new(Mutex::new(State {
            sink,
            warnings: VecDeque::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps them in `runner.log` of the work folder from now on.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn keep_in(&self, work_dir: &Path) -> io::Result<PathBuf> {
        let path = work_dir.join("runner.log");
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut state = self.lock();
        if let Sink::Early(early) = &state.sink {
            file.write_all(early)?;
        }
        let length = file.metadata()?.len();
        let kept = path.clone();
        state.sink = Sink::File { path, file, length };
        Ok(kept)
    }

    /// Writes to standard error again, from now on.
    pub fn to_terminal(&self) {
        let mut state = self.lock();
        if let Sink::Early(early) = &state.sink {
            let _ = io::stderr().write_all(early);
        }
        state.sink = Sink::Terminal;
    }

    /// Warnings and errors since the last call, without their times.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.lock().warnings.drain(..).collect()
    }
}

impl State {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Terminal => return io::stderr().write_all(bytes),
            Sink::Early(early) => {
                if early.len() + bytes.len() <= EARLY {
                    early.extend_from_slice(bytes);
                }
            }
            Sink::File { path, file, length } => {
                if *length > MOST {
                    std::fs::rename(&*path, path.with_extension("log.1"))?;
                    *file = OpenOptions::new().create(true).append(true).open(&*path)?;
                    *length = 0;
                }
                *length += bytes.len() as u64;
                file.write_all(bytes)?;
            }
        }
        let line = String::from_utf8_lossy(bytes);
        let warning = ["WARN ", "ERROR "].iter().find_map(|level| line.split_once(level));
        if let Some((_, words)) = warning {
            if self.warnings.len() >= WARNINGS {
                self.warnings.pop_front();
            }
            self.warnings.push_back(words.trim().to_owned());
        }
        Ok(())
    }
}

/// One message on its way.
#[derive(Debug)]
pub struct Message(Messages);

impl Write for Message {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Messages {
    type Writer = Message;

    fn make_writer(&'a self) -> Message {
        Message(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_8_messages_go_to_a_bounded_file_while_a_screen_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let messages = Messages::new(true);
        let say = |words: &str| messages.make_writer().write_all(words.as_bytes()).unwrap();
        say("2026-11-21T00:00:00Z  INFO early\n");
        let path = messages.keep_in(folder.path()).unwrap();
        say("2026-11-21T00:00:00Z  WARN the disk is nearly full\n");
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(kept.contains("early") && kept.contains("nearly full"), "{kept}");
        assert_eq!(messages.warnings(), ["the disk is nearly full"]);
        assert!(messages.warnings().is_empty());
        let long = "x".repeat(10_000);
        (0..500).for_each(|_| say(&long));
        let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        assert!(size("runner.log") <= MOST + 10_000 && size("runner.log.1") <= MOST + 10_000);
    }
}
