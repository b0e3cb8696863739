//! Files that come with a job and files that an agent leaves: names are never paths (FILE-3).

use std::path::{Path, PathBuf};

/// Names that some systems take for devices.
const DEVICES: &[&str] = &[
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4",
    "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Whether `name` is a plain file name on every system.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim().to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= 255
        && name != "."
        && name != ".."
        && !name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c))
        && !name.ends_with([' ', '.'])
        && !DEVICES.contains(&stem.as_str())
}

/// Most names told of what is left out; the rest is counted.
const MOST_LEFT_OUT: usize = 50;

/// What lies in an output folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Files to deliver: name, place, bytes. In order of name.
    pub files: Vec<(String, PathBuf, u64)>,
    /// What is left out, in words.
    pub left_out: Vec<String>,
}

/// Lists the plain files of an output folder. Links, folders and special files are left out, as is what is over a limit.
///
/// # Errors
/// When the folder cannot be read.
pub fn output(folder: &Path, most: usize, largest: u64) -> std::io::Result<Output> {
    let mut output = Output::default();
    match std::fs::symlink_metadata(folder) {
        Ok(meta) if meta.file_type().is_dir() => {}
        Ok(_) => {
            output.left_out.push("the output folder was replaced by something else".to_owned());
            return Ok(output);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(output),
        Err(error) => return Err(error),
    }
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let shown: String = name.chars().map(|c| if c.is_control() { '?' } else { c }).take(100).collect();
        let path = entry.path();
        let meta = std::fs::symlink_metadata(&path)?;
        let kind = meta.file_type();
        let why = if kind.is_symlink() {
            Some("it is a link".to_owned())
        } else if kind.is_dir() {
            Some("it is a folder".to_owned())
        } else if !kind.is_file() {
            Some("it is no plain file".to_owned())
        } else if entry.file_name().to_str().is_none() || !is_plain_name(&name) {
            Some("its name is not allowed".to_owned())
        } else if meta.len() > largest {
            Some(format!("it has {} bytes, over this runner's limit of {largest}", meta.len()))
        } else if output.files.len() >= most {
            Some(format!("there are more than {most} files"))
        } else {
            None
        };
        match why {
            Some(why) => output.left_out.push(format!("{shown}: {why}")),
            None => output.files.push((name, path, meta.len())),
        }
    }
    let told = output.left_out.len();
    if told > MOST_LEFT_OUT {
        output.left_out.truncate(MOST_LEFT_OUT);
        output.left_out.push(format!("{} more", told - MOST_LEFT_OUT));
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_3_a_name_is_never_a_path() {
        let long = "x".repeat(256);
        for name in [
            "",
            ".",
            "..",
            "../x",
            "/etc/passwd",
            "C:\\x",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "nul",
            "CON.txt",
            "x.",
            "a:b",
            &long,
        ] {
            assert!(!is_plain_name(name), "{name:?}");
        }
        for name in ["a.txt", "Bericht für Ann (2).pdf", ".env", "日本.md"] {
            assert!(is_plain_name(name), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn file_3_links_folders_and_special_files_are_not_delivered() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("output");
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(folder.join("good.txt"), "1234").unwrap();
        std::fs::write(folder.join("big.bin"), vec![0; 100]).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("passwd")).unwrap();
        std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
        let found = output(&folder, 10, 50).unwrap();
        assert_eq!(found.files, [("good.txt".to_owned(), folder.join("good.txt"), 4)]);
        assert_eq!(found.left_out.len(), 4, "{:?}", found.left_out);

        for n in 0..100 {
            std::fs::create_dir(folder.join(format!("folder {n}"))).unwrap();
        }
        let left_out = output(&folder, 10, 50).unwrap().left_out;
        assert_eq!((left_out.len(), left_out.last().unwrap().as_str()), (51, "54 more"));

        let link = root.path().join("link");
        std::os::unix::fs::symlink("/etc", &link).unwrap();
        let found = output(&link, 10, 50).unwrap();
        assert!(found.files.is_empty() && found.left_out.len() == 1);
    }
}
