//! How the rows of a table's objects are written, from the classes and properties of its DDL.
//!
//! A class or property that is not read here is refused by name: it would change the rows.

use std::collections::BTreeMap;

use ddl::ExternalTable;

use super::hive_type::TypedColumn;

/// How the rows of an object are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFormat {
    /// A JSON object for each line, by the OpenX SerDe.
    OpenXJson(OpenXRules),
    /// A JSON object for each line, by Hive's own SerDe.
    HiveJson,
    /// Comma-separated values, all of them texts.
    OpenCsv(CsvRules),
    /// Lines with a delimiter, all of them texts.
    Delimited(DelimitedRules),
    /// Parquet files.
    Parquet,
}

/// The properties of `org.openx.data.jsonserde.JsonSerDe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenXRules {
    /// Whether `A` and `a` are one key.
    pub case_insensitive: bool,
    /// Whether a line that is no JSON is a row of NULLs, instead of an error.
    pub ignore_malformed: bool,
    /// Whether the column `a_b` may come from the key `a.b`.
    pub dots_in_keys: bool,
    /// From a column to the key that it comes from.
    pub mappings: BTreeMap<String, String>,
}

/// The properties of `org.apache.hadoop.hive.serde2.OpenCSVSerde`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvRules {
    /// Between two fields.
    pub separator: char,
    /// Around a field.
    pub quote: char,
    /// Before a quote or an escape.
    pub escape: char,
    /// Lines at the start of each object that are no rows.
    pub header_lines: usize,
}

/// The properties of `org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelimitedRules {
    /// Between two fields.
    pub delimiter: u8,
    /// The text that is NULL.
    pub null: String,
    /// Lines at the start of each object that are no rows.
    pub header_lines: usize,
}

impl RowFormat {
    /// The format of a table with these columns.
    ///
    /// # Errors
    /// Which class or property is not read here, or does not fit the others.
    pub fn of(table: &ExternalTable, columns: &[TypedColumn]) -> Result<Self, String> {
        let settings = Settings(table);
        let format = match table.serde.as_str() {
            "org.openx.data.jsonserde.JsonSerDe" => Self::OpenXJson(settings.openx(columns)?),
            "org.apache.hive.hcatalog.data.JsonSerDe"
            | "org.apache.hadoop.hive.serde2.JsonSerDe" => {
                settings.only(&[], &[])?;
                Self::HiveJson
            }
            "org.apache.hadoop.hive.serde2.OpenCSVSerde" => Self::OpenCsv(settings.csv(columns)?),
            "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe" => {
                Self::Delimited(settings.delimited(columns)?)
            }
            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" => {
                settings.only(&[], &[])?;
                Self::Parquet
            }
            other => {
                return Err(format!(
                    "the SerDe {other} is not read here; use org.openx.data.jsonserde.JsonSerDe, org.apache.hive.hcatalog.data.JsonSerDe, OpenCSVSerde, LazySimpleSerDe or ParquetHiveSerDe"
                ));
            }
        };
        settings.check_formats(format == Self::Parquet)?;
        if matches!(format, Self::OpenXJson(_) | Self::HiveJson | Self::Parquet)
            && settings.header_lines()? > 0
        {
            return Err(
                "skip.header.line.count is for CSV and delimited lines; remove it".to_owned(),
            );
        }
        Ok(format)
    }
}

struct Settings<'t>(&'t ExternalTable);

impl Settings<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.serde_properties.get(name).map(String::as_str)
    }

    /// Refuses properties that are not known; `serialization.format` says nothing that the others
    /// do not say, and Glue adds it.
    fn only(&self, names: &[&str], prefixes: &[&str]) -> Result<(), String> {
        let is_known = |name: &str| {
            name == "serialization.format"
                || names.contains(&name)
                || prefixes.iter().any(|prefix| name.starts_with(prefix))
        };
        match self.0.serde_properties.keys().find(|name| !is_known(name)) {
            Some(name) => Err(format!(
                "the property {name} of {} is not read here; remove it",
                self.0.serde
            )),
            None => Ok(()),
        }
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, String> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(format!("the property {name} must be TRUE or FALSE")),
        }
    }

    fn openx(&self, columns: &[TypedColumn]) -> Result<OpenXRules, String> {
        self.only(
            &[
                "case.insensitive",
                "ignore.malformed.json",
                "dots.in.keys",
                "explicit.null",
            ],
            &["mapping."],
        )?;
        let mut mappings = BTreeMap::new();
        for (name, key) in &self.0.serde_properties {
            let Some(column) = name.strip_prefix("mapping.") else {
                continue;
            };
            if !columns.iter().any(|known| known.name == column) {
                return Err(format!(
                    "the property {name} maps a column that the table lacks; remove it"
                ));
            }
            mappings.insert(column.to_owned(), key.clone());
        }
        Ok(OpenXRules {
            case_insensitive: self.flag("case.insensitive", true)?,
            ignore_malformed: self.flag("ignore.malformed.json", false)?,
            dots_in_keys: self.flag("dots.in.keys", false)?,
            mappings,
        })
    }

    fn csv(&self, columns: &[TypedColumn]) -> Result<CsvRules, String> {
        self.only(&["separatorChar", "quoteChar", "escapeChar"], &[])?;
        texts_only(columns, "OpenCSVSerde")?;
        let sign = |name: &str, default: char| match self.get(name) {
            None => Ok(default),
            Some(text) => {
                let mut signs = text.chars();
                match (signs.next(), signs.next()) {
                    (Some(sign), None) if sign.is_ascii() && sign != '\0' => Ok(sign),
                    _ => Err(format!("the property {name} must be one sign of ASCII")),
                }
            }
        };
        let rules = CsvRules {
            separator: sign("separatorChar", ',')?,
            quote: sign("quoteChar", '"')?,
            escape: sign("escapeChar", '\\')?,
            header_lines: self.header_lines()?,
        };
        let CsvRules {
            separator,
            quote,
            escape,
            ..
        } = rules;
        if separator == quote || separator == escape || quote == escape {
            return Err("separatorChar, quoteChar and escapeChar must differ".to_owned());
        }
        Ok(rules)
    }

    fn delimited(&self, columns: &[TypedColumn]) -> Result<DelimitedRules, String> {
        let allowed = ["field.delim", "serialization.null.format", "line.delim"];
        self.only(&allowed, &[])?;
        texts_only(columns, "LazySimpleSerDe")?;
        if self
            .get("line.delim")
            .is_some_and(|delimiter| delimiter != "\n")
        {
            return Err(r"line.delim must be '\n'".to_owned());
        }
        // Hive takes the delimiter from the older property where the newer one is missing.
        let delimiter = self
            .get("field.delim")
            .or_else(|| self.get("serialization.format"));
        let delimiter = match delimiter.map(str::as_bytes) {
            None => 1,
            Some(&[sign]) if !sign.is_ascii_digit() => sign,
            Some(number) => match std::str::from_utf8(number)
                .ok()
                .and_then(|text| text.parse().ok())
            {
                Some(code) => code,
                None => return Err("field.delim must be one sign of ASCII".to_owned()),
            },
        };
        Ok(DelimitedRules {
            delimiter,
            null: self
                .get("serialization.null.format")
                .unwrap_or(r"\N")
                .to_owned(),
            header_lines: self.header_lines()?,
        })
    }

    fn header_lines(&self) -> Result<usize, String> {
        match self.0.properties.get("skip.header.line.count") {
            None => Ok(0),
            Some(text) => text.trim().parse().map_err(|_| {
                format!("skip.header.line.count is '{text}'; it must be a whole number")
            }),
        }
    }

    fn check_formats(&self, is_parquet: bool) -> Result<(), String> {
        let table = self.0;
        let (input, outputs): (&str, &[&str]) = if is_parquet {
            (
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                &["org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"],
            )
        } else {
            (
                "org.apache.hadoop.mapred.TextInputFormat",
                &[
                    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat",
                ],
            )
        };
        if table.input_format != input {
            return Err(format!(
                "INPUTFORMAT {} does not fit the SerDe {}; write {input}",
                table.input_format, table.serde
            ));
        }
        if !outputs.contains(&table.output_format.as_str()) {
            return Err(format!(
                "OUTPUTFORMAT {} does not fit the SerDe {}; write {}",
                table.output_format, table.serde, outputs[0]
            ));
        }
        Ok(())
    }
}

fn texts_only(columns: &[TypedColumn], serde: &str) -> Result<(), String> {
    match columns.iter().find(|column| !column.kind.is_text()) {
        Some(column) => Err(format!(
            "column {} is {}, but {serde} is read as text here; declare string, and cast it in a view",
            column.name, column.kind
        )),
        None => Ok(()),
    }
}
