//! `Note`: a log's checkpoint as a page shows it. Who signed it is told of those only whose keys are known here and whose
//! signatures hold.

use crate::log::Log;
use feed::{Keys, verify_note};
use guardian_core::guardian_set::GuardianIndex;

/// A checkpoint as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// All of it.
    pub text: String,
    /// Entries.
    pub size: u64,
    /// The root over them, `0x` and hex.
    pub root: String,
    /// Guardians that cosigned it, and when by their clocks, Unix seconds.
    pub witnesses: Vec<(GuardianIndex, u64)>,
    /// Whether the network's own key signed it.
    pub group: bool,
}

impl Note {
    /// The newest of a log, verified with the keys that are known.
    pub(crate) fn of(log: &Log, keys: &Keys) -> Option<Self> {
        Self::read(&log.checkpoint()?, keys)
    }

    fn read(bytes: &[u8], keys: &Keys) -> Option<Self> {
        let checkpoint = feed::note::peek(bytes).ok()?;
        let text = std::str::from_utf8(bytes).ok()?.to_owned();
        // Of another set's log no key is known here: it is shown, and nobody is named.
        let verified = verify_note(bytes, keys).ok();
        Some(Self {
            size: checkpoint.size,
            root: format!("0x{}", hex::encode(checkpoint.root)),
            group: verified.as_ref().is_some_and(|verified| verified.group),
            witnesses: verified.map(|verified| verified.cosigned).unwrap_or_default(),
            text,
        })
    }
}

#[cfg(test)]
mod tests;
