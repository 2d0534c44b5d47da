//! A table whose definition holds together: what the scan reads by.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use ddl::{Column, ExternalTable};

use super::{
    create_table::{ClauseLines, CreateTable},
    definition_error::LineProblem,
    hive_type::{HiveType, TypedColumn},
    location::{LocationTemplate, S3Location, ValueWidth},
    projection::Projection,
    row_format::RowFormat,
};

/// A column that comes from the names of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionColumn {
    /// Its name in lower case.
    pub name: String,
    /// Its type.
    pub kind: HiveType,
    /// Which values there are; `None` when the partitions have to be registered.
    pub projection: Option<Projection>,
}

/// A table of the catalog, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// The words of the definition.
    pub table: ExternalTable,
    /// The file that defines it.
    pub file: String,
    /// The lines of its clauses in it.
    pub lines: ClauseLines,
    /// The columns of the files.
    pub columns: Vec<TypedColumn>,
    /// The columns of the folders.
    pub partition_columns: Vec<PartitionColumn>,
    /// How rows are written.
    pub row_format: RowFormat,
    /// Where all objects are.
    pub location: S3Location,
    /// Where those of a partition are.
    pub template: LocationTemplate,
}

impl TableDefinition {
    /// Checks what a statement defines.
    ///
    /// # Errors
    /// What Athena would refuse or this program does not read, with the line of its clause.
    pub fn new(statement: CreateTable, file: &str) -> Result<Self, LineProblem> {
        let CreateTable { table, lines } = statement;
        let at_name = |problem| LineProblem::new(lines.name, problem);
        let columns = typed(&table.columns).map_err(at_name)?;
        let partitions = typed(&table.partition_columns).map_err(at_name)?;
        if let Some(both) = partitions
            .iter()
            .find(|column| columns.iter().any(|other| other.name == column.name))
        {
            return Err(at_name(format!(
                "{} is a column and a partition column; rename one",
                both.name
            )));
        }
        let row_format = RowFormat::of(&table, &columns)
            .map_err(|problem| LineProblem::new(lines.format, problem))?;
        let location = S3Location::read(&table.location)
            .map_err(|problem| LineProblem::new(lines.location, problem))?;
        let at_properties = |problem| LineProblem::new(lines.properties, problem);
        let partition_columns = projected(&table, partitions).map_err(at_properties)?;
        let template = template(&table, &location, &partition_columns).map_err(at_properties)?;
        Ok(Self {
            table,
            file: file.to_owned(),
            lines,
            columns,
            partition_columns,
            row_format,
            location,
            template,
        })
    }

    /// `database.table`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.table.database, self.table.name)
    }

    /// Whether Athena computes the partitions, or has none to look for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let mut columns = self.partition_columns.iter();
        columns.all(|column| column.projection.is_some())
    }

    /// What somebody who queries the table should know, each on one line.
    #[must_use]
    pub fn warnings(&self, now: DateTime<Utc>) -> Vec<String> {
        let name = self.full_name();
        if !self.is_complete() {
            return vec![format!(
                "{name} has no partition projection: Athena shows no rows until its partitions are registered (MSCK REPAIR TABLE {name}, or a crawler); here all folders column=value/ are read"
            )];
        }
        let misses = self.partition_columns.iter().filter(|column| {
            let projection = column.projection.as_ref();
            projection.is_some_and(|projection| !projection.has_now(now))
        });
        misses
            .map(|column| {
                format!(
                    "projection.{0}.range of {name} misses today ({1}:{2}): what lands now has no rows; end the range with NOW+1DAYS",
                    column.name, self.file, self.lines.properties
                )
            })
            .collect()
    }
}

fn typed(columns: &[Column]) -> Result<Vec<TypedColumn>, String> {
    let typed = columns.iter().map(|column| {
        let kind = HiveType::read(&column.hive_type)
            .map_err(|problem| format!("column {}: {problem}", column.name))?;
        Ok(TypedColumn {
            name: column.name.clone(),
            kind,
        })
    });
    typed.collect()
}

fn is_projected(table: &ExternalTable) -> Result<bool, String> {
    match table
        .properties
        .get("projection.enabled")
        .map(|text| text.trim().to_ascii_lowercase())
    {
        None => Ok(false),
        Some(text) => match text.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("projection.enabled must be true or false".to_owned()),
        },
    }
}

fn projected(
    table: &ExternalTable,
    columns: Vec<TypedColumn>,
) -> Result<Vec<PartitionColumn>, String> {
    let is_projected = is_projected(table)?;
    if is_projected && columns.is_empty() {
        return Err(
            "projection.enabled needs PARTITIONED BY; add it, or remove the property".to_owned(),
        );
    }
    let names: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let settings = table.properties.keys();
    let settings = settings.filter_map(|key| key.strip_prefix("projection."));
    for setting in settings.filter(|setting| *setting != "enabled") {
        let column = setting.split('.').next().unwrap_or(setting);
        if !names.contains(column) {
            return Err(format!(
                "projection.{setting} is about no partition column; remove it"
            ));
        }
    }
    let columns = columns.into_iter().map(|TypedColumn { name, kind }| {
        let projection = if is_projected {
            Some(Projection::of_column(&name, kind, &table.properties)?)
        } else {
            None
        };
        Ok(PartitionColumn {
            name,
            kind,
            projection,
        })
    });
    columns.collect()
}

fn template(
    table: &ExternalTable,
    location: &S3Location,
    columns: &[PartitionColumn],
) -> Result<LocationTemplate, String> {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let Some(template) = table.properties.get("storage.location.template") else {
        return Ok(LocationTemplate::hive_style(&location.prefix, &names));
    };
    if !is_projected(table)? {
        return Err("storage.location.template needs projection.enabled = true".to_owned());
    }
    let widths = columns.iter().map(|column| match &column.projection {
        Some(Projection::Date(date)) => ValueWidth::Bytes(date.pattern.width()),
        _ => ValueWidth::WithinFolder,
    });
    LocationTemplate::read(template, location, &names, widths.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{create_table::create_table, statements::statements};

    const PROJECTION: &str = "'projection.enabled'='true','projection.dt.type'='date','projection.dt.format'='yyyy-MM-dd','projection.dt.range'='2026-11-01,NOW'";

    fn define(
        columns: &str,
        format: &str,
        properties: &str,
    ) -> Result<TableDefinition, LineProblem> {
        let text = format!(
            "CREATE EXTERNAL TABLE d.t ({columns})\nPARTITIONED BY (dt string)\n{format}\nLOCATION 's3://lake/t/'\nTBLPROPERTIES ({properties})"
        );
        TableDefinition::new(create_table(statements(&text)[0])?, "t.sql")
    }

    const OPENX: &str = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'";
    const CSV: &str = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'";
    const LAZY: &str = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'";

    #[test]
    fn a_definition_that_holds_together_is_a_table() {
        let table = define("a string", OPENX, PROJECTION).unwrap();
        assert_eq!(table.full_name(), "d.t");
        assert!(table.is_complete());
        let key = table.template.partition("t/dt=2026-11-20/x").unwrap();
        assert_eq!(key.values, ["2026-11-20"]);
        let rules = RowFormat::OpenXJson(crate::catalog::row_format::OpenXRules {
            case_insensitive: true,
            ignore_malformed: false,
            dots_in_keys: false,
            mappings: std::collections::BTreeMap::new(),
        });
        assert_eq!(table.row_format, rules);
    }

    #[test]
    fn a_table_warns_of_rows_that_nobody_sees() {
        let now = "2026-11-30T00:00:00Z".parse().unwrap();
        let warnings =
            |properties: &str| define("a string", OPENX, properties).unwrap().warnings(now);
        assert!(warnings(PROJECTION).is_empty());
        assert!(warnings("'classification'='json'")[0].contains("MSCK REPAIR TABLE d.t"));
        let short = PROJECTION.replace("NOW", "2026-11-29");
        assert!(warnings(&short)[0].contains("misses today (t.sql:"));
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_line() {
        let template = |text: &str| format!("{PROJECTION},'storage.location.template'='{text}'");
        for (columns, format, properties, line, named) in [
            (
                "a string, dt int",
                OPENX,
                PROJECTION,
                1,
                "dt is a column and a partition column",
            ),
            ("a char(3)", OPENX, PROJECTION, 1, "column a: char"),
            (
                "a string",
                "ROW FORMAT SERDE 'com.x.Y'",
                PROJECTION,
                3,
                "com.x.Y",
            ),
            ("a double", CSV, PROJECTION, 3, "column a is double"),
            ("a bigint", LAZY, PROJECTION, 3, "column a is bigint"),
            (
                "a string",
                "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('use.null.for.invalid.data'='true')",
                PROJECTION,
                3,
                "use.null.for.invalid.data",
            ),
            (
                "a string",
                "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('mapping.b'='B')",
                PROJECTION,
                3,
                "mapping.b",
            ),
            (
                "a string",
                "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' STORED AS PARQUET",
                PROJECTION,
                3,
                "INPUTFORMAT",
            ),
            (
                "a string",
                "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('quoteChar'=',')",
                PROJECTION,
                3,
                "must differ",
            ),
            (
                "a string",
                OPENX,
                "'skip.header.line.count'='1'",
                3,
                "skip.header.line.count",
            ),
            (
                "a string",
                OPENX,
                "'projection.enabled'='true'",
                5,
                "projection.dt.type is missing",
            ),
            (
                "a string",
                OPENX,
                "'projection.enabled'='yes'",
                5,
                "true or false",
            ),
            (
                "a string",
                OPENX,
                "'projection.day.type'='date'",
                5,
                "projection.day.type",
            ),
            (
                "a string",
                OPENX,
                &template("s3://lake/t/"),
                5,
                "lacks ${dt}",
            ),
            (
                "a string",
                OPENX,
                &template("s3://lake/u/${dt}/"),
                5,
                "LOCATION",
            ),
        ] {
            let problem = define(columns, format, properties).unwrap_err();
            assert!(problem.problem.contains(named), "{}", problem.problem);
            assert_eq!(problem.line, line, "{}", problem.problem);
        }
    }
}
