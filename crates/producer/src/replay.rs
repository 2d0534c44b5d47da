//! The run itself: reads the inputs, sends the records, puts bad rows aside, and counts.
//!
//! Does not know how rows are cut or records are sent. A row counts as read only once it was sent
//! or taken as a bad row, so that after the last delivery result `read = acknowledged + failed +
//! skipped`.

use std::{
    collections::BTreeSet,
    ops::ControlFlow::{Break, Continue},
    path::Path,
};

use schema::RowEncoder;

use crate::{
    args::RecordHeaders,
    bad_rows::BadRows,
    kafka::publisher::{Outgoing, Publisher, RecordOrigin},
    outcome::{Failure, Summary},
    plan::ReplayPlan,
    progress::{ReplayProgress, Total},
    sender::{End, Flow, Handled, Sender},
    sink::Sink,
    source::{
        input::{self, InputWatch},
        rows::{BadRow, CsvRow, CsvRows, CsvTable},
    },
    status::Status,
    stop::StopFlag,
};

struct Replay<'a> {
    plan: &'a ReplayPlan,
    sender: Sender<'a>,
    bad_rows: BadRows,
    status: &'a Status,
    /// The value of the current record; kept to reuse its memory.
    value: Vec<u8>,
    is_first_pass: bool,
}

/// Carries out the plan; blocks until the run has ended.
///
/// # Errors
/// [`Failure`], with the counts once sending has begun.
pub(crate) fn replay(
    plan: &ReplayPlan,
    stop: &StopFlag,
    status: &Status,
) -> Result<Summary, Failure> {
    let total = check_inputs(plan, stop)?;
    let mut bad_rows = BadRows::new(plan.on_bad_row, plan.bad_rows.as_deref())?;
    let sink = if plan.dry_run {
        Sink::print()
    } else {
        match Publisher::connect(&plan.target, status.deliveries(), stop)? {
            Some(publisher) => Sink::Kafka(Box::new(publisher)),
            None => return Ok(Summary::stopped_early(&plan.target.topic)),
        }
    };
    bad_rows.begin()?;
    let bytes = status.watch().bytes();
    let progress = ReplayProgress::start(total, plan.progress_interval, bytes);
    let mut replay = Replay {
        plan,
        status,
        sender: Sender::start(plan, stop, status, sink, progress),
        bad_rows,
        value: Vec::with_capacity(1024),
        is_first_pass: true,
    };
    let end = replay.passes();
    replay.close(end)
}

/// Opens every file once and reads its header, so that a mistake in the last file is found before
/// the first one is sent.
fn check_inputs(plan: &ReplayPlan, stop: &StopFlag) -> Result<Total, Failure> {
    let mut bytes = Some(0);
    let mut first: Option<CsvTable> = None;
    for path in &plan.inputs {
        let size = input::check(path)?;
        if size.is_some() {
            let (table, _) = CsvRows::open(path, &plan.table, &InputWatch::new(stop))?;
            table.header.unnamed().for_each(|(place, name)| {
                let file = &table.name;
                tracing::info!(
                    "{file}: column {place} has no name in the header; it is called {name}"
                );
            });
            match &first {
                None => first = Some(table),
                Some(first) => warn_of_other_columns(first, &table),
            }
        }
        bytes = bytes.zip(size).map(|(sum, size)| sum + size);
    }
    Ok(match (plan.limit, bytes) {
        (Some(limit), _) => Total::Records(limit),
        (None, Some(bytes)) if !plan.repeat => Total::Bytes(bytes),
        _ => Total::Unknown,
    })
}

/// Points out that two files give records of different fields: often one of them is not what it
/// seems to be.
fn warn_of_other_columns(first: &CsvTable, other: &CsvTable) {
    let names = |table: &CsvTable| -> BTreeSet<String> {
        let columns = table.header.schema.columns().iter();
        columns.map(|column| column.name.to_lowercase()).collect()
    };
    let missing_in = |table: &CsvTable, wanted: &CsvTable| {
        let there = names(table);
        let columns = wanted.header.schema.columns().iter();
        let missing = columns.filter(|column| !there.contains(&column.name.to_lowercase()));
        let headers: Vec<_> = missing.map(|column| column.header.as_str()).collect();
        headers.join(", ")
    };
    let parts: Vec<_> = [
        ("with", missing_in(first, other)),
        ("without", missing_in(other, first)),
    ]
    .into_iter()
    .filter(|(_, columns)| !columns.is_empty())
    .map(|(how, columns)| format!("{how} {columns}"))
    .collect();
    if !parts.is_empty() {
        tracing::warn!(
            "{} has other columns than {}: {}",
            other.name,
            first.name,
            parts.join(", ")
        );
    }
}

impl Replay<'_> {
    /// Sends all inputs, again and again with `--loop`. Returns why it stopped early; `None` if the
    /// inputs were sent to their end.
    fn passes(&mut self) -> Result<Option<End>, Failure> {
        loop {
            let before = self.sender.sent();
            for path in &self.plan.inputs {
                if let Break(end) = self.input(path)? {
                    return Ok(Some(end));
                }
            }
            if !self.plan.repeat {
                return Ok(None);
            }
            if self.sender.sent() == before {
                tracing::warn!("--loop ends: the input has no record");
                return Ok(None);
            }
            self.is_first_pass = false;
        }
    }

    fn input(&mut self, path: &Path) -> Result<Flow, Failure> {
        let opened = CsvRows::open(path, &self.plan.table, self.status.watch());
        // A stop request ends a stdin that waits for data, which then looks empty.
        if let Break(end) = self.sender.check() {
            return Ok(Break(end));
        }
        let (mut table, mut rows) = opened?;
        if self.plan.shares_name(path) {
            table.source.clone_from(&table.name);
        }
        if self.is_first_pass {
            tracing::info!("{}", described(&table, self.plan));
        }
        self.bad_rows.begin_input();
        let (sent, handled) = (self.sender.sent(), self.handled());
        let flow = self.rows(&table, &mut rows)?;
        if flow.is_continue() && self.sender.sent() == sent {
            if let Some(first) = self.bad_rows.first_of_input() {
                let rows = self.handled() - handled;
                return Err(Failure::bad_data(format!(
                    "nothing was sent from {}: all of its {rows} rows are bad, the first at {first}",
                    table.name
                )));
            }
            if self.is_first_pass {
                tracing::warn!("{} has a header but no rows", table.name);
            }
        }
        Ok(flow)
    }

    fn rows(&mut self, table: &CsvTable, rows: &mut CsvRows) -> Result<Flow, Failure> {
        let mut encoder = RowEncoder::new(&table.header.schema);
        if let Some(symbol) = &table.header.symbol {
            encoder = encoder.with_constant(&symbol.name, &symbol.text);
        }
        loop {
            let row = rows.next();
            // A stop request may end a stdin that waits for data in the middle of a row.
            if let Break(end) = self.sender.check() {
                return Ok(Break(end));
            }
            let bad = match row {
                Err(error) => return Err(cannot_read(table, &error)),
                Ok(None) => return Ok(Continue(())),
                Ok(Some(Err(bad))) => bad,
                Ok(Some(Ok(row))) => match self.row(table, &encoder, row)? {
                    Handled::Sent(Break(end)) => return Ok(Break(end)),
                    Handled::Sent(Continue(())) => continue,
                    Handled::Bad(reason) => {
                        let bad = BadRow {
                            line: row.record.line,
                            reason,
                            raw: row.record.raw.to_vec(),
                        };
                        // Lines inside a cell are read as rows only where they may well be some.
                        if row.record.fields().len() == table.header.schema.columns().len() {
                            bad
                        } else {
                            rows.split(bad)
                        }
                    }
                },
            };
            let taken = self.bad_rows.take(table, &bad);
            self.status.skipped(self.bad_rows.count());
            taken?;
        }
    }

    /// Makes a record from the row and sends it.
    fn row(
        &mut self,
        table: &CsvTable,
        encoder: &RowEncoder,
        row: CsvRow<'_>,
    ) -> Result<Handled, Failure> {
        self.value.clear();
        match encoder.append_row(row.record.fields(), &mut self.value) {
            Ok(()) => {}
            Err(error) => return Ok(Handled::Bad(table.header.described(&error))),
        }
        let cell = |at: Option<usize>| {
            row.record
                .field(at?)
                .filter(|cell| !cell.trim_ascii().is_empty())
        };
        let symbol = table.header.symbol.as_ref().filter(|symbol| symbol.is_key);
        let symbol = symbol.map(|symbol| symbol.text.as_bytes());
        let origin = || RecordOrigin {
            source: &table.source,
            row: row.number,
            event_time: cell(table.header.date),
        };
        self.sender.send(&Outgoing {
            key: cell(table.header.key).or(symbol),
            value: &self.value,
            origin: (self.plan.headers == RecordHeaders::Origin).then(origin),
        })
    }

    fn handled(&self) -> u64 {
        self.sender.sent() + self.bad_rows.count()
    }

    /// Waits for the last delivery results and returns the outcome of the run.
    fn close(mut self, end: Result<Option<End>, Failure>) -> Result<Summary, Failure> {
        let interrupted = matches!(end, Ok(Some(End::Interrupted)));
        let delivered = self.sender.finish(matches!(end, Ok(None)));
        let kept = self.bad_rows.flush();
        let summary = self.summary(interrupted);
        let result = match (end, delivered.and(kept)) {
            (Err(first), Err(second)) => {
                tracing::error!("{second}");
                Err(first)
            }
            (first, second) => first.and(second),
        };
        match result {
            Ok(()) if summary.is_complete() => Ok(summary),
            Ok(()) => Err(Failure::failed("not every record was acknowledged").with(summary)),
            Err(failure) => Err(failure.with(summary)),
        }
    }

    fn summary(&self, interrupted: bool) -> Summary {
        let (sent, acknowledged) = (self.sender.sent(), self.sender.fate().acknowledged);
        let elapsed = self.sender.elapsed();
        Summary {
            topic: self.plan.target.topic.clone(),
            read: self.handled(),
            sent,
            acknowledged,
            failed: sent - acknowledged.min(sent),
            skipped: self.bad_rows.count(),
            partitions: self.sender.per_partition(),
            interrupted,
            elapsed,
            records_per_second: acknowledged as f64 / elapsed.as_secs_f64().max(1e-6),
        }
    }
}

fn described(table: &CsvTable, plan: &ReplayPlan) -> String {
    let key = match (table.header.key, &table.header.symbol) {
        (Some(at), _) => format!("key {}", table.header.schema.columns()[at].header),
        (None, Some(symbol)) if symbol.is_key => format!("key {}", symbol.text),
        (None, _) => "no key".to_owned(),
    };
    if plan.dry_run {
        return format!("printing {} ({key})", table.name);
    }
    let (topic, servers) = (&plan.target.topic, &plan.target.servers);
    format!(
        "sending {} to topic {topic} at {servers} ({key})",
        table.name
    )
}

fn cannot_read(table: &CsvTable, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot read {}: {error}", table.name))
}
