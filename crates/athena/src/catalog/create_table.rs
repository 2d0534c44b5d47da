//! `CREATE EXTERNAL TABLE` in Athena's grammar: from its text to the words of the definition.
//!
//! The clauses and their order are those of "CREATE TABLE" in Athena's user guide. What the words
//! mean is checked elsewhere.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::tokenizer::Token;
use ddl::{Column, ExternalTable};

use super::{
    definition_error::LineProblem,
    statements::StatementText,
    token_cursor::{Name, TokenCursor},
};

const TEXT_INPUT: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUTPUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";
const PARQUET_SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const PARQUET_INPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const PARQUET_OUTPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const LAZY_SERDE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";

/// The clauses after the columns, in the order that Athena wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Clause {
    Comment,
    PartitionedBy,
    ClusteredBy,
    RowFormat,
    SerdeProperties,
    StoredAs,
    Location,
    Properties,
}

/// A table as its statement defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The definition.
    pub table: ExternalTable,
    /// The line of each clause, for messages about what it says.
    pub lines: ClauseLines,
}

/// Lines of a file, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClauseLines {
    /// Of the table's name.
    pub name: u64,
    /// Of `ROW FORMAT`, or of `STORED AS` where that names the format.
    pub format: u64,
    /// Of `LOCATION`.
    pub location: u64,
    /// Of `TBLPROPERTIES`; of `LOCATION` when there is none.
    pub properties: u64,
}

/// What the clauses said so far.
#[derive(Default)]
struct Clauses {
    partition_columns: Vec<Column>,
    serde: Option<String>,
    serde_properties: BTreeMap<String, String>,
    formats: Option<Formats>,
    location: Option<String>,
    properties: BTreeMap<String, String>,
    lines: ClauseLines,
}

/// The classes that `STORED AS` means.
struct Formats {
    input: String,
    output: String,
    /// What reads rows when no `ROW FORMAT` says it.
    serde: &'static str,
}

/// Reads a statement that begins with `CREATE EXTERNAL TABLE`.
///
/// # Errors
/// The first fault, with its line and what to write.
pub fn create_table(statement: StatementText<'_>) -> Result<CreateTable, LineProblem> {
    let mut cursor = TokenCursor::new(statement)?;
    cursor.expect_words(&["CREATE", "EXTERNAL", "TABLE"])?;
    if cursor.take_words(&["IF"]) {
        cursor.expect_words(&["NOT", "EXISTS"])?;
    }
    let name = table_name(&mut cursor)?;
    let columns = columns(&mut cursor, "the table")?;
    let clauses = clauses(&mut cursor)?;
    let Some(location) = clauses.location else {
        let problem = "the statement has no LOCATION; end it with LOCATION 's3://BUCKET/PREFIX/'";
        return Err(cursor.problem(problem));
    };
    let formats = clauses.formats.unwrap_or_else(|| text_formats(LAZY_SERDE));
    let table = ExternalTable {
        database: name.database,
        name: name.table.text,
        columns,
        partition_columns: clauses.partition_columns,
        serde: clauses.serde.unwrap_or_else(|| formats.serde.to_owned()),
        serde_properties: clauses.serde_properties,
        input_format: formats.input,
        output_format: formats.output,
        location,
        properties: clauses.properties,
    };
    let mut lines = clauses.lines;
    lines.name = name.table.line;
    if lines.properties == 0 {
        lines.properties = lines.location;
    }
    if lines.format == 0 {
        lines.format = lines.name;
    }
    Ok(CreateTable { table, lines })
}

/// A table's name with that of its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// `default` when the statement names none.
    pub database: String,
    /// The name itself.
    pub table: Name,
}

/// Takes `database.table` or `table`.
///
/// # Errors
/// When it is no name that Athena takes.
pub fn table_name(cursor: &mut TokenCursor) -> Result<TableName, LineProblem> {
    let first = cursor.name("the table")?;
    if !cursor.take(&Token::Period) {
        let database = "default".to_owned();
        return Ok(TableName {
            database,
            table: first,
        });
    }
    let table = cursor.name("the table")?;
    Ok(TableName {
        database: first.text,
        table,
    })
}

fn columns(cursor: &mut TokenCursor, owner: &str) -> Result<Vec<Column>, LineProblem> {
    cursor.expect(&Token::LParen, &format!("before the columns of {owner}"))?;
    let mut columns: Vec<Column> = Vec::new();
    loop {
        if cursor.is_next(&Token::RParen) {
            let line = cursor.line_before();
            let problem = if columns.is_empty() {
                format!("{owner} has no columns; name at least one")
            } else {
                format!("a comma stands before the ')' of {owner}'s columns; remove it")
            };
            return Err(LineProblem::new(line, problem));
        }
        let column = column(cursor)?;
        if columns.iter().any(|before| before.name == column.name) {
            let line = cursor.line_before();
            let problem = format!("column {} stands twice; remove one", column.name);
            return Err(LineProblem::new(line, problem));
        }
        columns.push(column);
        if cursor.take(&Token::RParen) {
            return Ok(columns);
        }
        cursor.expect(&Token::Comma, "between two columns, or ')' after the last")?;
    }
}

fn column(cursor: &mut TokenCursor) -> Result<Column, LineProblem> {
    let name = cursor.name("a column")?;
    if !name.is_quoted && is_reserved(&name.text) {
        return Err(LineProblem::new(
            name.line,
            format!(
                "{0} is a reserved word of Athena's DDL; write `{0}` in backticks",
                name.text
            ),
        ));
    }
    let Some(word) = cursor.word(0) else {
        return Err(LineProblem::new(
            name.line,
            format!(
                "column {} has no type; write one after it, such as string",
                name.text
            ),
        ));
    };
    cursor.skip();
    let mut hive_type = word.to_lowercase();
    if cursor.is_next(&Token::Lt) {
        return Err(LineProblem::new(
            name.line,
            format!(
                "column {} is of type {hive_type}<…>, which is not read here; declare string and use Athena's JSON functions",
                name.text
            ),
        ));
    }
    if cursor.take(&Token::LParen) {
        let missing = |cursor: &TokenCursor| {
            cursor.problem(format!(
                "{} instead of a number in the type of {}",
                cursor.shown(),
                name.text
            ))
        };
        hive_type.push('(');
        hive_type += &cursor.number().ok_or_else(|| missing(cursor))?;
        if cursor.take(&Token::Comma) {
            hive_type.push(',');
            hive_type += &cursor.number().ok_or_else(|| missing(cursor))?;
        }
        cursor.expect(&Token::RParen, "after a type")?;
        hive_type.push(')');
    }
    if cursor.take_words(&["COMMENT"]) {
        cursor.text("the comment")?;
    }
    Ok(Column {
        name: name.text,
        hive_type,
    })
}

fn clauses(cursor: &mut TokenCursor) -> Result<Clauses, LineProblem> {
    let mut clauses = Clauses::default();
    let mut last: Option<Clause> = None;
    while !cursor.is_at_end() {
        let line = cursor.line();
        let shown = cursor.shown();
        let clause = next_clause(cursor).ok_or_else(|| {
            LineProblem::new(
                line,
                format!(
                    "{shown} begins no clause; they are COMMENT, PARTITIONED BY, ROW FORMAT, STORED AS, LOCATION and TBLPROPERTIES, in this order"
                ),
            )
        })?;
        if let Some(last) = last
            && last >= clause
        {
            let problem = if last == clause {
                format!("{} stands twice; remove one", words(clause))
            } else {
                format!(
                    "{} stands after {}; put it before",
                    words(clause),
                    words(last)
                )
            };
            return Err(LineProblem::new(line, problem));
        }
        last = Some(clause);
        read_clause(cursor, clause, line, &mut clauses)?;
    }
    Ok(clauses)
}

fn next_clause(cursor: &mut TokenCursor) -> Option<Clause> {
    let clauses = [
        (&["COMMENT"][..], Clause::Comment),
        (&["PARTITIONED", "BY"], Clause::PartitionedBy),
        (&["CLUSTERED", "BY"], Clause::ClusteredBy),
        (&["ROW", "FORMAT"], Clause::RowFormat),
        (&["WITH", "SERDEPROPERTIES"], Clause::SerdeProperties),
        (&["STORED", "AS"], Clause::StoredAs),
        (&["LOCATION"], Clause::Location),
        (&["TBLPROPERTIES"], Clause::Properties),
    ];
    let mut clauses = clauses.into_iter();
    clauses.find_map(|(words, clause)| cursor.take_words(words).then_some(clause))
}

fn words(clause: Clause) -> &'static str {
    match clause {
        Clause::Comment => "COMMENT",
        Clause::PartitionedBy => "PARTITIONED BY",
        Clause::ClusteredBy => "CLUSTERED BY",
        Clause::RowFormat => "ROW FORMAT",
        Clause::SerdeProperties => "WITH SERDEPROPERTIES",
        Clause::StoredAs => "STORED AS",
        Clause::Location => "LOCATION",
        Clause::Properties => "TBLPROPERTIES",
    }
}

fn read_clause(
    cursor: &mut TokenCursor,
    clause: Clause,
    line: u64,
    clauses: &mut Clauses,
) -> Result<(), LineProblem> {
    match clause {
        Clause::Comment => drop(cursor.text("the comment")?),
        Clause::PartitionedBy => {
            clauses.partition_columns = columns(cursor, "PARTITIONED BY")?;
        }
        Clause::ClusteredBy => {
            let problem = "CLUSTERED BY is not read here; remove it, a query needs it for nothing";
            return Err(LineProblem::new(line, problem));
        }
        Clause::RowFormat => {
            clauses.lines.format = line;
            if cursor.take_words(&["SERDE"]) {
                clauses.serde = Some(cursor.text("the class of the SerDe")?);
            } else {
                cursor.expect_words(&["DELIMITED"])?;
                clauses.serde = Some(LAZY_SERDE.to_owned());
                clauses.serde_properties = delimiters(cursor)?;
            }
        }
        Clause::SerdeProperties => {
            if clauses.serde.is_none() {
                let problem = "WITH SERDEPROPERTIES needs ROW FORMAT SERDE '…' before it";
                return Err(LineProblem::new(line, problem));
            }
            clauses.serde_properties.extend(properties(cursor)?);
        }
        Clause::StoredAs => {
            if clauses.lines.format == 0 {
                clauses.lines.format = line;
            }
            clauses.formats = Some(formats(cursor)?);
        }
        Clause::Location => {
            clauses.lines.location = line;
            clauses.location = Some(cursor.text("the location")?);
        }
        Clause::Properties => {
            clauses.lines.properties = line;
            clauses.properties = properties(cursor)?;
        }
    }
    Ok(())
}

/// What follows `ROW FORMAT DELIMITED`, as the properties of the SerDe that it means.
fn delimiters(cursor: &mut TokenCursor) -> Result<BTreeMap<String, String>, LineProblem> {
    let mut properties = BTreeMap::new();
    if cursor.take_words(&["FIELDS", "TERMINATED", "BY"]) {
        properties.insert("field.delim".to_owned(), cursor.text("the delimiter")?);
        if cursor.take_words(&["ESCAPED", "BY"]) {
            properties.insert("escape.delim".to_owned(), cursor.text("the escape sign")?);
        }
    }
    if cursor.take_words(&["LINES", "TERMINATED", "BY"]) {
        let line = cursor.line();
        if cursor.text("the end of lines")? != "\n" {
            return Err(LineProblem::new(
                line,
                r"lines end with '\n' alone; write that",
            ));
        }
    }
    if cursor.take_words(&["NULL", "DEFINED", "AS"]) {
        let text = cursor.text("the text of NULL")?;
        properties.insert("serialization.null.format".to_owned(), text);
    }
    Ok(properties)
}

fn formats(cursor: &mut TokenCursor) -> Result<Formats, LineProblem> {
    if cursor.take_words(&["INPUTFORMAT"]) {
        let input = cursor.text("the class of the input format")?;
        cursor.expect_words(&["OUTPUTFORMAT"])?;
        let output = cursor.text("the class of the output format")?;
        return Ok(Formats {
            input,
            output,
            serde: LAZY_SERDE,
        });
    }
    if cursor.take_words(&["PARQUET"]) {
        return Ok(Formats {
            input: PARQUET_INPUT.to_owned(),
            output: PARQUET_OUTPUT.to_owned(),
            serde: PARQUET_SERDE,
        });
    }
    if cursor.take_words(&["TEXTFILE"]) {
        return Ok(text_formats(LAZY_SERDE));
    }
    Err(cursor.problem(format!(
        "STORED AS {} is not read here; write PARQUET, TEXTFILE, or INPUTFORMAT '…' OUTPUTFORMAT '…'",
        cursor.shown()
    )))
}

fn text_formats(serde: &'static str) -> Formats {
    Formats {
        input: TEXT_INPUT.to_owned(),
        output: TEXT_OUTPUT.to_owned(),
        serde,
    }
}

fn properties(cursor: &mut TokenCursor) -> Result<BTreeMap<String, String>, LineProblem> {
    cursor.expect(&Token::LParen, "before the properties")?;
    let mut properties = BTreeMap::new();
    loop {
        if cursor.is_next(&Token::RParen) {
            let problem = if properties.is_empty() {
                "the list of properties is empty; remove the clause"
            } else {
                "a comma stands before the ')' of the properties; remove it"
            };
            return Err(LineProblem::new(cursor.line_before(), problem));
        }
        let key = cursor.text("the name of a property")?;
        cursor.expect(&Token::Eq, &format!("after the property {key}"))?;
        let value = cursor.text(&format!("the value of {key}"))?;
        if properties.insert(key.clone(), value).is_some() {
            let problem = format!("the property {key} stands twice; remove one");
            return Err(LineProblem::new(cursor.line_before(), problem));
        }
        if cursor.take(&Token::RParen) {
            return Ok(properties);
        }
        cursor.expect(
            &Token::Comma,
            "between two properties, or ')' after the last",
        )?;
    }
}

/// Words that Athena's DDL takes as names in backticks alone ("Reserved keywords" in its user
/// guide), as far as a column may have such a name.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 71] = [
        "all",
        "alter",
        "and",
        "array",
        "as",
        "between",
        "bigint",
        "binary",
        "boolean",
        "both",
        "by",
        "case",
        "cast",
        "char",
        "column",
        "commit",
        "constraint",
        "create",
        "cross",
        "cube",
        "current",
        "current_date",
        "current_timestamp",
        "database",
        "date",
        "decimal",
        "delete",
        "describe",
        "distinct",
        "double",
        "drop",
        "else",
        "end",
        "exists",
        "external",
        "extract",
        "false",
        "float",
        "for",
        "from",
        "full",
        "function",
        "grant",
        "group",
        "having",
        "if",
        "in",
        "insert",
        "int",
        "interval",
        "into",
        "is",
        "join",
        "left",
        "like",
        "map",
        "not",
        "null",
        "of",
        "on",
        "or",
        "order",
        "range",
        "row",
        "rows",
        "select",
        "start",
        "table",
        "time",
        "timestamp",
        "values",
    ];
    RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::statements::statements;

    fn read(text: &str) -> Result<CreateTable, LineProblem> {
        create_table(statements(text)[0])
    }

    const ENDS: &str = "\nROW FORMAT SERDE 's'\nLOCATION 's3://b/p/'";

    #[test]
    fn all_clauses_are_read() {
        let read = read(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `Db`.`T` (\n  `date` string COMMENT 'the day', -- of trade\n  price decimal(18, 6)\n)\nCOMMENT 'x'\nPARTITIONED BY (dt string)\nROW FORMAT SERDE 'serde'\nWITH SERDEPROPERTIES ('a' = '\\u0001', \"b\"='c')\nSTORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out'\nLOCATION 's3://b/p/'\nTBLPROPERTIES ('k' = 'v');",
        )
        .unwrap();
        let column = |name: &str, hive_type: &str| Column {
            name: name.to_owned(),
            hive_type: hive_type.to_owned(),
        };
        let table = read.table;
        assert_eq!((table.database.as_str(), table.name.as_str()), ("db", "t"));
        assert_eq!(
            table.columns,
            [column("date", "string"), column("price", "decimal(18,6)")]
        );
        assert_eq!(table.partition_columns, [column("dt", "string")]);
        assert_eq!(table.serde_properties["a"], "\u{1}");
        assert_eq!(table.serde_properties["b"], "c");
        assert_eq!(
            (table.input_format.as_str(), table.output_format.as_str()),
            ("in", "out")
        );
        assert_eq!(table.location, "s3://b/p/");
        assert_eq!(table.properties["k"], "v");
        let lines = ClauseLines {
            name: 1,
            format: 7,
            location: 10,
            properties: 11,
        };
        assert_eq!(read.lines, lines);
    }

    #[test]
    fn short_forms_name_the_same_classes() {
        let parquet =
            read("CREATE EXTERNAL TABLE d.t (a int) STORED AS PARQUET LOCATION 's3://b/p/'");
        let parquet = parquet.unwrap().table;
        assert_eq!(
            (parquet.serde.as_str(), parquet.input_format.as_str()),
            (PARQUET_SERDE, PARQUET_INPUT)
        );
        let lines = read(
            "CREATE EXTERNAL TABLE t (a string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LOCATION 's3://b/p/'",
        );
        let lines = lines.unwrap().table;
        assert_eq!(
            (lines.database.as_str(), lines.serde.as_str()),
            ("default", LAZY_SERDE)
        );
        assert_eq!(lines.serde_properties["field.delim"], "\t");
        assert_eq!(lines.input_format, TEXT_INPUT);
    }

    #[test]
    fn faults_of_the_grammar_have_a_line_and_a_fix() {
        for (text, line, named) in [
            (
                format!("CREATE EXTERNAL TABLE t (\n  a string,\n  b string,\n){ENDS}"),
                3,
                "remove it",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (\n  a,\n  b string\n){ENDS}"),
                2,
                "column a has no type",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (\n  a string\n  b string\n){ENDS}"),
                3,
                "instead of ','",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (a string,\na int){ENDS}"),
                2,
                "twice",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (date string){ENDS}"),
                1,
                "`date`",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (`adj close` string){ENDS}"),
                1,
                "'adj close'",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (a array<int>){ENDS}"),
                1,
                "array<…>",
            ),
            (format!("CREATE EXTERNAL TABLE t (){ENDS}"), 1, "no columns"),
            (
                format!("CREATE EXTERNAL TABLE t (a string){ENDS}\nSTORED AS PARQUET"),
                4,
                "STORED AS stands after LOCATION",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (a string){ENDS}\nLOCATION 'x'"),
                4,
                "twice",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (a string){ENDS}\nTBLPROPERTIES ('a'='b',)"),
                4,
                "remove it",
            ),
            (
                format!(
                    "CREATE EXTERNAL TABLE t (a string){ENDS}\nTBLPROPERTIES ('a'='b',\n'a'='c')"
                ),
                5,
                "twice",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (a string){ENDS}\nTBLPROPERTIES ('a' 'b')"),
                4,
                "instead of '='",
            ),
            (
                format!("CREATE EXTERNAL TABLE t (a string){ENDS}\nPARTITION BY (dt)"),
                4,
                "begins no clause",
            ),
            (
                "CREATE EXTERNAL TABLE t (a string)\nSTORED AS ORC LOCATION 'x'".to_owned(),
                2,
                "'ORC'",
            ),
            (
                "CREATE EXTERNAL TABLE t (a string)\nSTORED AS PARQUET".to_owned(),
                2,
                "no LOCATION",
            ),
            (
                "CREATE EXTERNAL TABLE t (a string)\nLOCATION 's3://b".to_owned(),
                2,
                "end it",
            ),
        ] {
            let problem = read(&text).unwrap_err();
            assert_eq!(problem.line, line, "{text}: {}", problem.problem);
            assert!(
                problem.problem.contains(named),
                "{text}: {}",
                problem.problem
            );
        }
    }
}
