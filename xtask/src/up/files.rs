//! Files and folders that nobody else on the machine may read.

use anyhow::{Context, Result};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

/// Makes `folder`, readable by its owner alone.
pub fn make_private_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    restrict(folder, 0o700)
}

/// Writes `text` to `file`, readable by its owner alone from the first byte on.
pub fn write_private(file: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let cannot_write = || format!("cannot write {}", file.display());
    let mut open = options.open(file).with_context(cannot_write)?;
    // The mode above counts for a new file only.
    restrict(file, 0o600)?;
    open.write_all(text.as_bytes()).with_context(cannot_write)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(|| format!("cannot protect {}", path.display()))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_are_for_their_owner_alone_even_in_a_file_that_was_open_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("account.json");
        fs::write(&file, "something longer than before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&file, "secret").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "secret");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
