//! The demo as a learner sees it: each step is carried out, then told in a sentence with the
//! command that does the same by hand.
//!
//! It judges nothing itself (see `checker`). Every wait has a limit.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::{
    args::Args,
    checker::{BucketVerdict, Landed},
    excerpt::Excerpt,
    layouts,
    part::{STEP_LIMIT, count},
    question,
    say::{by_hand, say},
    simulated,
    stage::{BUCKET, PREFIX, Stage, TOPIC},
};

/// Objects that are printed.
const SHOWN: usize = 3;

/// What the producer sends.
enum DemoInput {
    Csv(PathBuf),
    /// So many rows of the simulated market, at most.
    Market(u64),
}

impl DemoInput {
    fn new(args: &Args) -> Self {
        match args.simulate {
            true => Self::Market(args.rows),
            false => Self::Csv(args.csv()),
        }
    }

    /// What it is, in words.
    fn name(&self) -> &'static str {
        match self {
            Self::Csv(_) => "the CSV",
            Self::Market(_) => "the simulated market",
        }
    }
}

/// Plays the demo to its end.
///
/// # Errors
/// If a step fails, or the bucket is not what it should be.
pub(crate) async fn tell(args: &Args, stage: &Stage) -> anyhow::Result<()> {
    let began = Instant::now();
    let input = DemoInput::new(args);
    let excerpt = choose(&input, args.rows, stage).await?;
    let beginning = match input {
        DemoInput::Csv(_) => "CSV",
        DemoInput::Market(_) => "Simulated market",
    };
    say(&format!(
        "{beginning} -> Kafka -> S3 on this machine, with a crash in the middle. Behind each $: the command that does the same by hand.\n"
    ))?;
    say(&format!(
        "1. A broker and an S3 start in this process: {}.",
        stage.addresses()
    ))?;
    by_hand("cargo run -p sandbox")?;
    produce(stage, &excerpt, &input).await?;
    let landing = Instant::now();
    let killed_at = crash(stage, excerpt.expected.len()).await?;
    let finished = finish(stage).await;
    let landed_in = landing.elapsed();
    // What the broker lost explains why the consumer stopped, so it comes first.
    stage.check_for_loss()?;
    finished?;
    let objects = stage.objects()?;
    let verdict = check(&excerpt, &objects, &input)?;
    show(&objects)?;
    let differences = ask(&excerpt, &objects, &input)?;
    drop(objects);
    if verdict.is_clean() {
        layouts::tell(stage, &excerpt.expected, landed_in).await?;
    }
    summarize(&verdict, killed_at, began.elapsed())?;
    conclude(&verdict, differences, &input)
}

/// Reading a large file must not keep Ctrl-C waiting.
async fn choose(input: &DemoInput, most: u64, stage: &Stage) -> anyhow::Result<Excerpt> {
    let file = stage.file("excerpt.csv");
    let (csv, simulated) = match input {
        DemoInput::Csv(csv) => (csv.clone(), None),
        DemoInput::Market(rows) => (stage.file("market.csv"), Some(*rows)),
    };
    let chosen = tokio::task::spawn_blocking(move || {
        if let Some(rows) = simulated {
            simulated::write_csv(rows, &csv)?;
        }
        Excerpt::choose(&csv, most, &file)
    });
    chosen.await.context("reading the rows broke off")?
}

/// Sends what must land, in one run of the producer.
async fn produce(stage: &Stage, excerpt: &Excerpt, input: &DemoInput) -> anyhow::Result<()> {
    let rows = excerpt.expected.len();
    let source = match input {
        DemoInput::Csv(csv) => announce_csv(excerpt, csv)?,
        DemoInput::Market(rows) => announce_market(*rows)?,
    };
    let summary = stage.start_producer(&source)?.finish(STEP_LIMIT).await?;
    let acknowledged = count(&summary, "acknowledged")?;
    if acknowledged != rows as u64 {
        bail!("the producer had {acknowledged} of {rows} rows acknowledged: {summary}");
    }
    let of_symbols = match input {
        DemoInput::Csv(_) => String::new(),
        DemoInput::Market(_) => format!(" of {} symbols", count(&summary, "symbols")?),
    };
    let seconds = summary["seconds"].as_f64().unwrap_or_default();
    say(&format!(
        "   {acknowledged} records{of_symbols} are acknowledged in topic {TOPIC}, after {seconds:.1} s.\n"
    ))
}

/// Says that a market comes; returns the flags for it.
fn announce_market(rows: u64) -> anyhow::Result<Vec<String>> {
    let flags = simulated::flags(rows);
    say("2. The producer sends a simulated market: daily bars of indices, day after day.")?;
    by_hand(&format!("cargo run -p producer -- {}", flags.join(" ")))?;
    Ok(flags)
}

/// Says which rows come; returns the flags for them.
fn announce_csv(excerpt: &Excerpt, csv: &Path) -> anyhow::Result<Vec<String>> {
    let rows = excerpt.expected.len();
    let of_symbols = match excerpt.symbols {
        0 => String::new(),
        symbols => format!(", from each of {symbols} symbols"),
    };
    say(&format!(
        "2. The producer sends {rows} of the {} rows of {}{of_symbols}.",
        excerpt.total,
        csv.display()
    ))?;
    let left_out = &excerpt.left_out;
    if left_out.count > 0 {
        say(&format!(
            "   Left out of the choice, for it is no record: {} (first: {}).",
            left_out.count, left_out.first
        ))?;
    }
    by_hand(&format!("cargo run -p producer -- --csv {}", csv.display()))?;
    let file = excerpt
        .file
        .to_str()
        .context("the directory for temporary files has a name that is not UTF-8; set TMPDIR")?;
    Ok(vec!["--csv".to_owned(), file.to_owned()])
}

/// Runs the first consumer and kills it. Returns the number of objects that it left behind.
async fn crash(stage: &Stage, rows: usize) -> anyhow::Result<usize> {
    let mut consumer = stage.start_consumer("consumer-1", &[])?;
    let id = consumer.id();
    say(&format!(
        "3. A consumer, process {id}, lands them, one object per record."
    ))?;
    by_hand(&format!("cargo run -p consumer -- --bucket {BUCKET}"))?;
    let half = (rows as u64).div_ceil(2);
    consumer
        .wait_until(STEP_LIMIT, "the first objects", || {
            stage.writes() >= half && stage.data_objects() > 0
        })
        .await?;
    consumer.kill()?;
    let left = stage.data_objects();
    say(&format!(
        "4. With {left} of {rows} objects written it is killed: no time to finish, to commit or to leave the group."
    ))?;
    by_hand(&format!("kill -9 {id}"))?;
    Ok(left)
}

/// Runs the second consumer. It begins where the first one had committed, and finds what that one
/// wrote after its last commit.
async fn finish(stage: &Stage) -> anyhow::Result<()> {
    say(
        "5. The consumer starts again. Kafka waits some seconds for the dead one before it gives the partitions away.",
    )?;
    by_hand(&format!(
        "cargo run -p consumer -- --bucket {BUCKET} --until-end"
    ))?;
    let summary = stage
        .start_consumer("consumer-2", &["--until-end"])?
        .finish(STEP_LIMIT)
        .await?;
    let objects = count(&summary, "objects")?;
    let already_there = count(&summary, "already_there")?;
    say(&format!(
        "   It wrote {objects} objects, and recognised {already_there} that the dead one had written but not committed.\n"
    ))
}

fn check(
    excerpt: &Excerpt,
    objects: &[Landed],
    input: &DemoInput,
) -> anyhow::Result<BucketVerdict> {
    let verdict = BucketVerdict::new(&excerpt.expected, objects, PREFIX);
    say(&format!(
        "6. The bucket is listed and each object compared with the rows of {}.",
        input.name()
    ))?;
    by_hand(&format!("aws s3 ls --recursive s3://{BUCKET}/{PREFIX}/"))?;
    let found = if verdict.is_clean() {
        "Each row is in exactly one object, digit for digit."
    } else {
        "NOT the same:"
    };
    say(&format!("   {found}"))?;
    for difference in &verdict.told {
        say(&format!("   {difference}"))?;
    }
    say("")?;
    Ok(verdict)
}

/// Prints a few objects from all over the bucket.
fn show(objects: &[Landed]) -> anyhow::Result<()> {
    let data: Vec<&Landed> = objects
        .iter()
        .filter(|object| object.key.starts_with(PREFIX))
        .collect();
    say("7. Some of the objects:")?;
    by_hand(&format!("aws s3 cp s3://{BUCKET}/KEY -"))?;
    for object in data.iter().step_by(data.len().div_ceil(SHOWN).max(1)) {
        say(&format!(
            "   {}\n     {}",
            object.key,
            String::from_utf8_lossy(&object.body).trim_end()
        ))?;
    }
    say("")
}

/// Answers the same question from both sides; returns the number of symbols for which they differ.
fn ask(excerpt: &Excerpt, objects: &[Landed], input: &DemoInput) -> anyhow::Result<usize> {
    let Some(question) = &excerpt.question else {
        say(
            "8. No question is asked: the CSV has no symbol column with a column of closing prices beside it.\n",
        )?;
        return Ok(0);
    };
    let (table, differences) = question::answer(question, objects, input.name());
    say(&format!(
        "8. A question: what is the average {} per {}? Asked of the objects, and of {}.",
        question.close,
        question.symbol,
        input.name()
    ))?;
    say(&format!("{table}\n"))?;
    Ok(differences)
}

fn summarize(verdict: &BucketVerdict, killed_at: usize, elapsed: Duration) -> anyhow::Result<()> {
    say(&format!(
        "rows {} / objects {} / killed once, at {killed_at} objects / missing {} / duplicate {} / unknown {} / dead letters {} \
         in {:.1} s",
        verdict.rows,
        verdict.objects,
        verdict.missing,
        verdict.duplicate,
        verdict.unknown,
        verdict.dead_letters,
        elapsed.as_secs_f64()
    ))
}

fn conclude(verdict: &BucketVerdict, differences: usize, input: &DemoInput) -> anyhow::Result<()> {
    let source = input.name();
    match (verdict.is_clean(), differences) {
        (true, 0) => Ok(()),
        (true, _) => bail!(
            "{differences} averages differ between the objects and {source}; look at the files with --keep"
        ),
        (false, _) => bail!("the bucket is not what {source} says; look at the files with --keep"),
    }
}
