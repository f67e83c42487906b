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
