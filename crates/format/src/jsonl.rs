//! JSON Lines: the record's own bytes on a line, followed by the metadata columns as further
//! members where they are wanted.
//!
//! Without metadata a line is byte for byte the record, unless that spans lines.

use landing::{
    Record,
    value::{Misfit, Reason, on_one_line},
};
use schema::{RowReader, TableSchema, metadata_field};

use crate::{metadata::Metadata, options::EncodingOptions};

/// Makes the lines of one encoding.
pub(crate) struct JsonLines {
    /// What each record must be a row of.
    columns: Option<RowReader>,
    metadata: bool,
    line: Vec<u8>,
}

impl JsonLines {
    pub(crate) fn new(columns: Option<&TableSchema>, options: &EncodingOptions) -> Self {
        Self {
            columns: columns.map(|columns| RowReader::new(columns, options.classifier)),
            metadata: options.metadata_columns,
            line: Vec::new(),
        }
    }

    /// The record's line with its line feed.
    pub(crate) fn line(&mut self, record: &Record<'_>) -> Result<&[u8], Misfit> {
        let value = record.value.ok_or(Reason::Tombstone)?;
        if let Some(columns) = &mut self.columns {
            columns.check(std::str::from_utf8(value).map_err(|_| Reason::NotAJsonObject)?)?;
        }
        self.line.clear();
        self.line.extend_from_slice(&on_one_line(value));
        if self.metadata {
            self.add_metadata(record)?;
        }
        self.line.push(b'\n');
        Ok(&self.line)
    }

    fn add_metadata(&mut self, record: &Record<'_>) -> Result<(), Misfit> {
        let text = std::str::from_utf8(&self.line).map_err(|_| Reason::NotAJsonObject)?;
        if let Some(name) = metadata_field(text) {
            return Err(Misfit {
                reason: Reason::KeysCollide,
                column: Some(name.to_owned()),
            });
        }
        let object = self.line.trim_ascii_end();
        let members = object.strip_suffix(b"}").ok_or(Reason::NotAJsonObject)?;
        let end = members.len();
        let is_empty = members.trim_ascii() == b"{";
        let metadata = Metadata::of(record)?;
        self.line.truncate(if is_empty { 0 } else { end });
        let start = self.line.len();
        serde_json::to_writer(&mut self.line, &metadata)
            .expect("strings and numbers always serialize");
        if !is_empty {
            // The brace that opens the metadata's object becomes the comma that continues the
            // record's.
            self.line[start] = b',';
        }
        Ok(())
    }
}
