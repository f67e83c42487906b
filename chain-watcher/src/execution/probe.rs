//! What each execution node is worth by itself, for a diagnosis: nothing is averaged, nothing retried.

use super::config::Config;
use super::contracts::ExitProposals::proposalCountCall;
use super::contracts::GuardianModule as G;
use super::contracts::PufferProtocol as P;
use super::endpoint::{At, Endpoint};
use super::failure::Failure;
use super::node::Expected;
use crate::config::redacted;
use crate::endpoint::capped;
use crate::slot_clock::unix_now;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{SolCall, SolError};
use crypto::execution::{Block, ContractState, ModuleName};
use futures::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// What one execution node showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// How many times exits were proposed, by the exit proposals contract at the head, or what is wrong with it; none when
    /// the configuration has no such contract, or it could not be asked.
    pub exits_proposed: Option<Result<u64, String>>,
    /// Whether the contracts speak the profile; none when they could not be asked.
    pub profile: Option<ProfileReport>,
    /// What the contracts say at the finalized block, without operators; none when they could not be asked.
    pub contracts: Option<ContractState>,
    /// Whether it has the logs of the block the contracts were deployed in, or what it says instead: a node without old
    /// logs cannot serve a first synchronization.
    pub old_logs: Option<Result<(), String>>,
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

/// Asks every node of `config` by itself, all at once. Takes at most some twenty times the request timeout, for a node
/// that hangs not longer than once.
///
/// A configuration that cannot be used is the problem of every node in the report.
pub async fn check(config: Config) -> Vec<NodeReport> {
    check_signed(config, None).await
}

/// As [`check`], and tries `signed` against the guardian module.
pub async fn check_signed(config: Config, signed: Option<SignedSkip>) -> Vec<NodeReport> {
    let invalid = config.validate().err().map(|error| error.to_string());
    join_all(config.nodes.iter().map(async |node| {
        let mut report =
            NodeReport { name: node.name.clone(), address: redacted(&node.url), ..NodeReport::default() };
        if let Some(problem) = &invalid {
            report.problem = Some(problem.clone());
            return report;
        }
        match Endpoint::new(node, config.timeouts) {
            Ok(mut endpoint) => {
                if let Err(failure) = ask(&mut endpoint, &config, signed.as_ref(), &mut report).await {
                    report.problem = Some(failure.to_string());
                }
            }
            Err(error) => report.problem = Some(error.to_string()),
        }
        report
    }))
    .await
}

/// Fills in the report up to the first question that is not answered.
async fn ask(
    endpoint: &mut Endpoint,
    config: &Config,
    signed: Option<&SignedSkip>,
    report: &mut NodeReport,
) -> Result<(), Failure> {
    let since = Instant::now();
    endpoint.open().await?;
    report.chain_id = Some(endpoint.chain_id(endpoint.patience()).await?);
    report.latency = Some(since.elapsed());
    let client = endpoint.ask::<String>(("web3_clientVersion", json!([]))).await;
    report.client = client.ok().map(|client| capped(&client));
    let age = |block: &Block| unix_now().saturating_sub(Duration::from_secs(block.timestamp));
    report.latest = endpoint.tagged("latest", endpoint.patience()).await?;
    report.latest_age = report.latest.as_ref().map(age);
    report.finalized = endpoint.tagged("finalized", endpoint.patience()).await?;
    report.finalized_age = report.finalized.as_ref().map(age);
    let expected = Expected::of(config);
    let (protocol, module) = (expected.protocol, expected.guardian_module);
    let (has_protocol, has_module) = futures::future::try_join(
        endpoint.has_code(protocol, At::Latest),
        endpoint.has_code(module, At::Latest),
    )
    .await?;
    report.protocol_deployed = Some(has_protocol);
    report.guardian_module_deployed = Some(has_module);
    if let Some(contract) = expected.exit_proposals {
        report.exits_proposed =
            Some(match endpoint.call(contract, &proposalCountCall {}, At::Latest).await {
                Ok(count) => u64::try_from(count).map_err(|_| format!("proposalCount answers {count}")),
                Err(failure) if failure.is_of_the_node() => return Err(failure),
                Err(Failure::NoContract(words)) => Err(words),
                Err(failure) => Err(failure.to_string()),
            });
    }
    if has_protocol && has_module {
        let answered = profile(endpoint, protocol, module, signed).await?;
        let fits = answered.fits();
        report.profile = Some(answered);
        if let Some(finalized) = report.finalized.filter(|_| fits) {
            report.contracts = Some(super::state::parameters(endpoint, module, protocol, finalized).await?);
            // A definition may name a block that is not final yet.
            let first = config.deployed.min(finalized.number);
            let logs = super::logs::read(endpoint, &expected, first, first).await;
            report.old_logs = Some(logs.map(drop).map_err(|failure| failure.to_string()));
        }
    }
    Ok(())
}

async fn profile(
    endpoint: &Endpoint,
    protocol: Address,
    module: Address,
    signed: Option<&SignedSkip>,
) -> Result<ProfileReport, Failure> {
    let mut report = ProfileReport::default();
    let no_module = B256::ZERO;
    let probe = Probe { endpoint, contract: protocol, name: "PufferProtocol" };
    let _ = probe.reads(&P::getModuleWeightsCall {}, &mut report).await?;
    let _ = probe.reads(&P::getPendingValidatorIndexCall { moduleName: no_module }, &mut report).await?;
    let _ = probe.reads(&P::getNodeInfoCall { node: module }, &mut report).await?;
    let _ = probe.reads(&P::getMinimumVtAmountCall {}, &mut report).await?;
    let _ = probe.reads(&P::getVTPenaltyCall {}, &mut report).await?;
    let info = P::getValidatorInfoCall { moduleName: no_module, pufferModuleIndex: U256::ZERO };
    let _ = probe.reads(&info, &mut report).await?;

    let probe = Probe { endpoint, contract: module, name: "GuardianModule" };
    let _ = probe.reads(&G::getGuardiansEnclaveAddressesCall {}, &mut report).await?;
    let _ = probe.reads(&G::getThresholdCall {}, &mut report).await?;
    let _ = probe.reads(&G::getEjectionThresholdCall {}, &mut report).await?;
    let guardians = probe.reads(&G::getGuardiansCall {}, &mut report).await?;
    // One empty slot for each guardian: nobody signed. Fewer slots would be a panic of the contract's own.
    let signatures = vec![Bytes::new(); guardians.map_or(0, |guardians| guardians.len())];
    let skip = |module: B256, index: u64, signatures: Vec<Bytes>| G::validateSkipProvisioningCall {
        moduleName: module,
        skippedIndex: U256::from(index),
        signatures,
    };
    probe.refuses(&skip(no_module, 0, signatures.clone()), &mut report).await?;
    let provision = G::validateProvisionNodeCall {
        pufferModuleIndex: U256::ZERO,
        pubKey: vec![0; 48].into(),
        signature: vec![0; 96].into(),
        withdrawalCredentials: vec![0; 32].into(),
        depositDataRoot: B256::ZERO,
        signatures: signatures.clone(),
    };
    probe.refuses(&provision, &mut report).await?;
    let batch = G::validateBatchWithdrawalsCall { infos: Vec::new(), signatures: signatures.clone() };
    probe.refuses(&batch, &mut report).await?;
    let total =
        G::validateTotalNumberOfValidatorsCall { newNumber: U256::ZERO, epochNumber: U256::ZERO, signatures };
    probe.refuses(&total, &mut report).await?;
    if let Some(signed) = signed {
        let signatures = signed.signatures.iter().cloned().map(Bytes::from).collect();
        let call = skip(B256::from(signed.module.0), signed.index, signatures);
        report.accepted = match probe.call(&call).await {
            Ok(_) => Some(true),
            Err(Failure::Reverted(_)) => Some(false),
            Err(failure) => return Err(failure),
        };
    }
    Ok(report)
}

/// One contract through one node.
struct Probe<'a> {
    endpoint: &'a Endpoint,
    contract: Address,
    name: &'static str,
}

impl Probe<'_> {
    async fn call<C: SolCall>(&self, call: &C) -> Result<Bytes, Failure> {
        let input = Bytes::from(call.abi_encode());
        self.endpoint.ask(("eth_call", json!([{ "to": self.contract, "input": input }, "latest"]))).await
    }

    /// A view that answers whatever it is asked.
    async fn reads<C: SolCall>(
        &self,
        call: &C,
        report: &mut ProfileReport,
    ) -> Result<Option<C::Return>, Failure> {
        match self.call(call).await {
            Ok(data) => match C::abi_decode_returns(&data) {
                Ok(answer) => return Ok(Some(answer)),
                // A fallback function that does nothing.
                Err(_) if data.is_empty() => report.missing.push(self.title::<C>()),
                Err(error) => report.unexpected.push(format!("{}: {error}", self.title::<C>())),
            },
            Err(Failure::Reverted(data)) if data.is_empty() => report.missing.push(self.title::<C>()),
            Err(Failure::Reverted(data)) => self.unexpected::<C>(&data, report),
            Err(failure) => return Err(failure),
        }
        Ok(None)
    }

    /// A check of signatures, given none: it must say `Unauthorized()`.
    async fn refuses<C: SolCall>(&self, call: &C, report: &mut ProfileReport) -> Result<(), Failure> {
        match self.call(call).await {
            Ok(_) => report.unexpected.push(format!("{} is content without signatures", self.title::<C>())),
            Err(Failure::Reverted(data)) if data.is_empty() => report.missing.push(self.title::<C>()),
            Err(Failure::Reverted(data)) if data[..] == G::Unauthorized::SELECTOR => {}
            Err(Failure::Reverted(data)) => self.unexpected::<C>(&data, report),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn unexpected<C: SolCall>(&self, data: &Bytes, report: &mut ProfileReport) {
        let data = data.slice(..data.len().min(36));
        report.unexpected.push(format!("{} reverts with {data}", self.title::<C>()));
    }

    /// Such as `GuardianModule.validateSkipProvisioning 0xd4feed01`.
    fn title<C: SolCall>(&self) -> String {
        let name = C::SIGNATURE.split('(').next().unwrap_or_default();
        format!("{}.{name} {}", self.name, Bytes::from(C::SELECTOR))
    }
}

#[cfg(test)]
mod tests;
