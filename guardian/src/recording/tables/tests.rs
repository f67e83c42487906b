use super::*;
use crypto::execution::BlockNumber;
use crypto::keys::PublicKeySet;
use crypto::spec::Root;
use crypto::threshold::ShareIndex;
use crypto::validator::ValidatorStatus;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

const ME: GuardianIndex = GuardianIndex(2);

fn validators() -> impl Strategy<Value = Vec<Validator>> {
    let status = prop_oneof![Just(ValidatorStatus::ActiveOngoing), Just(ValidatorStatus::ActiveExiting)];
    let row = (status, 0..3u64, any::<bool>(), 0..9u64);
    btree_map(0..6u8, row, 0..6).prop_map(|rows| {
        let validator = |(key, (status, balance, slashed, exit)): (u8, (_, u64, bool, u64))| Validator {
            status,
            balance: Gwei(32_000_000_000 - balance * super::super::GRAIN),
            slashed,
            index: ValidatorIndex(u64::from(key) * 1000),
            exit_epoch: Epoch(exit.wrapping_sub(1)),
            ..typical(BlsPubkey([key; 48]))
        };
        rows.into_iter().map(validator).collect()
    })
}

fn accounts() -> impl Strategy<Value = Vec<(Address, NodeInfo)>> {
    let account = |(key, active): (u8, u64)| {
        (Address([key; 20]), NodeInfo { active, pending: 0, tickets: Tickets::ONE })
    };
    btree_map(0..4u8, 0..3u64, 0..4).prop_map(move |rows| rows.into_iter().map(account).collect())
}

fn block(number: u64) -> Block {
    Block { number: BlockNumber(number), hash: BlockHash([0; 32]), timestamp: number * 12 }
}

/// Events that are recorded, without what of them is not.
fn event() -> impl Strategy<Value = Event> {
    let indices = || btree_set(0..40u64, 0..40);
    prop_oneof![
        (0..500u64).prop_map(|slot| Event::SlotStarted(Slot(slot))),
        (0..500u64, validators())
            .prop_map(|(slot, validators)| Event::HeadObserved { slot: Slot(slot), validators }),
        (0..50u64, validators()).prop_map(|(epoch, validators)| Event::FinalizedObserved {
            checkpoint: Checkpoint { epoch: Epoch(epoch), root: Root([epoch as u8; 32]) },
            validators,
        }),
        (0..50u64, indices(), indices()).prop_map(|(epoch, live, dark)| {
            let list = |indices: BTreeSet<u64>| indices.into_iter().map(ValidatorIndex).collect::<Vec<_>>();
            Event::LivenessObserved(Liveness { epoch: Epoch(epoch), live: list(live), dark: list(dark) })
        }),
        (0..3u16, any::<bool>()).prop_map(|(healthy, disagree)| {
            Event::NodesObserved(NodeHealth { total: 3, healthy, disagree })
        }),
        (0..3u16, any::<bool>()).prop_map(|(healthy, disagree)| {
            Event::ExecutionObserved(ExecutionHealth { total: 3, healthy, disagree, problem: None })
        }),
        (0..9u64, 0..9u64).prop_map(|(from, more)| {
            let (from, to) = (BlockNumber(from), block(from + more));
            Event::ContractsScanned(ScanReport { from, to, logs: Vec::new() })
        }),
        (0..9u64, accounts()).prop_map(|(number, operators)| {
            Event::ContractsObserved(ContractState {
                block: block(number),
                guardians: Vec::new(),
                enclaves: Vec::new(),
                threshold: 0,
                ejection_threshold: Gwei(0),
                minimum_tickets: Tickets(1),
                skip_penalty: Tickets(2),
                operators,
            })
        }),
        (0..9u64, accounts())
            .prop_map(|(number, infos)| Event::OperatorsObserved { block: block(number), infos }),
        (0..9u64).prop_map(|number| Event::ContractsDiverged {
            scanned: block(number),
            found: BlockHash([1; 32])
        }),
    ]
}

/// In the order of keys and indices: a table has an order of its own.
fn sorted(event: Event) -> Event {
    match event {
        Event::HeadObserved { slot, mut validators } => {
            validators.sort_by_key(|validator| validator.pubkey);
            Event::HeadObserved { slot, validators }
        }
        Event::FinalizedObserved { checkpoint, mut validators } => {
            validators.sort_by_key(|validator| validator.pubkey);
            Event::FinalizedObserved { checkpoint, validators }
        }
        Event::LivenessObserved(mut liveness) => {
            liveness.live.sort();
            liveness.dark.sort();
            Event::LivenessObserved(liveness)
        }
        other => other,
    }
}

fn seen(fact: Option<Fact>) -> Event {
    match fact {
        Some(Fact::Seen(event)) => sorted(event),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// What was recorded is told again as it came, whatever came before, with keyframes anywhere.
    #[test]
    fn every_observation_comes_back(events in vec((event(), prop::bool::weighted(0.1)), 0..60)) {
        let (mut writer, mut reader) = (Tables::default(), Tables::default());
        for (event, is_keyframe) in events {
            if is_keyframe {
                let (fresh, base) = writer.keyframe();
                writer = fresh;
                // One who joins here, and one who was there all the time.
                reader = Tables::default();
                for sight in base {
                    prop_assert!(reader.fact(sight).is_some());
                }
            }
            let sight = writer.note(&event, ME).unwrap();
            let bytes = borsh::to_vec(&sight).unwrap();
            let sight = borsh::from_slice(&bytes).unwrap();
            prop_assert_eq!(seen(reader.fact(sight)), sorted(event));
        }
    }
}

/// A keyframe tells whoever joins there of the last reports, of the shares and of the contracts.
#[test]
fn a_keyframe_tells_everything_that_matters() {
    let validator = |key: u8| Validator {
        index: ValidatorIndex(key.into()),
        balance: Gwei(31_000_000_000),
        ..typical(BlsPubkey([key; 48]))
    };
    let state = ContractState {
        block: block(9),
        guardians: Vec::new(),
        enclaves: Vec::new(),
        threshold: 0,
        ejection_threshold: Gwei(0),
        minimum_tickets: Tickets(1),
        skip_penalty: Tickets(2),
        operators: vec![(Address([3; 20]), NodeInfo::default())],
    };
    let checkpoint = |epoch| Checkpoint { epoch: Epoch(epoch), root: Root([1; 32]) };
    let told = [
        Event::SlotStarted(Slot(320)),
        Event::NodesObserved(NodeHealth { total: 2, healthy: 2, disagree: false }),
        Event::ExecutionObserved(ExecutionHealth { total: 2, healthy: 1, disagree: true, problem: None }),
        Event::ContractsObserved(state),
        Event::FinalizedObserved { checkpoint: checkpoint(8), validators: vec![validator(2), validator(3)] },
        Event::HeadObserved { slot: Slot(319), validators: vec![validator(2)] },
        Event::OperatorsObserved { block: block(11), infos: vec![(Address([3; 20]), NodeInfo::default())] },
        Event::ContractsDiverged { scanned: block(9), found: BlockHash([5; 32]) },
    ];
    let mut tables = Tables::default();
    // Somebody who is watched no more, and one whose share is ours, and one whose share is another's.
    let before = Event::FinalizedObserved { checkpoint: checkpoint(7), validators: vec![validator(1)] };
    tables.note(&before, ME).unwrap();
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
    let mut custody = |x: u16| {
        let key_set =
            PublicKeySet::from_bytes(&crypto::keys::SecretKey::generate(&mut rng).public_key().to_bytes().0);
        let key_set = key_set.unwrap();
        Custody { pubkey: key_set.public_key(), key_set, index: ShareIndex::new(x).unwrap() }
    };
    let (ours, theirs) = (custody(2), custody(1));
    tables.note(&Event::CustodyLoaded(vec![ours.clone(), theirs]), ME).unwrap();
    let scan = ScanReport { from: BlockNumber(3), to: block(9), logs: Vec::new() };
    tables.note(&Event::ContractsScanned(scan), ME).unwrap();
    for event in &told {
        tables.note(event, ME).unwrap();
    }

    let mut reader = Tables::default();
    let facts: Vec<_> =
        tables.keyframe().1.into_iter().map(|sight| reader.fact(sight).expect("it follows")).collect();
    let mut expected: Vec<_> = told.into_iter().map(Fact::Seen).collect();
    expected.insert(3, Fact::Held(vec![ours.pubkey]));
    expected.insert(4, Fact::ScannedUntil(block(9)));
    assert_eq!(facts, expected);
}

#[test]
fn bytes_that_are_not_ours_are_refused() {
    for sight in [
        Sight::Head { slot: Short(0), named: Places::Bitmap(vec![1]), changes: Vec::new() },
        Sight::Head {
            slot: Short(0),
            named: Places::All,
            changes: vec![Change::Known(Short(u64::MAX), Fields::default())],
        },
        Sight::Held { keys: Vec::new(), named: Places::Bitmap(vec![2]) },
        Sight::Liveness {
            epoch: Short(0),
            enrolled: Vec::new(),
            live: Places::Bitmap(vec![1]),
            dark: Places::All,
        },
        Sight::Contracts {
            block: None,
            minimum_tickets: Tickets(0),
            skip_penalty: Tickets(0),
            operators: Accounts::default(),
        },
    ] {
        assert_eq!(Tables::default().fact(sight), None);
    }
}
