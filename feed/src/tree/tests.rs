use super::*;
use crate::scene::log::{Stored, log};
use proptest::prelude::*;

#[test]
fn hashes_are_those_of_rfc_6962() {
    // Made with Python's hashlib: the empty string, 0x00 || "", and 0x01 || leaf || leaf.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(hex::encode(EMPTY_ROOT), empty);
    assert_eq!(hex::encode(leaf_hash(b"")), leaf);
    assert_eq!(root(0, &Stored::default()), Ok(EMPTY_ROOT));
    assert_eq!(Stored::of([Vec::new()]).root(), leaf_hash(b""));
}

#[test]
fn every_entry_of_small_logs_is_proven_and_nothing_else() {
    for size in 1..20 {
        let log = log(size);
        for index in 0..size {
            let leaf = leaf_hash(&log.entries[usize::try_from(index).unwrap()]);
            let proof = prove_inclusion(size, index, &log).unwrap();
            assert_eq!(check_inclusion(&proof, size, log.root(), index, leaf), Ok(()));
            let refused = Err(Error::Proof { what: "inclusion" });
            assert_eq!(check_inclusion(&proof, size, [7; 32], index, leaf), refused);
            assert_eq!(check_inclusion(&proof, size, log.root(), index, leaf_hash(b"x")), refused);
            for other in (0..size).filter(|other| *other != index) {
                assert_eq!(
                    check_inclusion(&proof, size, log.root(), other, leaf),
                    refused,
                    "{index} {other}"
                );
            }
            let longer = [proof.as_slice(), &[[0; 32]]].concat();
            assert_eq!(check_inclusion(&longer, size, log.root(), index, leaf), refused);
        }
    }
}

#[test]
fn every_extension_of_small_logs_is_proven_and_nothing_else() {
    let logs: Vec<_> = (0..20).map(log).collect();
    for new in &logs {
        for old in logs.iter().filter(|old| old.size() <= new.size()) {
            let proof = prove_consistency(old.size(), new.size(), new).unwrap();
            let check = |proof: &[_], old_root, root| {
                check_consistency(proof, old.size(), old_root, new.size(), root)
            };
            assert_eq!(check(&proof, old.root(), new.root()), Ok(()));
            assert!(check(&proof, [7; 32], new.root()).is_err());
            if old.size() > 0 {
                assert!(check(&proof, old.root(), [7; 32]).is_err());
            }
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at][0] ^= 1;
                assert!(check(&changed, old.root(), new.root()).is_err());
                assert!(check(&proof[..at], old.root(), new.root()).is_err());
            }
            assert!(check(&[proof.as_slice(), &[[0; 32]]].concat(), old.root(), new.root()).is_err());
        }
    }
}

#[test]
fn numbers_that_no_log_has_are_refused_and_nothing_panics() {
    let none = Stored::default();
    for size in [MAX_SIZE + 1, u64::MAX] {
        assert!(matches!(root(size, &none), Err(Error::Bounds { what: "size", .. })));
        assert!(prove_inclusion(size, 0, &none).is_err());
        assert!(check_inclusion(&[], size, [0; 32], size - 1, [0; 32]).is_err());
        assert!(check_consistency(&[], size, [0; 32], size, [0; 32]).is_err());
        assert!(TileHashes::new(size, [0; 32], |_| Ok(Vec::new())).is_err());
    }
    assert!(check_inclusion(&[[0; 32]; 81], MAX_SIZE, [0; 32], 0, [0; 32]).is_err());
    assert!(matches!(
        prove_inclusion(3, 3, &log(3)),
        Err(Error::Bounds { what: "index", found: 3, limit: 2 })
    ));
    assert!(matches!(prove_consistency(4, 3, &log(3)), Err(Error::Bounds { what: "older size", .. })));
}

#[test]
fn tiles_are_verified_against_the_root() {
    let log = log(1_000);
    let tiles = TileHashes::new(log.size(), log.root(), |path: &TilePath| log.tile(path)).unwrap();
    for index in [0, 255, 256, 700, 999] {
        let proof = prove_inclusion(log.size(), index, &tiles).unwrap();
        assert_eq!(proof, prove_inclusion(log.size(), index, &log).unwrap());
    }
    assert_eq!(prove_consistency(300, 1_000, &tiles), prove_consistency(300, 1_000, &log));

    // One changed bit in any tile, a tile that is cut short, or none at all.
    let flip = |path: &TilePath| log.tile(path).map(|mut tile| (tile[40] ^= 1, tile).1);
    let tiles = TileHashes::new(log.size(), log.root(), flip).unwrap();
    assert!(matches!(prove_inclusion(log.size(), 5, &tiles), Err(Error::Tiles(_))));
    let cut = |path: &TilePath| log.tile(path).map(|tile| tile[..tile.len() - 32].to_vec());
    let tiles = TileHashes::new(log.size(), log.root(), cut).unwrap();
    assert!(matches!(prove_inclusion(log.size(), 5, &tiles), Err(Error::Tiles(_))));
    let tiles = TileHashes::new(log.size(), log.root(), |_| Err("not found".to_owned())).unwrap();
    assert_eq!(prove_inclusion(log.size(), 5, &tiles), Err(Error::Tiles("not found".to_owned())));
}

#[test]
fn each_tile_is_fetched_once() {
    let log = log(700);
    let asked = Mutex::new(Vec::new());
    let fetch = |path: &TilePath| {
        asked.lock().unwrap().push(*path);
        log.tile(path)
    };
    let tiles = TileHashes::new(log.size(), log.root(), fetch).unwrap();
    for index in 0..700 {
        prove_inclusion(log.size(), index, &tiles).unwrap();
    }
    let mut asked = asked.lock().unwrap().clone();
    let all = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), all, "{asked:?}");
    assert_eq!(all, 4, "three tiles of leaves and the one above them");
}

proptest! {
    #[test]
    fn checking_never_panics(
        size in any::<u64>(), index in any::<u64>(), old in any::<u64>(),
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..90),
    ) {
        prop_assert!(check_inclusion(&proof, size, [1; 32], index, [2; 32]).is_err());
        prop_assert!(check_consistency(&proof, old, [1; 32], size, [2; 32]).is_err());
        let (size, index) = (size % MAX_SIZE, index % MAX_SIZE);
        prop_assert!(check_inclusion(&proof, size, [1; 32], index, [2; 32]).is_err());
    }
}
