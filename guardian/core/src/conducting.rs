//! Conducting: takes every ceremony as far as it can go now, from what is journaled alone. Looked at each slot and whenever
//! something about it came in; every errand that is still wanted is given again.

use crate::ceremony::course::{Conclusion, Course, name_of};
use crate::ceremony::quorum::Cast;
use crate::ceremony::{AbortReason, Blame, CeremonyId, Digest, Entry, Errand, Kind, News, Outcome};
use crate::command::Command;
use crate::guardian::Guardian;
use crate::record::Record;
use crate::statement::{Choice, PeerName, Place, Statement};

/// Slots after our last move until those who are late are left out.
pub(crate) const PATIENCE: u64 = 8;

/// Slots after its time until receipts are no longer waited for: some members will never give one.
const FORGET: u64 = 7_200;

/// Slots that we still answer in the old epoch after it ended, for those who lack somebody's endorsement.
const GRACE: u64 = 8;

impl Guardian {
    /// All ceremonies, once a slot.
    pub(crate) fn tend_ceremonies(&mut self, out: &mut Vec<Command>) {
        for id in self.hall.ids() {
            self.convene_again(&id, out);
            self.tend_ceremony(&id, out);
        }
    }

    /// Tells the shell what is under way; it may have been started anew.
    fn convene_again(&self, id: &CeremonyId, out: &mut Vec<Command>) {
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let is_over = matches!(course.outcome, Some(Outcome::Aborted { .. }));
        let is_given_up = is_over && !course.is_kept() && !self.may_be_endorsed(course);
        if is_given_up || self.is_settled(course) {
            return;
        }
        let errand = Errand::Convene {
            order: Box::new(course.order.clone()),
            current: Box::new(cast.current.clone()),
            dealt: cast
                .current
                .guardian_set
                .members
                .iter()
                .map(|member| member.index)
                .filter(|dealer| course.dealt(cast, *dealer).is_some())
                .collect(),
            agreed: course.has_our_word(),
            board: course.statements().map(|(_, _, sealed)| sealed.clone()).collect(),
        };
        out.push(Command::Ceremony { ceremony: *id, errand });
    }

    /// Whether a succession that we gave up may still come into force: until another one has, we listen.
    fn may_be_endorsed(&self, course: &Course) -> bool {
        let reason = match &course.outcome {
            Some(Outcome::Aborted { reason, .. }) => Some(*reason),
            _ => None,
        };
        course.is_succession() && reason != Some(AbortReason::Superseded)
    }

    /// Whether we still do our part: also, after our time is over, where somebody has endorsed and so is bound.
    fn is_live(&self, course: &Course) -> bool {
        let expired = matches!(&course.outcome, Some(Outcome::Aborted { reason: AbortReason::Expired, .. }));
        course.outcome.is_none() || expired && course.has_our_word() && course.is_endorsed_by_any()
    }

    /// Whether nothing is left to do or to wait for in a ceremony that is done.
    fn is_settled(&self, course: &Course) -> bool {
        let Some(cast) = self.cast(&course.order) else { return true };
        let (slot, expires) = (self.view.slot(), course.order.expires);
        if !course.is_succession() {
            return course.is_done() && course.adopted && slot > expires;
        }
        let mut members = cast.current.guardian_set.members.iter();
        let is_receipt_there = |peer: &PeerName| course.said(peer, Place::Destroyed).is_some();
        course.is_done()
            && (slot > expires.saturating_add(FORGET)
                || members.all(|member| is_receipt_there(&member.peer())))
    }

    /// Takes one ceremony as far as it can go.
    pub(crate) fn tend_ceremony(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        if self.cast(&course.order).is_none() {
            return;
        }
        for statement in course.unsealed(&me) {
            errand(id, Errand::State(Box::new(statement)), out);
        }
        self.settle(id, out);
        let Some(course) = self.hall.get(id) else { return };
        match course.outcome {
            Some(Outcome::Aborted { .. }) => {
                // Too late by our clock, but others may be bound to it: what we computed is kept, and may still count.
                if self.is_live(course) {
                    self.collect(id, out);
                    self.conclude(id, out);
                    self.check_proofs(id, out);
                    self.endorse(id, out);
                } else if course.is_kept() {
                    self.check_proofs(id, out);
                }
                return;
            }
            Some(Outcome::Done { result }) => return self.follow_up(id, result, out),
            None => {}
        }
        if !course.has_our_word() {
            return;
        }
        self.deal(id, out);
        self.collect(id, out);
        self.choose(id, out);
        self.conclude(id, out);
        self.check_proofs(id, out);
        self.endorse(id, out);
    }

    /// Ends it: in force because the old set says so, or because all that must prove the result have; or without result.
    fn settle(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let Some(course) = self.hall.get(id).filter(|course| !course.is_done()) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let result = if course.is_succession() {
            course.endorsed_result(cast).filter(|result| course.is_signed(cast, *result))
        } else {
            let ours = course.conclusion.as_ref().map(|conclusion| conclusion.result);
            let result = match course.order.kind {
                Kind::Repair { lost, .. } => course.proven(cast, lost).map(|(result, _)| result),
                _ => ours,
            };
            result.filter(|result| {
                let provers = cast.provers();
                provers.iter().all(|prover| course.valid(*result).contains(prover))
            })
        };
        let at = self.view.slot();
        if let Some(result) = result {
            let entry = Entry::Ended(Outcome::Done { result });
            self.persist(Record::Ceremony { ceremony: *id, entry, at }, out);
            return;
        }
        if course.outcome.is_some() {
            return;
        }
        if cast.is_refused(course.refusals(cast)) && !course.is_agreed(cast) {
            return self.end_ceremony(id, AbortReason::Rejected, Vec::new(), out);
        }
        let superseded = course.is_succession()
            && self.hall.iter().any(|other| {
                other.id != *id
                    && other.is_done()
                    && other.is_succession()
                    && other.order.network == course.order.network
            });
        if superseded {
            return self.end_ceremony(id, AbortReason::Superseded, Vec::new(), out);
        }
        let me = self.my_name();
        let is_bound = course.is_endorsed_by_any() || course.own(&me, Place::Endorse).is_some();
        if at > course.order.expires && !is_bound {
            let absent = self.awaited(course);
            return self.end_ceremony(id, AbortReason::Expired, absent, out);
        }
        let blamed = cast.receivers().into_iter().any(|member| {
            name_of(cast.current, member).is_some_and(|peer| course.blamed.contains_key(&peer))
        });
        if !course.is_succession() && blamed && course.conclusion.is_none() {
            let absent = course.blamed.keys().map(|peer| self.name_for_people(cast, peer)).collect();
            self.end_ceremony(id, AbortReason::Dealers, absent, out);
        }
    }

    /// A result is in force: adopt it, and once we live by it destroy what it replaces.
    fn follow_up(&mut self, id: &CeremonyId, result: Digest, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let lives_by_it = cast.next().id() == self.network && cast.current.id() != self.network;
        let is_in_next = cast.holder(&me).is_some();
        // Those who lack somebody's endorsement read it from us as long as we are in the old epoch.
        let waited = !course.is_succession() || self.view.slot() >= course.moved.saturating_add(GRACE);
        let was_in_force = course.is_succession() && cast.dealer(&me).is_some();
        let held = u32::try_from(self.view.held().count()).unwrap_or(u32::MAX);
        let keys = course.order.keys;
        let has_keys = held >= keys.validators && (keys.group.is_none() || self.group.is_some());
        // Never without the new shares.
        let destroys = was_in_force
            && (!is_in_next || lives_by_it && has_keys)
            && course.own(&me, Place::Destroyed).is_none();
        // Who came in with this epoch began it without keys, and is done when it has them.
        let came_in = course.is_succession() && lives_by_it && is_in_next && !was_in_force && !course.adopted;
        let came_in = came_in && !self.is_retired();
        let enacts = if course.is_succession() {
            is_in_next && !lives_by_it || came_in && !has_keys
        } else {
            !course.adopted && course.has_our_word()
        };
        let clears = came_in && has_keys;
        if enacts && waited {
            let records = self.inheritance(id).map(|(_, records)| records).unwrap_or_default();
            errand(id, Errand::Enact { result, records }, out);
        }
        if destroys {
            errand(id, Errand::Destroy, out);
        }
        if clears {
            errand(id, Errand::Clear, out);
        }
    }

    fn deal(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let deals = course.order.network == self.network && cast.may_deal(self.me);
        if deals && course.is_agreed(cast) && course.own(&me, Place::Dealt).is_none() {
            errand(id, Errand::Deal, out);
        }
    }

    fn collect(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let receives = cast.receives(&me);
        let mut held = Vec::new();
        for member in &cast.current.guardian_set.members {
            let dealer = member.index;
            let Some(digest) = course.dealt(cast, dealer) else { continue };
            if course.collected.get(&dealer) != Some(&digest) {
                errand(id, Errand::Collect { dealer, digest }, out);
            } else if receives && course.own(&me, Place::Held(dealer)).is_none() {
                held.push(Statement::Held { dealer, digest });
            }
        }
        for (accuser, statement, _) in course.statements() {
            let Statement::Accuse { dealer, batch, dealing } = statement else { continue };
            let Some(digest) = course.dealt(cast, *dealer) else { continue };
            let accused = name_of(cast.current, *dealer);
            let open = accused.is_some_and(|accused| !course.blamed.contains_key(&accused))
                && !course.blamed.contains_key(accuser);
            if open {
                let (accuser, dealer, batch, dealing) = (accuser.clone(), *dealer, *batch, dealing.clone());
                errand(id, Errand::Examine { accuser, dealer, digest, batch, dealing }, out);
            }
        }
        for statement in held {
            self.say_at_once(id, statement, out);
        }
    }

    /// Agrees on which dealings count, in views that the clock tells, each with one member to propose: a quorum chooses
    /// what it proposed, and who saw that commits to it; a quorum of commitments is the choice. Who committed chooses
    /// nothing else before a quorum of a later view did, so that no view can undo an earlier one (the rules of Tendermint's
    /// prevotes, precommits and locks).
    fn choose(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let me = self.my_name();
        let slot = self.view.slot();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let receives = cast.receives(&me);
        if !receives || course.conclusion.is_some() || course.chosen(cast).is_some() {
            return;
        }
        let view = course.view(slot);
        let (lock, preferred) = (course.lock(&me), course.preferred(cast));
        let is_free = |choice: &Choice| match (&lock, &preferred) {
            (None, _) => true,
            (Some((_, locked)), _) if *locked == choice.digest() => true,
            (Some((at, _)), Some((later, other))) => later > at && other == choice,
            (Some(_), None) => false,
        };
        let mut say = Vec::new();
        if course.own(&me, Place::Choose(view)).is_none() {
            let leader = course.leader(cast, view);
            let proposal = if leader.as_ref() == Some(&me) {
                let ours = course.candidates(cast);
                let all_here = ours.0.len() == course.agreed(cast).len();
                let is_late = slot >= course.moved.saturating_add(PATIENCE);
                let is_enough = ours.0.len() >= cast.dealings() && (all_here || is_late);
                let earlier = preferred.as_ref().map(|(_, choice)| choice.clone());
                earlier.or_else(|| is_enough.then_some(ours))
            } else {
                leader.and_then(|leader| match course.said(&leader, Place::Choose(view)) {
                    Some(Statement::Choose { choice, .. }) => Some(choice.clone()),
                    _ => None,
                })
            };
            let proposal = proposal.filter(|choice| course.holds(choice) && is_free(choice));
            say.extend(proposal.map(|choice| Statement::Choose { view, choice }));
        }
        if let Some((at, choice)) = &preferred
            && *at == view
            && course.own(&me, Place::Commit(view)).is_none()
            && course.holds(choice)
        {
            say.push(Statement::Commit { view, choice: choice.digest() });
        }
        for statement in say {
            self.say_at_once(id, statement, out);
        }
    }

    fn conclude(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let Some(choice) = course.chosen(cast) else { return };
        let proves = cast.proves(&me);
        let is_finished =
            course.conclusion.is_some() && (!proves || course.own(&me, Place::Proven).is_some());
        if course.holds(&choice) && !is_finished {
            errand(id, Errand::Conclude { choice }, out);
        }
    }

    fn check_proofs(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let Some(Conclusion { result, .. }) = &course.conclusion else { return };
        let is_repair = matches!(course.order.kind, Kind::Repair { .. });
        for holder in cast.provers() {
            // What a repaired guardian holds is known beforehand; every other result must be the one we computed.
            let claim = course.proven(cast, holder).filter(|(claimed, _)| is_repair || claimed == result);
            if let Some((claimed, proof)) = claim
                && !course.is_checked(holder, claimed)
            {
                let proof = proof.to_vec();
                errand(id, Errand::Check { holder, result: claimed, proof }, out);
            }
        }
    }

    /// Endorses a result that enough of the next set have proven, after some patience with the others.
    fn endorse(&mut self, id: &CeremonyId, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let Kind::Succession { next } = &course.order.kind else { return };
        let Some(Conclusion { result, .. }) = course.conclusion.clone() else { return };
        let valid = course.valid(result).len();
        let waits = valid < cast.provers().len() && self.view.slot() < course.moved.saturating_add(PATIENCE);
        let is_ours_to_say = course.order.network == self.network
            && course.own(&me, Place::Endorse).is_none()
            && self.hall.endorsed(next.guardian_set.epoch).is_none();
        // A validator that came meanwhile would lose its shares: then the ceremony ends by its time, and is opened anew.
        if is_ours_to_say && valid >= cast.proofs() && !waits && course.order.keys == self.key_list() {
            self.say_at_once(id, Statement::Endorse { result }, out);
        }
    }

    fn say_at_once(&mut self, id: &CeremonyId, statement: Statement, out: &mut Vec<Command>) {
        self.say(id, statement.clone(), out);
        errand(id, Errand::State(Box::new(statement)), out);
    }

    /// What the shell says of an errand.
    pub(crate) fn ceremony_news(&mut self, id: CeremonyId, news: News, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(&id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let at = self.view.slot();
        let over = !self.is_live(course);
        let record = |entry: Entry| Record::Ceremony { ceremony: id, entry, at };
        match news {
            News::Dealt { digest } if !over => {
                if course.own(&me, Place::Dealt).is_none() {
                    self.say(&id, Statement::Dealt { digest }, out);
                }
            }
            News::Collected { dealer, digest } if !over => {
                if course.dealt(cast, dealer) == Some(digest)
                    && course.collected.get(&dealer) != Some(&digest)
                {
                    self.persist(record(Entry::Collected { dealer, digest }), out);
                }
            }
            News::Flawed { dealer, batch, dealing } if !over => {
                if course.own(&me, Place::Accuse(dealer)).is_none() {
                    self.say(&id, Statement::Accuse { dealer, batch, dealing }, out);
                }
            }
            News::Examined { accuser, dealer, guilty } if !over => {
                let (peer, blame) = if guilty {
                    (name_of(cast.current, dealer), Blame::InvalidDealing)
                } else {
                    (Some(accuser.clone()), Blame::FalseAccusation)
                };
                let sealed = course.sealed(&accuser, Place::Accuse(dealer)).cloned();
                if let Some(peer) = peer {
                    self.blame(&id, peer, blame, sealed.into_iter().collect(), out);
                }
            }
            News::Concluded { choice, result, proof } if !over => {
                if course.chosen(cast).as_ref() != Some(&choice) {
                    return;
                }
                if course.conclusion.as_ref().is_some_and(|known| known.result != result) {
                    return;
                }
                if course.conclusion.is_none() {
                    self.persist(record(Entry::Concluded { choice, result }), out);
                }
                self.prove(&id, result, proof, out);
            }
            News::Checked { holder, result, valid } if !over || course.is_kept() => {
                if !course.is_checked(holder, result) {
                    let peer = name_of(cast.next(), holder);
                    self.persist(record(Entry::Checked { holder, result, valid }), out);
                    if let Some(peer) = peer.filter(|_| !valid) {
                        self.blame(&id, peer, Blame::InvalidProof, Vec::new(), out);
                    }
                }
            }
            News::Progressed { done, total } => {
                if let Some(course) = self.hall.get_mut(&id) {
                    course.progress = Some((done, total));
                }
                return;
            }
            News::Adopted => {
                if course.is_done() && !course.adopted {
                    self.persist(record(Entry::Adopted), out);
                    errand(&id, Errand::Clear, out);
                }
            }
            News::Cleared => {
                if course.is_done() && !course.adopted {
                    self.persist(record(Entry::Adopted), out);
                }
            }
            News::Destroyed => {
                if course.is_done() && course.own(&me, Place::Destroyed).is_none() {
                    self.say(&id, Statement::Destroyed, out);
                }
            }
            _ => return,
        }
        self.tend_ceremony(&id, out);
    }

    /// Says that we hold the result, where it is ours to hold.
    fn prove(&mut self, id: &CeremonyId, result: Digest, proof: Vec<u8>, out: &mut Vec<Command>) {
        let me = self.my_name();
        let Some(course) = self.hall.get(id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        let proves = cast.proves(&me);
        if proves && course.own(&me, Place::Proven).is_none() && !proof.is_empty() {
            self.say(id, Statement::Proven { result, proof }, out);
        }
    }

    /// Who is waited for, by name: for its operator's word, its dealing, its holding or its proof, whichever is first.
    pub(crate) fn awaited(&self, course: &Course) -> Vec<String> {
        let Some(cast) = self.cast(&course.order) else { return Vec::new() };
        let set = |definition: &crate::guardian_set::NetworkDefinition| {
            let members = definition.guardian_set.members.iter();
            members.map(crate::guardian_set::Member::peer).collect::<Vec<_>>()
        };
        let (dealers, holders) = (set(cast.current), set(cast.next()));
        let deals = |peer: &PeerName| cast.dealer(peer).is_some_and(|dealer| cast.may_deal(dealer));
        let late: Vec<PeerName> = if !course.is_agreed(cast) {
            dealers
                .into_iter()
                .filter(|peer| deals(peer) && course.said(peer, Place::Answer).is_none())
                .collect()
        } else if let Some(Conclusion { result, .. }) = &course.conclusion {
            let valid = course.valid(*result);
            let late = |peer: &PeerName| {
                cast.proves(peer) && cast.holder(peer).is_some_and(|holder| !valid.contains(&holder))
            };
            let unproven: Vec<_> = holders.into_iter().filter(late).collect();
            if unproven.is_empty() {
                dealers.into_iter().filter(|peer| course.said(peer, Place::Endorse).is_none()).collect()
            } else {
                unproven
            }
        } else {
            let agreed = course.agreed(cast);
            let undealt = |peer: &PeerName| {
                cast.dealer(peer).is_some_and(|dealer| {
                    agreed.contains(&dealer) && course.said(peer, Place::Dealt).is_none()
                })
            };
            let undealt: Vec<_> = dealers.into_iter().filter(undealt).collect();
            if undealt.is_empty() {
                let holds = |peer: &PeerName| {
                    agreed.iter().any(|dealer| course.said(peer, Place::Held(*dealer)).is_some())
                };
                let mut late: Vec<_> = holders
                    .into_iter()
                    .filter(|peer| cast.receives(peer) && !course.has_chosen(peer))
                    .collect();
                // Without those who hold nothing the others cannot choose.
                if late.iter().any(|peer| !holds(peer)) {
                    late.retain(|peer| !holds(peer));
                }
                late
            } else {
                undealt
            }
        };
        late.iter().map(|peer| self.name_for_people(cast, peer)).collect()
    }

    pub(crate) fn name_for_people(&self, cast: Cast<'_>, peer: &PeerName) -> String {
        let find = |definition: &crate::guardian_set::NetworkDefinition| {
            let mut members = definition.guardian_set.members.iter();
            members.find(|member| member.peer_id == peer.0).map(|member| member.name.clone())
        };
        find(cast.current).or_else(|| find(cast.next())).unwrap_or_else(|| peer.0.clone())
    }
}

fn errand(id: &CeremonyId, errand: Errand, out: &mut Vec<Command>) {
    out.push(Command::Ceremony { ceremony: *id, errand });
}

#[cfg(test)]
mod tests;
