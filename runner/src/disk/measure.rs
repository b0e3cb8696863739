//! Bytes and times of folders.

use coord_protocol::time::Timestamp;
use std::{fs, path::Path, time::UNIX_EPOCH};

/// Bytes that a folder and all in it take on disk. What cannot be read is not counted; links are not followed.
#[must_use]
pub fn bytes(folder: &Path) -> u64 {
    let mut sum = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // Of the entry itself, not of what a link leads to.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(entry.path());
            }
            sum += on_disk(&meta);
        }
    }
    sum
}

#[cfg(unix)]
fn on_disk(meta: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    meta.blocks() * 512
}

#[cfg(not(unix))]
fn on_disk(meta: &fs::Metadata) -> u64 {
    if meta.is_file() { meta.len() } else { 0 }
}

/// Bytes that are free where `folder` is; nothing where the system does not tell.
#[must_use]
pub fn free(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let here = folder.ancestors().find(|folder| folder.exists())?;
        let stat = nix::sys::statvfs::statvfs(here).ok()?;
        // Their types differ between systems.
        #[expect(clippy::useless_conversion, reason = "only on some systems")]
        Some(u64::from(stat.blocks_available()) * u64::from(stat.fragment_size()))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// When a file was last changed; the beginning of time when it is not there.
#[must_use]
pub fn changed(path: &Path) -> Timestamp {
    let modified = fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Timestamp(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

/// A number of bytes for people.
#[must_use]
pub fn readable(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut unit, mut whole, mut rest) = (0, bytes, 0);
    while whole >= 1024 && unit + 1 < units.len() {
        rest = whole % 1024;
        whole /= 1024;
        unit += 1;
    }
    if unit > 0 && whole < 10 {
        format!("{whole}.{} {}", rest * 10 / 1024, units[unit])
    } else {
        format!("{whole} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_without_following_links_and_told_for_people() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("inside");
        fs::create_dir_all(inside.join("deep")).unwrap();
        fs::write(inside.join("deep/a"), vec![1; 100_000]).unwrap();
        fs::write(root.path().join("outside"), vec![1; 4_000_000]).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path().join("outside"), inside.join("link")).unwrap();
        let counted = bytes(&inside);
        assert!((100_000..1_000_000).contains(&counted), "{counted}");
        assert_eq!(bytes(&root.path().join("none")), 0);
        assert_eq!(changed(&root.path().join("none")), Timestamp(0));
        assert!(free(&root.path().join("none/at/all")).is_none_or(|free| free > 0));
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_600_000, "1.5 MiB"),
            (30 << 30, "30 GiB"),
        ] {
            assert_eq!(readable(bytes), text);
        }
    }
}
