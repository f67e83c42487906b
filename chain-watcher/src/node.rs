//! One beacon node: whether it can be believed right now, and which of its ways it was found to need.

use crate::api::{Answer, Syncing};
use crate::chain_spec;
use crate::endpoint::{Endpoint, SMALL_BODY};
use crate::error::Error;
use crate::finality::History;
use crate::liveness::LivenessWay;
use crate::validators::ValidatorsWay;
use crypto::spec::{ChainSpec, Slot};
use std::time::Duration;

const SYNCING: &str = "eth/v1/node/syncing";
/// Longest pause between two attempts to reach a node, in slots.
const MAX_PAUSE: u64 = 32;
/// A head further behind than this, in epochs, is no head, whatever the node thinks of it.
const MAX_LAG_EPOCHS: u64 = 2;

/// What a node is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not reached since it was last looked for. Its chain is checked (again) before anything is asked.
    Away,
    /// It serves another chain.
    Foreign,
    /// On our chain but behind, or with a head its execution layer has not verified. Not asked for facts.
    Syncing,
    /// On our chain and synced.
    Synced {
        /// Its head when last asked.
        head: Slot,
    },
}

/// A node with what was learned about it.
pub(crate) struct Node {
    pub(crate) endpoint: Endpoint,
    standing: Standing,
    failures: u32,
    retry_at: Slot,
    /// First slot since which it was synced without a break that we saw.
    since: Slot,
    broken: bool,
    /// Whether its standing was logged since start.
    told: bool,
    pub(crate) validators_way: ValidatorsWay,
    pub(crate) liveness_way: LivenessWay,
    pub(crate) finality: History,
}

impl Node {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            standing: Standing::Away,
            failures: 0,
            retry_at: Slot(0),
            since: Slot(0),
            broken: false,
            told: false,
            validators_way: ValidatorsWay::default(),
            liveness_way: LivenessWay::default(),
            finality: History::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.endpoint.name()
    }

    /// The head when it may be asked for facts.
    pub(crate) fn synced_head(&self) -> Option<Slot> {
        match self.standing {
            Standing::Synced { head } => Some(head),
            Standing::Away | Standing::Foreign | Standing::Syncing => None,
        }
    }

    /// Since when it is synced, as far as we saw; slot 0 when it was so from the first look on.
    pub(crate) fn synced_since(&self) -> Option<Slot> {
        self.synced_head().map(|_| self.since)
    }

    /// Checks that it serves `expected`.
    ///
    /// # Errors
    /// [`Error::WrongNetwork`], or whatever kept it from answering.
    pub(crate) async fn check_chain(&mut self, expected: &ChainSpec) -> Result<(), Error> {
        let found = chain_spec::read(&self.endpoint).await?;
        if let Some((field, expected, found)) = chain_spec::difference(expected, &found) {
            self.standing = Standing::Foreign;
            return Err(Error::WrongNetwork { node: self.name().to_owned(), field, expected, found });
        }
        // Synced or not is for the next look to say.
        self.standing = Standing::Syncing;
        // Whatever runs there now may be another version than before.
        self.validators_way = ValidatorsWay::default();
        self.liveness_way = LivenessWay::default();
        Ok(())
    }

    /// Looks at the node at `slot`, unless it failed lately and its pause is not over.
    pub(crate) async fn refresh(&mut self, slot: Slot, expected: &ChainSpec) {
        if slot < self.retry_at {
            return;
        }
        let before = self.standing;
        let patience =
            if self.failures == 0 { self.endpoint.patience() } else { self.endpoint.probe_patience() };
        match self.look(patience, expected).await {
            Ok(standing) => {
                self.failures = 0;
                self.retry_at = slot;
                self.standing = standing;
                // The first look is told too: a node that syncs from the start is why nothing happens.
                if !self.told || std::mem::discriminant(&before) != std::mem::discriminant(&standing) {
                    self.told = true;
                    self.tell(standing);
                }
                match standing {
                    Standing::Syncing => {
                        self.broken = true;
                        // It may come back with another past.
                        self.finality.clear();
                    }
                    Standing::Synced { .. } if self.broken => {
                        self.broken = false;
                        self.since = slot;
                    }
                    Standing::Synced { .. } | Standing::Away | Standing::Foreign => {}
                }
            }
            Err(error) => self.fail(slot, &error),
        }
    }

    fn tell(&self, standing: Standing) {
        match standing {
            Standing::Synced { head } => tracing::info!(node = self.name(), %head, "beacon node is synced"),
            Standing::Syncing => {
                tracing::warn!(
                    node = self.name(),
                    "beacon node is syncing, or its execution client is: not asked until it is done"
                );
            }
            // Told where they arise, with the reason.
            Standing::Away | Standing::Foreign => {}
        }
    }

    /// What it is worth now; its chain is checked when that was not done since it was away.
    ///
    /// # Errors
    /// As [`Self::check_chain`], and when it does not say within `patience` how far it is.
    pub(crate) async fn look(&mut self, patience: Duration, expected: &ChainSpec) -> Result<Standing, Error> {
        let syncing: Answer<Syncing> = self.endpoint.get_within(SYNCING, &[], patience, SMALL_BODY).await?;
        if matches!(self.standing, Standing::Away | Standing::Foreign) {
            self.check_chain(expected).await?;
        }
        let syncing = syncing.data;
        let max_lag = expected.slots_per_epoch.get().saturating_mul(MAX_LAG_EPOCHS);
        if syncing.is_syncing || syncing.is_optimistic || syncing.sync_distance.0 > max_lag {
            return Ok(Standing::Syncing);
        }
        Ok(Standing::Synced { head: Slot(syncing.head_slot.0) })
    }

    /// A request failed in a way that says the node is not there, or not the right one: leave it alone for a while.
    pub(crate) fn fail(&mut self, slot: Slot, error: &Error) {
        let foreign = matches!(error, Error::WrongNetwork { .. });
        let standing = if foreign { Standing::Foreign } else { Standing::Away };
        let pause = 1u64.checked_shl(self.failures).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.broken = true;
        self.retry_at = slot.saturating_add(pause);
        if self.standing != standing || self.failures == 1 {
            tracing::warn!(node = self.name(), %error, pause_slots = pause, "beacon node set aside");
        } else {
            tracing::debug!(node = self.name(), %error, pause_slots = pause, "beacon node still away");
        }
        self.standing = standing;
    }

    /// A question for facts failed. Silence sets the node aside; a refusal is about the question, not the node.
    pub(crate) fn question_failed(&mut self, slot: Slot, error: &Error) {
        if matches!(error, Error::Unreachable { .. }) {
            self.fail(slot, error);
        } else {
            tracing::warn!(node = self.name(), %error, "beacon node did not say");
        }
    }
}
