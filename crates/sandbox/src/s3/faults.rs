//! Faults on demand: rules that say which requests go wrong, how, and how often.
//!
//! It does not carry out the faults; the gate does, see `gate.rs`.
//!
//! Invariant: a request meets at most one fault, that of the oldest rule that has one left.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503 `SlowDown`; nothing is applied.
    SlowDown,
    /// 503 `ServiceUnavailable`; nothing is applied.
    ServiceUnavailable,
    /// 500 `InternalError`; nothing is applied.
    InternalError,
    /// 409 `ConditionalRequestConflict`, as AWS answers to conditional writes that race; nothing is
    /// applied.
    Conflict,
    /// 403 `AccessDenied`; nothing is applied.
    AccessDenied,
    /// 400 `ExpiredToken`; nothing is applied.
    ExpiredToken,
    /// 200 with a web page, as a proxy or a portal answers in place of the server; nothing is
    /// applied.
    WebPage,
    /// The request is applied, then the connection is closed without an answer.
    LostReply,
    /// The connection is closed at once without an answer, and the request is applied this much
    /// later, conditions and all; never if the server ends first.
    LateApply(Duration),
    /// The request is applied and answered this much later; not at all if the client leaves first.
    Slow(Duration),
    /// The connection is closed without an answer; nothing is applied.
    Reset,
}

impl Fault {
    /// The name under which [`Faults::applied`] counts it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SlowDown => "SlowDown",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::InternalError => "InternalError",
            Self::Conflict => "Conflict",
            Self::AccessDenied => "AccessDenied",
            Self::ExpiredToken => "ExpiredToken",
            Self::WebPage => "WebPage",
            Self::LostReply => "LostReply",
            Self::LateApply(_) => "LateApply",
            Self::Slow(_) => "Slow",
            Self::Reset => "Reset",
        }
    }
}

/// Which requests meet which fault, and how often. A new rule applies to one request, whatever its
/// key.
#[derive(Clone, Debug)]
pub struct Rule {
    operation: String,
    key: String,
    fault: Fault,
    often: Often,
}

#[derive(Clone, Debug)]
enum Often {
    Times(u64),
    Always,
    Chance(f64, fastrand::Rng),
}

impl Rule {
    /// The next request with this operation, by S3's name (`PutObject`, `HeadObject`,
    /// `ListObjectsV2`, …; empty for any).
    pub fn on(operation: &str, fault: Fault) -> Self {
        Self {
            operation: operation.to_owned(),
            key: String::new(),
            fault,
            often: Often::Times(1),
        }
    }

    /// Only requests whose object key holds this text.
    #[must_use]
    pub fn with_key(self, part: &str) -> Self {
        Self {
            key: part.to_owned(),
            ..self
        }
    }

    /// The next `times` requests.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self {
            often: Often::Times(times),
            ..self
        }
    }

    /// Each request, until the rule is removed.
    #[must_use]
    pub fn always(self) -> Self {
        Self {
            often: Often::Always,
            ..self
        }
    }

    /// Each request with this probability (0 to 1), until the rule is removed; the seed fixes the
    /// sequence of throws.
    #[must_use]
    pub fn with_probability(self, probability: f64, seed: u64) -> Self {
        Self {
            often: Often::Chance(probability, fastrand::Rng::with_seed(seed)),
            ..self
        }
    }

    fn throw(&mut self, operation: &str, key: &str) -> Option<Fault> {
        let concerned =
            (self.operation.is_empty() || self.operation == operation) && key.contains(&self.key);
        if !concerned {
            return None;
        }
        let hit = match &mut self.often {
            Often::Times(0) => false,
            Often::Times(left) => {
                *left -= 1;
                true
            }
            Often::Always => true,
            Often::Chance(probability, random) => random.f64() < *probability,
        };
        hit.then_some(self.fault)
    }
}

/// Names an installed rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(u64);

#[derive(Default)]
struct FaultRules {
    next: u64,
    active: BTreeMap<RuleId, Rule>,
    by_rule: BTreeMap<RuleId, u64>,
    by_name: BTreeMap<&'static str, u64>,
}

/// The rules of one server; clones are handles to the same rules.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<FaultRules>>,
}

impl Faults {
    /// Adds a rule after those that are there.
    pub fn install(&self, rule: Rule) -> RuleId {
        let mut rules = self.lock();
        let id = RuleId(rules.next);
        rules.next += 1;
        rules.active.insert(id, rule);
        id
    }

    /// Takes a rule away, and says whether it was there.
    pub fn remove(&self, rule: RuleId) -> bool {
        self.lock().active.remove(&rule).is_some()
    }

    /// Takes all rules away; what was counted stays.
    pub fn clear(&self) {
        self.lock().active.clear();
    }

    /// How many requests this rule has hit so far.
    pub fn hits(&self, rule: RuleId) -> u64 {
        self.lock().by_rule.get(&rule).copied().unwrap_or(0)
    }

    /// How often each fault was applied so far, by [`Fault::name`].
    pub fn applied(&self) -> BTreeMap<&'static str, u64> {
        self.lock().by_name.clone()
    }

    /// The fault that a request meets, counted.
    pub(super) fn meet(&self, operation: &str, key: &str) -> Option<Fault> {
        let mut rules = self.lock();
        let (id, fault) = rules
            .active
            .iter_mut()
            .find_map(|(id, rule)| Some((*id, rule.throw(operation, key)?)))?;
        *rules.by_rule.entry(id).or_default() += 1;
        *rules.by_name.entry(fault.name()).or_default() += 1;
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, FaultRules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_for_its_operation_and_key_as_often_as_it_says() {
        let faults = Faults::default();
        let rule = faults.install(Rule::on("PutObject", Fault::Reset).with_key("dt=").times(2));
        assert_eq!(faults.meet("GetObject", "dt=1"), None);
        assert_eq!(faults.meet("PutObject", "x"), None);
        let met: Vec<_> = (0..3).map(|_| faults.meet("PutObject", "a/dt=1")).collect();
        assert_eq!(met, [Some(Fault::Reset), Some(Fault::Reset), None]);
        assert_eq!(faults.hits(rule), 2);
        assert_eq!(faults.applied(), BTreeMap::from([("Reset", 2)]));
    }

    #[test]
    fn the_oldest_rule_that_has_a_fault_left_wins() {
        let faults = Faults::default();
        faults.install(Rule::on("", Fault::SlowDown));
        let always = faults.install(Rule::on("", Fault::Conflict).always());
        assert_eq!(faults.meet("HeadObject", ""), Some(Fault::SlowDown));
        assert_eq!(faults.meet("HeadObject", ""), Some(Fault::Conflict));
        assert!(faults.remove(always));
        assert_eq!(faults.meet("HeadObject", ""), None);
    }

    #[test]
    fn the_seed_fixes_which_requests_are_hit() {
        let hits = |seed| {
            let faults = Faults::default();
            faults.install(Rule::on("", Fault::Reset).with_probability(0.25, seed));
            (0..1000)
                .map(|_| faults.meet("PutObject", "k").is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(hits(7), hits(7));
        assert_ne!(hits(7), hits(8));
        let share = hits(7).iter().filter(|hit| **hit).count();
        assert!((150..350).contains(&share), "{share} of 1000");
    }
}
