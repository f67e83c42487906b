//! Convening: what our operator and the other members say of a ceremony, checked and journaled.

use crate::ceremony::course::Course;
use crate::ceremony::quorum::Cast;
use crate::ceremony::{
    AbortReason, Blame, CeremonyId, Entry, Errand, KeyList, Kind, LIFETIME, Order, Outcome,
};
use crate::command::Command;
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianIndex, Member, NetworkDefinition};
use crate::message::Envelope;
use crate::record::Record;
use crate::request::{Answer, Problem};
use crate::statement::{PeerName, Place, Statement};

/// Slots by which another's clock may be ahead of ours when it opens a ceremony.
const AHEAD: u64 = 4;

type Refused = Vec<Problem>;

fn problem(code: &str, detail: impl Into<String>) -> Refused {
    vec![Problem { code: code.to_owned(), detail: detail.into() }]
}

impl Guardian {
    /// Our own name among all members.
    pub(crate) fn my_name(&self) -> PeerName {
        // Our index was looked up in the definition when the guardian was made.
        let member = self.definition.member(self.me);
        member.map_or_else(|_| PeerName(String::new()), Member::peer)
    }

    /// The definition whose members deal in a ceremony: ours, or the one before.
    pub(crate) fn definition_of(&self, order: &Order) -> Option<&NetworkDefinition> {
        if order.network == self.network {
            return Some(&self.definition);
        }
        self.previous.as_ref().filter(|(id, _)| *id == order.network).map(|(_, definition)| definition)
    }

    pub(crate) fn cast<'a>(&'a self, order: &'a Order) -> Option<Cast<'a>> {
        Some(Cast { order, current: self.definition_of(order)? })
    }

    /// Ceremonies whose files may still be of use: not over, or over and not yet lived by everywhere.
    pub fn ceremonies(&self) -> Vec<CeremonyId> {
        let used = self.hall.iter().filter(|course| {
            course.outcome.is_none() || (course.is_kept() || course.is_done()) && !course.adopted
        });
        used.map(|course| course.id).collect()
    }

    /// The keys we hold now, as a ceremony names them.
    pub(crate) fn key_list(&self) -> KeyList {
        KeyList::of(self.group.as_ref(), self.view.held().map(|(_, held)| &held.custody.key_set))
    }

    /// Opens a ceremony in our operator's name, who agrees to it.
    pub(crate) fn convene(
        &mut self,
        kind: Kind,
        lifetime: u64,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        if !self.view.has_begun() || self.is_joining() {
            return Err(problem(
                "not_in_force",
                "this guardian is not at work yet; try again when it is ready",
            ));
        }
        if self.hall.open().any(|course| course.has_our_word()) {
            let detail = "another ceremony is under way that this operator agreed to; wait for its end or abort it: `guardian network status`";
            return Err(problem("busy", detail));
        }
        if self
            .hall
            .iter()
            .any(|course| course.is_done() && course.is_succession() && course.order.network == self.network)
        {
            let detail = "the keys of this guardian set were handed over already; it can do nothing more";
            return Err(problem("succeeded", detail));
        }
        if !self.hall.has_room() {
            return Err(problem("busy", "too many ceremonies are open; wait until some end"));
        }
        if matches!(kind, Kind::GroupKey) && self.group.is_some() {
            let detail = "the network has its key already; a succession keeps it and renews its shares: `guardian refresh`";
            return Err(problem("exists", detail));
        }
        let keys = match &kind {
            Kind::GroupKey | Kind::ValidatorKeys { .. } => KeyList::default(),
            Kind::Succession { .. } | Kind::Repair { .. } => self.key_list(),
        };
        if matches!(kind, Kind::Succession { .. } | Kind::Repair { .. }) && keys.is_empty() {
            return Err(problem(
                "no_keys",
                "this guardian holds no share of any key; there is nothing to hand over",
            ));
        }
        if let Kind::Repair { lost, .. } = &kind
            && *lost == self.me
        {
            let detail = "a guardian that lost its shares cannot tell which keys there are; let another operator run `guardian repair` for it";
            return Err(problem("lost", detail));
        }
        let opened = self.view.slot();
        let order = Order {
            network: self.network,
            guardian_set_epoch: self.definition.guardian_set.epoch,
            kind,
            keys,
            raiser: self.me,
            opened,
            expires: opened.saturating_add(lifetime.clamp(*LIFETIME.start(), *LIFETIME.end())),
        };
        order.validate(&self.definition).map_err(|error| problem("invalid", error.to_string()))?;
        let id = order.id();
        self.persist(Record::Opened { order: order.clone(), at: opened }, out);
        self.say(&id, Statement::Open(order), out);
        self.say(&id, Statement::Accept, out);
        self.tend_ceremony(&id, out);
        Ok(Answer::Convened { ceremony: id })
    }

    /// Our operator's word on a ceremony that somebody opened.
    pub(crate) fn answer_ceremony(
        &mut self,
        id: &CeremonyId,
        agrees: bool,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        let me = self.my_name();
        let unknown =
            || problem("unknown_ceremony", "no such ceremony is known here: `guardian network status`");
        let course = self.hall.get(id).ok_or_else(unknown)?;
        if let Some(outcome) = &course.outcome {
            let over = match outcome {
                Outcome::Done { .. } => "it is done",
                Outcome::Aborted { reason, .. } => reason.code(),
            };
            return Err(problem("over", format!("the ceremony is over: {over}")));
        }
        let wanted = if agrees { Statement::Accept } else { Statement::Reject };
        match course.own(&me, Place::Answer) {
            Some(said) if *said == wanted => return Ok(Answer::Convened { ceremony: *id }),
            Some(_) => {
                let detail = "this operator gave the other answer already, and it was published; `guardian network abort` takes an agreement back";
                return Err(problem("answered", detail));
            }
            None => {}
        }
        if agrees {
            let other = self.hall.open().find(|other| other.id != *id && other.has_our_word());
            if let Some(other) = other {
                return Err(problem(
                    "busy",
                    format!("this operator agreed to ceremony {} and it is under way", other.id),
                ));
            }
            self.refuse_other_keys(course)?;
        }
        self.say(id, wanted, out);
        self.tend_ceremony(id, out);
        Ok(Answer::Convened { ceremony: *id })
    }

    /// Whoever shall deal must hold the keys that the ceremony names, no fewer and no more.
    fn refuse_other_keys(&self, course: &Course) -> Result<(), Refused> {
        let deals = course.order.network == self.network
            && self.cast(&course.order).is_some_and(|cast| cast.may_deal(self.me));
        let named = course.order.keys;
        if !deals || named == KeyList::default() || named == self.key_list() {
            return Ok(());
        }
        let ours = self.key_list();
        Err(problem(
            "other_keys",
            format!(
                "the ceremony is about {} validators, this guardian holds shares of {}{}; if shares are missing here, \
                 let another operator run `guardian repair {}` first",
                named.validators,
                ours.validators,
                if named.group == ours.group { "" } else { " and they differ about the network's own key" },
                self.me.0
            ),
        ))
    }

    /// Our operator leaves a ceremony. What was endorsed cannot be taken back.
    pub(crate) fn abort_ceremony(
        &mut self,
        id: &CeremonyId,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        let me = self.my_name();
        let Some(course) = self.hall.get(id).filter(|course| course.outcome.is_none()) else {
            return Err(problem(
                "unknown_ceremony",
                "no such ceremony is open here: `guardian network status`",
            ));
        };
        if course.own(&me, Place::Endorse).is_some() {
            return Err(problem(
                "endorsed",
                "this guardian endorsed the result already; that cannot be taken back",
            ));
        }
        let is_over = self.view.slot() > course.order.expires;
        if course.own(&me, Place::Proven).is_some() && !is_over {
            let detail = "this guardian proved that it holds the result; others may live by it already, so it is kept \
                          until the ceremony's time is over";
            return Err(problem("proven", detail));
        }
        self.say(id, Statement::Withdraw, out);
        self.tend_ceremony(id, out);
        self.end_ceremony(id, AbortReason::Withdrawn, Vec::new(), out);
        Ok(Answer::Convened { ceremony: *id })
    }

    /// Commits us to a statement; it is sealed when the ceremony is tended next.
    pub(crate) fn say(&mut self, id: &CeremonyId, statement: Statement, out: &mut Vec<Command>) {
        let at = self.view.slot();
        self.persist(Record::Ceremony { ceremony: *id, entry: Entry::Saying(statement), at }, out);
    }

    pub(crate) fn end_ceremony(
        &mut self,
        id: &CeremonyId,
        reason: AbortReason,
        absent: Vec<String>,
        out: &mut Vec<Command>,
    ) {
        let (at, outcome) = (self.view.slot(), Outcome::Aborted { reason, absent });
        self.persist(Record::Ceremony { ceremony: *id, entry: Entry::Ended(outcome), at }, out);
        // What we computed is kept: should the others come to live by it after all, so do we.
        let kept = self.hall.get(id).is_some_and(|course| {
            course.is_kept()
                || course.is_succession() && reason == AbortReason::Expired && course.has_our_word()
        });
        if !kept {
            out.push(Command::Ceremony { ceremony: *id, errand: Errand::Dissolve });
        }
    }

    /// A statement that was sealed in a ceremony's domain by `from`.
    pub(crate) fn statement_received(
        &mut self,
        id: CeremonyId,
        from: PeerName,
        statement: Statement,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        if !self.view.has_begun() {
            return;
        }
        if self.hall.get(&id).is_none() && !self.know_ceremony(id, &from, &statement, out) {
            return;
        }
        let Some(course) = self.hall.get(&id) else { return };
        let Some(cast) = self.cast(&course.order) else { return };
        if !cast.is_party(&from) {
            return;
        }
        match course.said(&from, statement.place()) {
            Some(known) if *known == statement => return,
            Some(_) if course.is_double(&from, statement.place()) => return,
            Some(_) => {
                let first = course.sealed(&from, statement.place()).cloned();
                let evidence = first.into_iter().chain([envelope.clone()]).collect();
                let is_in_place = is_in_place(cast, &from, &statement);
                self.blame(&id, from.clone(), Blame::Equivocation, evidence, out);
                if is_in_place {
                    self.keep_statement(id, from, statement, envelope, out);
                }
                return;
            }
            None => {}
        }
        if !is_in_place(cast, &from, &statement) {
            self.blame(&id, from, Blame::OutOfPlace, vec![envelope], out);
            return;
        }
        // Before our operator agreed, what others say of their work is not worth keeping: it is read again afterwards. How
        // a succession ends concerns us all the same.
        let is_word = matches!(
            statement,
            Statement::Open(_)
                | Statement::Accept
                | Statement::Reject
                | Statement::Withdraw
                | Statement::Endorse { .. }
                | Statement::Signed { .. }
                | Statement::Destroyed
        );
        if is_word || course.has_our_word() || course.is_done() {
            self.keep_statement(id, from, statement, envelope, out);
        }
    }

    fn keep_statement(
        &mut self,
        id: CeremonyId,
        from: PeerName,
        statement: Statement,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let entry = Entry::Stated { from, statement, envelope };
        let at = self.view.slot();
        self.persist(Record::Ceremony { ceremony: id, entry, at }, out);
        self.tend_ceremony(&id, out);
    }

    /// Takes in a ceremony that its raiser opens. False when it cannot be, or is not ours to know.
    fn know_ceremony(
        &mut self,
        id: CeremonyId,
        from: &PeerName,
        statement: &Statement,
        out: &mut Vec<Command>,
    ) -> bool {
        let Statement::Open(order) = statement else { return false };
        let Some(current) = self.definition_of(order) else { return false };
        let slot = self.view.slot();
        let fits = order.id() == id
            && order.validate(current).is_ok()
            && current.index_of(from) == Some(order.raiser)
            && order.opened <= slot.saturating_add(AHEAD)
            // Who was away must still hear how a succession ended.
            && (slot < order.expires || matches!(order.kind, Kind::Succession { .. }))
            && self.hall.admits(&id, order, slot);
        // Who waits to come in knows no other way in than its own definition.
        let is_ours = order.network == self.network
            || matches!(&order.kind, Kind::Succession { next } if next.id() == self.network);
        if !fits || !is_ours {
            return false;
        }
        self.persist(Record::Opened { order: order.clone(), at: slot }, out)
    }

    /// Writes down once what a member did wrong, and counts it against a guardian of our set.
    pub(crate) fn blame(
        &mut self,
        id: &CeremonyId,
        peer: PeerName,
        blame: Blame,
        evidence: Vec<Envelope>,
        out: &mut Vec<Command>,
    ) {
        if self.hall.get(id).is_none_or(|course| course.blamed.contains_key(&peer)) {
            return;
        }
        let at = self.view.slot();
        let guardian = self.definition.index_of(&peer);
        let entry = Entry::Blamed { peer, blame };
        self.persist(Record::Ceremony { ceremony: *id, entry, at }, out);
        if let Some(guardian) = guardian {
            self.fault(guardian, crate::fault::FaultKind::Ceremony(blame), None, evidence, out);
        }
    }
}

/// Whether a member's part in the ceremony allows a statement, and its values are in range.
fn is_in_place(cast: Cast<'_>, from: &PeerName, statement: &Statement) -> bool {
    let dealer = cast.dealer(from);
    let deals = |dealer: &GuardianIndex| cast.may_deal(*dealer);
    let is_succession = matches!(cast.order.kind, Kind::Succession { .. });
    match statement {
        Statement::Open(order) => dealer == Some(order.raiser) && order == cast.order,
        Statement::Accept | Statement::Reject | Statement::Withdraw => true,
        Statement::Dealt { .. } => dealer.as_ref().is_some_and(deals),
        Statement::Held { dealer, .. } | Statement::Accuse { dealer, .. } => {
            cast.receives(from) && deals(dealer)
        }
        Statement::Commit { .. } => cast.receives(from),
        Statement::Choose { choice, .. } => {
            cast.receives(from)
                && choice.0.len() >= cast.dealings()
                && choice.0.iter().all(|(dealer, _)| cast.may_deal(*dealer))
        }
        Statement::Proven { .. } => cast.proves(from),
        Statement::Endorse { .. } | Statement::Destroyed => dealer.is_some() && is_succession,
        // Anybody may bring it, and nobody may bring a false one.
        Statement::Signed { result, signature } => is_succession && cast.is_signed(*result, signature),
    }
}
