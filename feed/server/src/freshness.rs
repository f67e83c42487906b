//! `Freshness`: how old an answer is, in every answer.

use crate::role::RoleName;
use crate::snapshot::Snapshot;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use crypto::spec::{Epoch, Slot};
use guardian_core::guardian_set::GuardianIndex;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use utoipa::ToSchema;

/// Slots without a new snapshot after which the last one is stale, by the system's clock and by one that nobody sets. A
/// guardian makes one every slot.
const STALE_SLOTS: u64 = 3;

/// How old what is said is. All but `role` is null until the first snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Freshness {
    /// The slot of the snapshot.
    #[schema(value_type = Option<u64>, example = 9_876_543)]
    pub slot: Option<Slot>,
    /// When that slot began, Unix seconds.
    #[schema(example = 1_795_000_000)]
    pub as_of: Option<u64>,
    /// From when on it is stale, Unix seconds.
    pub stale_after: Option<u64>,
    /// Whether it is stale: the server's clock is past `stale_after`, or more than a slot before `as_of` and so wrong, or
    /// nothing newer came for three slots; true until the first snapshot.
    pub stale: bool,
    /// The finalized epoch that the guardian saw.
    #[schema(value_type = Option<u64>)]
    pub finalized_epoch: Option<Epoch>,
    /// Whose view it is.
    #[schema(value_type = Option<u16>)]
    pub guardian: Option<GuardianIndex>,
    /// Who serves it.
    pub role: RoleName,
}

impl Freshness {
    /// Of a snapshot, at a moment in Unix seconds.
    pub fn of(snapshot: Option<&Snapshot>, role: RoleName, now: u64) -> Self {
        Self::aged(snapshot, role, now, snapshot.map_or(Duration::ZERO, Snapshot::age))
    }

    /// Of a snapshot that came so long ago.
    fn aged(snapshot: Option<&Snapshot>, role: RoleName, now: u64, age: Duration) -> Self {
        let Some(snapshot) = snapshot else {
            return Self {
                slot: None,
                as_of: None,
                stale_after: None,
                stale: true,
                finalized_epoch: None,
                guardian: None,
                role,
            };
        };
        let status = snapshot.status();
        let as_of = snapshot.calendar().at(status.slot);
        let slot = snapshot.definition().chain.seconds_per_slot.get();
        let patience = slot.saturating_mul(STALE_SLOTS);
        let stale_after = as_of.saturating_add(patience);
        let is_ahead = as_of > now.saturating_add(slot);
        Self {
            slot: Some(status.slot),
            as_of: Some(as_of),
            stale_after: Some(stale_after),
            stale: now > stale_after || is_ahead || age > Duration::from_secs(patience),
            finalized_epoch: status.finalized.map(|checkpoint| checkpoint.epoch),
            guardian: Some(status.guardian),
            role,
        }
    }
}

impl Freshness {
    /// Says it in headers as well: not every answer is JSON of ours.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        for (name, value) in [
            ("feed-slot", number(self.slot.map(|slot| slot.0))),
            ("feed-as-of", number(self.as_of)),
            ("feed-stale", Some(self.stale.to_string())),
        ] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// The system's clock, Unix seconds.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
