//! What each end-to-end test ran on: the real servers, or the sandbox alone and why.
//!
//! Tests run on the real servers where the environment names them, and on the sandbox elsewhere, so
//! a suite could pass without having met a real server. Each test therefore says in its code what
//! it uses; whoever starts the servers names a file with `E2E_RECORD` and has [`Account`] read it
//! afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Write,
    thread,
};

const REAL: &str = "real servers";
const SANDBOX: &str = "sandbox only, because ";

/// The running test uses the real servers.
///
/// # Panics
///
/// When the file that `E2E_RECORD` names cannot be written, or the thread is not that of a test.
pub fn real() {
    record(REAL);
}

/// The running test uses the sandbox wherever it runs, for this reason.
///
/// # Panics
///
/// As [`real`].
pub fn sandbox_only(because: &str) {
    record(&format!("{SANDBOX}{because}"));
}

fn record(used: &str) {
    let Some(file) = std::env::var_os("E2E_RECORD") else {
        return;
    };
    let current = thread::current();
    // The test harness gives each test a thread with the test's name, unless they run one by one.
    let test = current.name().filter(|name| *name != "main");
    let line = format!("{}\t{used}\n", test.expect("two test threads or more"));
    let file = File::options().create(true).append(true).open(file);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("E2E_RECORD can be written");
}

/// What a suite ran on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Tests that used the real servers, also where they used the sandbox besides.
    pub real: BTreeSet<String>,
    /// Tests that used only the sandbox, with their reasons.
    pub sandbox_only: BTreeMap<String, String>,
    /// One line for each test that said nothing, or belongs to a module that promises real servers
    /// (`real_servers`, `conformance`) and did not use them.
    pub unproven: Vec<String>,
}

impl Account {
    /// Compares the tests of a suite, as `cargo test … -- --list --format terse` prints them, with
    /// what they recorded.
    pub fn new(list: &str, record: &str) -> Self {
        let mut account = Self::default();
        for (test, used) in record.lines().filter_map(|line| line.split_once('\t')) {
            if used == REAL {
                account.real.insert(test.to_owned());
            } else if let Some(because) = used.strip_prefix(SANDBOX) {
                let because = because.to_owned();
                account.sandbox_only.insert(test.to_owned(), because);
            }
        }
        let real = &account.real;
        account.sandbox_only.retain(|test, _| !real.contains(test));
        for test in list.lines().filter_map(|line| line.strip_suffix(": test")) {
            let promises = |module| matches!(module, "real_servers" | "conformance");
            if account.real.contains(test) {
                continue;
            }
            match account.sandbox_only.get(test) {
                None => account.unproven.push(format!("{test} used no server")),
                Some(because) if test.split("::").any(promises) => {
                    let line = format!("{test} used only the sandbox, because {because}");
                    account.unproven.push(line);
                }
                Some(_) => {}
            }
        }
        account
    }
}
