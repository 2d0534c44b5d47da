//! The statements for a zone, each with its explanation: what the files in `infra/athena` hold.

use clap::ValueEnum;
use landing::{
    Format,
    partition_by::{Granularity, PartitionBy},
};
use schema::{FieldNames, TableColumn};

use crate::{
    curated,
    hive_text::{create_database, create_table},
    names,
    views::{self, View},
    zone_table::ZoneTable,
};

/// The longest line of a comment, with the sign in front.
const COMMENT_WIDTH: usize = 120;

/// One statement for Athena, which runs them one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Statement {
    /// The database
    Database,
    /// The table over the zone's objects
    Table,
    /// A view: the records with the types of the schema
    Records,
    /// A view: one row for each symbol and trade date, the latest by arrival
    Bars,
    /// JSON: the objects as lines of text, for `any-spelling`
    Lines,
    /// JSON: a view like `records` that reads names in any spelling
    AnySpelling,
    /// A view: the table of the original tutorial's query
    StockTable,
    /// The Iceberg table that the ETL job fills with bars
    CuratedBars,
    /// The Iceberg table in which the ETL job lists what is no bar
    CuratedRejected,
    /// JSON: a view like `records` over the table that Glue's crawler makes
    CrawledRecords,
}

impl Statement {
    /// What a zone needs: the database, the table, and the views that queries read.
    #[must_use]
    pub fn usual(table: &ZoneTable) -> Vec<Self> {
        let mut statements = vec![Self::Database, Self::Table, Self::Records];
        statements.extend(table.is_stock().then_some(Self::Bars));
        statements
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it holds the range of dates.
    #[must_use]
    pub fn has_range(self) -> bool {
        matches!(self, Self::Table | Self::Lines)
    }

    /// The statement for this table, with comments in front. `command` is the command that prints
    /// it.
    ///
    /// # Errors
    /// Why a table of this format or schema has no such statement.
    pub fn print(self, table: &ZoneTable, command: &str) -> Result<String, String> {
        self.check(table)?;
        let (title, notes, statement) = match self {
            Self::Database => (
                "The database that holds the tables and views. It costs nothing by itself.",
                Vec::new(),
                create_database(&table.database),
            ),
            Self::Table => (
                table_title(table.format),
                table_notes(table),
                create_table(&table.external_table()),
            ),
            Self::Records => (
                "The records with typed columns: what queries read where each record counts.",
                records_notes(table),
                views::records(table).statement(),
            ),
            Self::Bars => (
                "One row for each symbol and trade date, the latest by arrival: what queries about the market read.",
                bars_notes(table),
                views::bars(table).statement(),
            ),
            Self::Lines => (
                "The landed records as lines of text, nothing read yet: what --statement any-spelling reads.",
                lines_notes(table),
                create_table(&table.lines_table()),
            ),
            Self::AnySpelling => (
                "The records with typed columns, whatever the spelling of their names: for topics whose records differ.",
                any_spelling_notes(table),
                views::any_spelling(table).statement(),
            ),
            Self::StockTable => stock_table(table),
            Self::CuratedBars => (
                "The bars that the ETL job keeps: one row for each symbol and trade date, in few objects. Costs nothing by itself.",
                curated_bars_notes(),
                curated::bars(table),
            ),
            Self::CuratedRejected => (
                "What the ETL job put aside: records that are no bar, and values that no column could hold. Costs nothing by itself.",
                curated_rejected_notes(),
                curated::rejected(table),
            ),
            Self::CrawledRecords => (
                "The view records over the table of Glue's crawler: the same columns and types.",
                crawled_notes(table),
                views::crawled_records(table).statement(),
            ),
        };
        let mut text = comment(title);
        if matches!(self, Self::CuratedBars | Self::CuratedRejected) {
            text += "--\n-- Only AWS runs this: Athena makes the table and its metadata in S3.\n";
        }
        text += &format!("--\n-- Printed by: {command}\n");
        if !notes.is_empty() {
            text += "--\n";
        }
        for note in notes {
            text += &bullet(&note);
        }
        Ok(text + &statement)
    }

    fn check(self, table: &ZoneTable) -> Result<(), String> {
        let name = self.name();
        match self {
            Self::Bars | Self::StockTable | Self::CuratedBars | Self::CuratedRejected
                if !table.is_stock() =>
            {
                Err(format!(
                    "--statement {name} is for the columns of stock records: with --schema write the view for your columns, from records"
                ))
            }
            Self::Lines | Self::AnySpelling if !table.is_json() => Err(format!(
                "--statement {name} reads JSON, and a zone of --format {} holds none: its columns have one spelling",
                table.format
            )),
            Self::CuratedBars | Self::CuratedRejected | Self::CrawledRecords
                if !table.is_json() =>
            {
                Err(format!(
                    "--statement {name} is for a zone of JSON, and --format is {}",
                    table.format
                ))
            }
            Self::CrawledRecords if table.name == ZoneTable::default_name(table.format) => {
                Err(format!(
                    "--statement {name} needs --table with the name of the crawler's table, such as crawled_{}",
                    table.prefix.as_str().rsplit('/').next().unwrap_or_default()
                ))
            }
            _ => Ok(()),
        }
    }
}

fn stock_table(table: &ZoneTable) -> (&'static str, Vec<String>, String) {
    let view: View = views::stock_table(table);
    let notes = vec![
        format!(
            "It needs the database {}, and reads the view {} of the database {}.",
            view.database,
            table.view_name("bars"),
            table.database
        ),
        "time is the trade date. A replayed CSV ends in 2021, so that its last seven days are not the last seven \
         days of today."
            .to_owned(),
    ];
    (
        "The table of the original tutorial's query: symbol, price and time.",
        notes,
        view.statement(),
    )
}

fn table_title(format: Format) -> &'static str {
    match format {
        Format::Json => {
            "The landed records as a table, from objects of one JSON record each: nothing is converted."
        }
        Format::Jsonl => {
            "The landed records as a table, from batches of JSON Lines: nothing is converted."
        }
        Format::Csv => "The landed records as a table, from batches of CSV.",
        Format::Parquet => {
            "The landed records as a table, from batches of Parquet: typed columns, compressed, few objects."
        }
    }
}

fn table_notes(table: &ZoneTable) -> Vec<String> {
    let mut notes = Vec::new();
    if table.is_text() {
        notes.push(format!(
            "Every column is text, so that no record can make a query fail: an object in a number column is its \
             JSON. The view {} gives the columns their types: query that one.",
            table.view_name("records")
        ));
    }
    match table.format {
        Format::Json | Format::Jsonl => {
            notes.push(keys_note(table));
            let unread = table.unread_fields();
            if !unread.is_empty() {
                notes.push(format!(
                    "A mapping leads to one key only: nothing reads {}. The view {} does.",
                    unread.join(", "),
                    table.view_name("any_spelling")
                ));
            }
        }
        Format::Csv => {
            notes.push(
                "The SerDe reads NULL as an empty text. The sign by which it escapes others is by default a backslash, \
                 which it would lose: a sign that no text has stands in its place."
                    .to_owned(),
            );
            notes.push(
                match table.csv_header {
                    true => "The first line of each file holds the names of the columns: skip.header.line.count.",
                    false => {
                        "The files have no header. Those of a consumer with --csv-header need that flag here, too."
                    }
                }
                .to_owned(),
            );
        }
        Format::Parquet => {
            notes.push("The columns have the types of the schema. A json column is a string: json_extract_scalar reads it.".to_owned());
            notes.push(
                "The copy that consumer compact makes with --format parquet is the same table under the prefix of its \
                 --to."
                    .to_owned(),
            );
        }
    }
    let columns = table.typed_columns();
    let reserved = columns
        .iter()
        .filter(|column| names::needs_quotes(column.name));
    let reserved: Vec<String> = reserved.map(|column| names::quoted(column.name)).collect();
    if !reserved.is_empty() {
        notes.push(format!(
            "In a query these names need their double quotes: {}.",
            reserved.join(", ")
        ));
    }
    notes.extend(range_notes(table, &table.name));
    notes
}

fn keys_note(table: &ZoneTable) -> String {
    if table.fields == FieldNames::Snake {
        return "The keys of the records are the names of the columns (--fields snake): there is no mapping."
            .to_owned();
    }
    let has_mapping = |column: &TableColumn| table.key(column).to_lowercase() != column.name;
    let case = match table.schema.columns().iter().any(has_mapping) {
        true => {
            "A mapping leads from a column to the key of the record, in lower case: the SerDe ignores the case of keys."
        }
        false => "The SerDe ignores the case of keys.",
    };
    let view = table.view_name("any_spelling");
    format!("{case} Another spelling is NULL here, and the view {view} reads all of them.")
}

fn lines_notes(table: &ZoneTable) -> Vec<String> {
    let mut notes =
        vec!["The field delimiter is a sign that no JSON has: a line is one column.".to_owned()];
    notes.extend(range_notes(table, &table.lines_name()));
    notes
}

/// What the partition column is, which dates Athena looks for, and how to change them.
fn range_notes(table: &ZoneTable, name: &str) -> Vec<String> {
    let span = table.granularity;
    let dt = match &table.partition_by {
        PartitionBy::Timestamp => format!(
            "dt is the {span} in UTC of the record's Kafka timestamp: neither the trade date nor the {span} of landing."
        ),
        PartitionBy::Field(field) => {
            format!(
                "dt is the {span} in UTC of the record's field {}.",
                field.name
            )
        }
    };
    let mut range = format!(
        "Athena computes the {span}s from the range: no crawler and no ALTER TABLE is needed. A date outside of it \
         has no rows, without any error: --from must be at or before the first dt= folder."
    );
    if table.granularity == Granularity::Year {
        range += " A range of years cannot end with NOW: --until is the last one.";
    }
    let drop = format!(
        "Where there is a table of this name, Athena ends with an error. To change it, run DROP TABLE `{}`.`{name}` \
         first: the objects stay.",
        table.database
    );
    vec![dt, range, drop]
}

fn records_notes(table: &ZoneTable) -> Vec<String> {
    let mut notes = Vec::new();
    if table.is_text() {
        notes.push(
            "Each column has the type of the schema, and a value that does not fit is NULL instead of an error: NaN, a \
             blank, 1e999, 1d, 0x1p3 and an object are no numbers. A number may be text."
                .to_owned(),
        );
        notes.push(
            "A date may have a time, and the time a zone: it is the day in UTC, as in a Parquet column.".to_owned(),
        );
    }
    notes.push(
        "dt is the partition column: a filter on it saves requests. object is the whole name of the record's object."
            .to_owned(),
    );
    notes
}

fn bars_notes(table: &ZoneTable) -> Vec<String> {
    let order = if table.metadata_columns {
        "A record that was sent again counts once, and a corrected one replaces what it corrects: the newest by Kafka's \
         timestamp counts."
    } else if table.format == Format::Json {
        "A record that was sent again counts once, and a corrected one replaces what it corrects: the names of objects \
         rise with dt and offset."
    } else {
        "A record that was sent again counts once, and a corrected one replaces what it corrects, where they are in two \
         objects: their names rise with dt and offset. Of two in one object any counts; with --with-metadata it is \
         the newer one."
    };
    vec![
        order.to_owned(),
        "A record without a symbol or a date is no bar, nor is one that is dated after today."
            .to_owned(),
    ]
}

fn curated_bars_notes() -> Vec<String> {
    vec![
        "The job (infra/glue/etl) makes the same table at its first run, where there is none. It reads a zone of JSON."
            .to_owned(),
        "object is the name of the object whose record the row is from: a later one replaces it.".to_owned(),
    ]
}

fn curated_rejected_notes() -> Vec<String> {
    vec![
        "The job (infra/glue/etl) makes the same table at its first run, where there is none. records says how many \
         records of the object have this text."
            .to_owned(),
        "A record with the reason unreadable-value is a bar, too, with NULL in the columns of detail. One with the \
         reason date-to-come waits for its trade_date."
            .to_owned(),
    ]
}

fn crawled_notes(table: &ZoneTable) -> Vec<String> {
    vec![
        format!(
            "It reads the table {}, which the crawler of infra/glue/crawler.json makes: its columns have the names of \
             the keys in lower case, blanks included, and the types that the crawler saw in its samples.",
            table.name
        ),
        "A value that does not fit the crawler's type may end a query with an error. In the table that consumer ddl \
         prints every column is text, and none does."
            .to_owned(),
        format!(
            "The bars over it are those of: --statement bars --table {}.",
            table.name
        ),
    ]
}

fn any_spelling_notes(table: &ZoneTable) -> Vec<String> {
    vec![
        "Case, blanks and other signs in the names do not matter: a column takes the field with its letters and digits. \
         Of two fields for one column it takes any."
            .to_owned(),
        format!(
            "It is slower than the view {}, because the query parses each line. The columns and their types are the same.",
            table.view_name("records")
        ),
    ]
}

/// A comment of as many lines as it needs.
fn comment(text: &str) -> String {
    lines(text, "-- ", "-- ")
}

fn bullet(text: &str) -> String {
    lines(text, "-- * ", "--   ")
}

fn lines(text: &str, first: &str, other: &str) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut is_begun = false;
    for word in text.split_whitespace() {
        if is_begun && line.len() + 1 + word.len() > COMMENT_WIDTH {
            lines += &format!("{line}\n");
            line = other.to_owned();
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines + &line + "\n"
}
