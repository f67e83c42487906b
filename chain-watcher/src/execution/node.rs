//! One execution node: whether it can be believed right now.

use super::config::Config;
use super::endpoint::{At, Endpoint};
use super::failure::Failure;
use alloy::primitives::Address;
use crypto::execution::{Block, BlockNumber};
use std::time::Duration;
use tokio::time::Instant;

/// Longest pause between two attempts to reach a node, in polls.
const MAX_PAUSE: u32 = 32;
/// Shortest and longest pause after a node asked to be asked less often, if it did not say how long.
const REST: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// How long a node that left out logs is not asked for logs while there is another, in polls.
const SUSPECT: u32 = 100;
/// Rests in a row that are worth a word to the operator.
const TOLD_RESTS: u32 = 4;

/// What every node must have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) chain_id: u64,
    pub(crate) protocol: Address,
    pub(crate) guardian_module: Address,
    pub(crate) exit_proposals: Option<Address>,
}

impl Expected {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            chain_id: config.chain_id,
            protocol: Address::from(config.protocol.0),
            guardian_module: Address::from(config.guardian_module.0),
            exit_proposals: config.exit_proposals.map(|address| Address::from(address.0)),
        }
    }
}

/// Why a node is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It serves another chain.
    WrongChain(u64),
    /// It knows no contract at an address: which, as the network definition calls it.
    NotDeployed(&'static str, Address),
    /// It did not answer as it should.
    Failed(Failure),
}

impl From<Failure> for Unfit {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongChain(found) => write!(f, "serves another chain, {found}"),
            Self::NotDeployed(field, address) => {
                write!(f, "knows no contract at {address} ({field}): not synced, or another chain")
            }
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

/// A node with what was learned about it.
pub(crate) struct Node {
    pub(crate) endpoint: Endpoint,
    poll: Duration,
    /// Whether chain and contracts were checked since it was last away.
    checked: bool,
    /// Its head when last asked.
    pub(crate) latest: Option<Block>,
    /// Its finalized block when last asked.
    finalized: Option<Block>,
    failures: u32,
    retry_at: Option<Instant>,
    rests: u32,
    rest_until: Option<Instant>,
    suspect_until: Option<Instant>,
    /// What keeps it from being used.
    trouble: Option<String>,
    /// What it answered wrongly, until it is trusted again.
    fault: Option<String>,
}

impl Node {
    pub(crate) fn new(endpoint: Endpoint, poll: Duration) -> Self {
        Self {
            endpoint,
            poll,
            checked: false,
            latest: None,
            finalized: None,
            failures: 0,
            retry_at: None,
            rests: 0,
            rest_until: None,
            suspect_until: None,
            trouble: None,
            fault: None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.endpoint.name()
    }

    /// Its finalized block when it may be asked for facts.
    pub(crate) fn finalized(&self) -> Option<Block> {
        self.finalized.filter(|_| self.checked)
    }

    /// Whether it may be asked for facts up to this block, now.
    pub(crate) fn has(&self, number: BlockNumber) -> bool {
        self.finalized().is_some_and(|block| number <= block.number) && !self.resting()
    }

    pub(crate) fn resting(&self) -> bool {
        self.rest_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether it left out logs lately.
    pub(crate) fn suspect(&self) -> bool {
        self.suspect_until.is_some_and(|until| Instant::now() < until)
    }

    /// What is wrong with it, for the operator.
    pub(crate) fn problem(&self) -> Option<String> {
        let rests = (self.rests >= TOLD_RESTS).then(|| "limits how often it is asked".to_owned());
        let fault = self.fault.clone().filter(|_| self.suspect());
        let text = self.trouble.clone().or(fault).or(rests)?;
        Some(format!("`{}` {text}", self.name()))
    }

    /// Checks that it serves the right chain with the contracts on it.
    pub(crate) async fn check(&mut self, expected: &Expected) -> Result<(), Unfit> {
        self.checked = false;
        let patience =
            if self.failures == 0 { self.endpoint.patience() } else { self.endpoint.probe_patience() };
        self.endpoint.open().await?;
        let found = self.endpoint.chain_id(patience).await?;
        if found != expected.chain_id {
            return Err(Unfit::WrongChain(found));
        }
        let exit_proposals = expected.exit_proposals.map(|address| ("contracts.exit_proposals", address));
        for (field, address) in [
            ("contracts.protocol", expected.protocol),
            ("contracts.guardian_module", expected.guardian_module),
        ]
        .into_iter()
        .chain(exit_proposals)
        {
            if !self.endpoint.has_code(address, At::Latest).await? {
                return Err(Unfit::NotDeployed(field, address));
            }
        }
        self.checked = true;
        Ok(())
    }

    /// Looks at the node, unless it failed lately and its pause is not over.
    pub(crate) async fn refresh(&mut self, expected: &Expected) {
        let paused = self.retry_at.is_some_and(|at| Instant::now() < at);
        if paused || self.resting() {
            return;
        }
        match self.look(expected).await {
            Ok(()) => {
                if self.failures > 0 || self.trouble.is_some() {
                    tracing::info!(node = self.name(), "execution node answers");
                }
                self.failures = 0;
                self.retry_at = None;
                self.trouble = None;
                if self.finalized.is_none() {
                    self.trouble = Some("names no finalized block".to_owned());
                }
            }
            Err(Unfit::Failed(failure @ Failure::Resting(_))) => self.failed(&failure),
            Err(unfit) => self.set_aside(&unfit),
        }
    }

    async fn look(&mut self, expected: &Expected) -> Result<(), Unfit> {
        if !self.checked {
            self.check(expected).await?;
        }
        let patience = self.endpoint.patience();
        let (latest, finalized) = futures::future::join(
            self.endpoint.tagged("latest", patience),
            self.endpoint.tagged("finalized", patience),
        )
        .await;
        self.latest = latest?;
        self.finalized = match finalized {
            // Chains that finalize nothing, and nodes that have not heard of it yet.
            Err(Failure::Refused(_) | Failure::Unsupported(_) | Failure::Lacks(_)) => None,
            other => other?,
        };
        self.rests = 0;
        Ok(())
    }

    /// A question failed. Silence sets the node aside, a wish for rest is granted; a refusal is about the question.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        match failure {
            Failure::Silent(_) | Failure::Slow => self.set_aside(&Unfit::Failed(failure.clone())),
            Failure::Resting(wish) => {
                let (least, most) = REST;
                let pause = least.saturating_mul(1u32.checked_shl(self.rests).unwrap_or(u32::MAX)).min(most);
                let pause = wish.map_or(pause, |wish| wish.max(least));
                self.rests = self.rests.saturating_add(1);
                self.rest_until = Some(Instant::now() + pause);
                tracing::debug!(node = self.name(), ?pause, "execution node limits how often it is asked");
            }
            Failure::Malformed(_) | Failure::NoContract(_) => self.accuse(failure.to_string()),
            other => tracing::debug!(node = self.name(), %other, "execution node did not say"),
        }
    }

    /// It told something wrong about logs: others are asked first for a while.
    pub(crate) fn accuse(&mut self, fault: String) {
        if self.fault.as_ref() != Some(&fault) || !self.suspect() {
            tracing::warn!(node = self.name(), fault, "execution node is at fault");
        }
        self.suspect_until = Some(Instant::now() + self.poll.saturating_mul(SUSPECT));
        self.fault = Some(fault);
    }

    /// Leaves it alone for a while, ever longer.
    pub(crate) fn set_aside(&mut self, unfit: &Unfit) {
        let pause = 1u32.checked_shl(self.failures).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.checked = false;
        self.retry_at = Some(Instant::now() + self.poll.saturating_mul(pause));
        let text = unfit.to_string();
        if self.trouble.as_ref() != Some(&text) {
            tracing::warn!(
                node = self.name(),
                problem = text,
                pause_polls = pause,
                "execution node set aside"
            );
        }
        self.trouble = Some(text);
    }
}
