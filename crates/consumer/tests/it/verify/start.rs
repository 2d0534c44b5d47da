//! What is needed before anything can be verified, and how results are given.

use std::process::Stdio;

use crate::{
    support::{
        World,
        process::{self, Finished},
    },
    verify::verify,
};

fn run(world: &World, flags: &[&str]) -> Finished {
    process::start(world, &[&["verify"], flags].concat()).wait()
}

fn failed(world: &World, flags: &[&str], code: i32) -> String {
    let run = run(world, flags);
    assert_eq!(run.code(), Some(code), "{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "");
    run.error().to_owned()
}

#[test]
fn what_is_missing_is_said_with_what_is_there() {
    let world = World::in_sandbox("it needs the default topic and prefix");
    let bucket = world.bucket.clone();
    let error = failed(&world, &["--bucket", "no-such-bucket"], 1);
    assert!(error.contains("there is no such bucket"), "{error}");
    let error = failed(&world, &["--bucket", &bucket], 1);
    assert!(error.contains("holds no landing zone at all"), "{error}");

    world.send_numbered(3);
    world.land(&["--prefix", "a/b/c"]).ok();
    let error = failed(&world, &["--bucket", &bucket], 1);
    assert!(
        error.contains("there is a/b/c: give it with --prefix"),
        "{error}"
    );
    verify(&world, &["--prefix", "a/b/c"]).clean();

    let runs = ["json", "jsonl"].map(|format| world.start(&["--until-end", "--format", format]));
    for run in runs {
        run.wait().ok();
    }
    let error = failed(&world, &["--bucket", &bucket], 1);
    assert!(
        error.contains("several zones") && error.contains("stock-market/jsonl"),
        "{error}"
    );
}

#[test]
fn a_zone_is_reached_and_its_report_is_given_as_it_was_asked_for() {
    let world = World::in_sandbox("it gives the topic and the prefix in all the ways there are");
    world.send_numbered(30);
    world.land(&[]).ok();
    a_topic_that_is_gone_is_named_with_the_way_on(&world);
    settings_come_from_flags_environment_and_file(&world);
    nobody_reading_the_report_is_no_panic(&world);
    an_s3_that_fails_for_a_moment_is_asked_again_and_one_that_refuses_is_not(&world);
    people_get_a_table_and_a_verdict(&world);
}

#[test]
fn usage_is_checked_before_any_connection() {
    let world = World::in_sandbox("nothing is connected to");
    assert!(failed(&world, &["--bucket", "My_Bucket"], 2).contains("S3 refuses"));
    let error = failed(&world, &["--bucket", "landing-zone", "-X", "hunter2"], 2);
    assert!(
        error.contains("KEY=VALUE") && !error.contains("hunter2"),
        "{error}"
    );
    let typo = process::start(&world, &["verfy", "--bucket", "landing-zone"]).wait();
    assert_eq!(typo.code(), Some(2));
    assert!(
        typo.error().contains("'verfy'") && typo.stderr.contains("'verify'"),
        "{}",
        typo.stderr
    );
    let unknown = run(&world, &["--bucket", "landing-zone", "--until-end"]);
    assert_eq!(unknown.code(), Some(2));
    assert!(
        unknown.stderr.contains("consumer verify"),
        "{}",
        unknown.stderr
    );
}

fn a_topic_that_is_gone_is_named_with_the_way_on(world: &World) {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let flags = [
        "--bucket",
        &world.bucket,
        "--bootstrap-servers",
        &address,
        "--connect-timeout",
        "1s",
    ];
    let error = failed(world, &flags, 1);
    assert!(
        error.contains(&address) && error.contains("--without-kafka"),
        "{error}"
    );
    let alone = [&flags[..], &["--without-kafka"]].concat();
    assert_eq!(run(world, &alone).code(), Some(0));
}

fn settings_come_from_flags_environment_and_file(world: &World) {
    let file = world.directory.path().join("verify.yaml");
    std::fs::write(&file, "prefix: stock-market/json\ndeep: true\n").unwrap();
    let mut command = process::command(world);
    command
        .env("CONSUMER_BUCKET", &world.bucket)
        .env("CONSUMER_OUTPUT", "json");
    command.args(["verify", "--config", file.to_str().unwrap()]);
    let run = process::spawn(&mut command).wait().ok();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&report["prefix"], &report["deep"]),
        (&"stock-market/json".into(), &true.into())
    );
}

#[test]
fn the_help_names_the_commands_and_the_codes() {
    let world = World::in_sandbox("nothing is connected to");
    let help = process::start(&world, &["--help"]).wait().ok().stdout;
    for command in ["verify", "compact", "schema"] {
        let line = format!("\n  {command} ");
        assert!(help.contains(&line), "{command} in {help}");
    }
    let help = run(&world, &["--help"]).ok().stdout;
    for part in [
        "Usage: consumer verify",
        "missing-object",
        "unverifiable",
        "65 findings",
        "--deep",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

fn people_get_a_table_and_a_verdict(world: &World) {
    let flags = ["--bucket", &world.bucket];
    let text = run(world, &flags).ok().stdout;
    assert!(
        text.contains("not landed yet") && text.contains("[0, 10)"),
        "{text}"
    );
    assert!(
        text.contains("stock-market/json: clean: records 30 "),
        "{text}"
    );

    world.s3.delete(&world.bucket, &world.data_keys()[0]);
    let found = run(world, &flags);
    assert_eq!(found.code(), Some(65));
    assert!(
        found
            .stdout
            .contains("missing-object: partition 0 offsets [0, 1): "),
        "{}",
        found.stdout
    );
    assert!(
        found.stdout.contains("NOT CLEAN (missing-object 1)"),
        "{}",
        found.stdout
    );
}

fn nobody_reading_the_report_is_no_panic(world: &World) {
    let mut command = process::command(world);
    command.args(["verify", "--bucket", &world.bucket]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command
        .stdin(Stdio::null())
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panic"));
}

fn an_s3_that_fails_for_a_moment_is_asked_again_and_one_that_refuses_is_not(world: &World) {
    let fault = |operation: &str| sandbox::Rule::on(operation, sandbox::Fault::ServiceUnavailable);
    world.s3.faults().install(fault("ListObjectsV2").times(2));
    world.s3.faults().install(fault("GetObject").times(5));
    verify(world, &["--deep"]).clean();

    world.s3.faults().install(
        sandbox::Rule::on("GetObject", sandbox::Fault::AccessDenied)
            .with_key("/dt=")
            .always(),
    );
    let error = failed(world, &["--bucket", &world.bucket, "--deep"], 1);
    assert!(
        error.contains("AccessDenied") && error.contains("/dt="),
        "{error}"
    );
}
