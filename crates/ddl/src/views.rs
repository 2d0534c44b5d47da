//! The views over the table of a zone, as queries read it. Athena keeps a view as the text of its
//! SELECT.

use std::collections::BTreeSet;

use landing::Format;
use schema::{AthenaType, PARTITION_COLUMN};

use crate::{
    casts,
    names::{in_query, quoted},
    zone_table::{TypedColumn, ZoneTable},
};

/// The database and the view of the original tutorial's query.
const STOCK_DATABASE: &str = "stock_data_db";
const STOCK_TABLE: &str = "stock_table";

/// `CREATE OR REPLACE VIEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) database: String,
    pub(crate) name: String,
    pub(crate) query: String,
}

impl View {
    fn new(table: &ZoneTable, name: &str, query: String) -> Self {
        Self {
            database: table.database.clone(),
            name: table.view_name(name),
            query,
        }
    }

    /// The statement.
    pub(crate) fn statement(&self) -> String {
        let Self {
            database,
            name,
            query,
        } = self;
        let (database, name) = (in_query(database), in_query(name));
        format!("CREATE OR REPLACE VIEW {database}.{name} AS\n{query}\n")
    }
}

/// The records with the types of the schema.
pub(crate) fn records(table: &ZoneTable) -> View {
    let mut items = typed_items(table);
    items.extend([
        PARTITION_COLUMN.to_owned(),
        "\"$path\" AS object".to_owned(),
    ]);
    let from = qualified(&table.database, &table.name);
    View::new(table, "records", format!("{}\nFROM {from}", select(&items)))
}

/// The records with the types of the schema, from the table that Glue's crawler makes: its columns
/// have the names of the keys in lower case.
pub(crate) fn crawled_records(table: &ZoneTable) -> View {
    let text = |key: &str, column: &str| {
        format!(
            "    CAST({} AS varchar) AS {},\n",
            quoted(key),
            quoted(column)
        )
    };
    let own = table.schema.columns().iter();
    let own = own.map(|column| text(&table.key(column).to_lowercase(), &column.name));
    let columns = table.typed_columns();
    let metadata = columns[table.schema.columns().len()..].iter();
    let metadata = metadata.map(|column| text(column.name, column.name));
    let texts: String = own.chain(metadata).collect();
    let from = qualified(&table.database, &table.name);
    let mut items = typed_items(table);
    items.extend([PARTITION_COLUMN.to_owned(), "object".to_owned()]);
    let query = format!(
        r#"WITH texts AS (
  SELECT
{texts}    dt,
    "$path" AS object
  FROM {from}
)
{}
FROM texts"#,
        select(&items)
    );
    View::new(table, "records", query)
}

/// The records with the types of the schema, from lines of JSON with names in any spelling.
pub(crate) fn any_spelling(table: &ZoneTable) -> View {
    let own = table.schema.columns().iter();
    let own = own.map(|column| text_of(&column.name, &ZoneTable::bare_fields(column)));
    let columns = table.typed_columns();
    let metadata = columns[table.schema.columns().len()..].iter();
    let metadata = metadata
        .map(|column| text_of(column.name, &BTreeSet::from([column.name.replace('_', "")])));
    let texts: String = own.chain(metadata).collect();
    let lines = qualified(&table.database, &table.lines_name());
    let mut items = typed_items(table);
    items.extend([PARTITION_COLUMN.to_owned(), "object".to_owned()]);
    let query = format!(
        r#"WITH members AS (
  SELECT dt, "$path" AS object, map_entries(TRY(CAST(json_parse(line) AS map(varchar, json)))) AS members
  FROM {lines}
),
fields AS (
  SELECT
    dt,
    object,
    multimap_from_entries(
      transform(members, member -> ROW(lower(regexp_replace(member[1], '[^\p{{L}}\p{{N}}]', '')), member[2]))
    ) AS field
  FROM members
),
texts AS (
  SELECT
{texts}    dt,
    object
  FROM fields
)
{}
FROM texts"#,
        select(&items)
    );
    View::new(table, "any_spelling", query)
}

/// One row for each symbol and trade date of stock records, the latest by arrival.
pub(crate) fn bars(table: &ZoneTable) -> View {
    let columns = table.schema.columns().iter();
    let names = columns.map(|column| column.name.as_str());
    let values: Vec<String> = names
        .filter(|name| !matches!(*name, "index" | "date"))
        .map(quoted)
        .collect();
    let order = match table.metadata_columns {
        true => r#""kafka_timestamp" DESC, "kafka_partition" DESC, "kafka_offset" DESC"#,
        false => "object DESC",
    };
    let records = qualified(&table.database, &table.view_name("records"));
    let query = format!(
        r#"WITH ranked AS (
  SELECT
    "index" AS symbol,
    "date" AS trade_date,
    {},
    row_number() OVER (PARTITION BY "index", "date" ORDER BY {order}) AS newness
  FROM {records}
  WHERE "index" IS NOT NULL AND "date" <= current_date
)
SELECT symbol, trade_date, {}
FROM ranked
WHERE newness = 1"#,
        values.join(",\n    "),
        values.join(", ")
    );
    View::new(table, "bars", query)
}

/// The table of the original tutorial's query, over the bars of `table`.
pub(crate) fn stock_table(table: &ZoneTable) -> View {
    let bars = qualified(&table.database, &table.view_name("bars"));
    View {
        database: STOCK_DATABASE.to_owned(),
        name: STOCK_TABLE.to_owned(),
        query: format!("SELECT symbol, \"close\" AS price, trade_date AS \"time\"\nFROM {bars}"),
    }
}

/// The columns of the schema and of the metadata, as their types.
fn typed_items(table: &ZoneTable) -> Vec<String> {
    let columns = table.typed_columns();
    let item = |column: &TypedColumn<'_>| match (table.format, column.kind) {
        (Format::Parquet, _) => quoted(column.name),
        // The SerDe reads NULL as an empty text.
        (Format::Csv, AthenaType::String | AthenaType::Json) => {
            let name = quoted(column.name);
            format!("nullif({name}, '') AS {name}")
        }
        (_, kind) => casts::item(column.name, kind),
    };
    columns.iter().map(item).collect()
}

/// A line of a SELECT list: the text of the first of these fields of a record that is there.
fn text_of(column: &str, bare_fields: &BTreeSet<String>) -> String {
    let texts = bare_fields.iter().map(|field| {
        let value = format!("field['{field}'][1]");
        format!("TRY(CAST({value} AS varchar)), TRY(json_format({value}))")
    });
    let texts: Vec<String> = texts.collect();
    format!(
        "    coalesce({}) AS {},\n",
        texts.join(", "),
        quoted(column)
    )
}

fn select(items: &[String]) -> String {
    format!("SELECT\n  {}", items.join(",\n  "))
}

fn qualified(database: &str, name: &str) -> String {
    format!("{}.{}", in_query(database), in_query(name))
}
