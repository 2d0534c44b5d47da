//! The region for which a token is signed: the brokers' own, as their names say it.

/// A region of AWS, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// For example `eu-west-1`.
    pub name: String,
    /// How it is known; for the log.
    pub origin: RegionOrigin,
}

/// How a region is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionOrigin {
    /// The name of a bootstrap server holds it.
    Broker,
    /// The variable `AWS_REGION`, or `AWS_DEFAULT_REGION`.
    Environment,
}

impl RegionOrigin {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Broker => "from the broker's name",
            Self::Environment => "from AWS_REGION",
        }
    }
}

impl Region {
    /// The region of the brokers: of the first name that holds one, such as
    /// `b-1.market.x1y2z3.c2.kafka.eu-west-1.amazonaws.com` or
    /// `boot-x1y2z3.c1.kafka-serverless.us-east-1.amazonaws.com`; else `given`, which is the value
    /// of the variable.
    ///
    /// # Errors
    /// A sentence when neither is there.
    pub fn of<'h>(
        hosts: impl IntoIterator<Item = &'h str>,
        given: Option<&str>,
    ) -> Result<Self, String> {
        let of_broker = hosts.into_iter().find_map(of_host);
        let region = |name: &str, origin| Self {
            name: name.to_owned(),
            origin,
        };
        let given = given.map(str::trim).filter(|name| !name.is_empty());
        match (of_broker, given) {
            (Some(name), _) => Ok(region(name, RegionOrigin::Broker)),
            (None, Some(name)) if is_region(name) => Ok(region(name, RegionOrigin::Environment)),
            (None, Some(name)) => Err(format!(
                "AWS_REGION is {name:?}, which is no region; write it like eu-west-1"
            )),
            (None, None) => Err(
                "no AWS region is known: the names of the bootstrap servers hold none, so set AWS_REGION to that of the cluster"
                    .to_owned(),
            ),
        }
    }
}

fn of_host(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    labels.windows(3).find_map(|three| match three {
        ["kafka" | "kafka-serverless", region, "amazonaws"] if is_region(region) => Some(*region),
        _ => None,
    })
}

/// Whether this looks like `eu-west-1` or `us-gov-west-1`.
fn is_region(name: &str) -> bool {
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    name.contains('-')
        && name.chars().all(fits)
        && name.ends_with(|last: char| last.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_broker_holds_its_region() {
        for (host, expected) in [
            (
                "b-1.market.x1y2z3.c2.kafka.eu-west-1.amazonaws.com",
                "eu-west-1",
            ),
            (
                "boot-x1y2z3.c1.kafka-serverless.us-east-1.amazonaws.com",
                "us-east-1",
            ),
            (
                "b-2.m.x.c4.kafka.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
            ),
            ("b-2.m.x.c4.kafka.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ] {
            let found = Region::of(["127.0.0.1", host], Some("ap-south-1"));
            let expected = Region {
                name: expected.to_owned(),
                origin: RegionOrigin::Broker,
            };
            assert_eq!(found, Ok(expected));
        }
    }

    #[test]
    fn other_names_leave_it_to_the_environment() {
        let hosts = ["kafka.internal", "kafka.amazonaws.com", "localhost"];
        let found = Region::of(hosts, Some(" eu-central-1 ")).map(|region| region.name);
        assert_eq!(found.as_deref(), Ok("eu-central-1"));
        assert!(Region::of(hosts, None).is_err_and(|error| error.contains("set AWS_REGION")));
        assert!(Region::of(hosts, Some("")).is_err());
        assert!(
            Region::of(hosts, Some("Frankfurt")).is_err_and(|error| error.contains("no region"))
        );
    }
}
