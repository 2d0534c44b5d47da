//! `docker-compose.yml` gives what `.env.example` looks for: the same addresses, topic, bucket and
//! credentials.
//!
//! Not here: whether the images start (that needs an engine). No port is open beyond this machine.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{BUCKET, TOPIC, planted, strings};
use crate::repository::text;

const FILE: &str = "docker-compose.yml";
const IMAGES: [&str; 3] = [
    "localstack/localstack:4.14.0",
    "redpandadata/console:v3.7.3",
    "redpandadata/redpanda:v26.1.9",
];
/// What serves; the others end when they have done their work.
const SERVERS: [&str; 2] = ["redpanda", "localstack"];
const ONE_SHOTS: [(&str, &str); 2] = [("topic", "redpanda"), ("bucket", "localstack")];

fn example() -> BTreeMap<String, String> {
    let text = text(".env.example");
    let settings = text.lines().filter_map(|line| line.split_once('='));
    settings
        .filter(|(name, _)| !name.starts_with('#'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Everything in which the file is not what the programs and `.env.example` expect.
fn problems(yaml: &str) -> Vec<String> {
    let file: Value = serde_saphyr::from_str(yaml).unwrap();
    let services = file["services"].as_object().unwrap();
    let mut found: Vec<String> = services
        .iter()
        .flat_map(|(name, service)| service_problems(name, service))
        .collect();
    found.extend(kafka_problems(&file["services"]));
    found.extend(s3_problems(&file["services"]));
    for (name, server) in ONE_SHOTS {
        let service = &file["services"][name];
        if service["depends_on"][server]["condition"] != "service_healthy"
            || service["restart"] != "no"
        {
            found.push(format!(
                "{name} does not run once, when {server} is healthy"
            ));
        }
    }
    if yaml.contains('$') {
        found.push("a $ is replaced by compose".to_owned());
    }
    found
}

fn service_problems(name: &str, service: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let image = service["image"].as_str().unwrap();
    if !IMAGES.contains(&image) {
        found.push(format!("{name}: image {image}"));
    }
    for port in strings(&service["ports"]) {
        if !port.starts_with("127.0.0.1:") {
            found.push(format!("{name}: port {port} is open to the network"));
        }
    }
    let check = &service["healthcheck"];
    if SERVERS.contains(&name) && (check["test"][0] != "CMD-SHELL" || check["retries"].is_null()) {
        found.push(format!("{name} has no health check"));
    }
    if name == "console" && strings(&service["profiles"]) != ["console"] {
        found.push("console starts without being asked for".to_owned());
    }
    let example = example();
    for (variable, value) in service["environment"].as_object().into_iter().flatten() {
        // Inside, the server has another name.
        let differs = example
            .get(variable)
            .is_some_and(|outside| value != outside);
        if differs && variable != "AWS_ENDPOINT_URL" {
            found.push(format!("{name}: {variable} is not that of .env.example"));
        }
    }
    found
}

/// The value of `--flag=value` in a service's command.
fn flag<'s>(service: &'s Value, flag: &str) -> &'s str {
    let words = strings(&service["command"]);
    let found = words
        .iter()
        .find_map(|word| word.strip_prefix(flag)?.strip_prefix('='));
    found.unwrap_or_default()
}

/// The address of a listener, `internal` or `external`, in a list of them.
fn listener<'l>(list: &'l str, name: &str) -> &'l str {
    let named = list
        .split(',')
        .filter_map(|listener| listener.split_once("://"));
    named
        .into_iter()
        .find(|(found, _)| *found == name)
        .map_or("", |(_, address)| address)
}

fn kafka_problems(services: &Value) -> Vec<String> {
    let redpanda = &services["redpanda"];
    let outside = &example()["KAFKA_BOOTSTRAP_SERVERS"];
    let bound = flag(redpanda, "--kafka-addr");
    let told = flag(redpanda, "--advertise-kafka-addr");
    let inside = listener(told, "internal");
    let everywhere = |address: &str| format!("0.0.0.0:{}", port(address));
    let published = [format!("{outside}:{}", port(outside))];
    let creation = strings(&services["topic"]["command"]);
    let made = creation.starts_with(&["topic", "create", TOPIC, "--partitions=6"]);
    let made_inside = creation.contains(&format!("brokers={inside}").as_str());
    let repeatable = creation.contains(&"--if-not-exists");
    let console = &services["console"]["environment"]["KAFKA_BROKERS"];
    broken(&[
        (
            listener(told, "external") == outside,
            "clients on the host are sent elsewhere",
        ),
        (
            inside.starts_with("redpanda:"),
            "containers are sent elsewhere",
        ),
        (
            listener(bound, "external") == everywhere(outside),
            "the outer listener",
        ),
        (
            listener(bound, "internal") == everywhere(inside),
            "the inner listener",
        ),
        (strings(&redpanda["ports"]) == published, "Kafka's port"),
        (made, "another topic is made"),
        (made_inside, "the topic is made elsewhere"),
        (repeatable, "a second start fails at the topic"),
        (console == inside, "console looks elsewhere"),
    ])
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap_or_default()
}

fn s3_problems(services: &Value) -> Vec<String> {
    let outside = example()["AWS_ENDPOINT_URL"].replace("http://", "");
    let (localstack, bucket) = (&services["localstack"], &services["bucket"]);
    let creation = strings(&bucket["command"]).join(" ");
    let environment = bucket["environment"].as_object();
    let all_named = example()
        .keys()
        .filter(|name| name.starts_with("AWS_"))
        .all(|name| environment.is_some_and(|environment| environment.contains_key(name)));
    let rules = [
        (
            strings(&localstack["ports"]) == [format!("{outside}:4566")],
            "S3's port",
        ),
        (
            localstack["environment"]["SERVICES"] == "s3",
            "LocalStack starts more than S3",
        ),
        (
            bucket["environment"]["AWS_ENDPOINT_URL"] == "http://localstack:4566",
            "the bucket is made elsewhere",
        ),
        (
            creation.contains(&format!("create-bucket --bucket {BUCKET}")),
            "another bucket is made",
        ),
        (
            all_named,
            "the bucket's service lacks a setting of .env.example",
        ),
    ];
    broken(&rules)
}

fn broken(rules: &[(bool, &str)]) -> Vec<String> {
    rules
        .iter()
        .filter(|(holds, _)| !holds)
        .map(|(_, problem)| (*problem).to_owned())
        .collect()
}

#[test]
fn the_programs_defaults_and_the_example_settings_fit_docker_compose() {
    let problems = problems(&text(FILE));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_compose_file_with_one_mistake_in_it_is_found_out() {
    for (from, to) in [
        ("\"127.0.0.1:9092:9092\"", "\"9092:9092\""),
        ("\"127.0.0.1:4566:4566\"", "\"0.0.0.0:4566:4566\""),
        ("\"127.0.0.1:8080:8080\"", "\"8080:8080\""),
        ("console:v3.7.3", "console:latest"),
        ("external://127.0.0.1:9092", "external://redpanda:9092"),
        ("internal://redpanda:29092", "internal://127.0.0.1:29092"),
        ("internal://0.0.0.0:29092", "internal://0.0.0.0:9092"),
        ("      - stock-market\n", "      - stocks\n"),
        ("--partitions=6", "--partitions=3"),
        ("      - --if-not-exists\n", ""),
        (
            "create-bucket --bucket kafka",
            "create-bucket --bucket my-kafka",
        ),
        (
            "AWS_SECRET_ACCESS_KEY: test",
            "AWS_SECRET_ACCESS_KEY: secret",
        ),
        ("      AWS_ACCESS_KEY_ID: test\n", ""),
        ("      AWS_REGION: us-east-1", "      AWS_REGION: eu-west-1"),
        ("    profiles: [\"console\"]\n", ""),
        ("rpk cluster health | grep", "echo ${X} | grep"),
    ] {
        let copy = planted(&text(FILE), from, to);
        assert!(!problems(&copy).is_empty(), "{to:?} was not found");
    }
}
