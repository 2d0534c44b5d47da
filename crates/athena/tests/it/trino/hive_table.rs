//! Athena's `CREATE EXTERNAL TABLE` as Glue's `CreateTable`: what Athena itself sends.
//!
//! It is not the engine's reader, so that a mistake of that one does not reach Trino. Not a parser
//! of Hive's grammar: clauses are found by their words, as our files have them.

use serde_json::{Map, Value, json};

/// The request for a definition without comments.
pub(crate) fn glue_request(statement: &str) -> Value {
    let name = between(statement, "CREATE EXTERNAL TABLE", "(").replace('`', "");
    let name = name.trim_start_matches(" IF NOT EXISTS").trim();
    let (database, table) = name.split_once('.').unwrap();
    let mut parameters = pairs(after(statement, "TBLPROPERTIES"));
    parameters.insert("EXTERNAL".to_owned(), "TRUE".into());
    let serde_properties = match statement.contains("WITH SERDEPROPERTIES") {
        true => pairs(between(statement, "WITH SERDEPROPERTIES", "STORED AS")),
        false => Map::new(),
    };
    json!({
        "DatabaseName": database,
        "TableInput": {
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": columns(between(statement, "PARTITIONED BY (", ")\n")),
            "StorageDescriptor": {
                "Columns": columns(between(statement, "(\n", "\n)\n")),
                "Location": quoted(after(statement, "LOCATION"))[0],
                "InputFormat": quoted(after(statement, "INPUTFORMAT"))[0],
                "OutputFormat": quoted(after(statement, "OUTPUTFORMAT"))[0],
                "SerdeInfo": {
                    "SerializationLibrary": quoted(after(statement, "ROW FORMAT SERDE"))[0],
                    "Parameters": serde_properties,
                },
            },
        },
    })
}

fn after<'t>(statement: &'t str, words: &str) -> &'t str {
    let (_, rest) = statement
        .split_once(words)
        .unwrap_or_else(|| panic!("there is no {words}: {statement}"));
    rest
}

fn between<'t>(statement: &'t str, words: &str, end: &str) -> &'t str {
    after(statement, words).split_once(end).unwrap().0
}

/// `` `name` type, `` a column; no type of ours has a comma and a blank in it.
fn columns(list: &str) -> Vec<Value> {
    let column = |entry: &str| {
        let (name, kind) = entry.trim().split_once(' ').unwrap();
        json!({"Name": name.replace('`', ""), "Type": kind.trim().trim_end_matches(',')})
    };
    let list = list.replace(", `", ",\n`");
    list.lines()
        .filter(|line| !line.trim().is_empty())
        .map(column)
        .collect()
}

fn quoted(text: &str) -> Vec<String> {
    let inner = text.split('\'').skip(1).step_by(2);
    // Hive reads this escape in a text; no other stands in our files.
    inner.map(|text| text.replace("\\u0001", "\u{1}")).collect()
}

fn pairs(list: &str) -> Map<String, Value> {
    let pairs = quoted(list);
    let pairs = pairs.chunks_exact(2);
    pairs
        .map(|pair| (pair[0].clone(), pair[1].clone().into()))
        .collect()
}
