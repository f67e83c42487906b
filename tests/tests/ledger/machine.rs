//! The compiled contracts in an EVM of their own, without a chain around them.

use alloy::primitives::{Address as AlloyAddress, B256, Bytes, Log, TxKind, U256};
use alloy::sol_types::{SolCall, SolConstructor, SolEvent};
use crypto::execution::{Address, ModuleName, NodeInfo, RegistrationId, Tickets};
use crypto::spec::Epoch;
use devnet::protocol::abi::ValidatorRegistry as Registry;
use devnet::protocol::abi::{GuardianModule, LocalDepositContract};
use revm::context::result::{ExecutionResult, Output};
use revm::context::{Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::{ExecuteCommitEvm, MainBuilder, MainContext};
use std::sync::OnceLock;

/// Owns the contracts.
pub(super) const OWNER: AlloyAddress = AlloyAddress::repeat_byte(0xee);

const GAS: u64 = 15_000_000;

/// The contracts with everything that happened to them. A clone is another future of the same past.
#[derive(Clone)]
pub(super) struct Machine {
    state: CacheDB<EmptyDB>,
    registry: AlloyAddress,
}

impl Machine {
    /// Newly deployed, with two guardians.
    pub(super) fn new() -> Self {
        static NEW: OnceLock<Machine> = OnceLock::new();
        NEW.get_or_init(Self::deploy).clone()
    }

    fn deploy() -> Self {
        let mut machine = Self { state: CacheDB::default(), registry: AlloyAddress::ZERO };
        let module = GuardianModule::constructorCall {
            firstGuardians: vec![AlloyAddress::repeat_byte(0xa0), AlloyAddress::repeat_byte(0xa1)],
            firstThreshold: U256::from(1),
        };
        let guardian_module = machine.create([&GuardianModule::BYTECODE[..], &module.abi_encode()].concat());
        let deposit = machine.create(LocalDepositContract::BYTECODE.to_vec());
        let registry =
            Registry::constructorCall { guardianModule: guardian_module, depositContract: deposit };
        machine.registry = machine.create([&Registry::BYTECODE[..], &registry.abi_encode()].concat());
        machine
    }

    fn create(&mut self, code: Vec<u8>) -> AlloyAddress {
        match self.run(OWNER, TxKind::Create, code.into()) {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => address,
            other => panic!("not deployed: {other:?}"),
        }
    }

    /// Calls the registry; its logs, or None when it reverts, which must not be for lack of gas.
    pub(super) fn call(&mut self, from: AlloyAddress, call: &impl SolCall) -> Option<Vec<Log>> {
        match self.run(from, TxKind::Call(self.registry), call.abi_encode().into()) {
            ExecutionResult::Success { logs, .. } => Some(logs),
            ExecutionResult::Revert { .. } => None,
            halted @ ExecutionResult::Halt { .. } => panic!("{halted:?}"),
        }
    }

    /// A view of the registry.
    pub(super) fn view<C: SolCall>(&self, call: &C) -> C::Return {
        let mut scratch = self.clone();
        match scratch.run(OWNER, TxKind::Call(self.registry), call.abi_encode().into()) {
            ExecutionResult::Success { output, .. } => C::abi_decode_returns(output.data()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn run(&mut self, from: AlloyAddress, kind: TxKind, data: Bytes) -> ExecutionResult {
        let tx = TxEnv { caller: from, kind, data, gas_limit: GAS, ..TxEnv::default() };
        Context::mainnet()
            .with_db(&mut self.state)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
                cfg.disable_nonce_check = true;
            })
            .build_mainnet()
            .transact_commit(tx)
            .unwrap()
    }
}

impl Machine {
    /// `getNodeInfo`.
    pub(super) fn info(&self, operator: usize) -> NodeInfo {
        let info = self.view(&Registry::getNodeInfoCall { node: account(operator) });
        NodeInfo {
            active: info.activeValidatorCount,
            pending: info.pendingValidatorCount,
            tickets: Tickets(info.vtBalance.to()),
        }
    }

    /// An operator's tickets.
    pub(super) fn tickets_of(&self, operator: usize) -> Tickets {
        self.info(operator).tickets
    }

    /// Settles validators in this order, all of them ending at `at`; what was burned, or None when it reverts.
    pub(super) fn settle_all(
        &mut self,
        duties: impl IntoIterator<Item = (RegistrationId, Epoch)>,
        at: Epoch,
    ) -> Option<Vec<Tickets>> {
        let infos = duties.into_iter().map(|(id, start)| stopped(id, start, at, false)).collect();
        let logs = self.call(OWNER, &Registry::settleWithoutSignaturesCall { infos })?;
        Some(burned_in(&logs))
    }
}

pub(super) fn burned_in(logs: &[Log]) -> Vec<Tickets> {
    let exits = logs.iter().filter_map(|log| Registry::ValidatorExited::decode_log(log).ok());
    exits.map(|exit| Tickets(exit.vtBurnAmount.to())).collect()
}

pub(super) fn stopped(
    id: RegistrationId,
    start: Epoch,
    end: Epoch,
    slashed: bool,
) -> Registry::StoppedValidatorInfo {
    Registry::StoppedValidatorInfo {
        module: AlloyAddress::ZERO,
        startEpoch: U256::from(start.0),
        endEpoch: U256::from(end.0),
        wasSlashed: slashed,
        moduleName: id.module.0.into(),
        pufferModuleIndex: U256::from(id.index),
        withdrawalAmount: U256::from(32 * Tickets::ONE.0),
    }
}

pub(super) fn permit(amount: Tickets) -> Registry::Permit {
    Registry::Permit {
        deadline: U256::ZERO,
        amount: U256::from(amount.0),
        v: 0,
        r: B256::ZERO,
        s: B256::ZERO,
    }
}

pub(super) fn id(index: U256, module: B256) -> RegistrationId {
    RegistrationId { module: ModuleName(module.0), index: index.to() }
}

pub(super) fn account(operator: usize) -> AlloyAddress {
    AlloyAddress::repeat_byte(u8::try_from(operator).unwrap() + 1)
}

pub(super) fn ours(operator: usize) -> Address {
    Address(account(operator).into())
}
