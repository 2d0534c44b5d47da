//! Whether the checksum that comes back from a PUT is that of the body.
//!
//! S3 computes one even if none was sent. It is compared, so that a body that was damaged on its
//! way does not count as stored: the writer reads it back and compares it. A store that returns
//! none is taken at its word. The ETag is no checksum: it is an MD5 only without encryption.

use aws_sdk_s3::{operation::put_object::PutObjectOutput, types::ChecksumType};
use aws_smithy_checksums::ChecksumAlgorithm;
use base64::{Engine, prelude::BASE64_STANDARD};

/// Whether the store computed another checksum than that of `body`.
pub(crate) fn differs(output: &PutObjectOutput, body: &[u8]) -> bool {
    // That of a multipart upload is a checksum of checksums.
    if output.checksum_type() == Some(&ChecksumType::Composite) {
        return false;
    }
    let returned = [
        (output.checksum_crc64_nvme(), ChecksumAlgorithm::Crc64Nvme),
        (output.checksum_crc32(), ChecksumAlgorithm::Crc32),
        (output.checksum_crc32_c(), ChecksumAlgorithm::Crc32c),
        (output.checksum_sha1(), ChecksumAlgorithm::Sha1),
        (output.checksum_sha256(), ChecksumAlgorithm::Sha256),
    ];
    returned.into_iter().any(|(theirs, algorithm)| {
        theirs.is_some_and(|theirs| {
            let mut ours = algorithm.into_impl();
            ours.update(body);
            BASE64_STANDARD.encode(ours.finalize()) != theirs
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_that_comes_back_must_be_that_of_the_body() {
        let nothing = PutObjectOutput::builder;
        assert!(!differs(&nothing().build(), b"123456789"));
        // The check values of the two CRCs in the catalogue of parametrised CRC algorithms.
        let crc32 = nothing().checksum_crc32("y/Q5Jg==");
        let crc64 = nothing().checksum_crc64_nvme("rosUhgp5mIg=");
        for right in [crc32.build(), crc64.build()] {
            assert!(!differs(&right, b"123456789"), "{right:?}");
            assert!(differs(&right, b"123456788"), "{right:?}");
        }
    }
}
