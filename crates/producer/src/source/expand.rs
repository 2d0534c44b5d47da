//! The files that are meant by the names of inputs: folders and patterns stand for the files in
//! them.
//!
//! Opens no file.

use std::path::{Path, PathBuf};

use super::input::{SourceError, TextForm, is_stdin};

/// The endings of files that are taken from a folder, before one of [`PACKED`].
const CSV: [&str; 4] = ["csv", "txt", "tsv", "dat"];
const JSON_LINES: [&str; 3] = ["jsonl", "ndjson", "json"];
const PACKED: [&str; 2] = ["gz", "zst"];

/// The inputs one by one: a path as it is; of a folder its files, and of a pattern such as
/// `*.csv`, which a shell may have left alone, those that match, by name.
///
/// # Errors
/// [`SourceError`] for a folder or a pattern without files, and for a folder that cannot be read.
pub(crate) fn expanded(paths: &[PathBuf], form: TextForm) -> Result<Vec<PathBuf>, SourceError> {
    let mut all = Vec::new();
    for path in paths {
        if is_stdin(path) {
            all.push(path.clone());
        } else if path.is_dir() {
            all.extend(files_of(path, form)?);
        } else if !path.exists() && is_pattern(path) {
            all.extend(matches(path)?);
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

fn files_of(folder: &Path, form: TextForm) -> Result<Vec<PathBuf>, SourceError> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir(folder).map_err(|error| SourceError::io(&name, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| SourceError::io(&name, &error))?
            .path();
        if has_ending(&path, form) && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let endings = endings(form).join(", .");
        let reason = format!("it is a directory without files that end in .{endings}");
        return Err(SourceError::Io { name, reason });
    }
    Ok(files)
}

fn endings(form: TextForm) -> &'static [&'static str] {
    match form {
        TextForm::Csv => &CSV,
        TextForm::JsonLines => &JSON_LINES,
    }
}

fn has_ending(path: &Path, form: TextForm) -> bool {
    let is = |path: &Path, endings: &[&str]| {
        let ending = path.extension().map(|ending| ending.to_string_lossy());
        ending.is_some_and(|ending| {
            endings
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&ending))
        })
    };
    if is(path, &PACKED) {
        is(&path.with_extension(""), endings(form))
    } else {
        is(path, endings(form))
    }
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn matches(pattern: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let name = pattern.display().to_string();
    let unfit = |reason: String| SourceError::Io {
        name: name.clone(),
        reason,
    };
    let paths = glob::glob(&name).map_err(|error| unfit(format!("it is no pattern: {error}")))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| unfit(error.to_string()))?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(unfit("no file matches it".to_owned()));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_stand_for_their_files_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("sub.csv")).unwrap();
        std::fs::create_dir(at("empty")).unwrap();
        for name in [
            "b.csv",
            "a.TXT",
            "c.csv.gz",
            "d.zst",
            "e.md",
            "f.jsonl.zst",
            "[x].csv",
        ] {
            std::fs::write(at(name), "").unwrap();
        }
        let expand = |name: &str, form| {
            let names = expanded(&[at(name)], form).map_err(|error| error.to_string())?;
            let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
            Ok::<_, String>(names.iter().map(name).collect::<Vec<_>>())
        };
        let csv = |name| expand(name, TextForm::Csv);
        assert_eq!(csv(".").unwrap(), ["[x].csv", "a.TXT", "b.csv", "c.csv.gz"]);
        assert_eq!(expand(".", TextForm::JsonLines).unwrap(), ["f.jsonl.zst"]);
        assert_eq!(csv("*.csv*").unwrap(), ["[x].csv", "b.csv", "c.csv.gz"]);
        assert_eq!(
            csv("[x].csv").unwrap(),
            ["[x].csv"],
            "a file of this name is there"
        );
        assert_eq!(
            csv("none.csv").unwrap(),
            ["none.csv"],
            "opening it says more"
        );
        let error = csv("empty").unwrap_err();
        assert!(
            error.ends_with("it is a directory without files that end in .csv, .txt, .tsv, .dat"),
            "{error}"
        );
        assert!(csv("*.xls").unwrap_err().ends_with("no file matches it"));
        assert!(csv("[").unwrap_err().contains("it is no pattern"));
        assert_eq!(
            expanded(&["-".into()], TextForm::Csv).unwrap(),
            [PathBuf::from("-")]
        );
    }
}
