use super::*;
use crate::scene::roots::{list as rlp_list, rlp, text};
use proptest::prelude::*;

fn compact(is_leaf: bool, path: &[u8]) -> Vec<u8> {
    let flag = if is_leaf { 2 } else { 0 };
    let nibbles: Vec<u8> =
        if path.len() % 2 == 1 { [&[flag + 1], path].concat() } else { [&[flag, 0], path].concat() };
    text(&nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<_>>())
}

fn path(key: &[u8]) -> Vec<u8> {
    keccak(key).iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// A trie of two keys: an extension if their paths begin alike, a branch, two leaves.
struct Two {
    keys: [&'static [u8]; 2],
    root: [u8; 32],
    nodes: [Vec<Vec<u8>>; 2],
}

fn two(one: &'static [u8], other: &'static [u8]) -> Two {
    let keys = [one, other];
    let paths = keys.map(path);
    let alike = paths[0].iter().zip(&paths[1]).take_while(|(a, b)| a == b).count();
    let leaves = [0, 1].map(|n| {
        let value = [b"value of ", keys[n], &[b'.'; 20]].concat();
        rlp_list(&[compact(true, &paths[n][alike + 1..]), text(&value)])
    });
    let mut fields = vec![text(&[]); 17];
    for n in 0..2 {
        fields[usize::from(paths[n][alike])] = text(&keccak(&leaves[n]));
    }
    let branch = rlp_list(&fields);
    let mut top = vec![branch.clone()];
    if alike > 0 {
        top.insert(0, rlp_list(&[compact(false, &paths[0][..alike]), text(&keccak(&branch))]));
    }
    let root = keccak(&top[0]);
    let nodes = leaves.map(|leaf| [top.clone(), vec![leaf]].concat());
    Two { keys, root, nodes }
}

/// Two keys whose paths have the same first nibble.
fn akin() -> Two {
    let others: &'static [u8] = b"bcdefghijklmnopqrstuvwxyz";
    let other = others.chunks(1).find(|key| path(key)[0] == path(b"a")[0]);
    two(b"a", other.unwrap())
}

#[test]
fn values_are_found_by_their_proofs() {
    for trie in [two(b"a", b"b"), akin()] {
        for n in 0..2 {
            let value = [b"value of ", trie.keys[n], &[b'.'; 20]].concat();
            assert_eq!(lookup(trie.root, trie.keys[n], &trie.nodes[n]), Some(Some(value)));
            assert_eq!(lookup(trie.root, trie.keys[1 - n], &trie.nodes[n]), None, "the other's proof");
            let few = &trie.nodes[n][..trie.nodes[n].len() - 1];
            assert_eq!(lookup(trie.root, trie.keys[n], few), None);
        }
        assert_eq!(lookup([0; 32], trie.keys[0], &trie.nodes[0]), None);
    }
}

#[test]
fn the_akin_have_an_extension() {
    let trie = akin();
    assert_eq!(trie.nodes[0].len(), 3);
}

#[test]
fn every_changed_byte_proves_nothing() {
    let trie = akin();
    for node in 0..trie.nodes[0].len() {
        for at in 0..trie.nodes[0][node].len() {
            let mut nodes = trie.nodes[0].clone();
            nodes[node][at] ^= 1;
            assert_eq!(lookup(trie.root, trie.keys[0], &nodes), None);
        }
    }
}

#[test]
fn an_extension_leads_on() {
    // Leaf, then the extensions around it, each by its hash: one without a part proves nothing.
    let leaf = rlp_list(&[compact(true, &path(b"a")), text(&[b'.'; 40])]);
    assert_eq!(lookup(keccak(&leaf), b"a", std::slice::from_ref(&leaf)), Some(Some(vec![b'.'; 40])));
    let around = rlp_list(&[compact(false, &[]), text(&keccak(&leaf))]);
    assert_eq!(lookup(keccak(&around), b"a", &[around, leaf]), None);
}

/// As many as fit into a document, one in the other: walking them would leave no stack.
#[test]
fn extensions_without_a_part_are_not_followed() {
    let mut node = vec![0xc0];
    for _ in 0..10_000 {
        node = rlp_list(&[compact(false, &[]), node]);
    }
    assert_eq!(lookup(keccak(&node), b"a", &[node]), None);
}

#[test]
fn only_small_nodes_stand_in_their_parents() {
    let path = path(b"a");
    for (length, is_small) in [(1, true), (40, false)] {
        // A leaf of the last nibble, under an extension of the 63 before.
        let leaf = rlp_list(&[compact(true, &path[63..]), text(&vec![b'.'; length])]);
        let top = rlp_list(&[compact(false, &path[..63]), leaf]);
        let found = is_small.then(|| Some(vec![b'.'; length]));
        assert_eq!(lookup(keccak(&top), b"a", &[top]), found);
    }
}

#[test]
fn lengths_have_one_form() {
    assert_eq!(list(&[0xc1, 0x05]).unwrap().len(), 1);
    assert_eq!(list(&rlp(0xc0, &[5; 300])).unwrap().len(), 300);
    // A byte in a string of its own, a length with a leading zero, a long form of a short length, too few bytes.
    for wrong in
        [&[0xc2, 0x81, 0x05][..], &[0xf9, 0, 1, 5], &[0xf8, 1, 5], &[0xc2, 5], &[0x05], &[0xc1, 5, 5]]
    {
        assert_eq!(list(wrong), None, "{wrong:?}");
    }
    assert_eq!(list(&[[0xff].as_slice(), &[0xff; 8]].concat()), None);
}

proptest! {
    #[test]
    fn reading_never_panics(nodes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..5)) {
        let root = nodes.first().map_or([0; 32], |node| keccak(node));
        let _ = lookup(root, b"key", &nodes);
        let _ = list(nodes.first().map_or(&[][..], Vec::as_slice));
    }
}
