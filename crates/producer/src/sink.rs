//! Where records go: to Kafka, or to stdout in a dry run.
//!
//! Does not count rows. Invariant: `send` never waits for Kafka.

use std::io::{self, BufWriter, Stdout, Write};

use crate::kafka::{Outgoing, Publisher, Sent};
use crate::outcome::Failure;

/// The two ends a record may come to.
pub(crate) enum Sink {
    Kafka(Box<Publisher>),
    Print(Printer),
}

/// Prints values, one a line.
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
    pub(crate) fn print() -> Sink {
        Sink::Print(Printer {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            printed: 0,
            reader_gone: false,
        })
    }

    pub(crate) fn send(&mut self, record: &Outgoing<'_>) -> Result<Sent, Failure> {
        match self {
            Sink::Kafka(publisher) => publisher.send(record),
            Sink::Print(printer) => printer.print(record.value),
        }
    }

    pub(crate) fn fate(&self) -> Fate {
        match self {
            Sink::Kafka(publisher) => {
                let deliveries = publisher.deliveries();
                Fate {
                    acknowledged: deliveries.acknowledged(),
                    failed: deliveries.failed(),
                }
            }
            Sink::Print(printer) => Fate {
                acknowledged: printer.printed,
                failed: 0,
            },
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        match self {
            Sink::Kafka(publisher) => publisher.deliveries().failed() > 0,
            Sink::Print(_) => false,
        }
    }

    /// Called before a wait: what was printed becomes visible.
    pub(crate) fn before_wait(&mut self) -> Result<(), Failure> {
        match self {
            Sink::Kafka(_) => Ok(()),
            Sink::Print(printer) => printer.flush(),
        }
    }

    /// Waits until the fate of each record is known; then says what failed, if anything did.
    pub(crate) fn finish(&mut self, mut meanwhile: impl FnMut(Fate)) -> Result<(), Failure> {
        match self {
            Sink::Print(printer) => printer.flush(),
            Sink::Kafka(publisher) => {
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

    /// For a whole input: a part of it may well have few keys.
    pub(crate) fn warn_of_empty_partitions(&self) {
        if let Sink::Kafka(publisher) = self {
            publisher.warn_of_empty_partitions();
        }
    }

    /// Acknowledged records per partition.
    pub(crate) fn per_partition(&self) -> Vec<u64> {
        match self {
            Sink::Kafka(publisher) => publisher.deliveries().per_partition(),
            Sink::Print(_) => Vec::new(),
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

    /// A reader that has seen enough, as `head`, is not a failure.
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
