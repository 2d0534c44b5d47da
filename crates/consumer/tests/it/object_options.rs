//! What the store is asked to do with objects, end to end: it must not stand in the way of landing,
//! of a second run, or of `verify`. Which headers are sent is tested in `bucket`.

use crate::support::World;

#[test]
fn a_store_takes_each_checksum_and_verify_reads_what_was_landed() {
    let world = World::new();
    world.send_numbered(3);
    for checksum in ["none", "crc32", "crc32c", "crc64nvme", "sha256", "md5"] {
        let prefix = format!("checksums/{checksum}");
        let flags = ["--checksum", checksum, "--prefix", &prefix];
        let landed = world.land(&flags).ok();
        assert!(landed.stdout.contains("objects 3 "), "{}", landed.stdout);
        let keys = world.data_keys();
        let landed = keys.iter().filter(|key| key.starts_with(&prefix)).count();
        assert_eq!(landed, 3, "{checksum}");
    }
}

#[test]
fn tags_class_and_encryption_may_change_from_run_to_run() {
    let world = World::new();
    world.send_numbered(3);
    let tagged = ["--object-tags", "team=market data&stage=test"];
    let kept = ["--sse", "AES256", "--storage-class", "STANDARD"];
    world.land(&[&tagged[..], &kept].concat()).ok();
    // Another group finds what is there, and nothing differs.
    let again = world
        .land(&["--group", &format!("{}-again", world.topic)])
        .ok();
    assert!(
        again.stdout.contains("already there 3 "),
        "{}",
        again.stdout
    );
    assert_eq!(world.data_keys().len(), 3);
}

#[test]
fn wrong_flags_are_refused_before_any_connection() {
    let world = World::in_sandbox("nothing is sent");
    for (flags, words) in [
        (vec!["--sse-kms-key-id", "k"], "needs --sse aws:kms"),
        (vec!["--storage-class", "GLACIER"], "read at once"),
        (vec!["--object-tags", "team"], "is not KEY=VALUE"),
        (vec!["--expected-bucket-owner", "me"], "12 digits"),
        (
            vec!["--create-bucket", "--expected-bucket-owner", "123456789012"],
            "leave out --expected-bucket-owner",
        ),
    ] {
        let refused = world.land(&flags);
        assert_eq!(refused.code(), Some(2), "{}", refused.stderr);
        assert!(refused.error().contains(words), "{}", refused.stderr);
    }
}
