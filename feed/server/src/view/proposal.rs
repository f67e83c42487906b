//! One proposal: what is claimed, who said what, what holds it, how far it came.

use super::calendar::Moment;
use super::exit::{EpochView, ExitView};
use super::schema;
use crate::snapshot::Snapshot;
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Epoch, Slot, ValidatorIndex};
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::lifecycle::Step;
use guardian_core::message::{Decision, RejectReason};
use guardian_core::proposal::{Origin, ProposalId, RuleKind, State};
use guardian_core::status::{Hold, PartialStatus, ProposalStatus, VoteStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Its id.
    #[schema(value_type = schema::Hash)]
    pub id: ProposalId,
    /// Whose exit.
    #[schema(value_type = schema::Pubkey)]
    pub pubkey: BlsPubkey,
    /// Its index.
    #[schema(value_type = u64)]
    pub index: ValidatorIndex,
    /// Its node operator.
    #[schema(value_type = Option<schema::Account>)]
    pub operator: Option<Address>,
    /// The rule it goes by.
    #[schema(value_type = schema::Rule)]
    pub rule: RuleKind,
    /// What the rule's cause is said to be, for people.
    #[schema(example = "no attestation in epochs 299775 to 299999")]
    pub claim: String,
    /// First epoch of the cause that is claimed.
    pub cause_from: Option<EpochView>,
    /// The epoch in which the rule fell due.
    pub due: EpochView,
    /// The emergency that asks for it.
    #[schema(value_type = Option<schema::Hash>)]
    pub emergency: Option<ProposalId>,
    /// `epoch` of the exit message that is signed.
    #[schema(value_type = u64)]
    pub exit_message_epoch: Epoch,
    /// Where it stands.
    #[schema(value_type = schema::ProposalState)]
    pub state: State,
    /// Whether nothing more is done about it.
    pub over: bool,
    /// First slot of the voting window.
    pub opened: Moment,
    /// First slot after it.
    pub expires: Moment,
    /// How many approvals it needs.
    pub needed: u16,
    /// How many it has.
    pub approvals: u16,
    /// The votes that stand, by guardian.
    pub votes: Vec<VoteView>,
    /// Why it does not move, if something holds it.
    pub hold: Option<HoldView>,
    /// When t approvals were seen.
    pub certified: Option<Moment>,
    /// When the guardian that speaks released its partial signature.
    pub released: Option<Moment>,
    /// The partial signatures that are here, by guardian.
    pub partials: Vec<PartialView>,
    /// Share indices found false while combining.
    pub culprits: Vec<u16>,
    /// Whether the combined signature exists.
    pub combined: bool,
    /// How the nodes of the guardian that speaks took the exit.
    pub submission: SubmissionView,
    /// `exit_epoch` of the validator, once scheduled.
    pub exit_epoch: Option<EpochView>,
    /// The validator's way out, if this proposal leads it.
    pub exit: Option<ExitView>,
    /// What happened, in order.
    pub timeline: Vec<HappeningView>,
}

/// One guardian's vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoteView {
    /// Whose.
    #[schema(value_type = u16)]
    pub guardian: GuardianIndex,
    /// Its name.
    pub name: String,
    /// `approve`, `reject` or `withdraw`.
    pub decision: DecisionCode,
    /// Why, unless it approves.
    #[schema(value_type = Option<schema::RejectCode>)]
    pub reason: Option<RejectReason>,
    /// When it arrived at the guardian that speaks. Of several by one guardian the last one stands, and is told.
    pub at: Moment,
}

/// One guardian's partial signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartialView {
    /// Whose.
    #[schema(value_type = u16)]
    pub guardian: GuardianIndex,
    /// Its name.
    pub name: String,
    /// When it arrived at the guardian that speaks, or was certified there, whichever came last.
    pub at: Moment,
}

/// What a guardian decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionCode {
    /// It approves.
    Approve,
    /// It refuses.
    Reject,
    /// It takes its approval back.
    Withdraw,
}

impl DecisionCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Why something does not move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    /// The stable code.
    #[schema(value_type = schema::HoldCode)]
    pub code: Hold,
    /// Since when.
    pub since: Option<Moment>,
    /// What ends it, for people.
    pub ends: String,
}

/// How nodes took an exit; their names and words are their operator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SubmissionView {
    /// Nodes that took it.
    pub accepted: u64,
    /// Nodes that had it.
    pub known: u64,
    /// Nodes that refused it.
    pub refused: u64,
    /// Nodes that did not answer.
    pub unreachable: u64,
}

/// Something that happened, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HappeningView {
    /// The stable code: a step, or `opened`, `voted`, `held`, `signed`, `expires`.
    #[schema(example = "certified")]
    pub what: String,
    /// When.
    #[serde(flatten)]
    pub moment: Moment,
    /// Who voted, or whose partial signature was here.
    #[schema(value_type = Option<u16>)]
    pub guardian: Option<GuardianIndex>,
    /// Its name.
    pub name: Option<String>,
    /// What it decided, if it voted.
    pub decision: Option<DecisionCode>,
    /// Why, unless it approves.
    #[schema(value_type = Option<schema::RejectCode>)]
    pub reason: Option<RejectReason>,
}

impl VoteView {
    pub(crate) fn all(snapshot: &Snapshot, votes: &[VoteStatus]) -> Vec<Self> {
        let view = |vote: &VoteStatus| {
            let (decision, reason) = match &vote.decision {
                Decision::Approve => (DecisionCode::Approve, None),
                Decision::Reject(reason) => (DecisionCode::Reject, Some(*reason)),
                Decision::Withdraw(reason) => (DecisionCode::Withdraw, Some(*reason)),
            };
            let at = snapshot.calendar().moment(vote.at);
            Self { guardian: vote.guardian, name: snapshot.name_of(vote.guardian), decision, reason, at }
        };
        votes.iter().map(view).collect()
    }

    pub(crate) fn approvals(votes: &[VoteStatus]) -> u16 {
        let approvals = votes.iter().filter(|vote| vote.decision == Decision::Approve).count();
        u16::try_from(approvals).unwrap_or(u16::MAX)
    }
}

impl PartialView {
    fn all(snapshot: &Snapshot, partials: &[PartialStatus]) -> Vec<Self> {
        let view = |held: &PartialStatus| Self {
            guardian: held.guardian,
            name: snapshot.name_of(held.guardian),
            at: snapshot.calendar().moment(held.at),
        };
        partials.iter().map(view).collect()
    }
}

impl HappeningView {
    fn of(what: &str, moment: Moment) -> Self {
        Self { what: what.to_owned(), moment, guardian: None, name: None, decision: None, reason: None }
    }

    fn voted(vote: &VoteView) -> Self {
        Self {
            guardian: Some(vote.guardian),
            name: Some(vote.name.clone()),
            decision: Some(vote.decision),
            reason: vote.reason,
            ..Self::of("voted", vote.at)
        }
    }

    fn signed(partial: &PartialView) -> Self {
        let (guardian, name) = (Some(partial.guardian), Some(partial.name.clone()));
        Self { guardian, name, ..Self::of("signed", partial.at) }
    }
}

impl SubmissionView {
    fn of(outcomes: &[(String, PostOutcome)]) -> Self {
        let mut counts = Self::default();
        for (_, outcome) in outcomes {
            match outcome {
                PostOutcome::Accepted => counts.accepted += 1,
                PostOutcome::AlreadyKnown => counts.known += 1,
                PostOutcome::Rejected(_) => counts.refused += 1,
                PostOutcome::Unreachable(_) => counts.unreachable += 1,
            }
        }
        counts
    }
}

impl ProposalView {
    pub(crate) fn of(snapshot: &Snapshot, status: &ProposalStatus) -> Self {
        let calendar = snapshot.calendar();
        let proposal = &status.proposal;
        let row = snapshot.row(&proposal.pubkey);
        let way = row.and_then(|row| snapshot.way(row)).filter(|way| way.proposal == Some(status.id));
        let exit = way.map(|way| ExitView::of(snapshot, way));
        let (claim, cause_from, emergency) = claim(&proposal.origin);
        let votes = VoteView::all(snapshot, &status.votes);
        let partials = PartialView::all(snapshot, &status.partials);
        Self {
            id: status.id,
            pubkey: proposal.pubkey,
            index: proposal.exit.validator_index,
            operator: match proposal.origin {
                Origin::Tickets { operator, .. } => Some(operator),
                Origin::Offline { .. } | Origin::Balance { .. } | Origin::Emergency { .. } => {
                    row.and_then(|row| snapshot.operator_of(row))
                }
            },
            rule: proposal.origin.kind(),
            claim,
            cause_from: cause_from.map(|epoch| EpochView::of(snapshot, epoch)),
            due: EpochView::of(snapshot, proposal.origin.due()),
            emergency,
            exit_message_epoch: proposal.exit.epoch,
            state: status.state,
            over: status.state.is_over(),
            opened: calendar.moment(proposal.opened),
            expires: calendar.moment(proposal.expires),
            needed: snapshot.status().threshold.t(),
            approvals: VoteView::approvals(&status.votes),
            timeline: timeline(snapshot, status, exit.as_ref(), &votes, &partials),
            votes,
            hold: status.hold.map(|code| HoldView {
                code,
                since: status.held_since.map(|slot| calendar.moment(slot)),
                ends: status.hold_ends.clone().unwrap_or_else(|| code.ends().to_owned()),
            }),
            certified: status.certified.map(|slot| calendar.moment(slot)),
            released: status.released.map(|slot| calendar.moment(slot)),
            partials,
            culprits: status.culprits.iter().map(|share| share.get()).collect(),
            combined: status.combined,
            submission: SubmissionView::of(&status.submissions),
            exit_epoch: status.exit_epoch.map(|epoch| EpochView::of(snapshot, epoch)),
            exit,
        }
    }
}

fn claim(origin: &Origin) -> (String, Option<Epoch>, Option<ProposalId>) {
    match origin {
        Origin::Offline { dark_from, dark_to } => {
            (format!("no attestation in epochs {dark_from} to {dark_to}"), Some(*dark_from), None)
        }
        Origin::Tickets { operator, due } => {
            (format!("operator {operator} is short of tickets since epoch {due}"), Some(*due), None)
        }
        Origin::Balance { due } => (
            format!("the balance was below the threshold at the checkpoint of epoch {due}"),
            Some(*due),
            None,
        ),
        Origin::Emergency { emergency, .. } => (
            "people decided, in an emergency that enough guardians approved".to_owned(),
            None,
            Some(*emergency),
        ),
    }
}

/// In order. Of what happened in one slot, what leads to the other is told first.
fn timeline(
    snapshot: &Snapshot,
    status: &ProposalStatus,
    exit: Option<&ExitView>,
    votes: &[VoteView],
    partials: &[PartialView],
) -> Vec<HappeningView> {
    let moment = |slot: Slot| snapshot.calendar().moment(slot);
    // Each with the step that it is or, if so, that it follows.
    let step = |step: Step, moment| ((step, false), HappeningView::of(step.code(), moment));
    let after = |step: Step, happening| ((step, true), happening);
    let mut told = vec![after(Step::Due, HappeningView::of("opened", moment(status.proposal.opened)))];
    match exit {
        Some(exit) => told.extend(exit.steps.iter().map(|made| step(made.step, made.moment))),
        None => {
            let steps = [(Step::Certified, status.certified), (Step::Released, status.released)];
            told.extend(steps.into_iter().filter_map(|(made, slot)| Some(step(made, moment(slot?)))));
        }
    }
    told.extend(votes.iter().map(|vote| after(Step::Proposed, HappeningView::voted(vote))));
    told.extend(partials.iter().map(|partial| after(Step::Released, HappeningView::signed(partial))));
    if let (Some(since), Some(_)) = (status.held_since, status.hold) {
        told.push(after(Step::Certified, HappeningView::of("held", moment(since))));
    }
    if status.state == State::Open || status.state == State::Expired {
        told.push(after(Step::Settled, HappeningView::of("expires", moment(status.proposal.expires))));
    }
    told.sort_by_key(|(place, happening)| (happening.moment.slot, *place));
    told.into_iter().map(|(_, happening)| happening).collect()
}

#[cfg(test)]
mod tests;
