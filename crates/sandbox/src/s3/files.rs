//! The bodies of objects as plain files: `BUCKET/KEY` below the directory, so that people can read
//! them.
//!
//! A key that cannot be such a path (`a` next to `a/b`, `..`, a part over 255 bytes, two keys that
//! a file system takes for the same) goes to `.odd/BUCKET/NUMBER-beginning-of-the-key`. It does not
//! know which objects exist, nor their metadata, and it takes no lock: its owner does.
//!
//! Invariant: a file at its final path is whole, and no two keys share a file.

use std::{
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The longest file name that the usual file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// How many characters of a key the name of an odd file keeps, for people who read it.
const LONGEST_HINT: usize = 100;

/// The directory of a store.
pub(super) struct BodyFiles {
    root: PathBuf,
    odd: u64,
}

impl BodyFiles {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, odd: 0 }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder of a bucket.
    pub(super) fn create_bucket(&self, bucket: &str) -> io::Result<()> {
        fs::create_dir_all(self.root.join(bucket))
    }

    /// Removes the folder of an empty bucket.
    pub(super) fn delete_bucket(&self, bucket: &str) -> io::Result<()> {
        fs::remove_dir(self.root.join(bucket))
    }

    /// Writes the body of a new object, and returns its path.
    pub(super) fn create(&mut self, bucket: &str, key: &str, body: &[u8]) -> io::Result<PathBuf> {
        let fresh = self.write_aside(body)?;
        if let Some(plain) = plain(bucket, key).map(|plain| self.root.join(plain))
            && is_free(&plain)
            && move_to(&fresh, &plain).is_ok()
        {
            return Ok(plain);
        }
        self.odd += 1;
        let odd = self
            .root
            .join(".odd")
            .join(bucket)
            .join(odd_name(self.odd, key));
        move_to(&fresh, &odd)?;
        Ok(odd)
    }

    /// Replaces the body at `file`.
    pub(super) fn replace(&self, file: &Path, body: &[u8]) -> io::Result<()> {
        fs::rename(self.write_aside(body)?, file)
    }

    /// Removes the file, and the folders that are empty afterwards.
    pub(super) fn remove(&self, bucket: &str, file: &Path) -> io::Result<()> {
        match fs::remove_file(file) {
            // Somebody may have tidied up the directory.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let top = self.root.join(bucket);
        let inside = file
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(&top) && *folder != top);
        for folder in inside {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// One name is enough, because the owner's lock lets one writer in at a time.
    fn write_aside(&self, body: &[u8]) -> io::Result<PathBuf> {
        let fresh = self.root.join(".new");
        fs::write(&fresh, body)?;
        Ok(fresh)
    }
}

/// The path of a key, if the key can be one.
fn plain(bucket: &str, key: &str) -> Option<PathBuf> {
    let usable = |part: &str| {
        !matches!(part, "" | "." | "..") && part.len() <= LONGEST_NAME && !part.contains('\0')
    };
    key.split('/')
        .all(usable)
        .then(|| Path::new(bucket).join(key))
}

/// Whether nothing is there, and no parent is a file.
fn is_free(path: &Path) -> bool {
    matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound)
}

fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(to.parent().unwrap_or(to))?;
            fs::rename(from, to)
        }
        done => done,
    }
}

fn odd_name(number: u64, key: &str) -> PathBuf {
    let readable = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.=".contains(c) {
            c
        } else {
            '_'
        }
    };
    let hint: String = key.chars().take(LONGEST_HINT).map(readable).collect();
    PathBuf::from(OsStr::new(&format!("{number:06}-{hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, BodyFiles) {
        let directory = tempfile::tempdir().unwrap();
        let files = BodyFiles::new(directory.path().to_owned());
        files.create_bucket("b").unwrap();
        (directory, files)
    }

    fn relative(files: &BodyFiles, file: &Path) -> String {
        file.strip_prefix(files.root())
            .unwrap()
            .display()
            .to_string()
    }

    #[test]
    fn a_usual_key_is_a_path_that_people_can_read() {
        let (_directory, mut files) = files();
        let file = files
            .create("b", "t/json/dt=2026-11-21/00000-1.json", b"{}")
            .unwrap();
        assert_eq!(
            relative(&files, &file),
            "b/t/json/dt=2026-11-21/00000-1.json"
        );
        assert_eq!(fs::read(file).unwrap(), b"{}");
    }

    #[test]
    fn keys_that_cannot_be_paths_get_a_file_of_their_own() {
        let (_directory, mut files) = files();
        files.create("b", "a", b"1").unwrap();
        for key in [
            "a/b",
            "../x",
            "x/../y",
            "",
            "/",
            "a//b",
            "b/",
            ".",
            "nul\0",
            &"k".repeat(1024),
        ] {
            let file = files.create("b", key, key.as_bytes()).unwrap();
            assert!(relative(&files, &file).starts_with(".odd/b/"), "{key}");
            assert_eq!(fs::read(file).unwrap(), key.as_bytes());
        }
    }

    #[test]
    fn a_folder_that_is_there_first_sends_the_file_aside() {
        let (_directory, mut files) = files();
        files.create("b", "a/b", b"1").unwrap();
        let file = files.create("b", "a", b"2").unwrap();
        assert_eq!(relative(&files, &file), ".odd/b/000001-a");
    }

    #[test]
    fn removing_the_last_file_of_a_folder_removes_the_folder_but_never_the_bucket() {
        let (_directory, mut files) = files();
        let one = files.create("b", "x/y/1", b"1").unwrap();
        let two = files.create("b", "x/2", b"2").unwrap();
        files.remove("b", &one).unwrap();
        assert!(!files.root().join("b/x/y").exists());
        files.remove("b", &two).unwrap();
        assert!(!files.root().join("b/x").exists());
        assert!(files.root().join("b").exists());
    }
}
