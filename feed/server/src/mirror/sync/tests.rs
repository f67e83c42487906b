use super::*;
use crypto::spec::Slot;
use feed::FeedKey;
use guardian_core::guardian_set::NetworkId;
use std::time::Duration;
use tokio::time::Instant;

#[test]
fn a_turn_ends_with_its_allowance_and_the_next_goes_on() {
    let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let origin = Origin { network: NetworkId([1; 32]), guardian: GuardianIndex(1), life: Slot(0) };
    let mut writer = LogWriter::open(there.path(), "3-0", origin).unwrap();
    writer.append(&vec![vec![b'.'; 100]; 700]).unwrap();
    let log = writer.log();
    let checkpoint = Checkpoint { origin, size: log.size(), root: log.root().unwrap() };
    let key = FeedKey::from_seed([1; 32]);
    let note = String::from_utf8(feed::sign(&checkpoint, &key)).unwrap();
    let keys = Keys { network: origin.network, logs: [(GuardianIndex(1), key.public())].into(), group: None };
    let noted = Noted { checkpoint, note };
    let epoch = GuardianSetEpoch(3);
    let mut copy = Copy::open(here.path(), epoch, origin, &keys).unwrap();
    let mut sizes = Vec::new();
    for _ in 0..3 {
        // Less than one bundle.
        let allowance = Allowance::of(20_000, Instant::now() + Duration::from_secs(3_600));
        let fetch = |path: &TilePath, _: usize| {
            let answer = log.tile(path).unwrap().unwrap().to_vec();
            allowance.take(answer.len());
            Ok(answer)
        };
        copy.extend(&noted, &allowance, &fetch).unwrap();
        sizes.push((copy.log().size(), copy.log().checkpoint().is_some()));
    }
    assert_eq!(sizes, [(256, false), (512, false), (700, true)]);
    // One whose time is over takes nothing.
    let over = Allowance::of(20_000, Instant::now());
    assert!(over.is_spent());
    assert_eq!(ids(here.path(), GuardianIndex(1), epoch).unwrap(), ["1-3-0"]);
    assert_eq!(ids(here.path(), GuardianIndex(11), epoch).unwrap(), Vec::<String>::new());

    // Begun again, it is the same one; another network's, or one of another set, is left alone.
    drop(copy);
    let reopen = |epoch, keys: &Keys| {
        let copies = Copy::reopen(here.path(), GuardianIndex(1), GuardianSetEpoch(epoch), keys);
        copies.into_iter().map(|(id, copy)| (id, copy.log().size())).collect::<Vec<_>>()
    };
    assert_eq!(reopen(3, &keys), [("1-3-0".to_owned(), 700)]);
    assert_eq!(reopen(4, &keys), []);
    assert_eq!(reopen(3, &Keys { network: NetworkId([2; 32]), ..keys.clone() }), []);
    // One whose checkpoint is not of its entries is not served.
    let other = Checkpoint { root: [7; 32], ..checkpoint };
    std::fs::write(here.path().join("mirrored/1-3-0/checkpoint"), feed::sign(&other, &key)).unwrap();
    assert_eq!(reopen(3, &keys), []);
    let problem = Copy::open(here.path(), epoch, origin, &keys).unwrap_err().to_string();
    assert!(problem.contains("remove this directory"), "{problem}");
}

#[test]
fn of_more_copies_than_are_read_the_newest_lives_are() {
    let home = tempfile::tempdir().unwrap();
    let epoch = GuardianSetEpoch(3);
    let keys = Keys { network: NetworkId([1; 32]), logs: BTreeMap::new(), group: None };
    let origin = |life| Origin { network: keys.network, guardian: GuardianIndex(1), life: Slot(life) };
    for life in 1..=20 {
        LogWriter::open(&mirrored(home.path()).join(format!("1-3-{life}")), "", origin(life)).unwrap();
    }
    // Another set's.
    LogWriter::open(&mirrored(home.path()).join("1-4-9"), "", origin(9)).unwrap();
    let copies = Copy::reopen(home.path(), GuardianIndex(1), epoch, &keys);
    let mut lives: Vec<u64> = copies.values().map(|copy| copy.origin().life.0).collect();
    lives.sort_unstable();
    assert_eq!(lives, (5..=20).collect::<Vec<_>>());
    drop(copies);
    assert!(Copy::open(home.path(), epoch, origin(5), &keys).is_ok());
    for life in [4, 21] {
        assert!(matches!(Copy::open(home.path(), epoch, origin(life), &keys), Err(Error::Fetch { .. })));
    }
    assert!(Copy::open(home.path(), GuardianSetEpoch(4), origin(9), &keys).is_ok());
}
