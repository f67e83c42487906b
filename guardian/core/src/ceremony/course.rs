//! `Course`: how one ceremony goes, as a fold over its journal entries.

use super::quorum::Cast;
use super::{Blame, CeremonyId, Digest, Entry, Kind, Order, Outcome};
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::message::Envelope;
use crate::statement::{Choice, PeerName, Place, Statement, VIEW};
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
    /// What a member said otherwise in the same place: it counts too, for whoever heard that first acts on it.
    also: BTreeMap<(PeerName, Place), (Statement, Envelope)>,
    /// Ours, journaled and perhaps not yet sealed.
    saying: BTreeMap<Place, Statement>,
    pub(crate) blamed: BTreeMap<PeerName, Blame>,
    pub(crate) collected: BTreeMap<GuardianIndex, Digest>,
    pub(crate) conclusion: Option<Conclusion>,
    checked: BTreeMap<GuardianIndex, (Digest, bool)>,
    pub(crate) outcome: Option<Outcome>,
    /// Slot of our own last move: who is waited for is waited for since then, whatever others say meanwhile.
    pub(crate) moved: Slot,
    /// Whether the shell put the result in force.
    pub(crate) adopted: bool,
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
            also: BTreeMap::new(),
            adopted: false,
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
        if !matches!(entry, Entry::Stated { .. } | Entry::Blamed { .. }) {
            self.moved = at;
        }
        match entry {
            Entry::Saying(statement) => {
                self.saying.entry(statement.place()).or_insert_with(|| statement.clone());
            }
            Entry::Stated { from, statement, envelope } => {
                let place = (from.clone(), statement.place());
                let sealed = (statement.clone(), envelope.clone());
                match self.said.get(&place) {
                    None => drop(self.said.insert(place, sealed)),
                    Some((known, _)) if known == statement => {}
                    Some(_) => drop(self.also.entry(place).or_insert(sealed)),
                }
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
            Entry::Adopted => self.adopted = true,
            Entry::Ended(outcome) => {
                // A result that comes into force overrules that we gave up.
                if !self.is_done() {
                    self.outcome = Some(outcome.clone());
                }
            }
        }
    }

    /// Whether we computed a result: it is not thrown away when our clock says that the time is over.
    pub(crate) fn is_kept(&self) -> bool {
        self.conclusion.is_some()
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

    /// Whether a member said two things in a place already.
    pub(crate) fn is_double(&self, peer: &PeerName, place: Place) -> bool {
        self.also.contains_key(&(peer.clone(), place))
    }

    /// Everything that a member sealed in a place: two statements at most.
    fn all_said(&self, peer: &PeerName, place: Place) -> impl Iterator<Item = &Statement> {
        let key = (peer.clone(), place);
        let both = [self.said.get(&key), self.also.get(&key)];
        both.into_iter().flatten().map(|(statement, _)| statement)
    }

    /// What we are committed to in a place, sealed or not.
    pub(crate) fn own(&self, me: &PeerName, place: Place) -> Option<&Statement> {
        self.saying.get(&place).or_else(|| self.said(me, place))
    }

    /// Whether we agreed, by our own journal: what a life before ours sealed, whose disk is gone, binds us to no work.
    pub(crate) fn has_our_word(&self) -> bool {
        self.saying.get(&Place::Answer) == Some(&Statement::Accept)
    }

    /// What we journaled and nobody sealed for us yet.
    pub(crate) fn unsealed(&self, me: &PeerName) -> Vec<Statement> {
        let open = self.saying.iter().filter(|(place, _)| self.said(me, **place).is_none());
        open.map(|(_, statement)| statement.clone()).collect()
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = (&PeerName, &Statement, &Envelope)> {
        let all = self.said.iter().chain(&self.also);
        all.map(|((peer, _), (statement, envelope))| (peer, statement, envelope))
    }

    fn has_agreed(&self, peer: &PeerName) -> bool {
        self.said(peer, Place::Answer) == Some(&Statement::Accept)
            && self.said(peer, Place::Withdraw).is_none()
    }

    /// The members of the current set who may deal and whose operators agreed, ascending.
    pub(crate) fn agreed(&self, cast: Cast<'_>) -> Vec<GuardianIndex> {
        let members = cast.current.guardian_set.members.iter();
        let agreed = members.filter(|member| cast.may_deal(member.index) && self.has_agreed(&member.peer()));
        agreed.map(|member| member.index).collect()
    }

    pub(crate) fn refusals(&self, cast: Cast<'_>) -> usize {
        let members = cast.current.guardian_set.members.iter();
        let refused = members.filter(|member| {
            let peer = member.peer();
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

    /// Whether all dealings of a choice are here.
    pub(crate) fn holds(&self, choice: &Choice) -> bool {
        choice.0.iter().all(|(dealer, digest)| self.collected.get(dealer) == Some(digest))
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

    /// Which view of choosing a slot belongs to: the same for all.
    pub(crate) fn view(&self, slot: Slot) -> u16 {
        u16::try_from(slot.0.saturating_sub(self.order.opened.0) / VIEW).unwrap_or(u16::MAX)
    }

    /// Whose proposal counts in a view: each receiver's in turn.
    pub(crate) fn leader(&self, cast: Cast<'_>, view: u16) -> Option<PeerName> {
        let receivers = cast.receivers();
        let start = usize::from(self.id.0[0]).saturating_add(view.into());
        let turn = start.checked_rem(receivers.len())?;
        receivers.get(turn).and_then(|holder| name_of(cast.next(), *holder))
    }

    /// What was said in choosing: by view and choice, by whom. Who said two things counts for both: whoever heard either
    /// acts on it, and every quorum is large enough for that.
    fn tally(&self, cast: Cast<'_>, commits: bool) -> BTreeMap<(u16, Digest), BTreeSet<&PeerName>> {
        let receivers: BTreeSet<PeerName> =
            cast.receivers().into_iter().filter_map(|holder| name_of(cast.next(), holder)).collect();
        let mut tally: BTreeMap<(u16, Digest), BTreeSet<&PeerName>> = BTreeMap::new();
        for (peer, statement, _) in self.statements().filter(|(peer, _, _)| receivers.contains(*peer)) {
            let key = match statement {
                Statement::Choose { view, choice } if !commits => (*view, choice.digest()),
                Statement::Commit { view, choice } if commits => (*view, *choice),
                _ => continue,
            };
            tally.entry(key).or_default().insert(peer);
        }
        tally.retain(|_, by| by.len() >= cast.choosers());
        tally
    }

    fn choice_of(&self, digest: Digest) -> Option<Choice> {
        self.statements().find_map(|(_, statement, _)| match statement {
            Statement::Choose { choice, .. } if choice.digest() == digest => Some(choice.clone()),
            _ => None,
        })
    }

    /// The latest view in which a quorum chose, and what: it may be committed to.
    pub(crate) fn preferred(&self, cast: Cast<'_>) -> Option<(u16, Choice)> {
        let ((view, digest), _) = self.tally(cast, false).into_iter().next_back()?;
        Some((view, self.choice_of(digest)?))
    }

    /// The choice that a quorum committed to. There is one at most.
    pub(crate) fn chosen(&self, cast: Cast<'_>) -> Option<Choice> {
        let ((_, digest), _) = self.tally(cast, true).into_iter().next()?;
        self.choice_of(digest)
    }

    /// What we committed to last: we choose nothing else before a later view has.
    pub(crate) fn lock(&self, me: &PeerName) -> Option<(u16, Digest)> {
        let ours = self
            .saying
            .values()
            .chain(self.statements().filter(|(peer, _, _)| *peer == me).map(|(_, statement, _)| statement));
        let commits = ours.filter_map(|statement| match statement {
            Statement::Commit { view, choice } => Some((*view, *choice)),
            _ => None,
        });
        commits.max_by_key(|(view, _)| *view)
    }

    /// Whether a member chose, in any view.
    pub(crate) fn has_chosen(&self, peer: &PeerName) -> bool {
        self.statements().any(|(from, said, _)| from == peer && matches!(said, Statement::Choose { .. }))
    }

    /// A holder's claim that it holds a result, with the proof.
    pub(crate) fn proven(&self, cast: Cast<'_>, holder: GuardianIndex) -> Option<(Digest, &[u8])> {
        let peer = name_of(cast.next(), holder)?;
        match self.said(&peer, Place::Proven) {
            Some(Statement::Proven { result, proof }) => Some((*result, proof)),
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

    /// Whether enough members of the current set endorse a result.
    pub(crate) fn is_endorsed(&self, cast: Cast<'_>, result: Digest) -> bool {
        let members = cast.current.guardian_set.members.iter();
        let endorsing = members.filter(|member| {
            let peer = member.peer();
            let mut said = self.all_said(&peer, Place::Endorse);
            said.any(|said| *said == Statement::Endorse { result })
        });
        endorsing.count() >= cast.endorsements()
    }

    /// Whether anybody endorsed anything: then others are bound to it.
    pub(crate) fn is_endorsed_by_any(&self) -> bool {
        self.statements().any(|(_, said, _)| matches!(said, Statement::Endorse { .. }))
    }

    /// A result that enough members of the current set endorse.
    pub(crate) fn endorsed_result(&self, cast: Cast<'_>) -> Option<Digest> {
        let results = self.said.values().filter_map(|(statement, _)| match statement {
            Statement::Endorse { result } => Some(*result),
            _ => None,
        });
        let results: BTreeSet<Digest> = results.collect();
        results.into_iter().find(|result| self.is_endorsed(cast, *result))
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
    definition.member(index).ok().map(|member| member.peer())
}
