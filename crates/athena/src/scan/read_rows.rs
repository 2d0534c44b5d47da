//! The thread that makes batches of rows out of bodies. It is one for each scan, and it may block.

use std::{
    io::{self, Cursor, Read},
    sync::Arc,
};

use bucket::body::Body;
use bytes::{Buf as _, Bytes};
use datafusion::{arrow::array::RecordBatch, error::Result};
use tokio::sync::mpsc;

use super::{
    delimited::DelimitedRows,
    fetch::Fetched,
    hive_json::HiveJsonRows,
    open_csv::OpenCsvRows,
    openx_json::OpenXRows,
    parquet_rows::put_file,
    row_builder::RowBuilder,
    scan_error::ScanError,
    scan_plan::ScanPlan,
    text_lines::{LineStop, TakerStop, decompressed, each_line},
    visible_object::VisibleObject,
};
use crate::catalog::row_format::RowFormat;

/// Reads rows until there are no more bodies, or nobody wants rows.
///
/// # Errors
/// Which object cannot be read, and why; the rows before it are handed over.
pub(super) fn read_rows(
    plan: &ScanPlan,
    mut bodies: mpsc::Receiver<Fetched>,
    output: mpsc::Sender<Result<RecordBatch>>,
) -> Result<()> {
    let mut reader = ObjectReader {
        plan,
        lines: LineRows::new(plan),
        rows: RowBuilder::new(plan.schema.clone(), &plan.kinds)?,
        output,
    };
    while let Some(body) = bodies.blocking_recv() {
        match reader.read(body) {
            Ok(()) => {}
            Err(Stopped::Unwanted) => return Ok(()),
            Err(Stopped::Failed(error)) => return Err(error.into()),
        }
    }
    match reader.hand_over() {
        Err(Stopped::Failed(error)) => Err(error.into()),
        Ok(()) | Err(Stopped::Unwanted) => Ok(()),
    }
}

/// Why reading ended.
enum Stopped {
    Unwanted,
    Failed(ScanError),
}

struct ObjectReader<'p> {
    plan: &'p ScanPlan,
    /// `None` for Parquet.
    lines: Option<LineRows>,
    rows: RowBuilder,
    output: mpsc::Sender<Result<RecordBatch>>,
}

/// What makes rows of lines.
enum LineRows {
    OpenX(OpenXRows),
    HiveJson(HiveJsonRows),
    OpenCsv {
        rows: OpenCsvRows,
        header_lines: usize,
    },
    Delimited {
        rows: DelimitedRows,
        header_lines: usize,
    },
}

impl LineRows {
    fn new(plan: &ScanPlan) -> Option<Self> {
        let wanted = &plan.wanted;
        Some(match &plan.definition.row_format {
            RowFormat::OpenXJson(rules) => Self::OpenX(OpenXRows::new(rules, wanted)),
            RowFormat::HiveJson => Self::HiveJson(HiveJsonRows::new(wanted)),
            RowFormat::OpenCsv(rules) => Self::OpenCsv {
                rows: OpenCsvRows::new(rules, wanted),
                header_lines: rules.header_lines,
            },
            RowFormat::Delimited(rules) => Self::Delimited {
                rows: DelimitedRows::new(rules, wanted),
                header_lines: rules.header_lines,
            },
            RowFormat::Parquet => return None,
        })
    }

    fn header_lines(&self) -> usize {
        match self {
            Self::OpenX(_) | Self::HiveJson(_) => 0,
            Self::OpenCsv { header_lines, .. } | Self::Delimited { header_lines, .. } => {
                *header_lines
            }
        }
    }

    fn put(&self, line: &[u8], rows: &mut RowBuilder) -> Result<(), String> {
        match self {
            Self::OpenX(lines) => lines.put(line, rows),
            Self::HiveJson(lines) => lines.put(line, rows),
            Self::OpenCsv { rows: lines, .. } => {
                lines.put(line, rows);
                Ok(())
            }
            Self::Delimited { rows: lines, .. } => {
                lines.put(line, rows);
                Ok(())
            }
        }
    }
}

impl ObjectReader<'_> {
    fn read(&mut self, body: Fetched) -> Result<(), Stopped> {
        match body {
            Fetched::Whole { object, mut read } => {
                let body = std::mem::replace(&mut read.body, Body::TooLarge(0));
                let Body::Whole(body) = body else {
                    return Ok(());
                };
                self.rows.begin_object(self.plan.object_cells(&object));
                if self.lines.is_some() {
                    self.plan.source.statistics.scanned(object.bytes);
                    self.read_text(&object, Cursor::new(body))
                } else {
                    self.read_parquet(&object, body.into())
                }
            }
            Fetched::InPieces { object, pieces } => {
                self.rows.begin_object(self.plan.object_cells(&object));
                self.plan.source.statistics.scanned(object.bytes);
                self.read_text(&object, Pieces::new(pieces))
            }
        }
    }

    fn read_text(&mut self, object: &VisibleObject, body: impl Read) -> Result<(), Stopped> {
        let plan = self.plan;
        let failed = |line: Option<u64>, problem: String| {
            let place = plan.path(&object.key);
            let line = line.map(|line| format!(" line {line}")).unwrap_or_default();
            Stopped::Failed(ScanError(format!("{place}{line}: {problem}")))
        };
        let Some(lines) = &self.lines else {
            return Ok(());
        };
        let mut text = decompressed(&object.key, body).map_err(|problem| failed(None, problem))?;
        let mut header = lines.header_lines();
        let (rows, output) = (&mut self.rows, &self.output);
        let mut failure = None;
        let read = each_line(&mut text, |line| {
            if header > 0 {
                header -= 1;
                return Ok(());
            }
            lines.put(line, rows).map_err(TakerStop::Refused)?;
            if rows.room() == 0 {
                hand_over(plan, rows, output).map_err(|stopped| match stopped {
                    Stopped::Unwanted => TakerStop::Unwanted,
                    Stopped::Failed(error) => {
                        failure = Some(error);
                        TakerStop::Unwanted
                    }
                })?;
            }
            Ok(())
        });
        if let Some(error) = failure {
            return Err(Stopped::Failed(error));
        }
        match read {
            Ok(bytes) => {
                plan.source.statistics.decompressed(bytes);
                Ok(())
            }
            Err(LineStop::Unwanted) => Err(Stopped::Unwanted),
            Err(LineStop::Broken(problem)) => Err(failed(None, problem)),
            Err(LineStop::Line { number, problem }) => Err(failed(Some(number), problem)),
        }
    }

    fn read_parquet(&mut self, object: &VisibleObject, body: Bytes) -> Result<(), Stopped> {
        let (plan, output) = (self.plan, &self.output);
        let mut failure = None;
        let read = put_file(body, &plan.wanted, &mut self.rows, |rows| {
            hand_over(plan, rows, output).map_err(|stopped| {
                if let Stopped::Failed(error) = stopped {
                    failure = Some(error);
                }
                TakerStop::Unwanted
            })
        });
        if let Some(error) = failure {
            return Err(Stopped::Failed(error));
        }
        match read {
            Ok(bytes) => {
                plan.source.statistics.scanned(bytes);
                Ok(())
            }
            Err(TakerStop::Unwanted) => Err(Stopped::Unwanted),
            Err(TakerStop::Refused(problem)) => {
                let place = plan.path(&object.key);
                Err(Stopped::Failed(ScanError(format!("{place}: {problem}"))))
            }
        }
    }

    fn hand_over(&mut self) -> Result<(), Stopped> {
        hand_over(self.plan, &mut self.rows, &self.output)
    }
}

fn hand_over(
    plan: &ScanPlan,
    rows: &mut RowBuilder,
    output: &mpsc::Sender<Result<RecordBatch>>,
) -> Result<(), Stopped> {
    let batch = rows.finish().map_err(|error| {
        let name = plan.definition.full_name();
        Stopped::Failed(ScanError(format!(
            "the rows of {name} do not fit its columns ({error})"
        )))
    })?;
    let Some(batch) = batch else {
        return Ok(());
    };
    plan.source.statistics.rows(batch.num_rows());
    output
        .blocking_send(Ok(batch))
        .map_err(|_| Stopped::Unwanted)
}

/// A body that comes in pieces.
struct Pieces {
    pieces: mpsc::Receiver<Result<Bytes, ScanError>>,
    piece: Bytes,
}

impl Pieces {
    fn new(pieces: mpsc::Receiver<Result<Bytes, ScanError>>) -> Self {
        Self {
            pieces,
            piece: Bytes::new(),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Runs a scan: fetches in a task, and reads rows in a thread that may block.
pub(super) fn spawn(
    plan: Arc<ScanPlan>,
    builder: &mut datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder,
) {
    let (sender, bodies) = mpsc::channel(1);
    builder.spawn(super::fetch::fetch_all(plan.clone(), sender));
    let output = builder.tx();
    builder.spawn_blocking(move || read_rows(&plan, bodies, output));
}
