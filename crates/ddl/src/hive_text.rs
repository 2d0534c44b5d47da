//! `CREATE EXTERNAL TABLE` and `CREATE DATABASE` in Hive's grammar, as Athena takes them.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    external_table::{Column, ExternalTable},
    names,
};

/// The statement that makes the table. It has no `IF NOT EXISTS`, which keeps an old table of the
/// name as it is and says nothing.
#[must_use]
pub fn create_table(table: &ExternalTable) -> String {
    let ExternalTable { database, name, .. } = table;
    let mut text = format!("CREATE EXTERNAL TABLE `{database}`.`{name}` (\n");
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|found| format!("  {}", column(found)))
        .collect();
    text += &format!("{}\n)\n", columns.join(",\n"));
    let partitions: Vec<String> = table.partition_columns.iter().map(column).collect();
    if !partitions.is_empty() {
        text += &format!("PARTITIONED BY ({})\n", partitions.join(", "));
    }
    text += &format!("ROW FORMAT SERDE {}\n", string(&table.serde));
    if !table.serde_properties.is_empty() {
        text += &format!("WITH SERDEPROPERTIES {}\n", pairs(&table.serde_properties));
    }
    text += &format!("STORED AS INPUTFORMAT {}\n", string(&table.input_format));
    text += &format!("OUTPUTFORMAT {}\n", string(&table.output_format));
    text += &format!("LOCATION {}\n", string(&table.location));
    if !table.properties.is_empty() {
        text += &format!("TBLPROPERTIES {}\n", pairs(&table.properties));
    }
    text
}

/// The statement that makes a database, if it is not there.
pub(crate) fn create_database(name: &str) -> String {
    let comment = string("Stock market records, landed from Kafka");
    // Bare where it can be, so that other engines read the statement, too.
    let name = match names::needs_quotes(name) {
        true => format!("`{name}`"),
        false => name.to_owned(),
    };
    format!("CREATE DATABASE IF NOT EXISTS {name}\nCOMMENT {comment}\n")
}

fn column(column: &Column) -> String {
    format!("`{}` {}", column.name.replace('`', "``"), column.hive_type)
}

fn pairs(properties: &BTreeMap<String, String>) -> String {
    let pairs = properties.iter();
    let pairs = pairs.map(|(name, value)| format!("  {} = {}", string(name), string(value)));
    let pairs: Vec<String> = pairs.collect();
    format!("(\n{}\n)", pairs.join(",\n"))
}

/// A string literal of Hive's: a backslash escapes the next sign, and control characters are
/// written by their number.
fn string(text: &str) -> String {
    let mut literal = "'".to_owned();
    for sign in text.chars() {
        match sign {
            '\'' | '\\' => literal.extend(['\\', sign]),
            // A semicolon would end the statement in tools that split a text at them.
            sign if sign.is_control() || sign == ';' => {
                // Writing to a String cannot fail.
                write!(literal, "\\u{:04x}", u32::from(sign)).unwrap_or_default();
            }
            sign => literal.push(sign),
        }
    }
    literal + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_holds_what_hive_would_read_differently() {
        assert_eq!(string("adj close"), "'adj close'");
        assert_eq!(string("it's \\ \u{1};"), r"'it\'s \\ \u0001\u003b'");
    }

    #[test]
    fn clauses_stand_in_the_order_that_hive_wants_and_only_where_they_say_something() {
        let table = ExternalTable {
            database: "d".to_owned(),
            name: "t".to_owned(),
            columns: vec![Column::new("a`b", "string")],
            partition_columns: Vec::new(),
            serde: "s".to_owned(),
            serde_properties: BTreeMap::new(),
            input_format: "i".to_owned(),
            output_format: "o".to_owned(),
            location: "s3://b/p/".to_owned(),
            properties: BTreeMap::new(),
        };
        assert_eq!(
            create_table(&table),
            "CREATE EXTERNAL TABLE `d`.`t` (\n  `a``b` string\n)\nROW FORMAT SERDE 's'\n\
             STORED AS INPUTFORMAT 'i'\nOUTPUTFORMAT 'o'\nLOCATION 's3://b/p/'\n"
        );
    }
}
