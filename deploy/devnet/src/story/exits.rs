//! Watches the exits of several validators from their release to finality, and says what is new since it last looked.

use super::beacon::{At, Beacon, Position};
use super::fact::Fact;
use crate::Error;
use crate::narrator::CHAIN;
use crypto::spec::{Epoch, ValidatorIndex};
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use std::collections::HashSet;

/// Who, and what.
pub(super) type News = (Vec<String>, Fact);

/// What the beacon chain says.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) position: Position,
    /// Exit epochs of those who must leave, at the head.
    pub(super) leaving: Vec<Option<Epoch>>,
    /// The same at the finalized state.
    pub(super) left: Vec<Option<Epoch>>,
    /// Exit epochs of those who may stay, at the head.
    pub(super) staying: Vec<Option<Epoch>>,
}

impl Sight {
    /// Looks at those who must leave, and at those who may stay.
    pub(super) async fn of(
        beacon: &Beacon,
        leaving: &[ValidatorIndex],
        staying: &[ValidatorIndex],
    ) -> Result<Self, Error> {
        Ok(Self {
            leaving: beacon.exit_epochs(At::Head, leaving).await?,
            left: beacon.exit_epochs(At::Finalized, leaving).await?,
            staying: beacon.exit_epochs(At::Head, staying).await?,
            position: beacon.position().await?,
        })
    }
}

/// What was told already. Grows with the facts of one story, which are a few dozen.
pub(super) struct ExitsWitness {
    names: Vec<String>,
    validators: Vec<ValidatorIndex>,
    /// Keys of told facts, with their guardian.
    told: HashSet<String>,
    released: bool,
    /// The epoch in which they were all first seen leaving.
    leaving: Option<Epoch>,
    finalized: Option<Epoch>,
}

impl ExitsWitness {
    /// Of these guardians, about the exits of these validators.
    pub(super) fn new(names: Vec<String>, validators: &[ValidatorIndex]) -> Self {
        Self {
            names,
            validators: validators.to_vec(),
            told: HashSet::new(),
            released: false,
            leaving: None,
            finalized: None,
        }
    }

    /// Names of the guardians.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// The epoch whose finality covers the exits.
    pub(super) fn finalized(&self) -> Option<Epoch> {
        self.finalized
    }

    /// Whether nothing was told yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.told.is_empty()
    }

    /// What has to happen next, once anything was released.
    pub(super) fn waiting_for(&self) -> Option<&'static str> {
        if self.leaving.is_some() {
            Some("the chain to finalize the exits")
        } else if self.released {
            Some("a block with the exits")
        } else {
            None
        }
    }

    /// Whether this was not told of yet; it is from now on.
    pub(super) fn is_first(&mut self, what: &str) -> bool {
        self.told.insert(what.to_owned())
    }

    /// Guardians for which `test` holds and this was not told of yet.
    pub(super) fn first_time(
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

    /// Whether a proposal is about one of the validators.
    pub(super) fn concerns(&self, found: &ProposalStatus) -> bool {
        self.validators.contains(&found.proposal.exit.validator_index)
    }

    /// Holds, releases, signatures.
    pub(super) fn look_at_releases(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let validators = self.validators.clone();
        let concerns = |found: &&ProposalStatus| validators.contains(&found.proposal.exit.validator_index);
        let known = statuses.iter().flatten().flat_map(|status| &status.proposals);
        for hold in known.filter(concerns).filter_map(|found| found.hold).collect::<HashSet<_>>() {
            let who = self.first_time(&format!("{hold:?}"), statuses, |status| {
                status.proposals.iter().filter(concerns).any(|found| found.hold == Some(hold))
            });
            push(news, who, Fact::Held { hold });
        }
        let who = self
            .first_time("released", statuses, |s| every(&validators, s, |found| found.released.is_some()));
        self.released |= !who.is_empty();
        push(news, who, Fact::PartialReleased);
        let who = self.first_time("combined", statuses, |s| every(&validators, s, |found| found.combined));
        push(news, who, Fact::Combined { culprits: 0 });
    }

    /// Exits in blocks, and final.
    pub(super) fn look_at_chain(&mut self, sight: &Sight, news: &mut Vec<News>) {
        let latest = |epochs: &[Option<Epoch>]| -> Option<Epoch> {
            epochs.iter().copied().collect::<Option<Vec<_>>>()?.into_iter().max()
        };
        let validators = self.validators.clone();
        if let (None, Some(exit_epoch)) = (self.leaving, latest(&sight.leaving)) {
            self.leaving = Some(sight.position.epoch);
            news.push((chain(), Fact::Leaving { validators: validators.clone(), exit_epoch }));
        }
        // A node's finalized state may be ahead of the checkpoint that its head knows of, which is the one we name.
        let epoch = sight.position.finalized;
        let is_covered = self.leaving.is_some_and(|seen| seen < epoch);
        if self.finalized.is_none() && latest(&sight.left).is_some() && is_covered {
            self.finalized = Some(epoch);
            news.push((chain(), Fact::ExitsFinalized { validators, epoch }));
        }
    }

    /// Faults that guardians reported.
    pub(super) fn look_at_faults(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        for (name, status) in self.names().into_iter().zip(statuses) {
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

/// Whether there is a proposal with this property for each of the validators.
pub(super) fn every(
    validators: &[ValidatorIndex],
    status: &StatusSnapshot,
    test: impl Fn(&ProposalStatus) -> bool,
) -> bool {
    validators.iter().all(|validator| {
        status.proposals.iter().any(|found| found.proposal.exit.validator_index == *validator && test(found))
    })
}

fn chain() -> Vec<String> {
    vec![CHAIN.to_owned()]
}

/// Adds what is news to somebody.
pub(super) fn push(news: &mut Vec<News>, who: Vec<String>, fact: Fact) {
    if !who.is_empty() {
        news.push((who, fact));
    }
}

/// Adds a name to the fact when it is among the new ones already.
pub(super) fn merge(news: &mut Vec<News>, name: String, fact: Fact) {
    match news.iter_mut().find(|(_, known)| *known == fact) {
        Some((who, _)) => who.push(name),
        None => news.push((vec![name], fact)),
    }
}
