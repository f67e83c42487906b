//! One ceremony: what is done with the keys, and who has done its part.

use super::calendar::Moment;
use super::schema;
use crate::snapshot::Snapshot;
use guardian_core::ceremony::{CeremonyId, CeremonyStatus, Outcome, Phase};
use guardian_core::guardian_set::GuardianIndex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One ceremony. Members are named by their names in the definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CeremonyView {
    /// Its id.
    #[schema(value_type = schema::Hash)]
    pub id: CeremonyId,
    /// Stable code of its kind.
    #[schema(example = "succession")]
    pub kind: String,
    /// What it would change, one line each.
    pub changes: Vec<String>,
    /// How many keys it is about.
    pub keys: u32,
    /// Who opened it.
    #[schema(value_type = u16)]
    pub raiser: GuardianIndex,
    /// When.
    pub opened: Moment,
    /// Until when it may succeed.
    pub expires: Moment,
    /// How far it has come.
    #[schema(value_type = schema::CeremonyPhase)]
    pub phase: Phase,
    /// Whose operators agreed.
    pub agreed: Vec<String>,
    /// How many must.
    pub needed: u64,
    /// Whose operators did not, or left.
    pub rejected: Vec<String>,
    /// Who dealt.
    pub dealt: Vec<String>,
    /// Who proved that it holds the result.
    pub proven: Vec<String>,
    /// Who endorses it.
    pub endorsed: Vec<String>,
    /// Who says that its old shares are destroyed.
    pub destroyed: Vec<String>,
    /// Who is waited for.
    pub awaited: Vec<String>,
    /// Who did wrong, and what.
    pub blamed: Vec<BlameView>,
    /// Why it ended without a result.
    #[schema(example = "expired")]
    pub aborted: Option<String>,
}

/// Who did wrong in a ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlameView {
    /// Its name.
    pub name: String,
    /// What, as a stable code.
    #[schema(example = "invalid_dealing")]
    pub what: String,
}

impl CeremonyView {
    pub(crate) fn of(snapshot: &Snapshot, status: &CeremonyStatus) -> Self {
        let moment = |slot| snapshot.calendar().moment(slot);
        let blamed = status
            .blamed
            .iter()
            .map(|(name, blame)| BlameView { name: name.clone(), what: blame.code().to_owned() });
        Self {
            id: status.id,
            kind: status.kind.clone(),
            changes: status.changes.clone(),
            keys: status.keys,
            raiser: status.raiser,
            opened: moment(status.opened),
            expires: moment(status.expires),
            phase: status.phase,
            agreed: status.agreed.clone(),
            needed: status.needed,
            rejected: status.rejected.clone(),
            dealt: status.dealt.clone(),
            proven: status.proven.clone(),
            endorsed: status.endorsed.clone(),
            destroyed: status.destroyed.clone(),
            awaited: status.awaited.clone(),
            blamed: blamed.collect(),
            aborted: match &status.outcome {
                Some(Outcome::Aborted { reason, absent: _ }) => Some(reason.code().to_owned()),
                Some(Outcome::Done { .. }) | None => None,
            },
        }
    }
}
