//! `infra/local`: `wipe` deletes what the scripts made, and nothing else.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::repository::root;

/// The scripts, and the file by which each knows its own folder.
const SCRIPTS: [(&str, &str); 4] = [
    ("infra/local/kafka.sh", ".made-by-kafka.sh"),
    ("infra/local/moto.sh", ".made-by-moto.sh"),
    ("infra/local/s3.sh", ".made-by-s3.sh"),
    ("infra/local/trino.sh", ".made-by-trino.sh"),
];

fn wipe(script: &str, directory: &Path) -> Output {
    let mut command = Command::new("bash");
    command.arg(root().join(script)).args(["wipe", "--dir"]);
    command.arg(directory).output().unwrap()
}

#[test]
fn wipe_refuses_a_folder_that_the_script_did_not_make() {
    for (script, marker) in SCRIPTS {
        let directory = tempfile::tempdir().unwrap();
        let precious = directory.path().join("thesis.tex");
        std::fs::write(&precious, "years").unwrap();
        // The marker of the other script is none of this one's.
        let other = SCRIPTS.map(|(_, marker)| marker);
        let other = other.into_iter().find(|other| *other != marker).unwrap();
        std::fs::write(directory.path().join(other), "").unwrap();
        let output = wipe(script, directory.path());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{script}: {message}");
        assert!(message.contains(marker), "{script}: {message}");
        assert!(precious.exists(), "{script}");
    }
}

#[test]
fn wipe_deletes_a_folder_of_its_own_and_takes_none_for_done() {
    for (script, marker) in SCRIPTS {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("made");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join(marker), "").unwrap();
        std::fs::write(directory.join("data"), "").unwrap();
        for _ in 0..2 {
            let output = wipe(script, &directory);
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{script}: {message}");
            assert!(!directory.exists(), "{script}");
        }
    }
}
