//! Whose log, and which of them: the first line of a checkpoint, and the names of the keys that sign it.

use crate::Error;
use crate::error::beginning;
use crypto::spec::Slot;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use std::fmt;
use std::str::FromStr;

/// First part of every name.
const NAMESPACE: &str = "guardian-network";

/// Names one log: `guardian-network/<network id, 64 hex>/<guardian>/<life>`. A guardian has one log at a time; a new one
/// begins with each guardian-set epoch (another network id) and after each loss of its journal (another life).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The network.
    pub network: NetworkId,
    /// Who writes it.
    pub guardian: GuardianIndex,
    /// The slot at which its journal was found to lack what it once said; 0 when it never was.
    pub life: Slot,
}

impl Origin {
    /// Name of the key with which a guardian witnesses the others' logs.
    pub fn witness_name(network: NetworkId, witness: GuardianIndex) -> String {
        format!("{NAMESPACE}/{}/{}", hex::encode(network.0), witness.0)
    }

    /// Name of the network's own key.
    pub fn group_name(network: NetworkId) -> String {
        format!("{NAMESPACE}/{}/group", hex::encode(network.0))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Self::witness_name(self.network, self.guardian), self.life)
    }
}

impl FromStr for Origin {
    type Err = Error;

    /// Reads exactly what [`Origin`] prints: one log has one name.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Origin { found: beginning(text) };
        let mut parts = text.split('/');
        let mut part = || parts.next().ok_or_else(wrong);
        let (_, network, guardian, life) = (part()?, part()?, part()?, part()?);
        let origin = Origin {
            network: network.parse().map_err(|_| wrong())?,
            guardian: GuardianIndex(guardian.parse().map_err(|_| wrong())?),
            life: Slot(life.parse().map_err(|_| wrong())?),
        };
        if origin.guardian.0 == 0 || origin.to_string() != text { Err(wrong()) } else { Ok(origin) }
    }
}

#[cfg(test)]
mod tests;
