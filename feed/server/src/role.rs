//! `Role`: who serves the feed, a guardian or a mirror of some.

use guardian_core::guardian_set::GuardianIndex;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::watch;
use utoipa::ToSchema;

/// Who serves.
#[derive(Debug, Clone)]
pub enum Role {
    /// A guardian, its own view and log.
    Guardian,
    /// A mirror: what it fetched from guardians and verified.
    Mirror {
        /// How it goes with each of them; replaced whole.
        of: watch::Receiver<Arc<Vec<Source>>>,
    },
}

/// Who serves, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// A guardian.
    Guardian,
    /// A mirror.
    Mirror,
}

/// A guardian's feed that is mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Where it is fetched from.
    #[schema(example = "https://north.example")]
    pub url: String,
    /// Whose it is, once its key was verified.
    #[schema(value_type = Option<u16>)]
    pub guardian: Option<GuardianIndex>,
    /// How it goes.
    pub state: SourceState,
    /// What is wrong, for people.
    pub problem: Option<String>,
    /// Entries of its log that are here and verified.
    pub entries: u64,
    /// When it was last fetched whole and verified, Unix seconds.
    pub verified_at: Option<u64>,
}

/// How it goes with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Not fetched yet.
    Waiting,
    /// Fetched and verified.
    Following,
    /// Not reached, or not all of it: the last good state is kept of what is missing.
    Unreachable,
    /// What it served does not verify; the last good state is kept.
    Lying,
    /// It says that the network moved on to another guardian set, which has another network id; nobody verified that. Its
    /// log of this network is still taken in; the last good status is kept, and gets old.
    Moved,
}

impl Role {
    /// In one word.
    pub fn name(&self) -> RoleName {
        match self {
            Self::Guardian => RoleName::Guardian,
            Self::Mirror { .. } => RoleName::Mirror,
        }
    }

    /// The guardians that are mirrored; empty for a guardian.
    pub fn sources(&self) -> Arc<Vec<Source>> {
        match self {
            Self::Guardian => Arc::default(),
            Self::Mirror { of } => of.borrow().clone(),
        }
    }
}
