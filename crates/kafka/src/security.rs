//! Who we say we are to Kafka, and whether the way there is encrypted: the flags, checked together
//! with `-X`, and turned into librdkafka's options.
//!
//! Reads files, and opens no connection. A password comes from the environment or from a file;
//! there is no flag that takes one. What `-X` sets, too, must not contradict a flag.

use std::{fmt, fs, net::IpAddr, path::Path, path::PathBuf, str::FromStr};

use anyhow::{Result, bail};
use msk::Region;
use secrets::Secret;

/// How Kafka makes sure who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// User and password, as they are: Confluent Cloud, Event Hubs.
    Plain,
    /// User and password, proven without being sent: Redpanda, Aiven.
    ScramSha256,
    /// The same with a longer hash: MSK with passwords.
    ScramSha512,
    /// The keys of an AWS account: MSK with IAM.
    AwsMskIam,
}

impl SaslMechanism {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Plain,
        Self::ScramSha256,
        Self::ScramSha512,
        Self::AwsMskIam,
    ];

    /// As the flag takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ScramSha256 => "scram-sha-256",
            Self::ScramSha512 => "scram-sha-512",
            Self::AwsMskIam => "aws-msk-iam",
        }
    }

    /// As librdkafka calls it.
    const fn of_client(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::AwsMskIam => "OAUTHBEARER",
        }
    }
}

impl fmt::Display for SaslMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SaslMechanism {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|known| known.name() == text);
        found.ok_or_else(|| format!("{text:?} is no SASL mechanism"))
    }
}

/// What flags and environment say, unchecked.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// `--bootstrap-servers`: `HOST:PORT,…`
    pub servers: String,
    /// `--sasl-mechanism`
    pub mechanism: Option<SaslMechanism>,
    /// `--sasl-username`
    pub username: Option<String>,
    /// `KAFKA_SASL_PASSWORD`
    pub password: Option<Secret>,
    /// `--sasl-password-file`
    pub password_file: Option<PathBuf>,
    /// `--tls`
    pub tls: bool,
    /// `--tls-ca`
    pub ca: Option<PathBuf>,
    /// `--tls-certificate`
    pub certificate: Option<PathBuf>,
    /// `--tls-key`
    pub key: Option<PathBuf>,
    /// `KAFKA_TLS_KEY_PASSWORD`
    pub key_password: Option<Secret>,
    /// `--tls-key-password-file`
    pub key_password_file: Option<PathBuf>,
    /// `AWS_REGION`, for brokers whose names hold no region.
    pub aws_region: Option<String>,
}

/// An option of librdkafka that a flag sets.
pub(crate) struct FlagOption {
    /// librdkafka's name.
    pub(crate) name: &'static str,
    /// The flag, or the variable.
    pub(crate) flag: &'static str,
    pub(crate) value: String,
}

/// What the flags come to.
#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) options: Vec<FlagOption>,
    /// For which tokens are to be signed.
    pub(crate) region: Option<Region>,
    /// What should be known before anything is sent.
    pub(crate) warnings: Vec<String>,
}

const PASSWORD: &str =
    "KAFKA_SASL_PASSWORD (in the environment or in .env) or --sasl-password-file";

impl Security {
    /// Checks the flags together with what `-X` sets, which `given` returns by librdkafka's name.
    ///
    /// # Errors
    /// A sentence with the flag: something is missing, contradicts `-X`, or cannot be read.
    pub(crate) fn check<'x>(&self, given: impl Fn(&str) -> Option<&'x str>) -> Result<Checked> {
        let mut checked = Checked::default();
        let add = |checked: &mut Checked, name, flag, value: &str| -> Result<()> {
            if given(name).is_some_and(|theirs| theirs != value) {
                bail!(
                    "-X {name} (or KAFKA_OPTIONS) and {flag} set the same thing to different values: leave one of them out"
                );
            }
            let value = value.to_owned();
            checked.options.push(FlagOption { name, flag, value });
            Ok(())
        };
        let mechanism = self
            .mechanism
            .map(SaslMechanism::of_client)
            .or_else(|| given("sasl.mechanism").map(str::trim));
        let is_iam = self.mechanism == Some(SaslMechanism::AwsMskIam);
        let password = secret(
            self.password.as_ref(),
            "KAFKA_SASL_PASSWORD",
            self.password_file.as_deref(),
            "--sasl-password-file",
        )?;
        let key_password = secret(
            self.key_password.as_ref(),
            "KAFKA_TLS_KEY_PASSWORD",
            self.key_password_file.as_deref(),
            "--tls-key-password-file",
        )?;
        self.check_user(mechanism, password.is_some())?;
        self.check_files(&given, key_password.is_some())?;

        let wants_tls = self.wants_tls();
        let protocol = self.protocol(mechanism.is_some(), given("security.protocol"))?;
        if let Some(protocol) = &protocol {
            let flag = if wants_tls {
                "--tls"
            } else {
                "--sasl-mechanism"
            };
            if given("security.protocol").is_none() {
                add(&mut checked, "security.protocol", flag, protocol)?;
            }
        }
        if let Some(flag) = self.mechanism {
            let (name, value) = ("sasl.mechanism", flag.of_client());
            add(&mut checked, name, "--sasl-mechanism", value)?;
        }
        if let Some(username) = &self.username {
            add(&mut checked, "sasl.username", "--sasl-username", username)?;
        }
        if let Some(found) = password {
            add(
                &mut checked,
                "sasl.password",
                found.from,
                found.secret.reveal(),
            )?;
        }
        for (path, name, flag) in [
            (&self.ca, "ssl.ca.location", "--tls-ca"),
            (
                &self.certificate,
                "ssl.certificate.location",
                "--tls-certificate",
            ),
            (&self.key, "ssl.key.location", "--tls-key"),
        ] {
            if let Some(path) = path {
                let Some(text) = path.to_str() else {
                    bail!("{flag} {}: the path is not UTF-8 text", path.display())
                };
                add(&mut checked, name, flag, text)?;
            }
        }
        if let Some(found) = key_password {
            add(
                &mut checked,
                "ssl.key.password",
                found.from,
                found.secret.reveal(),
            )?;
        }
        if is_iam {
            let given = self.aws_region.as_deref();
            let region = Region::of(hosts(&self.servers), given);
            let region = region.map_err(|problem| {
                anyhow::anyhow!("--sasl-mechanism aws-msk-iam cannot sign: {problem}")
            })?;
            checked.region = Some(region);
        }
        let protocol = protocol.unwrap_or_else(|| "PLAINTEXT".to_owned());
        checked.warnings = warnings(&protocol, mechanism, &self.servers);
        let is_given = given("sasl.username").is_some() || self.username.is_some();
        let has_password = given("sasl.password").is_some()
            || checked
                .options
                .iter()
                .any(|option| option.name == "sasl.password");
        check_complete(&protocol, mechanism, is_given, has_password)?;
        Ok(checked)
    }

    fn wants_tls(&self) -> bool {
        let files = [&self.ca, &self.certificate, &self.key];
        self.tls
            || self.mechanism == Some(SaslMechanism::AwsMskIam)
            || files.iter().any(|file| file.is_some())
    }

    /// The protocol that the flags ask for; `None` where they ask for nothing.
    fn protocol(&self, has_mechanism: bool, given: Option<&str>) -> Result<Option<String>> {
        let wants_tls = self.wants_tls();
        let Some(given) = given.map(|given| given.trim().to_uppercase()) else {
            let of_flags = match (self.mechanism.is_some(), wants_tls) {
                (false, false) => return Ok(None),
                (_, true) if has_mechanism => "SASL_SSL",
                (_, true) => "SSL",
                (true, false) => "SASL_PLAINTEXT",
            };
            return Ok(Some(of_flags.to_owned()));
        };
        if self.mechanism.is_some() && !given.starts_with("SASL") {
            bail!(
                "-X security.protocol is one without SASL, and --sasl-mechanism needs it: leave out -X security.protocol, the flags choose it"
            );
        }
        if wants_tls && !given.ends_with("SSL") {
            bail!(
                "-X security.protocol is one without TLS, and the flags need it (--tls, --tls-…, or aws-msk-iam): leave out -X security.protocol, the flags choose it"
            );
        }
        Ok(Some(given))
    }

    /// What belongs to the mechanism, and what does not.
    fn check_user(&self, mechanism: Option<&str>, has_password: bool) -> Result<()> {
        let given = match (&self.username, has_password) {
            (Some(_), _) => "--sasl-username",
            (None, true) => PASSWORD,
            (None, false) => return Ok(()),
        };
        if self.mechanism == Some(SaslMechanism::AwsMskIam) {
            bail!(
                "--sasl-mechanism aws-msk-iam proves who we are with the AWS credentials: leave out {given}"
            );
        }
        if mechanism.is_none() {
            bail!(
                "{given} is given without a mechanism: add --sasl-mechanism plain, scram-sha-256 or scram-sha-512"
            );
        }
        Ok(())
    }

    fn check_files<'x>(
        &self,
        given: impl Fn(&str) -> Option<&'x str>,
        has_key_password: bool,
    ) -> Result<()> {
        let is_given = |names: &[&str]| names.iter().any(|name| given(name).is_some());
        let keystore = is_given(&["ssl.keystore.location"]);
        let certificate = self.certificate.is_some()
            || keystore
            || is_given(&["ssl.certificate.location", "ssl.certificate.pem"]);
        let key = self.key.is_some() || keystore || is_given(&["ssl.key.location", "ssl.key.pem"]);
        if self.certificate.is_some() && !key {
            bail!("--tls-certificate needs the key that belongs to it: add --tls-key FILE");
        }
        if self.key.is_some() && !certificate {
            bail!("--tls-key needs the certificate that belongs to it: add --tls-certificate FILE");
        }
        if has_key_password && !key {
            bail!(
                "a password of a TLS key is given (KAFKA_TLS_KEY_PASSWORD or --tls-key-password-file) without the key: add --tls-key FILE"
            );
        }
        if let Some(path) = &self.ca
            && !path.is_dir()
        {
            pem(path, "--tls-ca", "CERTIFICATE-----")?;
        }
        if let Some(path) = &self.certificate {
            pem(path, "--tls-certificate", "CERTIFICATE-----")?;
        }
        if let Some(path) = &self.key {
            let text = pem(path, "--tls-key", "PRIVATE KEY-----")?;
            secrets::remember(&text);
            let is_locked = text.contains("ENCRYPTED");
            if is_locked && !has_key_password && given("ssl.key.password").is_none() {
                bail!(
                    "--tls-key {}: the key is locked with a password: give it in KAFKA_TLS_KEY_PASSWORD or --tls-key-password-file",
                    path.display()
                );
            }
        }
        Ok(())
    }
}

/// A secret, and the flag or variable that brought it.
struct FoundSecret {
    secret: Secret,
    from: &'static str,
}

/// The secret of a variable or of a file; not of both.
fn secret(
    of_variable: Option<&Secret>,
    variable: &'static str,
    file: Option<&Path>,
    flag: &'static str,
) -> Result<Option<FoundSecret>> {
    let found = match (of_variable, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => bail!("both {variable} and {flag} are given: leave one of them out"),
        (Some(secret), None) => FoundSecret {
            secret: secret.clone(),
            from: variable,
        },
        (None, Some(path)) => FoundSecret {
            // The line break at the end is the editor's.
            secret: Secret::new(
                text_of(path, flag)?
                    .trim_end_matches(['\r', '\n'])
                    .to_owned(),
            ),
            from: flag,
        },
    };
    if found.secret.reveal().is_empty() {
        bail!("the password of {} is empty", found.from);
    }
    Ok(Some(found))
}

fn text_of(path: &Path, flag: &str) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) => bail!("{flag} {} cannot be read: {error}", path.display()),
    }
}

/// The text of a PEM file that holds what it should.
fn pem(path: &Path, flag: &str, mark: &str) -> Result<String> {
    let text = text_of(path, flag)?;
    if !text.contains(mark) {
        bail!(
            "{flag} {} holds no {} in PEM (a line -----BEGIN … {mark})",
            path.display(),
            mark.trim_end_matches('-').to_lowercase()
        );
    }
    Ok(text)
}

/// A mechanism with a password has a user and a password.
fn check_complete(
    protocol: &str,
    mechanism: Option<&str>,
    has_user: bool,
    has_password: bool,
) -> Result<()> {
    let mechanism = mechanism.unwrap_or_default().to_uppercase();
    let wants_user = mechanism == "PLAIN" || mechanism.starts_with("SCRAM-");
    if !wants_user || !protocol.starts_with("SASL") {
        return Ok(());
    }
    if !has_user {
        bail!("SASL {mechanism} needs a user: give --sasl-username or KAFKA_SASL_USERNAME");
    }
    if !has_password {
        bail!("SASL {mechanism} needs a password: give {PASSWORD}");
    }
    Ok(())
}

/// What others could read on the way to these servers.
fn warnings(protocol: &str, mechanism: Option<&str>, servers: &str) -> Vec<String> {
    let elsewhere = hosts(servers).into_iter().find(|host| !is_loopback(host));
    let Some(host) = elsewhere.filter(|_| !protocol.ends_with("SSL")) else {
        return Vec::new();
    };
    let fix = "add --tls, and the port of the brokers' TLS listener";
    if !protocol.starts_with("SASL") {
        return vec![format!(
            "the connection to Kafka at {host} is neither encrypted nor authenticated: whoever is on the way reads and changes the records; {fix}"
        )];
    }
    let is_plain = mechanism.is_some_and(|name| name.eq_ignore_ascii_case("PLAIN"));
    let password = match is_plain {
        true => "the password and the records",
        false => "the records",
    };
    vec![format!(
        "the connection to Kafka at {host} is not encrypted: whoever is on the way reads {password}; {fix}"
    )]
}

/// The hosts of `HOST:PORT,…`; a protocol in front of one is left out.
fn hosts(servers: &str) -> Vec<&str> {
    let host = |server| {
        let address = str::trim(server);
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        match address.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            // More colons without brackets are a bare IPv6 address.
            None if address.matches(':').count() > 1 => address,
            None => address.split(':').next().unwrap_or_default(),
        }
    };
    let hosts = servers.split(',').map(host);
    hosts.filter(|host| !host.is_empty()).collect()
}

fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What to do about a refusal, in the client's words; nothing where they are not known.
/// `has_certificate` says whether we have one of our own.
pub(crate) fn advice(reason: &str, has_certificate: bool) -> Option<&'static str> {
    let lower = reason.to_lowercase();
    let has = |part: &str| lower.contains(part);
    let advice = if has("alert") && has("certificate") {
        match has_certificate {
            false => {
                "the broker asks for a certificate of ours: give --tls-certificate and --tls-key"
            }
            true => {
                "the broker does not accept our certificate: the one of --tls-certificate must not have expired, and be signed by a CA that the broker trusts"
            }
        }
    } else if has("certificate verify failed") {
        "the broker's certificate is signed by a CA that we do not know (give it with --tls-ca FILE), or has expired"
    } else if has("unsupported sasl mechanism") {
        "the broker takes other mechanisms: see --sasl-mechanism"
    } else if has("sasl authentication error") || has("authentication failed") {
        "user or password is wrong: see --sasl-username, and KAFKA_SASL_PASSWORD or --sasl-password-file"
    } else if has("plaintext broker listener") || has("wrong version number") {
        "the listener may be one without TLS: see --tls and the port in --bootstrap-servers"
    } else if has("ssl listener") || has("incorrect security.protocol") {
        "the listener may be one with TLS or SASL: see --tls and --sasl-mechanism"
    } else if has("ssl.key.location failed") || has("ssl.key.pem failed") {
        "the key cannot be read: see --tls-key, and KAFKA_TLS_KEY_PASSWORD or --tls-key-password-file if it is locked"
    } else if has("ssl.certificate.location failed") || has("ssl.certificate.pem failed") {
        "the certificate cannot be read, or does not belong to the key: see --tls-certificate and --tls-key"
    } else if has("ssl.ca.location failed") || has("ssl.ca.pem failed") {
        "the certificates of the CA cannot be read: see --tls-ca"
    } else {
        return None;
    };
    Some(advice)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tempfile::TempDir;

    use super::*;
    use crate::{
        options::{KafkaOption, Options},
        settings,
    };

    fn password() -> Option<Secret> {
        Some(Secret::new("hunter2-of-a-test".to_owned()))
    }

    fn scram() -> Security {
        Security {
            servers: "127.0.0.1:9092".to_owned(),
            mechanism: Some(SaslMechanism::ScramSha512),
            username: Some("somebody".to_owned()),
            password: password(),
            ..Security::default()
        }
    }

    fn options(security: &Security, given: &[&str]) -> Result<Options, String> {
        let given: Vec<_> = given
            .iter()
            .map(|text| KafkaOption::parse(text).unwrap())
            .collect();
        settings::options(&given, security).map_err(|error| error.to_string())
    }

    /// What librdkafka is told, for these names.
    fn told<'o>(options: &'o Options, names: &[&str]) -> Vec<Option<&'o str>> {
        names.iter().map(|name| options.get(name)).collect()
    }

    const WAY: [&str; 4] = [
        "security.protocol",
        "sasl.mechanism",
        "sasl.username",
        "sasl.password",
    ];

    #[test]
    fn flags_become_options_and_the_protocol_follows_from_them() {
        let way = |security: &Security| {
            options(security, &[]).map(|options| {
                told(&options, &WAY[..2])
                    .into_iter()
                    .map(|value| value.unwrap_or("-").to_owned())
                    .collect::<Vec<_>>()
            })
        };
        let tls = |security: Security| Security {
            tls: true,
            ..security
        };
        let none = Security::default();
        assert_eq!(way(&none).unwrap(), ["-", "-"]);
        assert_eq!(way(&tls(none)).unwrap(), ["SSL", "-"]);
        assert_eq!(way(&scram()).unwrap(), ["SASL_PLAINTEXT", "SCRAM-SHA-512"]);
        assert_eq!(way(&tls(scram())).unwrap(), ["SASL_SSL", "SCRAM-SHA-512"]);
        let plain = Security {
            mechanism: Some(SaslMechanism::Plain),
            ..scram()
        };
        assert_eq!(way(&tls(plain)).unwrap(), ["SASL_SSL", "PLAIN"]);
        let options = options(&scram(), &[]).unwrap();
        assert_eq!(
            told(&options, &WAY[2..]),
            [Some("somebody"), Some("hunter2-of-a-test")]
        );
        assert!(!format!("{options:?} {:?}", scram()).contains("hunter2"));
    }

    #[test]
    fn a_configuration_in_options_alone_works_as_before() {
        let given = [
            "security.protocol=sasl_ssl",
            "sasl.mechanisms=SCRAM-SHA-256",
            "sasl.username=me",
            "sasl.password=hunter2-of-a-test",
        ];
        let options = options(&Security::default(), &given).unwrap();
        assert_eq!(
            told(&options, &WAY),
            [
                Some("sasl_ssl"),
                Some("SCRAM-SHA-256"),
                Some("me"),
                Some("hunter2-of-a-test")
            ]
        );
    }

    #[test]
    fn the_two_ways_may_be_mixed_but_not_contradict_each_other() {
        // What a flag leaves open, -X may say, and the other way round.
        let mixed = Security {
            mechanism: None,
            username: None,
            ..scram()
        };
        let given = [
            "sasl.mechanism=PLAIN",
            "sasl.username=me",
            "security.protocol=SASL_SSL",
        ];
        let found = options(&mixed, &given).unwrap();
        assert_eq!(found.get("security.protocol"), Some("SASL_SSL"));
        assert_eq!(found.get("sasl.password"), Some("hunter2-of-a-test"));
        assert!(options(&scram(), &["sasl.username=somebody"]).is_ok());
        for (option, words) in [
            ("sasl.username=me", "--sasl-username"),
            ("sasl.mechanisms=PLAIN", "--sasl-mechanism"),
            ("sasl.password=other-secret", "KAFKA_SASL_PASSWORD"),
            ("security.protocol=SSL", "without SASL"),
        ] {
            let refusal = options(&scram(), &[option]).unwrap_err();
            assert!(refusal.contains(words), "{option}: {refusal}");
            assert!(!refusal.contains("secret"), "{refusal}");
        }
        let tls = Security {
            tls: true,
            ..Security::default()
        };
        let refusal = options(&tls, &["security.protocol=PLAINTEXT"]).unwrap_err();
        assert!(refusal.contains("without TLS"), "{refusal}");
    }

    /// A folder with a certificate, a key, a locked key, and a file of something else.
    fn files() -> (TempDir, impl Fn(&str) -> Option<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let frame = |what: &str| format!("-----BEGIN {what}-----\nAAAA\n-----END {what}-----\n");
        for (name, text) in [
            ("certificate", frame("CERTIFICATE")),
            ("key", frame("PRIVATE KEY")),
            ("locked", frame("ENCRYPTED PRIVATE KEY")),
            ("password", "hunter2-of-a-file\n".to_owned()),
            ("empty", "\n".to_owned()),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().to_owned();
        (folder, move |name: &str| Some(path.join(name)))
    }

    #[test]
    fn what_cannot_work_is_refused_before_any_connection_with_the_flag() {
        let (_folder, file) = files();
        let none = Security::default;
        let cases: Vec<(Security, &str)> = vec![
            (
                Security {
                    username: None,
                    ..scram()
                },
                "needs a user: give --sasl-username",
            ),
            (
                Security {
                    password: None,
                    ..scram()
                },
                "needs a password: give KAFKA_SASL_PASSWORD",
            ),
            (
                Security {
                    mechanism: None,
                    ..scram()
                },
                "add --sasl-mechanism",
            ),
            (
                Security {
                    password: password(),
                    ..none()
                },
                "add --sasl-mechanism",
            ),
            (
                Security {
                    password_file: file("password"),
                    ..scram()
                },
                "both KAFKA_SASL_PASSWORD and --sasl-password-file",
            ),
            (
                Security {
                    password: None,
                    password_file: file("absent"),
                    ..scram()
                },
                "--sasl-password-file",
            ),
            (
                Security {
                    password: None,
                    password_file: file("empty"),
                    ..scram()
                },
                "of --sasl-password-file is empty",
            ),
            (
                Security {
                    certificate: file("certificate"),
                    ..none()
                },
                "add --tls-key",
            ),
            (
                Security {
                    key: file("key"),
                    ..none()
                },
                "add --tls-certificate",
            ),
            (
                Security {
                    key_password: password(),
                    ..none()
                },
                "without the key",
            ),
            (
                Security {
                    ca: file("absent"),
                    ..none()
                },
                "cannot be read",
            ),
            (
                Security {
                    ca: file("password"),
                    ..none()
                },
                "holds no certificate in PEM",
            ),
            (
                Security {
                    certificate: file("certificate"),
                    key: file("certificate"),
                    ..none()
                },
                "holds no private key in PEM",
            ),
            (
                Security {
                    certificate: file("certificate"),
                    key: file("locked"),
                    ..none()
                },
                "locked with a password",
            ),
            (
                Security {
                    mechanism: Some(SaslMechanism::AwsMskIam),
                    ..scram()
                },
                "leave out --sasl-username",
            ),
            (
                Security {
                    mechanism: Some(SaslMechanism::AwsMskIam),
                    ..none()
                },
                "set AWS_REGION",
            ),
        ];
        for (security, words) in cases {
            let refusal = options(&security, &[]).unwrap_err();
            assert!(refusal.contains(words), "{words}: {refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn a_password_of_a_file_loses_its_line_break() {
        let (_folder, file) = files();
        let security = Security {
            password: None,
            password_file: file("password"),
            ..scram()
        };
        let options = options(&security, &[]).unwrap();
        assert_eq!(options.get("sasl.password"), Some("hunter2-of-a-file"));
        assert_eq!(secrets::without("x hunter2-of-a-file"), "x ***");
    }

    #[test]
    fn msk_is_reached_with_tls_and_tokens_of_its_region() {
        let security = Security {
            servers: "b-1.m.x.c2.kafka.eu-west-1.amazonaws.com:9098".to_owned(),
            mechanism: Some(SaslMechanism::AwsMskIam),
            ..Security::default()
        };
        let options = options(&security, &[]).unwrap();
        assert_eq!(
            told(&options, &WAY[..2]),
            [Some("SASL_SSL"), Some("OAUTHBEARER")]
        );
        assert_eq!(options.tokens().unwrap().region().name, "eu-west-1");
    }

    #[test]
    fn an_unencrypted_way_to_another_machine_is_warned_of() {
        let warned = |protocol, mechanism, servers| warnings(protocol, mechanism, servers).join("");
        for here in [
            "localhost:1",
            "127.0.0.1:1,[::1]:2",
            "a.localhost:1",
            "PLAINTEXT://127.1.2.3:1",
        ] {
            assert_eq!(warned("PLAINTEXT", None, here), "");
        }
        let there = "localhost:1,b-1.example:9092";
        let text = warned("PLAINTEXT", None, there);
        assert!(text.contains("b-1.example is neither encrypted"), "{text}");
        let text = warned("SASL_PLAINTEXT", Some("PLAIN"), there);
        assert!(text.contains("reads the password"), "{text}");
        let text = warned("SASL_PLAINTEXT", Some("SCRAM-SHA-512"), there);
        assert!(text.contains("reads the records"), "{text}");
        for tls in ["SSL", "SASL_SSL"] {
            assert_eq!(warned(tls, Some("PLAIN"), there), "");
        }
    }

    #[test]
    fn each_name_of_a_mechanism_is_read_back() {
        let names: BTreeMap<_, _> = SaslMechanism::ALL.map(|known| (known.name(), known)).into();
        for (name, mechanism) in names {
            assert_eq!(name.parse(), Ok(mechanism));
        }
        assert!("PLAIN".parse::<SaslMechanism>().is_err());
    }

    #[test]
    fn what_the_client_says_comes_with_the_flag_that_helps() {
        // As librdkafka 2.12 with OpenSSL 3 and Kafka 4.3 word it.
        let alert = "Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42";
        for (reason, has_certificate, words) in [
            (alert, false, "give --tls-certificate"),
            (alert, true, "must not have expired"),
            (
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed",
                false,
                "--tls-ca",
            ),
            (
                "SASL authentication error: Authentication failed: Invalid username or password",
                false,
                "--sasl-username",
            ),
            (
                "Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN",
                false,
                "--sasl-mechanism",
            ),
            (
                "Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener?",
                false,
                "without TLS",
            ),
            (
                "ssl.key.location failed: error:0A080009",
                true,
                "KAFKA_TLS_KEY_PASSWORD",
            ),
        ] {
            let advice = advice(reason, has_certificate).unwrap_or_default();
            assert!(advice.contains(words), "{reason}: {advice}");
        }
        assert_eq!(advice("Connection refused", false), None);
        assert_eq!(
            advice(
                "Failed to acquire SASL OAUTHBEARER token: no AWS credentials",
                false
            ),
            None
        );
    }
}
