//! One validator's way out, step by step.

use super::calendar::Moment;
use super::schema;
use crate::snapshot::Snapshot;
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Epoch, ValidatorIndex};
use guardian_core::lifecycle::{LifecycleStatus, Step};
use guardian_core::proposal::{ProposalId, RuleKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way out, as far as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExitView {
    /// Whose.
    #[schema(value_type = schema::Pubkey)]
    pub pubkey: BlsPubkey,
    /// Its index.
    #[schema(value_type = Option<u64>)]
    pub index: Option<ValidatorIndex>,
    /// Its node operator.
    #[schema(value_type = Option<schema::Account>)]
    pub operator: Option<Address>,
    /// The proposal that leads.
    #[schema(value_type = Option<schema::Hash>)]
    pub proposal: Option<ProposalId>,
    /// The rule it leaves by, as far as the proposal is still kept.
    #[schema(value_type = Option<schema::Rule>)]
    pub rule: Option<RuleKind>,
    /// The furthest step made.
    #[schema(value_type = Option<schema::StepCode>)]
    pub step: Option<Step>,
    /// All steps made, in their order.
    pub steps: Vec<StepView>,
    /// Whether nothing is left to happen.
    pub over: bool,
    /// The block that has the exit.
    pub included_in: Option<Moment>,
    /// First epoch the stake may leave.
    pub withdrawable: Option<EpochView>,
    /// The next step, if it is late.
    pub late: Option<StepView>,
}

/// A step with its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Which.
    #[schema(value_type = schema::StepCode)]
    pub step: Step,
    /// When it was seen; of a late one, since when it is.
    #[serde(flatten)]
    pub moment: Moment,
}

/// An epoch with its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EpochView {
    /// The epoch.
    #[schema(value_type = u64, example = 300_256)]
    pub epoch: Epoch,
    /// When it begins, Unix seconds.
    pub at: u64,
}

impl EpochView {
    pub(crate) fn of(snapshot: &Snapshot, epoch: Epoch) -> Self {
        Self { epoch, at: snapshot.calendar().epoch_at(epoch) }
    }
}

impl ExitView {
    pub(crate) fn of(snapshot: &Snapshot, way: &LifecycleStatus) -> Self {
        let row = snapshot.row(&way.pubkey);
        let step_view = |(step, slot): (Step, _)| StepView { step, moment: snapshot.calendar().moment(slot) };
        let step = way.steps.iter().map(|(step, _)| *step).max();
        let proposal = way.proposal.as_ref().and_then(|id| snapshot.proposal_status(id));
        Self {
            pubkey: way.pubkey,
            index: row.and_then(|row| snapshot.index_of(row)),
            operator: row.and_then(|row| snapshot.operator_of(row)),
            proposal: way.proposal,
            rule: proposal.map(|status| status.proposal.origin.kind()),
            step,
            steps: way.steps.iter().copied().map(step_view).collect(),
            over: step.is_some_and(|step| step >= Step::Withdrawn),
            included_in: way.included_in.map(|slot| snapshot.calendar().moment(slot)),
            withdrawable: way.withdrawable.map(|epoch| EpochView::of(snapshot, epoch)),
            late: way.late.map(step_view),
        }
    }
}
