//! A network that never was, for tests, pictures and demonstrations: seven guardians, many validators, operators in every
//! standing, and exits in every state. The same slot always looks the same.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each user takes a part of it, and none serves anybody"
)]

mod stories;

use crypto::envelope::Sealer;
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ModuleName, RegistrationId, Tickets, TransactionHash,
};
use crypto::registration::Verdict;
use crypto::spec::{
    BlsPubkey, ChainSpec, Checkpoint, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Gwei, Root, Slot,
    ValidatorIndex,
};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::ValidatorStatus;
use guardian_core::contracts::{Contracts, Profile};
use guardian_core::event::{ExecutionHealth, NodeHealth};
use guardian_core::fault::{Fault, FaultKind};
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use guardian_core::journal::JournalHead;
use guardian_core::message::{Clients, Enforces, Heartbeat};
use guardian_core::pause::PauseStatus;
use guardian_core::policy::{Caps, Enforcement, Policy};
use guardian_core::readiness::ReadinessStatus;
use guardian_core::registration::Life;
use guardian_core::status::{
    EnforcementStatus, ExecutionStatus, OperatorStatus, PeerStatus, RegistrationStatus, Standing,
    StatusSnapshot, ValidatorHealth,
};
use guardian_core::tickets::{RATE, Runway};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// Names of the guardians, in the order of the set.
const NAMES: [&str; 7] = ["north", "east", "south", "west", "harbour", "meadow", "summit"];

/// Validators that one operator has.
const PER_OPERATOR: usize = 25;

/// The slot that a world of tests is looked at.
pub const NOW: Slot = Slot(9_876_550);

/// The network and all its validators.
pub struct World {
    /// What its guardians agreed on.
    pub definition: NetworkDefinition,
    validators: Vec<ValidatorHealth>,
    registrations: Vec<RegistrationStatus>,
    operators: Vec<OperatorStatus>,
}

/// 32 bytes that look like chance and never change.
pub fn bytes(what: &str, number: u64) -> [u8; 32] {
    Sha256::new().chain_update(what).chain_update(number.to_le_bytes()).finalize().into()
}

/// A number below `below` that looks like chance.
pub fn lot(what: &str, number: u64, below: u64) -> u64 {
    let seed = bytes(what, number);
    u64::from_le_bytes(seed[..8].try_into().unwrap()) % below.max(1)
}

/// The key of the validator with this number.
pub fn pubkey(number: u64) -> BlsPubkey {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&bytes("key", number));
    key[32..].copy_from_slice(&bytes("key, second half", number)[..16]);
    BlsPubkey(key)
}

/// The account of the operator with this number.
pub fn operator(number: u64) -> Address {
    Address(bytes("operator", number)[..20].try_into().unwrap())
}

/// The identity of the guardian with this number.
pub fn identity(number: u16) -> Sealer {
    Sealer::new(&bytes("identity", number.into())).unwrap()
}

/// The definition of the network, its chain begun at `genesis_time`.
pub fn definition(genesis_time: u64, seconds_per_slot: u64) -> NetworkDefinition {
    let names = [
        ForkName::Phase0,
        ForkName::Altair,
        ForkName::Bellatrix,
        ForkName::Capella,
        ForkName::Deneb,
        ForkName::Electra,
        ForkName::Fulu,
    ];
    let forks = names.into_iter().zip(0u8..).map(|(name, number)| Fork {
        name,
        version: ForkVersion([number, 0, 0, 9]),
        epoch: Epoch(u64::from(number) * 1_000),
    });
    let members = NAMES.into_iter().zip(1u16..).map(|(name, number)| {
        let key = |what| hex::encode(bytes(what, number.into()));
        Member {
            index: GuardianIndex(number),
            name: name.to_owned(),
            peer_id: crypto::peer_id::peer_id(&identity(number).public()),
            addresses: vec![format!("/dns4/{name}.example/tcp/9000")],
            custody_key: format!("04{}{}", key("custody"), key("custody, second half")),
            account: Some(Address(bytes("account", number.into())[..20].try_into().unwrap())),
        }
    });
    NetworkDefinition {
        name: "demo".to_owned(),
        chain: ChainSpec {
            name: "demo".to_owned(),
            genesis_time,
            seconds_per_slot: NonZeroU64::new(seconds_per_slot).unwrap(),
            slots_per_epoch: NonZeroU64::new(32).unwrap(),
            shard_committee_period: 256,
            forks: ForkSchedule::new(Root(bytes("genesis", 0)), forks.collect()).unwrap(),
        },
        contracts: Some(Contracts {
            profile: Profile::V1,
            chain_id: 560_048,
            protocol: Address([0x11; 20]),
            guardian_module: Address([0x22; 20]),
            deployed: BlockNumber(1_000),
            exit_proposals: None,
        }),
        guardian_set: GuardianSet {
            epoch: GuardianSetEpoch(3),
            threshold: Threshold::new(5, 7).unwrap(),
            members: members.collect(),
        },
        policy: Policy::puffer(),
        caps: Caps::new(8, 400),
        emergency: Default::default(),
    }
}

impl World {
    /// With this many validators, on a chain whose slots take twelve seconds.
    pub fn new(validators: u64) -> Self {
        Self::of(definition(1_606_824_023, 12), validators)
    }

    /// With this definition.
    pub fn of(definition: NetworkDefinition, validators: u64) -> Self {
        let per_operator = u64::try_from(PER_OPERATOR).unwrap();
        Self {
            validators: (0..validators).map(validator).collect(),
            registrations: (0..validators + validators / 50)
                .map(|number| registration(number, validators))
                .collect(),
            operators: (0..validators.div_ceil(per_operator)).map(account).collect(),
            definition,
        }
    }

    /// What guardian 1 shows at a slot.
    pub fn status(&self, slot: Slot) -> StatusSnapshot {
        let epoch = Epoch(slot.0 / 32);
        let finalized = Checkpoint {
            epoch: epoch.saturating_sub(2),
            root: Root(bytes("block", epoch.0.saturating_sub(2) * 32)),
        };
        let mut status =
            StatusSnapshot {
                network: self.definition.name.clone(),
                network_id: self.definition.id(),
                guardian_set_epoch: self.definition.guardian_set.epoch,
                threshold: self.definition.guardian_set.threshold,
                guardian: GuardianIndex(1),
                name: NAMES[0].to_owned(),
                slot,
                head: Some(slot),
                finalized: Some(finalized),
                nodes: NodeHealth { total: 3, healthy: 3, disagree: false },
                journal: JournalHead { length: slot.0 * 3, link: bytes("journal", slot.0) },
                peers: (2..=7).map(|number| peer(number, slot, finalized)).collect(),
                execution: Some(self.execution(slot)),
                validators: self.validators.clone(),
                operators: self.operators.clone(),
                registrations: self.registrations.clone(),
                proposals: Vec::new(),
                emergencies: Vec::new(),
                lifecycles: Vec::new(),
                pauses: PauseStatus {
                    local: None,
                    wished_by: vec![GuardianIndex(4)],
                    threshold: 5,
                    network: false,
                },
                enforcement: enforcement(),
                faults: vec![
                    Fault { guardian: GuardianIndex(6), kind: FaultKind::InvalidPartial, proposal: None },
                    Fault { guardian: GuardianIndex(6), kind: FaultKind::WrongEpoch, proposal: None },
                ],
                joining: false,
                group_key: Some(format!("02{}", hex::encode(bytes("group", 0)))),
                readiness: (1..=7)
                    .map(|number| ReadinessStatus {
                        guardian: GuardianIndex(number),
                        proven: u64::try_from(self.validators.len())
                            .unwrap()
                            .saturating_sub(if number == 7 { 3 } else { 0 }),
                    })
                    .collect(),
                signatures: Vec::new(),
                ceremonies: Vec::new(),
                version: "0.1.0".to_owned(),
                clients: clients(1),
                logs: Vec::new(),
            };
        for one in &mut status.validators {
            live(one, finalized.epoch);
        }
        self.tell_stories(&mut status);
        status
    }

    fn execution(&self, slot: Slot) -> ExecutionStatus {
        let block = Block {
            number: BlockNumber(slot.0.saturating_sub(2_000)),
            hash: BlockHash(bytes("execution block", slot.0)),
            timestamp: self.definition.chain.genesis_time
                + slot.0 * self.definition.chain.seconds_per_slot.get(),
        };
        ExecutionStatus {
            health: ExecutionHealth { total: 2, healthy: 2, disagree: false, problem: None },
            scanned: Some(block),
            target: None,
            state: Some(block),
            mismatches: Vec::new(),
            diverged: false,
            out_of_order: 0,
            verdicts: BTreeMap::from([("accepted".to_owned(), 1), ("duplicate_key".to_owned(), 1)]),
        }
    }
}

fn peer(number: u16, slot: Slot, finalized: Checkpoint) -> PeerStatus {
    let heard = slot.saturating_sub(if number == 7 { 400 } else { lot("heard", number.into(), 32) });
    let heartbeat = Heartbeat {
        guardian_set_epoch: GuardianSetEpoch(3),
        slot: heard,
        head: heard,
        finalized,
        version: if number == 6 { "0.1.0-rc.2" } else { "0.1.0" }.to_owned(),
        enforces: Enforces { offline: true, tickets: number != 3, balance: true, emergency: true },
        shares: 1_000,
        clients: clients(number),
    };
    PeerStatus {
        guardian: GuardianIndex(number),
        name: NAMES[usize::from(number) - 1].to_owned(),
        connected: number != 7,
        heartbeat: Some((heard, heartbeat)),
    }
}

fn clients(number: u16) -> Clients {
    let beacon = ["lighthouse", "lodestar", "teku", "nimbus"];
    let execution = ["reth", "geth", "besu"];
    let pick = |names: &[&str], number: usize| vec![(*names.get(number % names.len()).unwrap()).to_owned()];
    let number = usize::from(number);
    if number == 5 {
        return Clients::default();
    }
    Clients { beacon: pick(&beacon, number), execution: pick(&execution, number / 2) }
}

fn validator(number: u64) -> ValidatorHealth {
    let fate = lot("fate", number, 1_000);
    let status = match fate {
        0..20 => ValidatorStatus::PendingQueued,
        20..25 => ValidatorStatus::ActiveSlashed,
        25..35 => ValidatorStatus::WithdrawalDone,
        _ => ValidatorStatus::ActiveOngoing,
    };
    let gone = status == ValidatorStatus::WithdrawalDone;
    let lost = if fate == 36 { 400_000_000 } else { lot("lost", number, 2_000_000) };
    ValidatorHealth {
        ready: (1..=7).filter(|guardian| *guardian != 7 || number > 2).map(GuardianIndex).collect(),
        pubkey: pubkey(number),
        share: ShareIndex::new(1).unwrap(),
        index: Some(ValidatorIndex(1_000_000 + number)),
        status: Some(status),
        last_live: None,
        dark_epochs: 0,
        operator: (number % 97 != 5).then(|| operator(number / u64::try_from(PER_OPERATOR).unwrap())),
        balance: Some(Gwei(if gone { 0 } else { 32_010_000_000 - lost })),
        effective_balance: Some(Gwei(if gone { 0 } else { 32_000_000_000 })),
        slashed: status == ValidatorStatus::ActiveSlashed,
    }
}

/// Most attest; some have been dark for a while that grows with the epochs and ends.
fn live(one: &mut ValidatorHealth, finalized: Epoch) {
    if !one.status.is_some_and(ValidatorStatus::is_active) {
        return;
    }
    let number = one.index.unwrap().0;
    let cycle = 400;
    let dark = if lot("darkness", number, 60) == 0 {
        (finalized.0 + lot("phase", number, cycle)) % cycle
    } else {
        u64::from(lot("slip", number ^ finalized.0, 200) == 0)
    };
    one.dark_epochs = dark.min(220);
    one.last_live = Some(finalized.saturating_sub(one.dark_epochs));
}

fn registration(number: u64, validators: u64) -> RegistrationStatus {
    let extra = number >= validators;
    RegistrationStatus {
        id: RegistrationId {
            module: ModuleName(*b"PUFFER_MODULE_0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            index: number,
        },
        operator: operator(number % validators.max(1) / u64::try_from(PER_OPERATOR).unwrap()),
        pubkey: (!extra || number.is_multiple_of(2)).then(|| pubkey(number)),
        verdict: match (extra, number.is_multiple_of(2)) {
            (false, _) => Verdict::Accepted,
            (true, true) => Verdict::EnvelopeNotForUs,
            (true, false) => Verdict::InvalidPubkey,
        },
        life: match (extra, number % 4) {
            (false, _) => Life::Active,
            (true, 0) => Life::Pending,
            (true, _) => Life::Skipped,
        },
        block: BlockNumber(1_000 + number),
        transaction: TransactionHash(bytes("transaction", number)),
    }
}

fn account(number: u64) -> OperatorStatus {
    let active = u64::try_from(PER_OPERATOR).unwrap();
    let days = match number % 40 {
        0 => 4,
        1 => 6,
        2 => 7,
        3 => 9,
        _ => 10 + lot("days", number, 80),
    };
    let present = Tickets::ONE.saturating_mul(days).saturating_mul(active);
    let epochs_above = |each: u64| days.saturating_sub(each) * 225;
    OperatorStatus {
        operator: operator(number),
        deposited: present.saturating_add(RATE.saturating_mul(lot("used", number, 9_000))),
        present,
        overdrawn: false,
        active,
        pending: number % 3,
        standing: match days {
            0..5 => Standing::Short,
            5..8 => Standing::Warning,
            _ => Standing::Ok,
        },
        due: (days < 5).then_some(Epoch(308_600)),
        runway: Some(Runway {
            warning: Some(epochs_above(8)),
            floor: Some(epochs_above(5)),
            empty: Some(epochs_above(0)),
            exit_by: Some(epochs_above(0).saturating_sub(5)),
        }),
        unexplained: None,
    }
}

fn enforcement() -> BTreeMap<String, EnforcementStatus> {
    let all = |enforcing| EnforcementStatus {
        definition: Enforcement::Enforce,
        here: Enforcement::Enforce,
        enforcing,
    };
    BTreeMap::from([
        ("offline".to_owned(), all(7)),
        ("tickets".to_owned(), all(6)),
        ("balance".to_owned(), all(7)),
        ("emergency".to_owned(), all(7)),
    ])
}
