//! What a query costs on AWS, in one line: counts in, words out.

use crate::prices::PriceList;

/// What a query read, as Athena counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryRead {
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes as they are stored.
    pub bytes: u64,
    /// LIST requests here. Athena makes more: one at least for each projected partition that the
    /// filters leave, the empty ones too.
    pub lists: u64,
}

impl QueryRead {
    /// One line: what Athena would have scanned and requested, what that costs, and the least time
    /// that S3 takes for it where that is more than a second.
    #[expect(clippy::cast_precision_loss, reason = "prices and seconds in words")]
    #[must_use]
    pub fn in_words(self, prices: &PriceList) -> String {
        let (objects, lists) = (self.objects as f64, self.lists as f64);
        let seconds = prices.get_seconds(objects);
        let time = if seconds > 1.0 {
            format!(", at least {seconds:.0} s")
        } else {
            String::new()
        };
        format!(
            "Athena would scan {} in {} objects (${:.5}), with {} GET and at least {} LIST requests (${:.5}){time}",
            bytes_in_words(self.bytes),
            self.objects,
            prices.scan(self.bytes as f64),
            self.objects,
            self.lists,
            prices.gets(objects) + prices.lists(lists),
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size in words")]
fn bytes_in_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_csv_as_single_objects_costs_what_the_page_says() {
        let read = QueryRead {
            objects: 104_224,
            bytes: 21_400_000,
            lists: 105,
        };
        assert_eq!(
            read.in_words(&PriceList::us_east_1()),
            "Athena would scan 21.4 MB in 104224 objects ($0.00011), with 104224 GET and at least 105 \
             LIST requests ($0.04221), at least 19 s"
        );
    }

    #[test]
    fn a_small_query_pays_for_ten_megabytes() {
        let read = QueryRead {
            objects: 1,
            bytes: 100,
            lists: 1,
        };
        let words = read.in_words(&PriceList::us_east_1());
        assert!(
            words.contains("scan 100 B in 1 objects ($0.00005)"),
            "{words}"
        );
    }
}
