//! The protocol's contracts on the command line.

use anyhow::bail;
use chain_watcher::NodeConfig;
use chain_watcher::execution::{Config, check};
use crypto::execution::{Address, BlockNumber};
use guardian_core::contracts::{Contracts, Profile};
use std::time::Duration;
use url::Url;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Contracts")]
pub(super) struct ContractFlags {
    /// The protocol's contract (PufferProtocol): registrations and tickets. Without it the network acts on none
    #[arg(long, value_name = "ADDRESS", requires_all = ["guardian_module", "deployed_at_block"])]
    protocol: Option<Address>,
    /// The contract that says who the guardians are (GuardianModule)
    #[arg(long, value_name = "ADDRESS", requires = "protocol")]
    guardian_module: Option<Address>,
    /// The contract through which authorised accounts may ask for exits (ExitProposals). Without it none is asked for
    #[arg(long, value_name = "ADDRESS", requires = "protocol")]
    exit_proposals: Option<Address>,
    /// The block the older of protocol and guardian module was deployed in; nothing before it is read
    #[arg(long, value_name = "NUMBER", requires = "protocol")]
    deployed_at_block: Option<u64>,
    /// Execution node to read the chain id from
    #[arg(long, value_name = "URL", requires = "protocol", conflicts_with = "execution_chain_id")]
    execution: Option<Url>,
    /// The execution chain's id, instead of --execution
    #[arg(long, value_name = "ID", requires = "protocol")]
    execution_chain_id: Option<u64>,
}

impl ContractFlags {
    /// The contracts, if any are given.
    ///
    /// # Errors
    /// When the chain id is neither given nor can be read.
    pub(super) fn read(&self) -> anyhow::Result<Option<Contracts>> {
        // clap asks for all three or none.
        let (Some(protocol), Some(guardian_module), Some(deployed)) =
            (self.protocol, self.guardian_module, self.deployed_at_block)
        else {
            return Ok(None);
        };
        let chain_id = match (self.execution_chain_id, &self.execution) {
            (Some(id), _) => id,
            (None, Some(url)) => {
                let config = Config {
                    nodes: vec![NodeConfig { name: "execution".to_owned(), url: url.clone() }],
                    // Not known yet; the report says what it is.
                    chain_id: 0,
                    protocol,
                    guardian_module,
                    exit_proposals: self.exit_proposals,
                    deployed: BlockNumber(deployed),
                    timeouts: chain_watcher::Timeouts::default(),
                    poll: Duration::from_secs(12),
                };
                read_chain_id(config)?
            }
            (None, None) => bail!("--protocol needs the chain too: give --execution or --execution-chain-id"),
        };
        Ok(Some(Contracts {
            profile: Profile::V1,
            chain_id,
            protocol,
            guardian_module,
            deployed: BlockNumber(deployed),
            exit_proposals: self.exit_proposals,
        }))
    }
}

/// The chain's id, from a node that also has the contracts.
fn read_chain_id(config: Config) -> anyhow::Result<u64> {
    let (protocol, guardian_module, exit_proposals) =
        (config.protocol, config.guardian_module, config.exit_proposals);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reports = runtime.block_on(check(config));
    let report = reports.first();
    let Some((report, chain_id)) = report.and_then(|report| Some((report, report.chain_id?))) else {
        let problem =
            report.and_then(|report| report.problem.clone()).unwrap_or("it said nothing".to_owned());
        bail!("cannot read the chain id from the execution node: {problem}; is --execution its JSON-RPC?");
    };
    for (flag, address, there) in [
        ("--protocol", protocol, report.protocol_deployed),
        ("--guardian-module", guardian_module, report.guardian_module_deployed),
    ] {
        if there == Some(false) {
            bail!(
                "there is no contract at {flag} {address} on execution chain {chain_id}; check the address and the node"
            );
        }
    }
    if let (Some(address), Some(Err(problem))) = (exit_proposals, &report.exits_proposed) {
        bail!(
            "there is no exit proposals contract at --exit-proposals {address} on execution chain {chain_id}: {problem}; check the address and the node"
        );
    }
    Ok(chain_id)
}
