//! Runs transactions and calls in the EVM, by the rules of Prague.

use super::state::{Database, State};
use alloy::consensus::{Header, Transaction, TxEnvelope};
use alloy::primitives::{Address, B256, TxKind, U256};
use alloy::rpc::types::TransactionRequest;
use revm::context::result::{ExecResultAndState, ExecutionResult, InvalidTransaction};
use revm::context::{BlockEnv, Context, TxEnv};
use revm::context_interface::result::EVMError;
use revm::database_interface::WrapDatabaseRef;
use revm::primitives::hardfork::SpecId;
use revm::state::EvmState;
use revm::{ExecuteEvm, MainBuilder, MainContext};

/// The rules in force.
const RULES: SpecId = SpecId::PRAGUE;

/// Where something runs: on top of which accounts, in a block like which.
pub(super) struct Place<'a> {
    /// EIP-155 chain id.
    pub(super) chain_id: u64,
    /// Number, time, limit and fee of the block.
    pub(super) header: &'a Header,
    /// The accounts before.
    pub(super) state: &'a State,
    /// See [`Database::hash_of`].
    pub(super) hash_of: &'a dyn Fn(u64) -> B256,
}

/// What ran, and what it changed.
pub(super) type Ran = ExecResultAndState<ExecutionResult, EvmState>;

/// Why something could not run at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) String);

impl Place<'_> {
    /// Runs a signed transaction of `sender`.
    pub(super) fn transact(&self, sender: Address, tx: &TxEnvelope) -> Result<Ran, Refused> {
        let env = TxEnv {
            tx_type: tx.tx_type() as u8,
            caller: sender,
            gas_limit: tx.gas_limit(),
            gas_price: tx.max_fee_per_gas(),
            kind: tx.kind(),
            value: tx.value(),
            data: tx.input().clone(),
            nonce: tx.nonce(),
            chain_id: tx.chain_id(),
            access_list: tx.access_list().cloned().unwrap_or_default(),
            gas_priority_fee: tx.max_priority_fee_per_gas(),
            ..TxEnv::default()
        };
        self.run(env, self.block(), false)
    }

    /// Runs an unsigned call. Whoever pays no gas needs no ether for it.
    pub(super) fn call(&self, request: &TransactionRequest, gas: Option<u64>) -> Result<Ran, Refused> {
        let price = request.max_fee_per_gas.or(request.gas_price).unwrap_or(0);
        let limit = self.header.gas_limit;
        let env = TxEnv {
            caller: request.from.unwrap_or_default(),
            gas_limit: gas.or(request.gas).unwrap_or(limit).min(limit),
            gas_price: price,
            kind: request.to.unwrap_or(TxKind::Create),
            value: request.value.unwrap_or_default(),
            data: request.input.input().cloned().unwrap_or_default(),
            chain_id: Some(self.chain_id),
            access_list: request.access_list.clone().unwrap_or_default(),
            ..TxEnv::default()
        };
        let block = self.block();
        let basefee = if price == 0 { 0 } else { block.basefee };
        self.run(env, BlockEnv { basefee, ..block }, true)
    }

    fn block(&self) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.header.number),
            beneficiary: self.header.beneficiary,
            timestamp: U256::from(self.header.timestamp),
            gas_limit: self.header.gas_limit,
            basefee: self.header.base_fee_per_gas.unwrap_or(0),
            prevrandao: Some(self.header.mix_hash),
            ..BlockEnv::default()
        }
    }

    fn run(&self, tx: TxEnv, block: BlockEnv, any_nonce: bool) -> Result<Ran, Refused> {
        let database = Database { state: self.state, hash_of: self.hash_of };
        let context = Context::mainnet()
            .with_db(WrapDatabaseRef(database))
            .with_block(block)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(RULES);
                cfg.chain_id = self.chain_id;
                cfg.disable_nonce_check = any_nonce;
            });
        context.build_mainnet().transact(tx).map_err(|error| match error {
            EVMError::Transaction(problem) => Refused(words(&problem)),
            other => Refused(other.to_string()),
        })
    }
}

/// Clients know these by the words of geth.
fn words(problem: &InvalidTransaction) -> String {
    match problem {
        InvalidTransaction::NonceTooLow { tx, state } => {
            format!("nonce too low: next nonce {state}, tx nonce {tx}")
        }
        InvalidTransaction::NonceTooHigh { tx, state } => {
            format!("nonce too high: next nonce {state}, tx nonce {tx}")
        }
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
            format!("insufficient funds for gas * price + value: have {balance}, want {fee}")
        }
        InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
            format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}")
        }
        InvalidTransaction::GasPriceLessThanBasefee => "max fee per gas less than block base fee".into(),
        other => other.to_string(),
    }
}
