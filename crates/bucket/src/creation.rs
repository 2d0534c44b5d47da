//! Create-once writes and removals for commands that people wait for: repeated for some seconds,
//! not for ever.
//!
//! Only 200 and 412 count as answers to a write.

use anyhow::{Result, anyhow};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;

use crate::{
    answer::{PutAnswer, StoreFailure},
    bucket::Bucket,
    retry::{Backoff, patiently},
};

/// The most keys that S3's `DeleteObjects` takes in one request.
pub const MOST_REMOVED: usize = 1_000;

/// The most requests for keys that S3 does not remove at once.
const TRIES: u32 = 8;

/// Who made the object that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// This request, in an attempt whose reply was lost, or somebody else.
    There,
    /// This request.
    Now,
}

/// A key that was not removed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRemoved {
    /// The key.
    pub key: String,
    /// S3's error code and message.
    pub reason: String,
}

impl Bucket {
    /// Writes an object unless there is one; repeats the request for some seconds.
    ///
    /// # Errors
    /// When S3 refuses or keeps failing; the message names the key.
    pub async fn create_patiently(&self, key: &str, body: Bytes) -> Result<Created> {
        let created = self.try_create(key, body).await;
        created
            .map_err(|failure| anyhow!("s3://{}/{key} cannot be written: {failure}", self.name()))
    }

    /// [`Self::create_patiently`], for callers that explain the failure themselves.
    ///
    /// # Errors
    /// The last failure.
    pub async fn try_create(&self, key: &str, body: Bytes) -> Result<Created, StoreFailure> {
        patiently(async || match self.create(key, body.clone(), &[]).await {
            PutAnswer::Stored => Ok(Created::Now),
            PutAnswer::Exists => Ok(Created::There),
            PutAnswer::Failed(failure) => Err(failure),
        })
        .await
    }

    /// Removes at most [`MOST_REMOVED`] objects and returns those that S3 did not remove. An object
    /// that does not exist counts as removed.
    ///
    /// # Errors
    /// When S3 refuses the whole request or keeps failing.
    pub async fn remove(&self, keys: &[String]) -> Result<Vec<NotRemoved>> {
        let mut left = keys.to_vec();
        let mut backoff = Backoff::default();
        for tries in 1.. {
            let removed = patiently(|| self.remove_once(&left)).await;
            let refused = removed.map_err(|failure| {
                let key = left.first().map_or("", String::as_str);
                anyhow!(
                    "s3://{}/{key} and others cannot be removed: {failure}",
                    self.name
                )
            })?;
            let for_good = refused
                .iter()
                .all(|one| one.reason.starts_with("AccessDenied"));
            if for_good || tries == TRIES {
                return Ok(refused);
            }
            left = refused.into_iter().map(|one| one.key).collect();
            backoff.wait().await;
        }
        Ok(Vec::new())
    }

    async fn remove_once(&self, keys: &[String]) -> Result<Vec<NotRemoved>, StoreFailure> {
        let object = |key: &String| ObjectIdentifier::builder().key(key).build();
        let objects: Result<Vec<_>, _> = keys.iter().map(object).collect();
        let delete = objects.and_then(|objects| {
            Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build()
        });
        let delete = delete.map_err(|error| StoreFailure::local(&error.to_string()))?;
        let request = self
            .client
            .delete_objects()
            .bucket(&self.name)
            .delete(delete);
        let answer = request
            .send()
            .await
            .map_err(|error| StoreFailure::of(&error))?;
        let refused = answer.errors.unwrap_or_default().into_iter();
        let refused = refused.map(|error| NotRemoved {
            key: error.key.unwrap_or_default(),
            reason: format!(
                "{}: {}",
                error.code.unwrap_or_default(),
                error.message.unwrap_or_default()
            ),
        });
        Ok(refused.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        sync::{Arc, Mutex},
    };

    use aws_sdk_s3::{
        Client,
        config::{BehaviorVersion, Config, Credentials, Region},
    };

    use super::*;

    /// Reads one request and returns the keys in it.
    fn keys(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let keys = body.split("<Key>").skip(1);
        Some(
            keys.map(|key| key.split('<').next().unwrap().to_owned())
                .collect(),
        )
    }

    /// Removes three keys from a server that answers each request with the next list of refusals, a
    /// key and a code each. Returns what was not removed, and the keys of each request.
    async fn remove(
        refusals: Vec<Vec<(&'static str, &'static str)>>,
    ) -> (Vec<NotRemoved>, Vec<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            let mut refusals = refusals.into_iter();
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                while let Some(keys) = keys(&mut stream) {
                    seen.lock().unwrap().push(keys);
                    let refused = refusals.next().unwrap_or_default().into_iter();
                    let errors: String = refused
                        .map(|(key, code)| format!("<Error><Key>{key}</Key><Code>{code}</Code><Message>m</Message></Error>"))
                        .collect();
                    let body = format!("<DeleteResult>{errors}</DeleteResult>");
                    let length = body.len();
                    write!(
                        stream.get_mut(),
                        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
                    )
                    .unwrap();
                }
            }
        });
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .force_path_style(true);
        let bucket = Bucket::new(Client::from_conf(config.build()), "b");
        let keys = ["a", "b", "c"].map(str::to_owned);
        let refused = bucket.remove(&keys).await.unwrap();
        let requests = requests.lock().unwrap().clone();
        (refused, requests)
    }

    #[tokio::test]
    async fn keys_that_were_refused_in_passing_are_tried_again_and_no_others() {
        let refusals = vec![
            vec![("b", "InternalError"), ("c", "SlowDown")],
            vec![("c", "SlowDown")],
        ];
        let (refused, requests) = remove(refusals).await;
        assert_eq!(refused, []);
        assert_eq!(requests, [vec!["a", "b", "c"], vec!["b", "c"], vec!["c"]]);
    }

    #[tokio::test]
    async fn keys_that_may_not_be_removed_are_named_at_once() {
        let (refused, requests) = remove(vec![vec![("b", "AccessDenied")]]).await;
        let expected = NotRemoved {
            key: "b".to_owned(),
            reason: "AccessDenied: m".to_owned(),
        };
        assert_eq!((refused, requests.len()), (vec![expected], 1));
    }
}
