//! Finds where one record ends and what its fields are, fed piece by piece.
//!
//! The rules are those of RFC 4180: a quote counts at the start of a field only, and a doubled
//! quote inside a quoted field is one quote. Unlike the csv crate's core it says when a text goes
//! on behind its closing quote, and knows where a quote was opened: a stray quote must neither
//! change a text nor swallow rows. Does not keep the input. Invariant: a record without such a
//! mistake has the fields that the csv crate finds.

/// How far a piece has brought the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// All of it is read, and the record goes on.
    More,
    /// The record ends before this place of the piece.
    Record(usize),
    /// The byte at this place stands between a closing quote and the next delimiter.
    TextAfterQuote(usize),
}

/// The state between two pieces of one record.
#[derive(Debug)]
pub(super) struct RecordCutter {
    delimiter: u8,
    /// The byte that takes a quote's meaning away inside a quoted field, if there is one.
    escape: Option<u8>,
    place: Place,
    /// The fields, unquoted, one after the other.
    fields: Vec<u8>,
    /// Where in `fields` each of them ends.
    ends: Vec<usize>,
    /// Where in the record the quote of the last quoted field is.
    quote: usize,
    /// The quote of the first field that spans lines.
    spanning: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// Behind the escape byte.
    Escaped,
    /// Behind a quote that closes the field, unless another one follows.
    AfterQuote,
    /// Behind a closing quote and a blank, which belongs to the field.
    Closed,
}

impl RecordCutter {
    pub(super) fn new(delimiter: u8, escape: Option<u8>) -> Self {
        Self {
            delimiter,
            escape,
            place: Place::FieldStart,
            fields: Vec::new(),
            ends: Vec::new(),
            quote: 0,
            spanning: None,
        }
    }

    /// Begins the next record.
    pub(super) fn reset(&mut self) {
        self.place = Place::FieldStart;
        self.fields.clear();
        self.ends.clear();
        self.spanning = None;
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(super) fn fields(&self) -> &[u8] {
        &self.fields
    }

    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Where in the record the quote of the first field is that spans lines.
    pub(super) fn spanning(&self) -> Option<usize> {
        self.spanning
    }

    /// Where in the record the quote of the last quoted field is.
    pub(super) fn last_quote(&self) -> usize {
        self.quote
    }

    /// Where in the record a quote is open, if one is.
    pub(super) fn open_quote(&self) -> Option<usize> {
        matches!(self.place, Place::Quoted | Place::Escaped).then_some(self.quote)
    }

    /// Reads on in the record, whose bytes before `piece` are `before` many.
    pub(super) fn cut(&mut self, piece: &[u8], before: usize) -> Cut {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            match self.place {
                Place::FieldStart if byte == b'"' => {
                    (self.place, self.quote) = (Place::Quoted, before + at);
                    at += 1;
                }
                Place::FieldStart => self.place = Place::Plain,
                Place::Plain => {
                    let delimiter = self.delimiter;
                    let ends = |byte: u8| byte == delimiter || byte == b'\n' || byte == b'\r';
                    at += self.take(&piece[at..], ends);
                    match piece.get(at) {
                        None => return Cut::More,
                        Some(&byte) if self.end_field(byte) => return Cut::Record(at),
                        Some(_) => at += 1,
                    }
                }
                Place::Quoted => {
                    let escape = self.escape;
                    let copied =
                        self.take(&piece[at..], |byte| byte == b'"' || Some(byte) == escape);
                    let text = &piece[at..at + copied];
                    if self.spanning.is_none() && text.iter().any(|&byte| is_line_end(byte)) {
                        self.spanning = Some(self.quote);
                    }
                    at += copied;
                    match piece.get(at) {
                        None => return Cut::More,
                        Some(b'"') => self.place = Place::AfterQuote,
                        Some(_) => self.place = Place::Escaped,
                    }
                    at += 1;
                }
                Place::Escaped => {
                    self.place = Place::Quoted;
                    if byte == b'"' || Some(byte) == self.escape {
                        self.fields.push(byte);
                        at += 1;
                    } else {
                        self.fields.extend(self.escape);
                    }
                }
                Place::AfterQuote if byte == b'"' => {
                    self.place = Place::Quoted;
                    self.fields.push(byte);
                    at += 1;
                }
                Place::AfterQuote | Place::Closed
                    if byte == self.delimiter || is_line_end(byte) =>
                {
                    if self.end_field(byte) {
                        return Cut::Record(at);
                    }
                    at += 1;
                }
                Place::AfterQuote | Place::Closed if matches!(byte, b' ' | b'\t') => {
                    self.place = Place::Closed;
                    self.fields.push(byte);
                    at += 1;
                }
                Place::AfterQuote | Place::Closed => return Cut::TextAfterQuote(at),
            }
        }
        Cut::More
    }

    /// Ends the record where the input ends; returns false if a quote is open there.
    pub(super) fn finish(&mut self) -> bool {
        if self.open_quote().is_some() {
            return false;
        }
        self.ends.push(self.fields.len());
        true
    }

    /// Copies what is before the first byte that ends it; returns how much that is.
    fn take(&mut self, piece: &[u8], is_end: impl Fn(u8) -> bool) -> usize {
        let length = piece
            .iter()
            .position(|&byte| is_end(byte))
            .unwrap_or(piece.len());
        self.fields.extend_from_slice(&piece[..length]);
        length
    }

    /// Ends the field; returns whether this byte ends the record, too.
    fn end_field(&mut self, by: u8) -> bool {
        self.ends.push(self.fields.len());
        self.place = Place::FieldStart;
        by != self.delimiter
    }
}

/// A line ends with `\n`, `\r\n` or `\r`.
pub(super) fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
