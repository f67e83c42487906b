//! `BeaconBlockHeader`: what a beacon block's root is the hash of.
//!
//! Source: consensus-specs `phase0/beacon-chain.md` ("BeaconBlockHeader"); SimpleSerialize for the root.

use crate::spec::{Root, Slot, ValidatorIndex, hash_pair};
use serde::{Deserialize, Serialize};

/// `BeaconBlockHeader`: its root is the block's, and it names the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeaconBlockHeader {
    /// The block's slot.
    pub slot: Slot,
    /// Who proposed it.
    pub proposer_index: ValidatorIndex,
    /// The block before.
    pub parent_root: Root,
    /// The state after it.
    pub state_root: Root,
    /// What is in it.
    pub body_root: Root,
}

impl BeaconBlockHeader {
    /// `hash_tree_root`: five leaves, filled up to eight.
    pub fn hash_tree_root(&self) -> Root {
        let number = |value: u64| {
            let mut leaf = [0; 32];
            leaf[..8].copy_from_slice(&value.to_le_bytes());
            leaf
        };
        let left = hash_pair(
            &hash_pair(&number(self.slot.0), &number(self.proposer_index.0)),
            &hash_pair(&self.parent_root.0, &self.state_root.0),
        );
        let zeros = hash_pair(&[0; 32], &[0; 32]);
        Root(hash_pair(&left, &hash_pair(&hash_pair(&self.body_root.0, &[0; 32]), &zeros)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of mainnet's genesis block, by what every client says of it.
    #[test]
    fn the_first_block_of_mainnet_has_its_root() {
        let header = BeaconBlockHeader {
            slot: Slot(0),
            proposer_index: ValidatorIndex(0),
            parent_root: Root([0; 32]),
            state_root: "0x7e76880eb67bbdc86250aa578958e9d0675e64e714337855204fb5abaaf82c2b".parse().unwrap(),
            body_root: "0xccb62460692be0ec813b56be97f68a82cf57abc102e27bf49ebf4190ff22eedd".parse().unwrap(),
        };
        let root = "0x4d611d5b93fdab69013a7f0a2f961caca0c853f87cfe9595fe50038163079360".parse().unwrap();
        assert_eq!(header.hash_tree_root(), root);
    }
}
