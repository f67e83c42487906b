//! The register: which registration counts for which validator key.
//!
//! The first whose public part is sound counts, until it is skipped; then the next sound one may. One that was settled
//! goes on counting: its key has left the beacon chain and can never come back.

use crypto::execution::RegistrationId;
use crypto::spec::BlsPubkey;
use guardian_core::record::Record;
use guardian_core::registration::{JudgedEvent, ScanReport};
use std::collections::BTreeMap;

/// Registrations that count, both ways. As many as the contracts took and nobody skipped, about 200 bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    live: BTreeMap<BlsPubkey, RegistrationId>,
    keys: BTreeMap<RegistrationId, BlsPubkey>,
}

impl Register {
    /// The register as the journal has it.
    pub fn restore(records: &[Record]) -> Self {
        let mut register = Self::default();
        for record in records {
            if let Record::Scanned(report) = record {
                register.replay(report);
            }
        }
        register
    }

    fn replay(&mut self, report: &ScanReport) {
        for log in &report.logs {
            match &log.event {
                JudgedEvent::Registered(registered) if registered.verdict.is_sound() => {
                    if let Some(pubkey) = registered.pubkey {
                        self.register(pubkey, registered.id);
                    }
                }
                JudgedEvent::Skipped(id) => self.skip(id),
                JudgedEvent::Registered(_)
                | JudgedEvent::Provisioned(_)
                | JudgedEvent::Exited { .. }
                | JudgedEvent::TicketsDeposited { .. }
                | JudgedEvent::TicketsWithdrawn { .. }
                | JudgedEvent::ExitProposed(_)
                | JudgedEvent::ExitCancelled { .. } => {}
            }
        }
    }

    /// Enters a sound registration. Whether it is the one that counts for its key.
    pub fn register(&mut self, pubkey: BlsPubkey, id: RegistrationId) -> bool {
        let counts = *self.live.entry(pubkey).or_insert(id) == id;
        if counts {
            self.keys.insert(id, pubkey);
        }
        counts
    }

    /// A registration was skipped: its key is free again, if it was the one that counted.
    pub fn skip(&mut self, id: &RegistrationId) {
        if let Some(pubkey) = self.keys.remove(id) {
            self.live.remove(&pubkey);
        }
    }

    /// Whether a registration counts.
    pub fn is_live(&self, id: &RegistrationId) -> bool {
        self.keys.contains_key(id)
    }
}
