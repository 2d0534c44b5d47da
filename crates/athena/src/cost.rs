//! What a query costs on AWS. Pure: counts in, words out.
//!
//! List prices of us-east-1, as `infra/README.md` has them: Athena $5.00 per TB of bytes as they
//! are stored and at least 10 MB a query; S3 $0.40 per million GETs and $5.00 per million LISTs.

/// What a query read, as Athena counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    /// Objects that were read.
    pub(crate) objects: u64,
    /// Their bytes as they are stored.
    pub(crate) bytes: u64,
    /// LIST requests here. Athena makes more: one at least for each projected partition that the
    /// filters leave, the empty ones too.
    pub(crate) lists: u64,
}

const TERABYTE: f64 = 1e12;
const DOLLARS_PER_TERABYTE: f64 = 5.0;
const LEAST_BYTES: u64 = 10_000_000;
const DOLLARS_PER_GET: f64 = 0.40 / 1e6;
const DOLLARS_PER_LIST: f64 = 5.0 / 1e6;
/// What S3 answers within a prefix, in GETs a second.
const GETS_PER_SECOND: f64 = 5_500.0;

impl Read {
    /// Dollars for the scan.
    #[expect(clippy::cast_precision_loss, reason = "a price in words")]
    fn scan(self) -> f64 {
        self.bytes.max(LEAST_BYTES) as f64 / TERABYTE * DOLLARS_PER_TERABYTE
    }

    /// Dollars for the requests.
    #[expect(clippy::cast_precision_loss, reason = "a price in words")]
    fn requests(self) -> f64 {
        self.objects as f64 * DOLLARS_PER_GET + self.lists as f64 * DOLLARS_PER_LIST
    }

    /// One line: what Athena would have scanned and requested, what that costs, and the least time
    /// that S3 takes for it where that is more than a second.
    #[expect(clippy::cast_precision_loss, reason = "seconds in words")]
    pub(crate) fn in_words(self) -> String {
        let seconds = self.objects as f64 / GETS_PER_SECOND;
        let time = if seconds > 1.0 {
            format!(", at least {seconds:.0} s")
        } else {
            String::new()
        };
        format!(
            "Athena would scan {} in {} objects (${:.5}), with {} GET and at least {} LIST requests (${:.5}){time}",
            bytes_in_words(self.bytes),
            self.objects,
            self.scan(),
            self.objects,
            self.lists,
            self.requests(),
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
        let read = Read {
            objects: 104_224,
            bytes: 21_400_000,
            lists: 105,
        };
        assert_eq!(
            read.in_words(),
            "Athena would scan 21.4 MB in 104224 objects ($0.00011), with 104224 GET and at least 105 \
             LIST requests ($0.04221), at least 19 s"
        );
    }

    #[test]
    fn a_small_query_pays_for_ten_megabytes() {
        let read = Read {
            objects: 1,
            bytes: 100,
            lists: 1,
        };
        assert!((read.scan() - 0.00005).abs() < 1e-12);
    }
}
