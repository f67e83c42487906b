//! Passwords and the slow functions that turn them into keys, with bounds on the work a file may ask for.

use crate::Error;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Most memory a scrypt derivation may ask for, bytes. EIP-2335's own parameters take 256 MiB.
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;

/// Most memory times passes, bytes: about ten seconds of work.
const MAX_SCRYPT_WORK: u64 = 1 << 32;

/// Most PBKDF2 rounds. EIP-2335's own parameters take 262,144.
const MAX_PBKDF2_ROUNDS: u32 = 1 << 24;

/// Largest growth of a string's UTF-8 under NFKD: U+FDFA, 3 bytes to 33.
const NFKD_GROWTH: usize = 11;

/// A password, prepared as EIP-2335 says: NFKD, without control characters (C0, C1, Delete), UTF-8. Wiped when dropped;
/// no `Debug`.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Prepares what was typed or read. A line end is a control character, so it does not count.
    pub fn new(text: &str) -> Self {
        // Room for all of it at once: growing would leave unwiped copies behind.
        let mut prepared = Zeroizing::new(String::with_capacity(text.len() * NFKD_GROWTH));
        prepared.extend(text.nfkd().filter(|c| !c.is_control()));
        Self(prepared)
    }

    /// Whether nothing is left after preparation.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A 32-byte key by scrypt (RFC 7914).
    pub(crate) fn scrypt(&self, salt: &[u8], cost: ScryptCost) -> Result<Zeroizing<[u8; 32]>, Error> {
        cost.check()?;
        let params = scrypt::Params::new(cost.log_n, cost.r, cost.p)
            .map_err(|_| Error::WorkFactor { kdf: "scrypt" })?;
        let mut key = Zeroizing::new([0u8; 32]);
        scrypt::scrypt(self.0.as_bytes(), salt, &params, key.as_mut())
            .map_err(|_| Error::WorkFactor { kdf: "scrypt" })?;
        Ok(key)
    }

    /// A 32-byte key by PBKDF2 with HMAC-SHA-256 (RFC 8018).
    pub(crate) fn pbkdf2(&self, salt: &[u8], rounds: u32) -> Result<Zeroizing<[u8; 32]>, Error> {
        if rounds == 0 || rounds > MAX_PBKDF2_ROUNDS {
            return Err(Error::WorkFactor { kdf: "pbkdf2" });
        }
        let mut key = Zeroizing::new([0u8; 32]);
        pbkdf2::pbkdf2_hmac::<Sha256>(self.0.as_bytes(), salt, rounds, key.as_mut());
        Ok(key)
    }
}

/// What a scrypt derivation costs: 128 * r * (2^log_n + p) bytes of memory, and p passes over 128 * r * 2^log_n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScryptCost {
    /// Base-2 logarithm of N.
    pub log_n: u8,
    /// Block size.
    pub r: u32,
    /// Passes.
    pub p: u32,
}

impl ScryptCost {
    /// EIP-2335's parameters: 256 MiB, about a second.
    pub const STANDARD: Self = Self { log_n: 18, r: 8, p: 1 };

    /// 1 MiB, milliseconds: for keys that guard nothing, in tests and on throw-away networks.
    pub const LIGHT: Self = Self { log_n: 10, r: 8, p: 1 };

    fn check(&self) -> Result<(), Error> {
        let block = u64::from(self.r).saturating_mul(128);
        let pass = 1u64.checked_shl(self.log_n.into()).and_then(|n| n.checked_mul(block));
        // The blocks of all passes lie in memory at once (RFC 7914, section 6: B).
        let memory = pass.and_then(|bytes| bytes.checked_add(block.checked_mul(self.p.into())?));
        let work = pass.and_then(|bytes| bytes.checked_mul(self.p.into()));
        let in_bounds =
            memory.is_some_and(|m| m <= MAX_SCRYPT_MEMORY) && work.is_some_and(|w| w <= MAX_SCRYPT_WORK);
        let real = self.log_n > 0 && self.r > 0 && self.p > 0;
        if in_bounds && real { Ok(()) } else { Err(Error::WorkFactor { kdf: "scrypt" }) }
    }
}
