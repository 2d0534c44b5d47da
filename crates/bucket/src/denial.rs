//! What IAM did not allow: the action and the resource of a refused request, and the statement that
//! allows it.
//!
//! AWS names both in its answer ("User: … is not authorized to perform: s3:PutObject on resource:
//! …") where request and bucket are of one account or organisation, and its word counts: a GET of a
//! key that does not exist, for instance, fails for want of `s3:ListBucket`. Elsewhere the request
//! says what it needed. The statement covers the zone's folder, not the one object.

use std::fmt;

use landing::layout::Prefix;
use serde_json::json;

/// How IAM calls a bucket, and which landing zones in it are worked with.
#[derive(Clone, Debug)]
pub(crate) struct BucketResources {
    /// `arn:aws:s3:::{bucket}`
    arn: String,
    zones: Vec<Prefix>,
}

impl BucketResources {
    /// Those of this bucket; the region tells the part of AWS.
    pub(crate) fn new(region: &str, bucket: &str) -> Self {
        Self {
            arn: format!("arn:{}:s3:::{bucket}", partition_of(region)),
            zones: Vec::new(),
        }
    }

    /// The same, with these zones.
    pub(crate) fn with_zones(&self, zones: Vec<Prefix>) -> Self {
        Self {
            zones,
            ..self.clone()
        }
    }
}

/// A kind of request, with what it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request<'k> {
    /// `ListObjectsV2` of this prefix.
    List(&'k str),
    /// `GetObject` of this key.
    Read(&'k str),
    /// `PutObject` of this key.
    Write(&'k str),
    /// `DeleteObject` of this key.
    Remove(&'k str),
    /// `CreateBucket`.
    MakeBucket,
}

impl Request<'_> {
    /// The action that allows it: "Actions, resources, and condition keys for Amazon S3" in the
    /// service authorization reference.
    fn action(self) -> &'static str {
        match self {
            Self::List(_) => "s3:ListBucket",
            Self::Read(_) => "s3:GetObject",
            Self::Write(_) => "s3:PutObject",
            Self::Remove(_) => "s3:DeleteObject",
            Self::MakeBucket => "s3:CreateBucket",
        }
    }

    fn key(self) -> Option<String> {
        match self {
            Self::Read(key) | Self::Write(key) | Self::Remove(key) => Some(key.to_owned()),
            Self::List(_) | Self::MakeBucket => None,
        }
    }
}

/// What was not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// For example `s3:PutObject`.
    pub action: String,
    /// Its ARN, as exact as the request was.
    pub resource: String,
    /// Whether the store itself named action and resource.
    pub named_by_store: bool,
    /// The bucket's ARN, where a missing `s3:ListBucket` on it would look the same.
    or_list: Option<String>,
    /// The statement to add, in JSON on one line; `None` where a `Deny` does it.
    statement: Option<String>,
    /// The policy that the statement belongs to.
    policy: &'static str,
}

impl Denial {
    /// What the request lacked at this bucket, whose store said `message`.
    pub(crate) fn of(bucket: &BucketResources, request: Request<'_>, message: &str) -> Self {
        let arn = &bucket.arn;
        let named = named(message);
        let named_by_store = named.is_some();
        let (action, resource) = named.unwrap_or_else(|| {
            let resource = match request.key() {
                Some(key) => format!("{arn}/{key}"),
                None => arn.clone(),
            };
            (request.action().to_owned(), resource)
        });
        let is_unsure = matches!(request, Request::Read(_)) && !named_by_store;
        let statement = statement(bucket, &action, &resource, request);
        Self {
            or_list: is_unsure.then(|| arn.clone()),
            statement: (!message.contains("explicit deny")).then_some(statement),
            policy: policy(message),
            action,
            resource,
            named_by_store,
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action, resource, ..
        } = self;
        if !self.named_by_store {
            write!(f, "{action} on {resource} is not allowed")?;
            if let Some(bucket) = &self.or_list {
                write!(
                    f,
                    " (or s3:ListBucket on {bucket}, where there is no such object)"
                )?;
            }
            f.write_str("; ")?;
        }
        match &self.statement {
            Some(statement) => write!(f, "add {statement} to {}", self.policy),
            None => f.write_str("a Deny does it, which no Allow outweighs: take it out"),
        }
    }
}

/// Action and resource, if the message names them: "… is not authorized to perform: s3:GetObject on
/// resource: "arn:aws:s3:::bucket/key" because …", with or without the quotes.
fn named(message: &str) -> Option<(String, String)> {
    let (_, rest) = message.split_once("is not authorized to perform: ")?;
    let (action, rest) = rest.split_once(" on resource: ")?;
    let resource = match rest.strip_prefix('"') {
        Some(rest) => rest.split('"').next()?,
        None => rest.split(' ').next()?,
    };
    let is_action = action.contains(':') && !action.contains(' ');
    (is_action && resource.starts_with("arn:")).then(|| (action.to_owned(), resource.to_owned()))
}

/// Which policy has to allow it: AWS says "because no session policy allows the … action".
fn policy(message: &str) -> &'static str {
    let kinds = [
        ("no session policy", "the session policy"),
        ("no permissions boundary", "the permissions boundary"),
        (
            "no service control policy",
            "the organisation's service control policy",
        ),
        (
            "no resource control policy",
            "the organisation's resource control policy",
        ),
        ("no VPC endpoint policy", "the policy of the VPC endpoint"),
        (
            "no resource-based policy",
            "the policy of the bucket or key",
        ),
    ];
    let named = kinds.iter().find(|(said, _)| message.contains(said));
    named.map_or("the policy of this user or role", |(_, policy)| policy)
}

/// A statement that allows the action on the folder that the resource lies in; a list is confined
/// to the zone, as in `infra/iam`.
fn statement(
    bucket: &BucketResources,
    action: &str,
    resource: &str,
    request: Request<'_>,
) -> String {
    let BucketResources { arn, zones } = bucket;
    let within = |text: &str| {
        let folders = zones.iter().flat_map(folders);
        let holding = folders.filter(|(folder, _)| text.starts_with(folder.as_str()));
        // Of nested zones the inner one.
        holding.max_by_key(|(folder, _)| folder.len())
    };
    let key = resource
        .strip_prefix(arn.as_str())
        .and_then(|rest| rest.strip_prefix('/'));
    let resource = match key.and_then(within) {
        Some((folder, _)) => format!("{arn}/{folder}*"),
        None => resource.to_owned(),
    };
    let asked = match request {
        Request::List(prefix) => within(prefix),
        Request::Read(key) | Request::Write(key) | Request::Remove(key) => within(key),
        Request::MakeBucket => None,
    };
    let condition = asked.filter(|_| action == "s3:ListBucket");
    let condition = condition.map(|(_, zone)| {
        let prefixes = folders(zone).map(|(folder, _)| format!("{folder}*"));
        json!({ "StringLike": { "s3:prefix": prefixes } })
    });
    // In the order in which people write them.
    let mut fields = vec![
        format!("\"Effect\":{}", json!("Allow")),
        format!("\"Action\":{}", json!(action)),
        format!("\"Resource\":{}", json!(resource)),
    ];
    fields.extend(condition.map(|condition| format!("\"Condition\":{condition}")));
    format!("{{{}}}", fields.join(","))
}

/// The part of AWS that a region belongs to, as ARNs name it.
fn partition_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// The two folders of a zone: its data and its own objects.
fn folders(zone: &Prefix) -> [(String, &Prefix); 2] {
    let data = zone.data_folder();
    let control = format!("_control/{data}");
    [(data, zone), (control, zone)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(request: Request<'_>, message: &str) -> String {
        let zones = ["stock-market/json", "stock-market/json/inner"];
        let zones = zones.map(|zone| zone.parse().unwrap()).to_vec();
        let bucket = BucketResources::new("us-east-1", "b").with_zones(zones);
        Denial::of(&bucket, request, message).to_string()
    }

    #[test]
    fn the_request_says_what_it_lacked_where_the_store_does_not() {
        let write = said(
            Request::Write("stock-market/json/dt=1/a.json"),
            "Access Denied",
        );
        assert_eq!(
            write,
            "s3:PutObject on arn:aws:s3:::b/stock-market/json/dt=1/a.json is not allowed; add \
             {\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::b/stock-market/json/*\"} to the policy of this user \
             or role"
        );
        let control = said(Request::Write("_control/stock-market/json/inner/probe"), "");
        assert!(
            control.contains("\"arn:aws:s3:::b/_control/stock-market/json/inner/*\""),
            "{control}"
        );
        let read = said(Request::Read("elsewhere/a"), "");
        assert!(
            read.contains("s3:GetObject on")
                && read.contains("or s3:ListBucket on arn:aws:s3:::b,")
                && read.contains("\"Resource\":\"arn:aws:s3:::b/elsewhere/a\""),
            "{read}"
        );
        let list = said(Request::List("_control/stock-market/json/claims/"), "");
        assert!(
            list.contains(
                "\"s3:prefix\":[\"stock-market/json/*\",\"_control/stock-market/json/*\"]"
            ) && list.contains("\"Resource\":\"arn:aws:s3:::b\","),
            "{list}"
        );
        assert!(said(Request::Remove("a"), "").contains("s3:DeleteObject"));
        assert!(said(Request::MakeBucket, "").contains("s3:CreateBucket on arn:aws:s3:::b is"));
    }

    #[test]
    fn what_aws_names_counts_and_is_not_said_twice() {
        let message = |action: &str, resource: &str, because: &str| {
            format!(
                "User: arn:aws:iam::123456789012:user/x is not authorized to perform: {action} on resource: {resource} {because}"
            )
        };
        let key = Request::Read("stock-market/json/dt=1/a.json");
        let list = message(
            "s3:ListBucket",
            "\"arn:aws:s3:::b\"",
            "because no identity-based policy allows the s3:ListBucket action",
        );
        let list = said(key, &list);
        assert!(
            list.starts_with("add {\"Effect\":\"Allow\",\"Action\":\"s3:ListBucket\",")
                && list.contains("\"Condition\":{\"StringLike\"")
                && list.ends_with("to the policy of this user or role"),
            "{list}"
        );
        let get = message(
            "s3:GetObject",
            "\"arn:aws:s3:::b/stock-market/json/dt=1/a.json\"",
            "because no permissions boundary allows the s3:GetObject action",
        );
        let get = said(key, &get);
        assert!(
            get.contains("\"arn:aws:s3:::b/stock-market/json/*\"")
                && get.ends_with("to the permissions boundary"),
            "{get}"
        );
        let kms = "arn:aws:kms:us-east-1:123456789012:key/1";
        let kms = message(
            "kms:GenerateDataKey",
            kms,
            "because no identity-based policy",
        );
        let kms = said(Request::Write("stock-market/json/a"), &kms);
        assert!(
            kms.contains("\"Action\":\"kms:GenerateDataKey\"") && kms.contains(":key/1\"}"),
            "{kms}"
        );
        let deny = message(
            "s3:PutObject",
            "\"arn:aws:s3:::b/a\"",
            "with an explicit deny in a resource-based policy",
        );
        let deny = said(Request::Write("a"), &deny);
        assert!(deny.contains("Deny") && !deny.contains("Effect"), "{deny}");
    }

    #[test]
    fn partitions_of_aws_have_their_own_names() {
        for (region, expected) in [
            ("eu-west-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
        ] {
            assert_eq!(partition_of(region), expected);
        }
    }
}
