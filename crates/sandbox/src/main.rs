//! The sandbox as a program: a Kafka broker and an S3 on fixed ports of this machine, with a topic
//! and a bucket in them.
//!
//! It does not produce or consume, and takes no connections from other machines. Each start is
//! fresh; only the files of earlier runs stay. It ends with exit code 1 and a reason on stderr if
//! it cannot keep what it acknowledged.

use std::{
    io::Write, net::SocketAddr, path::PathBuf, process::ExitCode, sync::OnceLock, time::Duration,
};

use anyhow::Context;
use clap::Parser;
use sandbox::{ACCESS_KEY, Broker, Forwarder, Loss, REGION, S3, SECRET_KEY};
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

const KAFKA_ADDR: &str = "127.0.0.1:9092";
const S3_ADDR: &str = "127.0.0.1:4566";
const TOPIC: &str = "stock-market";
const BUCKET: &str = "kafka-stock-market-project";

/// How often the broker is asked for losses.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);

/// A Kafka broker and an S3 on this machine, to try the pipeline without docker or an AWS account.
///
/// Everything in the broker is gone when it ends (Ctrl-C); the objects stay as files in the
/// directory.
#[derive(Parser)]
#[command(version, long_version = long_version())]
struct Args {
    /// Where the broker listens; a loopback address.
    #[arg(
        long,
        env = "SANDBOX_KAFKA_ADDR",
        default_value = KAFKA_ADDR,
        value_name = "IP:PORT",
        value_parser = loopback
    )]
    kafka_addr: SocketAddr,

    /// Where the S3 listens; a loopback address.
    #[arg(
        long,
        env = "SANDBOX_S3_ADDR",
        default_value = S3_ADDR,
        value_name = "IP:PORT",
        value_parser = loopback
    )]
    s3_addr: SocketAddr,

    /// A new or empty directory for the objects [default: a new one below the system's directory
    /// for temporary files]
    #[arg(long, env = "SANDBOX_DIR")]
    dir: Option<PathBuf>,

    /// The topic to create.
    #[arg(long, env = "SANDBOX_TOPIC", default_value = TOPIC)]
    topic: String,

    /// The topic's number of partitions.
    #[arg(
        long,
        env = "SANDBOX_PARTITIONS",
        default_value_t = 6,
        value_parser = clap::value_parser!(i32).range(1..=1000)
    )]
    partitions: i32,

    /// The bucket to create.
    #[arg(long, env = "SANDBOX_BUCKET", default_value = BUCKET)]
    bucket: String,
}

/// The version for `--version`: with that of the library whose mock cluster is the broker.
fn long_version() -> &'static str {
    static LONG: OnceLock<String> = OnceLock::new();
    LONG.get_or_init(|| {
        let library = rdkafka::util::get_rdkafka_version().1;
        format!("{} (librdkafka {library})", env!("CARGO_PKG_VERSION"))
    })
}

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(&args) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(loss)) => fail(&loss.to_string()),
        Err(error) => fail(&format!("{error:#}")),
    }
}

fn fail(reason: &str) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::FAILURE
}

/// Runs until a signal, or until records were lost.
fn run(args: &Args) -> anyhow::Result<Option<Loss>> {
    let broker = Broker::start()?;
    broker.create_topic(&args.topic, args.partitions)?;
    let forwarder = broker
        .forward(args.kafka_addr)
        .map_err(|error| name_flag(error, args.kafka_addr, "--kafka-addr"))?;
    let s3 = start_s3(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Before the welcome, so that whoever has read it can stop us cleanly.
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        // A closed stdout is no reason to stop serving.
        std::io::stdout()
            .write_all(welcome(args, &forwarder, &s3).as_bytes())
            .ok();
        Ok(until_ended(&broker, interrupt, terminate).await)
    })
}

async fn until_ended(
    broker: &Broker,
    mut interrupt: Signal,
    mut terminate: Signal,
) -> Option<Loss> {
    let mut tick = tokio::time::interval(WATCH_INTERVAL);
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => return None,
            _ = terminate.recv() => return None,
            _ = tick.tick() => if let Some(loss) = broker.loss() {
                return Some(loss);
            },
        }
    }
}

fn start_s3(args: &Args) -> anyhow::Result<S3> {
    let fresh = match args.dir {
        Some(_) => None,
        None => Some(fresh_directory()?),
    };
    let directory = fresh.as_ref().map(TempDir::path).or(args.dir.as_deref());
    let directory = directory.context("no directory for the objects")?;
    let s3 = S3::start_at(args.s3_addr, directory)
        .map_err(|error| name_flag(error, args.s3_addr, "--s3-addr"))?;
    let bucket = &args.bucket;
    s3.create_bucket(bucket)
        .with_context(|| format!("cannot make the bucket {bucket}; name another with --bucket"))?;
    // Only a sandbox that came up leaves a directory behind.
    fresh.map(TempDir::keep);
    Ok(s3)
}

fn fresh_directory() -> anyhow::Result<TempDir> {
    let fresh = tempfile::Builder::new().prefix("sandbox-").tempdir();
    fresh.context("cannot make a directory for the objects; name one with --dir")
}

fn name_flag(error: anyhow::Error, addr: SocketAddr, flag: &str) -> anyhow::Error {
    let taken = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    };
    if error.chain().any(taken) {
        let port = addr.port();
        return anyhow::anyhow!(
            "port {port} is taken on {}: stop the program that listens there, or choose another port with {flag}",
            addr.ip()
        );
    }
    error
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let numeric = text
        .strip_prefix("localhost:")
        .map_or(text.to_owned(), |port| format!("127.0.0.1:{port}"));
    let addr: SocketAddr = numeric
        .parse()
        .map_err(|_| "not an address like 127.0.0.1:9092".to_owned())?;
    if !addr.ip().is_loopback() {
        return Err("not a loopback address: the sandbox has no protection, so it serves this machine only (127.0.0.1)".to_owned());
    }
    Ok(addr)
}

/// What runs where, and what to type next.
fn welcome(args: &Args, forwarder: &Forwarder, s3: &S3) -> String {
    let Args {
        topic,
        bucket,
        partitions,
        ..
    } = args;
    let (kafka, endpoint) = (forwarder.addr(), s3.endpoint_url());
    let usual = kafka.to_string() == KAFKA_ADDR && endpoint == format!("http://{S3_ADDR}");
    let settings = match usual {
        true => "cp .env.example .env".to_owned(),
        false => format!(
            "export KAFKA_BOOTSTRAP_SERVERS={kafka} AWS_ENDPOINT_URL={endpoint}\n  \
             export AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={SECRET_KEY} AWS_REGION={REGION}"
        ),
    };
    let topic_flag = match topic == TOPIC {
        true => String::new(),
        false => format!(" --topic {topic}"),
    };
    let objects = s3.directory().join(bucket);
    format!(
        "Kafka    {kafka}  topic {topic}, {partitions} partitions\n\
         S3       {endpoint}  bucket {bucket}, credentials {ACCESS_KEY}/{SECRET_KEY}, region {REGION}\n\
         objects  {}\n\
         \n\
         Type in another terminal:\n  \
           {settings}\n  \
           cargo run -p producer -- --csv data/indexProcessed.csv{topic_flag}\n  \
           cargo run -p consumer -- --bucket {bucket}{topic_flag}\n\
         \n\
         Ctrl-C ends the sandbox. The broker forgets everything then; the objects stay as files.\n",
        objects.display()
    )
}
