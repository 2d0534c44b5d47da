//! Both programs over each way into a Kafka that asks who they are, and what they say at the start
//! where it does not let them in.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    both_programs::producer,
    real_servers::broker::{
        Listener::{self, Certificate, Misnamed, Password, PasswordOverTls, Plaintext},
        OwnBroker,
    },
    support::{
        World,
        process::{self, Finished},
    },
};

const USER: &str = "test";
const SECRET: &str = "test-secret";

/// A way to Kafka: a listener, flags, and variables.
struct Way {
    listener: Listener,
    flags: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Way {
    fn to(listener: Listener) -> Self {
        Self {
            listener,
            flags: Vec::new(),
            variables: Vec::new(),
        }
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn user(self, mechanism: &str) -> Self {
        self.flag("--sasl-mechanism", mechanism)
            .flag("--sasl-username", USER)
    }

    fn apply(&self, broker: &OwnBroker, command: &mut Command) {
        command
            .env("KAFKA_BOOTSTRAP_SERVERS", broker.address(self.listener))
            .envs(self.variables.iter().cloned())
            .args(&self.flags);
    }
}

/// Sends the rows of a small file.
fn send(world: &World, broker: &OwnBroker, way: &Way) -> Finished {
    let csv = world.directory.path().join("rows.csv");
    std::fs::write(
        &csv,
        "Index,Date,Close\nHSI,2021-01-04,1\nNYA,2021-01-04,2\n",
    )
    .unwrap();
    let mut command = Command::new(producer());
    command.env_clear().current_dir(world.directory.path());
    way.apply(broker, &mut command);
    command.args(["--topic", &world.topic, "--csv"]).arg(csv);
    process::spawn(&mut command).wait()
}

fn land(world: &World, broker: &OwnBroker, way: &Way) -> Finished {
    let mut command = process::command(world);
    way.apply(broker, &mut command);
    command.args(["--bucket", &world.bucket, "--until-end"]);
    process::spawn(&mut command).wait()
}

/// Starts what reads the topic and needs no S3.
fn look(world: &World, broker: &OwnBroker, way: &Way) -> Finished {
    let mut command = process::command(world);
    command.args(["schema", "infer"]);
    way.apply(broker, &mut command);
    process::spawn(&mut command).wait()
}

#[test]
fn both_programs_come_in_by_each_way() {
    let Some(shared) = World::real() else { return };
    let broker = OwnBroker::start_secure();
    let world = World::at(broker.bootstrap_servers(), &shared.s3.upstream());
    let password_file = world.directory.path().join("password");
    std::fs::write(&password_file, format!("{SECRET}\n")).unwrap();
    let password_file = password_file.to_str().unwrap();
    let ca = broker.tls_file("ca.pem");
    let certificate = |way: Way, key: &str| {
        way.flag("--tls-ca", &ca)
            .flag("--tls-certificate", &broker.tls_file("client.pem"))
            .flag("--tls-key", &broker.tls_file(key))
    };
    let password = |way: Way| way.variable("KAFKA_SASL_PASSWORD", SECRET);
    let options = format!(
        "security.protocol=SASL_SSL sasl.mechanism=SCRAM-SHA-512 sasl.username={USER} \
         sasl.password={SECRET} ssl.ca.location={ca}"
    );
    let ways = [
        password(Way::to(Password).user("plain")),
        password(Way::to(Password).user("scram-sha-256")),
        Way::to(Password)
            .user("scram-sha-512")
            .flag("--sasl-password-file", password_file),
        certificate(Way::to(Certificate), "client.key"),
        certificate(Way::to(Certificate), "client-locked.key")
            .variable("KAFKA_TLS_KEY_PASSWORD", "key-secret"),
        password(Way::to(PasswordOverTls).user("plain")).flag("--tls-ca", &ca),
        // Everything from the environment, and everything as librdkafka's own options.
        password(Way::to(PasswordOverTls))
            .variable("KAFKA_SASL_MECHANISM", "scram-sha-512")
            .variable("KAFKA_SASL_USERNAME", USER)
            .variable("KAFKA_TLS_CA", &ca),
        Way::to(PasswordOverTls).variable("KAFKA_OPTIONS", &options),
    ];
    for (at, way) in ways.iter().enumerate() {
        let sent = send(&world, &broker, way).ok();
        assert!(sent.stdout.contains("acknowledged 2 "), "{}", sent.stdout);
        land(&world, &broker, way).ok();
        assert_eq!(world.data_keys().len(), 2 * (at + 1), "{:?}", way.flags);
    }
}

#[test]
fn where_kafka_lets_them_not_in_both_programs_say_why_and_which_flag_helps() {
    let Some(shared) = World::real() else { return };
    let broker = OwnBroker::start_secure();
    let world = World::at(broker.bootstrap_servers(), &shared.s3.upstream());
    let ca = broker.tls_file("ca.pem");
    let with_ca = |way: Way| way.flag("--tls-ca", &ca);
    let wrong = |way: Way| way.variable("KAFKA_SASL_PASSWORD", "wrong-secret");
    let certificate = |name: &str| {
        with_ca(Way::to(Certificate))
            .flag(
                "--tls-certificate",
                &broker.tls_file(&format!("{name}.pem")),
            )
            .flag("--tls-key", &broker.tls_file(&format!("{name}.key")))
    };
    // Nobody says no: the programs wait to the end.
    let unanswered = |way: Way| way.flag("--connect-timeout", "4s");
    let wrong_user = "user or password is wrong: see --sasl-username, and KAFKA_SASL_PASSWORD";
    let cases = [
        (wrong(Way::to(Password).user("plain")), wrong_user),
        (wrong(Way::to(Password).user("scram-sha-256")), wrong_user),
        (
            wrong(with_ca(Way::to(PasswordOverTls).user("scram-sha-512"))),
            wrong_user,
        ),
        (
            Way::to(PasswordOverTls)
                .user("plain")
                .variable("KAFKA_SASL_PASSWORD", SECRET)
                .flag("--tls-ca", &broker.tls_file("stranger-ca.pem")),
            "a CA that we do not know (give it with --tls-ca",
        ),
        (with_ca(Way::to(Misnamed)), "is for another name"),
        (
            with_ca(Way::to(Certificate)),
            "give --tls-certificate and --tls-key",
        ),
        (
            certificate("expired"),
            "--tls-certificate must not have expired",
        ),
        (
            certificate("stranger"),
            "be signed by a CA that the broker trusts",
        ),
        (
            unanswered(Way::to(Certificate)),
            "--tls and --sasl-mechanism",
        ),
        (unanswered(Way::to(Password)), "--tls and --sasl-mechanism"),
        (
            unanswered(with_ca(Way::to(Plaintext))),
            "see --tls and the port",
        ),
    ];
    for (way, words) in &cases {
        for run in [send, look] {
            let began = Instant::now();
            let finished = run(&world, &broker, way);
            let took = began.elapsed();
            let error = finished.error();
            println!("{error} ({} ms)", took.as_millis());
            assert!(error.contains(words), "{words:?} is not in: {error}");
            assert_eq!(finished.code(), Some(1));
            assert!(!finished.stderr.contains("wrong-secret"));
            assert!(took < Duration::from_secs(120), "{took:?}: {error}");
        }
    }
}
