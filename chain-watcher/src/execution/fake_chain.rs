//! A chain with the contracts on it for tests, as far as the watcher asks: logs, transactions, and what functions
//! answer at each block. Hashes follow from numbers and a fork.

use super::contracts::ExitProposals as E;
use super::contracts::GuardianModule as G;
use super::contracts::PufferProtocol as P;
use super::contracts::{NodeAccount, Permit, Validator, ValidatorKeyData};
use alloy::consensus::{SignableTransaction, TxEnvelope, TxLegacy, transaction::Recovered};
use alloy::primitives::{Address, B256, Bytes, LogData, Signature, TxKind, U256, keccak256};
use alloy::rpc::types::Transaction;
use alloy::sol_types::{SolCall, SolEvent, SolInterface, SolValue};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const PROTOCOL: Address = Address::repeat_byte(0xa1);
pub(crate) const MODULE: Address = Address::repeat_byte(0xb2);
pub(crate) const EXITS: Address = Address::repeat_byte(0xc3);
pub(crate) const CHAIN_ID: u64 = 3151;

/// A module's name.
pub(crate) fn module(name: &str) -> B256 {
    let mut bytes = [0; 32];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    B256::from(bytes)
}

/// An operator's account.
pub(crate) fn operator(n: u8) -> Address {
    Address::repeat_byte(n)
}

/// The call that registers `key` with four shares.
pub(crate) fn register(key: u64, module: B256) -> P::registerValidatorKeyCall {
    let permit = Permit { deadline: U256::ZERO, amount: U256::ZERO, v: 0, r: B256::ZERO, s: B256::ZERO };
    P::registerValidatorKeyCall {
        data: ValidatorKeyData {
            blsPubKey: pubkey(key),
            signature: vec![key as u8; 96].into(),
            depositDataRoot: B256::repeat_byte(key as u8),
            blsEncryptedPrivKeyShares: (0..4)
                .map(|n| Bytes::from(vec![(key as u8).wrapping_add(n); 129]))
                .collect(),
            blsPubKeySet: vec![key as u8; 3 * 48].into(),
            raveEvidence: Bytes::new(),
        },
        moduleName: module,
        pufETHPermit: permit.clone(),
        vtPermit: permit,
    }
}

/// The validator key with a number.
pub(crate) fn pubkey(key: u64) -> Bytes {
    let mut bytes = [0x77; 48];
    bytes[..8].copy_from_slice(&key.to_be_bytes());
    bytes.to_vec().into()
}

/// A proposal with a number, sound in everything else.
pub(crate) fn proposal(number: u64) -> E::ExitProposed {
    E::ExitProposed {
        number: U256::from(number),
        proposer: operator(7),
        network: B256::repeat_byte(0xee),
        severity: 1,
        expires: 1_800_000_000,
        validators: vec![1, 2],
        reason: "key stolen".to_owned(),
    }
}

#[derive(Clone)]
pub(crate) struct FakeLog {
    pub(crate) contract: Address,
    pub(crate) block: u64,
    pub(crate) index: u64,
    pub(crate) transaction: B256,
    pub(crate) data: LogData,
    /// Module and operator, if it is a registration.
    pub(crate) registration: Option<(B256, Address)>,
}

#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) head: u64,
    pub(crate) finalized: Option<u64>,
    /// From this block on, hashes are salted with the second number.
    pub(crate) fork: (u64, u8),
    pub(crate) logs: Vec<FakeLog>,
    pub(crate) transactions: BTreeMap<B256, Value>,
    pub(crate) infos: BTreeMap<Address, (u64, u64, u128)>,
    /// Registrations of which the contract has forgotten the operator.
    pub(crate) settled: Vec<(B256, u64)>,
    pub(crate) guardians: Vec<Address>,
    /// Block that the exit proposals contract is deployed in.
    pub(crate) exits_deployed: u64,
}

impl Chain {
    pub(crate) fn new(head: u64, finalized: u64) -> Self {
        Self {
            head,
            finalized: Some(finalized),
            fork: (u64::MAX, 0),
            logs: Vec::new(),
            transactions: BTreeMap::new(),
            infos: BTreeMap::new(),
            settled: Vec::new(),
            guardians: (1..=4).map(operator).collect(),
            exits_deployed: 0,
        }
    }

    pub(crate) fn hash(&self, number: u64) -> B256 {
        let salt = if number >= self.fork.0 { self.fork.1 } else { 0 };
        keccak256([&number.to_be_bytes()[..], &[salt]].concat())
    }

    pub(crate) fn time(number: u64) -> u64 {
        1_700_000_000 + 12 * number
    }

    pub(crate) fn header(&self, number: u64) -> Value {
        json!({
            "number": format!("{number:#x}"), "hash": self.hash(number),
            "timestamp": format!("{:#x}", Self::time(number)), "transactions": [], "extraData": "0x",
        })
    }

    /// Registers `key` by a call of its own.
    pub(crate) fn register(&mut self, block: u64, module: B256, key: u64, operator: Address) {
        let call = register(key, module);
        self.register_with(block, module, &[key], operator, call.abi_encode().into());
    }

    /// Registers `keys` in one transaction with this input.
    pub(crate) fn register_with(
        &mut self,
        block: u64,
        module: B256,
        keys: &[u64],
        operator: Address,
        input: Bytes,
    ) -> B256 {
        let nonce = self.transactions.len() as u64;
        let transaction = TxLegacy {
            chain_id: Some(CHAIN_ID),
            nonce,
            gas_price: 1,
            gas_limit: 1_000_000,
            to: TxKind::Call(PROTOCOL),
            value: U256::ZERO,
            input,
        };
        let envelope = TxEnvelope::from(transaction.into_signed(Signature::test_signature()));
        let hash = *envelope.tx_hash();
        let transaction = Transaction {
            inner: Recovered::new_unchecked(envelope, operator),
            block_hash: Some(self.hash(block)),
            block_number: Some(block),
            transaction_index: Some(0),
            effective_gas_price: None,
            block_timestamp: None,
        };
        self.transactions.insert(hash, serde_json::to_value(transaction).unwrap());
        for key in keys {
            let index = self.count(module, u64::MAX);
            let event = P::ValidatorKeyRegistered {
                pubKey: pubkey(*key),
                pufferModuleIndex: U256::from(index),
                moduleName: module,
                usingEnclave: false,
            };
            self.log(PROTOCOL, block, hash, event.encode_log_data(), Some((module, operator)));
        }
        hash
    }

    pub(crate) fn emit(&mut self, block: u64, event: &impl SolEvent) {
        self.log(PROTOCOL, block, B256::repeat_byte(9), event.encode_log_data(), None);
    }

    /// Proposes exits of validators 1 and 2, with the next number.
    pub(crate) fn propose(&mut self, block: u64) {
        let number = self.proposed(u64::MAX);
        self.propose_with(block, &proposal(number));
    }

    /// Proposes exits by any event.
    pub(crate) fn propose_with(&mut self, block: u64, event: &E::ExitProposed) {
        self.exits(block, event.encode_log_data());
    }

    /// The exit proposals contract logs anything.
    pub(crate) fn exits(&mut self, block: u64, data: LogData) {
        self.log(EXITS, block, B256::repeat_byte(8), data, None);
    }

    fn log(
        &mut self,
        contract: Address,
        block: u64,
        transaction: B256,
        data: LogData,
        registration: Option<(B256, Address)>,
    ) {
        let index = self.logs.iter().filter(|log| log.block == block).count() as u64;
        self.logs.push(FakeLog { contract, block, index, transaction, data, registration });
    }

    /// Proposals of exits up to a block.
    pub(crate) fn proposed(&self, at: u64) -> u64 {
        let is_one = |log: &&FakeLog| {
            log.block <= at && log.data.topics().first() == Some(&E::ExitProposed::SIGNATURE_HASH)
        };
        self.logs.iter().filter(is_one).count() as u64
    }

    /// Registrations of a module up to a block.
    pub(crate) fn count(&self, module: B256, at: u64) -> u64 {
        let registrations = self.logs.iter().filter(|log| log.block <= at);
        registrations.filter(|log| log.registration.is_some_and(|(name, _)| name == module)).count() as u64
    }

    pub(crate) fn log_json(&self, log: &FakeLog, timestamp: bool) -> Value {
        let mut json = json!({
            "address": log.contract, "topics": log.data.topics(), "data": log.data.data,
            "blockNumber": format!("{:#x}", log.block), "blockHash": self.hash(log.block),
            "transactionHash": log.transaction, "transactionIndex": "0x0",
            "logIndex": format!("{:#x}", log.index), "removed": false,
        });
        if timestamp {
            json["blockTimestamp"] = json!(format!("{:#x}", Self::time(log.block)));
        }
        json
    }

    /// What a call answers at a block; None when there is no such function.
    pub(crate) fn call(&self, to: Address, input: &[u8], at: u64) -> Option<Result<Bytes, Bytes>> {
        if to == MODULE {
            return self.call_module(input);
        }
        if to == EXITS {
            let E::ExitProposalsCalls::proposalCount(_) = E::ExitProposalsCalls::abi_decode(input).ok()?;
            let is_deployed = at >= self.exits_deployed;
            let answer = if is_deployed { U256::from(self.proposed(at)).abi_encode() } else { Vec::new() };
            return Some(Ok(answer.into()));
        }
        let answer = match P::PufferProtocolCalls::abi_decode(input).ok()? {
            P::PufferProtocolCalls::getPendingValidatorIndex(call) => {
                U256::from(self.count(call.moduleName, at)).abi_encode()
            }
            P::PufferProtocolCalls::getModuleWeights(_) => {
                let mut modules: Vec<B256> = Vec::new();
                for (module, _) in self.logs.iter().filter_map(|log| log.registration) {
                    if !modules.contains(&module) {
                        modules.push(module);
                    }
                }
                modules.abi_encode()
            }
            P::PufferProtocolCalls::getModuleAddress(call) => {
                Address::from_slice(&call.moduleName[..20]).abi_encode()
            }
            P::PufferProtocolCalls::getWithdrawalCredentials(call) => {
                Bytes::from(call.module.into_word().to_vec()).abi_encode()
            }
            P::PufferProtocolCalls::getValidatorInfo(call) => {
                let index: u64 = call.pufferModuleIndex.to();
                let of_module = self.logs.iter().filter_map(|log| log.registration);
                let mut of_module = of_module.filter(|(module, _)| *module == call.moduleName);
                let node = match of_module.nth(index as usize) {
                    Some((module, node)) if !self.settled.contains(&(module, index)) => node,
                    _ => Address::ZERO,
                };
                let validator = Validator {
                    node,
                    bond: alloy::primitives::Uint::ZERO,
                    module: Address::ZERO,
                    status: 1,
                    pubKey: Bytes::new(),
                };
                validator.abi_encode()
            }
            P::PufferProtocolCalls::getNodeInfo(call) => {
                let (active, pending, tickets) = self.infos.get(&call.node).copied().unwrap_or_default();
                let account = NodeAccount {
                    activeValidatorCount: active,
                    pendingValidatorCount: pending,
                    vtBalance: alloy::primitives::Uint::from(tickets),
                };
                account.abi_encode()
            }
            P::PufferProtocolCalls::getMinimumVtAmount(_) => {
                U256::from(28_u128 * 10_u128.pow(18)).abi_encode()
            }
            P::PufferProtocolCalls::getVTPenalty(_) => U256::from(10_u128 * 10_u128.pow(18)).abi_encode(),
            P::PufferProtocolCalls::registerValidatorKey(_) => return None,
        };
        Some(Ok(answer.into()))
    }

    fn call_module(&self, input: &[u8]) -> Option<Result<Bytes, Bytes>> {
        let signed = |signatures: &[Bytes]| {
            if signatures.iter().filter(|signature| signature.len() == 65).count() >= 3 {
                Ok(Bytes::new())
            } else {
                Err(Bytes::from(alloy::sol_types::SolError::abi_encode(&G::Unauthorized {})))
            }
        };
        let answer = match G::GuardianModuleCalls::abi_decode(input).ok()? {
            G::GuardianModuleCalls::getGuardians(_) => self.guardians.abi_encode(),
            G::GuardianModuleCalls::getGuardiansEnclaveAddresses(_) => {
                let enclaves: Vec<_> = (0x11..=0x14).map(operator).collect();
                enclaves.abi_encode()
            }
            G::GuardianModuleCalls::getThreshold(_) => U256::from(3).abi_encode(),
            G::GuardianModuleCalls::getEjectionThreshold(_) => {
                U256::from(31_750_000_000_000_000_000_u128).abi_encode()
            }
            G::GuardianModuleCalls::validateSkipProvisioning(call) => return Some(signed(&call.signatures)),
            G::GuardianModuleCalls::validateProvisionNode(call) => return Some(signed(&call.signatures)),
            G::GuardianModuleCalls::validateBatchWithdrawals(call) => return Some(signed(&call.signatures)),
            G::GuardianModuleCalls::validateTotalNumberOfValidators(call) => {
                return Some(signed(&call.signatures));
            }
        };
        Some(Ok(answer.into()))
    }
}
