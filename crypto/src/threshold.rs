//! `Threshold { t, n }` and `ShareIndex`: the only place with quorum arithmetic.

use crate::Error;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Most guardians a network may have.
pub const MAX_SHARES: u16 = 100;

/// t of n: how many of how many must act together. `1 <= t <= n <= 100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, BorshSerialize)]
pub struct Threshold {
    t: u16,
    n: u16,
}

impl Threshold {
    /// Checks and builds.
    ///
    /// # Errors
    /// [`Error::Threshold`] outside `1 <= t <= n <= 100`.
    pub fn new(t: u16, n: u16) -> Result<Self, Error> {
        if t == 0 || t > n || n > MAX_SHARES {
            return Err(Error::Threshold { t, n });
        }
        Ok(Self { t, n })
    }

    /// How many must act together.
    pub fn t(&self) -> u16 {
        self.t
    }

    /// How many there are.
    pub fn n(&self) -> u16 {
        self.n
    }

    /// Whether `count` distinct members are enough to act.
    pub fn met_by(&self, count: usize) -> bool {
        count >= usize::from(self.t)
    }

    /// Whether, with `refusals` members refusing for good, t can no longer be reached.
    pub fn blocked_by(&self, refusals: usize) -> bool {
        refusals > usize::from(self.n - self.t)
    }

    /// All share indices, `1..=n`.
    pub fn indices(&self) -> impl Iterator<Item = ShareIndex> + use<> {
        (1..=self.n).map(ShareIndex)
    }

    /// Whether `index` belongs to this set.
    pub fn contains(&self, index: ShareIndex) -> bool {
        index.0 <= self.n
    }
}

/// The point x at which a share's polynomial was evaluated: guardian i (0-based) holds x = i + 1. `1..=100`, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, BorshSerialize)]
#[serde(transparent)]
pub struct ShareIndex(u16);

impl ShareIndex {
    /// Checks and builds.
    ///
    /// # Errors
    /// [`Error::ShareIndex`] outside `1..=100`.
    pub fn new(x: u16) -> Result<Self, Error> {
        if x == 0 || x > MAX_SHARES {
            return Err(Error::ShareIndex { got: x.into() });
        }
        Ok(Self(x))
    }

    /// The point x.
    pub fn get(self) -> u16 {
        self.0
    }

    /// The 0-based position of this share in the guardian set.
    pub fn position(self) -> usize {
        usize::from(self.0) - 1
    }
}

impl std::fmt::Display for ShareIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl BorshDeserialize for Threshold {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let (t, n) = <(u16, u16)>::deserialize_reader(reader)?;
        Self::new(t, n).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
    }
}

impl BorshDeserialize for ShareIndex {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        Self::new(<u16 as BorshDeserialize>::deserialize_reader(reader)?)
            .map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            t: u16,
            n: u16,
        }
        let raw = Raw::deserialize(deserializer)?;
        Self::new(raw.t, raw.n).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ShareIndex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(<u16 as Deserialize>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
