//! The ten accounts that development chains give money to. Their keys are known to everybody.
//!
//! Source: anvil and hardhat, mnemonic `test test test test test test test test test test test junk`, path
//! `m/44'/60'/0'/0/i`.

use alloy::primitives::{B256, b256};
use alloy::signers::local::PrivateKeySigner;
use crypto::execution::Address;

const KEYS: [B256; 10] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// One of the ten, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(u8);

impl Account {
    /// Owns the contracts.
    pub const OWNER: Self = Self(0);

    /// Account `number` of 0 to 9; larger numbers begin again at 0.
    pub const fn new(number: u8) -> Self {
        Self(number % 10)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..10).map(Self)
    }

    /// Its address.
    pub fn address(self) -> Address {
        Address(self.signer().address().into())
    }

    /// Its key, to sign with.
    pub fn signer(self) -> PrivateKeySigner {
        // Invariants: numbers end at 9, and the keys above are scalars.
        PrivateKeySigner::from_bytes(&KEYS[usize::from(self.0)])
            .unwrap_or_else(|_| unreachable!("a constant that is no key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_well_known_ones() {
        let text = |number| Account::new(number).address().to_string();
        assert_eq!(text(0), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
        assert_eq!(text(9), "0xa0ee7a142d267c1f36714e4a8f75612f20a79720");
        let all: std::collections::BTreeSet<_> = Account::all().map(Account::address).collect();
        assert_eq!(all.len(), 10);
    }
}
