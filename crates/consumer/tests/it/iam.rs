//! The policies of `infra/iam`, by running the executable on a store that decides by them: they
//! suffice, and with any one grant less the run says which it is.
//!
//! Moto decides by user, action and resource. It looks at no condition (`s3:prefix`), has no Kafka
//! (`kafka-cluster:…`), and answers 404, not 403, to a reader without `s3:ListBucket` whose key
//! does not exist.

mod moto;
mod policy;

use std::{
    collections::VecDeque,
    net::{SocketAddr, TcpListener},
    sync::Mutex,
    time::{Duration, Instant},
};

use self::{
    moto::{Moto, User},
    policy::{Grant, grants, in_bucket, policy, without},
};
use crate::support::{
    PARTITIONS, PREFIX, World,
    kafka::{Kafka, Send, numbered},
    process::{Finished, Running, page},
    store::unique,
};
use sandbox::{Fault, Rule};

/// Where the policies of `consumer compact` let the copy lie.
const COPY: &str = "stock-market/compacted";
/// The time of all records: a day that is over.
const TIME: i64 = 1_763_640_000_000;
/// How long a run may take to say what is missing: 30 s, and what a busy machine adds.
const NOTICED: Duration = Duration::from_secs(40);
/// Runs at the same time.
const AT_ONCE: usize = 8;

const BATCHES: [&str; 6] = [
    "--format",
    "jsonl",
    "--prefix",
    PREFIX,
    "--max-records",
    "2",
];
const VERIFY: [&str; 5] = ["verify", "--prefix", PREFIX, "--deep", "--strict"];
const VERIFY_WITHOUT_KAFKA: [&str; 5] = ["verify", "--prefix", PREFIX, "--deep", "--without-kafka"];
const COMPACT: [&str; 8] = [
    "compact",
    "--from",
    PREFIX,
    "--to",
    COPY,
    "--format",
    "jsonl",
    "--all-finished",
];
const COMPACT_AND_DELETE: [&str; 9] = [
    "compact",
    "--from",
    PREFIX,
    "--to",
    COPY,
    "--format",
    "jsonl",
    "--all-finished",
    "--delete-source",
];

fn send(world: &World, values: &[String]) {
    let records = values.iter().zip((0..PARTITIONS).cycle());
    let records = records.map(|(value, partition)| Send {
        partition,
        value: Some(value.as_bytes()),
    });
    world.send_at(Some(TIME), records);
}

/// Two records a partition, a record that becomes a dead letter, and a tombstone.
fn send_of_each_kind(world: &World) {
    send(world, &numbered(6));
    let letter = Send {
        partition: 0,
        value: Some(b"[1]"),
    };
    let tombstone = Send {
        partition: 1,
        value: None,
    };
    world.send_at(Some(TIME), [letter, tombstone]);
}

fn user(moto: &Moto, file: &str, world: &World) -> User {
    moto.user(&in_bucket(&policy(file), &world.bucket))
}

fn below(world: &World, folder: &str) -> Vec<String> {
    let mut keys = world.s3.keys(&world.bucket);
    keys.retain(|key| key.starts_with(folder));
    keys
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn until_end<'f>(flags: &[&'f str]) -> Vec<&'f str> {
    [&["--until-end"], flags].concat()
}

/// What follows a landing: verification in all depths, a copy, and a copy that takes the source's
/// place.
fn verify_and_compact(moto: &Moto, world: &World) {
    let verifier = user(moto, "verify.json", world);
    verifier.run(world, &VERIFY[..3]).ok();
    verifier.run(world, &VERIFY).ok();
    let before = below(world, PREFIX).len();
    user(moto, "compact.json", world).run(world, &COMPACT).ok();
    assert_eq!(below(world, PREFIX).len(), before);
    assert_eq!(below(world, COPY).len(), 1);
    let deleter = user(moto, "compact-delete.json", world);
    let said = deleter.run(world, &COMPACT_AND_DELETE).ok().stdout;
    assert!(below(world, PREFIX).len() < before, "{said}");
}

#[test]
fn the_policies_suffice_for_single_records() {
    let Some(moto) = Moto::get() else { return };
    let world = moto.world_on_real_kafka().unwrap_or_else(|| moto.world());
    send_of_each_kind(&world);
    let consumer = user(moto, "consumer.json", &world);
    consumer.run(&world, &until_end(&[])).ok();
    assert_eq!(below(&world, PREFIX).len(), 6);
    let letters = format!("_control/{PREFIX}/dead-letters/");
    assert_eq!(below(&world, &letters).len(), 1);
    // Each object is there, so that each write is answered with 412 and compared.
    let again = unique("again");
    let again = consumer.run(&world, &until_end(&["--group", &again])).ok();
    assert!(again.stdout.contains("already there 7"), "{}", again.stdout);
    verify_and_compact(moto, &world);
    if let Kafka::Real(_) = world.kafka {
        send(&world, &numbered(9));
        world.kafka.delete_records(&world.topic, 2, 4);
        consumer
            .run(&world, &until_end(&["--on-gap", "record"]))
            .ok();
        assert_eq!(below(&world, &format!("_control/{PREFIX}/gaps/")).len(), 1);
    }
}

#[test]
fn the_policies_suffice_for_batches_and_for_one_that_another_process_began() {
    let Some(moto) = Moto::get() else { return };
    let world = moto.world_on_real_kafka().unwrap_or_else(|| moto.world());
    send_of_each_kind(&world);
    // The policy of single records: a batch needs no other rights.
    let consumer = user(moto, "consumer.json", &world);
    let down = Rule::on("PutObject", Fault::ServiceUnavailable)
        .with_key("/dt=")
        .always();
    let rule = world.s3.faults().install(down);
    let session = ["-X", world.session_timeout()];
    let flags = [&BATCHES[..], &session].concat();
    let mut running = consumer.start(&world, &flags);
    running.until("a claim without data", || world.s3.faults().hits(rule) > 0);
    running.kill();
    assert!(!below(&world, &format!("_control/{PREFIX}/claims/")).is_empty());
    assert_eq!(below(&world, PREFIX), [""; 0]);
    world.s3.faults().clear();
    consumer.run(&world, &until_end(&flags)).ok();
    let again = unique("again");
    let again = [&flags[..], &["--group", &again]].concat();
    consumer.run(&world, &until_end(&again)).ok();
    verify_and_compact(moto, &world);
}

/// A run with one grant less than its policy has.
struct Job<'j> {
    file: &'static str,
    grant: Grant,
    flags: &'static [&'static str],
    /// The zone that it works on; a consumer makes its own.
    zone: Option<&'j World>,
}

/// How a run told of the missing grant.
struct Noticed {
    text: String,
    /// `error` or `health page`.
    place: &'static str,
    after: Duration,
}

impl Job<'_> {
    /// Whether the run told of the missing grant, as one line for people.
    fn carry_out(&self, moto: &Moto) -> Result<String, String> {
        let world = moto.world();
        match self.zone {
            None => send(&world, &numbered(6)),
            Some(zone) => {
                for key in zone.s3.keys(&zone.bucket) {
                    let object = zone.s3.whole(&zone.bucket, &key);
                    world.s3.put_whole(&world.bucket, &key, &object);
                }
            }
        }
        let Grant { action, resource } = &self.grant;
        let name = format!(
            "{}, {}, without {action} on {resource}",
            self.file,
            self.flags
                .first()
                .map_or("single records", |first| match *first {
                    "--format" => "batches",
                    command => command,
                })
        );
        let left = without(&policy(self.file), &self.grant);
        let user = moto.user(&in_bucket(&left, &world.bucket));
        let address = free_address();
        let metrics = address.to_string();
        let flags = match self.zone {
            None => [self.flags, &["--metrics-addr", &metrics]].concat(),
            Some(_) => self.flags.to_vec(),
        };
        let Some(noticed) = noticed(user.start(&world, &flags), address) else {
            return Err(format!("{name}: nothing was noticed, so it is no right"));
        };
        let Noticed { text, place, after } = noticed;
        match says(&text, &self.grant.in_bucket(&world.bucket)) {
            true => Ok(format!("{name}: {place} after {} s", after.as_secs())),
            false => Err(format!("{name}: the {place} does not say so: {text}")),
        }
    }
}

/// The error with which a run ended, or what its health page says; `None` when it ended well, or
/// said nothing in time.
fn noticed(mut running: Running, address: SocketAddr) -> Option<Noticed> {
    let began = Instant::now();
    while began.elapsed() < NOTICED {
        let told = |text, place| {
            let after = began.elapsed();
            Some(Noticed { text, place, after })
        };
        if running.has_ended() {
            let run: Finished = running.wait();
            let failed = run.code() != Some(0);
            return failed
                .then(|| run.error().to_owned())
                .and_then(|text| told(text, "error"));
        }
        if let Some(page) = page(address, "/healthz").filter(|page| is_red(page)) {
            return told(page, "health page");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}

fn is_red(page: &str) -> bool {
    page.starts_with("HTTP/1.1 503")
}

/// Whether the text names the action and what it is for, and holds the statement to add.
fn says(text: &str, grant: &Grant) -> bool {
    let Grant { action, resource } = grant;
    let folder = resource.trim_end_matches('*');
    let statement =
        format!("{{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\"{resource}\"");
    text.contains(&format!("{action} on {folder}")) && text.contains(&statement)
}

#[test]
fn a_run_with_one_grant_less_says_which_and_what_to_add() {
    let Some(moto) = Moto::get() else { return };
    let zone = moto.world();
    send_of_each_kind(&zone);
    user(moto, "consumer.json", &zone)
        .run(&zone, &until_end(&[]))
        .ok();
    let programs: [(&str, &[&str], Option<&World>); 5] = [
        ("consumer.json", &[], None),
        ("consumer.json", &BATCHES, None),
        ("verify.json", &VERIFY_WITHOUT_KAFKA, Some(&zone)),
        ("compact.json", &COMPACT, Some(&zone)),
        ("compact-delete.json", &COMPACT_AND_DELETE, Some(&zone)),
    ];
    let jobs = programs.into_iter().flat_map(|(file, flags, zone)| {
        let grants = grants(&policy(file)).into_iter();
        grants.map(move |grant| Job {
            file,
            grant,
            flags,
            zone,
        })
    });
    let jobs: Mutex<VecDeque<Job<'_>>> = Mutex::new(jobs.collect());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(job) = jobs.lock().unwrap().pop_front() else {
                        return;
                    };
                    let result = job.carry_out(moto);
                    done.lock().unwrap().push(result);
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let (good, bad): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    for line in good.into_iter().map(Result::unwrap) {
        println!("{line}");
    }
    let bad: Vec<String> = bad.into_iter().map(Result::unwrap_err).collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// A consumer that runs when it loses a right, until it has it again.
struct Interrupted<'m> {
    moto: &'m Moto,
    world: World,
    user: User,
    running: Running,
    address: SocketAddr,
}

impl<'m> Interrupted<'m> {
    /// Starts it, and waits until it has landed the first records.
    fn start(moto: &'m Moto, flags: &[&str]) -> Self {
        let world = moto.world();
        let user = user(moto, "consumer.json", &world);
        let address = free_address();
        let metrics = address.to_string();
        let session = ["-X", world.session_timeout(), "--metrics-addr", &metrics];
        let mut running = user.start(&world, &[flags, &session].concat());
        send(&world, &numbered(6));
        running.until("the first records", || committed(&world) == 6);
        Self {
            moto,
            world,
            user,
            running,
            address,
        }
    }

    /// Expects a red page with the grant that is missing, and few requests.
    fn until_red(&mut self, grant: &Grant) {
        let before = self.world.s3.requests("PutObject");
        let grant = grant.in_bucket(&self.world.bucket);
        let (address, began) = (self.address, Instant::now());
        self.running
            .until("a red page that says what is missing", || {
                page(address, "/healthz").is_some_and(|page| is_red(&page) && says(&page, &grant))
            });
        let sent = self.world.s3.requests("PutObject") - before;
        // A backoff that doubles from 0.1 s to 20 s: some ten tries in 15 s for each record.
        assert!(sent < 120, "{sent} requests in {:?}", began.elapsed());
    }

    /// Gives the rights back, and expects that everything has landed once.
    fn goes_on(self, records: i64) {
        let Self {
            moto,
            world,
            user: consumer,
            mut running,
            address,
        } = self;
        let all = in_bucket(&policy("consumer.json"), &world.bucket);
        moto.put_policy(&consumer, &all);
        running.until("everything is committed", || committed(&world) == records);
        running.until("a green page", || {
            page(address, "/healthz").is_some_and(|page| page.starts_with("HTTP/1.1 200"))
        });
        running.signal("TERM");
        running.wait().ok();
        user(moto, "verify.json", &world).run(&world, &VERIFY).ok();
    }
}

/// How far the group has committed, over all partitions.
fn committed(world: &World) -> i64 {
    let group = format!("landing.{}/{PREFIX}", world.bucket);
    let offsets = world.kafka.committed(&group, &world.topic, PARTITIONS);
    offsets.into_iter().map(Option::unwrap_or_default).sum()
}

fn on_data(action: &str) -> Grant {
    let of_data = |grant: &Grant| {
        grant.action == action && grant.resource.ends_with(&format!("project/{PREFIX}/*"))
    };
    let found: Vec<Grant> = grants(&policy("consumer.json"))
        .into_iter()
        .filter(of_data)
        .collect();
    found.into_iter().next().unwrap()
}

#[test]
fn a_policy_that_is_taken_away_while_records_land_loses_none() {
    let Some(moto) = Moto::get() else { return };
    let mut interrupted = Interrupted::start(moto, &[]);
    moto.delete_policy(&interrupted.user);
    send(&interrupted.world, &numbered(6));
    interrupted.until_red(&on_data("s3:PutObject"));
    assert_eq!(below(&interrupted.world, PREFIX).len(), 6);
    interrupted.goes_on(12);
}

#[test]
fn a_policy_that_is_taken_away_while_batches_land_loses_none() {
    let Some(moto) = Moto::get() else { return };
    let mut interrupted = Interrupted::start(moto, &BATCHES);
    moto.delete_policy(&interrupted.user);
    send(&interrupted.world, &numbered(6));
    let claims = Grant {
        resource: format!("arn:aws:s3:::kafka-stock-market-project/_control/{PREFIX}/*"),
        ..on_data("s3:PutObject")
    };
    interrupted.until_red(&claims);
    interrupted.goes_on(12);
}

#[test]
fn a_write_whose_reply_was_lost_is_not_taken_for_done_without_the_right_to_compare() {
    let Some(moto) = Moto::get() else { return };
    let mut interrupted = Interrupted::start(moto, &[]);
    let read = on_data("s3:GetObject");
    let left = without(&policy("consumer.json"), &read);
    moto.put_policy(
        &interrupted.user,
        &in_bucket(&left, &interrupted.world.bucket),
    );
    let lost = Rule::on("PutObject", Fault::LostReply).with_key("/dt=");
    interrupted.world.s3.faults().install(lost);
    send(&interrupted.world, &numbered(1));
    interrupted.until_red(&read);
    assert_eq!(committed(&interrupted.world), 6);
    interrupted.goes_on(7);
}
