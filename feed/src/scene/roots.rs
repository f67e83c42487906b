//! Blocks of both layers that the evidence of the scene names, with a state that has one account.

use crate::roots::{AccountProof, Bytes, Roots, StorageProof, Word};
use crate::trie::keccak;
use crypto::execution::{Address, Block, BlockHash, BlockNumber};
use crypto::header::BeaconBlockHeader;
use crypto::spec::{Checkpoint, Epoch, Root, Slot, ValidatorIndex};

/// RLP of a string or a list of at most 65,535 bytes.
pub(crate) fn rlp(offset: u8, payload: &[u8]) -> Vec<u8> {
    if offset == 0x80 && payload.len() == 1 && payload[0] < 0x80 {
        return payload.to_vec();
    }
    let header = match payload.len() {
        short @ 0..=55 => vec![offset + u8::try_from(short).unwrap()],
        medium @ 56..=255 => vec![offset + 56, u8::try_from(medium).unwrap()],
        long => [&[offset + 57][..], &u16::try_from(long).unwrap().to_be_bytes()].concat(),
    };
    [header, payload.to_vec()].concat()
}

pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    rlp(0x80, payload)
}

pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    rlp(0xc0, &items.concat())
}

fn header() -> BeaconBlockHeader {
    BeaconBlockHeader {
        slot: Slot(24),
        proposer_index: ValidatorIndex(3),
        parent_root: Root([1; 32]),
        state_root: Root([2; 32]),
        body_root: Root([3; 32]),
    }
}

pub(crate) fn finalized() -> Checkpoint {
    Checkpoint { epoch: Epoch(6), root: header().hash_tree_root() }
}

const ACCOUNT: Address = Address([0xc0; 20]);
const KEY: Word = Word([0; 32]);

/// A leaf with all of a key's path.
fn leaf(key: &[u8], value: &[u8]) -> Vec<u8> {
    list(&[text(&[&[0x20], keccak(key).as_slice()].concat()), text(value)])
}

fn storage() -> Vec<u8> {
    leaf(&KEY.0, &text(&[0x12, 0x34]))
}

fn state() -> Vec<u8> {
    let account = list(&[text(&[]), text(&[1, 0]), text(&keccak(&storage())), text(&keccak(b""))]);
    leaf(&ACCOUNT.0, &account)
}

fn execution_header() -> Vec<u8> {
    let mut fields = vec![text(&[7; 32]), text(&[8; 32]), text(&[9; 20]), text(&keccak(&state()))];
    fields.extend([text(&[4; 32]), text(&[5; 32]), text(&[0; 256]), text(&[]), text(&[0x03, 0xe8])]);
    fields.extend([text(&[1]), text(&[1]), text(&[0x65, 0, 0, 1]), text(b"extra")]);
    list(&fields)
}

pub(crate) fn execution_block() -> Block {
    let hash = BlockHash(keccak(&execution_header()));
    Block { number: BlockNumber(1_000), hash, timestamp: 0x6500_0001 }
}

/// What nodes of the scene serve.
pub(crate) fn roots() -> Roots {
    let mut value = [0; 32];
    value[30..].copy_from_slice(&[0x12, 0x34]);
    let storage = StorageProof { key: KEY, value: Word(value), nodes: vec![Bytes(storage())] };
    let account = AccountProof { address: ACCOUNT, nodes: vec![Bytes(state())], storage: vec![storage] };
    Roots { beacon: Some(header()), execution: Some(Bytes(execution_header())), accounts: vec![account] }
}
