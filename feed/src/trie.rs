//! Merkle-Patricia proofs of the execution chain: what a state or storage trie has under a key.
//!
//! Source: the Yellow Paper, appendices B (RLP) and D (tries).

use sha3::{Digest, Keccak256};

/// Most nodes of a proof: one a nibble of the key, and the root.
const MAX_NODES: usize = 65;

/// An RLP item: its payload, and whether it is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) is_list: bool,
    pub(crate) payload: &'a [u8],
    /// With its own header.
    whole: &'a [u8],
}

pub(crate) fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// The items of a list that is all of `bytes`. None unless it is in its shortest form throughout this level.
pub(crate) fn list(bytes: &[u8]) -> Option<Vec<Item<'_>>> {
    let (outer, rest) = item(bytes)?;
    if !outer.is_list || !rest.is_empty() {
        return None;
    }
    items(outer.payload)
}

fn items(mut payload: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut items = Vec::new();
    while !payload.is_empty() {
        let (item, rest) = item(payload)?;
        items.push(item);
        payload = rest;
    }
    Some(items)
}

/// The first item of `bytes`, and what follows it.
fn item(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let cut = |is_list, header: usize, length: usize| {
        let end = header.checked_add(length)?;
        let (whole, rest) = bytes.split_at_checked(end)?;
        Some((Item { is_list, payload: whole.get(header..)?, whole }, rest))
    };
    match first {
        0x00..=0x7f => cut(false, 0, 1),
        0x80..=0xb7 => {
            let length = usize::from(first - 0x80);
            // One small byte stands for itself.
            let is_shortest = length != 1 || rest.first().is_some_and(|byte| *byte >= 0x80);
            if is_shortest { cut(false, 1, length) } else { None }
        }
        0xb8..=0xbf => {
            long(rest, usize::from(first - 0xb7)).and_then(|(n, length)| cut(false, 1 + n, length))
        }
        0xc0..=0xf7 => cut(true, 1, usize::from(first - 0xc0)),
        0xf8..=0xff => long(rest, usize::from(first - 0xf7)).and_then(|(n, length)| cut(true, 1 + n, length)),
    }
}

/// A length of `n` bytes: big-endian, no leading zero, above 55.
fn long(bytes: &[u8], n: usize) -> Option<(usize, usize)> {
    let digits = bytes.get(..n)?;
    if digits.first() == Some(&0) {
        return None;
    }
    let length = digits
        .iter()
        .try_fold(0usize, |sum, digit| sum.checked_mul(256)?.checked_add(usize::from(*digit)))?;
    (length > 55).then_some((n, length))
}

/// What the trie with this root has under `key`, by the nodes of a proof, root first: `Some(Some(value))`, `Some(None)` when
/// it has nothing there, None when the nodes prove neither, or more nodes are given than the proof needs.
pub(crate) fn lookup(root: [u8; 32], key: &[u8], nodes: &[Vec<u8>]) -> Option<Option<Vec<u8>>> {
    if nodes.len() > MAX_NODES {
        return None;
    }
    let path: Vec<u8> = keccak(key).iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let mut nodes = nodes.iter();
    let found = walk(Next::Hash(root), &path, &mut nodes)?;
    nodes.next().is_none().then_some(found)
}

/// Where a walk goes on: a node by its hash, or one so small that it stands in its parent.
enum Next<'a> {
    Hash([u8; 32]),
    Inside(&'a [u8]),
}

fn walk<'a>(
    next: Next<'a>,
    path: &[u8],
    nodes: &mut impl Iterator<Item = &'a Vec<u8>>,
) -> Option<Option<Vec<u8>>> {
    let bytes = match next {
        Next::Hash(hash) => {
            let node = nodes.next()?;
            if keccak(node) != hash {
                return None;
            }
            node.as_slice()
        }
        Next::Inside(bytes) => bytes,
    };
    let fields = list(bytes)?;
    match fields.as_slice() {
        [compact, value] => {
            let (is_leaf, part) = nibbles(compact)?;
            let Some(rest) = path.strip_prefix(part.as_slice()) else { return Some(None) };
            if is_leaf {
                let is_here = rest.is_empty() && !value.is_list;
                return Some(is_here.then(|| value.payload.to_vec()));
            }
            // One without a part would lead nowhere, for as long as it likes. So each step takes a nibble, and there are 64.
            if part.is_empty() {
                return None;
            }
            walk(follow(value)??, rest, nodes)
        }
        branch if branch.len() == 17 => {
            let Some((turn, rest)) = path.split_first() else {
                let value = branch.last()?.payload;
                return Some((!value.is_empty()).then(|| value.to_vec()));
            };
            match follow(branch.get(usize::from(*turn))?)? {
                Some(next) => walk(next, rest, nodes),
                None => Some(None),
            }
        }
        _ => None,
    }
}

/// Where a field of a node leads; `Some(None)` when it is empty.
fn follow<'a>(field: &Item<'a>) -> Option<Option<Next<'a>>> {
    if field.is_list {
        // A longer one goes by its hash.
        if field.whole.len() >= 32 {
            return None;
        }
        return Some(Some(Next::Inside(field.whole)));
    }
    match field.payload.len() {
        0 => Some(None),
        32 => Some(Some(Next::Hash(field.payload.try_into().ok()?))),
        _ => None,
    }
}

/// Whether a two-field node is a leaf, and its part of the path ("hex prefix").
fn nibbles(compact: &Item) -> Option<(bool, Vec<u8>)> {
    let (first, rest) = compact.payload.split_first()?;
    if compact.is_list || first >> 4 > 3 {
        return None;
    }
    let (is_leaf, is_odd) = (first & 0x20 != 0, first & 0x10 != 0);
    if !is_odd && first & 15 != 0 {
        return None;
    }
    let head = is_odd.then_some(first & 15);
    let tail = rest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Some((is_leaf, head.into_iter().chain(tail).collect()))
}

#[cfg(test)]
mod tests;
