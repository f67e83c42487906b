//! Watches the operators' runways, the exits and the chain, and says what is new since it last looked.

use super::super::beacon::Position;
use super::super::fact::Fact;
use super::{NORTH, Operator, SOUTH};
use crate::narrator::CHAIN;
use crypto::registration::Verdict;
use crypto::spec::{Epoch, ValidatorIndex};
use guardian_core::message::Decision;
use guardian_core::proposal::State;
use guardian_core::status::{OperatorStatus, ProposalStatus, Standing, StatusSnapshot};
use std::collections::HashSet;

/// Runways from this many epochs on are not worth a line.
const LONG: u64 = 6;

/// What the beacon chain says.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) position: Position,
    /// Exit epochs of those who must leave, at the head.
    pub(super) leaving: Vec<Option<Epoch>>,
    /// The same at the finalized state.
    pub(super) left: Vec<Option<Epoch>>,
    /// Exit epochs of those who may stay, at the head.
    pub(super) spared: Vec<Option<Epoch>>,
}

/// Who, and what.
type News = (Vec<String>, Fact);

/// What was told already. Grows with the facts of one story, which are a few dozen.
pub(super) struct TicketWitness {
    names: Vec<String>,
    /// Keys of told facts, with their guardian.
    told: HashSet<String>,
    short: HashSet<&'static str>,
    topped_up: bool,
    funded: usize,
    settled: usize,
    proposed: bool,
    released: bool,
    leaving: bool,
    finalized: Option<Epoch>,
}

impl TicketWitness {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self {
            names,
            told: HashSet::new(),
            short: HashSet::new(),
            topped_up: false,
            funded: 0,
            settled: 0,
            proposed: false,
            released: false,
            leaving: false,
            finalized: None,
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
        let all = self.names.len();
        self.finalized.filter(|_| self.settled == all && self.funded == all)
    }

    /// What has to happen next.
    pub(super) fn waiting_for(&self) -> &'static str {
        if self.finalized.is_some() {
            "every guardian to see the exits and the top-up finalized"
        } else if self.leaving {
            "the chain to finalize the exits"
        } else if self.released {
            "a block with the exits"
        } else if self.proposed {
            "enough votes and the release"
        } else if self.topped_up {
            "the grace period of the other operator to end"
        } else if self.told.is_empty() {
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
        self.look_at_chain(sight, &mut news);
        self.look_at_ends(statuses, &mut news);
        news
    }

    /// Guardians for which `test` holds and this was not told of yet.
    fn first_time(
        &mut self,
        what: &str,
        statuses: &[Option<StatusSnapshot>],
        test: impl Fn(&StatusSnapshot) -> bool,
    ) -> Vec<String> {
        let mut who = Vec::new();
        for (name, status) in self.names.iter().zip(statuses) {
            if status.as_ref().is_some_and(&test) && self.told.insert(format!("{what} {name}")) {
                who.push(name.clone());
            }
        }
        who
    }

    fn look_at_registrations(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let validators = NORTH.validators.len() + SOUTH.validators.len();
        let who = self.first_time("shares", statuses, |status| {
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
                let who = self.first_time(&what, statuses, |status| {
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
                let who = self.first_time(&format!("short {}", operator.name), statuses, |status| {
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
                let who = self.first_time("funded", statuses, |status| {
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
            let mine = status.proposals.iter().filter(|found| is_accused(found));
            let due = mine.map(|found| found.proposal.origin.due()).max().unwrap_or(Epoch(0));
            let fact =
                Fact::Ejection { operator: SOUTH.name.into(), validators: SOUTH.validators.into(), due };
            let who = self.first_time("proposed", statuses, proposed);
            push(news, who, fact);
        }
        for (place, name) in (1_u16..).zip(self.names.clone()) {
            let approved = |found: &ProposalStatus| {
                found.votes.iter().any(|(voter, vote)| voter.0 == place && *vote == Decision::Approve)
            };
            if statuses.iter().flatten().any(|status| every(status, approved))
                && self.told.insert(format!("approved {name}"))
            {
                merge(news, name, Fact::Voted { decision: Decision::Approve });
            }
        }
        let threshold = statuses.iter().flatten().next().map_or(0, |status| status.threshold.t());
        let who = self.first_time("certified", statuses, |s| every(s, |found| found.certified.is_some()));
        push(news, who, Fact::Certified { threshold });
        let holds = statuses.iter().flatten().flat_map(|status| &status.proposals);
        for hold in
            holds.filter(|found| is_accused(found)).filter_map(|found| found.hold).collect::<HashSet<_>>()
        {
            let who = self.first_time(&format!("{hold:?}"), statuses, |status| {
                status.proposals.iter().any(|found| is_accused(found) && found.hold == Some(hold))
            });
            push(news, who, Fact::Held { hold });
        }
        let who = self.first_time("released", statuses, |s| every(s, |found| found.released.is_some()));
        self.released |= !who.is_empty();
        push(news, who, Fact::PartialReleased);
        let who = self.first_time("combined", statuses, |s| every(s, |found| found.combined));
        push(news, who, Fact::Combined { culprits: 0 });
    }

    fn look_at_chain(&mut self, sight: &Sight, news: &mut Vec<News>) {
        let latest = |epochs: &[Option<Epoch>]| -> Option<Epoch> {
            epochs.iter().copied().collect::<Option<Vec<_>>>()?.into_iter().max()
        };
        let validators: Vec<ValidatorIndex> = SOUTH.validators.into();
        if let (false, Some(exit_epoch)) = (self.leaving, latest(&sight.leaving)) {
            self.leaving = true;
            news.push((chain(), Fact::Leaving { validators: validators.clone(), exit_epoch }));
        }
        if let (None, Some(_)) = (self.finalized, latest(&sight.left)) {
            let epoch = sight.position.finalized;
            self.finalized = Some(epoch);
            news.push((chain(), Fact::ExitsFinalized { validators, epoch }));
        }
    }

    fn look_at_ends(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let who = self.first_time("settled", statuses, |s| every(s, |found| found.state == State::Finalized));
        self.settled += who.len();
        push(news, who, Fact::Settled);
        for (name, status) in self.names.clone().into_iter().zip(statuses) {
            for fault in status.iter().flat_map(|status| &status.faults) {
                let place = usize::from(fault.guardian.0).checked_sub(1);
                let guardian = place.and_then(|place| self.names.get(place)).cloned().unwrap_or_default();
                let fact = Fact::Fault { guardian, code: fault.kind.code() };
                if self.told.insert(format!("{fact:?} {name}")) {
                    news.push((vec![name.clone()], fact));
                }
            }
        }
    }
}

/// Whether a proposal is about one of the validators that must leave.
fn is_accused(found: &ProposalStatus) -> bool {
    SOUTH.validators.contains(&found.proposal.exit.validator_index)
}

/// Whether there is a proposal with this property for each of the validators that must leave.
fn every(status: &StatusSnapshot, test: impl Fn(&ProposalStatus) -> bool) -> bool {
    SOUTH.validators.iter().all(|validator| {
        status.proposals.iter().any(|found| found.proposal.exit.validator_index == *validator && test(found))
    })
}

fn chain() -> Vec<String> {
    vec![CHAIN.to_owned()]
}

fn push(news: &mut Vec<News>, who: Vec<String>, fact: Fact) {
    if !who.is_empty() {
        news.push((who, fact));
    }
}

/// Adds a name to the fact when it is among the new ones already.
fn merge(news: &mut Vec<News>, name: String, fact: Fact) {
    match news.iter_mut().find(|(_, known)| *known == fact) {
        Some((who, _)) => who.push(name),
        None => news.push((vec![name], fact)),
    }
}
