//! A ceremony as the status shows it.

use super::course::{Course, name_of};
use super::{Blame, CeremonyId, Digest, Kind, Outcome};
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::statement::{PeerName, Place, Statement};
use crypto::spec::Slot;
use serde::{Deserialize, Serialize};

/// How far a ceremony has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Operators are asked.
    Open,
    /// Enough agreed; dealings are made, fetched and checked.
    Dealing,
    /// It is agreed which dealings count; new shares are computed and proven.
    Proving,
    /// The result is in force.
    Done,
    /// It is over without a result.
    Aborted,
}

impl Phase {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Dealing => "dealing",
            Self::Proving => "proving",
            Self::Done => "done",
            Self::Aborted => "aborted",
        }
    }
}

/// One ceremony as we see it. Members are named by their names in the definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyStatus {
    /// Its id.
    pub id: CeremonyId,
    /// Stable code of its kind.
    pub kind: String,
    /// What it would change, one line each.
    pub changes: Vec<String>,
    /// How many keys it is about.
    pub keys: u32,
    /// Who opened it.
    pub raiser: GuardianIndex,
    /// When.
    pub opened: Slot,
    /// Until when it may succeed.
    pub expires: Slot,
    /// How far it has come.
    pub phase: Phase,
    /// Whether our operator has answered, and how.
    pub own: Option<bool>,
    /// Whose operators agreed.
    pub agreed: Vec<String>,
    /// How many of the set in force must.
    pub needed: u64,
    /// Whose operators did not, or left.
    pub rejected: Vec<String>,
    /// Who dealt.
    pub dealt: Vec<String>,
    /// Whose dealing is here, whole and checked.
    pub collected: Vec<String>,
    /// Batches of keys fetched and in all, while that goes on.
    pub progress: Option<(u64, u64)>,
    /// Who proved that it holds the result.
    pub proven: Vec<String>,
    /// Who of the set in force endorses it.
    pub endorsed: Vec<String>,
    /// Who says that its old shares are destroyed.
    pub destroyed: Vec<String>,
    /// Who is waited for.
    pub awaited: Vec<String>,
    /// Who did wrong, and what.
    pub blamed: Vec<(String, Blame)>,
    /// Digest of our result.
    pub result: Option<Digest>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

impl Guardian {
    pub(crate) fn ceremony_statuses(&self) -> Vec<CeremonyStatus> {
        let mut all: Vec<_> = self.hall.iter().filter_map(|course| self.ceremony_status(course)).collect();
        all.sort_by_key(|status| (std::cmp::Reverse(status.opened), status.id));
        all
    }

    fn ceremony_status(&self, course: &Course) -> Option<CeremonyStatus> {
        let cast = self.cast(&course.order)?;
        let who = |test: &dyn Fn(&Statement) -> bool| -> Vec<String> {
            let said = course.statements().filter(|(_, statement, _)| test(statement));
            said.map(|(peer, _, _)| self.name_for_people(cast, peer)).collect()
        };
        let phase = match &course.outcome {
            Some(Outcome::Done { .. }) => Phase::Done,
            Some(Outcome::Aborted { .. }) => Phase::Aborted,
            None if !course.is_agreed(cast) => Phase::Open,
            None if course.chosen(cast).is_none() => Phase::Dealing,
            None => Phase::Proving,
        };
        let result = course.conclusion.as_ref().map(|conclusion| conclusion.result);
        let proven = result.map(|result| course.valid(result)).unwrap_or_default();
        let named = |index: GuardianIndex, next: bool| {
            let definition = if next { cast.next() } else { cast.current };
            name_of(definition, index).map(|peer| self.name_for_people(cast, &peer))
        };
        let own = match course.own(&self.my_name(), Place::Answer) {
            Some(Statement::Accept) => Some(true),
            Some(_) => Some(false),
            None => None,
        };
        Some(CeremonyStatus {
            id: course.id,
            kind: course.order.kind.code().to_owned(),
            changes: match &course.order.kind {
                Kind::Succession { next } => crate::succession::changes(cast.current, next),
                Kind::GroupKey => vec!["generates the network's own key".to_owned()],
                Kind::ValidatorKeys { count, withdrawal_credentials } => {
                    vec![format!("generates {count} validators' keys, withdrawn to {withdrawal_credentials}")]
                }
                Kind::Repair { lost, .. } => {
                    let lost = named(*lost, false).unwrap_or_default();
                    vec![format!("rebuilds the shares of {lost}")]
                }
            },
            keys: course.order.key_count(),
            raiser: course.order.raiser,
            opened: course.order.opened,
            expires: course.order.expires,
            phase,
            own,
            agreed: who(&|said| *said == Statement::Accept),
            needed: u64::try_from(cast.agreement()).unwrap_or(u64::MAX),
            rejected: who(&|said| matches!(said, Statement::Reject | Statement::Withdraw)),
            dealt: who(&|said| matches!(said, Statement::Dealt { .. })),
            collected: course.collected.keys().filter_map(|dealer| named(*dealer, false)).collect(),
            progress: course.progress,
            proven: proven.iter().filter_map(|holder| named(*holder, true)).collect(),
            endorsed: who(&|said| matches!(said, Statement::Endorse { .. })),
            destroyed: who(&|said| *said == Statement::Destroyed),
            awaited: if course.outcome.is_none() { self.awaited(course) } else { Vec::new() },
            blamed: course
                .blamed
                .iter()
                .map(|(peer, blame): (&PeerName, &Blame)| (self.name_for_people(cast, peer), *blame))
                .collect(),
            result,
            outcome: course.outcome.clone(),
        })
    }
}
