//! The protocol on an execution chain: deploys the contracts for local networks, and plays everyone who calls them but
//! the guardians: the owner, node operators, the paymaster. Works against the embedded chain and anvil alike.
//!
//! Registrations are real: the key is split, each share is sealed for its guardian, the deposit is signed; or one thing
//! is wrong with them on purpose ([`Flaw`]). Every call waits until its transaction is in a block.

pub mod abi;
pub mod account;
mod draft;
mod exit_proposals;
mod node;

pub use account::Account;
pub use draft::{Draft, Flaw, Terms};
pub use exit_proposals::{ExitProposed, ExitRequest};

use crate::Error;
use abi::ValidatorRegistry::{Permit, StoppedValidatorInfo, ValidatorKeyData};
use abi::{ExitProposals, Forwarder, GuardianModule, LocalDepositContract, ValidatorRegistry};
use alloy::primitives::{Address as AlloyAddress, B256, Bytes, FixedBytes, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolCall, SolConstructor, SolEvent};
use crypto::custody::CustodyPublicKey;
use crypto::execution::{
    Address, BlockNumber, ModuleName, NodeInfo, RegistrationId, Tickets, TransactionHash,
    WithdrawalCredentials,
};
use crypto::spec::{Epoch, ForkVersion, Gwei};
use crypto::threshold::Threshold;
use node::{Call, Node, failed};

/// The module that the registry is born with.
pub const FIRST_MODULE: ModuleName = ModuleName(*b"PUFFER_MODULE_0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");

/// Gas beyond the input's own for a registration: eight new storage words, the events, and the guardians' count.
const REGISTER_GAS: u64 = 400_000;
/// What a registration through [`Forwarder`] takes in addition.
const FORWARD_GAS: u64 = 200_000;
/// For each validator provisioned, skipped or settled.
const VALIDATOR_GAS: u64 = 120_000;
/// For anything small.
const SMALL_GAS: u64 = 200_000;
/// For each byte of a contract's code: 200 to store it, and what its input costs.
const CODE_GAS: u64 = 260;
/// For what a constructor does.
const CONSTRUCTOR_GAS: u64 = 1_500_000;
/// For each guardian of a new guardian module.
const GUARDIAN_GAS: u64 = 80_000;
/// Validators provisioned in one transaction: they fit a block of 10 million gas.
const PROVISION_AT_ONCE: usize = 50;

/// What the protocol is deployed with.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// The guardians, in order.
    pub guardians: Vec<Guardian>,
    /// How many of them must sign.
    pub threshold: u16,
    /// Genesis fork version of the beacon chain that deposits are signed for.
    pub genesis_fork: ForkVersion,
    /// Most validators that may be registered and not settled in the first module; the contract begins with 500.
    pub module_limit: u64,
}

/// A guardian as the guardian module knows it.
#[derive(Debug, Clone, Copy)]
pub struct Guardian {
    /// The account it signs with.
    pub account: Address,
    /// Its enclave key, which shares are sealed for.
    pub custody_key: Option<CustodyPublicKey>,
}

/// Where the contracts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The validator registry, Puffer's `PufferProtocol`.
    pub registry: Address,
    /// The guardian module.
    pub guardian_module: Address,
    /// The deposit contract.
    pub deposit: Address,
    /// The forwarder; registrations through it are its own.
    pub forwarder: Address,
    /// The exit proposals contract, ours; nobody may propose at first.
    pub exit_proposals: Address,
    /// The block of the first of them: nothing was logged before.
    pub deployed: BlockNumber,
}

/// How a registration reaches the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// The operator calls it.
    #[default]
    Direct,
    /// Through a contract, which becomes the operator; the call stands in the transaction's input among others.
    Nested,
    /// Through a contract, which becomes the operator and builds the call itself: only a trace shows it.
    Hidden,
}

/// A registration that is in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered {
    /// Where it stands.
    pub id: RegistrationId,
    /// The transaction.
    pub transaction: TransactionHash,
    /// Its block.
    pub block: BlockNumber,
}

/// A validator's end, as guardians report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// Which.
    pub id: RegistrationId,
    /// Epoch it became active on the beacon chain.
    pub start: Epoch,
    /// Epoch it stopped.
    pub end: Epoch,
    /// Whether it was slashed.
    pub slashed: bool,
    /// What came back of it, wei.
    pub withdrawn: u128,
}

impl Settlement {
    /// The whole stake of a validator, wei.
    pub const STAKE: u128 = 32_000_000_000_000_000_000;

    /// One that came back whole.
    pub fn whole(id: RegistrationId, start: Epoch, end: Epoch) -> Self {
        Self { id, start, end, slashed: false, withdrawn: Self::STAKE }
    }
}

/// The deployed protocol.
pub struct Protocol {
    node: Node,
    addresses: Addresses,
    genesis_fork: ForkVersion,
}

impl Protocol {
    /// Deploys everything through the execution node at `rpc_url`, owned by [`Account::OWNER`].
    ///
    /// # Errors
    /// [`Error::Refused`] when the guardians or the threshold cannot be, [`Error::Execution`] when the node fails.
    pub async fn deploy(rpc_url: &str, parameters: Parameters) -> Result<Self, Error> {
        let node = Node::connect(rpc_url).await?;
        // All at once, where each will be follows from the owner's nonce: on a chain with slots they share a block.
        let owner = Account::OWNER.signer().address();
        let nonce = node.nonce(Account::OWNER).await?;
        let [guardian_module, deposit, registry, forwarder, exit_proposals] =
            [0, 1, 2, 3, 4].map(|position| owner.create(nonce + position));
        let module = GuardianModule::constructorCall {
            firstGuardians: parameters.guardians.iter().map(|guardian| to_alloy(guardian.account)).collect(),
            firstThreshold: U256::from(parameters.threshold),
        };
        let contracts =
            ValidatorRegistry::constructorCall { guardianModule: guardian_module, depositContract: deposit };
        let proposals = ExitProposals::constructorCall { firstOwner: owner };
        let limit = module_limit(FIRST_MODULE, parameters.module_limit);
        let guardian_gas = parameters.guardians.len() as u64 * GUARDIAN_GAS;
        let mut calls = vec![
            create("GuardianModule", &GuardianModule::BYTECODE, &module.abi_encode(), guardian_gas),
            create("LocalDepositContract", &LocalDepositContract::BYTECODE, &[], 0),
            create("ValidatorRegistry", &ValidatorRegistry::BYTECODE, &contracts.abi_encode(), 0),
            create("Forwarder", &Forwarder::BYTECODE, &[], 0),
            create("ExitProposals", &ExitProposals::BYTECODE, &proposals.abi_encode(), 0),
            Call::new(registry, &limit, SMALL_GAS),
        ];
        calls.extend(parameters.guardians.iter().filter(|guardian| guardian.custody_key.is_some()).map(
            |guardian| {
                let call = custody_key(guardian.account, guardian.custody_key);
                Call::new(guardian_module, &call, 2 * SMALL_GAS)
            },
        ));
        let receipts = node.execute_all(Account::OWNER, calls).await?;
        let deployed = receipts.first().ok_or_else(|| failed("deploying", "no receipt"))?;
        let addresses = Addresses {
            registry: from_alloy(registry),
            guardian_module: from_alloy(guardian_module),
            deposit: from_alloy(deposit),
            forwarder: from_alloy(forwarder),
            exit_proposals: from_alloy(exit_proposals),
            deployed: block_of(deployed)?,
        };
        Ok(Self { node, addresses, genesis_fork: parameters.genesis_fork })
    }

    /// Where the contracts are.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.node.chain_id()
    }

    // --- what an operator does

    /// What a registration in `module` must be made for, as the contracts have it now.
    ///
    /// # Errors
    /// [`Error::Refused`] for a module that does not exist, [`Error::Crypto`] when a guardian has no usable enclave key,
    /// [`Error::Execution`] when the node fails.
    pub async fn terms(&self, module: ModuleName) -> Result<Terms, Error> {
        let call = ValidatorRegistry::getPayloadCall { moduleName: module.0.into(), usingEnclave: false };
        let answer = self.view(self.addresses.registry, &call).await?;
        let custody_keys = answer
            ._0
            .iter()
            .map(|key| {
                let key = key.as_ref().try_into().map_err(|_| crypto::Error::CustodyPublicKey)?;
                CustodyPublicKey::from_bytes(key)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let n = u16::try_from(custody_keys.len()).unwrap_or(u16::MAX);
        let t = u16::try_from(answer._2).unwrap_or(u16::MAX);
        Ok(Terms {
            threshold: Threshold::new(t, n)?,
            withdrawal_credentials: WithdrawalCredentials::try_from(answer._1.as_ref())?,
            genesis_fork: self.genesis_fork,
            custody_keys,
        })
    }

    /// Registers one validator in the first module, bringing `tickets` with it.
    ///
    /// # Errors
    /// [`Error::Refused`] when the contract does not take it, [`Error::Execution`] when the node fails.
    pub async fn register(
        &self,
        operator: Account,
        draft: &Draft,
        tickets: Tickets,
        route: Route,
    ) -> Result<Registered, Error> {
        let call = self.registration(draft, tickets, route);
        registered(&self.node.execute(operator, call).await?)
    }

    /// Registers many, without waiting for one before the next is sent. For thousands on anvil start it with
    /// `--block-time 1 --gas-limit 1000000000`: a block for each transaction makes it slower and slower.
    ///
    /// # Errors
    /// As [`register`](Self::register), for the first that went wrong.
    pub async fn register_all(
        &self,
        operator: Account,
        drafts: &[Draft],
        tickets: Tickets,
    ) -> Result<Vec<Registered>, Error> {
        let calls = drafts.iter().map(|draft| self.registration(draft, tickets, Route::Direct));
        self.node.execute_all(operator, calls).await?.iter().map(registered).collect()
    }

    /// Gives an operator tickets.
    ///
    /// # Errors
    /// [`Error::Refused`] when the balance would not fit, [`Error::Execution`] when the node fails.
    pub async fn deposit_tickets(
        &self,
        from: Account,
        operator: Address,
        amount: Tickets,
    ) -> Result<BlockNumber, Error> {
        let call = ValidatorRegistry::depositValidatorTicketsCall {
            permit: permit(U256::from(amount.0)),
            node: to_alloy(operator),
        };
        self.transact(from, self.addresses.registry, &call, SMALL_GAS).await
    }

    /// Takes an operator's tickets out again.
    ///
    /// # Errors
    /// [`Error::Refused`] while it has validators, or fewer tickets; [`Error::Execution`] when the node fails.
    pub async fn withdraw_tickets(&self, operator: Account, amount: Tickets) -> Result<BlockNumber, Error> {
        let amount = amount.0.try_into().map_err(|_| failed("withdrawing tickets", "more than a uint96"))?;
        let recipient = to_alloy(operator.address());
        let call = ValidatorRegistry::withdrawValidatorTicketsCall { amount, recipient };
        self.transact(operator, self.addresses.registry, &call, SMALL_GAS).await
    }

    // --- what the paymaster does, without the guardians' signatures

    /// Provisions the next `count` validators of a module.
    ///
    /// # Errors
    /// [`Error::Refused`] when fewer wait, [`Error::Execution`] when the node fails.
    pub async fn provision(&self, module: ModuleName, count: u64) -> Result<(), Error> {
        let registry = to_alloy(self.addresses.registry);
        let batches = (0..count).step_by(PROVISION_AT_ONCE).map(|before| {
            let now = (count - before).min(PROVISION_AT_ONCE as u64);
            let call = ValidatorRegistry::provisionWithoutSignaturesCall {
                moduleName: module.0.into(),
                count: U256::from(now),
            };
            Call::new(registry, &call, SMALL_GAS + now * VALIDATOR_GAS)
        });
        self.node.execute_all(Account::OWNER, batches).await.map(drop)
    }

    /// Skips the next validator of a module.
    ///
    /// # Errors
    /// [`Error::Refused`] when none waits or its operator cannot pay, [`Error::Execution`] when the node fails.
    pub async fn skip(&self, module: ModuleName) -> Result<BlockNumber, Error> {
        let call = ValidatorRegistry::skipWithoutSignaturesCall { moduleName: module.0.into() };
        self.own(self.addresses.registry, &call, SMALL_GAS).await
    }

    /// Settles validators, all or none; answers what was burned for each.
    ///
    /// # Errors
    /// [`Error::Refused`] when one is not active, ends before it starts, or its operator cannot pay;
    /// [`Error::Execution`] when the node fails.
    pub async fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Tickets>, Error> {
        let infos = settlements.iter().map(stopped).collect();
        let call = ValidatorRegistry::settleWithoutSignaturesCall { infos };
        let gas = SMALL_GAS + VALIDATOR_GAS * settlements.len() as u64;
        let call = Call::new(to_alloy(self.addresses.registry), &call, gas);
        let receipt = self.node.execute(Account::OWNER, call).await?;
        let exits = receipt
            .logs()
            .iter()
            .filter_map(|log| ValidatorRegistry::ValidatorExited::decode_log(&log.inner).ok());
        exits
            .map(|exit| {
                let burned = u128::try_from(exit.vtBurnAmount);
                burned.map(Tickets).map_err(|cause| failed("ValidatorExited", cause))
            })
            .collect()
    }

    // --- what the owner decides

    /// Sets `getMinimumVtAmount`.
    ///
    /// # Errors
    /// [`Error::Refused`] below the penalty, [`Error::Execution`] when the node fails.
    pub async fn set_minimum_tickets(&self, minimum: Tickets) -> Result<BlockNumber, Error> {
        let call = ValidatorRegistry::changeMinimumVTAmountCall { newMinimum: U256::from(minimum.0) };
        self.own(self.addresses.registry, &call, SMALL_GAS).await
    }

    /// Sets `getVTPenalty`.
    ///
    /// # Errors
    /// [`Error::Refused`] above the minimum, [`Error::Execution`] when the node fails.
    pub async fn set_skip_penalty(&self, penalty: Tickets) -> Result<BlockNumber, Error> {
        let call = ValidatorRegistry::setVTPenaltyCall { newPenalty: U256::from(penalty.0) };
        self.own(self.addresses.registry, &call, SMALL_GAS).await
    }

    /// Sets how many validators a module may have.
    ///
    /// # Errors
    /// [`Error::Refused`] below what it has, [`Error::Execution`] when the node fails.
    pub async fn set_module_limit(&self, module: ModuleName, limit: u64) -> Result<BlockNumber, Error> {
        let call = module_limit(module, limit);
        self.own(self.addresses.registry, &call, SMALL_GAS).await
    }

    /// Creates a module.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is one of that name, [`Error::Execution`] when the node fails.
    pub async fn create_module(&self, module: ModuleName) -> Result<BlockNumber, Error> {
        let call = ValidatorRegistry::createPufferModuleCall { moduleName: module.0.into() };
        self.own(self.addresses.registry, &call, 2 * SMALL_GAS).await
    }

    /// Adds a guardian at the end, without an enclave key.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is one already, [`Error::Execution`] when the node fails.
    pub async fn add_guardian(&self, account: Address) -> Result<BlockNumber, Error> {
        let call = GuardianModule::addGuardianCall { guardian: to_alloy(account) };
        self.own(self.addresses.guardian_module, &call, SMALL_GAS).await
    }

    /// Removes a guardian; the last one takes its place in the order.
    ///
    /// # Errors
    /// [`Error::Refused`] when fewer than the threshold would be left, [`Error::Execution`] when the node fails.
    pub async fn remove_guardian(&self, account: Address) -> Result<BlockNumber, Error> {
        let call = GuardianModule::removeGuardianCall { guardian: to_alloy(account) };
        self.own(self.addresses.guardian_module, &call, SMALL_GAS).await
    }

    /// Sets how many guardians must sign.
    ///
    /// # Errors
    /// [`Error::Refused`] for zero or more than there are, [`Error::Execution`] when the node fails.
    pub async fn set_threshold(&self, threshold: u16) -> Result<BlockNumber, Error> {
        let call = GuardianModule::setThresholdCall { newThreshold: U256::from(threshold) };
        self.own(self.addresses.guardian_module, &call, SMALL_GAS).await
    }

    /// Sets `getEjectionThreshold`.
    ///
    /// # Errors
    /// [`Error::Refused`] from 32 ETH on, [`Error::Execution`] when the node fails.
    pub async fn set_ejection_threshold(&self, balance: Gwei) -> Result<BlockNumber, Error> {
        let wei = U256::from(balance.0) * U256::from(1_000_000_000u64);
        let call = GuardianModule::setEjectionThresholdCall { newThreshold: wei };
        self.own(self.addresses.guardian_module, &call, SMALL_GAS).await
    }

    /// Sets a guardian's enclave key, or takes it away.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is no guardian, [`Error::Execution`] when the node fails.
    pub async fn set_custody_key(
        &self,
        guardian: Address,
        key: Option<CustodyPublicKey>,
    ) -> Result<BlockNumber, Error> {
        let call = custody_key(guardian, key);
        self.own(self.addresses.guardian_module, &call, 2 * SMALL_GAS).await
    }

    // --- reads and everything else

    /// `getNodeInfo`.
    ///
    /// # Errors
    /// [`Error::Execution`] when the node fails.
    pub async fn node_info(&self, operator: Address) -> Result<NodeInfo, Error> {
        let call = ValidatorRegistry::getNodeInfoCall { node: to_alloy(operator) };
        let info = self.view(self.addresses.registry, &call).await?;
        Ok(NodeInfo {
            active: info.activeValidatorCount,
            pending: info.pendingValidatorCount,
            tickets: Tickets(info.vtBalance.to()),
        })
    }

    /// Any view of any contract, at the head.
    ///
    /// # Errors
    /// [`Error::Refused`] when it reverts, [`Error::Execution`] when the node fails.
    pub async fn view<C: SolCall>(&self, contract: Address, call: &C) -> Result<C::Return, Error> {
        self.node.read(to_alloy(contract), call).await
    }

    /// Any other call of any contract, with `gas` beyond what its input costs; answers the block it is in.
    ///
    /// # Errors
    /// [`Error::Refused`] when it reverts, [`Error::Execution`] when the node fails.
    pub async fn transact<C: SolCall>(
        &self,
        from: Account,
        contract: Address,
        call: &C,
        gas: u64,
    ) -> Result<BlockNumber, Error> {
        let receipt = self.node.execute(from, Call::new(to_alloy(contract), call, gas)).await?;
        block_of(&receipt)
    }

    async fn own<C: SolCall>(&self, contract: Address, call: &C, gas: u64) -> Result<BlockNumber, Error> {
        self.transact(Account::OWNER, contract, call, gas).await
    }

    fn registration(&self, draft: &Draft, tickets: Tickets, route: Route) -> Call {
        let direct = ValidatorRegistry::registerValidatorKeyCall {
            data: ValidatorKeyData {
                blsPubKey: draft.pubkey.clone().into(),
                signature: draft.signature.clone().into(),
                depositDataRoot: draft.deposit_data_root.into(),
                blsEncryptedPrivKeyShares: draft.envelopes.iter().cloned().map(Bytes::from).collect(),
                blsPubKeySet: draft.key_set.clone().into(),
                raveEvidence: Bytes::new(),
            },
            moduleName: FIRST_MODULE.0.into(),
            // Any amount other than zero: the bond is paid in tokens, which are believed.
            pufETHPermit: permit(U256::ONE),
            vtPermit: permit(U256::from(tickets.0)),
        };
        let (registry, forwarder) = (to_alloy(self.addresses.registry), to_alloy(self.addresses.forwarder));
        match route {
            Route::Direct => Call::new(registry, &direct, REGISTER_GAS),
            Route::Nested => {
                // Something harmless before it, as a real batch has.
                let look = ValidatorRegistry::getVTPenaltyCall {}.abi_encode();
                let call = Forwarder::multicallCall {
                    targets: vec![registry, registry],
                    calls: vec![look.into(), direct.abi_encode().into()],
                };
                Call::new(forwarder, &call, REGISTER_GAS + FORWARD_GAS)
            }
            Route::Hidden => {
                const MASK: u8 = 0x5a;
                let masked: Vec<u8> = direct.abi_encode().iter().map(|byte| byte ^ MASK).collect();
                let call = Forwarder::forwardMaskedCall {
                    target: registry,
                    mask: U256::from_be_bytes([MASK; 32]),
                    masked: masked.into(),
                };
                Call::new(forwarder, &call, REGISTER_GAS + FORWARD_GAS)
            }
        }
    }
}

fn create(name: &'static str, code: &[u8], arguments: &[u8], gas: u64) -> Call {
    let gas = gas + CONSTRUCTOR_GAS + CODE_GAS * code.len() as u64;
    Call { name, to: None, input: [code, arguments].concat().into(), gas }
}

fn module_limit(module: ModuleName, limit: u64) -> ValidatorRegistry::setValidatorLimitPerModuleCall {
    let (module, limit) = (module.0.into(), u128::from(limit));
    ValidatorRegistry::setValidatorLimitPerModuleCall { moduleName: module, limit }
}

fn custody_key(
    guardian: Address,
    key: Option<CustodyPublicKey>,
) -> GuardianModule::setEnclaveWithoutAttestationCall {
    let bytes = key.map(|key| key.to_bytes().to_vec()).unwrap_or_default();
    GuardianModule::setEnclaveWithoutAttestationCall { guardian: to_alloy(guardian), pubKey: bytes.into() }
}

fn registered(receipt: &TransactionReceipt) -> Result<Registered, Error> {
    let event = receipt
        .logs()
        .iter()
        .find_map(|log| ValidatorRegistry::ValidatorKeyRegistered::decode_log(&log.inner).ok())
        .ok_or_else(|| failed("registerValidatorKey", "no ValidatorKeyRegistered in the receipt"))?;
    let index = u64::try_from(event.pufferModuleIndex).map_err(|cause| failed("pufferModuleIndex", cause))?;
    Ok(Registered {
        id: RegistrationId { module: ModuleName(event.moduleName.0), index },
        transaction: TransactionHash(receipt.transaction_hash.0),
        block: block_of(receipt)?,
    })
}

fn block_of(receipt: &TransactionReceipt) -> Result<BlockNumber, Error> {
    receipt.block_number.map(BlockNumber).ok_or_else(|| failed("receipt", "it names no block"))
}

fn stopped(settlement: &Settlement) -> StoppedValidatorInfo {
    StoppedValidatorInfo {
        module: AlloyAddress::ZERO,
        startEpoch: U256::from(settlement.start.0),
        endEpoch: U256::from(settlement.end.0),
        wasSlashed: settlement.slashed,
        moduleName: settlement.id.module.0.into(),
        pufferModuleIndex: U256::from(settlement.id.index),
        withdrawalAmount: U256::from(settlement.withdrawn),
    }
}

fn permit(amount: U256) -> Permit {
    Permit { deadline: U256::ZERO, amount, v: 0, r: B256::ZERO, s: B256::ZERO }
}

fn to_alloy(address: Address) -> AlloyAddress {
    FixedBytes(address.0).into()
}

fn from_alloy(address: AlloyAddress) -> Address {
    Address(address.into())
}
