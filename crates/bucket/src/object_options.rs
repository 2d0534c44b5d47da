//! How S3 is to keep what we write: encryption, storage class, tags, and the checksum that goes
//! with a body.
//!
//! None of it is a part of an object's content or identity: it may change from run to run, and
//! nothing compares it.

use std::fmt::Write;

use anyhow::{Result, bail, ensure};
use aws_sdk_s3::{
    operation::put_object::builders::PutObjectFluentBuilder,
    types::{ServerSideEncryption, StorageClass},
};
use aws_smithy_checksums::ChecksumAlgorithm;
use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};

/// Where everything lies that is not data.
const CONTROL: &str = "_control/";

/// Storage classes from which S3 serves an object at once.
const STORAGE_CLASSES: [&str; 6] = [
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "REDUCED_REDUNDANCY",
];

/// S3's limits.
const MOST_TAGS: usize = 10;
const LONGEST_TAG_KEY: usize = 128;
const LONGEST_TAG_VALUE: usize = 256;

/// What flags say, unchecked.
#[derive(Clone, Debug, Default)]
pub struct ObjectFlags {
    /// `--sse`
    pub sse: Option<String>,
    /// `--sse-kms-key-id`
    pub sse_kms_key_id: Option<String>,
    /// `--storage-class`
    pub storage_class: Option<String>,
    /// `--object-tags`
    pub object_tags: Option<String>,
    /// `--checksum`
    pub checksum: Option<String>,
}

/// How S3 is to keep what we write; checked. The default asks for nothing: the bucket's own
/// settings hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectOptions {
    encryption: Option<ServerSideEncryption>,
    kms_key: Option<String>,
    storage_class: Option<StorageClass>,
    /// In the form of a query.
    tags: Option<String>,
    checksum: Option<SentChecksum>,
}

/// A checksum that goes with a body, in a header, so that the store refuses a body that was damaged
/// on its way. (The SDK would send it behind the body, which other stores than S3 do not read.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SentChecksum {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha256,
    /// The one that every store knows.
    Md5,
}

impl ObjectOptions {
    /// The names that `--sse` takes.
    pub const ENCRYPTIONS: [&str; 3] = ["AES256", "aws:kms", "aws:kms:dsse"];
    /// The names that `--checksum` takes.
    pub const CHECKSUMS: [&str; 6] = ["none", "crc32", "crc32c", "crc64nvme", "sha256", "md5"];

    /// Checks the flags.
    ///
    /// # Errors
    /// A sentence that names the flag and the fix.
    pub fn new(flags: &ObjectFlags) -> Result<Self> {
        let sse = flags.sse.as_deref();
        if let Some(sse) = sse {
            ensure!(
                Self::ENCRYPTIONS.contains(&sse),
                "--sse {sse:?} is none of {}",
                Self::ENCRYPTIONS.join(", ")
            );
        }
        if flags.sse_kms_key_id.is_some() && !sse.is_some_and(|sse| sse.starts_with("aws:kms")) {
            bail!("--sse-kms-key-id needs --sse aws:kms");
        }
        if let Some(class) = flags.storage_class.as_deref()
            && !STORAGE_CLASSES.contains(&class)
        {
            bail!(
                "--storage-class {class:?} is none from which an object can be read at once ({}): Athena leaves others out, and verify could not read them",
                STORAGE_CLASSES.join(", ")
            );
        }
        Ok(Self {
            encryption: sse.map(ServerSideEncryption::from),
            kms_key: flags.sse_kms_key_id.clone(),
            storage_class: flags.storage_class.as_deref().map(StorageClass::from),
            tags: flags.object_tags.as_deref().map(tags).transpose()?,
            checksum: flags
                .checksum
                .as_deref()
                .map(checksum)
                .transpose()?
                .flatten(),
        })
    }

    /// Adds to a PUT of this body what S3 is told. Storage class and tags are for data: a rule of
    /// the bucket that removes tagged objects must not take a zone's control objects, which must
    /// stay and are small.
    pub(crate) fn apply(
        &self,
        request: PutObjectFluentBuilder,
        key: &str,
        body: &[u8],
    ) -> PutObjectFluentBuilder {
        let is_data = !key.starts_with(CONTROL);
        let storage_class = self.storage_class.clone().filter(|_| is_data);
        let tags = self.tags.clone().filter(|_| is_data);
        // Without a bucket key each PUT is a request to KMS, too, which costs. (The doubled
        // encryption has none.)
        let bucket_key = (self.encryption == Some(ServerSideEncryption::AwsKms)).then_some(true);
        let request = request
            .set_server_side_encryption(self.encryption.clone())
            .set_ssekms_key_id(self.kms_key.clone())
            .set_bucket_key_enabled(bucket_key)
            .set_storage_class(storage_class)
            .set_tagging(tags);
        match self.checksum {
            None => request,
            Some(SentChecksum::Md5) => {
                request.content_md5(BASE64_STANDARD.encode(Md5::digest(body)))
            }
            Some(SentChecksum::Crc32) => {
                request.checksum_crc32(encoded(ChecksumAlgorithm::Crc32, body))
            }
            Some(SentChecksum::Crc32c) => {
                request.checksum_crc32_c(encoded(ChecksumAlgorithm::Crc32c, body))
            }
            Some(SentChecksum::Crc64Nvme) => {
                request.checksum_crc64_nvme(encoded(ChecksumAlgorithm::Crc64Nvme, body))
            }
            Some(SentChecksum::Sha256) => {
                request.checksum_sha256(encoded(ChecksumAlgorithm::Sha256, body))
            }
        }
    }
}

fn encoded(algorithm: ChecksumAlgorithm, body: &[u8]) -> String {
    let mut sum = algorithm.into_impl();
    sum.update(body);
    BASE64_STANDARD.encode(sum.finalize())
}

fn checksum(name: &str) -> Result<Option<SentChecksum>> {
    Ok(Some(match name {
        "none" => return Ok(None),
        "crc32" => SentChecksum::Crc32,
        "crc32c" => SentChecksum::Crc32c,
        "crc64nvme" => SentChecksum::Crc64Nvme,
        "sha256" => SentChecksum::Sha256,
        "md5" => SentChecksum::Md5,
        _ => bail!(
            "--checksum {name:?} is none of {}",
            ObjectOptions::CHECKSUMS.join(", ")
        ),
    }))
}

/// `k=v&…` as S3 wants it in a header, checked against its limits.
fn tags(text: &str) -> Result<String> {
    let mut query = String::new();
    let mut keys: Vec<&str> = Vec::new();
    for pair in text.split('&') {
        let Some((key, value)) = pair.split_once('=') else {
            bail!("--object-tags: {pair:?} is not KEY=VALUE; write KEY=VALUE&KEY=VALUE")
        };
        // What S3 takes in a tag; `&` and the first `=` are ours.
        let fits = |sign: char| sign.is_alphanumeric() || " +-=._:/@".contains(sign);
        ensure!(
            !key.is_empty() && key.chars().count() <= LONGEST_TAG_KEY,
            "--object-tags: the key {key:?} must have 1 to {LONGEST_TAG_KEY} characters"
        );
        ensure!(
            value.chars().count() <= LONGEST_TAG_VALUE,
            "--object-tags: the value of {key:?} has more than {LONGEST_TAG_VALUE} characters"
        );
        ensure!(
            key.chars().all(fits) && value.chars().all(fits),
            "--object-tags: {pair:?}: S3 takes letters, digits, blanks and + - = . _ : / @ in a tag"
        );
        ensure!(
            !keys.contains(&key),
            "--object-tags: {key:?} is given twice"
        );
        keys.push(key);
        let separator = if query.is_empty() { "" } else { "&" };
        write!(query, "{separator}{}={}", in_query(key), in_query(value))?;
    }
    ensure!(
        keys.len() <= MOST_TAGS,
        "--object-tags: S3 takes at most {MOST_TAGS} tags"
    );
    Ok(query)
}

fn in_query(text: &str) -> String {
    let mut query = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query.push_str(&format!("%{byte:02X}"));
        }
    }
    query
}

/// Makes sure that this is the number of an AWS account.
///
/// # Errors
/// A sentence when it is not.
pub fn check_owner(owner: Option<&str>) -> Result<()> {
    let is_account =
        |text: &str| text.len() == 12 && text.bytes().all(|sign| sign.is_ascii_digit());
    match owner {
        Some(owner) if !is_account(owner) => bail!(
            "--expected-bucket-owner {owner:?} is no AWS account: give its number of 12 digits"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(flags: ObjectFlags) -> String {
        ObjectOptions::new(&flags)
            .map(drop)
            .unwrap_err()
            .to_string()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn what_s3_would_refuse_is_refused_with_the_flag() {
        let none = ObjectFlags::default;
        for (flags, words) in [
            (
                ObjectFlags {
                    sse: some("kms"),
                    ..none()
                },
                "--sse \"kms\" is none of",
            ),
            (
                ObjectFlags {
                    sse_kms_key_id: some("k"),
                    ..none()
                },
                "needs --sse aws:kms",
            ),
            (
                ObjectFlags {
                    sse: some("AES256"),
                    sse_kms_key_id: some("k"),
                    ..none()
                },
                "needs --sse aws:kms",
            ),
            (
                ObjectFlags {
                    storage_class: some("GLACIER"),
                    ..none()
                },
                "read at once",
            ),
            (
                ObjectFlags {
                    object_tags: some("team"),
                    ..none()
                },
                "is not KEY=VALUE",
            ),
            (
                ObjectFlags {
                    object_tags: some("=x"),
                    ..none()
                },
                "1 to 128",
            ),
            (
                ObjectFlags {
                    object_tags: some("a=1&a=2"),
                    ..none()
                },
                "given twice",
            ),
            (
                ObjectFlags {
                    object_tags: some("a=<"),
                    ..none()
                },
                "S3 takes letters",
            ),
            (
                ObjectFlags {
                    checksum: some("crc"),
                    ..none()
                },
                "is none of none, crc32",
            ),
        ] {
            let refusal = refusal(flags);
            assert!(refusal.contains(words), "{refusal}");
        }
        let many: Vec<String> = (0..11).map(|n| format!("k{n}=v")).collect();
        let many = ObjectFlags {
            object_tags: Some(many.join("&")),
            ..none()
        };
        assert!(refusal(many).contains("at most 10"));
        assert!(check_owner(Some("12345678901")).is_err());
        assert!(check_owner(Some("123456789012")).is_ok() && check_owner(None).is_ok());
    }

    #[test]
    fn tags_are_written_as_a_query() {
        assert_eq!(
            tags("team=market data&stage=a=b/c").unwrap(),
            "team=market%20data&stage=a%3Db%2Fc"
        );
        assert_eq!(tags("empty=").unwrap(), "empty=");
    }

    #[test]
    fn without_flags_nothing_is_asked_for() {
        let options = ObjectOptions::new(&ObjectFlags::default()).unwrap();
        assert_eq!(options, ObjectOptions::default());
        let none = ObjectFlags {
            checksum: some("none"),
            ..ObjectFlags::default()
        };
        assert_eq!(ObjectOptions::new(&none).unwrap(), ObjectOptions::default());
    }
}
