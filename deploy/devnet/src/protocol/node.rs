//! Sends signed transactions to one execution node and waits for them; reads contracts. Asks little of the node:
//! `eth_chainId`, `eth_gasPrice`, `eth_getTransactionCount`, `eth_sendRawTransaction`, `eth_getTransactionReceipt`,
//! `eth_call`.

use super::account::Account;
use crate::Error;
use alloy::consensus::{SignableTransaction, TxLegacy};
use alloy::eips::Encodable2718;
use alloy::network::{Ethereum, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::SignerSync;
use alloy::sol_types::{Panic, SolCall, SolError, SolInterface};
use alloy::transports::TransportError;
use futures::{StreamExt, TryStreamExt};
use std::time::Duration;

/// Longest wait for a transaction to be in a block.
const RECEIPT_LIMIT: Duration = Duration::from_secs(120);

/// How often a receipt is asked for.
const RECEIPT_POLL: Duration = Duration::from_millis(20);

/// Transactions sent before the first of them is waited for.
const WINDOW: usize = 512;

/// Receipts asked for at once.
const RECEIPTS_AT_ONCE: usize = 16;

/// A client of one node.
pub(super) struct Node {
    provider: RootProvider<Ethereum>,
    chain_id: u64,
    gas_price: u128,
}

/// A call to be sent as a transaction.
pub(super) struct Call {
    /// Its name, for errors.
    pub(super) name: &'static str,
    /// The contract, or none to deploy one.
    pub(super) to: Option<Address>,
    /// Selector and arguments, or the code.
    pub(super) input: Bytes,
    /// Gas beyond what the input itself costs.
    pub(super) gas: u64,
}

impl Call {
    /// `call` to the contract at `to`.
    pub(super) fn new<C: SolCall>(to: Address, call: &C, gas: u64) -> Self {
        Self { name: C::SIGNATURE, to: Some(to), input: call.abi_encode().into(), gas }
    }
}

impl Node {
    /// # Errors
    /// [`Error::Execution`] when the URL is none or the node does not answer.
    pub(super) async fn connect(url: &str) -> Result<Self, Error> {
        let parsed = url.parse().map_err(|cause| failed("reading its URL", cause))?;
        // The HTTP client wants a TLS provider even where all is plain; an error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let provider = RootProvider::new_http(parsed);
        let chain_id = provider.get_chain_id().await.map_err(|cause| failed("eth_chainId", cause))?;
        let price = provider.get_gas_price().await.map_err(|cause| failed("eth_gasPrice", cause))?;
        // Ten times the price of now: twenty full blocks in a row do not outbid it.
        Ok(Self { provider, chain_id, gas_price: price.saturating_mul(10) })
    }

    pub(super) fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The number of an account's next transaction.
    ///
    /// # Errors
    /// [`Error::Execution`] when the node fails.
    pub(super) async fn nonce(&self, account: Account) -> Result<u64, Error> {
        let count = self.provider.get_transaction_count(account.signer().address()).await;
        count.map_err(|cause| failed("eth_getTransactionCount", cause))
    }

    /// Sends one transaction and waits until it is in a block.
    ///
    /// # Errors
    /// [`Error::Refused`] when it reverted, [`Error::Execution`] when the node fails.
    pub(super) async fn execute(&self, from: Account, call: Call) -> Result<TransactionReceipt, Error> {
        let mut receipts = self.execute_all(from, [call]).await?;
        receipts.pop().ok_or_else(|| failed("eth_getTransactionReceipt", "no receipt"))
    }

    /// Sends transactions one after the other without waiting for each, and waits for all. Do not use an account twice
    /// at the same time.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), for the first that went wrong; what was sent after it stays sent.
    pub(super) async fn execute_all(
        &self,
        from: Account,
        calls: impl IntoIterator<Item = Call>,
    ) -> Result<Vec<TransactionReceipt>, Error> {
        let mut nonce = self.nonce(from).await?;
        let mut receipts = Vec::new();
        let mut calls = calls.into_iter();
        loop {
            let mut sent = Vec::new();
            for call in calls.by_ref().take(WINDOW) {
                let hash = self.send(from, nonce, &call).await?;
                nonce += 1;
                sent.push((hash, call));
            }
            if sent.is_empty() {
                return Ok(receipts);
            }
            let waits = sent.into_iter().map(|(hash, call)| self.finished(from, hash, call));
            let window: Vec<_> =
                futures::stream::iter(waits).buffered(RECEIPTS_AT_ONCE).try_collect().await?;
            receipts.extend(window);
        }
    }

    /// Calls a view at the head.
    ///
    /// # Errors
    /// [`Error::Refused`] when it reverted, [`Error::Execution`] when the node fails or answers something else.
    pub(super) async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        let answer = self.provider.call(request).await.map_err(|cause| refused(C::SIGNATURE, &cause))?;
        C::abi_decode_returns(&answer).map_err(|cause| failed(C::SIGNATURE, cause))
    }

    async fn send(&self, from: Account, nonce: u64, call: &Call) -> Result<B256, Error> {
        // 40 gas a byte at most: the floor of EIP-7623 for bytes that are not zero.
        let input_gas = 40 * call.input.len() as u64;
        let transaction = TxLegacy {
            chain_id: Some(self.chain_id),
            nonce,
            gas_price: self.gas_price,
            gas_limit: call.gas.saturating_add(input_gas),
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: U256::ZERO,
            input: call.input.clone(),
        };
        let signature = from
            .signer()
            .sign_hash_sync(&transaction.signature_hash())
            .map_err(|cause| failed("signing", cause))?;
        let raw = transaction.into_signed(signature).encoded_2718();
        let pending = self.provider.send_raw_transaction(&raw).await;
        pending.map(|pending| *pending.tx_hash()).map_err(|cause| failed(call.name, cause))
    }

    async fn finished(&self, from: Account, hash: B256, call: Call) -> Result<TransactionReceipt, Error> {
        let receipt = tokio::time::timeout(RECEIPT_LIMIT, self.receipt(hash))
            .await
            .map_err(|_| failed(call.name, format!("not in a block after {RECEIPT_LIMIT:?}")))??;
        if receipt.status() {
            return Ok(receipt);
        }
        // A receipt says only that it reverted; the same call at the head says why.
        let mut request =
            TransactionRequest::default().with_from(from.signer().address()).with_input(call.input);
        request.to = call.to.map(TxKind::Call);
        Err(match self.provider.call(request).await {
            Err(cause) => refused(call.name, &cause),
            Ok(_) => Error::Refused { call: call.name, reason: "out of gas, or no longer".into() },
        })
    }

    async fn receipt(&self, hash: B256) -> Result<TransactionReceipt, Error> {
        loop {
            let receipt = self.provider.get_transaction_receipt(hash).await;
            if let Some(receipt) = receipt.map_err(|cause| failed("eth_getTransactionReceipt", cause))? {
                return Ok(receipt);
            }
            tokio::time::sleep(RECEIPT_POLL).await;
        }
    }
}

pub(super) fn failed(doing: &str, problem: impl std::fmt::Display) -> Error {
    Error::Execution { doing: doing.into(), problem: problem.to_string() }
}

/// A revert with its error by name, where the contracts have it; anything else is the node's failure.
fn refused(call: &'static str, cause: &TransportError) -> Error {
    use super::abi::{
        ExitProposals::ExitProposalsErrors, GuardianModule::GuardianModuleErrors,
        ValidatorRegistry::ValidatorRegistryErrors,
    };
    let Some(data) = cause.as_error_resp().and_then(|payload| payload.as_revert_data()) else {
        return failed(call, cause);
    };
    let reason = ValidatorRegistryErrors::abi_decode(&data)
        .map(|error| format!("{error:?}"))
        .or_else(|_| GuardianModuleErrors::abi_decode(&data).map(|error| format!("{error:?}")))
        .or_else(|_| ExitProposalsErrors::abi_decode(&data).map(|error| format!("{error:?}")))
        .or_else(|_| Panic::abi_decode(&data).map(|panic| format!("Panic({:#04x})", panic.code)))
        .unwrap_or_else(|_| format!("revert with {data}"));
    Error::Refused { call, reason }
}
