//! Sends records and knows the fate of each.
//!
//! Does not wait for room in the client's queue, but says that there is none. A record that the
//! client takes is counted as sent, and later as acknowledged or failed; any other was not sent.

use std::time::{Duration, Instant};

use kafka::fatal;
use rdkafka::{
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, Producer, PurgeConfig},
    types::RDKafkaErrorCode,
};

use super::{
    connect::{self, Client},
    deliveries::Deliveries,
    pulse::REPORTS,
    settings::client_config,
    target::{Target, shown},
    topic,
};
use crate::{outcome::Failure, source::record::RecordOrigin, stop::StopFlag};

/// Added to the delivery timeout when waiting for the last results: the client looks for overdue
/// records once a second.
const GRACE: Duration = Duration::from_secs(10);

/// The client has no room for a record.
const QUEUE_FULL: KafkaError = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);

/// Records with headers between two calls of [`join_free_blocks`].
const JOIN_EVERY: u64 = 16;

/// One record to send, borrowed from the row it came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
    /// What the headers say, if the record gets any.
    pub(crate) origin: Option<RecordOrigin<'a>>,
}

impl Outgoing<'_> {
    /// The size of key and value.
    pub(crate) fn bytes(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.value.len()
    }
}

/// What became of a record that was given to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The client has taken it.
    Yes,
    /// The client's queue is full: wait a little, then try again.
    NoRoom,
    /// It is larger than `message.max.bytes`; the client will never take it.
    TooLarge,
    /// It is larger than the client's whole queue (`queue.buffering.max.kbytes`); there will never
    /// be room for it.
    LargerThanQueue,
    /// Nobody reads any more what we print; only a dry run has this.
    NoReader,
}

/// A connected Kafka client for one topic.
pub(crate) struct Publisher {
    client: Client,
    deliveries: Deliveries,
    target: Target,
    sent: u64,
}

impl Publisher {
    /// Connects, and creates the topic if it is missing. Returns `None` if a stop was requested
    /// meanwhile.
    pub(crate) fn connect(
        target: &Target,
        deliveries: &Deliveries,
        stop: &StopFlag,
    ) -> Result<Option<Self>, Failure> {
        let mut config = client_config(target);
        if target.reports {
            config.set(REPORTS.0, REPORTS.1);
        }
        target.options.warn();
        let context = deliveries.with_tokens(target.options.tokens());
        let created = config.create_with_context(context);
        let client: Client =
            created.map_err(|error| Failure::Usage(target.options.explain(&error)))?;
        let Some(metadata) = connect::connect(&client, target, stop)? else {
            return Ok(None);
        };
        let Some(partitions) = topic::ensure(&client, target, metadata, stop)? else {
            return Ok(None);
        };
        deliveries.connected(partitions);
        Ok(Some(Self {
            client,
            deliveries: deliveries.clone(),
            target: target.clone(),
            sent: 0,
        }))
    }

    /// Hands one record to the client; never waits.
    pub(crate) fn send(&mut self, record: &Outgoing<'_>) -> Result<Sent, Failure> {
        let mut outgoing = BaseRecord::<[u8], [u8]>::to(&self.target.topic).payload(record.value);
        if let Some(origin) = &record.origin {
            if self.sent.is_multiple_of(JOIN_EVERY) {
                join_free_blocks();
            }
            outgoing = outgoing.headers(headers(origin));
        }
        if let Some(key) = record.key {
            outgoing = outgoing.key(key);
        }
        let taken = match self.client.send(outgoing) {
            // Only this thread sends: if the queue is empty, a second try tells a full queue from a
            // record that never fits.
            Err((QUEUE_FULL, again)) if self.client.in_flight_count() == 0 => {
                let second = self.client.send(again);
                if matches!(second, Err((QUEUE_FULL, _))) {
                    return Ok(Sent::LargerThanQueue);
                }
                second
            }
            first => first,
        };
        match taken {
            Ok(()) => {
                self.sent += 1;
                Ok(Sent::Yes)
            }
            Err((QUEUE_FULL, _)) => Ok(Sent::NoRoom),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                Ok(Sent::TooLarge)
            }
            Err((error, _)) => {
                let cause = fatal::cause(self.client.client());
                Err(Failure::failed(format!(
                    "cannot send to topic {}: {}",
                    self.target.topic,
                    cause.unwrap_or_else(|| self.target.options.explain(&error))
                )))
            }
        }
    }

    pub(crate) fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// Waits until the fate of every record is known, calling `meanwhile` a few times a second.
    pub(crate) fn finish(&self, mut meanwhile: impl FnMut(&Deliveries)) {
        let until = Instant::now() + self.target.delivery_timeout + GRACE;
        let mut is_given_up = false;
        while self.deliveries.acknowledged() + self.deliveries.failed() < self.sent
            && Instant::now() < until
        {
            // An error here only means "not yet": the delivery results are what counts.
            if let Err(error) = self.client.flush(Duration::from_millis(100)) {
                tracing::trace!("still waiting for acknowledgements: {error}");
            }
            // One record has waited for its whole timeout: the others need not wait out theirs.
            if !is_given_up
                && self.deliveries.first_failure() == Some(RDKafkaErrorCode::MessageTimedOut)
            {
                self.client.purge(PurgeConfig::default().queue().inflight());
                is_given_up = true;
            }
            meanwhile(&self.deliveries);
        }
    }

    /// Why the run failed, if a record did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let lost = self.sent - self.deliveries.acknowledged().min(self.sent);
        let reason = match self.deliveries.first_failure() {
            None if lost == 0 => return None,
            Some(code) if code != RDKafkaErrorCode::MessageTimedOut => self.refusal(code),
            _ => format!(
                "no acknowledgement within {} (--delivery-timeout){}",
                shown(self.target.delivery_timeout),
                self.deliveries
                    .last_trouble()
                    .map(|reason| format!(": {reason}"))
                    .unwrap_or_default(),
            ),
        };
        Some(Failure::failed(format!(
            "{lost} of {} records sent to topic {} were not acknowledged: {reason}",
            self.sent, self.target.topic
        )))
    }

    /// Why a record failed with this code.
    fn refusal(&self, code: RDKafkaErrorCode) -> String {
        // After a fatal error the client fails each record with a code that says nothing.
        if let Some(cause) = fatal::cause(self.client.client()) {
            return cause;
        }
        match code {
            RDKafkaErrorCode::MessageSizeTooLarge => {
                "the broker refuses a record as too large; raise max.message.bytes of the topic"
                    .to_owned()
            }
            RDKafkaErrorCode::TopicAuthorizationFailed => {
                "the broker does not allow us to write to the topic".to_owned()
            }
            code => code.to_string(),
        }
    }

    /// Warns when the keys of many records have left partitions empty.
    pub(crate) fn warn_of_empty_partitions(&self) {
        let counts = self.deliveries.per_partition();
        let empty = counts.iter().filter(|&&count| count == 0).count();
        if empty > 0 && self.deliveries.acknowledged() >= 10 * counts.len() as u64 {
            let (topic, all) = (&self.target.topic, counts.len());
            tracing::warn!(
                "{empty} of the {all} partitions of topic {topic} got no record: there are too few different keys to fill them"
            );
        }
    }
}

/// Makes the C library join its small free blocks.
///
/// The client allocates five small blocks for the headers of a record. glibc keeps such blocks,
/// once they are free, in the order of their release and does not join neighbours; after a while
/// the queued records are scattered over memory, and cache misses make each record cost half as
/// much CPU again. A request for a kilobyte or more makes glibc join the free blocks, so that the
/// next records lie side by side. With other allocators this is an allocation like any other.
/// `cargo bench -p producer` shows what it is worth.
fn join_free_blocks() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(4096)));
}

fn headers(origin: &RecordOrigin<'_>) -> OwnedHeaders {
    let mut digits = [0; 20];
    let row = decimal(origin.row, &mut digits);
    let headers = OwnedHeaders::new_with_capacity(3)
        .insert(Header {
            key: "source",
            value: Some(origin.source),
        })
        .insert(Header {
            key: "row",
            value: Some(row),
        });
    match origin.event_time {
        Some(time) => headers.insert(Header {
            key: "event-time",
            value: Some(time),
        }),
        None => headers,
    }
}

/// A number as text, without an allocation.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 7, 10, 104_224, u64::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }
}
