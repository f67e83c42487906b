//! Scale, for tests: five thousand registered validators, all well or all due.

use crate::command::Command;
use crate::event::{Custody, Event, Liveness, NodeHealth};
use crate::guardian::Guardian;
use crate::message::Message;
use crate::policy::Enforcement;
use crate::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};
use crate::scene::operators::{info, registration, scan, ticket_definition};
use crate::scene::{BOB, CAROL, DAVE, EVERYTHING, ME, block, heartbeat, key_sets, state, validator};
use crate::tickets::consumption;
use crate::voting::{MAX_OPEN, batch};
use crypto::execution::{Address, ContractState, Tickets, TransactionHash};
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Root, Slot, ValidatorIndex};
use crypto::threshold::ShareIndex;
use crypto::validator::Validator;

/// Validators, all of them ours.
const MANY: u64 = 5_000;
/// Validators of one operator.
const EACH: u64 = 300;

fn key(number: u64) -> BlsPubkey {
    let mut bytes = [0x80; 48];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    BlsPubkey(bytes)
}

fn operator(number: u64) -> Address {
    Address([u8::try_from(number / EACH).unwrap() + 1; 20])
}

fn beacon(number: u64) -> Validator {
    Validator { pubkey: key(number), index: ValidatorIndex(number), ..validator(0) }
}

/// The contracts with `short` telling which operators are below the floor since epoch 4.
fn contracts(short: impl Fn(u64) -> bool) -> ContractState {
    let operators = (0..MANY.div_ceil(EACH)).map(|place| {
        let count = (MANY - place * EACH).min(EACH);
        let floor = Tickets::ONE.saturating_mul(5 * count);
        let spare = if short(place) { consumption(4 * count).saturating_sub(Tickets(1)) } else { floor };
        (operator(place * EACH), info(count, floor.saturating_add(spare)))
    });
    ContractState { operators: operators.collect(), ..state(&ticket_definition(), 20) }
}

fn registered(number: u64) -> Registered {
    Registered {
        id: registration(number),
        operator: operator(number),
        pubkey: Some(key(number)),
        key_set: None,
        transaction: TransactionHash([0; 32]),
        verdict: Verdict::Accepted,
    }
}

/// Everything known of five thousand validators at epoch 7.
fn many() -> Guardian {
    let mut definition = ticket_definition();
    definition.policy.offline.enforcement = Enforcement::Enforce;
    let mut guardian = Guardian::new(definition, ME).unwrap();
    let index = ShareIndex::new(ME.0).unwrap();
    let custody = |number| Custody { pubkey: key(number), key_set: key_sets()[0].clone(), index };
    let _ = guardian.handle(Event::CustodyLoaded((0..MANY).map(custody).collect()));
    let nodes = NodeHealth { total: 1, healthy: 1, disagree: false };
    let _ = guardian.handle(Event::NodesObserved(nodes));
    let health =
        crate::event::ExecutionHealth { total: 1, healthy: 1, ..crate::event::ExecutionHealth::default() };
    let _ = guardian.handle(Event::ExecutionObserved(health));
    let events = (0..MANY).flat_map(|number| {
        [JudgedEvent::Registered(registered(number)), JudgedEvent::Provisioned(registration(number))]
    });
    let (number, timestamp) = (block(1).number, block(1).timestamp);
    let log = |(index, event)| JudgedLog { block: number, index, timestamp, event };
    let report = ScanReport { logs: (0..).zip(events).map(log).collect(), ..scan(1, 20, Vec::new()) };
    let _ = guardian.handle(Event::ContractsScanned(report));
    let _ = guardian.handle(Event::SlotStarted(Slot(27)));
    for other in [BOB, CAROL, DAVE] {
        guardian.roster.peer_mut(other).heartbeat = Some((Slot(27), heartbeat(Slot(27), EVERYTHING)));
    }
    for epoch in 0..6 {
        let live = (0..MANY).map(ValidatorIndex).collect();
        let _ = guardian.handle(Event::LivenessObserved(Liveness {
            epoch: Epoch(epoch),
            live,
            dark: Vec::new(),
        }));
    }
    let _ =
        guardian.handle(Event::HeadObserved { slot: Slot(27), validators: (0..MANY).map(beacon).collect() });
    let checkpoint = Checkpoint { epoch: Epoch(5), root: Root([0; 32]) };
    let validators = (0..MANY).map(beacon).collect();
    let _ = guardian.handle(Event::FinalizedObserved { checkpoint, validators });
    guardian
}

#[test]
fn five_thousand_that_are_well_are_shown() {
    let mut guardian = many();
    let _ = guardian.handle(Event::ContractsObserved(contracts(|_| false)));
    let _ = guardian.handle(Event::HeadObserved { slot: Slot(28), validators: Vec::new() });
    let commands = guardian.handle(Event::SlotStarted(Slot(28)));
    assert!(commands.iter().any(|command| matches!(command, Command::PublishStatus(_))));
    assert_eq!(guardian.status().registrations.len(), 5_000);
}

/// All out of tickets: proposed a batch at a time, by guardians that are in no way flooding each other.
#[test]
fn five_thousand_that_are_due_are_proposed_in_batches() {
    let mut guardian = many();
    let state = contracts(|_| true);
    let infos: Vec<_> = state.operators.clone();
    let _ = guardian.handle(Event::ContractsObserved(state));
    let _ = guardian.handle(Event::OperatorsObserved { block: block(27), infos });
    let mut proposed = 0;
    for slot in 28..36 {
        let commands = guardian.handle(Event::SlotStarted(Slot(slot)));
        let new = |c: &&Command| matches!(c, Command::Persist(records) if records.iter().any(|r| matches!(r, crate::record::Record::Proposed { .. })));
        proposed += commands.iter().filter(new).count();
        let _ = guardian.handle(Event::HeadObserved { slot: Slot(slot), validators: Vec::new() });
    }
    assert_eq!(guardian.docket.len(), batch(4));
    assert!(proposed > 0);
    for n in 1..=crypto::threshold::MAX_SHARES {
        assert!(batch(n) * usize::from(n) <= MAX_OPEN, "what all propose is no flood from one: {n}");
    }
}

/// What three others proposed reaches us through one of them: nobody is blamed, whatever we see.
#[test]
fn offering_again_what_all_proposed_is_no_flood() {
    for reads in [true, false] {
        let mut guardian = many();
        if reads {
            let state = contracts(|_| true);
            let infos = state.operators.clone();
            let _ = guardian.handle(Event::ContractsObserved(state));
            let _ = guardian.handle(Event::OperatorsObserved { block: block(27), infos });
        }
        let _ = guardian.handle(Event::SlotStarted(Slot(28)));
        let definition = ticket_definition();
        let mut blamed = 0;
        for number in 0..600 {
            let subject = crate::proposal::Subject {
                pubkey: key(number),
                key_set: key_sets()[0].id(),
                index: ValidatorIndex(number),
            };
            let proposal = crate::proposal::ExitProposal::tickets(
                &definition,
                subject,
                operator(number),
                Epoch(4),
                Slot(28),
            );
            let message = Message::Proposal(proposal.unwrap());
            let envelope = crate::scene::envelope(crate::scene::BOB, 1);
            let from = crate::scene::BOB;
            let commands = guardian.handle(Event::MessageReceived { from, message, envelope });
            blamed += commands.iter().filter(|c| matches!(c, Command::ReportFault(_))).count();
        }
        assert_eq!(blamed, 0, "reads {reads}");
        let (open, _) = guardian.docket.brought_by(crate::scene::BOB, &key(0), Slot(28));
        assert!(open <= MAX_OPEN);
    }
}
