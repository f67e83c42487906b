//! Logged: what the `ExitProposals` contract logged becomes emergencies. Each guardian reads it at finality by itself, so
//! none of it travels; the contract says who asked, the definition says who may.

use crate::command::Command;
use crate::emergency::{Cancellation, Emergency, Proof, Raised, Raiser, Refusal, Severity};
use crate::guardian::Guardian;
use crate::matter::Matter;
use crate::notice::Notice;
use crate::proposal::ProposalId;
use crate::record::Record;
use crate::registration::{JudgedEvent, JudgedLog, ScanReport};
use crate::status::EmergencyState;
use crypto::execution::ExitsProposed;

impl Guardian {
    /// Takes up what a scan shows of exits asked for and taken back, in the order of the chain. Called right after the scan
    /// was written: what follows from it is in the same append, so neither is ever there without the other.
    pub(crate) fn take_up_logged(&mut self, report: &ScanReport, out: &mut Vec<Command>) {
        let (mut raised, mut notices) = (Vec::new(), Vec::new());
        for log in &report.logs {
            match &log.event {
                JudgedEvent::ExitProposed(proposed) => match self.exits_proposed(proposed, log, out) {
                    Ok(id) => raised.extend(id),
                    Err(refusal) => {
                        notices.push(Notice::EmergencyRefused { number: proposed.number, refusal });
                    }
                },
                JudgedEvent::ExitCancelled { number, by: _ } => {
                    let to = EmergencyState::Cancelled;
                    let cancelled = self.exits_cancelled(*number, out);
                    notices.extend(cancelled.map(|emergency| Notice::EmergencyMoved { emergency, to }));
                }
                JudgedEvent::Registered(_)
                | JudgedEvent::Provisioned(_)
                | JudgedEvent::Skipped(_)
                | JudgedEvent::Exited { .. }
                | JudgedEvent::TicketsDeposited { .. }
                | JudgedEvent::TicketsWithdrawn { .. } => {}
            }
        }
        out.extend(notices.into_iter().map(Command::Notify));
        for id in raised {
            self.ask_operator(&id, out);
        }
    }

    /// Its id, unless it was known.
    fn exits_proposed(
        &mut self,
        proposed: &ExitsProposed,
        log: &JudgedLog,
        out: &mut Vec<Command>,
    ) -> Result<Option<ProposalId>, Refusal> {
        let emergency = self.emergency_of(proposed, log)?;
        let at = self.view.slot();
        emergency.check(&self.definition)?;
        emergency.check_time(at.max(emergency.opened))?;
        let id = emergency.id();
        if self.agenda.get(&id).is_some() {
            return Ok(None);
        }
        self.check_quota(&emergency)?;
        let raised = Raised { emergency, proof: Proof::Logged };
        Ok(self.persist(Record::Raised { raised, at }, out).then_some(id))
    }

    /// The emergency that a log asks for: the same bytes at every guardian.
    fn emergency_of(&self, proposed: &ExitsProposed, log: &JudgedLog) -> Result<Emergency, Refusal> {
        if proposed.network != self.definition.id().0 {
            return Err(Refusal::ForgedAuthority);
        }
        let severity = match proposed.severity {
            0 => Severity::Normal,
            1 => Severity::Urgent,
            _ => return Err(Refusal::UnknownSeverity),
        };
        let chain = &self.definition.chain;
        Ok(Emergency {
            guardian_set_epoch: self.definition.guardian_set.epoch,
            raiser: Raiser::Contract { proposer: proposed.proposer, number: proposed.number },
            validators: proposed.validators.clone(),
            severity,
            reason: proposed.reason.clone(),
            opened: chain.slot_at(log.timestamp),
            expires: chain.slot_at(proposed.expires),
        })
    }

    /// Only an open one: once certified, what was logged after its cancel window came too late.
    fn exits_cancelled(&mut self, number: u64, out: &mut Vec<Command>) -> Option<ProposalId> {
        let is_it = |matter: &Matter| match matter.emergency().raiser {
            Raiser::Contract { number: theirs, .. } => {
                theirs == number && matter.state == EmergencyState::Open
            }
            Raiser::Guardian { .. } | Raiser::Account { .. } => false,
        };
        let (emergency, _) = self.agenda.iter().find(|(_, matter)| is_it(matter))?;
        let cancellation = Cancellation { emergency, proof: Proof::Logged };
        self.persist(Record::Cancelled { cancellation, at: self.view.slot() }, out).then_some(emergency)
    }
}

#[cfg(test)]
mod tests;
