//! Reads pages of an attempt's log straight from its spool, however long it is: places are positions in the file, so nothing of it is
//! kept in memory but the page that is looked at. The file grows meanwhile; a line without its end is not there yet.

use super::lines;
use coord_protocol::log::LogEntry;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// Bytes of a page to either side, beyond the first entry.
const PAGE_BYTES: u64 = 512 * 1024;

/// Entries of a page to either side.
pub const PAGE: usize = 300;

/// Bytes read at once while going backwards.
const CHUNK: u64 = 64 * 1024;

/// Bytes looked through in one step of a search.
const STEP: u64 = 256 * 1024;

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// Entries with their positions, in order.
    pub entries: Vec<(u64, LogEntry)>,
    /// Position of the first.
    pub from: u64,
    /// Position after the last.
    pub to: u64,
    /// Length of the whole log.
    pub size: u64,
}

/// The entries around a position, at most `before` and `after` of them.
///
/// # Errors
/// When the file is not there or cannot be read.
pub fn around(path: &Path, at: u64, before: usize, after: usize) -> io::Result<Page> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let at = begin_of_line(&mut file, at.min(size))?;
    let mut entries = lines_before(&mut file, at, before)?;
    let from = entries.first().map_or(at, |(position, _)| *position);
    let mut to = at;
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(at))?;
    for _ in 0..after {
        let mut line = Vec::new();
        let read = reader.read_until(b'\n', &mut line)? as u64;
        if line.last() != Some(&b'\n') || to - at > PAGE_BYTES {
            break;
        }
        entries.push((to, line));
        to += read;
    }
    let parse = |(position, line): (u64, Vec<u8>)| Some((position, serde_json::from_slice(&line).ok()?));
    Ok(Page {
        entries: entries.into_iter().filter_map(parse).collect(),
        from,
        to,
        size,
    })
}

/// The beginning of the line that holds, or begins at, a position.
fn begin_of_line(file: &mut File, at: u64) -> io::Result<u64> {
    let mut end = at;
    while end > 0 {
        let begin = end.saturating_sub(CHUNK);
        let chunk = piece(file, begin, end)?;
        if let Some(newline) = chunk.iter().rposition(|&byte| byte == b'\n') {
            return Ok(begin + newline as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

fn piece(file: &mut File, begin: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(begin))?;
    file.take(end - begin).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Up to `most` whole lines that end at `end`, in order.
fn lines_before(file: &mut File, end: u64, most: usize) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut begin = end;
    let mut bytes = Vec::new();
    while begin > 0 && most > 0 {
        let earlier = begin.saturating_sub(CHUNK);
        let mut chunk = piece(file, earlier, begin)?;
        chunk.extend_from_slice(&bytes);
        bytes = chunk;
        begin = earlier;
        let found = bytes.iter().filter(|&&byte| byte == b'\n').count();
        if found > most || (found > 1 && end - begin >= PAGE_BYTES) {
            break;
        }
    }
    let mut lines = Vec::new();
    let mut position = begin;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        lines.push((position, line.to_vec()));
        position += line.len() as u64;
    }
    if begin > 0 && !lines.is_empty() {
        // Its beginning may be further up.
        lines.remove(0);
    }
    lines.drain(..lines.len().saturating_sub(most));
    Ok(lines)
}

/// Entries that show nothing but what they hold.
const PLAIN: [&str; 3] = [r#","kind":"text","#, r#","kind":"thought","#, r#","kind":"output","#];

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// At this position.
    Found(u64),
    /// Not yet; it goes on from there.
    From(u64),
    /// There is nothing more that way.
    Nowhere,
}

/// Looks for words from a position on, or back from it, through about [`STEP`] bytes.
///
/// # Errors
/// When the file is not there or cannot be read.
pub fn find(path: &Path, at: u64, back: bool, words: &str) -> io::Result<Step> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    // Letters, digits and spaces of plain text stand in the file as they are: most lines need no decoding then.
    let needle = words.to_ascii_lowercase();
    let as_it_is = needle.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
    let may_hold = |line: &[u8]| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        !as_it_is || !PLAIN.iter().any(|kind| line.contains(kind)) || line.contains(&needle)
    };
    let decoded = |line: &[u8]| serde_json::from_slice::<LogEntry>(line).is_ok_and(|entry| lines::holds(&entry.body, words));
    let holds = |line: &[u8]| may_hold(line) && decoded(line);
    if back {
        let end = begin_of_line(&mut file, at.min(size))?;
        if end == 0 {
            return Ok(Step::Nowhere);
        }
        let begin = begin_of_line(&mut file, end.saturating_sub(STEP))?;
        let bytes = piece(&mut file, begin, end)?;
        let mut position = end;
        for line in bytes.split_inclusive(|&byte| byte == b'\n').rev() {
            position -= line.len() as u64;
            if holds(line) {
                return Ok(Step::Found(position));
            }
        }
        return Ok(if begin == 0 { Step::Nowhere } else { Step::From(begin) });
    }
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(at))?;
    let mut position = at;
    let mut line = Vec::new();
    while position - at < STEP {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)? as u64;
        if line.last() != Some(&b'\n') {
            return Ok(Step::Nowhere);
        }
        if holds(&line) {
            return Ok(Step::Found(position));
        }
        position += read;
    }
    Ok(Step::From(position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::{log::LogBody, time::Timestamp};
    use std::io::Write;

    fn log(entries: i64, length: usize) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut all = Vec::new();
        for seq in 1..=entries {
            let text = format!("line {seq} {}", "x".repeat(length));
            let entry = LogEntry {
                seq,
                at: Timestamp(seq),
                body: LogBody::Text { text },
            };
            serde_json::to_writer(&mut all, &entry).unwrap();
            all.push(b'\n');
        }
        file.write_all(&all).unwrap();
        file
    }

    fn seqs(page: &Page) -> Vec<i64> {
        page.entries.iter().map(|(_, entry)| entry.seq).collect()
    }

    #[test]
    fn run_8_any_place_of_a_log_is_read_with_what_is_around_it() {
        let file = log(1000, 10);
        let all = around(file.path(), 0, 0, 2000).unwrap();
        assert_eq!(seqs(&all), (1..=1000).collect::<Vec<_>>());
        assert_eq!(all.to, all.size);
        for index in [0, 1, 499, 998, 999] {
            let at = all.entries[index].0;
            let page = around(file.path(), at, 5, 5).unwrap();
            let expected: Vec<i64> = (1..=1000).skip(index.saturating_sub(5)).take(index.min(5) + 5).collect();
            assert_eq!(seqs(&page), expected, "{index}");
            assert_eq!(page.from, page.entries[0].0);
            // Inside of a line is the same as at its beginning.
            assert_eq!(seqs(&around(file.path(), at + 3, 5, 5).unwrap()), expected);
        }
        let end = around(file.path(), u64::MAX, 3, 0).unwrap();
        assert_eq!(seqs(&end), [998, 999, 1000]);
    }

    #[test]
    fn run_8_a_page_is_bounded_in_bytes_and_a_line_without_end_is_not_there_yet() {
        let mut file = log(100, 30_000);
        let page = around(file.path(), u64::MAX, 100, 0).unwrap();
        assert!(page.entries.len() < 30 && page.entries.last().unwrap().1.seq == 100);
        let page = around(file.path(), 0, 0, 100).unwrap();
        assert!(page.entries.len() < 30 && page.entries[0].1.seq == 1);
        file.write_all(b"{\"seq\":101,").unwrap();
        assert_eq!(seqs(&around(file.path(), u64::MAX, 2, 9).unwrap()), [99, 100]);
    }

    #[test]
    fn run_8_words_are_found_both_ways_step_by_step() {
        let file = log(3000, 1000);
        let search = |mut at: u64, back: bool, words: &str| loop {
            match find(file.path(), at, back, words).unwrap() {
                Step::Found(position) => return around(file.path(), position, 0, 1).unwrap().entries[0].1.seq,
                Step::From(further) => at = further,
                Step::Nowhere => return 0,
            }
        };
        assert_eq!(search(0, false, "LINE 2987 "), 2987);
        assert_eq!(search(u64::MAX, true, "line 12 "), 12);
        assert_eq!(search(u64::MAX, true, "line 1"), 1999);
        assert_eq!(search(0, false, "ne 7 x"), 7);
        assert_eq!((search(0, false, "nowhere"), search(u64::MAX, true, "nowhere")), (0, 0));
    }
}
