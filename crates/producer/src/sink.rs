//! Where records go: to Kafka, or to stdout in a dry run.
//!
//! Does not count rows. `send` never waits for Kafka.

use std::io::{self, BufWriter, Stdout, Write};

use crate::{
    kafka::publisher::{Outgoing, Publisher, Sent},
    outcome::Failure,
};

/// Kafka or stdout.
pub(crate) enum Sink {
    Kafka(Box<Publisher>),
    Print(Printer),
}

/// Prints values, one per line.
pub(crate) struct Printer {
    out: BufWriter<Stdout>,
    printed: u64,
    reader_gone: bool,
}

/// Records whose fate is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
}

impl Sink {
    pub(crate) fn print() -> Self {
        Self::Print(Printer {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            printed: 0,
            reader_gone: false,
        })
    }

    pub(crate) fn send(&mut self, record: &Outgoing<'_>) -> Result<Sent, Failure> {
        match self {
            Self::Kafka(publisher) => publisher.send(record),
            Self::Print(printer) => printer.print(record.value),
        }
    }

    pub(crate) fn fate(&self) -> Fate {
        match self {
            Self::Kafka(publisher) => {
                let deliveries = publisher.deliveries();
                Fate {
                    acknowledged: deliveries.acknowledged(),
                    failed: deliveries.failed(),
                }
            }
            Self::Print(printer) => Fate {
                acknowledged: printer.printed,
                failed: 0,
            },
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        match self {
            Self::Kafka(publisher) => publisher.deliveries().failed() > 0,
            Self::Print(_) => false,
        }
    }

    /// Call it before a wait: it makes visible what was printed.
    pub(crate) fn before_wait(&mut self) -> Result<(), Failure> {
        match self {
            Self::Kafka(_) => Ok(()),
            Self::Print(printer) => printer.flush(),
        }
    }

    /// Waits until the fate of each record is known; then says what failed, if anything did.
    pub(crate) fn finish(&mut self, mut meanwhile: impl FnMut(Fate)) -> Result<(), Failure> {
        match self {
            Self::Print(printer) => printer.flush(),
            Self::Kafka(publisher) => {
                publisher.finish(|known| {
                    meanwhile(Fate {
                        acknowledged: known.acknowledged(),
                        failed: known.failed(),
                    })
                });
                publisher.failure().map_or(Ok(()), Err)
            }
        }
    }

    /// Only for a whole input: a part of one may well have few keys.
    pub(crate) fn warn_of_empty_partitions(&self) {
        if let Self::Kafka(publisher) = self {
            publisher.warn_of_empty_partitions();
        }
    }

    /// Acknowledged records per partition.
    pub(crate) fn per_partition(&self) -> Vec<u64> {
        match self {
            Self::Kafka(publisher) => publisher.deliveries().per_partition(),
            Self::Print(_) => Vec::new(),
        }
    }
}

impl Printer {
    fn print(&mut self, value: &[u8]) -> Result<Sent, Failure> {
        let written = self
            .out
            .write_all(value)
            .and_then(|()| self.out.write_all(b"\n"));
        self.check(written)?;
        if self.reader_gone {
            return Ok(Sent::NoReader);
        }
        self.printed += 1;
        Ok(Sent::Yes)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let flushed = self.out.flush();
        self.check(flushed)
    }

    /// A reader that has seen enough, such as `head`, is not a failure.
    fn check(&mut self, result: io::Result<()>) -> Result<(), Failure> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_gone = true;
                Ok(())
            }
            other => {
                other.map_err(|error| Failure::failed(format!("cannot write to stdout: {error}")))
            }
        }
    }
}
