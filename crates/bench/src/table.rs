//! The printed tables, and the machine they were measured on.
//!
//! They are Markdown, to be pasted as they are.

/// A table under a heading: the first column names the sides.
#[derive(Clone, Debug)]
pub struct MarkdownTable(String);

impl MarkdownTable {
    /// `columns` are the names of all columns but the first.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        Self(format!(
            "\n### {title}\n\n| | {} |\n|---|{}\n",
            columns.join(" | "),
            "---|".repeat(columns.len())
        ))
    }

    /// Adds the cells of one side, as many as there are columns.
    pub fn row<const COLUMNS: usize>(&mut self, side: &str, cells: [String; COLUMNS]) {
        self.0
            .push_str(&format!("| {side} | {} |\n", cells.join(" | ")));
    }

    /// Prints the table to stdout.
    pub fn print(&self) {
        print!("{}", self.0);
    }
}

/// The processor of this machine and its number of cores.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    format!("{model}, {cores} cores")
}

/// How a verdict about a target begins.
pub fn verdict(is_reached: bool) -> &'static str {
    if is_reached {
        "Target reached"
    } else {
        "Target missed"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown() {
        let mut table = MarkdownTable::new("5 rows", &["records/s", "ratio"]);
        table.row("bare", ["1".to_owned(), String::new()]);
        assert_eq!(
            table.0,
            "\n### 5 rows\n\n| | records/s | ratio |\n|---|---|---|\n| bare | 1 |  |\n"
        );
    }
}
