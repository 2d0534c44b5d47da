//! Why a client cannot go on. After a fatal error each call fails with `Local: Fatal error` or
//! `PurgeQueue`; only the client itself still knows the cause.

use rdkafka::{ClientContext, client::Client, error::RDKafkaErrorCode};

/// The cause of the client's fatal error in words, with the client's own text; `None` when it had
/// none.
#[must_use]
pub fn cause<C: ClientContext>(client: &Client<C>) -> Option<String> {
    client
        .fatal_error()
        .map(|(code, text)| described(code, &text))
}

fn described(code: RDKafkaErrorCode, text: &str) -> String {
    let words = match code {
        RDKafkaErrorCode::ClusterAuthorizationFailed
        | RDKafkaErrorCode::TransactionalIdAuthorizationFailed => {
            "this user may not write idempotently: it needs WRITE on the topic, and with brokers \
             before 2.8 also IDEMPOTENT_WRITE on the cluster"
        }
        RDKafkaErrorCode::ProducerFenced
        | RDKafkaErrorCode::InvalidProducerEpoch
        | RDKafkaErrorCode::Fenced => "the broker fenced this producer: another one has its id",
        RDKafkaErrorCode::FencedInstanceId => {
            "the broker fenced this member: another one has its group.instance.id"
        }
        RDKafkaErrorCode::UnsupportedFeature => "the broker is too old for this client",
        _ => return text.to_owned(),
    };
    format!("{words} ({text})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_words_and_the_clients_own_text() {
        let fenced = described(RDKafkaErrorCode::FencedInstanceId, "static consumer fenced");
        assert!(
            fenced.contains("group.instance.id (static consumer fenced)"),
            "{fenced}"
        );
        let other = described(RDKafkaErrorCode::OutOfOrderSequenceNumber, "gap at 7");
        assert_eq!(other, "gap at 7");
    }
}
