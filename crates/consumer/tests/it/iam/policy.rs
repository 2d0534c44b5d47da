//! The policies of `infra/iam`, and what is left of them without one grant.

use std::path::Path;

use serde_json::Value;

/// The bucket that the files name.
const BUCKET: &str = "kafka-stock-market-project";

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) action: String,
    pub(crate) resource: String,
}

/// The policy of this file, as it is.
pub(crate) fn policy(file: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/iam");
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The same for another bucket; nothing but the name is replaced.
pub(crate) fn in_bucket(policy: &Value, bucket: &str) -> Value {
    let text = policy.to_string();
    assert!(text.contains(BUCKET), "{text}");
    serde_json::from_str(&text.replace(BUCKET, bucket)).unwrap()
}

/// What it grants on S3. Moto has no Kafka, so nothing asks for the rest.
pub(crate) fn grants(policy: &Value) -> Vec<Grant> {
    let mut grants = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        for grant in pairs(statement) {
            assert!(!grants.contains(&grant), "{grant:?} is granted twice");
            if grant.action.starts_with("s3:") {
                grants.push(grant);
            }
        }
    }
    assert!(!grants.is_empty());
    grants
}

impl Grant {
    /// The same for another bucket.
    pub(crate) fn in_bucket(&self, bucket: &str) -> Self {
        Self {
            resource: self.resource.replace(BUCKET, bucket),
            ..self.clone()
        }
    }
}

/// The policy without this grant, and with all others.
pub(crate) fn without(policy: &Value, grant: &Grant) -> Value {
    let mut left = policy.clone();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let kept = statements.flat_map(|statement| {
        let kept = pairs(statement).into_iter().filter(|pair| pair != grant);
        kept.map(|pair| {
            let mut one = statement.clone();
            one["Action"] = pair.action.into();
            one["Resource"] = pair.resource.into();
            // Its name would be there twice.
            one.as_object_mut().unwrap().remove("Sid");
            one
        })
    });
    left["Statement"] = kept.collect();
    left
}

fn pairs(statement: &Value) -> Vec<Grant> {
    let actions = strings(&statement["Action"]);
    let resources = strings(&statement["Resource"]);
    let pair = |action: &str| {
        let action = action.to_owned();
        resources.iter().map(move |resource| Grant {
            action: action.clone(),
            resource: (*resource).to_owned(),
        })
    };
    actions.iter().flat_map(|action| pair(action)).collect()
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => panic!("{value} is neither a text nor a list"),
    }
}

#[test]
fn one_grant_is_taken_out_and_no_other() {
    tidy::servers::sandbox_only("it needs no server");
    let policy = policy("consumer.json");
    let all = grants(&policy);
    assert_eq!(all.len(), 5);
    for grant in &all {
        let mut expected = all.clone();
        expected.retain(|other| other != grant);
        let left = without(&policy, grant);
        assert_eq!(grants(&left), expected);
        assert_eq!(
            left.to_string().matches("s3:prefix").count(),
            usize::from(grant.action != "s3:ListBucket")
        );
    }
}
