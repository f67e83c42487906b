//! Asking: what our operator asks, checked, journaled with its name, done and answered.
//!
//! # Design decisions
//! - A request is journaled before anything follows from it, whatever follows. What is too large to be one is refused
//!   before that, and one operator's looking at emergencies is journaled once a slot.
//! - Raising is all or nothing: one validator that cannot be made to exit refuses the list, and nothing is stored or sent.

use crate::ceremony::Kind;
use crate::command::Command;
use crate::emergency::{
    Cancellation, Emergency, MAX_REASON, MAX_TARGETS, Proof, Raised, Raiser, Refusal, Severity,
    is_unprintable,
};
use crate::forecast::Target;
use crate::guardian::Guardian;
use crate::message::{Decision, Message, RejectReason};
use crate::policy::Enforcement;
use crate::proposal::{ProposalId, RuleKind};
use crate::record::Record;
use crate::registration::Life;
use crate::request::{
    Answer, AskId, Inspection, MAX_NOTE, MAX_OPERATOR, OperatorName, Problem, Request, Selection,
    ValidatorName, raiser_text,
};
use crate::status::EmergencyState;
use crate::voting::MAX_REVISION;
use crypto::spec::{BlsPubkey, ValidatorIndex};
use std::collections::BTreeSet;

/// Most problems named in one answer.
const MAX_PROBLEMS: usize = 64;

/// A request that is refused, and why.
type Refused = Vec<Problem>;

impl Guardian {
    /// Answers one request; exactly one answer goes out.
    pub(crate) fn operator_asked(
        &mut self,
        ask: AskId,
        by: OperatorName,
        request: Request,
        out: &mut Vec<Command>,
    ) {
        let answer = match check_bounds(&by, &request) {
            Err(problem) => Answer::Refused { problems: vec![problem] },
            Ok(()) => {
                let at = self.view.slot();
                let is_look = matches!(request, Request::Inspect { .. } | Request::Definition {});
                let looked = is_look.then(|| (at, by.name.clone()));
                if looked.is_none() || self.looked != looked {
                    self.persist(Record::Asked { at, by, request: request.clone() }, out);
                    self.looked = looked.or_else(|| self.looked.take());
                }
                self.answer(request, out).unwrap_or_else(|mut problems| {
                    problems.truncate(MAX_PROBLEMS);
                    Answer::Refused { problems }
                })
            }
        };
        out.push(Command::Answer { ask, answer: Box::new(answer) });
    }

    fn answer(&mut self, request: Request, out: &mut Vec<Command>) -> Result<Answer, Refused> {
        match request {
            Request::Propose { selection, severity, reason, lifetime, dry_run } => {
                let validators = self.select(&selection)?;
                let emergency = self.draft(validators, severity, reason, lifetime);
                self.propose_emergency(emergency, dry_run, out)
            }
            Request::Submit { raised, dry_run } => self.submit_emergency(*raised, dry_run, out),
            Request::Approve { emergency, note: _ } => self.vote_on(&emergency, Decision::Approve, out),
            Request::Reject { emergency, note: _ } => {
                self.vote_on(&emergency, Decision::Reject(RejectReason::Operator), out)
            }
            Request::Withdraw { emergency, note: _ } => {
                self.vote_on(&emergency, Decision::Withdraw(RejectReason::Operator), out)
            }
            Request::Cancel { emergency, signature } => {
                let proof = signature.map_or(Proof::Sealed, Proof::Signature);
                self.cancel_emergency(Cancellation { emergency, proof }, out)
            }
            Request::Inspect { emergency: None } => Ok(Answer::Inspection(
                self.agenda.iter().map(|(id, _)| id).filter_map(|id| self.inspect(&id)).collect(),
            )),
            Request::Inspect { emergency: Some(id) } => {
                let inspection = self.inspect(&id).ok_or_else(|| unknown(&id))?;
                Ok(Answer::Inspection(vec![inspection]))
            }
            Request::Definition {} => Ok(Answer::Definition(Box::new(self.definition.clone()))),
            Request::Convene { kind, lifetime } => self.convene(*kind, lifetime, out),
            Request::Refresh { lifetime } => {
                let next = Box::new(crate::succession::refreshed(&self.definition));
                self.convene(Kind::Succession { next }, lifetime, out)
            }
            Request::AnswerCeremony { ceremony, agrees, note: _ } => {
                self.answer_ceremony(&ceremony, agrees, out)
            }
            Request::Attest { chain_id, contract, nonce } => self.attest(chain_id, contract, nonce, out),
            Request::AbortCeremony { ceremony, note: _ } => self.abort_ceremony(&ceremony, out),
            Request::Pause { scope, note: _ } => {
                self.switch_pause(true, scope, out);
                Ok(Answer::Pauses(self.pause_status()))
            }
            Request::Resume { scope, note: _ } => {
                self.switch_pause(false, scope, out);
                self.review(out);
                Ok(Answer::Pauses(self.pause_status()))
            }
        }
    }

    /// The validators that an operator named, ascending.
    fn select(&self, selection: &Selection) -> Result<Vec<ValidatorIndex>, Refused> {
        let registry = self.protocol.registry();
        let found: Vec<ValidatorIndex> = match selection {
            Selection::Validators(names) => return self.resolve(names),
            Selection::Operator(operator) => {
                registry.on_duty(operator).filter_map(|key| self.staying(&key)).collect()
            }
            Selection::Module(module) => {
                let active = registry
                    .entries()
                    .iter()
                    .filter(|entry| entry.life == Life::Active && entry.registered.id.module == *module);
                active.filter_map(|entry| self.staying(&entry.registered.pubkey?)).collect()
            }
        };
        let found: BTreeSet<_> = found.into_iter().collect();
        if found.is_empty() {
            let detail = "it has no validator that we hold a share of and that is on duty and not leaving; see `guardian validators`";
            return Err(vec![Problem::of(Refusal::UnknownValidator, detail)]);
        }
        Ok(found.into_iter().collect())
    }

    /// The index of a validator that is ours, on the chain and not leaving.
    fn staying(&self, pubkey: &BlsPubkey) -> Option<ValidatorIndex> {
        self.view.custody(pubkey)?;
        let index = self.view.validator(pubkey)?.at_finalized?.index;
        (!self.is_leaving(index)).then_some(index)
    }

    fn resolve(&self, names: &[ValidatorName]) -> Result<Vec<ValidatorIndex>, Refused> {
        let (mut indices, mut problems) = (BTreeSet::new(), Vec::new());
        for name in names {
            let index = match name {
                ValidatorName::Index(index) => Some(*index),
                ValidatorName::Pubkey(key) => {
                    let watched = self.view.validator(key);
                    watched.and_then(|w| w.at_finalized.or(w.at_head)).map(|v| v.index)
                }
            };
            match index {
                None => {
                    let detail = format!("validator {name}: our nodes know no such validator of ours");
                    problems.push(Problem::of(Refusal::UnknownValidator, detail));
                }
                Some(index) if !indices.insert(index) => {
                    let detail = format!("validator {name} is named twice; name each once");
                    problems.push(Problem::of(Refusal::Duplicate, detail));
                }
                Some(_) => {}
            }
        }
        if problems.is_empty() { Ok(indices.into_iter().collect()) } else { Err(problems) }
    }

    /// An emergency in our own name, beginning now.
    fn draft(
        &self,
        validators: Vec<ValidatorIndex>,
        severity: Severity,
        reason: String,
        lifetime: u64,
    ) -> Emergency {
        let opened = self.view.slot();
        Emergency {
            guardian_set_epoch: self.definition.guardian_set.epoch,
            raiser: Raiser::Guardian { guardian: self.me },
            validators,
            severity,
            reason,
            opened,
            expires: opened.saturating_add(lifetime),
        }
    }

    fn propose_emergency(
        &mut self,
        emergency: Emergency,
        dry_run: bool,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        self.check_emergency(&emergency)?;
        let is_same = |other: &Emergency| {
            (other.raiser, other.severity) == (emergency.raiser, emergency.severity)
                && other.validators == emergency.validators
                && other.reason == emergency.reason
        };
        let alive =
            self.agenda.iter().find(|(_, matter)| !matter.state.is_over() && is_same(matter.emergency()));
        if let Some((id, matter)) = alive {
            let forecast = Box::new(self.forecast(matter.emergency()));
            return Ok(Answer::Raised { emergency: id, known: true, forecast });
        }
        let forecast = Box::new(self.forecast(&emergency));
        if dry_run {
            return Ok(Answer::Forecast(forecast));
        }
        self.check_acting()?;
        self.check_quota(&emergency).map_err(too_many)?;
        let id = emergency.id();
        let raised = Raised { emergency, proof: Proof::Sealed };
        if self.take_up(raised.clone(), out) {
            self.decide(&id, Decision::Approve, out);
            out.push(Command::Broadcast(Message::Emergency(raised)));
        }
        Ok(Answer::Raised { emergency: id, known: false, forecast })
    }

    fn submit_emergency(
        &mut self,
        raised: Raised,
        dry_run: bool,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        let (id, emergency) = (raised.emergency.id(), &raised.emergency);
        if !matches!(raised.proof, Proof::Signature(_)) {
            let detail = "a proposal that is carried by hand needs the proposer's signature";
            return Err(vec![Problem::of(Refusal::NotAuthorised, detail)]);
        }
        self.check_emergency(emergency)?;
        raised.check_proof(&self.definition, self.me).map_err(|refusal| {
            let detail = "the signature is not the proposer's over this proposal in this network: check the network id, \
                          the chain id and that nothing in the file was changed";
            vec![Problem::of(refusal, detail)]
        })?;
        let forecast = Box::new(self.forecast(emergency));
        if self.agenda.get(&id).is_some() {
            return Ok(Answer::Raised { emergency: id, known: true, forecast });
        }
        if dry_run {
            return Ok(Answer::Forecast(forecast));
        }
        self.check_quota(emergency).map_err(too_many)?;
        if self.take_up(raised.clone(), out) {
            out.push(Command::Broadcast(Message::Emergency(raised)));
        }
        Ok(Answer::Raised { emergency: id, known: false, forecast })
    }

    /// Everything that can be wrong with an emergency as our view has it, one by one.
    fn check_emergency(&self, emergency: &Emergency) -> Result<(), Refused> {
        let slot = self.view.slot();
        emergency
            .check(&self.definition)
            .and_then(|()| emergency.check_time(slot))
            .map_err(|refusal| vec![Problem::of(refusal, self.explain(refusal, emergency))])?;
        let problem = |target: &Target| {
            let refusal = target.problem?;
            Some(Problem::of(refusal, format!("validator {}: {}", target.index, of_validator(refusal))))
        };
        let problems: Vec<_> = self.findings(emergency).iter().filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Whether this guardian takes part in emergencies at all.
    fn check_acting(&self) -> Result<(), Refused> {
        if self.enforcement(RuleKind::Emergency) == Enforcement::Enforce {
            return Ok(());
        }
        let detail = "this guardian only observes emergencies; set `enforcement.emergency = \"enforce\"` in its configuration";
        Err(vec![Problem { code: "not_enforced".to_owned(), detail: detail.to_owned() }])
    }

    fn vote_on(
        &mut self,
        id: &ProposalId,
        decision: Decision,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        let matter = self.agenda.get(id).ok_or_else(|| unknown(id))?;
        let refuse = |code: &str, detail: String| Err(vec![Problem { code: code.to_owned(), detail }]);
        if matter.state.is_over() || matter.emergency().expires <= self.view.slot() {
            let state = matter.state.code();
            return refuse(
                "is_over",
                format!("emergency {id} is over ({state}); nothing can be decided about it"),
            );
        }
        let emergency = matter.emergency().clone();
        if matches!(decision, Decision::Withdraw(_)) && !matter.is_approved_by_us() {
            return refuse(
                "no_approval",
                format!("this guardian does not approve emergency {id}, so there is nothing to withdraw"),
            );
        }
        self.check_acting()?;
        if matter.own.as_ref().is_some_and(|own| own.revision >= MAX_REVISION && own.decision != decision) {
            let detail = format!(
                "this guardian changed its mind on emergency {id} {MAX_REVISION} times; `guardian pause` keeps its signatures back"
            );
            return refuse("too_many_changes", detail);
        }
        if decision == Decision::Approve {
            let outside = self
                .findings(&emergency)
                .into_iter()
                .filter(|target| target.problem == Some(Refusal::OutOfScope));
            let outside: Vec<_> = outside
                .map(|target| {
                    let detail = format!("validator {}: {}", target.index, of_validator(Refusal::OutOfScope));
                    Problem::of(Refusal::OutOfScope, detail)
                })
                .collect();
            if !outside.is_empty() {
                return Err(outside);
            }
        }
        self.decide(id, decision, out);
        self.review(out);
        let Some(matter) = self.agenda.get(id) else { return Err(unknown(id)) };
        let is_released =
            |exit: &&ProposalId| self.docket.get(exit).is_some_and(|case| case.ceremony.released.is_some());
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        // Our own vote is heard a moment later.
        let others = matter.ballot.approvals().filter(|(guardian, _)| *guardian != self.me).count();
        Ok(Answer::Voted {
            emergency: *id,
            state: matter.state,
            approvals: number(others + usize::from(matter.is_approved_by_us())),
            threshold: self.definition.guardian_set.threshold.t().into(),
            certifiable_from: matter.certifiable_from(&self.definition.emergency),
            released: number(matter.exits.values().filter(is_released).count()),
        })
    }

    fn cancel_emergency(
        &mut self,
        cancellation: Cancellation,
        out: &mut Vec<Command>,
    ) -> Result<Answer, Refused> {
        let id = cancellation.emergency;
        let matter = self.agenda.get(&id).ok_or_else(|| unknown(&id))?;
        let refuse = |code: &str, detail: String| Err(vec![Problem { code: code.to_owned(), detail }]);
        if matter.state != EmergencyState::Open {
            let detail = format!(
                "emergency {id} is {}; only an open one can be taken back. `guardian reject` keeps this guardian's own \
                 signatures back, `guardian pause` stops everything here",
                matter.state.code()
            );
            return refuse("not_open", detail);
        }
        let raiser = matter.emergency().raiser;
        if cancellation.check_proof(&self.definition, &raiser, self.me).is_err() {
            let detail = format!(
                "emergency {id} was raised by {}, who alone can take it back: a guardian through its own socket, an \
                 account by its signature, a contract's proposer by `cancelExit`",
                raiser_text(&raiser)
            );
            return Err(vec![Problem::of(Refusal::NotAuthorised, detail)]);
        }
        self.cancel(cancellation, out);
        out.push(Command::Broadcast(Message::Cancellation(cancellation)));
        Ok(Answer::Cancelled { emergency: id })
    }

    fn inspect(&self, id: &ProposalId) -> Option<Inspection> {
        let matter = self.agenda.get(id)?;
        let raiser = &matter.emergency().raiser;
        let found_by = match raiser {
            Raiser::Guardian { .. } => "its sealed message",
            Raiser::Account { .. } => {
                "its signature over the typed data, and the definition's list of proposers"
            }
            Raiser::Contract { .. } => {
                "the contract's log at a finalized block, and the definition's list of proposers"
            }
        };
        Some(Inspection {
            status: self.emergency_status(*id, matter),
            authority: format!("raised by {}; proven by {found_by}", raiser_text(raiser)),
            nodes: self.view.nodes(),
            forecast: self.forecast(matter.emergency()),
        })
    }

    /// A refusal with the numbers of this network.
    fn explain(&self, refusal: Refusal, emergency: &Emergency) -> String {
        let rules = &self.definition.emergency;
        let count = emergency.validators.len();
        match refusal {
            Refusal::WrongNumber => format!(
                "{count} validators are named; one emergency may name 1 to {}: raise several",
                rules.max_validators
            ),
            Refusal::WrongReason => {
                format!("the reason must be one line of 1 to {MAX_REASON} bytes that can be printed")
            }
            Refusal::WrongLifetime => format!(
                "it would live {} slots; {} to {} are allowed",
                emergency.expires.0.saturating_sub(emergency.opened.0),
                emergency.certifiable_from(rules).0.saturating_sub(emergency.opened.0).saturating_add(1),
                rules.max_lifetime
            ),
            Refusal::Expired => {
                format!("it expired in slot {}, it is slot {}", emergency.expires, self.view.slot())
            }
            Refusal::FromFuture => {
                format!("it begins in slot {}, it is slot {}", emergency.opened, self.view.slot())
            }
            Refusal::NotAuthorised => format!(
                "{} may not raise emergencies in this network; see `emergency` in the definition",
                raiser_text(&emergency.raiser)
            ),
            Refusal::OutOfScope => format!("{count} validators are more than this proposer may name at once"),
            Refusal::Duplicate => "its validators are not in ascending order, each once".to_owned(),
            Refusal::WrongEpoch => "another guardian set decides on it".to_owned(),
            Refusal::ForgedAuthority
            | Refusal::UnknownValidator
            | Refusal::AlreadyExiting
            | Refusal::NotExitable
            | Refusal::ViewUnknown
            | Refusal::TooMany
            | Refusal::UnknownSeverity => of_validator(refusal).to_owned(),
        }
    }
}

/// A refusal about one validator.
fn of_validator(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownValidator => "our nodes know no such validator, or we hold no share of it",
        Refusal::AlreadyExiting => "it is leaving already",
        Refusal::NotExitable => {
            "the chain would not take its exit now: not active, not long enough, or not provisioned"
        }
        Refusal::ViewUnknown => "our own nodes show too little of it now; see `guardian status`",
        Refusal::OutOfScope => "it is not of an operator or module that this proposer may name",
        _ => "it is refused",
    }
}

fn unknown(id: &ProposalId) -> Refused {
    let detail = format!("no emergency {id} is known here; see `guardian proposals`");
    vec![Problem { code: "unknown_emergency".to_owned(), detail }]
}

fn too_many(refusal: Refusal) -> Refused {
    let detail =
        "too many emergencies of this raiser are open, or were raised today; wait, or take some back";
    vec![Problem::of(refusal, detail)]
}

/// What is too large, or not a line of text, is no request.
fn check_bounds(by: &OperatorName, request: &Request) -> Result<(), Problem> {
    let is_line = |text: &str, most: usize| text.len() <= most && !text.chars().any(is_unprintable);
    let refuse = |refusal: Refusal, detail: String| Err(Problem::of(refusal, detail));
    if by.name.is_empty() || !is_line(&by.name, MAX_OPERATOR) {
        let detail = format!("the operator's name must be 1 to {MAX_OPERATOR} bytes that can be printed");
        return refuse(Refusal::NotAuthorised, detail);
    }
    let (note, most) = match request {
        Request::Propose { selection: Selection::Validators(names), .. } if names.len() > MAX_TARGETS => {
            let detail =
                format!("{} validators are named; one emergency may name {MAX_TARGETS}", names.len());
            return refuse(Refusal::WrongNumber, detail);
        }
        Request::Propose { reason, .. } => (reason, MAX_REASON),
        Request::Submit { raised, .. } if !raised.emergency.is_bounded() => {
            let detail = format!(
                "one emergency may name {MAX_TARGETS} validators and has a reason of {MAX_REASON} bytes"
            );
            return refuse(Refusal::WrongNumber, detail);
        }
        Request::Approve { note, .. }
        | Request::Reject { note, .. }
        | Request::Withdraw { note, .. }
        | Request::Pause { note, .. }
        | Request::Resume { note, .. }
        | Request::AnswerCeremony { note, .. }
        | Request::AbortCeremony { note, .. } => (note, MAX_NOTE),
        Request::Submit { .. }
        | Request::Cancel { .. }
        | Request::Inspect { .. }
        | Request::Definition {}
        | Request::Convene { .. }
        | Request::Attest { .. }
        | Request::Refresh { .. } => return Ok(()),
    };
    if is_line(note, most) {
        return Ok(());
    }
    refuse(
        Refusal::WrongReason,
        format!("the reason must be one line of at most {most} bytes that can be printed"),
    )
}

#[cfg(test)]
mod tests;
