use super::*;
use crate::Store;
use crate::definition::tests::network_with_contracts;
use crypto::custody::seal;
use crypto::deposit::DepositMessage;
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ExitsProposed, ModuleName, Payload, RegistrationId, Tickets,
    TransactionHash, Unreadable, WithdrawalCredentials,
};
use crypto::keys::SecretKey;
use crypto::password::{Password, ScryptCost};
use crypto::spec::{Epoch, Fork, ForkSchedule, ValidatorIndex};
use guardian_core::record::Record;
use std::sync::Arc;

const ME: GuardianIndex = GuardianIndex(2);
const OPERATOR: Address = Address([7; 20]);

/// A guardian's office: definition, everybody's custody keys, a store on disk.
struct Office {
    definition: NetworkDefinition,
    keys: Vec<CustodySecretKey>,
    directory: tempfile::TempDir,
}

impl Office {
    fn new(seed: u64) -> Self {
        let (mut definition, keys) = network_with_contracts(3, 4, seed);
        // A chain born in a later fork, as local ones are: deposits are signed under the first one's version all the same.
        let root = definition.chain.forks.genesis_validators_root();
        let forks = definition.chain.forks.forks().iter().map(|fork| Fork { epoch: Epoch(0), ..*fork });
        definition.chain.forks = ForkSchedule::new(root, forks.collect()).unwrap();
        Self { definition, keys, directory: tempfile::tempdir().unwrap() }
    }

    fn shares(&self) -> Shares {
        let store = Store::open(self.directory.path(), self.definition.id(), ME).unwrap();
        let password = Password::new("right");
        let mut shares = Shares::open(&Arc::new(store), &self.definition, ME, &password).unwrap();
        shares.ensure_key(&password, ScryptCost::LIGHT, &mut rand::rng()).unwrap();
        shares
    }

    /// The custodian as it comes up with a journal.
    fn custodian(&self, journal: &[Record]) -> Custodian {
        let key = std::sync::Arc::new(CustodySecretKey::from_bytes(&self.keys[1].to_bytes()).unwrap());
        Custodian::new(&self.definition, ME, key, self.shares(), Register::restore(journal)).unwrap()
    }

    /// What an operator registers for a validator: a new split of its key, sealed to everybody.
    fn registration(&self, index: u64, secret: &SecretKey) -> Registration {
        let mut rng = rand::rng();
        let set = &self.definition.guardian_set;
        let (key_set, shares) = secret.split(set.threshold, &mut rng);
        let credentials = WithdrawalCredentials([1; 32]);
        let genesis = self.definition.chain.forks.forks()[0].version;
        let message = DepositMessage::new(secret.public_key().to_bytes(), credentials);
        let deposit = message.sign(secret, genesis);
        let sealed = self.keys.iter().zip(&shares);
        Registration {
            id: id(index),
            operator: OPERATOR,
            pubkey: message.pubkey.0.to_vec(),
            transaction: TransactionHash([9; 32]),
            withdrawal_credentials: credentials,
            payload: Ok(Payload {
                deposit_signature: deposit.signature.0.to_vec(),
                deposit_data_root: deposit.hash_tree_root().0,
                envelopes: sealed
                    .map(|(key, share)| seal(&key.public_key(), share, &mut rng).unwrap().0.to_vec())
                    .collect(),
                key_set: key_set.to_bytes(),
            }),
        }
    }
}

fn id(index: u64) -> RegistrationId {
    RegistrationId { module: ModuleName([5; 32]), index }
}

fn secret() -> SecretKey {
    SecretKey::generate(&mut rand::rng())
}

/// A scan of block `number` alone.
fn scan(number: u64, events: Vec<ContractEvent>) -> Scan {
    let number = BlockNumber(number);
    let log = |(index, event)| Log { block: number, index, timestamp: 12, event };
    Scan {
        from: number,
        to: Block { number, hash: BlockHash([3; 32]), timestamp: 12 },
        logs: (0..).zip(events).map(log).collect(),
    }
}

fn registered(registration: Registration) -> ContractEvent {
    ContractEvent::Registered(Box::new(registration))
}

fn verdicts(taken: &Taken) -> Vec<Verdict> {
    let verdict = |log: &JudgedLog| match &log.event {
        JudgedEvent::Registered(registered) => Some(registered.verdict),
        _ => None,
    };
    taken.report.logs.iter().filter_map(verdict).collect()
}

/// Every share on the disk, opened and proven: key set id by validator.
fn on_disk(shares: &Shares) -> Vec<(BlsPubkey, crypto::keys::KeySetId)> {
    shares.reveal().unwrap().iter().map(|(set, _)| (set.public_key(), set.id())).collect()
}

fn split_of(registration: &Registration) -> crypto::keys::KeySetId {
    PublicKeySet::from_bytes(&registration.payload.as_ref().unwrap().key_set).unwrap().id()
}

fn changed(registration: Registration, change: impl FnOnce(&mut Payload)) -> Registration {
    let mut registration = registration;
    change(registration.payload.as_mut().unwrap());
    registration
}

#[test]
fn a_sound_registration_ends_as_a_share_on_the_disk() {
    let office = Office::new(1);
    let mut custodian = office.custodian(&[]);
    let registrations: Vec<_> = (0..5).map(|index| office.registration(index, &secret())).collect();
    let events = registrations.iter().cloned().map(registered).collect();
    let taken = custodian.take(scan(10, events)).unwrap();
    assert_eq!(verdicts(&taken), [Verdict::Accepted; 5]);
    assert_eq!(taken.held.len(), 5);
    for (log, registration) in taken.report.logs.iter().zip(&registrations) {
        let expected = Registered {
            id: registration.id,
            operator: OPERATOR,
            pubkey: Some(BlsPubkey::try_from(&registration.pubkey[..]).unwrap()),
            key_set: Some(split_of(registration)),
            transaction: registration.transaction,
            verdict: Verdict::Accepted,
        };
        assert_eq!(log.event, JudgedEvent::Registered(expected));
        assert_eq!((log.block, log.timestamp), (BlockNumber(10), 12));
    }
    drop(custodian);
    // A new process, with the password only.
    let mut expected: Vec<_> = registrations
        .iter()
        .map(|one| (BlsPubkey::try_from(&one.pubkey[..]).unwrap(), split_of(one)))
        .collect();
    expected.sort();
    assert_eq!(on_disk(&office.shares()), expected);
}

/// One registration of each kind of defect between two sound ones: a verdict each, and the scan goes on.
#[test]
fn every_defect_has_its_verdict_and_stops_nothing() {
    let office = Office::new(2);
    let mut custodian = office.custodian(&[]);
    let mut index = 0;
    let mut next = || {
        index += 1;
        office.registration(index, &secret())
    };
    let sealed_to_us = |share: &[u8; 32], x: u16| {
        let share = SecretKeyShare::new(crypto::threshold::ShareIndex::new(x).unwrap(), share).unwrap();
        seal(&office.keys[1].public_key(), &share, &mut rand::rng()).unwrap().0.to_vec()
    };
    let unread = |registration: Registration, why| Registration { payload: Err(why), ..registration };
    let cases = [
        (next(), Verdict::Accepted),
        (unread(next(), Unreadable::NeedsTrace), Verdict::NeedsTrace),
        (unread(next(), Unreadable::Malformed), Verdict::MalformedCalldata),
        (unread(next(), Unreadable::TransactionMissing), Verdict::TransactionMissing),
        (Registration { pubkey: Vec::new(), ..next() }, Verdict::InvalidPubkey),
        (Registration { pubkey: vec![0; 48], ..next() }, Verdict::InvalidPubkey),
        (Registration { pubkey: vec![0xff; 48], ..next() }, Verdict::InvalidPubkey),
        (changed(next(), |payload| payload.envelopes.truncate(3)), Verdict::WrongEnvelopes),
        (changed(next(), |payload| payload.envelopes[3].push(0)), Verdict::WrongEnvelopes),
        (changed(next(), |payload| payload.key_set.truncate(96)), Verdict::WrongKeySetLength),
        (changed(next(), |payload| payload.key_set[50..].fill(7)), Verdict::InvalidKeySet),
        (changed(next(), |payload| payload.key_set.rotate_left(48)), Verdict::ForeignKeySet),
        (changed(next(), |payload| payload.deposit_signature.truncate(95)), Verdict::InvalidDepositSignature),
        (changed(next(), |payload| payload.deposit_data_root[0] ^= 1), Verdict::WrongDepositDataRoot),
        // Somebody else's envelope in our place; garbage of the right length.
        (changed(next(), |payload| payload.envelopes.swap(1, 2)), Verdict::EnvelopeNotForUs),
        (changed(next(), |payload| payload.envelopes[1].fill(4)), Verdict::EnvelopeNotForUs),
        // Sealed to us, and no share of this key: a wrong scalar, a scalar of another key.
        (changed(next(), |payload| payload.envelopes[1] = sealed_to_us(&[1; 32], 2)), Verdict::InvalidShare),
        (
            changed(next(), |payload| payload.envelopes[1] = sealed_to_us(&secret().to_bytes(), 2)),
            Verdict::InvalidShare,
        ),
        (next(), Verdict::Accepted),
    ];
    let events = cases.iter().map(|(registration, _)| registered(registration.clone())).collect();
    let taken = custodian.take(scan(10, events)).unwrap();
    assert_eq!(verdicts(&taken), cases.each_ref().map(|(_, verdict)| *verdict));
    assert_eq!(taken.held.len(), 2);
    drop(custodian);
    assert_eq!(on_disk(&office.shares()).len(), 2);
}

#[test]
fn other_logs_pass_through_in_their_order() {
    let office = Office::new(3);
    let mut custodian = office.custodian(&[]);
    let amount = Tickets(u128::MAX);
    let exits = ExitsProposed {
        number: 5,
        proposer: OPERATOR,
        network: [6; 32],
        severity: 1,
        expires: 7,
        validators: vec![ValidatorIndex(8), ValidatorIndex(9)],
        reason: "why".to_owned(),
    };
    let taken = custodian
        .take(scan(
            10,
            vec![
                ContractEvent::TicketsDeposited { operator: OPERATOR, amount },
                ContractEvent::Skipped(id(77)),
                ContractEvent::Provisioned(id(1)),
                ContractEvent::Exited { id: id(1), burned: amount },
                ContractEvent::TicketsWithdrawn { operator: OPERATOR, amount },
                ContractEvent::ExitProposed(exits.clone()),
                ContractEvent::ExitCancelled { number: 5, by: OPERATOR },
            ],
        ))
        .unwrap();
    let events: Vec<_> = taken.report.logs.into_iter().map(|log| (log.index, log.event)).collect();
    assert_eq!(
        events,
        [
            (0, JudgedEvent::TicketsDeposited { operator: OPERATOR, amount }),
            (1, JudgedEvent::Skipped(id(77))),
            (2, JudgedEvent::Provisioned(id(1))),
            (3, JudgedEvent::Exited { id: id(1), burned: amount }),
            (4, JudgedEvent::TicketsWithdrawn { operator: OPERATOR, amount }),
            (5, JudgedEvent::ExitProposed(exits)),
            (6, JudgedEvent::ExitCancelled { number: 5, by: OPERATOR }),
        ]
    );
    assert!(taken.held.is_empty());
}

#[test]
fn the_first_sound_registration_counts_until_it_is_skipped() {
    let office = Office::new(4);
    let mut custodian = office.custodian(&[]);
    let secret = secret();
    let unsound = changed(office.registration(0, &secret), |payload| payload.deposit_data_root[0] ^= 1);
    let (first, second, third) =
        (office.registration(1, &secret), office.registration(2, &secret), office.registration(3, &secret));
    let mut journal = Vec::new();
    let mut take = |custodian: &mut Custodian, number, events| {
        let taken = custodian.take(scan(number, events)).unwrap();
        journal.push(Record::Scanned(taken.report.clone()));
        verdicts(&taken)
    };
    // What is not sound stands in nobody's way.
    let events = vec![registered(unsound), registered(first.clone()), registered(second.clone())];
    let expected = [Verdict::WrongDepositDataRoot, Verdict::Accepted, Verdict::DuplicateKey];
    assert_eq!(take(&mut custodian, 10, events), expected);
    let pubkey = secret.public_key().to_bytes();
    assert_eq!(on_disk(&custodian.shares), [(pubkey, split_of(&first))]);

    // A duplicate that is skipped frees nothing; nor does a settlement.
    let settled = ContractEvent::Exited { id: id(1), burned: Tickets(1) };
    let events = vec![ContractEvent::Skipped(id(2)), settled, registered(third.clone())];
    assert_eq!(take(&mut custodian, 11, events), [Verdict::DuplicateKey]);
    assert_eq!(on_disk(&custodian.shares), [(pubkey, split_of(&first))]);

    // Across a restart, the one that counts is skipped: the next one replaces its share.
    drop(custodian);
    let mut custodian = office.custodian(&journal.clone());
    let taken =
        custodian.take(scan(12, vec![ContractEvent::Skipped(id(1)), registered(third.clone())])).unwrap();
    assert_eq!(verdicts(&taken), [Verdict::Accepted]);
    assert_eq!(taken.held.len(), 1, "the signer must hear of it");
    drop(custodian);
    assert_eq!(on_disk(&office.shares()), [(pubkey, split_of(&third))]);
}

/// A registration of which only we got a bad envelope is sound for everybody else: it keeps its key.
#[test]
fn a_registration_that_is_bad_for_us_alone_keeps_its_key() {
    let office = Office::new(5);
    let mut custodian = office.custodian(&[]);
    let secret = secret();
    let bad = changed(office.registration(1, &secret), |payload| payload.envelopes.swap(0, 1));
    let good = office.registration(2, &secret);
    let events = vec![registered(bad), registered(good.clone())];
    let taken = custodian.take(scan(10, events)).unwrap();
    assert_eq!(verdicts(&taken), [Verdict::EnvelopeNotForUs, Verdict::DuplicateKey]);
    assert!(taken.held.is_empty());
    let again = office.registration(3, &secret);
    let events = vec![ContractEvent::Skipped(id(1)), registered(again)];
    assert_eq!(verdicts(&custodian.take(scan(11, events)).unwrap()), [Verdict::Accepted]);
}

/// Killed after the shares were stored and before the scan was journaled: the scan comes again, and must end the same,
/// also where it replaced a share of its own.
#[test]
fn a_scan_taken_again_ends_the_same() {
    let office = Office::new(6);
    let (one, other) = (secret(), secret());
    let (first, second) = (office.registration(1, &one), office.registration(2, &one));
    let early = office.registration(0, &other);
    let mut custodian = office.custodian(&[]);
    let before = custodian.take(scan(10, vec![registered(early.clone())])).unwrap();
    let journal = [Record::Scanned(before.report)];

    let events =
        vec![registered(first), registered(early), ContractEvent::Skipped(id(1)), registered(second.clone())];
    let whole = custodian.take(scan(11, events.clone())).unwrap();
    // The same registration told twice is no second one.
    assert_eq!(verdicts(&whole), [Verdict::Accepted; 3]);
    let stored = on_disk(&custodian.shares);
    for _ in 0..3 {
        drop(custodian);
        custodian = office.custodian(&journal);
        let again = custodian.take(scan(11, events.clone())).unwrap();
        assert_eq!(again.report, whole.report);
        assert_eq!(on_disk(&custodian.shares), stored);
    }
    assert!(stored.contains(&(one.public_key().to_bytes(), split_of(&second))));
}

#[test]
fn what_the_operator_imported_is_never_replaced() {
    let office = Office::new(7);
    let (same, differs) = (secret(), secret());
    let registration = office.registration(1, &same);
    let opened = |registration: &Registration| {
        let payload = registration.payload.as_ref().unwrap();
        let envelope = crypto::custody::CustodyEnvelope::try_from(&payload.envelopes[1][..]).unwrap();
        let index = crypto::threshold::ShareIndex::new(2).unwrap();
        let share = crypto::custody::open(&office.keys[1], &envelope, index).unwrap();
        (PublicKeySet::from_bytes(&payload.key_set).unwrap(), share)
    };
    let imported = [opened(&registration), opened(&office.registration(8, &differs))];
    let mut shares = office.shares();
    shares.import(&imported, &Password::new("right"), ScryptCost::LIGHT, &mut rand::rng()).unwrap();
    let before = on_disk(&shares);
    drop(shares);
    let mut custodian = office.custodian(&[]);
    let events = vec![
        registered(registration),
        registered(office.registration(2, &differs)),
        ContractEvent::Skipped(id(2)),
        registered(office.registration(3, &differs)),
    ];
    let taken = custodian.take(scan(10, events)).unwrap();
    let expected = [Verdict::Accepted, Verdict::OtherShareHeld, Verdict::OtherShareHeld];
    assert_eq!(verdicts(&taken), expected);
    assert!(taken.held.is_empty());
    assert_eq!(on_disk(&custodian.shares), before);
}

#[test]
fn the_register_is_what_the_journal_says() {
    let office = Office::new(8);
    let mut custodian = office.custodian(&[]);
    let (kept, skipped) = (secret(), secret());
    let unsound = Registration { pubkey: vec![1], ..office.registration(2, &secret()) };
    let events = vec![
        registered(office.registration(0, &kept)),
        registered(office.registration(1, &skipped)),
        registered(unsound),
        ContractEvent::Skipped(id(1)),
    ];
    let report = custodian.take(scan(10, events)).unwrap().report;
    let register = Register::restore(&[Record::Scanned(report)]);
    assert_eq!(register, custodian.register);
    assert_eq!([0, 1, 2].map(|index| register.is_live(&id(index))), [true, false, false]);
}

#[test]
fn nothing_that_is_told_holds_a_share() {
    let office = Office::new(9);
    let mut custodian = office.custodian(&[]);
    let taken = custodian.take(scan(10, vec![registered(office.registration(0, &secret()))])).unwrap();
    let share = hex::encode(*taken.held[0].share.to_bytes());
    let custody: Vec<_> = taken.held.iter().map(super::custody).collect();
    let told = format!("{:?} {custody:?}", taken.report);
    assert!(!told.contains(&share));
    let encoded = borsh::to_vec(&taken.report).unwrap();
    let secret = taken.held[0].share.to_bytes();
    assert!(!encoded.windows(32).any(|window| window == &secret[..]));
}

/// The signer first, then the core: an order for the share may follow at once.
#[tokio::test]
async fn the_core_hears_of_a_scan_after_the_signer_has_its_shares() {
    let office = Office::new(10);
    let custodian = office.custodian(&[]);
    let (scans, observations) = mpsc::channel(4);
    let (signer, mut errands) = mpsc::channel(4);
    let (inbox, mut arrivals) = mpsc::channel(4);
    let (failed, _failure) = oneshot::channel();
    let registration = office.registration(0, &secret());
    let pubkey = BlsPubkey::try_from(&registration.pubkey[..]).unwrap();
    scans.send(ExecutionObservation::Scanned(scan(10, vec![registered(registration)]))).await.unwrap();
    let progress = ExecutionObservation::Progress { scanned: BlockNumber(10), target: BlockNumber(10) };
    scans.send(progress).await.unwrap();
    drop(scans);
    run(custodian, observations, signer, inbox, failed).await;
    let Some(Errand::Hold(held)) = errands.recv().await else { panic!("the signer got no share") };
    assert_eq!(held[0].key_set.public_key(), pubkey);
    let Some(Event::CustodyLoaded(custody)) = arrivals.recv().await.map(|a| a.event) else { panic!() };
    assert_eq!((custody.len(), custody[0].pubkey, custody[0].index.get()), (1, pubkey, 2));
    let Some(Event::ContractsScanned(report)) = arrivals.recv().await.map(|a| a.event) else { panic!() };
    assert_eq!(report.logs.len(), 1);
    let expected = Event::ScanProgressed { scanned: BlockNumber(10), target: BlockNumber(10) };
    assert_eq!(arrivals.recv().await.map(|a| a.event), Some(expected));
}

/// Without its data key the store keeps nothing: an error, and nobody is told of the scan.
#[tokio::test]
async fn a_store_that_fails_is_told_and_the_scan_is_not() {
    let office = Office::new(11);
    let store = Arc::new(Store::open(office.directory.path(), office.definition.id(), ME).unwrap());
    let shares = Shares::open(&store, &office.definition, ME, &Password::new("right")).unwrap();
    let key = std::sync::Arc::new(CustodySecretKey::from_bytes(&office.keys[1].to_bytes()).unwrap());
    let custodian = Custodian::new(&office.definition, ME, key, shares, Register::default()).unwrap();
    let (scans, observations) = mpsc::channel(4);
    let (signer, mut errands) = mpsc::channel(4);
    let (inbox, mut arrivals) = mpsc::channel(4);
    let (failed, failure) = oneshot::channel();
    let events = vec![registered(office.registration(0, &secret()))];
    scans.send(ExecutionObservation::Scanned(scan(10, events))).await.unwrap();
    run(custodian, observations, signer, inbox, failed).await;
    let problem = failure.await.unwrap().to_string();
    assert!(problem.contains("no data key"), "{problem}");
    assert!(errands.recv().await.is_none() && arrivals.recv().await.is_none());
}

/// The largest scan that the watcher hands over (8,192 logs, 512 of them registrations) is one record of the journal.
#[test]
fn the_largest_scan_fits_a_record() {
    let office = Office::new(12);
    let mut custodian = office.custodian(&[]);
    let one = Registration { payload: Err(Unreadable::NeedsTrace), ..office.registration(0, &secret()) };
    let amount = Tickets(u128::MAX);
    let events = (0..8192).map(|index| match index {
        0..512 => registered(Registration { id: id(index), ..one.clone() }),
        _ => ContractEvent::TicketsDeposited { operator: OPERATOR, amount },
    });
    let report = custodian.take(scan(10, events.collect())).unwrap().report;
    let encoded = Record::Scanned(report).encode().len();
    assert!(encoded < crate::store::MAX_RECORD / 4, "{encoded}");
}
