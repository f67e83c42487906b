//! `hash_tree_root` for the few containers of this chain (consensus-specs `ssz/simple-serialize.md`, "Merkleization").

use crypto::spec::Root;
use sha2::{Digest, Sha256};

/// A 32-byte leaf or node.
pub(crate) type Chunk = [u8; 32];

fn pair(left: &Chunk, right: &Chunk) -> Chunk {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}

/// A uint64 as a leaf.
pub(crate) fn number(value: u64) -> Chunk {
    let mut chunk = [0; 32];
    chunk[..8].copy_from_slice(&value.to_le_bytes());
    chunk
}

/// A byte vector of up to 64 bytes as one node (`Bytes48` spans two leaves).
pub(crate) fn bytes(value: &[u8]) -> Chunk {
    let leaves: Vec<Chunk> = value
        .chunks(32)
        .map(|part| {
            let mut chunk = [0; 32];
            chunk[..part.len()].copy_from_slice(part);
            chunk
        })
        .collect();
    merkleize(&leaves, if value.len() > 32 { 1 } else { 0 })
}

/// The root of a tree of `2^depth` leaves of which the first are given and the rest are zero.
pub(crate) fn merkleize(leaves: &[Chunk], depth: u32) -> Chunk {
    let mut layer = leaves.to_vec();
    let mut zero = [0; 32];
    for _ in 0..depth {
        layer = layer
            .chunks(2)
            .map(|nodes| match nodes {
                [left, right] => pair(left, right),
                [left] => pair(left, &zero),
                _ => zero,
            })
            .collect();
        zero = pair(&zero, &zero);
    }
    layer.first().copied().unwrap_or(zero)
}

/// The root of `List[_, 2^depth]` of elements whose roots are given.
pub(crate) fn list(elements: &[Chunk], depth: u32) -> Root {
    Root(pair(&merkleize(elements, depth), &number(elements.len() as u64)))
}
