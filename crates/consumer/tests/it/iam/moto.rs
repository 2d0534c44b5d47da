//! Moto with authorisation on: users, their policies, and worlds whose S3 it is.
//!
//! `E2E_MOTO_URL` says where it is (`infra/local/moto.sh start` prints it). Whoever asks first
//! turns authorisation on, for as long as that moto runs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::OnceLock,
    time::SystemTime,
};

use aws_sdk_s3::config::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use sandbox::Broker;
use serde_json::{Value, json};
use tidy::servers;

use crate::support::{
    World,
    kafka::Kafka,
    process::{self, Finished, Running},
    store::{Store, unique},
};

const URL: &str = "E2E_MOTO_URL";
const POLICY: &str = "rights";

/// The one moto of this run.
pub(crate) struct Moto {
    url: String,
    admin: User,
}

/// A user of moto's account.
#[derive(Clone, Debug)]
pub(crate) struct User {
    name: String,
    access_key: String,
    secret: String,
}

impl Moto {
    /// `None` when there is no moto; then it says so.
    pub(crate) fn get() -> Option<&'static Self> {
        static MOTO: OnceLock<Option<Moto>> = OnceLock::new();
        let moto = MOTO.get_or_init(|| Some(Self::at(std::env::var(URL).ok()?)));
        match moto {
            Some(_) => servers::sandbox_only("its S3 is moto, which knows IAM"),
            None => {
                servers::sandbox_only("E2E_MOTO_URL does not say where moto is: nothing was run");
                println!(
                    "not run: {URL} does not say where moto is; infra/local/moto.sh starts it"
                );
            }
        }
        moto.as_ref()
    }

    fn at(url: String) -> Self {
        let anybody = User {
            name: "anybody".to_owned(),
            access_key: "AKIAANYBODY".to_owned(),
            secret: "nothing".to_owned(),
        };
        let anybody = Self {
            url,
            admin: anybody,
        };
        anybody.allow_without_signature("inf");
        let may = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
        let all = json!({ "Version": "2012-10-17", "Statement": may });
        let admin = anybody.user(&all);
        anybody.allow_without_signature("0");
        Self { admin, ..anybody }
    }

    /// How many requests moto answers without looking at who sends them.
    fn allow_without_signature(&self, requests: &str) {
        let (head, _) = self.post("/moto-api/reset-auth", "text/plain", &[], requests);
        assert!(head.contains(" 200 "), "{head}");
    }

    /// A new user with this policy, and no other.
    pub(crate) fn user(&self, policy: &Value) -> User {
        let name = unique("user");
        self.iam("CreateUser", &[("UserName", &name)]);
        let key = self.iam("CreateAccessKey", &[("UserName", &name)]);
        let field = |field: &str| {
            let (_, rest) = key.split_once(&format!("<{field}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        let user = User {
            access_key: field("AccessKeyId"),
            secret: field("SecretAccessKey"),
            name,
        };
        self.put_policy(&user, policy);
        user
    }

    /// Replaces the user's policy.
    pub(crate) fn put_policy(&self, user: &User, policy: &Value) {
        let policy = policy.to_string();
        self.iam(
            "PutUserPolicy",
            &[
                ("UserName", user.name.as_str()),
                ("PolicyName", POLICY),
                ("PolicyDocument", &policy),
            ],
        );
    }

    /// Takes the user's policy away.
    pub(crate) fn delete_policy(&self, user: &User) {
        self.iam(
            "DeleteUserPolicy",
            &[("UserName", user.name.as_str()), ("PolicyName", POLICY)],
        );
    }

    /// A world with a bucket of its own in moto, on the mock cluster; the test sees it with all
    /// rights.
    pub(crate) fn world(&self) -> World {
        let broker = Kafka::Sandbox(Broker::start().unwrap());
        World::with_topic(
            broker,
            self.store(),
            "stock-market".to_owned(),
            unique("iam"),
        )
    }

    /// The same on a real Kafka, if there is one.
    pub(crate) fn world_on_real_kafka(&self) -> Option<World> {
        let kafka = World::real_kafka()?;
        let topic = unique("stock-market");
        Some(World::with_topic(kafka, self.store(), topic, unique("iam")))
    }

    fn store(&self) -> Store {
        Store::real_as(&self.url, &self.admin.access_key, &self.admin.secret)
    }

    /// One request to IAM as the administrator; gives the body of the answer.
    fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut body = format!("Action={action}&Version=2010-05-08");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", percent_encoded(value)));
        }
        let content_type = "application/x-www-form-urlencoded";
        let signed = self.signed(&body, content_type);
        let (head, answer) = self.post("/", content_type, &signed, &body);
        assert!(head.contains(" 200 "), "{action}: {head}\n{answer}");
        answer
    }

    /// The headers that sign this request to IAM.
    fn signed(&self, body: &str, content_type: &str) -> Vec<(String, String)> {
        let User {
            access_key, secret, ..
        } = &self.admin;
        let identity = Credentials::new(access_key, secret, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(sandbox::REGION)
            .name("iam")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = [("content-type", content_type)].into_iter();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", format!("{}/", self.url), headers, body);
        let (instructions, _) = sign(request.unwrap(), &parameters).unwrap().into_parts();
        let headers = instructions.headers();
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Head and body of the answer.
    fn post(
        &self,
        path: &str,
        content_type: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> (String, String) {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n{}\r\n{body}",
            body.len(),
            headers.collect::<String>()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }
}

impl User {
    /// Starts the executable in this world with the user's key.
    pub(crate) fn start(&self, world: &World, flags: &[&str]) -> Running {
        let mut command = process::command(world);
        command
            .env("AWS_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .env("CONSUMER_BUCKET", &world.bucket);
        process::spawn(command.args(flags))
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, world: &World, flags: &[&str]) -> Finished {
        self.start(world, flags).wait()
    }
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}
