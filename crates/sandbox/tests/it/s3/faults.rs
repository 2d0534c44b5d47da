//! Each fault as a client meets it: in the server itself, and in a relay in front of it.

use std::time::Duration;

use aws_sdk_s3::{error::SdkError, operation::put_object::PutObjectError};
use sandbox::{Fault, Rule};

use crate::s3::common::{Bench, answer, refused};

/// Long against the milliseconds that a request takes, so that a busy machine does not turn the
/// order around.
const LATE: Duration = Duration::from_secs(2);

async fn put(bench: &Bench, key: &str) -> Result<(), SdkError<PutObjectError>> {
    let put = bench.put(key, "body").if_none_match("*");
    put.send().await.map(drop)
}

async fn no_answer(bench: &Bench, key: &str) -> bool {
    let sent = put(bench, key).await;
    matches!(
        sent,
        Err(SdkError::DispatchFailure(_) | SdkError::ResponseError(_))
    )
}

#[tokio::test]
async fn the_faults_that_answer_do_so_once_and_apply_nothing() {
    for bench in Bench::both() {
        let faults = bench.faults();
        for (fault, status, code) in [
            (Fault::SlowDown, 503, "SlowDown"),
            (Fault::ServiceUnavailable, 503, "ServiceUnavailable"),
            (Fault::InternalError, 500, "InternalError"),
            (Fault::Conflict, 409, "ConditionalRequestConflict"),
            (Fault::AccessDenied, 403, "AccessDenied"),
            (Fault::ExpiredToken, 400, "ExpiredToken"),
        ] {
            let rule = faults.install(Rule::on("PutObject", fault));
            assert_eq!(refused(put(&bench, code)).await, answer(status, code));
            assert_eq!(bench.stored(code), None);
            put(&bench, code).await.unwrap();
            assert_eq!((faults.hits(rule), faults.applied()[fault.name()]), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_reset_applies_nothing() {
    for bench in Bench::both() {
        bench.faults().install(Rule::on("PutObject", Fault::Reset));
        assert!(no_answer(&bench, "k").await);
        assert_eq!(bench.stored("k"), None);
        put(&bench, "k").await.unwrap();
    }
}

#[tokio::test]
async fn after_a_lost_reply_the_condition_finds_the_same_body() {
    for bench in Bench::both() {
        let rule = Rule::on("PutObject", Fault::LostReply).with_key("dt=");
        bench.faults().install(rule);
        put(&bench, "other").await.unwrap();
        assert!(no_answer(&bench, "dt=1/k").await);
        let retry = refused(put(&bench, "dt=1/k")).await;
        assert_eq!(retry, answer(412, "PreconditionFailed"));
        assert_eq!(bench.stored("dt=1/k").unwrap(), b"body");
    }
}

#[tokio::test]
async fn a_late_put_arrives_after_its_connection_was_closed() {
    for bench in Bench::both() {
        let rule = Rule::on("PutObject", Fault::LateApply(LATE));
        bench.faults().install(rule);
        assert!(no_answer(&bench, "k").await);
        assert_eq!(bench.stored("k"), None);
        for _ in 0..1000 {
            if bench.stored("k").is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(bench.stored("k").unwrap(), b"body");
    }
}

#[tokio::test]
async fn a_late_put_loses_against_the_retry_that_overtook_it() {
    for bench in Bench::both() {
        let rule = Rule::on("PutObject", Fault::LateApply(LATE));
        bench.faults().install(rule);
        assert!(no_answer(&bench, "k").await);
        let retry = bench.put("k", "retry").if_none_match("*");
        retry.send().await.unwrap();
        tokio::time::sleep(LATE + LATE / 4).await;
        assert_eq!(bench.s3.requests("PutObject"), 2);
        assert_eq!(bench.stored("k").unwrap(), b"retry");
    }
}

#[tokio::test]
async fn a_slow_request_is_applied_but_not_when_the_client_leaves() {
    for bench in Bench::both() {
        let faults = bench.faults();
        let short = Fault::Slow(Duration::from_millis(50));
        faults.install(Rule::on("PutObject", short));
        put(&bench, "k").await.unwrap();
        let rule = faults.install(Rule::on("PutObject", Fault::Slow(LATE)));
        let left = tokio::time::timeout(LATE / 8, put(&bench, "left")).await;
        assert!(left.is_err());
        assert_eq!(faults.hits(rule), 1);
        tokio::time::sleep(LATE + LATE / 4).await;
        assert_eq!(bench.stored("left"), None);
    }
}

#[tokio::test]
async fn a_web_page_looks_like_a_success_and_nothing_is_applied() {
    for bench in Bench::both() {
        let rule = Rule::on("PutObject", Fault::WebPage);
        let rule = bench.faults().install(rule);
        let put = bench.put("k", "body").if_none_match("*");
        let answered = put.send().await.unwrap();
        assert_eq!(answered.e_tag(), None);
        assert_eq!(bench.faults().hits(rule), 1);
        assert_eq!(bench.stored("k"), None);
    }
}

#[tokio::test]
async fn faults_hit_reads_and_listings_as_well() {
    for bench in Bench::both() {
        put(&bench, "k").await.unwrap();
        let faults = bench.faults();
        faults.install(Rule::on("", Fault::SlowDown).times(3));
        assert_eq!(refused(bench.head("k").send()).await.0, 503);
        assert_eq!(refused(bench.get("k").send()).await.0, 503);
        assert_eq!(refused(bench.list().send()).await.0, 503);
        assert!(bench.head("k").send().await.is_ok());
        faults.install(Rule::on("", Fault::SlowDown).always());
        assert_eq!(refused(bench.head("k").send()).await.0, 503);
        faults.clear();
        assert!(bench.head("k").send().await.is_ok());
    }
}
