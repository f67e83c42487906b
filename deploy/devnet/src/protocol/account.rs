//! The ten accounts that anvil and the embedded chain give ether to, as those who call the contracts.

use crate::execution::accounts::SECRET_KEYS;
use alloy::signers::local::PrivateKeySigner;
use crypto::execution::Address;

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
        // Invariants: numbers end at 9, and the ten keys are scalars.
        PrivateKeySigner::from_bytes(&SECRET_KEYS[usize::from(self.0)])
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
