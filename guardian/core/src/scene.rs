//! Scene: a guardian on a small network, for tests. Epochs have 4 slots, k is 3, three of four must agree.

pub(crate) mod emergencies;
pub(crate) mod operators;

use crate::command::{Command, ReleaseOrder};
use crate::contracts::{Contracts, Profile};
use crate::emergency::EmergencyRules;
use crate::event::{Custody, Event, Liveness, NodeHealth};
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use crate::message::{Clients, Decision, Enforces, Envelope, Heartbeat, Message, Partial, Vote};
use crate::policy::{Caps, Enforcement, OfflineRule, Policy};
use crate::proposal::{ExitProposal, ProposalId, State, Subject};
use crate::record::Record;
use crate::status::{Hold, ProposalStatus};
use crypto::custody::{CustodyPublicKey, CustodySecretKey};
use crypto::execution::{Address, Block, BlockHash, BlockNumber, ContractState, Tickets};
use crypto::keys::{PublicKeySet, SecretKey};
use crypto::partial::SignatureShare;
use crypto::spec::{
    BlsPubkey, BlsSignature, ChainSpec, Checkpoint, Epoch, FAR_FUTURE_EPOCH, Fork, ForkName, ForkSchedule,
    ForkVersion, Gwei, Root, Slot, ValidatorIndex,
};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::{Validator, ValidatorStatus};
use rand::SeedableRng;
use std::num::NonZeroU64;
use std::sync::OnceLock;

/// Us.
pub(crate) const ME: GuardianIndex = GuardianIndex(1);
/// The others.
pub(crate) const BOB: GuardianIndex = GuardianIndex(2);
pub(crate) const CAROL: GuardianIndex = GuardianIndex(3);
pub(crate) const DAVE: GuardianIndex = GuardianIndex(4);
/// First epoch in which the scene's first validator is dark.
pub(crate) const DARK_FROM: Epoch = Epoch(4);
/// Its due epoch.
pub(crate) const DUE: Epoch = Epoch(6);
/// First slot at which the chain can have finalized it: start of epoch 9.
pub(crate) const DUE_SLOT: Slot = Slot(36);

pub(crate) fn definition() -> NetworkDefinition {
    let fork = |name, number| Fork { name, version: ForkVersion([number, 0, 0, 1]), epoch: Epoch(0) };
    let forks = vec![
        fork(ForkName::Phase0, 0),
        fork(ForkName::Altair, 1),
        fork(ForkName::Bellatrix, 2),
        fork(ForkName::Capella, 3),
        fork(ForkName::Deneb, 4),
    ];
    let member = |(number, name): (u16, &str)| Member {
        index: GuardianIndex(number),
        name: name.to_owned(),
        peer_id: format!("16Uiu2HAm{number}"),
        addresses: vec![format!("/ip4/10.0.0.{number}/tcp/9440")],
        custody_key: format!("04{}", format!("{number:02x}").repeat(64)),
        account: None,
    };
    NetworkDefinition {
        name: "scene".to_owned(),
        chain: ChainSpec {
            name: "small".to_owned(),
            genesis_time: 1_600_000_000,
            seconds_per_slot: NonZeroU64::new(12).unwrap(),
            slots_per_epoch: NonZeroU64::new(4).unwrap(),
            shard_committee_period: 2,
            forks: ForkSchedule::new(Root([7; 32]), forks).unwrap(),
        },
        guardian_set: GuardianSet {
            epoch: GuardianSetEpoch(0),
            threshold: Threshold::new(3, 4).unwrap(),
            members: [(1, "alice"), (2, "bob"), (3, "carol"), (4, "dave")].map(member).to_vec(),
        },
        contracts: None,
        policy: Policy::offline_only(
            OfflineRule { enforcement: Enforcement::Enforce, epochs: 3, tolerance: 1 },
            8,
        ),
        caps: Caps { max_dark_percent: 50, max_head_lag: 1_000, ..Caps::new(1, 3) },
        emergency: EmergencyRules::default(),
    }
}

/// Custody key of the member at a place.
pub(crate) fn key_of(place: usize) -> CustodyPublicKey {
    let secret = [u8::try_from(place).unwrap() + 1; 32];
    CustodySecretKey::from_bytes(&secret).unwrap().public_key()
}

/// The definition with contracts, accounts and custody keys that are keys.
pub(crate) fn with_contracts(mut definition: NetworkDefinition) -> NetworkDefinition {
    definition.contracts = Some(Contracts {
        profile: Profile::V1,
        chain_id: 1,
        protocol: Address([0xc0; 20]),
        guardian_module: Address([0xc1; 20]),
        deployed: BlockNumber(1),
        exit_proposals: None,
    });
    for (place, member) in definition.guardian_set.members.iter_mut().enumerate() {
        member.account = Some(Address([0xa0 + u8::try_from(place).unwrap(); 20]));
        member.custody_key = key_of(place).to_string().trim_start_matches("0x").to_owned();
    }
    definition
}

/// Contracts that agree with a definition, at the block of a slot.
pub(crate) fn state(definition: &NetworkDefinition, slot: u64) -> ContractState {
    let members = &definition.guardian_set.members;
    ContractState {
        block: block(slot),
        guardians: members.iter().filter_map(|member| member.account).collect(),
        enclaves: (0..members.len()).map(|place| key_of(place).address()).collect(),
        threshold: definition.guardian_set.threshold.t().into(),
        ejection_threshold: definition.policy.balance.ejection_threshold,
        minimum_tickets: Tickets::ONE.saturating_mul(28),
        skip_penalty: Tickets::ONE.saturating_mul(10),
        operators: Vec::new(),
    }
}

/// The execution block of a slot.
pub(crate) fn block(slot: u64) -> Block {
    let hash = BlockHash([u8::try_from(slot % 251).unwrap(); 32]);
    Block { number: BlockNumber(slot), hash, timestamp: 1_600_000_000 + slot * 12 }
}

/// A validator of the scene, with the split that all its guardians hold.
pub(crate) fn subject(index: usize) -> Subject {
    Subject { pubkey: pubkey(index), key_set: key_sets()[index].id(), index: ValidatorIndex(index as u64) }
}

/// Key sets of the scene's validators, by index.
pub(crate) fn key_sets() -> &'static [PublicKeySet] {
    static SETS: OnceLock<Vec<PublicKeySet>> = OnceLock::new();
    SETS.get_or_init(|| {
        let mut rng = rand::rngs::StdRng::seed_from_u64(2);
        let threshold = Threshold::new(3, 4).unwrap();
        (0..10).map(|_| SecretKey::generate(&mut rng).split(threshold, &mut rng).0).collect()
    })
}

pub(crate) fn pubkey(index: usize) -> BlsPubkey {
    key_sets()[index].public_key()
}

pub(crate) fn validator(index: usize) -> Validator {
    Validator {
        pubkey: pubkey(index),
        index: ValidatorIndex(index as u64),
        status: ValidatorStatus::ActiveOngoing,
        balance: Gwei(32_000_000_000),
        effective_balance: Gwei(32_000_000_000),
        slashed: false,
        activation_epoch: Epoch(0),
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
    }
}

pub(crate) fn exiting(index: usize) -> Validator {
    Validator { status: ValidatorStatus::ActiveExiting, exit_epoch: Epoch(20), ..validator(index) }
}

pub(crate) fn envelope(from: GuardianIndex, salt: u8) -> Envelope {
    Envelope(vec![from.0 as u8, salt])
}

/// The proposal about validator 0 in the voting window of a slot.
pub(crate) fn proposal_at(slot: u64) -> ExitProposal {
    ExitProposal::offline(&definition(), subject(0), DUE, Slot(slot)).unwrap()
}

pub(crate) fn partial(id: ProposalId, from: GuardianIndex) -> Partial {
    let signature = SignatureShare([from.0 as u8; 192]);
    Partial { proposal: id, index: ShareIndex::new(from.0).unwrap(), signature }
}

pub(crate) fn signature() -> BlsSignature {
    BlsSignature([9; 96])
}

/// What whoever goes by every rule says it enforces.
pub(crate) const EVERYTHING: Enforces =
    Enforces { offline: true, tickets: true, balance: true, emergency: true };

pub(crate) fn heartbeat(slot: Slot, enforces: Enforces) -> Heartbeat {
    Heartbeat {
        guardian_set_epoch: GuardianSetEpoch(0),
        slot,
        head: slot,
        finalized: Checkpoint { epoch: Epoch(0), root: Root([0; 32]) },
        version: "1".to_owned(),
        enforces,
        shares: 3,
        clients: Clients::default(),
    }
}

/// A guardian and everything it was told and said.
pub(crate) struct Scene {
    pub(crate) guardian: Guardian,
    /// Commands since the last [`Scene::take`], its own messages' consequences included.
    commands: Vec<Command>,
    /// Every record ever written.
    pub(crate) journal: Vec<Record>,
    validators: usize,
    salt: u8,
    /// Whether the others go on saying that they enforce everything, unheard by the journal.
    pub(crate) others_enforce: bool,
}

impl Scene {
    /// Our guardian with shares of one validator, its node healthy, at slot 0.
    pub(crate) fn new() -> Self {
        Self::with(definition(), 1)
    }

    /// Our guardian on a network of one's own, watching `validators`.
    pub(crate) fn with(definition: NetworkDefinition, validators: usize) -> Self {
        let guardian = Guardian::new(definition, ME).unwrap();
        let (commands, journal) = (Vec::new(), Vec::new());
        let mut scene = Self { guardian, commands, journal, validators, salt: 0, others_enforce: true };
        scene.start();
        scene
    }

    pub(crate) fn start(&mut self) {
        let custody = (0..self.validators).map(|index| Custody {
            pubkey: pubkey(index),
            key_set: key_sets()[index].clone(),
            index: ShareIndex::new(ME.0).unwrap(),
        });
        self.feed(Event::CustodyLoaded(custody.collect()));
        self.feed(Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }));
    }

    /// Dies, starts from what it wrote, and has seen the chain at `slot` again.
    pub(crate) fn restart(&mut self, slot: Slot) {
        let definition = self.guardian.definition.clone();
        self.guardian = Guardian::restore(definition, ME, self.journal.clone()).unwrap();
        self.commands.clear();
        self.start();
        self.observe(slot, &[]);
        self.feed(Event::SlotStarted(slot));
    }

    /// Our guardian at [`DUE_SLOT`], before the tick, knowing that validator 0 was dark in epochs 4 to 8.
    pub(crate) fn due() -> Self {
        Self::due_with(definition(), 1)
    }

    pub(crate) fn due_with(definition: NetworkDefinition, validators: usize) -> Self {
        let mut scene = Self::with(definition, validators);
        for epoch in 0..9 {
            scene.liveness(epoch, epoch < DARK_FROM.0);
        }
        scene.guardian.view.begin_slot(Slot(DUE_SLOT.0 - 1));
        scene.observe(DUE_SLOT, &[]);
        scene.take();
        scene
    }

    /// Validator 0 live or dark in an epoch, the others live.
    pub(crate) fn liveness(&mut self, epoch: u64, is_live: bool) {
        let others = (1..self.validators).map(|index| ValidatorIndex(index as u64));
        let first = ValidatorIndex(0);
        let (live, dark) = if is_live { (vec![first], Vec::new()) } else { (Vec::new(), vec![first]) };
        let live = live.into_iter().chain(others).collect();
        self.feed(Event::LivenessObserved(Liveness { epoch: Epoch(epoch), live, dark }));
    }

    /// Head and finality as of a slot on a healthy chain; `changed` validators instead of the usual ones at the head.
    pub(crate) fn observe(&mut self, slot: Slot, changed: &[Validator]) {
        let epoch = Epoch(slot.0 / 4).saturating_sub(2);
        self.finalized(epoch.0, &[]);
        let mut validators: Vec<_> = (0..self.validators).map(validator).collect();
        validators.extend(changed);
        self.feed(Event::HeadObserved { slot, validators });
    }

    pub(crate) fn finalized(&mut self, epoch: u64, changed: &[Validator]) {
        let mut validators: Vec<_> = (0..self.validators).map(validator).collect();
        validators.extend(changed);
        let checkpoint = Checkpoint { epoch: Epoch(epoch), root: Root([1; 32]) };
        self.feed(Event::FinalizedObserved { checkpoint, validators });
    }

    pub(crate) fn head(&mut self, slot: u64, validators: &[Validator]) {
        self.feed(Event::HeadObserved { slot: Slot(slot), validators: validators.to_vec() });
    }

    /// Hands in an event; our own messages, certificates excepted, come back as the shell would hand them in.
    pub(crate) fn feed(&mut self, event: Event) {
        self.stage(&event);
        let commands = self.guardian.handle(event);
        self.perform(commands);
    }

    /// Does as the shell would.
    pub(crate) fn perform(&mut self, commands: Vec<Command>) {
        let mut commands = std::collections::VecDeque::from(commands);
        while let Some(command) = commands.pop_front() {
            match &command {
                Command::Persist(records) => self.journal.extend(records.iter().cloned()),
                Command::Broadcast(Message::Certificate(_)) => {}
                Command::Broadcast(message) => {
                    self.salt = self.salt.wrapping_add(1);
                    let (message, envelope) = (message.clone(), envelope(ME, self.salt));
                    commands.extend(self.guardian.handle(Event::MessageReceived {
                        from: ME,
                        message,
                        envelope,
                    }));
                }
                _ => {}
            }
            self.commands.push(command);
        }
    }

    /// The others have just said that they enforce everything.
    fn stage(&mut self, event: &Event) {
        let slot = if let Event::SlotStarted(slot) = event { *slot } else { self.guardian.view.slot() };
        for other in [BOB, CAROL, DAVE].into_iter().filter(|_| self.others_enforce) {
            self.guardian.roster.peer_mut(other).heartbeat = Some((slot, heartbeat(slot, EVERYTHING)));
        }
    }

    pub(crate) fn slot(&mut self, slot: u64) {
        self.feed(Event::SlotStarted(Slot(slot)));
    }

    pub(crate) fn hear(&mut self, from: GuardianIndex, message: Message) {
        self.feed(Event::MessageReceived { from, message, envelope: envelope(from, 200) });
    }

    pub(crate) fn hear_vote(
        &mut self,
        from: GuardianIndex,
        id: ProposalId,
        revision: u32,
        decision: Decision,
    ) {
        self.hear(from, Message::Vote(Vote { proposal: id, revision, decision }));
    }

    /// Validator 0 due, the proposal of the first window on the table and approved by us.
    pub(crate) fn voted() -> (Self, ProposalId) {
        let mut scene = Self::due();
        scene.slot(DUE_SLOT.0);
        scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
        let id = proposal_at(DUE_SLOT.0).id();
        assert!(scene.own(id).is_some_and(|decision| decision == Decision::Approve));
        (scene, id)
    }

    /// As [`Scene::voted`], and certified and released, our signature ordered.
    pub(crate) fn released() -> (Self, ProposalId) {
        let (mut scene, id) = Self::voted();
        scene.hear_vote(BOB, id, 0, Decision::Approve);
        scene.hear_vote(CAROL, id, 0, Decision::Approve);
        assert_eq!(scene.state(id), Some(State::Signed));
        (scene, id)
    }

    /// As [`Scene::released`], and combined.
    pub(crate) fn combined() -> (Self, ProposalId) {
        let (mut scene, id) = Self::released();
        scene.feed(Event::ExitSigned(partial(id, ME)));
        scene.hear(BOB, Message::Partial(partial(id, BOB)));
        scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
        scene.feed(Event::ExitCombined { proposal: id, signature: signature(), culprits: Vec::new() });
        (scene, id)
    }

    /// Everything said, written and ordered since the last time.
    pub(crate) fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    pub(crate) fn status_of(&self, id: ProposalId) -> Option<ProposalStatus> {
        self.guardian.status().proposals.into_iter().find(|status| status.id == id)
    }

    pub(crate) fn state(&self, id: ProposalId) -> Option<State> {
        self.status_of(id).map(|status| status.state)
    }

    pub(crate) fn hold(&self, id: ProposalId) -> Option<Hold> {
        self.status_of(id).and_then(|status| status.hold)
    }

    /// Our latest decision on a proposal.
    pub(crate) fn own(&self, id: ProposalId) -> Option<Decision> {
        self.guardian.docket.get(&id)?.own.as_ref().map(|vote| vote.decision)
    }
}

/// Messages among commands.
pub(crate) fn said(commands: &[Command]) -> Vec<&Message> {
    commands
        .iter()
        .filter_map(|c| if let Command::Broadcast(message) = c { Some(message) } else { None })
        .collect()
}

/// Records among commands.
pub(crate) fn written(commands: &[Command]) -> Vec<&Record> {
    let persisted = commands.iter().filter_map(|c| if let Command::Persist(r) = c { Some(r) } else { None });
    persisted.flatten().collect()
}

/// Signing orders among commands.
pub(crate) fn orders(commands: &[Command]) -> Vec<&ReleaseOrder> {
    commands
        .iter()
        .filter_map(|c| if let Command::SignExit(order) = c { Some(order) } else { None })
        .collect()
}

/// Codes of the faults among commands, with the guilty.
pub(crate) fn faults(commands: &[Command]) -> Vec<(GuardianIndex, &'static str)> {
    let fault =
        |c: &Command| if let Command::ReportFault(f) = c { Some((f.guardian, f.kind.code())) } else { None };
    commands.iter().filter_map(fault).collect()
}
