//! A table over files in S3, by the words of its definition.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What Athena's `CREATE EXTERNAL TABLE` says and Glue keeps as `TableInput`. The words are Hive's;
/// nothing is checked here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalTable {
    /// The database, as Glue keeps it: lower case.
    pub database: String,
    /// The table, as Glue keeps it: lower case.
    pub name: String,
    /// The columns of the files, in the order of the definition.
    pub columns: Vec<Column>,
    /// The columns that come from a folder's name, in the order of the definition.
    pub partition_columns: Vec<Column>,
    /// The Java class that reads a row, such as `org.openx.data.jsonserde.JsonSerDe`.
    pub serde: String,
    /// `WITH SERDEPROPERTIES`. Values are what the text means: a control character stands here as
    /// itself, not as `\u0001`.
    pub serde_properties: BTreeMap<String, String>,
    /// The Java class after `INPUTFORMAT`.
    pub input_format: String,
    /// The Java class after `OUTPUTFORMAT`.
    pub output_format: String,
    /// `s3://bucket/prefix/`.
    pub location: String,
    /// `TBLPROPERTIES`: the projection of the partition columns is among them.
    pub properties: BTreeMap<String, String>,
}

/// A column of an [`ExternalTable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in lower case.
    pub name: String,
    /// Its type in Hive's words, such as `string` or `decimal(18,6)`.
    pub hive_type: String,
}

impl Column {
    /// A column of this name and type.
    #[must_use]
    pub fn new(name: &str, hive_type: &str) -> Self {
        let (name, hive_type) = (name.to_owned(), hive_type.to_owned());
        Self { name, hive_type }
    }
}

impl ExternalTable {
    /// The table as `TableInput` of Glue's `CreateTable`: what Athena sends when it runs the
    /// definition.
    #[must_use]
    pub fn glue_input(&self) -> Value {
        let columns = |columns: &[Column]| -> Vec<Value> {
            let columns = columns.iter();
            let column = |column: &Column| json!({"Name": column.name, "Type": column.hive_type});
            columns.map(column).collect()
        };
        // Without it and the type, readers of the catalog take the table for one of their own.
        let mut parameters = self.properties.clone();
        parameters.insert("EXTERNAL".to_owned(), "TRUE".to_owned());
        json!({
            "Name": self.name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": columns(&self.partition_columns),
            "StorageDescriptor": {
                "Columns": columns(&self.columns),
                "Location": self.location,
                "InputFormat": self.input_format,
                "OutputFormat": self.output_format,
                "SerdeInfo": {
                    "SerializationLibrary": self.serde,
                    "Parameters": self.serde_properties,
                },
            },
        })
    }

    /// The table as the input of `aws glue create-table --cli-input-json`.
    #[must_use]
    pub fn glue_request(&self) -> Value {
        json!({"DatabaseName": self.database, "TableInput": self.glue_input()})
    }

    /// The table as a CloudFormation template of one resource, an `AWS::Glue::Table`.
    #[must_use]
    pub fn cloudformation(&self) -> Value {
        let words = self.name.split('_');
        // A logical id has letters and digits only.
        let id: String = words.map(capitalized).collect();
        json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Resources": {
                format!("{id}Table"): {
                    "Type": "AWS::Glue::Table",
                    "Properties": {
                        "CatalogId": {"Ref": "AWS::AccountId"},
                        "DatabaseName": self.database,
                        "TableInput": self.glue_input(),
                    },
                },
            },
        })
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ExternalTable {
        let text = |text: &str| text.to_owned();
        ExternalTable {
            database: text("d"),
            name: text("my_table_2"),
            columns: vec![Column::new("a", "decimal(3,1)")],
            partition_columns: vec![Column::new("dt", "string")],
            serde: text("serde"),
            serde_properties: BTreeMap::from([(text("field.delim"), text("\u{1}"))]),
            input_format: text("input"),
            output_format: text("output"),
            location: text("s3://bucket/p/"),
            properties: BTreeMap::from([(text("classification"), text("json"))]),
        }
    }

    #[test]
    fn the_input_for_glue_holds_everything_that_the_definition_says() {
        assert_eq!(
            table().glue_input(),
            json!({
                "Name": "my_table_2",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"classification": "json", "EXTERNAL": "TRUE"},
                "PartitionKeys": [{"Name": "dt", "Type": "string"}],
                "StorageDescriptor": {
                    "Columns": [{"Name": "a", "Type": "decimal(3,1)"}],
                    "Location": "s3://bucket/p/",
                    "InputFormat": "input",
                    "OutputFormat": "output",
                    "SerdeInfo": {
                        "SerializationLibrary": "serde",
                        "Parameters": {"field.delim": "\u{1}"},
                    },
                },
            })
        );
    }

    #[test]
    fn requests_and_templates_name_the_database() {
        let table = table();
        assert_eq!(
            table.glue_request(),
            json!({"DatabaseName": "d", "TableInput": table.glue_input()})
        );
        let template = table.cloudformation();
        let resource = &template["Resources"]["MyTable2Table"];
        assert_eq!(resource["Type"], "AWS::Glue::Table");
        assert_eq!(resource["Properties"]["DatabaseName"], "d");
        assert_eq!(resource["Properties"]["TableInput"], table.glue_input());
    }
}
