//! Reads the files for Athena as text. What the tables say is the business of the crate `ddl`,
//! which prints them.

/// The statement of a file without its `--` lines.
pub(crate) fn without_comments(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    lines.join("\n").trim().to_owned()
}
