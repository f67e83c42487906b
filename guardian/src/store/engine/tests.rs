use super::*;

const OWNER: Owner = Owner { network: NetworkId([7; 32]), guardian: GuardianIndex(2) };

fn created() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("engine");
    Engine::create(&at, &directory.path().join("engine.new"), OWNER).unwrap();
    (directory, at)
}

#[test]
fn a_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("engine");
    let other = sled::open(&at).unwrap();
    other.insert("their", "data").unwrap();
    other.flush().unwrap();
    drop(other);
    let refused = Engine::open(&at, directory.path(), OWNER).unwrap_err();
    assert!(
        matches!(&refused, Error::StoreForeign { problem, .. } if problem.contains("another program")),
        "{refused}"
    );
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let (directory, at) = created();
    let engine = Engine::open(&at, directory.path(), OWNER).unwrap();
    engine.meta.insert("format", &(FORMAT + 1).to_be_bytes()).unwrap();
    engine.sync().unwrap();
    drop(engine);
    let refused = Engine::open(&at, directory.path(), OWNER).unwrap_err();
    assert!(
        matches!(refused, Error::StoreNewer { found, supported, .. } if (found, supported) == (FORMAT + 1, FORMAT)),
        "{refused}"
    );
}

#[test]
fn an_older_format_is_refused_with_what_to_do() {
    let (directory, at) = created();
    let engine = Engine::open(&at, directory.path(), OWNER).unwrap();
    engine.meta.insert("format", &1u16.to_be_bytes()).unwrap();
    engine.sync().unwrap();
    drop(engine);
    let refused = Engine::open(&at, directory.path(), OWNER).unwrap_err();
    assert!(matches!(refused, Error::StoreOlder { found: 1, supported: FORMAT, .. }), "{refused}");
    let words = refused.to_string();
    assert!(words.contains("earlier version") && words.contains("Move the directory away"), "{words}");
}

#[test]
fn garbled_missing_and_swapped_entries_are_named() {
    let (directory, at) = created();
    let engine = Engine::open(&at, directory.path(), OWNER).unwrap();
    engine.append(0, &[b"zero".to_vec(), b"one".to_vec(), vec![9; CHUNK + 1], b"three".to_vec()]).unwrap();
    let scan = || engine.entries(4).try_for_each(|entry| entry.map(drop)).map_err(|e| e.to_string());
    scan().unwrap();

    let key = journal_key(1, 0);
    let value = engine.journal.get(key).unwrap().unwrap();
    let mut garbled = value.to_vec();
    garbled[3] ^= 1;
    engine.journal.insert(key, garbled).unwrap();
    assert!(scan().unwrap_err().contains("record 1 is garbled"));
    // A whole value in another's place: the checksum covers the key.
    engine.journal.insert(key, engine.journal.get(journal_key(3, 0)).unwrap().unwrap()).unwrap();
    assert!(scan().unwrap_err().contains("record 1 is garbled"));
    engine.journal.insert(key, value).unwrap();
    scan().unwrap();

    // The second chunk of record 2.
    let second = engine.journal.remove(journal_key(2, 1)).unwrap().unwrap();
    assert!(scan().unwrap_err().contains("record 2 is missing"));
    engine.journal.insert(journal_key(2, 1), second).unwrap();
    engine.journal.remove(journal_key(0, 0)).unwrap();
    assert!(scan().unwrap_err().contains("record 0 is missing"));
}

#[test]
fn garbled_shares_and_data_key_are_named() {
    let (directory, at) = created();
    let engine = Engine::open(&at, directory.path(), OWNER).unwrap();
    assert_eq!(engine.put_shares(&[([1; 48], b"other".to_vec())]).unwrap(), 1);
    assert_eq!(engine.put_shares(&[([1; 48], b"sealed".to_vec())]).unwrap(), 0, "in the place of the other");
    engine.set_wrapped_key(b"wrapped").unwrap();
    assert_eq!(engine.shares().unwrap(), [([1; 48], b"sealed".to_vec())]);
    assert_eq!(engine.wrapped_key().unwrap().unwrap(), b"wrapped");
    engine.shares.insert([1; 48], b"sealed").unwrap();
    assert!(engine.shares().unwrap_err().to_string().contains("share 0x0101"));
    engine.meta.insert("data key", b"wrapped").unwrap();
    assert!(engine.wrapped_key().unwrap_err().to_string().contains("data key is garbled"));
}
