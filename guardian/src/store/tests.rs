use super::*;
use crypto::spec::{Epoch, ValidatorIndex};
use guardian_core::event::Liveness;

const NETWORK: NetworkId = NetworkId([7; 32]);
const ME: GuardianIndex = GuardianIndex(2);

fn open(data_dir: &Path) -> Result<Store, Error> {
    Store::open(data_dir, NETWORK, ME)
}

/// A record of about `8 * size` bytes.
fn record(epoch: u64, size: u64) -> Record {
    Record::Liveness(Liveness {
        epoch: Epoch(epoch),
        live: (0..size).map(ValidatorIndex).collect(),
        dark: vec![ValidatorIndex(epoch)],
    })
}

fn small(range: std::ops::Range<u64>) -> Vec<Record> {
    range.map(|epoch| record(epoch, epoch % 5)).collect()
}

/// Records as they are stored after `head`.
fn linked(mut head: JournalHead, records: &[Record]) -> Vec<Vec<u8>> {
    let mut stored = |bytes: Vec<u8>| {
        head = head.follow(&bytes);
        Linked::stored(&head.link, &bytes)
    };
    records.iter().map(|record| stored(encode(record))).collect()
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..5u64 {
        let store = open(directory.path()).unwrap();
        assert_eq!(store.records().unwrap(), expected, "round {round}");
        store.append(&[]).unwrap();
        for batch in [1, 3, 40] {
            let from = expected.len() as u64;
            let records = small(from..from + batch);
            store.append(&records).unwrap();
            expected.extend(records);
        }
        assert_eq!(store.len(), expected.len() as u64);
    }
}

#[test]
fn long_records_are_cut_and_put_together_and_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    // Around the chunk length of 16 KiB, and far above a segment of the engine.
    let expected: Vec<Record> = [2045, 2046, 2047, 2048, 2049, 4096, 130_000, 0].map(|n| record(n, n)).into();
    store.append(&expected).unwrap();
    let refused = store.append(&[record(1, 1), record(2, 600_000)]).unwrap_err();
    assert!(matches!(refused, Error::RecordTooLarge { .. }), "{refused}");
    // Refused before anything was written: the store goes on.
    store.append(&[record(3, 3)]).unwrap();
    drop(store);
    let records = open(directory.path()).unwrap().records().unwrap();
    assert_eq!(records[..8], expected);
    assert_eq!(records[8..], [record(3, 3)]);
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert!(matches!(refused, Error::StoreLocked { .. }), "{refused}");
    drop(store);
    open(directory.path()).unwrap();
}

#[test]
fn another_network_or_guardian_is_refused_and_nothing_changes() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).unwrap().append(&small(0..3)).unwrap();
    let network = Store::open(directory.path(), NetworkId([8; 32]), ME).unwrap_err();
    assert!(
        matches!(&network, Error::StoreForeign { problem, .. } if problem.contains("0x0707")),
        "{network}"
    );
    let guardian = Store::open(directory.path(), NETWORK, GuardianIndex(3)).unwrap_err();
    assert!(
        matches!(&guardian, Error::StoreForeign { problem, .. } if problem.contains("guardian 2")),
        "{guardian}"
    );
    assert_eq!(open(directory.path()).unwrap().records().unwrap(), small(0..3));
}

#[test]
fn foreign_directories_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("store");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("thesis.tex"), "years of work").unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreForeign { problem, .. } if problem.contains("thesis.tex")),
        "{refused}"
    );
    assert_eq!(std::fs::read(inside.join("thesis.tex")).unwrap(), b"years of work");
    assert!(!inside.join("engine").exists());
}

#[test]
fn an_interrupted_creation_is_finished() {
    // Before the rename: whatever is in `engine.new` is made again.
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("store");
    std::fs::create_dir_all(inside.join("engine.new")).unwrap();
    std::fs::write(inside.join("engine.new/db"), "half").unwrap();
    open(directory.path()).unwrap().append(&small(0..1)).unwrap();
    assert!(!inside.join("engine.new").exists());
    assert_eq!(open(directory.path()).unwrap().records().unwrap(), small(0..1));

    // After the rename, before `acknowledged`: empty, so it is finished.
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()).unwrap());
    std::fs::remove_file(directory.path().join("store/acknowledged")).unwrap();
    open(directory.path()).unwrap().append(&small(0..2)).unwrap();
    assert_eq!(open(directory.path()).unwrap().records().unwrap(), small(0..2));

    // Not empty: somebody removed the file.
    std::fs::remove_file(directory.path().join("store/acknowledged")).unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreDamaged { problem, .. } if problem.contains("acknowledged")),
        "{refused}"
    );
}

#[test]
fn an_engine_that_forgot_is_found_out() {
    let directory = tempfile::tempdir().unwrap();
    let engine = directory.path().join("store/engine");
    let old = directory.path().join("old");
    open(directory.path()).unwrap().append(&small(0..10)).unwrap();
    copy_tree(&engine, &old);
    open(directory.path()).unwrap().append(&small(10..30)).unwrap();

    std::fs::remove_dir_all(&engine).unwrap();
    copy_tree(&old, &engine);
    let refused = open(directory.path()).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreDamaged { problem, .. } if problem.contains("record 10 is missing")),
        "{refused}"
    );

    std::fs::remove_dir_all(&engine).unwrap();
    let refused = open(directory.path()).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreDamaged { problem, .. } if problem.contains("engine")),
        "{refused}"
    );
}

#[test]
fn an_unacknowledged_tail_did_not_happen() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.append(&small(0..4)).unwrap();
    // The power goes between the engine's sync and the acknowledgement.
    store.engine.append(4, &linked(store.head(), &small(4..6))).unwrap();
    store.engine.sync().unwrap();
    drop(store);
    let store = open(directory.path()).unwrap();
    assert_eq!(store.records().unwrap(), small(0..4));
    store.append(&small(90..91)).unwrap();
    drop(store);
    assert_eq!(open(directory.path()).unwrap().records().unwrap()[4..], small(90..91));
}

#[test]
fn a_record_of_unknown_kind_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.append(&small(0..2)).unwrap();
    store
        .commit(|engine, counts| {
            let strange = [0xff, 1, 2, 3];
            let journal = counts.journal.follow(&strange);
            engine.append(2, &[Linked::stored(&journal.link, &strange)])?;
            Ok(Counts { journal, ..counts })
        })
        .unwrap();
    drop(store);
    let refused = open(directory.path()).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreDamaged { problem, .. } if problem.contains("record 2")),
        "{refused}"
    );
}

#[test]
fn a_failed_write_closes_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.append(&small(0..1)).unwrap();
    let failure = Error::RecordTooLarge { got: 1, limit: 0 };
    store.commit(|_, _| Err(failure)).unwrap_err();
    let refused = store.append(&small(1..2)).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreFailed { problem, .. } if problem.contains("restart")),
        "{refused}"
    );
    drop(store);
    assert_eq!(open(directory.path()).unwrap().records().unwrap(), small(0..1));
}

/// Whatever is done to the database file, opening either gives back every acknowledged record or refuses.
#[test]
fn a_torn_file_is_refused_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let expected = small(0..60);
    let store = open(directory.path()).unwrap();
    for records in expected.chunks(4) {
        store.append(records).unwrap();
    }
    drop(store);
    let db = directory.path().join("store/engine/db");
    let whole = std::fs::read(&db).unwrap();
    let written = whole.iter().rposition(|b| *b != 0).unwrap();

    let mut refused = 0;
    let mut check = |bytes: &[u8], what: String| {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(&directory.path().join("store"), &copy.path().join("store"));
        std::fs::write(copy.path().join("store/engine/db"), bytes).unwrap();
        match open(copy.path()) {
            Ok(store) => {
                assert_eq!(store.records().unwrap(), expected, "{what}: acknowledged records changed")
            }
            Err(Error::StoreDamaged { .. } | Error::StoreForeign { .. } | Error::StoreFailed { .. }) => {
                refused += 1
            }
            Err(other) => panic!("{what}: {other}"),
        }
    };
    for part in 0..8 {
        let length = written * part / 8;
        check(&whole[..length], format!("cut to {length} bytes"));
    }
    for step in 0..24 {
        let mut bytes = whole.clone();
        let at = written * step / 24 + step % 7;
        bytes[at] ^= 0x40;
        check(&bytes, format!("bit flipped at {at}"));
    }
    assert!(refused >= 8, "cutting the file must be noticed");
}

/// Killed, or out of space, while the engine wrote the snapshot that it writes at opening.
#[test]
fn an_unfinished_snapshot_of_the_engine_is_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let expected = small(0..20);
    open(directory.path()).unwrap().append(&expected).unwrap();
    let engine = directory.path().join("store/engine");
    for content in [&b""[..], &[0x5a; 100]] {
        let unfinished = engine.join("snap.7FFFFFFFFFFFFFFF.generating");
        std::fs::write(&unfinished, content).unwrap();
        assert_eq!(open(directory.path()).unwrap().records().unwrap(), expected);
        assert!(!unfinished.exists());
    }
}

/// Somebody who knows the engine, its checksums included, changes the journal. `change` is given what is stored.
fn refused_after(records: &[Record], change: impl FnOnce(&Engine, Vec<Vec<u8>>)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.append(records).unwrap();
    change(&store.engine, linked(JournalHead::default(), records));
    store.engine.sync().unwrap();
    drop(store);
    let refused = open(directory.path()).unwrap_err();
    // Refused again: nothing was repaired away.
    assert_eq!(open(directory.path()).unwrap_err().to_string(), refused.to_string());
    assert!(matches!(refused, Error::StoreDamaged { .. }), "{refused}");
    refused.to_string()
}

#[test]
fn a_store_whose_chain_breaks_is_refused_with_the_record() {
    let records = small(0..6);
    let refused = refused_after(&records, |engine, mut stored| {
        stored[3][40] ^= 1;
        engine.append(3, &stored[3..4]).unwrap();
    });
    assert!(refused.contains("the chain breaks at record 3"), "{refused}");
    let refused = refused_after(&records, |engine, mut stored| {
        stored.swap(1, 2);
        engine.append(1, &stored[1..3]).unwrap();
    });
    assert!(refused.contains("the chain breaks at record 1"), "{refused}");
    let refused = refused_after(&records, |engine, mut stored| {
        stored.remove(2);
        engine.cut(2).unwrap();
        engine.append(2, &stored[2..]).unwrap();
    });
    assert!(refused.contains("the chain breaks at record 2"), "{refused}");
    let refused = refused_after(&records, |engine, _| assert!(engine.cut(5).unwrap()));
    assert!(refused.contains("record 5 is missing, 6 were acknowledged"), "{refused}");
    // A chain that holds, but is another than the one that was acknowledged.
    let refused = refused_after(&records, |engine, _| {
        let others = small(20..26);
        engine.append(0, &linked(JournalHead::default(), &others)).unwrap();
    });
    assert!(refused.contains("was acknowledged"), "{refused}");
}

#[test]
fn no_byte_of_a_stored_record_can_be_flipped() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let records = small(0..5);
    store.append(&records).unwrap();
    let stored = linked(JournalHead::default(), &records);
    let verified = || verify(&store.engine, store.head(), directory.path()).map_err(|e| e.to_string());
    verified().unwrap();
    for number in [0usize, 2, 4] {
        for byte in 0..stored[number].len() {
            let mut altered = stored[number].clone();
            altered[byte] ^= 0x40;
            store.engine.append(number as u64, &[altered]).unwrap();
            let refused = verified().unwrap_err();
            assert!(refused.contains(&format!("record {number}")), "byte {byte} of {number}: {refused}");
        }
        store.engine.append(number as u64, &stored[number..=number]).unwrap();
        verified().unwrap();
    }
}

#[test]
fn the_head_is_that_of_the_records_and_survives() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    assert_eq!(store.head(), JournalHead::default());
    store.append(&small(0..3)).unwrap();
    store.append(&small(3..4)).unwrap();
    let expected = small(0..4).iter().fold(JournalHead::default(), |head, one| head.follow(&one.encode()));
    assert_eq!(store.head(), expected);
    // A share is acknowledged in the same place and moves no head.
    store.put_shares(&[([1; 48], b"sealed".to_vec())]).unwrap();
    drop(store);
    assert_eq!(open(directory.path()).unwrap().head(), expected);
}

#[test]
fn a_journal_is_read_without_changing_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let read = || Journal::open(directory.path(), NETWORK, ME);
    let refused = read().unwrap_err();
    assert!(
        matches!(&refused, Error::StoreForeign { problem, .. } if problem.contains("there is none")),
        "{refused}"
    );
    assert!(!directory.path().join("store").exists());

    let store = open(directory.path()).unwrap();
    store.append(&small(0..4)).unwrap();
    // Not acknowledged: it did not happen, and it is not cut off either.
    store.engine.append(4, &linked(store.head(), &small(4..5))).unwrap();
    store.engine.sync().unwrap();
    let locked = read().unwrap_err();
    assert!(matches!(locked, Error::StoreLocked { .. }), "{locked}");
    let head = store.head();
    drop(store);
    for _ in 0..2 {
        let journal = read().unwrap();
        assert_eq!(journal.acknowledged(), head);
        let mut chain = Verified::new(journal.records());
        let records: Vec<Record> =
            chain.by_ref().map(|linked| Record::decode(&linked.unwrap().bytes).unwrap()).collect();
        assert_eq!((records, chain.head()), (small(0..4), head));
        let held = journal.engine.entries(u64::MAX).take_while(Result::is_ok).count();
        assert_eq!(held, 5, "the tail was cut off");
    }
    let other = Journal::open(directory.path(), NetworkId([8; 32]), ME).unwrap_err();
    assert!(matches!(other, Error::StoreForeign { .. }), "{other}");
}
