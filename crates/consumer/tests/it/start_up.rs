//! What a person meets who has something wrong at the start: one line, the exit code, the fix; no
//! secret, no panic.

use crate::support::{World, check, process, store};

/// A world with a topic of a few records.
fn world() -> World {
    let world = World::new();
    world.send_numbered(3);
    world
}

#[track_caller]
fn refused(finished: &process::Finished, code: i32, parts: &[&str]) {
    assert_eq!(finished.code(), Some(code), "{}", finished.stderr);
    for part in parts {
        assert!(
            finished.error().contains(part),
            "'{part}' is not in: {}",
            finished.stderr
        );
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

fn run(world: &World, flags: &[&str]) -> process::Finished {
    process::start(world, flags).wait()
}

#[test]
fn a_missing_bucket_is_named_and_can_be_made() {
    let world = world();
    let not_there = store::unique("not-there");
    refused(
        &run(&world, &["--bucket", &not_there, "--until-end"]),
        1,
        &[&not_there, "no such bucket", "--create-bucket"],
    );
    run(
        &world,
        &["--bucket", &not_there, "--create-bucket", "--until-end"],
    )
    .ok();
    assert_eq!(
        world
            .s3
            .keys(&not_there)
            .iter()
            .filter(|key| key.starts_with("stock-market/json/dt="))
            .count(),
        3
    );
}

#[test]
fn a_bucket_of_another_account_or_region_is_told_apart() {
    let world = World::in_sandbox("it needs a bucket of somebody else and one of another region");
    world.sandbox_s3().refuse_bucket("somebodys-bucket");
    refused(
        &run(&world, &["--bucket", "somebodys-bucket"]),
        1,
        &["somebodys-bucket", "choose your own name"],
    );
    world.s3.create_bucket("far-bucket");
    world
        .sandbox_s3()
        .redirect_bucket("far-bucket", "eu-west-1");
    refused(
        &run(&world, &["--bucket", "far-bucket"]),
        1,
        &["eu-west-1", "AWS_REGION"],
    );
}

#[test]
fn wrong_missing_and_expired_credentials_are_told_apart() {
    let world = world();
    let with = |name: &str, value: &str| {
        process::spawn(
            process::command(&world)
                .env(name, value)
                .args(["--bucket", &world.bucket]),
        )
        .wait()
    };
    let wrong = with("AWS_SECRET_ACCESS_KEY", "hunter2hunter2");
    refused(&wrong, 1, &["AWS_SECRET_ACCESS_KEY"]);
    assert!(!wrong.stderr.contains("hunter2"));
    refused(
        &with("AWS_ACCESS_KEY_ID", "nobody"),
        1,
        &["AWS_ACCESS_KEY_ID"],
    );
    let mut none = process::command(&world);
    none.env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .args(["--bucket", &world.bucket]);
    refused(
        &process::spawn(&mut none).wait(),
        1,
        &["no AWS credentials", ".env.example"],
    );
    world
        .s3
        .faults()
        .install(sandbox::Rule::on("", sandbox::Fault::ExpiredToken).always());
    refused(
        &run(&world, &["--bucket", &world.bucket]),
        1,
        &["expired", "log in again"],
    );
}

#[test]
fn each_source_of_credentials_that_fails_is_named_with_its_cause() {
    let world = world();
    std::fs::create_dir(world.directory.path().join(".aws")).unwrap();
    let profiles = "[profile broken]\n\
        credential_process = sh -c 'echo the vault is sealed >&2; exit 3'\n\
        [profile garbled]\ncredential_process = echo hello\n";
    std::fs::write(world.directory.path().join(".aws/config"), profiles).unwrap();
    let with = |profile: &str, parts: &[&str]| {
        let mut command = process::command(&world);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_PROFILE", profile)
            .args(["--bucket", &world.bucket]);
        let run = process::spawn(&mut command).wait();
        refused(&run, 1, parts);
        assert!(!run.stderr.contains("no AWS credentials"), "{}", run.stderr);
    };
    with("broken", &["credential_process", "the vault is sealed"]);
    with("garbled", &["credential_process", "could not parse"]);
    with("nobody", &["AWS_PROFILE", "'nobody'", "broken, garbled"]);
}

#[test]
fn an_endpoint_or_a_broker_that_is_down_is_named() {
    let world = world();
    refused(
        &run(
            &world,
            &[
                "--bucket",
                &world.bucket,
                "--endpoint-url",
                "http://127.0.0.1:9",
            ],
        ),
        1,
        &["endpoint does not answer"],
    );
    let flags = [
        "--bucket",
        &world.bucket,
        "--bootstrap-servers",
        "127.0.0.1:9",
        "--connect-timeout",
        "1s",
    ];
    refused(
        &run(&world, &flags),
        1,
        &["127.0.0.1:9", "did not answer within 1 s"],
    );
}

#[test]
fn an_endpoint_for_s3_alone_is_an_endpoint_too() {
    let world = world();
    let endpoint = world.s3.endpoint_url();
    std::fs::create_dir(world.directory.path().join(".aws")).unwrap();
    let profile =
        format!("[default]\nservices = here\n[services here]\ns3 =\n  endpoint_url = {endpoint}\n");
    std::fs::write(world.directory.path().join(".aws/config"), profile).unwrap();
    // Neither has a region: an endpoint needs none.
    let with = |variables: &[(&str, &str)], group: &str| {
        let mut command = process::command(&world);
        command
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("AWS_REGION");
        command.envs(variables.iter().copied());
        let flags = ["--bucket", &world.bucket, "--until-end", "--group", group];
        process::spawn(command.args(flags)).wait().ok()
    };
    let nowhere = "http://127.0.0.1:9";
    let s3 = [
        ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
        ("AWS_ENDPOINT_URL", nowhere),
    ];
    let run = with(&s3, "a");
    assert!(
        run.stderr
            .contains(&format!("endpoint {endpoint} (AWS_ENDPOINT_URL_S3)")),
        "{}",
        run.stderr
    );
    let run = with(&[("AWS_ENDPOINT_URL", "")], "b");
    assert!(
        run.stderr
            .contains(&format!("endpoint {endpoint} (the AWS profile)")),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
    check::exactly_once(&world, 3);

    let mut flag = process::command(&world);
    flag.env("AWS_ENDPOINT_URL_S3", &endpoint).args([
        "--bucket",
        &world.bucket,
        "--endpoint-url",
        nowhere,
    ]);
    refused(&process::spawn(&mut flag).wait(), 1, &["does not answer"]);
    let mut bare = process::command(&world);
    let host = endpoint.trim_start_matches("http://");
    bare.env("AWS_ENDPOINT_URL", host)
        .args(["--bucket", &world.bucket]);
    let refusal = [
        "has no scheme",
        "AWS_ENDPOINT_URL",
        &format!("write {endpoint}"),
    ];
    refused(&process::spawn(&mut bare).wait(), 1, &refusal);
}

#[test]
fn a_topic_name_that_kafka_refuses_is_named() {
    let world = World::in_sandbox("the name is refused before any connection");
    let run = run(&world, &["--bucket", &world.bucket, "--topic", "no/such"]);
    refused(&run, 2, &["Kafka refuses the topic name"]);
}

#[test]
fn another_layout_on_the_same_zone_is_refused() {
    let world = world();
    world.land(&[]).ok();
    for (flags, field) in [
        (["--granularity", "year"], "granularity"),
        (["--partition-by", "field:Date"], "partition-by"),
    ] {
        refused(
            &world.land(&flags),
            1,
            &[field, "use another --prefix", "zone.json"],
        );
    }
    world
        .land(&["--granularity", "year", "--prefix", "by-year"])
        .ok();
}

#[test]
fn the_same_group_on_an_emptied_bucket_is_stopped_with_the_way_on() {
    let world = world();
    world.land(&[]).ok();
    world.s3.empty(&world.bucket);
    refused(&world.land(&[]), 1, &["holds no landing zone", "--group"]);
    world.land(&["--group", "from-the-beginning"]).ok();
    check::exactly_once(&world, 3);
}

#[test]
fn wrong_usage_exits_with_2_before_any_connection_and_shows_no_secret() {
    let world = world();
    for flags in [
        &["--bucket", "Not_A_Bucket"][..],
        &["--bucket", &world.bucket, "-X", "sasl.pasword=hunter2"],
        &[
            "--bucket",
            &world.bucket,
            "-X",
            "session.timeout.ms=hunter2",
        ],
        &["--bucket", &world.bucket, "-X", "enable.auto.commit=true"],
        &["--bucket", &world.bucket, "-X", "hunter2"],
        &["--bucket", &world.bucket, "--memory", "1MiB"],
    ] {
        let finished = run(&world, flags);
        refused(&finished, 2, &[]);
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
    for flags in [
        &[][..],
        &["--bucket", &world.bucket, "--granularity", "week"],
        &["--bucket", &world.bucket, "--start", "never"],
        &["--no-such-flag"],
    ] {
        assert_eq!(run(&world, flags).code(), Some(2), "{flags:?}");
    }
    assert_eq!(world.s3.requests("PutObject"), 0);
}

#[test]
fn help_shows_every_flag_and_no_value_of_the_environment() {
    let world = world();
    let mut command = process::command(&world);
    command
        .env("CONSUMER_GROUP", "hunter2")
        .env("KAFKA_OPTIONS", "sasl.password=hunter2")
        .arg("--help");
    let help = process::spawn(&mut command).wait().ok();
    for flag in [
        "--bucket",
        "--until-end",
        "--on-gap",
        "--metrics-addr",
        "--memory",
        "-X",
    ] {
        assert!(help.stdout.contains(flag), "{flag}");
    }
    assert!(!help.stdout.contains("hunter2"), "{}", help.stdout);
}

#[test]
fn settings_come_from_a_file_and_from_dotenv_and_their_origin_is_logged() {
    let world = world();
    let file = world.directory.path().join("consumer.yaml");
    std::fs::write(
        &file,
        format!(
            "bucket: {}\nuntil-end: true\ngroup: from-file\n",
            world.bucket
        ),
    )
    .unwrap();
    std::fs::write(
        world.directory.path().join(".env"),
        "CONSUMER_GRANULARITY=hour\n",
    )
    .unwrap();
    let finished = run(&world, &["--config", "consumer.yaml"]).ok();
    assert!(
        finished.stderr.contains("group from-file") && finished.stderr.contains(".env"),
        "{}",
        finished.stderr
    );
    assert!(world.data_keys()[0].split('/').nth(2).unwrap().len() == "dt=2026-11-21-07".len());
    std::fs::write(&file, "buckets: hunter2\n").unwrap();
    let finished = run(&world, &["--config", "consumer.yaml"]);
    assert!(
        finished.code() == Some(2)
            && finished.stderr.contains("buckets")
            && !finished.stderr.contains("hunter2"),
        "{}",
        finished.stderr
    );
}

#[test]
fn the_settings_are_printed_with_their_origins_and_without_secrets_and_can_be_read_again() {
    let world = world();
    let folder = world.directory.path();
    std::fs::write(folder.join("consumer.yaml"), "granularity: hour\n").unwrap();
    std::fs::write(folder.join(".env"), "CONSUMER_GROUP=from-dotenv\n").unwrap();
    let mut command = process::command(&world);
    command.env(
        "KAFKA_OPTIONS",
        "sasl.password=hunter2 session.timeout.ms=7000",
    );
    command.args([
        "--bucket",
        "some-bucket",
        "--config",
        "consumer.yaml",
        "--print-config",
    ]);
    let printed = process::spawn(&mut command).wait().ok().stdout;
    for line in [
        "bucket: some-bucket  # --bucket",
        "granularity: hour  # granularity in the --config file",
        "group: from-dotenv  # CONSUMER_GROUP in .env",
        "format: json  # default",
        "  session.timeout.ms: 7000",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
    assert!(!printed.contains("hunter2"), "{printed}");

    std::fs::write(folder.join(".env"), "").unwrap();
    std::fs::write(folder.join("printed.yaml"), &printed).unwrap();
    let mut again = process::command(&world);
    again.args(["--config", "printed.yaml", "--print-config"]);
    let again = process::spawn(&mut again).wait().ok().stdout;
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split("  #").next().unwrap());
        let lines = lines.filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    assert_eq!(settings(&again), settings(&printed));
}

#[test]
fn help_and_version_are_shown_whatever_dotenv_holds() {
    let world = world();
    std::fs::write(world.directory.path().join(".env"), "no assignment\n").unwrap();
    for flag in ["--help", "--version"] {
        let finished = process::spawn(process::command(&world).arg(flag)).wait();
        assert_eq!(finished.code(), Some(0), "{flag}: {}", finished.stderr);
    }
    let finished = run(&world, &[]);
    assert_eq!(finished.code(), Some(2));
    assert!(
        finished.stderr.contains(".env, line 1"),
        "{}",
        finished.stderr
    );
}

#[test]
fn metrics_and_health_are_served_while_running() {
    let world = world();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let running = world.start(&["--metrics-addr", &free.to_string()]);
    let page = |path: &str| process::page(free, path);
    process::until("three landed records in the metrics", || {
        page("/metrics").is_some_and(|text| text.contains("consumer_records_total 3"))
    });
    process::until("the whole topic in the metrics", || {
        let text = page("/metrics").unwrap();
        text.contains("consumer_topic_partitions 3") && text.contains("consumer_topic_lag ")
    });
    assert!(page("/healthz").unwrap().starts_with("HTTP/1.1 200"));
    assert!(page("/config").unwrap().starts_with("HTTP/1.1 404"));
    running.signal("TERM");
    running.wait().ok();
}

#[test]
fn an_unencrypted_way_to_another_machine_is_warned_of_and_one_to_this_one_is_not() {
    let world = World::in_sandbox("one of the brokers is nowhere");
    world.send_numbered(3);
    let warning = "is neither encrypted nor authenticated";
    let here = process::start(&world, &["schema", "infer"]).wait().ok();
    assert!(!here.stderr.contains(warning), "{}", here.stderr);
    let there = ["--bootstrap-servers", "broker.invalid:9092"];
    let there = [&["schema", "infer", "--connect-timeout", "1s"], &there[..]].concat();
    let there = process::start(&world, &there).wait();
    assert!(there.stderr.contains(warning), "{}", there.stderr);
    assert!(there.stderr.contains("broker.invalid"), "{}", there.stderr);
}
