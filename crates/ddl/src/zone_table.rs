//! The table over one landing zone: what it is to be like, and its [`ExternalTable`].
//!
//! Which files a zone has is the consumer's doing; this module repeats it in Hive's words. Pure.

use std::collections::{BTreeMap, BTreeSet};

use landing::{
    Format,
    layout::Prefix,
    partition_by::{DatePartition, Granularity, PartitionBy},
};
use schema::{
    AthenaType, FieldNames, METADATA_COLUMNS, PARTITION_COLUMN, STOCK_HEADER, TableColumn,
    TableSchema, snake,
};

use crate::{
    external_table::{Column, ExternalTable},
    names,
    table_range::TableRange,
};

const TEXT_INPUT: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUTPUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

/// A control character that text does not have. `OpenCSVSerde` takes a backslash for the sign that
/// escapes the next one, and would lose it; the consumer's CSV escapes nothing (RFC 4180).
const NO_SIGN: &str = "\u{1}";

/// What the table over a landing zone is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneTable {
    /// The database.
    pub database: String,
    /// The table's name.
    pub name: String,
    /// Bucket of the zone.
    pub bucket: String,
    /// Folder of the zone.
    pub prefix: Prefix,
    /// What its objects are.
    pub format: Format,
    /// Where the date of a record comes from.
    pub partition_by: PartitionBy,
    /// How much time a date partition covers.
    pub granularity: Granularity,
    /// The dates that Athena looks for.
    pub range: TableRange,
    /// Whether CSV files begin with the names of the columns.
    pub csv_header: bool,
    /// Whether Kafka's key, partition, offset, timestamp and headers are columns, too.
    pub metadata_columns: bool,
    /// The names that the keys of JSON records have.
    pub fields: FieldNames,
    /// The columns.
    pub schema: TableSchema,
}

/// A column of the record or of Kafka's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypedColumn<'t> {
    pub(crate) name: &'t str,
    pub(crate) kind: AthenaType,
}

impl ZoneTable {
    /// Checks that Athena can read the table, and shows the records that land `today`, where that
    /// is known and the date of a record is Kafka's.
    ///
    /// # Errors
    /// What Athena could not read, and why.
    pub fn check(&self, today: Option<&DatePartition>) -> Result<(), String> {
        names::check("--database", &self.database)?;
        names::check("--table", &self.name)?;
        let with_header = self.csv_header && self.format != Format::Csv;
        if with_header {
            return Err(format!(
                "--csv-header goes with --format csv, not {}",
                self.format
            ));
        }
        if self.metadata_columns {
            if self.format == Format::Json {
                return Err(
                    "--with-metadata goes with batches: --format jsonl, csv or parquet".to_owned(),
                );
            }
            let taken = self.schema.check_metadata_names();
            taken.map_err(|error| error.to_string())?;
        }
        if self.is_json() {
            self.check_keys()?;
        }
        let today = today.filter(|_| self.partition_by == PartitionBy::Timestamp);
        self.range.check(self.granularity, today)
    }

    /// The keys must differ in lower case, because the SerDe compares them so.
    fn check_keys(&self) -> Result<(), String> {
        let mut keys = BTreeMap::new();
        for column in self.schema.columns() {
            let key = self.key(column);
            if let Some(sign) = key.chars().find(|sign| sign.is_control()) {
                return Err(format!(
                    "column {:?}: its field {key:?} has the sign {}, which no definition of a table can hold",
                    column.name,
                    sign.escape_default()
                ));
            }
            if let Some(other) = keys.insert(key.to_lowercase(), &column.name) {
                return Err(format!(
                    "columns {other:?} and {:?} both read the field {:?}, because Athena lower-cases the names \
                     of fields: name another one under fields",
                    column.name,
                    key.to_lowercase()
                ));
            }
        }
        Ok(())
    }

    /// Whether the objects hold the records' own JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Jsonl)
    }

    /// Whether each column is text in the table, whatever the view makes of it.
    pub(crate) fn is_text(&self) -> bool {
        self.format != Format::Parquet
    }

    /// Whether the columns are those of the tutorial's file.
    pub(crate) fn is_stock(&self) -> bool {
        let named = |schema: &TableSchema| -> Vec<TypedName> {
            let columns = schema.columns().iter();
            let column = |column: &TableColumn| TypedName(column.name.clone(), column.kind);
            columns.map(column).collect()
        };
        named(&self.schema) == named(&TableSchema::stock())
    }

    /// The columns with the types that the views give them.
    pub(crate) fn typed_columns(&self) -> Vec<TypedColumn<'_>> {
        let own = self.schema.columns().iter();
        let own = own.map(|column| TypedColumn {
            name: &column.name,
            kind: column.kind,
        });
        let metadata = METADATA_COLUMNS
            .into_iter()
            .filter(|_| self.metadata_columns);
        own.chain(metadata.map(|(name, kind)| TypedColumn { name, kind }))
            .collect()
    }

    /// The key of JSON records that fills a column of the table.
    pub(crate) fn key(&self, column: &TableColumn) -> String {
        if self.fields == FieldNames::Snake {
            return column.name.clone();
        }
        let listed = column.fields.first().cloned();
        let of_header = || {
            let mut header = STOCK_HEADER.into_iter().filter(|_| self.is_stock());
            let found = header.find(|name| snake(name) == column.name);
            found.map(str::to_owned)
        };
        listed
            .or_else(of_header)
            .unwrap_or_else(|| column.name.clone())
    }

    /// The keys that no column of the table reads: a mapping leads to one key only.
    pub(crate) fn unread_fields(&self) -> Vec<&str> {
        let columns = self.schema.columns().iter();
        let further = columns.flat_map(|column| column.fields.iter().skip(1));
        further.map(String::as_str).collect()
    }

    /// The definition of the table.
    #[must_use]
    pub fn external_table(&self) -> ExternalTable {
        let columns = self.typed_columns();
        let columns = columns.iter().map(|column| match self.is_text() {
            true => Column::new(column.name, "string"),
            false => Column::new(column.name, &column.kind.ddl_name()),
        });
        let columns = columns.collect();
        match self.format {
            Format::Json | Format::Jsonl => self.table(
                columns,
                RowFormat {
                    class: "org.openx.data.jsonserde.JsonSerDe",
                    properties: self.json_properties(),
                    classification: "json",
                },
            ),
            Format::Csv => {
                let pairs = [
                    ["escapeChar", NO_SIGN],
                    ["quoteChar", "\""],
                    ["separatorChar", ","],
                ];
                let serde = RowFormat {
                    class: "org.apache.hadoop.hive.serde2.OpenCSVSerde",
                    properties: pairs.map(owned).into(),
                    classification: "csv",
                };
                let mut table = self.table(columns, serde);
                if self.csv_header {
                    table
                        .properties
                        .extend([owned(["skip.header.line.count", "1"])]);
                }
                table
            }
            Format::Parquet => ExternalTable {
                input_format: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
                    .to_owned(),
                output_format: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
                    .to_owned(),
                ..self.table(
                    columns,
                    RowFormat {
                        class: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                        properties: BTreeMap::new(),
                        classification: "parquet",
                    },
                )
            },
        }
    }

    /// The table of the same JSON objects as lines of text: one column, `line`.
    #[must_use]
    pub fn lines_table(&self) -> ExternalTable {
        let serde = RowFormat {
            class: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            // JSON has no control characters, so no line is cut.
            properties: BTreeMap::from([owned(["field.delim", NO_SIGN])]),
            classification: "json",
        };
        ExternalTable {
            name: self.lines_name(),
            ..self.table(vec![Column::new("line", "string")], serde)
        }
    }

    fn table(&self, columns: Vec<Column>, serde: RowFormat) -> ExternalTable {
        let location = format!("s3://{}/{}", self.bucket, self.prefix.data_folder());
        let template = format!("{location}{PARTITION_COLUMN}=${{{PARTITION_COLUMN}}}/");
        let projection = self.range.projection(self.granularity).into_iter();
        let projection = projection
            .map(|(name, value)| (format!("projection.{PARTITION_COLUMN}.{name}"), value));
        let others = [
            ["classification", serde.classification],
            ["projection.enabled", "true"],
            ["storage.location.template", &template],
        ];
        ExternalTable {
            database: self.database.clone(),
            name: self.name.clone(),
            columns,
            // As text: Athena compares texts where it lists, and other types after that.
            partition_columns: vec![Column::new(PARTITION_COLUMN, "string")],
            serde: serde.class.to_owned(),
            serde_properties: serde.properties,
            input_format: TEXT_INPUT.to_owned(),
            output_format: TEXT_OUTPUT.to_owned(),
            properties: others.map(owned).into_iter().chain(projection).collect(),
            location,
        }
    }

    fn json_properties(&self) -> BTreeMap<String, String> {
        let mut properties: BTreeMap<String, String> = [
            ["case.insensitive", "TRUE"],
            ["ignore.malformed.json", "FALSE"],
        ]
        .map(owned)
        .into();
        for column in self.schema.columns() {
            let key = self.key(column).to_lowercase();
            if key != column.name {
                properties.insert(format!("mapping.{}", column.name), key);
            }
        }
        properties
    }

    /// The name that the table of a format has unless the user gives one.
    #[must_use]
    pub fn default_name(format: Format) -> &'static str {
        match format {
            Format::Json => "raw_json",
            Format::Jsonl => "raw_jsonl",
            Format::Csv => "raw_csv",
            Format::Parquet => "typed_parquet",
        }
    }

    /// The name of a view over the table. Those of the default table are bare, so that queries of
    /// the first zone are short; `CREATE OR REPLACE VIEW` must not replace them by another zone's.
    pub(crate) fn view_name(&self, view: &str) -> String {
        match self.name == Self::default_name(Format::Json) {
            true => view.to_owned(),
            false => format!("{}_{view}", self.name),
        }
    }

    /// The name of [`Self::lines_table`].
    pub(crate) fn lines_name(&self) -> String {
        match self.name == Self::default_name(Format::Json) {
            true => "raw_lines".to_owned(),
            false => format!("{}_lines", self.name),
        }
    }

    /// The fields that fill a column, bare of case and signs, as [`schema::same_field`] compares
    /// them.
    pub(crate) fn bare_fields(column: &TableColumn) -> BTreeSet<String> {
        let name = column.fields.is_empty().then_some(&column.name);
        let names = column.fields.iter().chain(name);
        let bare = names.map(|name| {
            let letters = name.chars().filter(|letter| letter.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect::<String>()
        });
        bare.filter(|name| !name.is_empty()).collect()
    }
}

/// The name and type of a column, to compare schemas by.
#[derive(PartialEq)]
struct TypedName(String, AthenaType);

/// What Hive calls the format of rows, and Glue the classification.
struct RowFormat {
    class: &'static str,
    properties: BTreeMap<String, String>,
    classification: &'static str,
}

fn owned([name, value]: [&str; 2]) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use landing::{Offset, Partition, Place};

    use super::*;

    fn table(granularity: Granularity) -> ZoneTable {
        let date = |text: &str| DatePartition::from_folder(text).unwrap();
        let (from, until) = match granularity {
            Granularity::Hour => ("2026-11-21-00", None),
            Granularity::Day => ("2026-11-21", None),
            Granularity::Year => ("2026", Some("2035")),
        };
        ZoneTable {
            database: "d".to_owned(),
            name: "t".to_owned(),
            bucket: "b".to_owned(),
            prefix: "a/json".parse().unwrap(),
            format: Format::Json,
            partition_by: PartitionBy::Timestamp,
            granularity,
            range: TableRange {
                from: date(from),
                until: until.map(date),
            },
            csv_header: false,
            metadata_columns: false,
            fields: FieldNames::Original,
            schema: TableSchema::stock(),
        }
    }

    /// What Athena makes of a time by the projection's format: letters of Java's patterns.
    fn projected(format: &str, time: &str) -> String {
        let parts = [("yyyy", 0..4), ("MM", 5..7), ("dd", 8..10), ("HH", 11..13)];
        parts
            .into_iter()
            .fold(format.to_owned(), |text, (letters, place)| {
                text.replace(letters, &time[place])
            })
    }

    #[test]
    fn a_projected_folder_is_the_one_that_the_consumer_writes_to() {
        for granularity in [Granularity::Hour, Granularity::Day, Granularity::Year] {
            let table = table(granularity);
            let properties = table.external_table().properties;
            for time in [
                "2026-11-21T07:30:00",
                "2028-02-29T23:59:59",
                "2027-01-01T00:00:00",
            ] {
                let parsed = schema::parse_partition_time_1(time).unwrap();
                let date = DatePartition::from_time(parsed, granularity).unwrap();
                let format = properties
                    .get("projection.dt.format")
                    .map_or("yyyy", String::as_str);
                let dt = projected(format, time);
                let folder = properties["storage.location.template"].replace("${dt}", &dt);
                let key = table
                    .prefix
                    .data_key(&date, Place::new(Partition(3), Offset(42)));
                let (written, _) = key.rsplit_once('/').unwrap();
                assert_eq!(folder, format!("s3://b/{written}/"));
            }
        }
    }

    #[test]
    fn the_range_has_the_unit_of_the_granularity() {
        let range = |granularity| table(granularity).external_table().properties;
        for (granularity, kind, dates) in [
            (Granularity::Hour, "date", "2026-11-21-00,NOW+1HOURS"),
            (Granularity::Day, "date", "2026-11-21,NOW+1DAYS"),
            (Granularity::Year, "integer", "2026,2035"),
        ] {
            let properties = range(granularity);
            assert_eq!(properties["projection.dt.type"], kind);
            assert_eq!(properties["projection.dt.range"], dates);
        }
        assert_eq!(
            range(Granularity::Hour)["projection.dt.interval.unit"],
            "HOURS"
        );
        assert!(!range(Granularity::Year).contains_key("projection.dt.interval.unit"));
    }

    #[test]
    fn each_column_reads_the_key_that_the_producer_writes() {
        let original = table(Granularity::Day);
        for (column, header) in original.schema.columns().iter().zip(STOCK_HEADER) {
            assert_eq!(original.key(column), header);
        }
        let snake = ZoneTable {
            fields: FieldNames::Snake,
            ..table(Granularity::Day)
        };
        let mappings = |table: &ZoneTable| {
            let properties = table.external_table().serde_properties;
            properties
                .into_keys()
                .filter(|name| name.starts_with("mapping."))
                .count()
        };
        assert_eq!((mappings(&original), mappings(&snake)), (2, 0));
    }

    #[test]
    fn views_of_another_table_do_not_replace_those_of_the_first() {
        let mut table = table(Granularity::Day);
        assert_eq!(table.view_name("records"), "t_records");
        table.name = "raw_json".to_owned();
        assert_eq!(table.view_name("records"), "records");
    }
}
