//! The raw table agrees with the schema and with the layout.
//!
//! Not here: whether Athena takes the statement. Each rule finds the mistakes that are planted for
//! it.

use landing::{
    Offset, Partition, Place,
    layout::Prefix,
    partition_by::{DatePartition, Granularity},
};
use schema::{ColumnType, FieldNames, Schema};

use super::{BUCKET, ddl::TableDdl, planted, prefix};
use crate::repository::text;

const FILE: &str = "infra/athena/02-raw-table.sql";
const TIMES: [&str; 4] = [
    "2026-11-21T07:30:00",
    "2028-02-29T23:59:59",
    "2027-01-01T00:00:00",
    "2026-12-31T12:00:00",
];

/// What the programs do, as far as the table has to know.
pub(crate) struct Facts {
    pub(crate) header: Vec<&'static str>,
    pub(crate) prefix: Prefix,
    pub(crate) granularity: Granularity,
    pub(crate) key: fn(&Prefix, &DatePartition) -> String,
}

impl Facts {
    pub(crate) fn of_the_code() -> Self {
        Self {
            header: schema::STOCK_HEADER.to_vec(),
            prefix: prefix(),
            granularity: Granularity::Day,
            key: |prefix, date| prefix.data_key(date, Place::new(Partition(3), Offset(42))),
        }
    }

    fn schema(&self, names: FieldNames) -> Schema {
        Schema::from_header(self.header.iter().copied(), &[], names).unwrap()
    }
}

/// Everything in which the table is not what the programs write.
fn problems(ddl: &str, facts: &Facts) -> Vec<String> {
    let table = TableDdl::parse(ddl);
    [
        column_problems(&table, facts),
        mapping_problems(&table, facts),
        projection_problems(&table, facts),
        path_problems(&table, facts),
    ]
    .concat()
}

/// One problem, unless both are the same.
pub(crate) fn differs<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should: T) -> Vec<String> {
    if is == should {
        Vec::new()
    } else {
        vec![format!("{what} is {is:?}, not {should:?}")]
    }
}

fn column_problems(table: &TableDdl, facts: &Facts) -> Vec<String> {
    let schema = facts.schema(FieldNames::Snake);
    let columns = schema.columns().iter().map(|column| {
        let kind = match column.kind {
            ColumnType::String => "string",
            _ => "double",
        };
        (column.name.clone(), kind.to_owned())
    });
    let partitions = vec![("dt".to_owned(), "string".to_owned())];
    [
        differs("the columns", &table.columns, &columns.collect()),
        differs("the partition columns", &table.partitions, &partitions),
    ]
    .concat()
}

/// The SerDe lower-cases the keys of a record; a column whose name is another one needs a mapping
/// to it.
fn mapping_problems(table: &TableDdl, facts: &Facts) -> Vec<String> {
    let (keys, names) = (
        facts.schema(FieldNames::Original),
        facts.schema(FieldNames::Snake),
    );
    let both = keys.columns().iter().zip(names.columns());
    let needed = both
        .map(|(key, column)| (column.name.clone(), key.name.to_lowercase()))
        .filter(|(name, key)| name != key)
        .collect::<Vec<_>>();
    let mapped = table.serde_properties.iter().filter_map(|(name, key)| {
        let column = name.strip_prefix("mapping.")?;
        Some((column.to_owned(), key.clone()))
    });
    let ignores_case = table
        .serde_properties
        .get("case.insensitive")
        .map(String::as_str);
    [
        differs("the mappings", mapped.collect(), needed),
        differs(
            "the SerDe",
            table.serde.as_str(),
            "org.openx.data.jsonserde.JsonSerDe",
        ),
        differs("case.insensitive", ignores_case, Some("TRUE")),
    ]
    .concat()
}

pub(crate) fn projection_problems(table: &TableDdl, facts: &Facts) -> Vec<String> {
    let unit = match facts.granularity {
        Granularity::Hour => "HOURS",
        Granularity::Day => "DAYS",
        Granularity::Year => "YEARS",
    };
    let mut found = Vec::new();
    for (name, should) in [
        ("projection.enabled", "true"),
        ("projection.dt.type", "date"),
        ("projection.dt.interval", "1"),
        ("projection.dt.interval.unit", unit),
    ] {
        found.extend(differs(name, table.property(name), should));
    }
    let format = table.property("projection.dt.format");
    for time in TIMES {
        let date = date_of(time, facts.granularity).unwrap();
        let projected = projected(format, time);
        found.extend(differs("a projected dt", projected.as_str(), date.as_str()));
    }
    let range = table.property("projection.dt.range");
    let (first, last) = range.split_once(',').unwrap_or((range, ""));
    let first_partition = date_of(first, facts.granularity);
    let first_partition = first_partition.as_ref().map(DatePartition::as_str);
    found.extend(differs("the range's start", Some(first), first_partition));
    found.extend(differs(
        "the range's end",
        last,
        format!("NOW+1{unit}").as_str(),
    ));
    found
}

fn date_of(time: &str, granularity: Granularity) -> Option<DatePartition> {
    DatePartition::from_time(schema::parse_partition_time_1(time)?, granularity)
}

/// What a pattern of Java's makes of a time.
fn projected(format: &str, time: &str) -> String {
    [
        ("yyyy", &time[..4]),
        ("MM", &time[5..7]),
        ("dd", &time[8..10]),
        ("HH", &time[11..13]),
    ]
    .iter()
    .fold(format.to_owned(), |text, (letters, digits)| {
        text.replace(letters, digits)
    })
}

pub(crate) fn path_problems(table: &TableDdl, facts: &Facts) -> Vec<String> {
    let root = format!("s3://{BUCKET}/{}", facts.prefix.data_folder());
    let template = table.property("storage.location.template");
    let mut found = differs("LOCATION", &table.location, &root);
    for time in TIMES {
        let date = date_of(time, facts.granularity).unwrap();
        let key = (facts.key)(&facts.prefix, &date);
        let (folder, _) = key.rsplit_once('/').unwrap();
        let projected = template.replace("${dt}", date.as_str());
        found.extend(differs(
            "a projected folder",
            projected,
            format!("s3://{BUCKET}/{folder}/"),
        ));
    }
    found
}

#[test]
fn the_raw_table_has_the_columns_of_the_schema_and_the_folders_of_the_layout() {
    let problems = problems(&text(FILE), &Facts::of_the_code());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

const MISTAKES: [(&str, &str); 23] = [
    ("  `adj_close` double", "  `adjusted_close` double"),
    ("  `volume` double,\n", ""),
    ("  `volume` double", "  `volume` int"),
    ("  `date` string", "  `date` date"),
    ("  `open` double,\n  `high`", "  `high` double,\n  `open`"),
    (
        "  `close_usd` double\n",
        "  `close_usd` double,\n  `note` string\n",
    ),
    ("= 'adj close'", "= 'Adj Close'"),
    (",\n  'mapping.close_usd' = 'closeusd'", ""),
    ("'case.insensitive' = 'TRUE',", ""),
    (
        "org.openx.data.jsonserde.JsonSerDe",
        "org.apache.hive.hcatalog.data.JsonSerDe",
    ),
    (
        "(`dt` string)\nROW FORMAT",
        "(`dt` string, `hour` string)\nROW FORMAT",
    ),
    ("(`dt` string)\nROW FORMAT", "(`dt` date)\nROW FORMAT"),
    (
        "'projection.enabled' = 'true'",
        "'projection.enabled' = 'false'",
    ),
    ("= 'yyyy-MM-dd'", "= 'yyyy-MM-dd-HH'"),
    ("= 'yyyy-MM-dd'", "= 'yyyyMMdd'"),
    ("'DAYS'", "'HOURS'"),
    ("= '2026-11-01,NOW+1DAYS'", "= '2026-11-01,NOW'"),
    ("= '2026-11-01,NOW+1DAYS'", "= '2026-11,NOW+1DAYS'"),
    ("json/dt=${dt}/'", "json/date=${dt}/'"),
    ("json/dt=${dt}/'", "json/dt=${dt}'"),
    ("json/dt=${dt}/'", "dt=${dt}/'"),
    ("json/dt=${dt}/'", "json/dt=${hour}/'"),
    ("LOCATION 's3://", "LOCATION 's3://my-"),
];

#[test]
fn a_raw_table_with_one_mistake_in_it_is_found_out() {
    for (from, to) in MISTAKES {
        let copy = planted(&text(FILE), from, to);
        let problems = problems(&copy, &Facts::of_the_code());
        assert!(!problems.is_empty(), "{to:?} was not found");
    }
}

#[test]
fn a_program_that_changes_without_the_raw_table_is_found_out() {
    let changed = |change: fn(&mut Facts)| {
        let mut facts = Facts::of_the_code();
        change(&mut facts);
        problems(&text(FILE), &facts)
    };
    let changes: [fn(&mut Facts); 8] = [
        |facts| facts.granularity = Granularity::Hour,
        |facts| facts.granularity = Granularity::Year,
        |facts| facts.prefix = "stock-market/jsonl".parse().unwrap(),
        |facts| facts.key = |prefix, date| format!("{prefix}/date={date}/1.json"),
        |facts| facts.key = |prefix, date| format!("{prefix}/dt={date}/part=3/1.json"),
        |facts| facts.header[6] = "Adjusted Close",
        |facts| facts.header.push("Dividends"),
        |facts| facts.header.truncate(8),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert!(!changed(change).is_empty(), "change {at} was not found");
    }
}
