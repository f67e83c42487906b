//! `Course`: how one ceremony goes, as a fold over its journal entries.

use super::quorum::Cast;
use super::{Blame, CeremonyId, Digest, Entry, Kind, Order, Outcome};
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::message::Envelope;
use crate::statement::{Choice, PeerName, Place, Statement};
use crypto::spec::Slot;
use std::collections::{BTreeMap, BTreeSet};

/// What we computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conclusion {
    pub(crate) choice: Choice,
    pub(crate) result: Digest,
}

/// One ceremony as we know it.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub(crate) id: CeremonyId,
    pub(crate) order: Order,
    /// When we came to know it.
    pub(crate) since: Slot,
    said: BTreeMap<(PeerName, Place), (Statement, Envelope)>,
    /// Ours, journaled and perhaps not yet sealed.
    saying: BTreeMap<Place, Statement>,
    pub(crate) blamed: BTreeMap<PeerName, Blame>,
    pub(crate) collected: BTreeMap<GuardianIndex, Digest>,
    pub(crate) conclusion: Option<Conclusion>,
    checked: BTreeMap<GuardianIndex, (Digest, bool)>,
    pub(crate) outcome: Option<Outcome>,
    /// Slot of the last move: who is waited for is waited for since then.
    pub(crate) moved: Slot,
    /// Batches fetched and in all, as the shell last said. Not journaled.
    pub(crate) progress: Option<(u64, u64)>,
}

impl Course {
    pub(crate) fn new(order: Order, since: Slot) -> Self {
        Self {
            id: order.id(),
            order,
            since,
            said: BTreeMap::new(),
            saying: BTreeMap::new(),
            blamed: BTreeMap::new(),
            collected: BTreeMap::new(),
            conclusion: None,
            checked: BTreeMap::new(),
            outcome: None,
            moved: since,
            progress: None,
        }
    }

    pub(crate) fn apply(&mut self, entry: &Entry, at: Slot) {
        self.moved = at;
        match entry {
            Entry::Saying(statement) => {
                self.saying.entry(statement.place()).or_insert_with(|| statement.clone());
            }
            Entry::Stated { from, statement, envelope } => {
                let place = (from.clone(), statement.place());
                self.said.entry(place).or_insert_with(|| (statement.clone(), envelope.clone()));
            }
            Entry::Collected { dealer, digest } => {
                self.collected.insert(*dealer, *digest);
            }
            Entry::Concluded { choice, result } => {
                self.conclusion = Some(Conclusion { choice: choice.clone(), result: *result });
                self.progress = None;
            }
            Entry::Checked { holder, result, valid } => {
                self.checked.insert(*holder, (*result, *valid));
            }
            Entry::Blamed { peer, blame } => {
                self.blamed.entry(peer.clone()).or_insert(*blame);
            }
            Entry::Ended(outcome) => {
                // A result that comes into force overrules that we gave up.
                if !self.is_done() {
                    self.outcome = Some(outcome.clone());
                }
            }
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Done { .. }))
    }

    pub(crate) fn said(&self, peer: &PeerName, place: Place) -> Option<&Statement> {
        self.said.get(&(peer.clone(), place)).map(|(statement, _)| statement)
    }

    pub(crate) fn sealed(&self, peer: &PeerName, place: Place) -> Option<&Envelope> {
        self.said.get(&(peer.clone(), place)).map(|(_, envelope)| envelope)
    }

    /// What we are committed to in a place, sealed or not.
    pub(crate) fn own(&self, me: &PeerName, place: Place) -> Option<&Statement> {
        self.saying.get(&place).or_else(|| self.said(me, place))
    }

    /// What we journaled and nobody sealed for us yet.
    pub(crate) fn unsealed(&self, me: &PeerName) -> Vec<Statement> {
        let open = self.saying.iter().filter(|(place, _)| self.said(me, **place).is_none());
        open.map(|(_, statement)| statement.clone()).collect()
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = (&PeerName, &Statement, &Envelope)> {
        self.said.iter().map(|((peer, _), (statement, envelope))| (peer, statement, envelope))
    }

    fn has_agreed(&self, peer: &PeerName) -> bool {
        self.said(peer, Place::Answer) == Some(&Statement::Accept)
            && self.said(peer, Place::Withdraw).is_none()
    }

    /// The members of the current set who may deal and whose operators agreed, ascending.
    pub(crate) fn agreed(&self, cast: Cast<'_>) -> Vec<GuardianIndex> {
        let members = cast.current.guardian_set.members.iter();
        let agreed = members.filter(|member| {
            cast.may_deal(member.index) && self.has_agreed(&PeerName(member.peer_id.clone()))
        });
        agreed.map(|member| member.index).collect()
    }

    pub(crate) fn refusals(&self, cast: Cast<'_>) -> usize {
        let members = cast.current.guardian_set.members.iter();
        let refused = members.filter(|member| {
            let peer = PeerName(member.peer_id.clone());
            cast.may_deal(member.index)
                && (self.said(&peer, Place::Answer) == Some(&Statement::Reject)
                    || self.said(&peer, Place::Withdraw).is_some())
        });
        refused.count()
    }

    /// Whether enough operators agreed. It stays so once somebody dealt on the strength of it.
    pub(crate) fn is_agreed(&self, cast: Cast<'_>) -> bool {
        self.agreed(cast).len() >= cast.agreement()
    }

    /// What a dealer announced, unless it was proven wrong.
    pub(crate) fn dealt(&self, cast: Cast<'_>, dealer: GuardianIndex) -> Option<Digest> {
        let peer = name_of(cast.current, dealer)?;
        if !cast.may_deal(dealer) || self.blamed.contains_key(&peer) {
            return None;
        }
        match self.said(&peer, Place::Dealt) {
            Some(Statement::Dealt { digest }) => Some(*digest),
            _ => None,
        }
    }

    /// Receivers that hold a dealing.
    pub(crate) fn holders(&self, cast: Cast<'_>, dealer: GuardianIndex, digest: Digest) -> usize {
        let receivers = cast.receivers();
        let holds = |holder: &&GuardianIndex| {
            name_of(cast.next(), **holder)
                .and_then(|peer| self.said(&peer, Place::Held(dealer)).cloned())
                .is_some_and(|said| said == Statement::Held { dealer, digest })
        };
        receivers.iter().filter(holds).count()
    }

    /// The dealings that may count: announced, held here and by enough receivers.
    pub(crate) fn candidates(&self, cast: Cast<'_>) -> Choice {
        let members = cast.current.guardian_set.members.iter();
        let good = members.filter_map(|member| {
            let digest = self.dealt(cast, member.index)?;
            let held = self.collected.get(&member.index) == Some(&digest)
                && self.holders(cast, member.index, digest) >= cast.choosers();
            held.then_some((member.index, digest))
        });
        Choice(good.collect())
    }

    /// Votes for each choice in a view, most first.
    pub(crate) fn votes(&self, cast: Cast<'_>, view: u16) -> Vec<(Choice, usize)> {
        let mut votes: BTreeMap<Choice, usize> = BTreeMap::new();
        for holder in cast.receivers() {
            let Some(peer) = name_of(cast.next(), holder) else { continue };
            if self.blamed.contains_key(&peer) {
                continue;
            }
            if let Some(Statement::Choose { choice, .. }) = self.said(&peer, Place::Choose(view)) {
                *votes.entry(choice.clone()).or_default() += 1;
            }
        }
        let mut votes: Vec<_> = votes.into_iter().collect();
        votes.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.digest().cmp(&b.0.digest())));
        votes
    }

    /// The choice that enough receivers made, in the earliest view that has one.
    pub(crate) fn chosen(&self, cast: Cast<'_>) -> Option<Choice> {
        (0..crate::statement::MAX_VIEWS).find_map(|view| {
            let (choice, votes) = self.votes(cast, view).into_iter().next()?;
            (votes >= cast.choosers() && choice.0.len() >= cast.dealings()).then_some(choice)
        })
    }

    /// The latest view in which we chose.
    pub(crate) fn last_view(&self, me: &PeerName) -> Option<u16> {
        (0..crate::statement::MAX_VIEWS).rev().find(|view| self.own(me, Place::Choose(*view)).is_some())
    }

    /// A holder's claim that it holds a result, with the proof.
    pub(crate) fn proven(&self, cast: Cast<'_>, holder: GuardianIndex) -> Option<(Digest, &[u8])> {
        let peer = name_of(cast.next(), holder)?;
        match self.said(&peer, Place::Proven) {
            Some(Statement::Proven { result, proof }) if !self.blamed.contains_key(&peer) => {
                Some((*result, proof))
            }
            _ => None,
        }
    }

    pub(crate) fn is_checked(&self, holder: GuardianIndex, result: Digest) -> bool {
        self.checked.get(&holder).is_some_and(|(checked, _)| *checked == result)
    }

    /// Holders whose proof of a result we verified.
    pub(crate) fn valid(&self, result: Digest) -> BTreeSet<GuardianIndex> {
        let valid = self.checked.iter().filter(|(_, checked)| **checked == (result, true));
        valid.map(|(holder, _)| *holder).collect()
    }

    /// Sealed endorsements of a result by members of the current set.
    pub(crate) fn endorsed(&self, cast: Cast<'_>, result: Digest) -> Vec<Envelope> {
        let members = cast.current.guardian_set.members.iter();
        let sealed = members.filter_map(|member| {
            let peer = PeerName(member.peer_id.clone());
            let endorses = self.said(&peer, Place::Endorse) == Some(&Statement::Endorse { result });
            endorses.then(|| self.sealed(&peer, Place::Endorse).cloned()).flatten()
        });
        sealed.collect()
    }

    /// A result that enough members of the current set endorse.
    pub(crate) fn endorsed_result(&self, cast: Cast<'_>) -> Option<(Digest, Vec<Envelope>)> {
        let results: BTreeSet<Digest> = self
            .said
            .values()
            .filter_map(|(statement, _)| match statement {
                Statement::Endorse { result } => Some(*result),
                _ => None,
            })
            .collect();
        results.into_iter().find_map(|result| {
            let sealed = self.endorsed(cast, result);
            (sealed.len() >= cast.endorsements()).then_some((result, sealed))
        })
    }

    /// Whether the old set's own key signed a result, where it has one.
    pub(crate) fn is_signed(&self, cast: Cast<'_>, result: Digest) -> bool {
        cast.order.keys.group.is_none()
            || self.said.values().any(|(statement, _)| {
                matches!(statement, Statement::Signed { result: signed, .. } if *signed == result)
            })
    }

    /// Whether the ceremony hands keys to another epoch.
    pub(crate) fn is_succession(&self) -> bool {
        matches!(self.order.kind, Kind::Succession { .. })
    }
}

/// The peer that a member of a definition is.
pub(crate) fn name_of(definition: &NetworkDefinition, index: GuardianIndex) -> Option<PeerName> {
    definition.member(index).ok().map(|member| PeerName(member.peer_id.clone()))
}
