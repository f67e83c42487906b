//! Restore: the journal's records, applied in order, make the guardian that wrote them.

use crate::error::Error;
use crate::guardian::Guardian;
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::record::Record;

impl Guardian {
    /// The guardian that wrote `records`, in the order it wrote them. What is open is offered again at the next slot.
    ///
    /// # Errors
    /// [`Error::Definition`] as [`Guardian::new`]; [`Error::Journal`] when a record contradicts the ones before it or
    /// names a guardian that is no member.
    pub fn restore(
        definition: NetworkDefinition,
        me: GuardianIndex,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Self, Error> {
        let mut guardian = Self::new(definition, me)?;
        for (at, record) in records.into_iter().enumerate() {
            guardian.check_members(&record).map_err(|problem| Error::Journal { at, problem })?;
            guardian.apply(&record).map_err(|problem| Error::Journal { at, problem: problem.to_owned() })?;
        }
        guardian.follow_registered();
        guardian.docket.hold_again();
        guardian.know_pauses();
        Ok(guardian)
    }

    fn check_members(&self, record: &Record) -> Result<(), String> {
        let strangers = |mut guardians: Box<dyn Iterator<Item = GuardianIndex> + '_>| {
            guardians.find(|guardian| !self.is_member(*guardian))
        };
        let stranger = match record {
            Record::VoteSeen { from, .. }
            | Record::PartialHeld { from, .. }
            | Record::WishSeen { from, .. } => strangers(Box::new(std::iter::once(*from))),
            Record::Certified { approvals, .. } | Record::EmergencyCertified { approvals, .. } => {
                strangers(Box::new(approvals.iter().map(|(guardian, _)| *guardian)))
            }
            Record::Faulted { fault, .. } => strangers(Box::new(std::iter::once(fault.guardian))),
            Record::Proposed { proposal, .. } | Record::Adopted { proposal, .. } => {
                if proposal.guardian_set_epoch != self.definition.guardian_set.epoch {
                    return Err("a proposal of another guardian set".to_owned());
                }
                None
            }
            Record::Raised { raised, .. } => {
                if raised.emergency.guardian_set_epoch != self.definition.guardian_set.epoch {
                    return Err("an emergency of another guardian set".to_owned());
                }
                None
            }
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::VoteCast(_)
            | Record::Released { .. }
            | Record::Combined { .. }
            | Record::Submitted { .. }
            | Record::Moved { .. }
            | Record::NotFinalizing(_)
            | Record::Scanned(_)
            | Record::Asked { .. }
            | Record::EmergencyMoved { .. }
            | Record::Cancelled { .. }
            | Record::Observed { .. }
            | Record::Held { .. }
            | Record::Reached { .. }
            | Record::WishCast { .. }
            | Record::Lapsed(_)
            | Record::Spared { .. }
            | Record::Preceded { .. }
            | Record::Opened { .. }
            | Record::Ceremony { .. }
            | Record::Inherited { .. }
            | Record::GroupSigned { .. } => None,
        };
        stranger.map_or(Ok(()), |guardian| Err(format!("guardian {} is no member", guardian.0)))
    }
}

#[cfg(test)]
mod tests;
