//! One validator: where it stands, whether it is in danger, and of what.

use super::amount::Amount;
use super::exit::{EpochView, ExitView};
use super::operator::RunwayView;
use super::schema;
use crate::snapshot::{Row, Snapshot};
use crypto::execution::{Address, BlockNumber, ModuleName, TransactionHash};
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, ValidatorIndex};
use crypto::validator::ValidatorStatus;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::{ProposalId, RuleKind};
use guardian_core::registration::Life;
use guardian_core::status::{OperatorStatus, RegistrationStatus, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValidatorView {
    /// Its key.
    #[schema(value_type = schema::Pubkey)]
    pub pubkey: BlsPubkey,
    /// Its index, once the chain knows it.
    #[schema(value_type = Option<u64>, example = 1_234_567)]
    pub index: Option<ValidatorIndex>,
    /// The node operator that registered it, if it came through the contracts.
    #[schema(value_type = Option<schema::Account>)]
    pub operator: Option<Address>,
    /// How it is, in one word.
    pub health: Health,
    /// What endangers it, worst first.
    pub dangers: Vec<DangerView>,
    /// Its status at the finalized state.
    #[schema(value_type = Option<schema::ValidatorState>)]
    pub status: Option<ValidatorStatus>,
    /// Its balance at the finalized state, Gwei.
    pub balance: Option<Amount>,
    /// Its effective balance at the finalized state, Gwei.
    pub effective_balance: Option<Amount>,
    /// Whether it was slashed.
    pub slashed: bool,
    /// Last epoch it was seen attesting.
    pub last_live: Option<EpochView>,
    /// Consecutive finalized epochs without an attestation.
    pub dark_epochs: u64,
    /// Whether the guardian that speaks holds a share of it.
    pub guarded: bool,
    /// Guardians that proved today or yesterday that they hold a working share of it.
    #[schema(value_type = Vec<u16>)]
    pub ready: Vec<GuardianIndex>,
    /// Its registration, if it came through the contracts.
    pub registration: Option<RegistrationView>,
    /// Where its operator stands with the `tickets` rule.
    #[schema(value_type = Option<schema::Standing>)]
    pub standing: Option<Standing>,
    /// How long its operator's tickets last.
    pub runway: Option<RunwayView>,
    /// Its way out, if it is on one.
    pub exit: Option<ExitView>,
    /// Proposals about it, newest first.
    #[schema(value_type = Vec<schema::Hash>)]
    pub proposals: Vec<ProposalId>,
}

/// How a validator is, in one word. Codes are stable; from best to worst, then those for whom it is over or not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// On duty, and nothing endangers it.
    Ok,
    /// Something needs attention.
    Warning,
    /// It will be forced out if nothing changes.
    Danger,
    /// A rule makes it due: guardians propose its exit, or vote on it.
    Due,
    /// Its exit is certified or scheduled.
    Leaving,
    /// Its stake has left, or is about to.
    Gone,
    /// Not on duty yet.
    Pending,
    /// Too little is seen of it.
    Unknown,
}

impl Health {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Warning,
        Self::Danger,
        Self::Due,
        Self::Leaving,
        Self::Gone,
        Self::Pending,
        Self::Unknown,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Danger => "danger",
            Self::Due => "due",
            Self::Leaving => "leaving",
            Self::Gone => "gone",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }

    /// Whether somebody should do something about it.
    pub fn is_endangered(self) -> bool {
        matches!(self, Self::Danger | Self::Due)
    }
}

/// One thing that endangers a validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DangerView {
    /// The rule that would make it leave; null for a slashing, which the chain itself follows up.
    #[schema(value_type = Option<schema::Rule>)]
    pub rule: Option<RuleKind>,
    /// How bad it is: `warning`, `danger` or `due`.
    pub level: Health,
    /// For people.
    #[schema(example = "missed its last 40 epochs; 225 make it leave")]
    pub detail: String,
    /// When it becomes due if nothing changes.
    pub due: Option<EpochView>,
}

/// A validator's registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationView {
    /// The module.
    #[schema(value_type = schema::Hash)]
    pub module: ModuleName,
    /// Its place in the module.
    pub index: u64,
    /// What it is worth to the guardian that speaks.
    #[schema(value_type = schema::Verdict)]
    pub verdict: Verdict,
    /// Where it stands in its life.
    #[schema(value_type = schema::Life)]
    pub life: Life,
    /// The block it was registered in.
    #[schema(value_type = u64)]
    pub block: BlockNumber,
    /// The registering transaction.
    #[schema(value_type = schema::Hash)]
    pub transaction: TransactionHash,
}

impl RegistrationView {
    pub(crate) fn of(status: &RegistrationStatus) -> Self {
        Self {
            module: status.id.module,
            index: status.id.index,
            verdict: status.verdict,
            life: status.life,
            block: status.block,
            transaction: status.transaction,
        }
    }
}

impl ValidatorView {
    pub(crate) fn of(snapshot: &Snapshot, row: Row) -> Self {
        let watched = snapshot.watched(row);
        let operator = snapshot.operator_of(row);
        let account = operator.as_ref().and_then(|operator| snapshot.operator_status(operator));
        let pubkey = snapshot.pubkey_of(row);
        Self {
            pubkey,
            index: snapshot.index_of(row),
            operator,
            health: snapshot.health(row),
            dangers: dangers(snapshot, row, account),
            status: watched.and_then(|watched| watched.status),
            balance: watched.and_then(|watched| watched.balance).map(Amount::from),
            effective_balance: watched.and_then(|watched| watched.effective_balance).map(Amount::from),
            slashed: watched.is_some_and(|watched| watched.slashed),
            last_live: watched
                .and_then(|watched| watched.last_live)
                .map(|epoch| EpochView::of(snapshot, epoch)),
            dark_epochs: watched.map_or(0, |watched| watched.dark_epochs),
            guarded: watched.is_some(),
            ready: watched.map(|watched| watched.ready.clone()).unwrap_or_default(),
            registration: snapshot.registration(row).map(RegistrationView::of),
            standing: account.map(|account| account.standing),
            runway: account
                .and_then(|account| account.runway.as_ref())
                .map(|runway| RunwayView::of(snapshot, runway)),
            exit: snapshot.way(row).map(|way| ExitView::of(snapshot, way)),
            proposals: snapshot.proposals_about(&pubkey).map(|status| status.id).collect(),
        }
    }
}

/// How bad a number of dark epochs is under a rule of `limit`.
pub(crate) fn darkness(dark: u64, limit: u64) -> Option<Health> {
    if dark >= limit {
        Some(Health::Due)
    } else if dark >= limit.div_ceil(2) {
        Some(Health::Danger)
    } else if dark >= limit.div_ceil(10).max(2) {
        Some(Health::Warning)
    } else {
        None
    }
}

/// How bad an operator's standing is for its validators.
pub(crate) fn shortage(standing: Standing) -> Option<Health> {
    match standing {
        Standing::Idle | Standing::Ok | Standing::Unknown => None,
        Standing::Warning => Some(Health::Warning),
        Standing::Short => Some(Health::Danger),
        Standing::Due => Some(Health::Due),
    }
}

fn dangers(snapshot: &Snapshot, row: Row, account: Option<&OperatorStatus>) -> Vec<DangerView> {
    let Some(watched) = snapshot.watched(row) else { return Vec::new() };
    if !watched.status.is_some_and(ValidatorStatus::is_active) {
        return Vec::new();
    }
    let policy = &snapshot.definition().policy;
    let mut dangers = Vec::new();
    let limit = policy.offline.epochs;
    if let Some(level) = darkness(watched.dark_epochs, limit) {
        let left = limit.saturating_sub(watched.dark_epochs);
        let due = snapshot.finalized_epoch().saturating_add(left);
        dangers.push(DangerView {
            rule: Some(RuleKind::Offline),
            level,
            detail: format!("missed its last {} epochs; {limit} make it leave", watched.dark_epochs),
            due: Some(EpochView::of(snapshot, due)),
        });
    }
    if let Some((account, level)) = account.and_then(|one| Some((one, shortage(one.standing)?))) {
        let floor = account.runway.as_ref().and_then(|runway| runway.floor);
        let detail = format!(
            "its operator has {} tickets left for {} validators; below {} for each they leave",
            account.present, account.active, policy.tickets.floor
        );
        let due =
            floor.map(|epochs| EpochView::of(snapshot, snapshot.finalized_epoch().saturating_add(epochs)));
        dangers.push(DangerView { rule: Some(RuleKind::Tickets), level, detail, due });
    }
    let threshold = policy.balance.ejection_threshold;
    if let Some(balance) = watched.balance.filter(|balance| *balance < threshold) {
        let detail = format!("its balance is {balance} Gwei; below {threshold} it leaves");
        dangers.push(DangerView { rule: Some(RuleKind::Balance), level: Health::Due, detail, due: None });
    }
    if watched.slashed {
        let detail = "it was slashed: the chain makes it leave".to_owned();
        dangers.push(DangerView { rule: None, level: Health::Danger, detail, due: None });
    }
    dangers.sort_by_key(|danger| std::cmp::Reverse(danger.level));
    dangers
}
