//! Registering validators: what the registry takes, what it refuses, and what can be read of it afterwards.

use super::*;
use alloy::consensus::Transaction as _;
use alloy::network::TransactionBuilder;
use alloy::primitives::{B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use crypto::custody;
use crypto::deposit::{DepositData, DepositMessage};
use crypto::execution::{ModuleName, NodeInfo, Tickets};
use crypto::keys::PublicKeySet;
use crypto::spec::{BlsPubkey, BlsSignature};
use devnet::protocol::abi::ValidatorRegistry as Registry;
use devnet::protocol::{Draft, FIRST_MODULE, Flaw, Route};

const OPERATOR: Account = Account::new(1);
const ENOUGH: Tickets = Tickets(28 * Tickets::ONE.0);

/// The arguments of a registration, found in a transaction's input wherever it begins.
fn registration_in(input: &[u8]) -> Option<Registry::registerValidatorKeyCall> {
    let selector = Registry::registerValidatorKeyCall::SELECTOR;
    let at = input.windows(4).position(|window| window == selector)?;
    Registry::registerValidatorKeyCall::abi_decode(&input[at..]).ok()
}

impl Stage {
    async fn validator(&self, index: u64) -> Registry::Validator {
        let call =
            Registry::getValidatorInfoCall { moduleName: FIRST_MODULE.0.into(), index: U256::from(index) };
        self.protocol.view(self.protocol.addresses().registry, &call).await.unwrap()
    }

    async fn input_of(&self, transaction: crypto::execution::TransactionHash) -> Bytes {
        let found = self.provider.get_transaction_by_hash(B256::from(transaction.0)).await.unwrap();
        found.unwrap().input().clone()
    }

    async fn draft(&mut self) -> Draft {
        let key = self.key();
        let terms = self.protocol.terms(FIRST_MODULE).await.unwrap();
        Draft::sound(&key, &terms, &mut self.rng).unwrap()
    }
}

#[tokio::test]
async fn a_new_registry_is_empty_and_names_its_terms() {
    let stage = Stage::set().await;
    let (protocol, registry) = (&stage.protocol, stage.protocol.addresses().registry);
    let name = B256::from(FIRST_MODULE.0);
    assert_eq!(&FIRST_MODULE.0[..15], b"PUFFER_MODULE_0");
    let count = Registry::getPendingValidatorIndexCall { moduleName: name };
    assert_eq!(protocol.view(registry, &count).await.unwrap(), U256::ZERO);
    let next = protocol.view(registry, &Registry::getNextValidatorToProvisionCall {}).await.unwrap();
    assert_eq!(&next._0[..14], b"NO_VALIDATORS\0");
    assert_eq!(next._1, U256::MAX);
    let minimum = protocol.view(registry, &Registry::getMinimumVtAmountCall {}).await.unwrap();
    assert_eq!(minimum.to_string(), "28000000000000000000");
    let penalty = protocol.view(registry, &Registry::getVTPenaltyCall {}).await.unwrap();
    assert_eq!(penalty.to_string(), "10000000000000000000");
    for (enclave, cost) in [(false, "2280000000000000000"), (true, "1280000000000000000")] {
        let call = Registry::getPayloadCall { moduleName: name, usingEnclave: enclave };
        assert_eq!(protocol.view(registry, &call).await.unwrap()._3.to_string(), cost);
    }
    let module = protocol.view(registry, &Registry::getModuleAddressCall { moduleName: name }).await.unwrap();
    let credentials =
        protocol.view(registry, &Registry::getWithdrawalCredentialsCall { module }).await.unwrap();
    assert_eq!(credentials.len(), 32);
    assert_eq!(credentials[..12], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_ne!(credentials[12..], [0; 20]);
    stage.well();
}

#[tokio::test]
async fn a_registration_is_one_that_a_guardian_can_verify() {
    a_registration_is_one_that_a_guardian_can_verify_on(Stage::set().await).await;
}

pub(super) async fn a_registration_is_one_that_a_guardian_can_verify_on(mut stage: Stage) {
    let draft = stage.draft().await;
    let registered = stage.protocol.register(OPERATOR, &draft, ENOUGH, Route::Direct).await.unwrap();
    assert_eq!((registered.id.module, registered.id.index), (FIRST_MODULE, 0));

    let validator = stage.validator(0).await;
    assert_eq!(validator.node, alloy_address(OPERATOR.address()));
    assert_eq!((validator.status, validator.bond.to::<u128>()), (1, 2_000_000_000_000_000_000));
    assert_eq!(validator.pubKey.to_vec(), draft.pubkey);
    let info = stage.protocol.node_info(OPERATOR.address()).await.unwrap();
    assert_eq!(info, NodeInfo { active: 0, pending: 1, tickets: ENOUGH });

    // From here on as a guardian would: the transaction's input, our envelope, our share, the deposit.
    let call = registration_in(&stage.input_of(registered.transaction).await).unwrap();
    let key_set = PublicKeySet::from_bytes(&call.data.blsPubKeySet).unwrap();
    assert_eq!(key_set.public_key().0.to_vec(), draft.pubkey);
    let terms = stage.protocol.terms(FIRST_MODULE).await.unwrap();
    for ((key, envelope), index) in
        stage.custody.iter().zip(&call.data.blsEncryptedPrivKeyShares).zip(terms.threshold.indices())
    {
        let share = custody::open(key, &envelope[..].try_into().unwrap(), index).unwrap();
        key_set.verify_share(&share).unwrap();
    }
    let pubkey = BlsPubkey::try_from(&draft.pubkey[..]).unwrap();
    let deposit = DepositData {
        message: DepositMessage::new(pubkey, terms.withdrawal_credentials),
        signature: BlsSignature::try_from(&call.data.signature[..]).unwrap(),
    };
    assert!(deposit.verify(terms.genesis_fork));
    assert_eq!(call.data.depositDataRoot.0, deposit.hash_tree_root().0);
    // The contract computes the same root.
    let root = Registry::getDepositDataRootCall {
        pubKey: draft.pubkey.clone().into(),
        signature: draft.signature.clone().into(),
        withdrawalCredentials: terms.withdrawal_credentials.0.to_vec().into(),
    };
    let root = stage.protocol.view(stage.protocol.addresses().registry, &root).await.unwrap();
    assert_eq!(root.0, deposit.hash_tree_root().0);
    stage.well();
}

#[tokio::test]
async fn a_nested_call_stands_in_the_input_and_a_hidden_one_does_not() {
    a_nested_call_stands_in_the_input_and_a_hidden_one_does_not_on(Stage::set().await).await;
}

pub(super) async fn a_nested_call_stands_in_the_input_and_a_hidden_one_does_not_on(mut stage: Stage) {
    let forwarder = stage.protocol.addresses().forwarder;
    for (route, visible) in [(Route::Nested, true), (Route::Hidden, false)] {
        let draft = stage.draft().await;
        let registered = stage.protocol.register(OPERATOR, &draft, ENOUGH, route).await.unwrap();
        let validator = stage.validator(registered.id.index).await;
        assert_eq!(validator.node, alloy_address(forwarder), "who calls is the operator");
        assert_eq!(validator.pubKey.to_vec(), draft.pubkey);
        let found = registration_in(&stage.input_of(registered.transaction).await);
        assert_eq!(found.is_some(), visible, "{route:?}");
        assert!(found.is_none_or(|call| call.data.blsPubKeySet.to_vec() == draft.key_set));
    }
    stage.well();
}

/// None of these does the contract notice: they are the guardians' to find.
#[tokio::test]
async fn the_registry_takes_every_flaw_and_the_same_key_twice() {
    let mut stage = Stage::set().await;
    let terms = stage.protocol.terms(FIRST_MODULE).await.unwrap();
    let key = stage.key();
    let sound = Draft::sound(&key, &terms, &mut stage.rng).unwrap();
    let mut drafts = vec![sound.clone(), sound.clone()];
    for flaw in Flaw::ALL {
        let flawed = Draft::flawed(&key, flaw, &terms, &mut stage.rng).unwrap();
        assert_eq!(flawed.pubkey == sound.pubkey, flaw != Flaw::GarbagePubkey);
        drafts.push(flawed);
    }
    let registered = stage.protocol.register_all(OPERATOR, &drafts, ENOUGH).await.unwrap();
    let indices: Vec<_> = registered.iter().map(|registered| registered.id.index).collect();
    assert_eq!(indices, (0..drafts.len() as u64).collect::<Vec<_>>());
    for (registered, draft) in registered.iter().zip(&drafts) {
        let call = registration_in(&stage.input_of(registered.transaction).await).unwrap();
        assert_eq!(call.data.blsPubKey.to_vec(), draft.pubkey);
        assert_eq!(call.data.depositDataRoot.0, draft.deposit_data_root);
    }
    stage.well();
}

#[tokio::test]
async fn what_the_registry_refuses() {
    what_the_registry_refuses_on(Stage::set().await).await;
}

pub(super) async fn what_the_registry_refuses_on(mut stage: Stage) {
    let sound = stage.draft().await;
    let spoiled = |spoil: fn(&mut Draft)| {
        let mut draft = sound.clone();
        spoil(&mut draft);
        draft
    };
    let cases = [
        (spoiled(|draft| drop(draft.envelopes.pop())), "InvalidBLSPrivateKeyShares"),
        (spoiled(|draft| draft.envelopes.push(vec![0; 129])), "InvalidBLSPrivateKeyShares"),
        (spoiled(|draft| draft.key_set.truncate(96)), "InvalidBLSPublicKeySet"),
        (spoiled(|draft| draft.key_set.push(0)), "InvalidBLSPublicKeySet"),
        (spoiled(|draft| draft.pubkey.clear()), "InvalidBLSPubKey"),
        (spoiled(|draft| draft.pubkey.push(0)), "InvalidBLSPubKey"),
    ];
    for (draft, expected) in cases {
        let refused = refusal(stage.protocol.register(OPERATOR, &draft, ENOUGH, Route::Direct).await);
        assert!(refused.contains(expected), "{refused}, expected {expected}");
    }
    for (tickets, expected) in [
        (Tickets(ENOUGH.0 - 1), "InvalidVTAmount"),
        (Tickets(1 << 96), "SafeCastOverflowedUintDowncast"),
        (Tickets(u128::MAX), "SafeCastOverflowedUintDowncast"),
    ] {
        for route in [Route::Direct, Route::Nested, Route::Hidden] {
            let refused = refusal(stage.protocol.register(OPERATOR, &sound, tickets, route).await);
            assert!(refused.contains(expected), "{refused}, expected {expected}");
        }
    }
    stage.protocol.set_module_limit(FIRST_MODULE, 1).await.unwrap();
    stage.protocol.register(OPERATOR, &sound, ENOUGH, Route::Direct).await.unwrap();
    let refused = refusal(stage.protocol.register(OPERATOR, &sound, ENOUGH, Route::Direct).await);
    assert!(refused.contains("ValidatorLimitForModuleReached"), "{refused}");

    // Modules are made by the owner, once each.
    let refused = refusal(stage.protocol.create_module(FIRST_MODULE).await);
    assert!(refused.contains("ModuleAlreadyExists"), "{refused}");
    let second = ModuleName([7; 32]);
    assert!(refusal(stage.protocol.terms(second).await).contains("InvalidAddress"));
    stage.protocol.create_module(second).await.unwrap();
    let terms = stage.protocol.terms(second).await.unwrap();
    let first = stage.protocol.terms(FIRST_MODULE).await.unwrap();
    assert_ne!(terms.withdrawal_credentials, first.withdrawal_credentials);
    stage.well();
}

/// Paid in ETH: two for the bond, one with enclave evidence, and the rest buys tickets at 0.01 each.
#[tokio::test]
async fn ether_pays_bond_and_tickets() {
    let mut stage = Stage::set().await;
    let draft = stage.draft().await;
    let no_permit =
        || Registry::Permit { deadline: U256::ZERO, amount: U256::ZERO, v: 0, r: B256::ZERO, s: B256::ZERO };
    let call = |evidence: &[u8], tickets: u64| Registry::registerValidatorKeyCall {
        data: Registry::ValidatorKeyData {
            blsPubKey: draft.pubkey.clone().into(),
            signature: draft.signature.clone().into(),
            depositDataRoot: draft.deposit_data_root.into(),
            blsEncryptedPrivKeyShares: draft.envelopes.iter().cloned().map(Bytes::from).collect(),
            blsPubKeySet: draft.key_set.clone().into(),
            raveEvidence: evidence.to_vec().into(),
        },
        moduleName: FIRST_MODULE.0.into(),
        pufETHPermit: no_permit(),
        vtPermit: Registry::Permit {
            amount: U256::from(tickets) * U256::from(Tickets::ONE.0),
            ..no_permit()
        },
    };
    let milli = |count: u64| U256::from(count) * U256::from(10u64.pow(15));
    let ask = async |call: Registry::registerValidatorKeyCall, value: U256| {
        let request = TransactionRequest::default()
            .with_from(alloy_address(OPERATOR.address()))
            .with_to(alloy_address(stage.protocol.addresses().registry))
            .with_value(value)
            .with_input(call.abi_encode());
        stage.provider.call(request).await.map_err(|error| error.to_string())
    };
    ask(call(&[], 0), milli(2280)).await.unwrap();
    ask(call(&[1], 0), milli(1280)).await.unwrap();
    ask(call(&[], 28), milli(2000)).await.unwrap();
    // InvalidVTAmount, then InvalidETHAmount, then a subtraction below zero.
    assert!(ask(call(&[], 0), milli(2279)).await.unwrap_err().contains("0x95c01f62"));
    assert!(ask(call(&[], 28), milli(2001)).await.unwrap_err().contains("0x242b035c"));
    assert!(ask(call(&[], 0), milli(1999)).await.unwrap_err().contains("0x4e487b71"));
    stage.well();
}
