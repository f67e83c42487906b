//! Operators, for tests: who registered the scene's validators, and with how many tickets.

use super::{Scene, block, definition, key_sets, pubkey, state, subject, with_contracts};
use crate::event::{Event, ExecutionHealth};
use crate::guardian_set::NetworkDefinition;
use crate::policy::Enforcement;
use crate::proposal::ExitProposal;
use crate::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};
use crate::tickets::consumption;
use crypto::execution::{
    Address, BlockNumber, ContractState, ExitsProposed, ModuleName, NodeInfo, RegistrationId, Tickets,
    TransactionHash,
};
use crypto::registration::Verdict;
use crypto::spec::{Epoch, Slot, ValidatorIndex};

/// Registered validators 0 and 1; short since [`SHORT_SINCE`].
pub(crate) const POOR: Address = Address([0x0a; 20]);
/// Registered validator 2; has plenty.
pub(crate) const RICH: Address = Address([0x0b; 20]);
/// First epoch in which the poor operator is below the floor.
pub(crate) const SHORT_SINCE: Epoch = Epoch(4);
/// First slot at which the chain can have finalized the end of the grace period.
pub(crate) const EJECT_SLOT: Slot = Slot(28);
/// Slot of the block that the contracts are read at first: the start of epoch 5.
pub(crate) const READ_SLOT: u64 = 20;

/// The floor of Puffer's rule, a grace period of one epoch, tickets enforced and nothing else.
pub(crate) fn ticket_definition() -> NetworkDefinition {
    let mut definition = with_contracts(definition());
    definition.policy.offline.enforcement = Enforcement::Observe;
    definition.policy.tickets.enforcement = Enforcement::Enforce;
    definition.policy.tickets.grace = 4;
    definition.policy.tickets.tolerance = 1;
    definition.caps.exits_per_epoch = 3;
    definition
}

/// Just so much for two validators that it is below the floor from [`SHORT_SINCE`] on.
pub(crate) fn too_little() -> Tickets {
    let floor = Tickets::ONE.saturating_mul(10);
    floor.saturating_add(consumption(2 * SHORT_SINCE.0)).saturating_sub(Tickets(1))
}

pub(crate) fn info(active: u64, tickets: Tickets) -> NodeInfo {
    NodeInfo { active, pending: 0, tickets }
}

pub(crate) fn registration(index: u64) -> RegistrationId {
    RegistrationId { module: ModuleName([1; 32]), index }
}

/// An accepted registration of a validator of the scene.
pub(crate) fn registered(index: usize, operator: Address) -> Registered {
    Registered {
        id: registration(index as u64),
        operator,
        pubkey: Some(pubkey(index)),
        key_set: Some(key_sets()[index].id()),
        transaction: TransactionHash([2; 32]),
        verdict: Verdict::Accepted,
    }
}

/// A proposal of exits by number, about a validator of the scene.
pub(crate) fn exits_proposed(number: u64) -> JudgedEvent {
    JudgedEvent::ExitProposed(ExitsProposed {
        number,
        proposer: RICH,
        network: ticket_definition().id().0,
        severity: 1,
        expires: u64::MAX,
        validators: vec![ValidatorIndex(1)],
        reason: "asked for".to_owned(),
    })
}

/// Logs of consecutive blocks `from..`, one a block, and nothing more until `to`.
pub(crate) fn scan(from: u64, to: u64, events: Vec<JudgedEvent>) -> ScanReport {
    let log = |(number, event)| JudgedLog {
        block: BlockNumber(number),
        index: 0,
        timestamp: block(number).timestamp,
        event,
    };
    ScanReport { from: BlockNumber(from), to: block(to), logs: (from..).zip(events).map(log).collect() }
}

/// Validators 0 and 1 registered and provisioned by the poor one, 2 by the rich one, until [`READ_SLOT`].
pub(crate) fn first_scan() -> ScanReport {
    let owners = [POOR, POOR, RICH];
    let registered =
        owners.iter().enumerate().map(|(index, owner)| JudgedEvent::Registered(registered(index, *owner)));
    let provisioned = (0..3).map(|index| JudgedEvent::Provisioned(registration(index)));
    scan(1, READ_SLOT, registered.chain(provisioned).collect())
}

/// The contracts at the block of a slot, with so many tickets of the poor one.
pub(crate) fn state_with(definition: &NetworkDefinition, slot: u64, poor: Tickets) -> ContractState {
    let rich = info(1, Tickets::ONE.saturating_mul(1_000));
    ContractState { operators: vec![(POOR, info(2, poor)), (RICH, rich)], ..state(definition, slot) }
}

/// What the rule makes of validator `index` in the window of `slot`.
pub(crate) fn ejection(index: usize, due: Epoch, slot: u64) -> ExitProposal {
    ExitProposal::tickets(&ticket_definition(), subject(index), POOR, due, Slot(slot)).unwrap()
}

impl Scene {
    /// Shares of validators 0 to 2, one slot before [`EJECT_SLOT`], everything seen, the poor operator short at the head
    /// too.
    pub(crate) fn short() -> Self {
        Self::short_with(ticket_definition(), 3)
    }

    pub(crate) fn short_with(definition: NetworkDefinition, validators: usize) -> Self {
        let mut scene = Self::with(definition, validators);
        scene.guardian.view.begin_slot(Slot(EJECT_SLOT.0 - 1));
        scene.execution(1, false);
        scene.observe(EJECT_SLOT, &[]);
        scene.feed(Event::ContractsScanned(first_scan()));
        // The registered ones that we hold no share of are followed from now on.
        scene.observe(EJECT_SLOT, &(validators..3).map(super::validator).collect::<Vec<_>>());
        scene.finalized(5, &(validators..3).map(super::validator).collect::<Vec<_>>());
        scene.read(READ_SLOT, too_little());
        scene.read_head(EJECT_SLOT.0 - 1, too_little());
        scene.take();
        scene
    }

    pub(crate) fn execution(&mut self, healthy: u16, disagree: bool) {
        let health = ExecutionHealth { total: 2, healthy, disagree, problem: None };
        self.feed(Event::ExecutionObserved(health));
    }

    /// The contracts are read at the last block scanned.
    pub(crate) fn read(&mut self, slot: u64, poor: Tickets) {
        let state = state_with(&self.guardian.definition, slot, poor);
        self.feed(Event::ContractsObserved(state));
    }

    /// The poor one's account is read at the head.
    pub(crate) fn read_head(&mut self, slot: u64, poor: Tickets) {
        let infos = vec![(POOR, info(2, poor))];
        self.feed(Event::OperatorsObserved { block: block(slot), infos });
    }
}
