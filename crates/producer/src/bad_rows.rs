//! What happens to a row that is not a record: it ends the run, or it is kept, counted and
//! reported.
//!
//! Does not find bad rows. Every bad row is counted and, where a file is given, kept.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    args::OnBadRow,
    outcome::Failure,
    source::record::{BadRow, InputNames},
};

/// How many bad rows are reported one by one; the rest are only counted.
const REPORTED: u64 = 10;

/// The policy and the file.
pub(crate) struct BadRows {
    policy: OnBadRow,
    file: Option<(PathBuf, BufWriter<File>)>,
    /// The input whose header was last written to the file.
    headed: Option<String>,
    count: u64,
}

impl BadRows {
    /// Opens the file at once, so that a path we cannot write to is found before anything is sent.
    /// What is in it stays until [`begin`](Self::begin).
    pub(crate) fn new(policy: OnBadRow, path: Option<&Path>) -> Result<Self, Failure> {
        let open = |path: &Path| {
            let opened = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(path);
            match opened {
                Ok(file) => Ok((path.to_owned(), BufWriter::new(file))),
                Err(error) => Err(cannot_write(path, &error)),
            }
        };
        Ok(Self {
            policy,
            file: path.map(open).transpose()?,
            headed: None,
            count: 0,
        })
    }

    /// Empties the file. To be called when nothing but a bad row can keep the run from sending: the
    /// rows of an earlier run are not to be lost to a broker that is not there.
    pub(crate) fn begin(&mut self) -> Result<(), Failure> {
        let Some((path, file)) = &self.file else {
            return Ok(());
        };
        let file = file.get_ref();
        let emptied = file.metadata().and_then(|metadata| {
            // A pipe or a terminal has nothing to empty.
            if metadata.is_file() {
                file.set_len(0)
            } else {
                Ok(())
            }
        });
        emptied.map_err(|error| cannot_write(path, &error))
    }

    /// How many there have been.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Takes a bad row: keeps it, counts it, and reports it or fails.
    ///
    /// # Errors
    /// [`Failure::BadData`] with the place and the reason, if the policy is to fail;
    /// [`Failure::Failed`] if the file cannot be written.
    pub(crate) fn take(&mut self, input: InputNames<'_>, bad: &BadRow) -> Result<(), Failure> {
        self.count += 1;
        self.keep(input, bad)?;
        let place = format!("{} line {}: {}", input.name, bad.line, bad.reason);
        match self.policy {
            OnBadRow::Fail => {
                return Err(Failure::bad_data(format!(
                    "{place}; correct it, or go on without such rows with --on-bad-row skip"
                )));
            }
            OnBadRow::Skip if self.count <= REPORTED => tracing::warn!("skipped {place}"),
            OnBadRow::Skip if self.count == REPORTED + 1 => {
                tracing::warn!("more bad rows: from here on they are only counted")
            }
            OnBadRow::Skip => {}
        }
        Ok(())
    }

    /// Writes out what is buffered.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.file {
            Some((path, file)) => file.flush().map_err(|error| cannot_write(path, &error)),
            None => Ok(()),
        }
    }

    fn keep(&mut self, input: InputNames<'_>, bad: &BadRow) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        let is_headed = self.headed.as_deref() == Some(input.name) || input.header.is_empty();
        self.headed = Some(input.name.to_owned());
        let lines = [input.header, bad.raw.as_slice()];
        let written: io::Result<()> =
            lines
                .iter()
                .skip(usize::from(is_headed))
                .try_for_each(|line| {
                    file.write_all(line)?;
                    file.write_all(b"\n")
                });
        written.map_err(|error| cannot_write(path, &error))
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "cannot write --bad-rows {}: {error}",
        path.display()
    ))
}
