//! Keys of a role: the SDK's own ways to assume one, by a profile (`role_arn`) and by a token of a
//! web identity, as in a pod of EKS or a job of a CI. They need no flag of ours.
//!
//! A service for tokens (STS) of the test answers with the keys that the store knows.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use crate::support::{
    World,
    process::{self, Finished},
};

const ROLE: &str = "arn:aws:iam::123456789012:role/market";
const SESSION: &str = "session-token-of-the-role-0042";

/// A service that gives any caller the keys of the store, and keeps what it was asked.
struct TokenService {
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl TokenService {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = seen.clone();
                std::thread::spawn(move || answer(stream.unwrap(), &seen));
            }
        });
        Self { endpoint, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers the requests of one connection.
fn answer(stream: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let action = match body.contains("Action=AssumeRoleWithWebIdentity") {
            true => "AssumeRoleWithWebIdentity",
            false => "AssumeRole",
        };
        seen.lock().unwrap().push(body);
        let (id, secret) = (sandbox::ACCESS_KEY, sandbox::SECRET_KEY);
        let text = format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
             <Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
             <SessionToken>{SESSION}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
             </Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>{ROLE}</Arn>\
             </AssumedRoleUser></{action}Result></{action}Response>"
        );
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        stream
            .get_mut()
            .write_all((head + &text).as_bytes())
            .unwrap();
    }
}

/// Lands three records with nothing but what `set_up` gives of keys.
fn land(world: &World, service: &TokenService, set_up: impl FnOnce(&mut Command)) -> Finished {
    world.send_numbered(3);
    let mut command = process::command(world);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_ENDPOINT_URL_STS", &service.endpoint)
        .env("RUST_LOG", "trace")
        .args(["--bucket", &world.bucket, "--until-end"]);
    set_up(&mut command);
    let landed = process::spawn(&mut command).wait().ok();
    assert_eq!(world.data_keys().len(), 3);
    assert!(
        !landed.stderr.contains(SESSION),
        "a secret of the role was printed"
    );
    landed
}

#[test]
fn the_token_of_a_web_identity_is_enough() {
    let world = World::in_sandbox("the service for tokens knows the keys of the sandbox");
    let service = TokenService::start();
    let token = world.directory.path().join("token");
    std::fs::write(&token, "header.claims.signature-of-a-pod").unwrap();
    let landed = land(&world, &service, |command| {
        command
            .env("AWS_ROLE_ARN", ROLE)
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    });
    assert!(!landed.stderr.contains("signature-of-a-pod"));
    let asked = service.asked();
    let first = asked.first().unwrap();
    assert!(
        first.contains("Action=AssumeRoleWithWebIdentity"),
        "{first}"
    );
    assert!(
        first.contains("role%2Fmarket") && first.contains("signature-of-a-pod"),
        "{first}"
    );
}

#[test]
fn a_profile_may_name_a_role_to_assume() {
    let world = World::in_sandbox("the service for tokens knows the keys of the sandbox");
    let service = TokenService::start();
    let aws = world.directory.path().join(".aws");
    std::fs::create_dir(&aws).unwrap();
    std::fs::write(
        aws.join("config"),
        format!("[profile market]\nrole_arn = {ROLE}\nsource_profile = base\n"),
    )
    .unwrap();
    std::fs::write(
        aws.join("credentials"),
        "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret-of-the-base\n",
    )
    .unwrap();
    let landed = land(&world, &service, |command| {
        command.env("AWS_PROFILE", "market");
    });
    assert!(!landed.stderr.contains("secret-of-the-base"));
    let asked = service.asked();
    let first = asked.first().unwrap();
    assert!(first.contains("Action=AssumeRole&"), "{first}");
    assert!(first.contains("role%2Fmarket"), "{first}");
}
