//! The spool of one attempt on disk: what must survive a crash of this program (AGT-10).
//!
//! `<work_dir>/attempts/<attempt>/` holds `assignment.json`, `state.json` (replaced whole) and `log.jsonl` (appended). An entry is in
//! the file before it is sent. A line torn by a crash is cut off at the next start; it was never sent. A full disk ends the attempt:
//! `reserve` is given up then, so that the last words and the state still fit.

use crate::{brief::Brief, mask::Masker};
use coord_protocol::{
    log::{LogBody, LogEntry},
    runner::{AgentInfo, Assignment, Finished},
    time::Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Distance of remembered file positions, in entries.
const STRIDE: i64 = 128;

/// Size of the file that is given up when the disk is full.
const RESERVE: usize = 64 * 1024;

/// Longest line read back: [`coord_protocol::log::MAX_ENTRY`] with room for the number and the time.
const MAX_LINE: u64 = coord_protocol::log::MAX_ENTRY as u64 + 1024;

/// The disk is full, not writable, or does not hold what it should.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}: {source}")]
pub struct SpoolError {
    /// What was being done.
    pub action: &'static str,
    /// To which file.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SpoolError {
    let path = path.to_path_buf();
    move |source| SpoolError { action, path, source }
}

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The working folder is being made.
    #[default]
    Preparing,
    /// The agent works.
    Working,
    /// Results are committed, pushed and uploaded.
    Packaging,
}

/// Where the work on a branch begins, with commits in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is that of git::tree::Start")]
pub struct SavedStart {
    pub branch: String,
    pub base: String,
    pub commit: String,
    pub remote: Option<String>,
}

/// What is remembered of an attempt besides its log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// How far it has come.
    pub stage: Stage,
    /// The agent's session, to resume it.
    pub session: Option<String>,
    /// When that session was opened, in microseconds.
    #[serde(default)]
    pub session_opened: i64,
    /// Whether that session was told what to do.
    pub prompted: bool,
    /// The agent that runs.
    pub agent: Option<AgentInfo>,
    /// The model that runs, where the agent tells.
    pub model: Option<String>,
    /// Where the branch begins, once the working folder is made.
    pub start: Option<SavedStart>,
    /// Whether a person accepted the plan.
    pub plan_accepted: bool,
    /// Wall time of the agent before this process, in milliseconds.
    pub wall_ms: i64,
    /// Cost of the agent's sessions before this one, in US dollars.
    pub cost_before: Option<f64>,
    /// Whether the agent is sandboxed.
    pub sandboxed: Option<bool>,
    /// The end, until the server has confirmed it.
    pub finished: Option<Finished>,
}

/// The spool of one attempt.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    log: File,
    /// Bytes of whole lines in the log.
    length: u64,
    last: i64,
    /// Number and position of every [`STRIDE`]th entry.
    index: Vec<(i64, u64)>,
    reader: Option<(i64, BufReader<File>)>,
    masker: Arc<Masker>,
    brief: Brief,
}

impl Spool {
    /// Makes the spool of a new attempt. A spool under an older fence is moved aside, not deleted.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn create(root: &Path, assignment: &Assignment, masker: Arc<Masker>) -> Result<Self, SpoolError> {
        let dir = root.join(assignment.attempt.to_string());
        if dir.join("assignment.json").exists() {
            let old: Option<Assignment> = read_json(&dir.join("assignment.json")).ok();
            let fence = old.map_or(0, |old| old.fence);
            let aside = root.join(format!("{}.fence-{fence}", assignment.attempt));
            fs::rename(&dir, &aside).map_err(failed("move aside", &dir))?;
        }
        fs::create_dir_all(&dir).map_err(failed("make", &dir))?;
        let reserve = dir.join("reserve");
        fs::write(&reserve, vec![0; RESERVE]).map_err(failed("write", &reserve))?;
        let path = dir.join("log.jsonl");
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed("open", &path))?;
        // Last, since a folder without it is no attempt.
        write_json(&dir.join("assignment.json"), assignment)?;
        Ok(Self {
            dir,
            log,
            length: 0,
            last: 0,
            index: Vec::new(),
            reader: None,
            masker,
            brief: Brief::default(),
        })
    }

    /// Opens the spool a former process left, cutting off a torn last line. `each` sees every whole entry in order.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(dir: &Path, masker: Arc<Masker>, mut each: impl FnMut(LogEntry)) -> Result<(Self, Assignment, State), SpoolError> {
        let assignment: Assignment = read_json(&dir.join("assignment.json"))?;
        let state_path = dir.join("state.json");
        let state = if state_path.exists() {
            read_json(&state_path)?
        } else {
            State::default()
        };
        let path = dir.join("log.jsonl");
        let log = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(failed("open", &path))?;
        let mut spool = Self {
            dir: dir.to_path_buf(),
            log,
            length: 0,
            last: 0,
            index: Vec::new(),
            reader: None,
            masker,
            brief: Brief::default(),
        };
        let mut reader = BufReader::new(File::open(&path).map_err(failed("open", &path))?);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)
                .map_err(failed("read", &path))?;
            let entry: Option<LogEntry> = if line.last() == Some(&b'\n') {
                serde_json::from_slice(&line).ok()
            } else {
                None
            };
            // The first entry of a file may have any number: the server may know more than a file that a power cut shortened.
            let Some(entry) = entry.filter(|entry| spool.length == 0 || entry.seq == spool.last + 1) else {
                break;
            };
            spool.took(entry.seq, read as u64);
            spool.brief.take(&entry);
            each(entry);
        }
        spool.brief.agent.clone_from(&state.agent);
        spool.brief.model.clone_from(&state.model);
        spool.log.set_len(spool.length).map_err(failed("shorten", &path))?;
        Ok((spool, assignment, state))
    }

    fn took(&mut self, seq: i64, bytes: u64) {
        if self.index.last().is_none_or(|(number, _)| seq >= number + STRIDE) {
            self.index.push((seq, self.length));
        }
        self.length += bytes;
        self.last = seq;
    }

    /// Number of the last entry.
    #[must_use]
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// What it tells at a glance.
    #[must_use]
    pub const fn brief(&self) -> &Brief {
        &self.brief
    }

    /// The file that holds the log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.dir.join("log.jsonl")
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Numbers go on after `seq`, which the server holds, even if this file ends before it.
    pub fn go_on_after(&mut self, seq: i64) -> Result<(), SpoolError> {
        if seq > self.last {
            let path = self.dir.join("log.jsonl");
            self.log.set_len(0).map_err(failed("shorten", &path))?;
            self.length = 0;
            self.index.clear();
            self.reader = None;
            self.last = seq;
        }
        Ok(())
    }

    /// Masks, numbers and writes one entry. It is in the file when this returns.
    ///
    /// # Errors
    /// When the disk does not take it; then the file is as before and the number is free.
    pub fn append(&mut self, at: Timestamp, body: LogBody) -> Result<i64, SpoolError> {
        let entry = LogEntry {
            seq: self.last + 1,
            at,
            body: self.masker.value(body),
        };
        let path = self.dir.join("log.jsonl");
        let mut line = serde_json::to_vec(&entry).map_err(|error| failed("encode an entry for", &path)(error.into()))?;
        line.push(b'\n');
        if let Err(error) = self.log.write_all(&line) {
            // What was written of it would be taken for a torn line, were more to follow.
            let _ = self.log.set_len(self.length);
            return Err(failed("write", &path)(error));
        }
        self.took(entry.seq, line.len() as u64);
        self.brief.take(&entry);
        Ok(entry.seq)
    }

    /// Encoded entries from `from` on, comma-separated, and the number of the last one: at most `most` and about `bytes`.
    /// `None` when there are none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, from: i64, most: usize, bytes: usize) -> Result<Option<(String, i64)>, SpoolError> {
        if from > self.last {
            return Ok(None);
        }
        let path = self.dir.join("log.jsonl");
        let mut reader = match self.reader.take() {
            Some((next, reader)) if next == from => reader,
            _ => self.seek(from).map_err(failed("read", &path))?,
        };
        let mut batch = String::new();
        let mut next = from;
        let mut line = String::new();
        while next <= self.last && next - from < i64::try_from(most).unwrap_or(i64::MAX) && batch.len() < bytes {
            line.clear();
            reader.read_line(&mut line).map_err(failed("read", &path))?;
            let Some(entry) = line.strip_suffix('\n') else {
                return Err(failed("read", &path)(io::ErrorKind::UnexpectedEof.into()));
            };
            if !batch.is_empty() {
                batch.push(',');
            }
            batch.push_str(entry);
            next += 1;
        }
        self.reader = Some((next, reader));
        Ok(Some((batch, next - 1)))
    }

    fn seek(&self, from: i64) -> io::Result<BufReader<File>> {
        let at = self.index.partition_point(|(seq, _)| *seq <= from);
        let (mut seq, position) = at.checked_sub(1).map_or((self.last + 1, self.length), |at| self.index[at]);
        let mut file = File::open(self.dir.join("log.jsonl"))?;
        file.seek(SeekFrom::Start(position))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut line = Vec::new();
        while seq < from {
            line.clear();
            reader.read_until(b'\n', &mut line)?;
            seq += 1;
        }
        Ok(reader)
    }

    /// Number of the first entry in the file; one after the last when it is empty.
    #[must_use]
    pub fn first(&self) -> i64 {
        self.index.first().map_or(self.last + 1, |(seq, _)| *seq)
    }

    /// Replaces the remembered state.
    ///
    /// # Errors
    /// When the disk does not take it; then the former state stands.
    pub fn save(&mut self, state: &State) -> Result<(), SpoolError> {
        self.brief.agent.clone_from(&state.agent);
        self.brief.model.clone_from(&state.model);
        write_json(&self.dir.join("state.json"), state)
    }

    /// Gives the reserve up, so that last words fit on a full disk.
    pub fn release_reserve(&self) {
        let _ = fs::remove_file(self.dir.join("reserve"));
    }

    /// Deletes the spool.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn remove(&self) -> Result<(), SpoolError> {
        // First, so that half a folder is no attempt at the next start.
        let first = self.dir.join("assignment.json");
        fs::remove_file(&first).map_err(failed("delete", &first))?;
        fs::remove_dir_all(&self.dir).map_err(failed("delete", &self.dir))
    }
}

/// Folders of attempts that former processes left in `root`.
#[must_use]
pub fn left_behind(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else {
        return Vec::new();
    };
    let mut dirs: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|dir| {
            let is_attempt = dir
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.parse::<coord_protocol::id::AttemptId>().is_ok());
            is_attempt && dir.join("assignment.json").exists()
        })
        .collect();
    dirs.sort();
    dirs
}

/// Reads a JSON file.
///
/// # Errors
/// When it cannot be read or is not what it should be.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, SpoolError> {
    let bytes = fs::read(path).map_err(failed("read", path))?;
    serde_json::from_slice(&bytes).map_err(|error| failed("read", path)(error.into()))
}

/// Replaces a JSON file in one step.
///
/// # Errors
/// When the disk does not take it; then the former content stands.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), SpoolError> {
    let bytes = serde_json::to_vec(value).map_err(|error| failed("encode", path)(error.into()))?;
    let beside = path.with_extension("new");
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_data()
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(failed("write", path)(error));
    }
    fs::rename(&beside, path).map_err(failed("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::testing::assignment;

    fn line(n: i64) -> LogBody {
        LogBody::Text { text: format!("line {n}") }
    }

    fn filled(root: &Path, entries: i64) -> (Spool, PathBuf) {
        let assignment = assignment(1);
        let mut spool = Spool::create(root, &assignment, Arc::default()).unwrap();
        for n in 1..=entries {
            assert_eq!(spool.append(Timestamp(n), line(n)).unwrap(), n);
        }
        let dir = spool.dir().to_path_buf();
        (spool, dir)
    }

    #[test]
    fn agt_10_a_line_torn_by_a_crash_is_cut_off_and_its_number_used_again() {
        let root = tempfile::tempdir().unwrap();
        let (spool, dir) = filled(root.path(), 5);
        drop(spool);
        let path = dir.join("log.jsonl");
        let whole = fs::read(&path).unwrap();
        let last_line = whole[..whole.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
        for cut in last_line + 1..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut seen = Vec::new();
            let (mut spool, _, _) = Spool::open(&dir, Arc::default(), |entry| seen.push(entry.seq)).unwrap();
            assert_eq!(seen, [1, 2, 3, 4], "cut at {cut}");
            assert_eq!(spool.append(Timestamp(9), line(5)).unwrap(), 5);
            let (batch, last) = spool.read(4, 10, 1 << 20).unwrap().unwrap();
            assert_eq!(last, 5);
            let entries: Vec<LogEntry> = serde_json::from_str(&format!("[{batch}]")).unwrap();
            assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 5]);
        }
    }

    #[test]
    fn agt_10_entries_are_read_back_from_any_number_in_bounded_batches() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, _) = filled(root.path(), 1000);
        for from in [1, 2, 127, 128, 129, 130, 777, 1000] {
            let (batch, last) = spool.read(from, 300, 1 << 20).unwrap().unwrap();
            let entries: Vec<LogEntry> = serde_json::from_str(&format!("[{batch}]")).unwrap();
            assert_eq!(entries.first().unwrap().seq, from);
            assert_eq!(entries.last().unwrap().seq, last);
            assert_eq!(last, (from + 299).min(1000));
            assert_eq!(entries.first().unwrap().body, line(from));
        }
        assert!(spool.read(1001, 300, 1 << 20).unwrap().is_none());
        let (batch, _) = spool.read(1, 1000, 500).unwrap().unwrap();
        assert!(batch.len() < 700, "bounded by bytes");
    }

    #[test]
    fn agt_10_when_the_server_knows_more_than_the_file_numbering_goes_on_after_it() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, dir) = filled(root.path(), 3);
        spool.go_on_after(7).unwrap();
        assert_eq!(spool.append(Timestamp(1), line(8)).unwrap(), 8);
        drop(spool);
        let (mut spool, _, _) = Spool::open(&dir, Arc::default(), |_| {}).unwrap();
        assert_eq!((spool.first(), spool.last()), (8, 8));
        assert_eq!(spool.read(8, 10, 100).unwrap().unwrap().1, 8);
    }

    #[test]
    fn agt_9_a_secret_is_masked_before_it_is_written() {
        let root = tempfile::tempdir().unwrap();
        let masker = Arc::new(Masker::new(&["hunter2hunter2".to_owned()]));
        let mut spool = Spool::create(root.path(), &assignment(1), masker).unwrap();
        let text = "token hunter2hunter2".to_owned();
        spool.append(Timestamp(1), LogBody::Text { text }).unwrap();
        let written = fs::read_to_string(spool.dir().join("log.jsonl")).unwrap();
        assert!(!written.contains("hunter2") && written.contains("•••"), "{written}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn agt_10_a_full_disk_takes_no_number_and_leaves_the_log_whole() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, dir) = filled(root.path(), 3);
        // Every write to this device fails as on a full disk.
        let good = std::mem::replace(&mut spool.log, OpenOptions::new().append(true).open("/dev/full").unwrap());
        let error = spool.append(Timestamp(4), line(4)).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
        spool.log = good;
        assert_eq!(spool.append(Timestamp(4), line(4)).unwrap(), 4);
        drop(spool);
        let mut seen = 0;
        Spool::open(&dir, Arc::default(), |_| seen += 1).unwrap();
        assert_eq!(seen, 4);
    }

    #[test]
    fn a_spool_under_an_older_fence_is_moved_aside_not_deleted() {
        let root = tempfile::tempdir().unwrap();
        let first = assignment(1);
        drop(Spool::create(root.path(), &first, Arc::default()).unwrap());
        let again = Assignment { fence: 2, ..first.clone() };
        let spool = Spool::create(root.path(), &again, Arc::default()).unwrap();
        assert_eq!(spool.last(), 0);
        assert!(root.path().join(format!("{}.fence-{}", first.attempt, first.fence)).exists());
        assert_eq!(left_behind(root.path()), [spool.dir().to_path_buf()]);
    }
}
