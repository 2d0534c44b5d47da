//! A run from its flags to its summary: start-up, the poll thread, the event loop, the last
//! commits.

use std::{
    cell::Cell,
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bucket::retry::StoreTrouble;
use cli::{
    http::{self, Pages},
    origins::Origins,
    run::Failure,
};
use kafka::{complaints::Complaints, end::LastEnd, settings::KafkaSettings};
use landing::{Engine, engine::ObjectLayout, zone::default_group};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{
    args::Args,
    claims::Claims,
    dead_letters::DeadLetterWatch,
    event_loop::{Ended, EventLoop, Work},
    inspection::Inspector,
    lag::Lag,
    member::{
        context::{MemberContext, Reading},
        messages::{Command, Commit, KafkaEvent},
        poll_thread::PollThread,
    },
    metrics,
    plan::Plan,
    start_up::{self, Started},
    status::{Health, Status},
    store::Store,
    summary::Summary,
    warnings,
};

/// The most events on their way from the poll thread to the loop.
const CHANNEL: usize = 4;

/// Lands records until `stop` resolves, or the goal of `--until-end` is reached, or every partition
/// is stopped.
///
/// `origins` says where each flag's value came from (flag, environment, file, default), for the
/// log. Must be called on a current-thread runtime of its own: the requests to S3 run on it too,
/// which halves their cost.
///
/// # Errors
/// [`Failure::Usage`] before any connection, [`Failure::Failed`] when a start-up check or the Kafka
/// client fails.
pub async fn run(
    args: Args,
    origins: &Origins,
    stop: impl Future<Output = ()>,
) -> Result<Summary, Failure> {
    let plan = Plan::new(args).map_err(Failure::Usage)?;
    land(&plan, origins, stop).await.map_err(Failure::Failed)
}

async fn land(plan: &Plan, origins: &Origins, stop: impl Future<Output = ()>) -> Result<Summary> {
    let began = Instant::now();
    let mut stop = std::pin::pin!(stop);
    let started = tokio::select! {
        started = start_up::start_up(plan, origins) => started?,
        () = &mut stop => return Ok(Summary::new(&Engine::new(plan.engine.clone()), Lag::default(), began.elapsed())),
    };
    let last_poll = Arc::new(Mutex::new(Instant::now()));
    let status = Status::new(
        plan.run.progress_interval,
        longest_wait(&plan.engine.layout),
        last_poll.clone(),
    )
    .with_metrics(plan.run.metrics_addr.is_some());
    let _server = match plan.run.metrics_addr {
        Some(address) => Some(http::serve(address, pages(status.health())?).await?),
        None => None,
    };
    let (commands, orders) = std::sync::mpsc::channel();
    let (tell, events) = tokio::sync::mpsc::channel(CHANNEL);
    let thread = poll_thread(plan, tell, orders, last_poll)?;
    let event_loop = event_loop(plan, started, status, commands.clone(), events);
    let trouble = event_loop.store.trouble().cloned();
    let mut ended = event_loop.run(stop).await?;
    let last_commits = std::mem::take(&mut ended.commits);
    let to_make = match plan.run.dry_run {
        true => Vec::new(),
        false => last_commits.clone(),
    };
    let elapsed = began.elapsed();
    let committed = leave(&commands, thread, to_make, plan.run.drain_deadline).await;
    for commit in last_commits.into_iter().filter(|_| committed) {
        if let Some(last) = ended.last.get_mut(&commit.partition) {
            last.committed = Some(commit.next);
        }
    }
    let summary = summarize(&mut ended, trouble, elapsed);
    Ok(Summary {
        unfinished: summary.unfinished || !committed,
        ..summary
    })
}

/// How long a record may wait before it is sent to the bucket.
fn longest_wait(layout: &ObjectLayout) -> Duration {
    match layout {
        ObjectLayout::PerRecord => Duration::ZERO,
        ObjectLayout::Batched(batching) => batching.max_age,
    }
}

/// The pages of the run: metrics and health.
fn pages(health: Health) -> Result<Pages> {
    let recorder = PrometheusBuilder::new()
        .install_recorder()
        .context("the metrics cannot be set up")?;
    metrics::describe();
    Ok(Pages {
        numbers: Box::new(move || recorder.render()),
        problems: Box::new(move || health.problems()),
    })
}

fn poll_thread(
    plan: &Plan,
    events: tokio::sync::mpsc::Sender<KafkaEvent>,
    commands: std::sync::mpsc::Receiver<Command>,
    last_poll: Arc<Mutex<Instant>>,
) -> Result<std::thread::JoinHandle<()>> {
    let fatal = events.clone();
    let context = MemberContext {
        events,
        drain_deadline: plan.run.drain_deadline,
        topic: plan.zone.topic.clone(),
        commits: !plan.run.dry_run,
        owned: Reading::default(),
        reading: Reading::default(),
        complaints: Complaints::default(),
        end: LastEnd::default(),
        tokens: plan.kafka.options.tokens().cloned(),
    };
    // A dry run must not take partitions away from the real group.
    let group = if plan.run.dry_run {
        format!("{}.dry-run-{}", plan.kafka.group, std::process::id())
    } else {
        plan.kafka.group.clone()
    };
    let settings = KafkaSettings {
        group,
        ..plan.kafka.clone()
    };
    let poller = PollThread::new(&settings, context, commands, last_poll)?;
    let run = move || {
        if let Err(error) = poller.run() {
            fatal
                .blocking_send(KafkaEvent::Fatal(format!("{error:#}")))
                .ok();
        }
    };
    std::thread::Builder::new()
        .name("kafka-poll".to_owned())
        .spawn(run)
        .context("the Kafka thread cannot be started")
}

fn event_loop(
    plan: &Plan,
    started: Started,
    status: Status,
    commands: std::sync::mpsc::Sender<Command>,
    events: tokio::sync::mpsc::Receiver<KafkaEvent>,
) -> EventLoop {
    tracing::info!(
        partitions = started.partitions.len(),
        zone = started.zone.id,
        "joining the group"
    );
    let inspector = Inspector {
        look_up: started.look_up.clone(),
        bucket: started.bucket.clone(),
        prefix: plan.zone.prefix.clone(),
        start: plan.zone.start,
        claims: claims(plan, &started),
        rules: plan.engine_settings(&started.zone),
        derived_group: plan.kafka.group == default_group(&plan.store.bucket, &plan.zone.prefix),
        troubles: status.inspections(),
    };
    let mut engine = Engine::new(plan.engine_settings(&started.zone));
    if plan.run.until_end {
        engine.until_end(started.goals);
    }
    EventLoop {
        engine,
        events,
        commands,
        store: started
            .bucket
            .map_or(Store::Print(Cell::new(false)), Store::Bucket),
        inspector,
        encoder: started.encoder,
        status,
        dead_letters: DeadLetterWatch::new(plan.run.max_dead_letters),
        grace_period: plan.run.grace_period,
        work: Work::default(),
    }
}

/// The claims of a batched zone; `None` in a dry run.
fn claims(plan: &Plan, started: &Started) -> Option<Claims> {
    match (&plan.engine.layout, &started.bucket) {
        (ObjectLayout::Batched(batching), Some(bucket)) => Some(Claims {
            bucket: bucket.clone(),
            prefix: plan.zone.prefix.clone(),
            zone: started.zone.id.clone(),
            batching: batching.clone(),
        }),
        _ => None,
    }
}

fn summarize(ended: &mut Ended, trouble: Option<StoreTrouble>, elapsed: Duration) -> Summary {
    // A short run may end before it looks.
    warnings::warn_once(ended.engine.counts());
    ended.dead_letters.warn_of_most(ended.engine.counts());
    let trouble = trouble.unwrap_or_default();
    let lag = Lag::of(&ended.ends, ended.last.values().copied());
    let summary = Summary::new(&ended.engine, lag, elapsed);
    Summary {
        requests: trouble.requests(),
        retries: trouble.retries(),
        stopped: ended.stopped.clone(),
        too_many_dead_letters: ended.dead_letters.exceeded(ended.engine.counts()),
        unfinished: ended.unfinished,
        ..summary
    }
}

/// Makes the last commits and leaves the group; returns whether the broker accepted them.
///
/// The wait is bounded, because the client may hang when Kafka is gone. Nothing is lost by not
/// waiting: the next start recognises what is durable.
async fn leave(
    commands: &std::sync::mpsc::Sender<Command>,
    thread: std::thread::JoinHandle<()>,
    commits: Vec<Commit>,
    deadline: Duration,
) -> bool {
    let nothing_to_commit = commits.is_empty();
    let (committed, reply) = tokio::sync::oneshot::channel();
    commands.send(Command::Finish { commits, committed }).ok();
    let answer = tokio::time::timeout(deadline + Duration::from_secs(1), reply).await;
    let committed = matches!(answer, Ok(Ok(true)));
    let began = Instant::now();
    while !thread.is_finished() && began.elapsed() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if !committed && !nothing_to_commit {
        tracing::warn!(
            "Kafka did not take the last commit; what is durable will be recognised at the next start"
        );
    }
    committed || nothing_to_commit
}
