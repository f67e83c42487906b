use super::*;
use crate::scene::roots::{execution_block, finalized, roots};

#[test]
fn headers_hash_to_what_was_seen() {
    let roots = roots();
    assert_eq!(roots.beacon.unwrap().hash_tree_root(), finalized().root);
    let header = ExecutionHeader::read(roots.execution.as_ref().unwrap()).unwrap();
    let block = execution_block();
    assert_eq!((header.hash, header.number, header.timestamp), (block.hash, block.number.0, block.timestamp));
    assert!(roots.accounts_hold());
}

/// The header of mainnet's genesis block, by what every client says of it.
#[test]
fn the_first_block_of_mainnet_has_its_root() {
    let header = BeaconHeader {
        slot: Slot(0),
        proposer_index: ValidatorIndex(0),
        parent_root: Root([0; 32]),
        state_root: "0x7e76880eb67bbdc86250aa578958e9d0675e64e714337855204fb5abaaf82c2b".parse().unwrap(),
        body_root: "0xccb62460692be0ec813b56be97f68a82cf57abc102e27bf49ebf4190ff22eedd".parse().unwrap(),
    };
    let root = "0x4d611d5b93fdab69013a7f0a2f961caca0c853f87cfe9595fe50038163079360".parse().unwrap();
    assert_eq!(header.hash_tree_root(), root);
}

#[test]
fn no_changed_part_holds() {
    let good = roots();
    let mut changed = vec![good.clone(); 5];
    changed[0].accounts[0].address.0[0] ^= 1;
    changed[1].accounts[0].storage[0].value.0[31] ^= 1;
    changed[2].accounts[0].storage[0].key.0[31] ^= 1;
    changed[3].accounts[0].nodes.push(Bytes(vec![0xc0]));
    changed[4].execution = None;
    for (number, roots) in changed.iter().enumerate() {
        assert!(!roots.accounts_hold(), "{number}");
    }
    let nodes = good.accounts[0].nodes[0].0.len();
    for at in 0..nodes {
        let mut roots = good.clone();
        roots.accounts[0].nodes[0].0[at] ^= 1;
        assert!(!roots.accounts_hold(), "byte {at}");
    }
}

/// What a storage proof says of a slot that holds nothing.
#[test]
fn absence_is_proven_too() {
    let mut roots = roots();
    let word = &mut roots.accounts[0].storage[0];
    word.key = Word([1; 32]);
    word.value = Word([0; 32]);
    assert!(roots.accounts_hold());
}

#[test]
fn a_header_that_cannot_be_is_none() {
    for wrong in [vec![], vec![0xc0], vec![0x80], vec![0xff; 600], vec![0; MAX_HEADER + 1]] {
        assert_eq!(ExecutionHeader::read(&Bytes(wrong)), None);
    }
}
