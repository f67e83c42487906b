//! One emergency: who asks for whose exits, why, and who agrees.

use super::calendar::Moment;
use super::proposal::VoteView;
use super::schema;
use crate::snapshot::Snapshot;
use crypto::execution::Address;
use crypto::spec::ValidatorIndex;
use guardian_core::emergency::{Raiser, Severity};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::{Origin, ProposalId};
use guardian_core::status::{EmergencyState, EmergencyStatus};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmergencyView {
    /// Its id.
    #[schema(value_type = schema::Hash)]
    pub id: ProposalId,
    /// Who asks.
    pub raiser: RaiserView,
    /// How urgent.
    #[schema(value_type = schema::Severity)]
    pub severity: Severity,
    /// Why, as the raiser says.
    pub reason: String,
    /// Whom.
    #[schema(value_type = Vec<u64>)]
    pub validators: Vec<ValidatorIndex>,
    /// Where it stands.
    #[schema(value_type = schema::EmergencyStateCode)]
    pub state: EmergencyState,
    /// Whether nothing more is done about it.
    pub over: bool,
    /// First slot of its life.
    pub opened: Moment,
    /// When the guardian that speaks came to know it.
    pub raised: Moment,
    /// First slot at which it can be certified.
    pub certifiable_from: Moment,
    /// First slot after its life.
    pub expires: Moment,
    /// How many approvals it needs.
    pub needed: u16,
    /// How many it has.
    pub approvals: u16,
    /// Votes, by guardian.
    pub votes: Vec<VoteView>,
    /// When t approvals were seen.
    pub certified: Option<Moment>,
    /// Its exits by the state they are in; those not taken up count as `waiting`.
    pub exits: BTreeMap<String, u64>,
    /// The exit proposals it led to, as far as they are kept.
    #[schema(value_type = Vec<schema::Hash>)]
    pub proposals: Vec<ProposalId>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RaiserView {
    /// `guardian`, `account` or `contract`.
    pub kind: RaiserKind,
    /// The guardian, if it is one.
    #[schema(value_type = Option<u16>)]
    pub guardian: Option<GuardianIndex>,
    /// The account, if it is one.
    #[schema(value_type = Option<schema::Account>)]
    pub account: Option<Address>,
    /// The name by which the definition knows it.
    pub name: Option<String>,
}

/// What kind of raiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaiserKind {
    /// A guardian's operator.
    Guardian,
    /// An account, by its signature.
    Account,
    /// An account, through the contract.
    Contract,
}

impl RaiserView {
    fn of(snapshot: &Snapshot, raiser: &Raiser) -> Self {
        let proposer = |account: &Address| {
            snapshot.definition().emergency.proposer(account).map(|proposer| proposer.name.clone())
        };
        match raiser {
            Raiser::Guardian { guardian } => Self {
                kind: RaiserKind::Guardian,
                guardian: Some(*guardian),
                account: None,
                name: Some(snapshot.name_of(*guardian)),
            },
            Raiser::Account { proposer: account } => Self {
                kind: RaiserKind::Account,
                guardian: None,
                account: Some(*account),
                name: proposer(account),
            },
            Raiser::Contract { proposer: account, number: _ } => Self {
                kind: RaiserKind::Contract,
                guardian: None,
                account: Some(*account),
                name: proposer(account),
            },
        }
    }
}

impl EmergencyView {
    pub(crate) fn of(snapshot: &Snapshot, status: &EmergencyStatus) -> Self {
        let moment = |slot| snapshot.calendar().moment(slot);
        let emergency = &status.emergency;
        let asks = |origin: &Origin| matches!(origin, Origin::Emergency { emergency, .. } if *emergency == status.id);
        let proposals = snapshot.status().proposals.iter().filter(|one| asks(&one.proposal.origin));
        Self {
            id: status.id,
            raiser: RaiserView::of(snapshot, &emergency.raiser),
            severity: emergency.severity,
            reason: emergency.reason.clone(),
            validators: emergency.validators.clone(),
            state: status.state,
            over: status.state.is_over(),
            opened: moment(emergency.opened),
            raised: moment(status.raised),
            certifiable_from: moment(status.certifiable_from),
            expires: moment(emergency.expires),
            needed: snapshot.status().threshold.t(),
            approvals: VoteView::approvals(&status.votes),
            votes: VoteView::all(snapshot, &status.votes),
            certified: status.certified.map(moment),
            exits: status.exits.clone(),
            proposals: proposals.map(|one| one.id).collect(),
        }
    }
}
