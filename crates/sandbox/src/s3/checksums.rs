//! Compares what a client said about a body with the body.
//!
//! It does not compute what nobody sent, and leaves the signature's own hash of the body to the
//! framework.
//!
//! Invariant: a body passes only if each checksum that came with it, in a header or in the trailer,
//! is its own.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::HeaderMap;
use s3s::{
    S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    dto::{Checksum, ChecksumType, PutObjectInput},
    s3_error,
};

/// The checksums that came with a PUT, from its headers and its trailer.
pub(super) fn sent(input: &PutObjectInput, trailer: Option<&HeaderMap>) -> Checksum {
    let either = |header: &Option<String>, name: &str| {
        let in_trailer = || trailer?.get(name)?.to_str().ok().map(str::to_owned);
        header.clone().or_else(in_trailer)
    };
    Checksum {
        checksum_crc32: either(&input.checksum_crc32, "x-amz-checksum-crc32"),
        checksum_crc32c: either(&input.checksum_crc32c, "x-amz-checksum-crc32c"),
        checksum_crc64nvme: either(&input.checksum_crc64nvme, "x-amz-checksum-crc64nvme"),
        checksum_sha1: either(&input.checksum_sha1, "x-amz-checksum-sha1"),
        checksum_sha256: either(&input.checksum_sha256, "x-amz-checksum-sha256"),
        checksum_type: Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
    }
}

/// Fails unless each of the checksums is the body's.
pub(super) fn verify(body: &[u8], sent: &Checksum) -> S3Result<()> {
    let mut hasher = ChecksumHasher {
        crc32: sent.checksum_crc32.is_some().then(Crc32::new),
        crc32c: sent.checksum_crc32c.is_some().then(Crc32c::new),
        sha1: sent.checksum_sha1.is_some().then(Sha1::new),
        sha256: sent.checksum_sha256.is_some().then(Sha256::new),
        crc64nvme: sent.checksum_crc64nvme.is_some().then(Crc64Nvme::new),
    };
    hasher.update(body);
    let mut computed = hasher.finalize();
    computed.checksum_type.clone_from(&sent.checksum_type);
    if computed != *sent {
        return Err(s3_error!(
            BadDigest,
            "a checksum that was sent is not the body's"
        ));
    }
    Ok(())
}

/// Fails unless the `Content-MD5` header, if any, is the body's.
pub(super) fn verify_md5(body: &[u8], header: Option<&str>) -> S3Result<()> {
    let Some(header) = header else {
        return Ok(());
    };
    match STANDARD.decode(header) {
        Ok(digest) if digest.len() == 16 => {
            if digest != Md5::checksum(body).as_ref() {
                return Err(s3_error!(
                    BadDigest,
                    "the content-md5 that was sent is not the body's"
                ));
            }
            Ok(())
        }
        _ => Err(s3_error!(
            InvalidDigest,
            "the content-md5 that was sent is no MD5 in base64"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_checksums_pass_and_one_wrong_one_fails() {
        let mut checksums = Checksum {
            checksum_crc32: Some("NhCmhg==".to_owned()),
            ..Checksum::default()
        };
        assert!(verify(b"hello", &checksums).is_ok());
        checksums.checksum_sha256 = Some("NhCmhg==".to_owned());
        assert_eq!(
            verify(b"hello", &checksums).unwrap_err().code().as_str(),
            "BadDigest"
        );
    }

    #[test]
    fn a_content_md5_is_compared_and_nonsense_is_called_so() {
        assert!(verify_md5(b"hello", None).is_ok());
        assert!(verify_md5(b"hello", Some("XUFAKrxLKna5cZ2REBfFkg==")).is_ok());
        assert_eq!(
            verify_md5(b"hullo", Some("XUFAKrxLKna5cZ2REBfFkg=="))
                .unwrap_err()
                .code()
                .as_str(),
            "BadDigest"
        );
        assert_eq!(
            verify_md5(b"hello", Some("XUFAKg=="))
                .unwrap_err()
                .code()
                .as_str(),
            "InvalidDigest"
        );
    }
}
