//! What a guardian did wrong, with a stable code.

use super::schema;
use crate::snapshot::Snapshot;
use guardian_core::fault::Fault;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::ProposalId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultView {
    /// Whose.
    #[schema(value_type = u16, example = 3)]
    pub guardian: GuardianIndex,
    /// Its name.
    pub name: String,
    /// What, as a stable code.
    #[schema(value_type = schema::FaultCode)]
    pub kind: String,
    /// The proposal it was about.
    #[schema(value_type = Option<schema::Hash>)]
    pub proposal: Option<ProposalId>,
}

impl FaultView {
    pub(crate) fn of(snapshot: &Snapshot, fault: &Fault) -> Self {
        Self {
            guardian: fault.guardian,
            name: snapshot.name_of(fault.guardian),
            kind: fault.kind.code().to_owned(),
            proposal: fault.proposal,
        }
    }
}
