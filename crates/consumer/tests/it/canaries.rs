//! No secret is ever printed: both programs, with a canary in every field that may hold a secret,
//! in twenty ways to fail and two to succeed, at trace level and with all of librdkafka's debug
//! output.
//!
//! A canary that shows up anywhere, in stdout, stderr, `--print-config`, the health page or the
//! metrics, fails the test with the name of the way.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use sandbox::{Fault, Rule};

use crate::{
    both_programs::producer,
    support::{
        World,
        process::{self, page},
    },
};

const SASL_PASSWORD: &str = "canary-sasl-8f2c71";
const FILE_PASSWORD: &str = "canary-file-03be44";
const OPTION_PASSWORD: &str = "canary-option-77d0a9";
const KEY_PASSWORD: &str = "canary-key-password-5510ce";
const PEM_LINE: &str = "Y2FuYXJ5cGVtbGluZTAxMjM0NTY3ODlhYmNkZWY";
const AWS_SECRET: &str = "canary/aws+secret/19ab42";
const AWS_SESSION: &str = "canary//session+token==6e01f3";
const BEARER: &str = "canary-bearer-c0ffee11";
const ENDPOINT_PASSWORD: &str = "canary-endpoint-2b7e15";
const PROXY_PASSWORD: &str = "canary-proxy-91de07";
const PROVIDER_KEY: &str = "CANARYPROVIDERKEY42";

const ALL: [&str; 11] = [
    SASL_PASSWORD,
    FILE_PASSWORD,
    OPTION_PASSWORD,
    KEY_PASSWORD,
    PEM_LINE,
    AWS_SECRET,
    AWS_SESSION,
    BEARER,
    ENDPOINT_PASSWORD,
    PROXY_PASSWORD,
    PROVIDER_KEY,
];

/// A way to run a program: what it gets besides the canaries that every run has.
#[derive(Default)]
struct Way<'w> {
    name: &'w str,
    flags: Vec<&'w str>,
    variables: Vec<(&'w str, String)>,
    /// The exit code that it must have.
    code: i32,
}

fn way<'w>(name: &'w str, code: i32, flags: &[&'w str], variables: &[(&'w str, &str)]) -> Way<'w> {
    let variables = variables
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Way {
        name,
        code,
        flags: flags.to_vec(),
        variables: variables.collect(),
    }
}

/// The forms in which a secret could be printed.
fn forms(secret: &str) -> Vec<String> {
    let in_url = secret
        .replace('/', "%2F")
        .replace('+', "%2B")
        .replace('=', "%3D");
    let encoded = BASE64_STANDARD.encode(secret);
    // The begin of what follows a user in a PLAIN message.
    vec![
        secret.to_owned(),
        in_url,
        encoded.trim_end_matches('=').to_owned(),
    ]
}

/// The canaries in a text, in any form.
fn found_in(text: &str) -> Vec<&'static str> {
    let shows = |secret: &&str| {
        forms(secret)
            .iter()
            .any(|form| text.contains(form.as_str()))
    };
    ALL.into_iter().filter(shows).collect()
}

/// Every field that has no part in how a run goes holds a canary.
fn with_canaries(command: &mut Command) {
    command
        .env("RUST_LOG", "trace")
        .env("AWS_SECRET_ACCESS_KEY", AWS_SECRET)
        .env("AWS_SESSION_TOKEN", AWS_SESSION)
        .env("ALPHAVANTAGE_API_KEY", PROVIDER_KEY)
        .env(
            "HTTP_PROXY",
            format!("http://somebody:{PROXY_PASSWORD}@127.0.0.1:9"),
        )
        .env(
            "HTTPS_PROXY",
            format!("http://somebody:{PROXY_PASSWORD}@127.0.0.1:9"),
        )
        .env("NO_PROXY", "127.0.0.1");
}

fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn write(world: &World, name: &str, text: &str) -> String {
    let path = world.directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the program in this way and looks for canaries in all that it said.
fn check(mut command: Command, way: &Way<'_>) {
    with_canaries(&mut command);
    command.envs(way.variables.iter().map(|(name, value)| (name, value)));
    command.args(&way.flags);
    let finished = process::spawn(&mut command).wait();
    let said = format!("{}\n{}", finished.stdout, finished.stderr);
    assert_eq!(found_in(&said), [""; 0], "{}", way.name);
    let last: Vec<&str> = finished.stderr.lines().rev().take(3).collect();
    assert_eq!(finished.code(), Some(way.code), "{}: {last:?}", way.name);
}

fn consumer(world: &World) -> Command {
    process::command(world)
}

fn sender(world: &World) -> Command {
    let mut command = Command::new(producer());
    command
        .env_clear()
        .current_dir(world.directory.path())
        .env("KAFKA_BOOTSTRAP_SERVERS", world.kafka.bootstrap_servers());
    command
}

#[test]
fn the_check_finds_a_secret_in_each_form() {
    tidy::servers::sandbox_only("it needs no server: it looks at the check alone");
    assert_eq!(found_in("x canary%2Faws%2Bsecret%2F19ab42"), [AWS_SECRET]);
    assert_eq!(
        found_in(&BASE64_STANDARD.encode(SASL_PASSWORD)),
        [SASL_PASSWORD]
    );
    assert_eq!(found_in("nothing"), [""; 0]);
}

#[test]
fn no_secret_is_printed_when_kafka_cannot_be_used() {
    let world = World::in_sandbox("each way names an address of its own");
    let password_file = write(&world, "password", &format!("{FILE_PASSWORD}\n"));
    let csv = write(&world, "rows.csv", "Index,Close\nHSI,1\n");
    let closed = closed_port();
    let open = world.kafka.bootstrap_servers().to_owned();
    let user = [
        "-X",
        "debug=all",
        "--sasl-username",
        "me",
        "--connect-timeout",
        "3s",
    ];
    let sasl = |mechanism| [&user[..], &["--sasl-mechanism", mechanism]].concat();
    let password = ("KAFKA_SASL_PASSWORD", SASL_PASSWORD);
    let at = |address: &'static str| ("KAFKA_BOOTSTRAP_SERVERS", address);
    let closed: &'static str = closed.leak();
    let open: &'static str = open.leak();
    let pem = format!(
        "ssl.key.pem='-----BEGIN PRIVATE KEY-----\n{PEM_LINE}\n-----END PRIVATE KEY-----' \
         security.protocol=SSL ssl.key.password={KEY_PASSWORD} debug=all"
    );
    let of_options = format!(
        "security.protocol=SASL_PLAINTEXT sasl.mechanism=PLAIN sasl.username=me \
         sasl.password={OPTION_PASSWORD} debug=all"
    );
    let bearer = format!(
        "security.protocol=SASL_PLAINTEXT sasl.mechanism=OAUTHBEARER debug=all \
         enable.sasl.oauthbearer.unsecure.jwt=true sasl.oauthbearer.config='principal={BEARER}'"
    );
    let bad_bearer = bearer.replace("principal=", "princip\"al ");
    let torn = format!("sasl.password={OPTION_PASSWORD} other {OPTION_PASSWORD}");
    let file = [
        &sasl("scram-sha-256")[..],
        &["--sasl-password-file", &password_file],
    ]
    .concat();
    let msk = [
        "--sasl-mechanism",
        "aws-msk-iam",
        "-X",
        "debug=all",
        "--connect-timeout",
        "3s",
    ];
    let region = ("AWS_REGION", "eu-west-1");
    let ways = [
        way("nobody listens", 1, &sasl("plain"), &[password, at(closed)]),
        way(
            "not a listener with passwords",
            1,
            &sasl("plain"),
            &[password, at(open)],
        ),
        way(
            "SCRAM to such a listener",
            1,
            &sasl("scram-sha-512"),
            &[password, at(open)],
        ),
        way("a password of a file", 1, &file, &[at(open)]),
        way("two passwords", 2, &file, &[password, at(open)]),
        way(
            "TLS to a listener without",
            1,
            &[&sasl("plain")[..], &["--tls"]].concat(),
            &[password, at(open)],
        ),
        way("a password and no mechanism", 2, &[], &[password]),
        way(
            "passwords in options",
            1,
            &["--connect-timeout", "3s"],
            &[("KAFKA_OPTIONS", &of_options)],
        ),
        way(
            "options against flags",
            2,
            &sasl("plain"),
            &[password, ("KAFKA_OPTIONS", &of_options)],
        ),
        way(
            "options that fall apart",
            2,
            &[],
            &[("KAFKA_OPTIONS", &torn)],
        ),
        way(
            "a broken key in options",
            1,
            &["--connect-timeout", "3s"],
            &[("KAFKA_OPTIONS", &pem)],
        ),
        way(
            "an unsecured token",
            1,
            &["--connect-timeout", "3s"],
            &[("KAFKA_OPTIONS", &bearer)],
        ),
        way(
            "a token's bad settings",
            1,
            &["--connect-timeout", "3s"],
            &[("KAFKA_OPTIONS", &bad_bearer)],
        ),
        way(
            "a token of MSK to such a listener",
            1,
            &msk,
            &[region, at(open)],
        ),
        way(
            "an option that is none",
            2,
            &["-X", "sasl.pasword=canary-option-77d0a9"],
            &[],
        ),
        way(
            "a value that is none",
            2,
            &["-X", "security.protocol=canary-option-77d0a9"],
            &[],
        ),
    ];
    for way in &ways {
        let mut look = consumer(&world);
        look.args(["schema", "infer"]);
        // An error at the client's creation is one of usage for the producer only.
        check(look, way);
        let mut send = sender(&world);
        send.args(["--csv", &csv]);
        let code = match way.name {
            "a broken key in options" => 2,
            _ => way.code,
        };
        check(
            send,
            &Way {
                name: way.name,
                flags: way.flags.clone(),
                variables: way.variables.clone(),
                code,
            },
        );
    }
}

#[test]
fn no_secret_is_printed_when_s3_or_the_settings_cannot_be_used() {
    let world = World::in_sandbox("each way names an address of its own");
    world.send_numbered(3);
    let endpoint = world.s3.endpoint_url().to_owned();
    let (_, address) = endpoint.split_once("://").unwrap();
    let closed = format!("http://me:{ENDPOINT_PASSWORD}@{}", closed_port());
    let with_user = format!("http://me:{ENDPOINT_PASSWORD}@{address}");
    let no_url = format!("s3://me:{ENDPOINT_PASSWORD}@{address}");
    let yaml = write(
        &world,
        "bad.yaml",
        &format!("kafka-option: {{sasl.password: {OPTION_PASSWORD}\n"),
    );
    let config = write(
        &world,
        "good.yaml",
        &format!(
            "kafka-option: {{sasl.password: {OPTION_PASSWORD}, ssl.key.password: {KEY_PASSWORD}}}\n"
        ),
    );
    let bucket = ["--bucket", &world.bucket, "--until-end", "-X", "debug=all"];
    let flags = |more: &[&'static str]| [&bucket[..], more].concat();
    let ways = [
        // The sandbox takes one secret only, and refuses the canary.
        way("a wrong AWS secret", 1, &bucket, &[]),
        way(
            "an endpoint that is not there",
            1,
            &bucket,
            &[("AWS_ENDPOINT_URL", &closed)],
        ),
        way(
            "an endpoint with a password",
            1,
            &bucket,
            &[("AWS_ENDPOINT_URL", &with_user)],
        ),
        way(
            "an endpoint that is no URL",
            1,
            &bucket,
            &[("AWS_ENDPOINT_URL", &no_url)],
        ),
        way(
            "a broken file of settings",
            2,
            &[&bucket[..], &["--config", &yaml]].concat(),
            &[],
        ),
        way(
            "print-config",
            0,
            &[
                &bucket[..],
                &[
                    "--print-config",
                    "--config",
                    &config,
                    "--endpoint-url",
                    &with_user,
                ],
            ]
            .concat(),
            &[("KAFKA_SASL_PASSWORD", SASL_PASSWORD)],
        ),
        way(
            "help",
            0,
            &flags(&["--help"]),
            &[("AWS_ENDPOINT_URL", &with_user)],
        ),
        way(
            "no such topic",
            1,
            &flags(&["--topic", "absent", "--dry-run"]),
            &[],
        ),
    ];
    for way in &ways {
        check(consumer(&world), way);
    }
    std::fs::write(
        Path::new(world.directory.path()).join(".env"),
        format!("KAFKA_SASL_PASSWORD={SASL_PASSWORD}\nbroken {OPTION_PASSWORD}\n"),
    )
    .unwrap();
    check(consumer(&world), &way("a broken .env", 2, &bucket, &[]));
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn no_secret_is_on_the_pages_of_a_run_in_trouble() {
    let world = World::in_sandbox("it asks its S3 for faults");
    world.send_numbered(30);
    let address = free_address();
    let shown = address.to_string();
    let mut command = consumer(&world);
    with_canaries(&mut command);
    // The sandbox takes its own secret only.
    command
        .env("AWS_SECRET_ACCESS_KEY", sandbox::SECRET_KEY)
        .env_remove("AWS_SESSION_TOKEN")
        .env(
            "KAFKA_OPTIONS",
            format!("ssl.key.password={KEY_PASSWORD} debug=all"),
        )
        .args(["--bucket", &world.bucket, "--metrics-addr", &shown])
        .args(["--progress-interval", "1s"]);
    let denied = Rule::on("PutObject", Fault::AccessDenied)
        .with_key("/dt=")
        .always();
    world.s3.faults().install(denied);
    let mut running = process::spawn(&mut command);
    let health = || page(address, "/healthz").unwrap_or_default();
    running.until("a red page", || health().contains("S3 fails: "));
    let pages = format!("{}{}", health(), page(address, "/metrics").unwrap());
    assert_eq!(found_in(&pages), [""; 0]);
    world.s3.faults().clear();
    running.until("all objects", || world.data_keys().len() == 30);
    running.signal("TERM");
    let run = running.wait().ok();
    assert_eq!(found_in(&format!("{}{}", run.stdout, run.stderr)), [""; 0]);
}
