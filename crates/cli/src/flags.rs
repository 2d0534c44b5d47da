//! The flags that several commands share: the bucket of a zone, Kafka, and the form of the result.
//!
//! A command changes what differs (the words of its help, its own variable) with `mut_arg`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, builder::BoolishValueParser};
use kafka::{
    options::KafkaOption,
    security::{SaslMechanism, Security},
};
use secrets::Secret;

use crate::values::{Output, one_of, parse_duration};

/// The flag for any option of librdkafka, without `--`.
pub(crate) const OPTIONS_FLAG: &str = "kafka-option";

/// Where a landing zone is.
#[derive(Args, Clone, Debug)]
pub struct ZoneArgs {
    /// Bucket of the landing zone
    #[arg(
        long,
        value_name = "NAME",
        env = "CONSUMER_BUCKET",
        help_heading = "S3"
    )]
    pub bucket: String,

    /// S3 endpoint, for example http://127.0.0.1:4566 [default: AWS's own for the region]
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        help_heading = "S3"
    )]
    pub endpoint_url: Option<String>,

    /// Number of the AWS account that must own the bucket (12 digits): S3 refuses us where another
    /// one does
    #[arg(
        long,
        value_name = "ACCOUNT",
        env = "CONSUMER_EXPECTED_BUCKET_OWNER",
        help_heading = "S3"
    )]
    pub expected_bucket_owner: Option<String>,

    /// The most requests to S3 in flight
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=1024),
        env = "CONSUMER_CONCURRENCY",
        help_heading = "S3"
    )]
    pub concurrency: u16,
}

/// How S3 is to keep what is written. All of it may change from run to run.
#[derive(Args, Clone, Debug)]
pub struct ObjectArgs {
    /// Encryption with keys of S3 (AES256) or of KMS [default: the bucket's own]
    #[arg(
        long,
        value_name = "NAME",
        value_parser = ["AES256", "aws:kms", "aws:kms:dsse"],
        env = "CONSUMER_SSE",
        help_heading = "S3"
    )]
    pub sse: Option<String>,

    /// With --sse aws:kms: id or ARN of the key [default: the account's key for S3]
    #[arg(
        long,
        value_name = "KEY",
        env = "CONSUMER_SSE_KMS_KEY_ID",
        help_heading = "S3"
    )]
    pub sse_kms_key_id: Option<String>,

    /// Storage class of data objects, such as INTELLIGENT_TIERING [default: STANDARD]
    #[arg(
        long,
        value_name = "CLASS",
        env = "CONSUMER_STORAGE_CLASS",
        help_heading = "S3"
    )]
    pub storage_class: Option<String>,

    /// Tags of data objects: `KEY=VALUE&…`, at most 10. Needs the right s3:PutObjectTagging
    #[arg(
        long,
        value_name = "TAGS",
        env = "CONSUMER_OBJECT_TAGS",
        help_heading = "S3"
    )]
    pub object_tags: Option<String>,

    /// Checksum that goes with each body, so that the store refuses a damaged one. What the store
    /// computes by itself and returns is compared in any case; md5 is for stores, and for buckets
    /// with object lock, that ask for it
    #[arg(
        long,
        value_name = "NAME",
        default_value = "none",
        value_parser = ["none", "crc32", "crc32c", "crc64nvme", "sha256", "md5"],
        env = "CONSUMER_CHECKSUM",
        help_heading = "S3"
    )]
    pub checksum: String,
}

/// Where the topic is.
#[derive(Args, Clone, Debug)]
pub struct KafkaArgs {
    /// The topic
    #[arg(
        long,
        value_name = "NAME",
        default_value = "stock-market",
        env = "KAFKA_TOPIC",
        help_heading = "Kafka"
    )]
    pub topic: String,

    /// Brokers to ask for the cluster's addresses: `HOST:PORT,…`
    #[arg(
        long,
        value_name = "LIST",
        default_value = "localhost:9092",
        env = "KAFKA_BOOTSTRAP_SERVERS",
        help_heading = "Kafka"
    )]
    pub bootstrap_servers: String,

    /// How long to wait for Kafka at the start
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = parse_duration,
        env = "CONSUMER_CONNECT_TIMEOUT",
        help_heading = "Kafka"
    )]
    pub connect_timeout: Duration,

    /// Any librdkafka option, may be repeated. Keep secrets out of the command line: put them into
    /// KAFKA_OPTIONS (in the environment or in .env), a list of KEY=VALUE separated by blanks; a
    /// value with blanks stands in quotes: KEY='VALUE'
    #[arg(
        short = 'X',
        long = "kafka-option",
        value_name = "KEY=VALUE",
        value_parser = KafkaOption::parse,
        help_heading = "Kafka"
    )]
    pub kafka_options: Vec<KafkaOption>,

    /// Who we say we are there, and whether the way is encrypted
    #[command(flatten)]
    pub access: AccessArgs,
}

/// Who we say we are to Kafka, and whether the way there is encrypted. No flag takes a password: it
/// would be seen in the list of processes and in the shell's history.
#[derive(Args, Clone, Debug)]
pub struct AccessArgs {
    /// How to prove to Kafka who we are. The password of the first three is in KAFKA_SASL_PASSWORD
    /// (in the environment or in .env) or --sasl-password-file; aws-msk-iam signs with the AWS
    /// credentials
    #[arg(
        long,
        value_name = "MECHANISM",
        value_parser = one_of::<SaslMechanism>(SaslMechanism::ALL.map(SaslMechanism::name)),
        env = "KAFKA_SASL_MECHANISM",
        help_heading = "Kafka security"
    )]
    pub sasl_mechanism: Option<SaslMechanism>,

    /// The user
    #[arg(
        long,
        value_name = "NAME",
        env = "KAFKA_SASL_USERNAME",
        help_heading = "Kafka security"
    )]
    pub sasl_username: Option<String>,

    /// File that holds the password, in place of KAFKA_SASL_PASSWORD
    #[arg(
        long,
        value_name = "FILE",
        env = "KAFKA_SASL_PASSWORD_FILE",
        help_heading = "Kafka security"
    )]
    pub sasl_password_file: Option<PathBuf>,

    /// Encrypt the connection; aws-msk-iam and the next flags do so, too
    #[arg(
        long,
        env = "KAFKA_TLS",
        value_parser = BoolishValueParser::new(),
        help_heading = "Kafka security"
    )]
    pub tls: bool,

    /// Certificates of the CA that signed the brokers' (PEM) [default: those of the system]
    #[arg(
        long,
        value_name = "FILE",
        env = "KAFKA_TLS_CA",
        help_heading = "Kafka security"
    )]
    pub tls_ca: Option<PathBuf>,

    /// Our certificate (PEM), for brokers that ask for one
    #[arg(
        long,
        value_name = "FILE",
        env = "KAFKA_TLS_CERTIFICATE",
        help_heading = "Kafka security"
    )]
    pub tls_certificate: Option<PathBuf>,

    /// The key of our certificate (PEM); its password, if it has one, is in KAFKA_TLS_KEY_PASSWORD
    /// or --tls-key-password-file
    #[arg(
        long,
        value_name = "FILE",
        env = "KAFKA_TLS_KEY",
        help_heading = "Kafka security"
    )]
    pub tls_key: Option<PathBuf>,

    /// File that holds the password of the key, in place of KAFKA_TLS_KEY_PASSWORD
    #[arg(
        long,
        value_name = "FILE",
        env = "KAFKA_TLS_KEY_PASSWORD_FILE",
        help_heading = "Kafka security"
    )]
    pub tls_key_password_file: Option<PathBuf>,
}

impl KafkaArgs {
    /// What the flags say about security, with the secrets of the environment: it is read here,
    /// after `.env` was loaded, because clap has no argument for them.
    #[must_use]
    pub fn security(&self) -> Security {
        let access = self.access.clone();
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let secret = |name| variable(name).map(Secret::new);
        Security {
            servers: self.bootstrap_servers.clone(),
            mechanism: access.sasl_mechanism,
            username: access.sasl_username,
            password: secret("KAFKA_SASL_PASSWORD"),
            password_file: access.sasl_password_file,
            tls: access.tls,
            ca: access.tls_ca,
            certificate: access.tls_certificate,
            key: access.tls_key,
            key_password: secret("KAFKA_TLS_KEY_PASSWORD"),
            key_password_file: access.tls_key_password_file,
            aws_region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
        }
    }
}

/// How a command tells what it did.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Form of the summary
    #[arg(
        long,
        value_name = "FORM",
        default_value = "text",
        env = "CONSUMER_OUTPUT",
        help_heading = "Output"
    )]
    pub output: Output,

    /// Time between two lines of progress in the log, where stderr is not a terminal
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        value_parser = parse_duration,
        env = "CONSUMER_PROGRESS_INTERVAL",
        help_heading = "Output"
    )]
    pub progress_interval: Duration,

    /// YAML file with settings: the long flags without `--` as keys. Flags, environment and .env
    /// win over it
    #[arg(
        long,
        value_name = "FILE",
        env = "CONSUMER_CONFIG",
        help_heading = "Output"
    )]
    pub config: Option<PathBuf>,

    /// Print the settings as such a file, each with its origin and without secrets, and end
    #[arg(
        long,
        env = "CONSUMER_PRINT_CONFIG",
        value_parser = BoolishValueParser::new(),
        help_heading = "Output"
    )]
    pub print_config: bool,
}
