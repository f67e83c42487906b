//! Exits that somebody asks the guardians for, through our `ExitProposals`: whom its owner allows, what they propose and
//! take back.

use super::abi::ExitProposals;
use super::node::{Call, failed};
use super::{Account, Protocol, SMALL_GAS, block_of, to_alloy};
use crate::Error;
use alloy::sol_types::SolEvent;
use crypto::execution::{Address, BlockNumber};
use crypto::spec::ValidatorIndex;

/// For each validator of a proposal: read, compared, logged.
const INDEX_GAS: u64 = 1_000;

/// What is asked for. All public, so that a test can spoil anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitRequest {
    /// Which network's guardians are asked: the id of their definition.
    pub network: [u8; 32],
    /// The validators, strictly ascending, 1 to 1024.
    pub validators: Vec<ValidatorIndex>,
    /// 0 is normal, 1 is urgent.
    pub severity: u8,
    /// Until when, Unix seconds by the chain's clock; at most 30 days ahead.
    pub expires: u64,
    /// Why: 1 to 280 bytes.
    pub reason: String,
}

impl ExitRequest {
    /// The call that asks for it, to be made by an account or by a contract.
    pub fn call(&self) -> ExitProposals::proposeExitCall {
        ExitProposals::proposeExitCall {
            network: self.network.into(),
            validators: self.validators.iter().map(|index| index.0).collect(),
            severity: self.severity,
            expires: self.expires,
            reason: self.reason.clone(),
        }
    }

    /// Gas that [`call`](Self::call) takes beyond what its input costs.
    pub fn gas(&self) -> u64 {
        let bytes = self.reason.len() as u64;
        SMALL_GAS + self.validators.len() as u64 * INDEX_GAS + bytes * 100
    }
}

/// A proposal that is in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitProposed {
    /// Its number.
    pub number: u64,
    /// Its block.
    pub block: BlockNumber,
}

impl Protocol {
    /// Allows an account or a contract to propose exits.
    ///
    /// # Errors
    /// [`Error::Execution`] when the node fails.
    pub async fn allow_proposer(&self, proposer: Address) -> Result<BlockNumber, Error> {
        self.set_proposer(proposer, true).await
    }

    /// Allows it no longer.
    ///
    /// # Errors
    /// [`Error::Execution`] when the node fails.
    pub async fn disallow_proposer(&self, proposer: Address) -> Result<BlockNumber, Error> {
        self.set_proposer(proposer, false).await
    }

    async fn set_proposer(&self, proposer: Address, allowed: bool) -> Result<BlockNumber, Error> {
        let call = ExitProposals::setProposerCall { proposer: to_alloy(proposer), allowed };
        self.own(self.addresses.exit_proposals, &call, SMALL_GAS).await
    }

    /// Asks the guardians for exits.
    ///
    /// # Errors
    /// [`Error::Refused`] when `from` is no proposer or the contract does not take what is asked;
    /// [`Error::Execution`] when the node fails.
    pub async fn propose_exits(&self, from: Account, request: &ExitRequest) -> Result<ExitProposed, Error> {
        let call = Call::new(to_alloy(self.addresses.exit_proposals), &request.call(), request.gas());
        let receipt = self.node.execute(from, call).await?;
        let event = receipt
            .logs()
            .iter()
            .find_map(|log| ExitProposals::ExitProposed::decode_log(&log.inner).ok())
            .ok_or_else(|| failed("proposeExit", "no ExitProposed in the receipt"))?;
        let number = u64::try_from(event.number).map_err(|cause| failed("ExitProposed", cause))?;
        Ok(ExitProposed { number, block: block_of(&receipt)? })
    }

    /// Takes a proposal back.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is no such proposal, it was taken back already, or `from` is neither its proposer
    /// nor the owner; [`Error::Execution`] when the node fails.
    pub async fn cancel_exit(&self, from: Account, number: u64) -> Result<BlockNumber, Error> {
        let call = ExitProposals::cancelExitCall { number: alloy::primitives::U256::from(number) };
        self.transact(from, self.addresses.exit_proposals, &call, SMALL_GAS).await
    }
}
