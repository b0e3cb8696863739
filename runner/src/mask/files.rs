//! Secrets in files that are to leave the machine.

use super::{Masker, flow::Flow};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    /// There is no secret in it.
    Clean(PathBuf),
    /// It is text with secrets in it; this copy has them masked.
    Masked(PathBuf),
    /// There are secrets in it, and it is no text: what was masked in it would be broken.
    Binary,
}

/// Looks for secrets in a plain file, and makes a masked copy at `copy` if it is text that has some.
///
/// # Errors
/// When the file cannot be read, is no plain file, or the copy cannot be written.
pub fn check(masker: &Masker, path: &Path, copy: &Path) -> io::Result<Checked> {
    if masker.is_empty() {
        return Ok(Checked::Clean(path.to_path_buf()));
    }
    let mut file = open(path)?;
    let mut text = true;
    let mut flow = Flow::default();
    each(&mut file, |piece| {
        text &= !piece.contains(&0);
        flow.push(piece);
        drop(flow.ready(masker));
        Ok(())
    })?;
    drop(flow.last(masker));
    if flow.masked() == 0 {
        return Ok(Checked::Clean(path.to_path_buf()));
    }
    if !text {
        return Ok(Checked::Binary);
    }
    file.rewind()?;
    if let Some(folder) = copy.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut out = File::create(copy)?;
    let mut flow = Flow::default();
    each(&mut file, |piece| {
        flow.push(piece);
        out.write_all(&flow.ready(masker))
    })?;
    out.write_all(&flow.last(masker))?;
    Ok(Checked::Masked(copy.to_path_buf()))
}

fn each(file: &mut File, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&piece[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// As [`crate::http`] opens it: links are not followed, pipes not waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, (nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file any more"));
    }
    Ok(file)
}
