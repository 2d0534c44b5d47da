//! Compares a table with what is in the bucket: what of it Athena would not show, or show wrongly.
//!
//! Pure: the bucket was read before.

use schema::{TableColumn, TableSchema};
use serde::Serialize;

use crate::{
    landed_zone::LandedZone,
    zone_content::{Objects, ZoneContent},
    zone_table::ZoneTable,
};

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// The zone's objects are of another format.
    Format,
    /// The zone takes dates from elsewhere.
    PartitionBy,
    /// The zone's folders are of another granularity.
    Granularity,
    /// The zone's columns are others.
    Columns,
    /// CSV files with a header and a table without, or the other way round.
    CsvHeader,
    /// Metadata columns in files and not in the table, or the other way round.
    MetadataColumns,
    /// Objects that lie outside of the range.
    OutsideOfRange,
    /// Objects in folders of another granularity.
    OtherFolder,
    /// Objects of another format, which Athena reads as if they were of this one.
    OtherFormat,
    /// Objects that Athena never sees.
    NeverSeen,
    /// No object at all: each query answers without rows.
    NoObjects,
}

/// One difference, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableFinding {
    /// Its kind.
    pub kind: Difference,
    /// What it is about, and what to do.
    pub text: String,
    /// How many objects it is about; `None` if it is not about some.
    pub objects: Option<u64>,
}

/// Everything in which the table is not what the zone is.
pub(crate) fn differences(
    table: &ZoneTable,
    zone: &LandedZone,
    content: &ZoneContent,
) -> Vec<TableFinding> {
    let mut found = settings(table, zone);
    found.extend(columns(table, zone));
    found.extend(files(table, zone));
    found.extend(objects(table, content));
    found
}

/// The number of objects in words.
pub(crate) fn counted(objects: u64) -> String {
    match objects {
        1 => "1 object".to_owned(),
        objects => format!("{objects} objects"),
    }
}

fn finding(kind: Difference, text: String) -> TableFinding {
    TableFinding {
        kind,
        text,
        objects: None,
    }
}

fn settings(table: &ZoneTable, zone: &LandedZone) -> Vec<TableFinding> {
    let partition_by = zone.partition_by.as_ref().unwrap_or(&table.partition_by);
    let settings = [
        (
            Difference::Format,
            "--format",
            zone.format.to_string(),
            table.format.to_string(),
        ),
        (
            Difference::PartitionBy,
            "--partition-by",
            partition_by.to_string(),
            table.partition_by.to_string(),
        ),
        (
            Difference::Granularity,
            "--granularity",
            zone.granularity.to_string(),
            table.granularity.to_string(),
        ),
    ];
    let differing = settings.into_iter().filter(|(_, _, holds, is)| holds != is);
    let text = differing.map(|(kind, flag, holds, is)| {
        finding(
            kind,
            format!("the zone was made with {flag} {holds}, and the table is of {flag} {is}"),
        )
    });
    text.collect()
}

fn columns(table: &ZoneTable, zone: &LandedZone) -> Vec<TableFinding> {
    let of_zone = match zone.columns() {
        Ok(None) => return Vec::new(),
        Ok(Some(columns)) => columns,
        Err(error) => return vec![finding(Difference::Columns, format!("{error:#}"))],
    };
    let typed = |schema: &TableSchema| -> Vec<String> {
        let columns = schema.columns().iter();
        columns
            .map(|column: &TableColumn| format!("{} {}", column.name, column.kind))
            .collect()
    };
    let (holds, is) = (typed(of_zone), typed(&table.schema));
    let only = |these: &[String], others: &[String]| {
        let only: Vec<&str> = these
            .iter()
            .filter(|column| !others.contains(column))
            .map(String::as_str)
            .collect();
        if only.is_empty() {
            "none".to_owned()
        } else {
            only.join(", ")
        }
    };
    // CSV is read by the place of a column, the others by its name.
    let is_same = match table.format {
        landing::Format::Csv => holds == is,
        _ => only(&holds, &is) == "none" && only(&is, &holds) == "none",
    };
    if is_same {
        return Vec::new();
    }
    let text = format!(
        "the columns of the zone are others, or in another order: only in the zone: {}; only in the table: {}; give \
         its --schema, or --from-zone",
        only(&holds, &is),
        only(&is, &holds)
    );
    vec![finding(Difference::Columns, text)]
}

fn files(table: &ZoneTable, zone: &LandedZone) -> Vec<TableFinding> {
    let Some(rules) = &zone.rules else {
        return Vec::new();
    };
    let flags = [
        (
            Difference::CsvHeader,
            "--csv-header",
            rules.csv_header,
            table.csv_header,
        ),
        (
            Difference::MetadataColumns,
            "--with-metadata",
            rules.metadata_columns,
            table.metadata_columns,
        ),
    ];
    let differing = flags.into_iter().filter(|(_, _, holds, is)| holds != is);
    let text = differing.map(|(kind, flag, holds, _)| {
        let (holds, is) = if holds {
            ("with", "without")
        } else {
            ("without", "with")
        };
        finding(
            kind,
            format!("the newest batch was written {holds} {flag}, and the table is {is} it"),
        )
    });
    text.collect()
}

fn objects(table: &ZoneTable, content: &ZoneContent) -> Vec<TableFinding> {
    let until = table
        .range
        .until
        .as_ref()
        .map_or_else(|| "the next one".to_owned(), ToString::to_string);
    let range = format!("{} to {until}", table.range.from);
    let dates = match (&content.first_date, &content.last_date) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "none".to_owned(),
    };
    let kinds = [
        (
            Difference::OutsideOfRange,
            &content.outside_of_range,
            format!(
                "outside of the range {range}, where Athena shows no rows; the dates are {dates}: correct --from or --until"
            ),
        ),
        (
            Difference::OtherFolder,
            &content.other_granularity,
            format!(
                "in folders of another span than a {}: Athena never looks there",
                table.granularity
            ),
        ),
        (
            Difference::OtherFormat,
            &content.other_format,
            format!(
                "of another format than {}, which Athena reads as if they were of it: move them away",
                table.format
            ),
        ),
        (
            Difference::NeverSeen,
            &content.elsewhere,
            "in no dt= folder of a date, or with a name that begins with _ or a dot: Athena never sees them"
                .to_owned(),
        ),
    ];
    let met = kinds
        .into_iter()
        .filter(|(_, objects, _)| objects.number > 0);
    let mut found: Vec<TableFinding> = met
        .map(|(kind, objects, text)| {
            let Objects { number, example } = objects;
            TableFinding {
                kind,
                text: format!("{} {text}; the first is {example}", counted(*number)),
                objects: Some(*number),
            }
        })
        .collect();
    if content.fitting == 0 {
        let text = format!(
            "no object of --format {} lies under {}: each query answers without rows",
            table.format,
            table.prefix.data_folder()
        );
        found.push(finding(Difference::NoObjects, text));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use landing::{
        Format,
        claim::FileRules,
        partition_by::{DatePartition, Granularity, PartitionBy},
    };
    use schema::{FieldNames, UnknownFields};

    use super::*;
    use crate::table_range::TableRange;

    fn table(format: Format) -> ZoneTable {
        ZoneTable {
            database: "d".to_owned(),
            name: "t".to_owned(),
            bucket: "b".to_owned(),
            prefix: "a/b".parse().unwrap(),
            format,
            partition_by: PartitionBy::Timestamp,
            granularity: Granularity::Day,
            range: TableRange {
                from: DatePartition::from_folder("2026-11-20").unwrap(),
                until: None,
            },
            csv_header: false,
            metadata_columns: false,
            fields: FieldNames::Original,
            schema: TableSchema::stock(),
        }
    }

    /// A zone whose newest batch has these columns.
    fn zone(format: Format, schema: TableSchema) -> LandedZone {
        LandedZone {
            topic: Some("stock-market".to_owned()),
            format,
            partition_by: Some(PartitionBy::Timestamp),
            granularity: Granularity::Day,
            rules: Some(FileRules {
                compression: "none".to_owned(),
                level: None,
                csv_header: false,
                metadata_columns: false,
                schema: Some("hash".to_owned()),
                keep_tombstones: false,
            }),
            schemas: BTreeMap::from([("hash".to_owned(), schema)]),
            check_columns: None,
        }
    }

    fn kinds(table: &ZoneTable, zone: &LandedZone) -> Vec<Difference> {
        let content = ZoneContent {
            fitting: 1,
            ..ZoneContent::default()
        };
        let found = differences(table, zone, &content).into_iter();
        found.map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_table_like_the_zone_has_no_difference_and_an_empty_zone_has_one() {
        let (table, zone) = (table(Format::Csv), zone(Format::Csv, TableSchema::stock()));
        assert_eq!(kinds(&table, &zone), []);
        let empty = differences(&table, &zone, &ZoneContent::default());
        assert_eq!(empty.len(), 1);
        assert_eq!(empty[0].kind, Difference::NoObjects);
    }

    #[test]
    fn each_setting_that_differs_is_named() {
        let zone = LandedZone {
            partition_by: Some("field:Date".parse().unwrap()),
            granularity: Granularity::Year,
            ..zone(Format::Parquet, TableSchema::stock())
        };
        assert_eq!(
            kinds(&table(Format::Csv), &zone),
            [
                Difference::Format,
                Difference::PartitionBy,
                Difference::Granularity
            ]
        );
        let with_both = ZoneTable {
            csv_header: true,
            metadata_columns: true,
            ..table(Format::Csv)
        };
        assert_eq!(
            kinds(&with_both, &self::zone(Format::Csv, TableSchema::stock())),
            [Difference::CsvHeader, Difference::MetadataColumns]
        );
    }

    #[test]
    fn csv_is_read_by_the_place_of_a_column_and_parquet_by_its_name() {
        let mut columns = TableSchema::stock().columns().to_vec();
        columns.reverse();
        let reversed = TableSchema::new(columns, UnknownFields::Ignore).unwrap();
        let of = |format| kinds(&table(format), &zone(format, reversed.clone()));
        assert_eq!(of(Format::Csv), [Difference::Columns]);
        assert_eq!(of(Format::Parquet), []);
    }

    #[test]
    fn columns_that_the_zone_names_and_does_not_have_are_a_finding() {
        let mut zone = zone(Format::Parquet, TableSchema::stock());
        zone.schemas.clear();
        assert_eq!(kinds(&table(Format::Parquet), &zone), [Difference::Columns]);
    }
}
