//! `Proofs`: headers of blocks that were read, and proofs of accounts in their state (EIP-1186). Nobody's word is taken: what
//! does not have the hash that was asked for, or does not hold, is passed over and the next node is asked.

use super::config::Config;
use super::endpoint::Endpoint;
use super::failure::Failure;
use crate::error::Error;
use alloy::primitives::{Address as AlloyAddress, B256, Bytes, keccak256};
use alloy::rlp::Encodable;
use alloy::rpc::types::Header;
use crypto::execution::{Address, BlockHash};
use serde::Deserialize;
use serde_json::json;

/// What is read of an answer to `eth_getProof`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    account_proof: Vec<Bytes>,
}

/// Asks for them, over connections of its own: what is asked here delays nothing that decides.
pub struct Proofs {
    nodes: Vec<Endpoint>,
}

impl Proofs {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Client`].
    pub fn new(config: &Config) -> Result<Self, Error> {
        config.validate()?;
        let nodes: Result<_, Error> =
            config.nodes.iter().map(|node| Endpoint::new(node, config.timeouts)).collect();
        Ok(Self { nodes: nodes? })
    }

    /// The header of a block, in RLP: keccak256 of it is the block's hash.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] when no node gave it, or only in a form that this version cannot hash.
    pub async fn header(&mut self, block: BlockHash) -> Result<Vec<u8>, Error> {
        let mut causes = Vec::new();
        for node in &mut self.nodes {
            match header(node, block).await {
                Ok(header) => return Ok(header),
                Err(failure) => causes.push(format!("execution node `{}` {failure}", node.name())),
            }
        }
        Err(Error::NoAnswer {
            question: format!("the header of execution block {block}"),
            causes: causes.join("; "),
        })
    }

    /// The nodes of the state's tree from the root down to an account, as of a block. `holds` says whether they prove what
    /// they should. Many nodes keep the state of late blocks only.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] when no node gave a proof that holds.
    pub async fn account(
        &mut self,
        account: Address,
        block: BlockHash,
        holds: impl Fn(&[Vec<u8>]) -> bool,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let mut causes = Vec::new();
        for node in &mut self.nodes {
            let failure = match proof(node, account, block).await {
                Ok(nodes) if holds(&nodes) => return Ok(nodes),
                Ok(_) => Failure::malformed("the proof does not hold"),
                Err(failure) => failure,
            };
            causes.push(format!("execution node `{}` {failure}", node.name()));
        }
        let question = format!("a proof of the account {account} in execution block {block}");
        Err(Error::NoAnswer { question, causes: causes.join("; ") })
    }
}

async fn header(node: &mut Endpoint, block: BlockHash) -> Result<Vec<u8>, Failure> {
    node.open().await?;
    let question = ("eth_getBlockByHash", json!([B256::from(block.0), false]));
    let header: Option<Header> = node.ask(question).await?;
    let header = header.ok_or_else(|| Failure::Lacks("no such block".to_owned()))?;
    let mut rlp = Vec::new();
    header.inner.encode(&mut rlp);
    if keccak256(&rlp).0 == block.0 {
        return Ok(rlp);
    }
    // A header with fields that came after this version; or a lie.
    Err(Failure::malformed("its header does not have the hash that was asked for"))
}

async fn proof(node: &mut Endpoint, account: Address, block: BlockHash) -> Result<Vec<Vec<u8>>, Failure> {
    node.open().await?;
    let at = json!({ "blockHash": B256::from(block.0) });
    let question = ("eth_getProof", json!([AlloyAddress::from(account.0), [], at]));
    let proven: Account = node.ask(question).await?;
    Ok(proven.account_proof.into_iter().map(|node| node.to_vec()).collect())
}

#[cfg(test)]
mod tests;
