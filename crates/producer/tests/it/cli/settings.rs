//! Flags, environment, `.env` and file; secrets stay hidden in all of them.

use std::process::Output;

use sandbox::Broker;

use crate::cli::support::{HEADER, ROW, error, folder, producer, text, write};

#[test]
fn help_names_every_flag_under_a_heading_and_shows_no_secret() {
    let folder = folder();
    let output = producer(&folder)
        .env("KAFKA_OPTIONS", "sasl.password=hunter2")
        .arg("--help")
        .output()
        .unwrap();
    let help = text(&output.stdout);
    assert!(output.status.success());
    for part in [
        "Input:",
        "Records:",
        "Kafka:",
        "Output:",
        "--csv",
        "--rate",
        "--kafka-option",
        "[default: stock-market]",
        "KAFKA_TOPIC",
    ] {
        assert!(help.contains(part), "{part}");
    }
    assert!(!help.contains("hunter2"));
}

#[test]
fn help_fits_the_terminal() {
    let folder = folder();
    let widest = |columns: &str| {
        let output = producer(&folder)
            .env("COLUMNS", columns)
            .arg("--help")
            .output()
            .unwrap();
        let help = text(&output.stdout);
        help.lines().map(|line| line.chars().count()).max().unwrap()
    };
    let (narrow, wide) = (widest("80"), widest("110"));
    assert!(
        narrow <= 80 && (81..=110).contains(&wide),
        "{narrow}, {wide}"
    );
}

#[test]
fn wrong_flags_exit_with_2_before_anything_is_opened() {
    let folder = folder();
    for (flags, part) in [
        (vec![], "--csv"),
        (vec!["--csv", "a", "--rat", "1"], "--rate"),
        (vec!["--csv", "a", "--rate", "0"], "above 0"),
        (vec!["--csv", "a", "--limit", "0"], "--limit"),
        (vec!["--csv", "a", "--topic", "a b"], "--topic"),
        (vec!["--csv", "a", "--topic", ".."], "--topic"),
        (vec!["--csv", "a", "--columns", "a:money"], "NAME:TYPE"),
        (vec!["--csv", "a", "--delimiter", "::"], "--delimiter"),
        (vec!["--csv", "a", "--connect-timeout", "10"], "unit"),
        (vec!["--csv", "a", "-X", "acks=0"], "-X cannot set acks"),
        (
            vec!["--csv", "a", "-X", "statistics.interval.ms=5"],
            "--metrics-addr",
        ),
        (
            vec!["--csv", "a", "--metrics-addr", "9465"],
            "--metrics-addr",
        ),
        (vec!["--csv", "a", "--config", "none.yaml"], "none.yaml"),
    ] {
        let output = producer(&folder).args(&flags).output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {stderr}");
        assert!(
            stderr.contains("error: ") && stderr.contains(part),
            "{flags:?}: {stderr}"
        );
    }
}

#[test]
fn a_mistyped_kafka_option_is_named_and_its_value_is_not_shown() {
    let folder = folder();
    let run = |options: Option<&str>, flags: &[&str]| {
        let mut command = producer(&folder);
        options.map(|options| command.env("KAFKA_OPTIONS", options));
        command
            .env("RUST_LOG", "trace")
            .args(["--csv", "a"])
            .args(flags)
            .output()
            .unwrap()
    };
    for (output, name) in [
        (run(None, &["-X", "sasl.pasword=hunter2"]), "sasl.pasword"),
        (
            run(None, &["-X", "ssl.key.pasword = hunter2"]),
            "ssl.key.pasword",
        ),
        (run(None, &["-X", "sasl.password:hunter2"]), "KEY=VALUE"),
        (
            run(None, &["--kafka-option=linger.ms=hunter2"]),
            "linger.ms",
        ),
        (
            run(Some("sasl.pasword=hunter2 linger.ms=1"), &[]),
            "sasl.pasword",
        ),
        (
            run(Some("sasl.password=ab hunter2=c"), &[]),
            "sasl.password='…'",
        ),
    ] {
        let all = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{all}");
        assert!(all.contains(name) && !all.contains("hunter2"), "{all}");
    }
}

#[test]
fn flags_win_over_environment_dotenv_and_file() {
    let folder = folder();
    write(&folder, "in.csv", "x\n1\n2\n3\n4\n5\n6\n");
    write(
        &folder,
        "settings.yaml",
        "csv: in.csv\ndry-run: true\nlimit: 4\nfields: snake\n",
    );
    let printed = |variables: &[(&str, &str)], flags: &[&str]| {
        let output = producer(&folder)
            .envs(variables.iter().copied())
            .args(["--config", "settings.yaml"])
            .args(flags)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        (text(&output.stdout).lines().count(), text(&output.stderr))
    };
    assert_eq!(printed(&[], &[]).0, 4);
    write(&folder, ".env", "PRODUCER_LIMIT=3\n");
    let (lines, log) = printed(&[], &[]);
    assert_eq!(lines, 3);
    assert!(
        log.contains(".env") && log.contains("settings.yaml"),
        "the log says where settings came from: {log}"
    );
    assert_eq!(printed(&[("PRODUCER_LIMIT", "2")], &[]).0, 2);
    assert_eq!(printed(&[("PRODUCER_LIMIT", "2")], &["--limit", "1"]).0, 1);
}

#[test]
fn a_settings_file_with_a_mistake_is_refused_without_showing_its_values() {
    let folder = folder();
    write(&folder, "in.csv", "x\n1\n");
    for (yaml, part) in [
        ("csvs: hunter2\n", "unknown setting \"csvs\""),
        ("kafka-option: {sasl.pasword: hunter2}\n", "sasl.pasword"),
        ("just hunter2\n", "not a YAML mapping"),
        ("a: [hunter2\n", "not a YAML mapping"),
    ] {
        write(&folder, "settings.yaml", yaml);
        let output = producer(&folder)
            .args(["--csv", "in.csv", "--config", "settings.yaml"])
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains(part) && !stderr.contains("hunter2"),
            "{stderr}"
        );
    }
    std::fs::remove_file(folder.path().join("settings.yaml")).unwrap();
    write(&folder, ".env", "KAFKA_OPTIONS=sasl.password='hunter2\n");
    let output = producer(&folder)
        .args(["--csv", "in.csv", "--dry-run"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        !text(&output.stderr).contains("hunter2") && text(&output.stderr).contains(".env"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn dotenv_is_that_of_the_current_folder_and_a_dollar_sign_in_it_is_never_substituted() {
    let folder = folder();
    write(&folder, "in.csv", "x\n1\n2\n");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let dry_run = |text: &str| {
        write(&folder, ".env", text);
        producer(&folder)
            .args(["--csv", "in.csv", "--dry-run"])
            .output()
            .unwrap()
    };
    let output = dry_run("PRODUCER_LIMIT=1\nKAFKA_OPTIONS=sasl.password=hunter2$word\n");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    let message = error(&stderr);
    let place = format!("{}, line 2: a $", folder.path().join(".env").display());
    assert!(
        message.contains(&place) && message.contains("single quotes"),
        "{message}"
    );
    assert!(!stderr.contains("hunter2"), "{stderr}");

    // From a folder below, that file is somebody else's.
    let output = producer(&folder)
        .current_dir(&inner)
        .args(["--csv", "../in.csv", "--dry-run"])
        .output()
        .unwrap();
    let lines = text(&output.stdout).lines().count();
    assert_eq!((output.status.code(), lines), (Some(0), 2));

    let output = dry_run("PRODUCER_LIMIT=1\nKAFKA_OPTIONS='sasl.password=hunter2$word'\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn an_unreachable_broker_exits_with_1_and_names_the_address() {
    let folder = folder();
    write(&folder, "in.csv", "x\n1\n");
    let flags = [
        "--csv",
        "in.csv",
        "--bootstrap-servers",
        "127.0.0.1:1",
        "--connect-timeout",
        "1s",
    ];
    let output = producer(&folder).args(flags).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = error(&text(&output.stderr));
    assert!(
        message.contains("127.0.0.1:1 within 1s") && message.contains("--bootstrap-servers"),
        "{message}"
    );
}

#[test]
fn the_summary_of_a_run_is_the_only_thing_on_stdout() {
    let (folder, broker) = (folder(), Broker::start().unwrap());
    broker.create_topic("stock-market", 2).unwrap();
    write(&folder, "in.csv", format!("{HEADER}{ROW}{ROW}"));
    let run = |flags: &[&str]| -> Output {
        producer(&folder)
            .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
            .args(["--csv", "in.csv"])
            .args(flags)
            .output()
            .unwrap()
    };
    let stdout = text(&run(&[]).stdout);
    assert!(
        stdout.starts_with("read 2 / sent 2 / acknowledged 2 / failed 0 / skipped 0 in "),
        "{stdout}"
    );
    assert_eq!(stdout.lines().count(), 1);
    let summary: serde_json::Value =
        serde_json::from_slice(&run(&["--output", "json"]).stdout).unwrap();
    assert_eq!(
        (&summary["acknowledged"], &summary["topic"]),
        (&2.into(), &"stock-market".into())
    );
}
