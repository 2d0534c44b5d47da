//! The schemas that a landing zone keeps under `_control/{prefix}/schemas/`, each named by its
//! hash.

use anyhow::Result;
use landing::{layout::Prefix, record::ValueHash};
use schema::TableSchema;

use crate::{bucket::Bucket, explain};

/// Writes the columns under their hash, so that any process can finish a claim that names them.
///
/// # Errors
/// When S3 refuses or keeps failing, with advice (see [`explain::failure`]).
pub async fn keep_schema(bucket: &Bucket, prefix: &Prefix, schema: &TableSchema) -> Result<()> {
    let key = prefix.schema_key(&schema_hash(schema));
    let text = schema.canonical_text();
    match bucket.try_create(&key, text.into()).await {
        Ok(_) => Ok(()),
        Err(failure) => Err(explain::failure("write", bucket.name(), &failure)),
    }
}

/// The name of a schema: the SHA-256 of its canonical text, in hex.
#[must_use]
pub fn schema_hash(schema: &TableSchema) -> String {
    ValueHash::of(Some(schema.canonical_text().as_bytes())).to_hex()
}

/// Parses the body of the schema object with this hash.
///
/// # Errors
/// When it is no schema, or does not have this hash.
pub fn read_schema(body: &[u8], hash: &str) -> Result<TableSchema, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let schema = TableSchema::from_canonical_text(text).map_err(|error| error.to_string())?;
    if schema_hash(&schema) == hash {
        Ok(schema)
    } else {
        Err("its content does not have the hash in its name".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_object_is_read_only_under_its_own_name() {
        let schema = TableSchema::stock();
        let (text, hash) = (schema.canonical_text(), schema_hash(&schema));
        assert_eq!(read_schema(text.as_bytes(), &hash), Ok(schema));
        let other = "0".repeat(64);
        assert!(
            read_schema(text.as_bytes(), &other)
                .unwrap_err()
                .contains("hash")
        );
        assert!(read_schema(b"hello", &hash).is_err());
    }
}
