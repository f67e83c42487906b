//! Standing orders: what an operator said beforehand to vote on a class of emergencies.

use crate::command::Command;
use crate::emergency::Emergency;
use crate::guardian::Guardian;
use crate::message::{Decision, RejectReason};
use crate::policy::Enforcement;
use crate::proposal::{ProposalId, RuleKind};
use crate::record::Record;
use crate::request::{OperatorName, Request};
use crate::settings::{StandingOrder, StandingVote};
use crate::status::EmergencyState;

/// Slots before a standing order speaks: what we said of it before a loss of data, or its taking back, may be on its way.
const HEED_AFTER: u64 = 2;

/// Under which name a standing order's votes are journaled.
const STANDING: &str = "standing order";

impl Guardian {
    /// Votes by the first standing order that fits, if our operator gave one and did not speak itself.
    pub(crate) fn heed(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        if self.enforcement(RuleKind::Emergency) != Enforcement::Enforce {
            return;
        }
        let Some(matter) = self.agenda.get(id) else { return };
        let is_early = self.view.slot() < matter.since.saturating_add(HEED_AFTER);
        if is_early || matter.own.is_some() || matter.state != EmergencyState::Open {
            return;
        }
        let emergency = matter.emergency();
        let Some(order) = self.settings.standing.iter().find(|order| fits(order, emergency)) else { return };
        let (note, vote) = (order.name.clone(), order.vote);
        let (decision, request) = match vote {
            StandingVote::Approve if !self.is_confirmed(emergency) => return,
            StandingVote::Approve => (Decision::Approve, Request::Approve { emergency: *id, note }),
            StandingVote::Reject => {
                (Decision::Reject(RejectReason::Operator), Request::Reject { emergency: *id, note })
            }
        };
        let by = OperatorName { uid: u32::MAX, name: STANDING.to_owned() };
        if self.persist(Record::Asked { at: self.view.slot(), by, request }, out) {
            self.decide(id, decision, out);
        }
    }
}

/// Whether a standing order speaks of an emergency.
fn fits(order: &StandingOrder, emergency: &Emergency) -> bool {
    order.raiser.is_none_or(|class| class == emergency.raiser.class())
        && order.proposer.is_none_or(|account| emergency.raiser.account() == Some(account))
        && order.severity.is_none_or(|severity| severity == emergency.severity)
        && u64::try_from(emergency.validators.len()).is_ok_and(|count| count <= order.max_validators)
}
