//! The whole network in one answer: who, by which rules, within which bounds, and how it goes.

use super::amount::Amount;
use super::calendar::Moment;
use super::guardian::{CheckpointView, Clients};
use super::schema;
use super::validator::Health;
use crate::snapshot::Snapshot;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::policy::Enforcement;
use guardian_core::proposal::RuleKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NetworkView {
    /// Its name.
    #[schema(example = "harbour")]
    pub name: String,
    /// Its id: the hash of its definition. Whoever knows it can verify everything else.
    #[schema(value_type = schema::Hash)]
    pub id: NetworkId,
    /// Number of the guardian set in force.
    pub guardian_set_epoch: u64,
    /// How many guardians must act together.
    pub threshold: u16,
    /// How many there are.
    pub guardians: u16,
    /// The network's own key, compressed, once there is one.
    #[schema(value_type = Option<schema::GroupKey>)]
    pub group_key: Option<String>,
    /// The beacon chain.
    pub chain: ChainView,
    /// The protocol's contracts, if the guardians act on them.
    pub contracts: Option<ContractsView>,
    /// The rules.
    pub rules: Vec<RuleView>,
    /// Slots that votes are taken for.
    pub vote_window: u64,
    /// How many may be made to leave, and how fast.
    pub caps: CapsView,
    /// Pauses.
    pub pauses: PausesView,
    /// The head that the guardian that speaks sees.
    pub head: Option<Moment>,
    /// The finalized checkpoint it sees.
    pub finalized: Option<CheckpointView>,
    /// Its own beacon nodes.
    pub beacon_nodes: NodesView,
    /// Its own execution nodes.
    pub execution_nodes: Option<NodesView>,
    /// Last execution block whose logs it has.
    pub scanned_block: Option<u64>,
    /// Whether it waits for the set before it to hand over.
    pub joining: bool,
    /// Entries of its journal.
    pub journal_records: u64,
    /// What there is of what.
    pub counts: CountsView,
    /// How diverse the guardians are, as they declare it.
    pub diversity: DiversityView,
}

/// A beacon chain's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChainView {
    /// Its name.
    #[schema(example = "mainnet")]
    pub name: String,
    /// Genesis, Unix seconds.
    pub genesis_time: u64,
    /// Length of a slot, seconds.
    pub seconds_per_slot: u64,
    /// Length of an epoch, slots.
    pub slots_per_epoch: u64,
}

/// The protocol's contracts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractsView {
    /// The execution chain.
    pub chain_id: u64,
    /// `PufferProtocol`.
    #[schema(value_type = schema::Account)]
    pub protocol: crypto::execution::Address,
    /// `GuardianModule`.
    #[schema(value_type = schema::Account)]
    pub guardian_module: crypto::execution::Address,
    /// Whether they say what the definition says, as far as they were read.
    pub agree: bool,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// Which; `slashed` is shown and never enforced, because the chain itself follows it up.
    #[schema(example = "offline")]
    pub rule: String,
    /// The definition's word.
    #[schema(value_type = schema::Enforcement)]
    pub enforcement: Enforcement,
    /// The word of the guardian that speaks.
    #[schema(value_type = Option<schema::Enforcement>)]
    pub here: Option<Enforcement>,
    /// Guardians that lately said they enforce it: the rule acts only when t do.
    pub enforcing: Option<u16>,
    /// The limit: epochs for `offline`, wei of ticket a validator for `tickets`, Gwei for `balance`.
    pub limit: Option<Amount>,
    /// Slots of grace, for `tickets`.
    pub grace: Option<u64>,
    /// For people.
    #[schema(example = "dark for 225 epochs")]
    pub text: String,
}

/// The bounds on exits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapsView {
    /// Most exits in an epoch.
    pub exits_per_epoch: u64,
    /// Most exits in a day.
    pub exits_per_day: u64,
    /// Most exits of one operator's validators in a day.
    pub exits_per_operator_per_day: u64,
    /// Most exits of one module's validators in a day.
    pub exits_per_module_per_day: u64,
    /// Largest share of the watched validators in a day, percent.
    pub max_share_percent_per_day: u8,
    /// Largest distance between head and finality, epochs.
    pub max_finality_distance: u64,
    /// Most slots the head may lie behind the clock.
    pub max_head_lag: u64,
    /// Nothing is released while more than this share of the validators is dark, percent.
    pub max_dark_percent: u8,
}

/// Pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PausesView {
    /// Since when the guardian that speaks is paused by its operator.
    pub local: Option<Moment>,
    /// Whether the network is paused.
    pub network: bool,
    /// Guardians that wish it paused.
    #[schema(value_type = Vec<u16>)]
    pub wished_by: Vec<GuardianIndex>,
    /// How many must.
    pub threshold: u16,
}

/// Nodes of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodesView {
    /// Configured.
    pub total: u16,
    /// That answer and are synced.
    pub healthy: u16,
    /// Whether healthy ones disagree.
    pub disagree: bool,
}

/// What there is of what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CountsView {
    /// Guardians heard within the last two epochs, the one that speaks included.
    pub guardians_alive: u64,
    /// Validators listed.
    pub validators: u64,
    /// Of them, those a share is held of.
    pub guarded: u64,
    /// Validators by health code.
    pub health: BTreeMap<String, u64>,
    /// Node operators.
    pub operators: u64,
    /// Proposals kept.
    pub proposals: u64,
    /// Of them, those not over.
    pub proposals_open: u64,
    /// Of them, those that something holds.
    pub proposals_held: u64,
    /// Ways out kept.
    pub exits: u64,
    /// Of them, those not over.
    pub exits_under_way: u64,
    /// Of them, those whose next step is late.
    pub exits_late: u64,
    /// Emergencies that are not over.
    pub emergencies_open: u64,
    /// Ceremonies that are not over.
    pub ceremonies_open: u64,
    /// Faults seen.
    pub faults: u64,
}

/// How many guardians declare which software.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct DiversityView {
    /// By software version.
    pub versions: BTreeMap<String, u64>,
    /// By consensus client.
    pub consensus: BTreeMap<String, u64>,
    /// By execution client.
    pub execution: BTreeMap<String, u64>,
}

impl NetworkView {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let status = snapshot.status();
        let definition = snapshot.definition();
        let moment = |slot| snapshot.calendar().moment(slot);
        let execution = status.execution.as_ref();
        let caps = &definition.caps;
        Self {
            name: status.network.clone(),
            id: status.network_id,
            guardian_set_epoch: status.guardian_set_epoch.0,
            threshold: status.threshold.t(),
            guardians: status.threshold.n(),
            group_key: status.group_key.clone(),
            chain: ChainView {
                name: definition.chain.name.clone(),
                genesis_time: definition.chain.genesis_time,
                seconds_per_slot: definition.chain.seconds_per_slot.get(),
                slots_per_epoch: definition.chain.slots_per_epoch.get(),
            },
            contracts: definition.contracts.as_ref().map(|contracts| ContractsView {
                chain_id: contracts.chain_id,
                protocol: contracts.protocol,
                guardian_module: contracts.guardian_module,
                agree: execution.is_none_or(|execution| execution.mismatches.is_empty()),
            }),
            rules: rules(snapshot),
            vote_window: definition.policy.vote_window,
            caps: CapsView {
                exits_per_epoch: caps.exits_per_epoch,
                exits_per_day: caps.exits_per_day,
                exits_per_operator_per_day: caps.exits_per_operator_per_day,
                exits_per_module_per_day: caps.exits_per_module_per_day,
                max_share_percent_per_day: caps.max_share_percent_per_day,
                max_finality_distance: caps.max_finality_distance,
                max_head_lag: caps.max_head_lag,
                max_dark_percent: caps.max_dark_percent,
            },
            pauses: PausesView {
                local: status.pauses.local.as_ref().map(|pause| moment(pause.since)),
                network: status.pauses.network,
                wished_by: status.pauses.wished_by.clone(),
                threshold: status.pauses.threshold,
            },
            head: status.head.map(moment),
            finalized: status.finalized.map(|checkpoint| CheckpointView::of(snapshot, checkpoint)),
            beacon_nodes: NodesView {
                total: status.nodes.total,
                healthy: status.nodes.healthy,
                disagree: status.nodes.disagree,
            },
            execution_nodes: execution.map(|execution| NodesView {
                total: execution.health.total,
                healthy: execution.health.healthy,
                disagree: execution.health.disagree,
            }),
            scanned_block: execution.and_then(|execution| execution.scanned).map(|block| block.number.0),
            joining: status.joining,
            journal_records: status.journal.length,
            counts: counts(snapshot),
            diversity: diversity(snapshot),
        }
    }
}

fn rules(snapshot: &Snapshot) -> Vec<RuleView> {
    let policy = &snapshot.definition().policy;
    let rule = |code: &str, enforcement, limit: Option<Amount>, grace, text: String| {
        let known = snapshot.status().enforcement.get(code);
        RuleView {
            rule: code.to_owned(),
            enforcement,
            here: known.map(|known| known.here),
            enforcing: known.map(|known| known.enforcing),
            limit,
            grace,
            text,
        }
    };
    let (offline, tickets, balance) = (&policy.offline, &policy.tickets, &policy.balance);
    vec![
        rule(
            RuleKind::Offline.code(),
            offline.enforcement,
            Some(Amount(offline.epochs.into())),
            None,
            format!(
                "without an attestation for {} consecutive epochs while the chain finalizes",
                offline.epochs
            ),
        ),
        rule(
            RuleKind::Tickets.code(),
            tickets.enforcement,
            Some(tickets.floor.into()),
            Some(tickets.grace),
            format!(
                "its operator has fewer than {} tickets a validator for {} slots",
                tickets.floor, tickets.grace
            ),
        ),
        rule(
            RuleKind::Balance.code(),
            balance.enforcement,
            Some(balance.ejection_threshold.into()),
            None,
            format!("its balance is below {} Gwei", balance.ejection_threshold),
        ),
        rule(
            RuleKind::Emergency.code(),
            policy.enforcement(RuleKind::Emergency),
            None,
            None,
            "people ask for it, and enough guardians' operators approve".to_owned(),
        ),
        rule("slashed", policy.slashed.enforcement, None, None, "it was slashed".to_owned()),
    ]
}

fn counts(snapshot: &Snapshot) -> CountsView {
    let status = snapshot.status();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let mut health: BTreeMap<String, u64> =
        Health::ALL.iter().map(|health| (health.code().to_owned(), 0)).collect();
    for (code, number) in snapshot.health_counts() {
        health.insert(code.code().to_owned(), *number);
    }
    let under_way = snapshot.exits().iter().filter(|exit| !exit.over).count();
    CountsView {
        guardians_alive: count(snapshot.guardians().iter().filter(|guardian| guardian.alive).count()),
        validators: count(snapshot.len()),
        guarded: count(status.validators.len()),
        health,
        operators: count(status.operators.len()),
        proposals: count(status.proposals.len()),
        proposals_open: count(status.proposals.iter().filter(|one| !one.state.is_over()).count()),
        proposals_held: count(status.proposals.iter().filter(|one| one.hold.is_some()).count()),
        exits: count(status.lifecycles.len()),
        exits_under_way: count(under_way),
        exits_late: count(status.lifecycles.iter().filter(|way| way.late.is_some()).count()),
        emergencies_open: count(status.emergencies.iter().filter(|one| !one.state.is_over()).count()),
        ceremonies_open: count(status.ceremonies.iter().filter(|one| one.outcome.is_none()).count()),
        faults: count(status.faults.len()),
    }
}

fn diversity(snapshot: &Snapshot) -> DiversityView {
    let mut diversity = DiversityView::default();
    for guardian in snapshot.guardians() {
        if let Some(version) = &guardian.version {
            *diversity.versions.entry(version.clone()).or_default() += 1;
        }
        let Some(Clients { consensus, execution }) = &guardian.clients else { continue };
        for name in consensus {
            *diversity.consensus.entry(name.clone()).or_default() += 1;
        }
        for name in execution {
            *diversity.execution.entry(name.clone()).or_default() += 1;
        }
    }
    diversity
}
