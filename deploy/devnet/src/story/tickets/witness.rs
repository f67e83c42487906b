//! Watches the operators' runways, the exits and the chain, and says what is new since it last looked.

use super::super::exits::{self, ExitsWitness, News, Sight, merge, push};
use super::super::fact::Fact;
use super::{NORTH, Operator, SOUTH};
use crypto::registration::Verdict;
use crypto::spec::Epoch;
use guardian_core::message::Decision;
use guardian_core::proposal::State;
use guardian_core::status::{OperatorStatus, ProposalStatus, Standing, StatusSnapshot};
use std::collections::HashSet;

/// Runways from this many epochs on are not worth a line.
const LONG: u64 = 6;

/// What was told already, beside what is told of the exits.
pub(super) struct TicketWitness {
    exits: ExitsWitness,
    short: HashSet<&'static str>,
    topped_up: bool,
    funded: usize,
    settled: usize,
    proposed: bool,
}

impl TicketWitness {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self {
            exits: ExitsWitness::new(names, &SOUTH.validators),
            short: HashSet::new(),
            topped_up: false,
            funded: 0,
            settled: 0,
            proposed: false,
        }
    }

    /// Whether a guardian has called this operator short of tickets.
    pub(super) fn is_short(&self, operator: &Operator) -> bool {
        self.short.contains(operator.name)
    }

    /// From now on the top-up may be seen.
    pub(super) fn expect_top_up(&mut self) {
        self.topped_up = true;
    }

    /// The epoch whose finality covers the exits, when every guardian has seen that and the top-up.
    pub(super) fn ended(&self) -> Option<Epoch> {
        let all = self.exits.names().len();
        self.exits.finalized().filter(|_| self.settled == all && self.funded == all)
    }

    /// What has to happen next.
    pub(super) fn waiting_for(&self) -> &'static str {
        if self.exits.finalized().is_some() {
            "every guardian to see the exits and the top-up finalized"
        } else if let Some(next) = self.exits.waiting_for() {
            next
        } else if self.proposed {
            "enough votes and the release"
        } else if self.topped_up {
            "the grace period of the other operator to end"
        } else if self.exits.is_fresh() {
            "the registrations to be finalized"
        } else {
            "the tickets to run out"
        }
    }

    /// Everything new, in an order in which it can have happened.
    pub(super) fn look(&mut self, statuses: &[Option<StatusSnapshot>], sight: &Sight) -> Vec<News> {
        let mut news = Vec::new();
        self.look_at_registrations(statuses, &mut news);
        self.look_at_runways(statuses, &mut news);
        self.look_at_proposals(statuses, &mut news);
        self.exits.look_at_chain(sight, &mut news);
        self.look_at_ends(statuses, &mut news);
        news
    }

    fn look_at_registrations(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let validators = NORTH.validators.len() + SOUTH.validators.len();
        let who = self.exits.first_time("shares", statuses, |status| {
            status.registrations.iter().filter(|found| found.verdict == Verdict::Accepted).count()
                >= validators
        });
        push(news, who, Fact::SharesTaken { validators });
    }

    fn look_at_runways(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        for operator in [NORTH, SOUTH] {
            let account = |status: &StatusSnapshot| {
                status.operators.iter().find(|found| found.operator == operator.address()).cloned()
            };
            let shown: Vec<OperatorStatus> = statuses.iter().flatten().filter_map(account).collect();
            let runway = |account: &OperatorStatus| account.runway.and_then(|runway| runway.floor);
            let mut lengths: Vec<u64> =
                shown.iter().filter_map(runway).filter(|epochs| (1..LONG).contains(epochs)).collect();
            lengths.sort_unstable_by(|a, b| b.cmp(a));
            lengths.dedup();
            for epochs in lengths {
                let Some(found) = shown.iter().find(|shown| runway(shown) == Some(epochs)) else { continue };
                let what = format!("runway {} {epochs}", operator.name);
                let who = self.exits.first_time(&what, statuses, |status| {
                    account(status).is_some_and(|shown| runway(&shown) == Some(epochs))
                });
                let fact = Fact::Runway {
                    operator: operator.name.into(),
                    present: found.present,
                    active: found.active,
                    epochs,
                };
                push(news, who, fact);
            }
            let is_short = |shown: &OperatorStatus| matches!(shown.standing, Standing::Short | Standing::Due);
            if let Some(found) = shown.iter().find(|shown| is_short(shown)) {
                self.short.insert(operator.name);
                let who = self.exits.first_time(&format!("short {}", operator.name), statuses, |status| {
                    account(status).is_some_and(|shown| is_short(&shown))
                });
                let fact =
                    Fact::Short { operator: operator.name.into(), present: found.present, due: found.due };
                push(news, who, fact);
            }
            if operator.name == NORTH.name && self.topped_up {
                // More than it ever had before.
                let is_funded = |shown: &OperatorStatus| {
                    let floor = super::FLOOR.saturating_mul(shown.active);
                    !is_short(shown) && shown.present > floor.saturating_add(super::TOP_UP)
                };
                let who = self.exits.first_time("funded", statuses, |status| {
                    account(status).is_some_and(|shown| is_funded(&shown))
                });
                self.funded += who.len();
                let present = shown.iter().find(|shown| is_funded(shown)).map(|shown| shown.present);
                push(
                    news,
                    who,
                    Fact::Funded { operator: NORTH.name.into(), present: present.unwrap_or_default() },
                );
            }
        }
    }

    fn look_at_proposals(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let proposed = |status: &StatusSnapshot| every(status, |_| true);
        if !self.proposed
            && let Some(status) = statuses.iter().flatten().find(|status| proposed(status))
        {
            self.proposed = true;
            let mine = status.proposals.iter().filter(|found| self.exits.concerns(found));
            let due = mine.map(|found| found.proposal.origin.due()).max().unwrap_or(Epoch(0));
            let fact =
                Fact::Ejection { operator: SOUTH.name.into(), validators: SOUTH.validators.into(), due };
            let who = self.exits.first_time("proposed", statuses, proposed);
            push(news, who, fact);
        }
        for (place, name) in (1_u16..).zip(self.exits.names()) {
            let approved = |found: &ProposalStatus| {
                found.votes.iter().any(|vote| vote.guardian.0 == place && vote.decision == Decision::Approve)
            };
            if statuses.iter().flatten().any(|status| every(status, approved))
                && self.exits.is_first(&format!("approved {name}"))
            {
                merge(news, name, Fact::Voted { decision: Decision::Approve });
            }
        }
        let threshold = statuses.iter().flatten().next().map_or(0, |status| status.threshold.t());
        let who =
            self.exits.first_time("certified", statuses, |s| every(s, |found| found.certified.is_some()));
        push(news, who, Fact::Certified { threshold });
        self.exits.look_at_releases(statuses, news);
    }

    fn look_at_ends(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let who =
            self.exits.first_time("settled", statuses, |s| every(s, |found| found.state == State::Finalized));
        self.settled += who.len();
        push(news, who, Fact::Settled);
        self.exits.look_at_faults(statuses, news);
    }
}

/// Whether there is a proposal with this property for each of the validators that must leave.
fn every(status: &StatusSnapshot, test: impl Fn(&ProposalStatus) -> bool) -> bool {
    exits::every(&SOUTH.validators, status, test)
}
