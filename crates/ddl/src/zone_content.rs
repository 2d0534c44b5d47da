//! What lies under a zone's prefix, judged by the names of the objects alone: which of it a table
//! does not show, or shows wrongly.
//!
//! Memory does not grow with the objects: of each kind of trouble the number and one example stay.

use landing::{layout::Prefix, partition_by::DatePartition};
use schema::PARTITION_COLUMN;

use crate::zone_table::ZoneTable;

/// Objects of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) number: u64,
    /// The key of the first one.
    pub(crate) example: String,
}

/// What was listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ZoneContent {
    /// Objects of the table's format in folders of its granularity.
    pub(crate) fitting: u64,
    /// The first and the last date of these.
    pub(crate) first_date: Option<DatePartition>,
    pub(crate) last_date: Option<DatePartition>,
    /// Those of them that lie outside of the range.
    pub(crate) outside_of_range: Objects,
    /// Folders `dt=…` of another granularity.
    pub(crate) other_granularity: Objects,
    /// In a folder of a date, but of another format: Athena reads them all the same.
    pub(crate) other_format: Objects,
    /// In no folder of a date: Athena never sees them.
    pub(crate) elsewhere: Objects,
}

impl Objects {
    fn add(&mut self, key: &str) {
        if self.number == 0 {
            key.clone_into(&mut self.example);
        }
        self.number += 1;
    }
}

impl ZoneContent {
    /// Counts the object of this key. `now` is the current hour in UTC.
    pub(crate) fn add(&mut self, table: &ZoneTable, now: &DatePartition, key: &str) {
        let Some((date, name)) = parts(&table.prefix, key) else {
            return self.elsewhere.add(key);
        };
        // Athena skips names that begin so.
        if name.starts_with(['_', '.']) {
            return self.elsewhere.add(key);
        }
        if date.granularity() != table.granularity {
            return self.other_granularity.add(key);
        }
        if !is_of_format(table, name) {
            return self.other_format.add(key);
        }
        self.fitting += 1;
        if !table.range.contains(&date, now) {
            self.outside_of_range.add(key);
        }
        // The list is in the order of the keys, and so are the dates in it.
        self.first_date.get_or_insert_with(|| date.clone());
        self.last_date = Some(date);
    }
}

/// The date and the name of an object in a folder of a date.
fn parts<'k>(prefix: &Prefix, key: &'k str) -> Option<(DatePartition, &'k str)> {
    let rest = key.strip_prefix(&prefix.data_folder())?;
    let rest = rest.strip_prefix(PARTITION_COLUMN)?.strip_prefix('=')?;
    let (date, name) = rest.split_once('/')?;
    let date = DatePartition::from_folder(date)?;
    (!name.is_empty() && !name.contains('/')).then_some((date, name))
}

/// Whether a name ends as the format's do: those of the consumer and of `compact`.
fn is_of_format(table: &ZoneTable, name: &str) -> bool {
    let Some((_, suffix)) = name.split_once('.') else {
        return false;
    };
    let compressed = ["", ".gz", ".zst"];
    let mut compressed = compressed
        .iter()
        .filter(|end| table.is_text() || end.is_empty());
    compressed.any(|end| suffix.strip_suffix(end) == Some(table.format.as_str()))
}

#[cfg(test)]
mod tests {
    use landing::{
        Format,
        partition_by::{Granularity, PartitionBy},
    };
    use schema::{FieldNames, TableSchema};

    use super::*;
    use crate::table_range::TableRange;

    fn date(text: &str) -> DatePartition {
        DatePartition::from_folder(text).unwrap()
    }

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
                from: date("2026-11-20"),
                until: None,
            },
            csv_header: false,
            metadata_columns: false,
            fields: FieldNames::Original,
            schema: TableSchema::stock(),
        }
    }

    fn content(format: Format, keys: &[&str]) -> ZoneContent {
        let (table, now) = (table(format), date("2026-11-21-07"));
        let mut content = ZoneContent::default();
        for key in keys {
            content.add(&table, &now, key);
        }
        content
    }

    #[test]
    fn objects_of_a_zone_fit_and_their_dates_are_remembered() {
        let content = content(
            Format::Jsonl,
            &[
                "a/b/dt=2026-11-20/00000-00000000000000000000.jsonl.gz",
                "a/b/dt=2026-11-21/00000-00000000000000000007.jsonl",
                "a/b/dt=2026-11-22/00000.jsonl.zst",
            ],
        );
        let expected = ZoneContent {
            fitting: 3,
            first_date: Some(date("2026-11-20")),
            last_date: Some(date("2026-11-22")),
            ..ZoneContent::default()
        };
        assert_eq!(content, expected);
    }

    #[test]
    fn what_a_table_does_not_show_is_counted_by_its_kind() {
        let content = content(
            Format::Parquet,
            &[
                "a/b/dt=2026-11-19/1.parquet",
                "a/b/dt=2026-11-23/1.parquet",
                "a/b/dt=2026/1.parquet",
                "a/b/dt=2026-11-21/1.parquet.gz",
                "a/b/dt=2026-11-21/1.json",
                "a/b/dt=2026-11-21/part",
                "a/b/dt=2026-11-21/_SUCCESS",
                "a/b/dt=2026-11-21/deeper/1.parquet",
                "a/b/dt=unknown/1.parquet",
                "a/b/1.parquet",
            ],
        );
        let objects = |number, example: &str| Objects {
            number,
            example: example.to_owned(),
        };
        assert_eq!(content.fitting, 2);
        assert_eq!(
            content.outside_of_range,
            objects(2, "a/b/dt=2026-11-19/1.parquet")
        );
        assert_eq!(
            content.other_granularity,
            objects(1, "a/b/dt=2026/1.parquet")
        );
        assert_eq!(
            content.other_format,
            objects(3, "a/b/dt=2026-11-21/1.parquet.gz")
        );
        assert_eq!(content.elsewhere, objects(4, "a/b/dt=2026-11-21/_SUCCESS"));
    }
}
