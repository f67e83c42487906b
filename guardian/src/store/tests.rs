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
    store.engine.append(4, &small(4..6).iter().map(encode).collect::<Vec<_>>()).unwrap();
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
            engine.append(2, &[vec![0xff, 1, 2, 3]])?;
            Ok(Counts { journal: 3, ..counts })
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
