//! Where the objects of a table are: a bucket, a prefix, and the folders of its partitions.
//!
//! The location template turns into a reader of keys: from a key to the values of the partition
//! columns.

/// `s3://bucket/prefix/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket's name.
    pub bucket: String,
    /// What all keys begin with: empty, or with `/` at its end.
    pub prefix: String,
}

impl S3Location {
    /// Reads a location; a `/` at its end may be missing.
    ///
    /// # Errors
    /// Why it is not one.
    pub fn read(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix("s3://") else {
            return Err(format!(
                "'{text}' is not a place in S3; write s3://BUCKET/PREFIX/"
            ));
        };
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        bucket::check_bucket_name(bucket).map_err(|error| error.to_string())?;
        if prefix.contains("//") || prefix.starts_with('/') {
            return Err(format!(
                "'{text}' has an empty folder; write one '/' at a time"
            ));
        }
        let end = if prefix.is_empty() || prefix.ends_with('/') {
            ""
        } else {
            "/"
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}{end}"),
        })
    }
}

/// How long the text of a placeholder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueWidth {
    /// So many bytes, which may hold a `/`.
    Bytes(usize),
    /// At least one byte, none of them a `/`.
    WithinFolder,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The value of the partition column with this number.
    Value(usize),
}

/// What the keys of a table's objects begin with, partition by partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationTemplate {
    parts: Vec<Part>,
    widths: Vec<ValueWidth>,
}

/// A key, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionedKey<'k> {
    /// The values of the partition columns, in the order of the definition.
    pub values: Vec<&'k str>,
    /// The key without the folder of its partition.
    pub name: &'k str,
}

impl LocationTemplate {
    /// The folders `column=value/` below the table's location.
    #[must_use]
    pub fn hive_style(prefix: &str, columns: &[&str]) -> Self {
        let mut parts = vec![Part::Text(prefix.to_owned())];
        for (number, column) in columns.iter().enumerate() {
            push_text(&mut parts, &format!("{column}="));
            parts.push(Part::Value(number));
            push_text(&mut parts, "/");
        }
        Self {
            parts,
            widths: vec![ValueWidth::WithinFolder; columns.len()],
        }
    }

    /// Reads `storage.location.template`, in which each column stands once as `${column}`.
    ///
    /// # Errors
    /// What it lacks, or where it disagrees with the table's location.
    pub fn read(
        template: &str,
        location: &S3Location,
        columns: &[&str],
        widths: Vec<ValueWidth>,
    ) -> Result<Self, String> {
        let root = format!("s3://{}/", location.bucket);
        let below = format!("{root}{}", location.prefix);
        if !template.starts_with(&below) {
            return Err(format!(
                "storage.location.template '{template}' does not begin with LOCATION; begin it with {below}"
            ));
        }
        if !template.ends_with('/') {
            return Err(format!(
                "storage.location.template '{template}' must end with '/'"
            ));
        }
        let mut parts = Vec::new();
        let mut rest = &template[root.len()..];
        while let Some(start) = rest.find("${") {
            push_text(&mut parts, &rest[..start]);
            let end = rest[start..].find('}').map(|end| start + end);
            let end = end.ok_or_else(|| {
                format!("a placeholder of storage.location.template '{template}' has no }}")
            })?;
            let name = &rest[start + 2..end];
            let number = columns
                .iter()
                .position(|column| *column == name)
                .ok_or_else(|| {
                    format!("${{{name}}} in storage.location.template is no partition column")
                })?;
            if parts.contains(&Part::Value(number)) {
                return Err(format!(
                    "${{{name}}} stands twice in storage.location.template"
                ));
            }
            if let Some(Part::Value(before)) = parts.last()
                && widths[*before] == ValueWidth::WithinFolder
            {
                return Err(format!(
                    "${{{name}}} follows another placeholder in storage.location.template; put a sign between them"
                ));
            }
            parts.push(Part::Value(number));
            rest = &rest[end + 1..];
        }
        push_text(&mut parts, rest);
        let missing = (0..columns.len()).find(|number| !parts.contains(&Part::Value(*number)));
        match missing {
            Some(number) => Err(format!(
                "storage.location.template '{template}' lacks ${{{}}}: every partition column needs its place",
                columns[number]
            )),
            None => Ok(Self { parts, widths }),
        }
    }

    /// The values of a key's partition; `None` when the key lies in no partition's folder.
    #[must_use]
    pub fn partition<'k>(&self, key: &'k str) -> Option<PartitionedKey<'k>> {
        let mut values = vec![""; self.widths.len()];
        let mut rest = key;
        for (at, part) in self.parts.iter().enumerate() {
            let number = match part {
                Part::Text(text) => {
                    rest = rest.strip_prefix(text.as_str())?;
                    continue;
                }
                Part::Value(number) => *number,
            };
            let end = match (self.widths[number], self.parts.get(at + 1)) {
                (ValueWidth::Bytes(bytes), _) => bytes,
                (ValueWidth::WithinFolder, Some(Part::Text(next))) => rest.find(next.as_str())?,
                (ValueWidth::WithinFolder, _) => rest.find('/')?,
            };
            let value = rest.get(..end)?;
            if self.widths[number] == ValueWidth::WithinFolder
                && (value.is_empty() || value.contains('/'))
            {
                return None;
            }
            values[number] = value;
            rest = &rest[end..];
        }
        Some(PartitionedKey { values, name: rest })
    }

    /// What the keys begin with before the first placeholder whose value is not known, and that
    /// placeholder's column. `known` returns the value of a column where there is only one.
    #[must_use]
    pub fn known_prefix(&self, known: impl Fn(usize) -> Option<String>) -> KnownPrefix {
        let mut prefix = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => prefix.push_str(text),
                Part::Value(number) => match known(*number) {
                    Some(value) => prefix.push_str(&value),
                    None => {
                        let next = Some(*number);
                        return KnownPrefix { prefix, next };
                    }
                },
            }
        }
        KnownPrefix { prefix, next: None }
    }
}

/// The beginning of keys that is the same for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPrefix {
    /// It.
    pub prefix: String,
    /// The column whose value comes next; `None` when all values are known.
    pub next: Option<usize>,
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location() -> S3Location {
        S3Location::read("s3://lake/stock-market/json").unwrap()
    }

    fn template(text: &str, widths: &[ValueWidth]) -> Result<LocationTemplate, String> {
        let columns = ["dt", "hour"];
        LocationTemplate::read(text, &location(), &columns[..widths.len()], widths.to_vec())
    }

    #[test]
    fn a_location_has_a_bucket_and_a_folder() {
        assert_eq!(location().prefix, "stock-market/json/");
        assert_eq!(S3Location::read("s3://lake").unwrap().prefix, "");
        for text in [
            "lake/json",
            "s3://",
            "s3://LAKE/x",
            "s3a://lake/x",
            "s3://lake//x",
        ] {
            assert!(S3Location::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_gives_the_values_of_its_partition() {
        let hive = LocationTemplate::hive_style("json/", &["dt", "hour"]);
        let key = hive
            .partition("json/dt=2026-11-20/hour=07/a/b.json")
            .unwrap();
        assert_eq!(
            (key.values, key.name),
            (vec!["2026-11-20", "07"], "a/b.json")
        );
        for key in [
            "json/dt=2026-11-20/x.json",
            "json/dt=/hour=1/x",
            "json/hour=1/dt=2/x",
            "other/dt=1/hour=2/x",
        ] {
            assert_eq!(hive.partition(key), None, "{key}");
        }
        let slashes = [ValueWidth::Bytes(10)];
        let slashes = template("s3://lake/stock-market/json/${dt}/", &slashes).unwrap();
        let key = slashes
            .partition("stock-market/json/2026/11/20/x.json")
            .unwrap();
        assert_eq!((key.values, key.name), (vec!["2026/11/20"], "x.json"));
        assert_eq!(slashes.partition("stock-market/json/2026/11"), None);
        let both = [ValueWidth::WithinFolder; 2];
        let both = template("s3://lake/stock-market/json/${hour}-${dt}/", &both).unwrap();
        let key = both.partition("stock-market/json/07-x/y").unwrap();
        assert_eq!((key.values, key.name), (vec!["x", "07"], "y"));
    }

    #[test]
    fn a_template_agrees_with_the_table() {
        let one = [ValueWidth::WithinFolder];
        let two = [ValueWidth::WithinFolder; 2];
        for (text, widths, named) in [
            (
                "s3://other/stock-market/json/dt=${dt}/",
                &one[..],
                "does not begin with LOCATION",
            ),
            (
                "s3://lake/stock-market/jsonl/dt=${dt}/",
                &one,
                "does not begin with LOCATION",
            ),
            ("s3://lake/stock-market/json/dt=${dt}", &one, "must end"),
            (
                "s3://lake/stock-market/json/dt=${dt}/",
                &two,
                "lacks ${hour}",
            ),
            ("s3://lake/stock-market/json/dt=${day}/", &one, "${day}"),
            ("s3://lake/stock-market/json/${dt}/${dt}/", &one, "twice"),
            ("s3://lake/stock-market/json/${dt/", &one, "no }"),
            (
                "s3://lake/stock-market/json/${dt}${hour}/",
                &two,
                "between them",
            ),
        ] {
            let refusal = template(text, widths).unwrap_err();
            assert!(refusal.contains(named), "{text}: {refusal}");
        }
    }

    #[test]
    fn known_values_lengthen_the_prefix() {
        let hive = LocationTemplate::hive_style("json/", &["dt", "hour"]);
        let prefix = |dt: Option<&str>, hour: Option<&str>| {
            hive.known_prefix(|number| [dt, hour][number].map(str::to_owned))
        };
        assert_eq!(prefix(None, Some("1")).prefix, "json/dt=");
        assert_eq!(prefix(Some("d"), None).prefix, "json/dt=d/hour=");
        assert_eq!(prefix(Some("d"), None).next, Some(1));
        assert_eq!(prefix(Some("d"), Some("1")).prefix, "json/dt=d/hour=1/");
    }
}
