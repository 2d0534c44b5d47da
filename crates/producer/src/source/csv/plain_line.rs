//! Finds the fields of a line without quotes, eight bytes at a time.
//!
//! Nearly every line of market data is one, and scanning it byte by byte was a third of the cost of
//! making it a record. Any other line, and one that is not complete yet, is left to
//! `record_cutter`. Invariant: what is found here is what the csv crate's core would find.

/// A complete line without quotes; the ends of its fields are where the caller wanted them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PlainLine {
    /// How many fields it has.
    pub(super) fields: usize,
    /// Bytes of the line and its line end.
    pub(super) consumed: usize,
}

/// Scans the line that `input` begins with, which must not be blank. `ends` receives the position
/// after each field, where a delimiter or the line end is. Returns `None` for a line with more
/// fields than `ends` has room for.
pub(super) fn plain_line(input: &[u8], delimiter: u8, ends: &mut [usize]) -> Option<PlainLine> {
    let mut fields = 0;
    let mut end_field = |at: usize| -> Option<()> {
        *ends.get_mut(fields)? = at;
        fields += 1;
        Some(())
    };
    // Up to seven bytes at the end are not scanned: a line that ends in them is treated as one that
    // is not complete.
    let (words, _) = input.as_chunks();
    for (word, first) in words.iter().zip((0..).step_by(8)) {
        let word = u64::from_le_bytes(*word);
        let stops = equal(word, b'\n') | equal(word, b'\r') | equal(word, b'"');
        let before_stop = stops.wrapping_sub(1) & !stops;
        let mut delimiters = equal(word, delimiter) & before_stop;
        while delimiters != 0 {
            end_field(first + place(delimiters))?;
            delimiters &= delimiters - 1;
        }
        if stops != 0 {
            let at = first + place(stops);
            end_field(at)?;
            let line_end = match &input[at..] {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                [b'\r', _, ..] => 1,
                // A quote, or a carriage return that a newline may follow.
                _ => return None,
            };
            return Some(PlainLine {
                fields,
                consumed: at + line_end,
            });
        }
    }
    None
}

/// The highest bit of each byte of `word` that is `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const LOW_BITS: u64 = u64::from_le_bytes([0x7f; 8]);
    let zero_where_equal = word ^ (EACH * u64::from(byte));
    // No carry leaves its byte: the sum of two 7-bit numbers has eight bits.
    !(((zero_where_equal & LOW_BITS) + LOW_BITS) | zero_where_equal | LOW_BITS)
}

/// The index of the byte that holds the lowest set bit.
fn place(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use csv_core::ReadRecordResult;
    use proptest::prelude::*;

    use super::*;

    fn found(input: &[u8]) -> Option<(PlainLine, Vec<usize>)> {
        let mut ends = [0; 8];
        let line = plain_line(input, b',', &mut ends)?;
        let ends = ends[..line.fields].to_vec();
        Some((line, ends))
    }

    #[test]
    fn fields_end_at_delimiters_and_at_the_line_end() {
        for (input, consumed) in [
            (b"HSI,,2001-02-03,1.5\nnext row".as_slice(), 20),
            (b"HSI,,2001-02-03,1.5\r\nnext row", 21),
            (b"HSI,,2001-02-03,1.5\rnext row", 20),
        ] {
            let (line, ends) = found(input).unwrap();
            assert_eq!((line.consumed, ends), (consumed, vec![3, 4, 15, 19]));
        }
    }

    #[test]
    fn other_lines_are_left_alone() {
        for input in [
            b"a,\"b\"\nnext row".as_slice(),
            b"a,b,c,d,e,f,g,h,i\nnext row",
            b"not whole, as far as we can see",
            b"a,b\r",
            b"",
        ] {
            assert_eq!(found(input), None, "{}", input.escape_ascii());
        }
    }

    #[test]
    fn each_byte_is_compared_by_itself() {
        for byte in 0..=u8::MAX {
            let word = [0, 1, byte, 0x7f, byte, 0x80, 0xff, b','];
            let expected = word.map(|other| if other == b',' { 0x80 } else { 0 });
            assert_eq!(
                equal(u64::from_le_bytes(word), b',').to_le_bytes(),
                expected
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_the_csv_crate_finds(text in "[a,;\u{ff}][a,;\"\r\u{ff}]{0,30}\r?\n[a,\n]{8}") {
            let (mut fields, mut ends) = ([0; 256], [0; 64]);
            if let Some((line, places)) = found(text.as_bytes()) {
                let mut core = csv_core::Reader::new();
                let (result, _, written, count) = core.read_record(text.as_bytes(), &mut fields, &mut ends);
                prop_assert_eq!(result, ReadRecordResult::Record);
                let starts = std::iter::once(0).chain(places.iter().map(|end| end + 1));
                let ours: Vec<u8> = starts.zip(&places).flat_map(|(start, &end)| text.as_bytes()[start..end].to_vec()).collect();
                prop_assert_eq!(ours.as_slice(), &fields[..written]);
                prop_assert_eq!(line.fields, count);
            }
        }
    }
}
