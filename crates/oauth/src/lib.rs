//! Hands an OAUTHBEARER token to a Kafka client that nobody polls.
//!
//! librdkafka asks for a token with an event on the client's main queue. rdkafka answers it where a
//! consumer or a producer is polled; its admin client polls only a queue of its own, and a client
//! for questions is polled only while it reads. Such a client waits for its token for ever, so it
//! gets one before it is asked.
//!
//! This is the one place with `unsafe` in the repository: rdkafka has the call only in its C
//! bindings.

use std::{
    ffi::{CStr, CString, c_char},
    ptr,
};

use rdkafka::{
    bindings::rd_kafka_oauthbearer_set_token,
    client::{Client, ClientContext, OAuthToken},
    types::RDKafkaRespErr,
};

/// Room for what librdkafka says about a token that it does not take.
const ERROR_TEXT: usize = 512;

/// Gives the client this token, in place of the one it has. Does not connect.
///
/// # Errors
/// A sentence when the client takes no such token: it does not use OAUTHBEARER, or the token has
/// expired or holds a sign that it may not hold. The token is not in the sentence.
pub fn set_token<C: ClientContext>(client: &Client<C>, token: &OAuthToken) -> Result<(), String> {
    let text =
        |text: &str| CString::new(text).map_err(|_| "the token holds a zero byte".to_owned());
    let (value, principal) = (text(&token.token)?, text(&token.principal_name)?);
    let mut error: [c_char; ERROR_TEXT] = [0; ERROR_TEXT];
    // SAFETY: the client outlives the call, because it is borrowed. Both texts end with a zero and
    // outlive the call, which copies them. There are no extensions, and their number is 0. The
    // buffer is as long as the call is told.
    #[allow(unsafe_code, reason = "rdkafka has no safe call for this")]
    let code = unsafe {
        rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            error.as_mut_ptr(),
            error.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let bytes: Vec<u8> = error.iter().map(|sign| sign.to_ne_bytes()[0]).collect();
    let said = CStr::from_bytes_until_nul(&bytes).map(CStr::to_string_lossy);
    Err(said.unwrap_or_default().into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail at any step")]
mod tests {
    use rdkafka::{
        ClientConfig,
        admin::AdminClient,
        client::DefaultClientContext,
        producer::{BaseProducer, Producer},
    };

    use super::*;

    fn token(lifetime_ms: i64) -> OAuthToken {
        OAuthToken {
            token: "a.b.c".to_owned(),
            principal_name: "nobody".to_owned(),
            lifetime_ms,
        }
    }

    #[test]
    fn an_admin_client_takes_a_token_and_no_expired_one() {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", "127.0.0.1:1")
            .set("security.protocol", "SASL_SSL")
            .set("sasl.mechanism", "OAUTHBEARER");
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        assert_eq!(set_token(admin.inner(), &token(i64::MAX / 1000)), Ok(()));
        let refusal = set_token(admin.inner(), &token(1)).unwrap_err();
        assert!(refusal.contains("unexpired"), "{refusal}");
    }

    #[test]
    fn a_client_with_another_mechanism_takes_none() {
        let producer: BaseProducer = ClientConfig::new().create().unwrap();
        let refusal = set_token(producer.client(), &token(i64::MAX / 1000)).unwrap_err();
        assert!(refusal.contains("not the configured"), "{refusal}");
    }
}
