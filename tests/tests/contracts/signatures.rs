//! What guardians sign, made here without the contracts' help, is what the contracts accept; and little else is.

use super::*;
use alloy::primitives::{B256, Bytes, FixedBytes, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::SolValue;
use crypto::execution::{NodeInfo, Tickets};
use devnet::protocol::abi::{GuardianModule as Module, LocalDepositContract, ValidatorRegistry as Registry};
use devnet::protocol::{Draft, FIRST_MODULE, Route};

const OPERATOR: Account = Account::new(1);
const ENOUGH: Tickets = Tickets(30 * Tickets::ONE.0);
const GAS: u64 = 1_500_000;

/// 65 bytes over the EIP-191 hash of `hash`.
fn sign(signer: &PrivateKeySigner, hash: B256) -> Bytes {
    signer.sign_message_sync(hash.as_slice()).unwrap().as_bytes().to_vec().into()
}

/// Signatures of the guardians at `who`, empty elsewhere.
fn signatures(signers: &[PrivateKeySigner], who: &[usize], hash: B256) -> Vec<Bytes> {
    let slot = |(position, signer)| {
        if who.contains(&position) { sign(signer, hash) } else { Bytes::new() }
    };
    signers.iter().enumerate().map(slot).collect()
}

fn skip_hash(index: u64) -> B256 {
    keccak256((FixedBytes(FIRST_MODULE.0), U256::from(index)).abi_encode_params())
}

impl Stage {
    /// Whether `validateSkipProvisioning` of index 5 accepts these.
    async fn accepts_skip(&self, signatures: Vec<Bytes>) -> Result<(), Error> {
        let call = Module::validateSkipProvisioningCall {
            moduleName: FIRST_MODULE.0.into(),
            skippedIndex: U256::from(5),
            signatures,
        };
        self.protocol.view(self.protocol.addresses().guardian_module, &call).await.map(drop)
    }

    async fn registered(&mut self) -> Draft {
        let key = self.key();
        let terms = self.protocol.terms(FIRST_MODULE).await.unwrap();
        let draft = Draft::sound(&key, &terms, &mut self.rng).unwrap();
        self.protocol.register(OPERATOR, &draft, ENOUGH, Route::Direct).await.unwrap();
        draft
    }

    async fn deposit_root(&self) -> B256 {
        let call = LocalDepositContract::get_deposit_rootCall {};
        self.protocol.view(self.protocol.addresses().deposit, &call).await.unwrap()
    }
}

#[tokio::test]
async fn any_threshold_of_guardians_counts_each_in_its_place() {
    let stage = Stage::set().await;
    let (accounts, hash) = (stage.accounts(), skip_hash(5));
    for who in [&[0, 1, 2][..], &[0, 1, 3], &[0, 2, 3], &[1, 2, 3], &[0, 1, 2, 3]] {
        stage.accepts_skip(signatures(&accounts, who, hash)).await.unwrap();
    }
    // Rubbish in a hole and surplus signatures do no harm.
    let mut padded = signatures(&accounts, &[0, 1, 2], hash);
    padded[3] = vec![0; 65].into();
    padded.push(sign(&accounts[0], hash));
    stage.accepts_skip(padded).await.unwrap();
    let mut stranger = signatures(&accounts, &[0, 1, 2], hash);
    stranger[3] = sign(&Account::OWNER.signer(), hash);
    stage.accepts_skip(stranger).await.unwrap();
    stage.well();
}

#[tokio::test]
async fn too_few_misplaced_or_malformed_signatures_do_not_count() {
    let stage = Stage::set().await;
    let (accounts, hash) = (stage.accounts(), skip_hash(5));
    let good = signatures(&accounts, &[0, 1, 2], hash);
    let spoiled = |spoil: &dyn Fn(&mut Vec<Bytes>)| {
        let mut bad = good.clone();
        spoil(&mut bad);
        bad
    };
    let bytes = |slot: usize, change: fn(&mut Vec<u8>)| {
        spoiled(&|all: &mut Vec<Bytes>| {
            let mut signature = all[slot].to_vec();
            change(&mut signature);
            all[slot] = signature.into();
        })
    };
    let unprefixed: Bytes = accounts[0].sign_hash_sync(&hash).unwrap().as_bytes().to_vec().into();
    let order =
        U256::from_be_slice(&alloy::hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    let high = |all: &mut Vec<Bytes>| {
        let mut signature = all[0].to_vec();
        let s = order - U256::from_be_slice(&signature[32..64]);
        signature[32..64].copy_from_slice(&s.to_be_bytes::<32>());
        signature[64] = 27 + 28 - signature[64];
        all[0] = signature.into();
    };
    let cases = [
        ("two of three", signatures(&accounts, &[1, 3], hash)),
        ("rotated", spoiled(&|all| all.rotate_left(1))),
        ("one repeated", vec![sign(&accounts[0], hash); 4]),
        ("another message", signatures(&accounts, &[0, 1, 2], skip_hash(6))),
        ("enclave keys", signatures(&stage.enclaves(), &[0, 1, 2, 3], hash)),
        ("without prefix", spoiled(&|all| all[0] = unprefixed.clone())),
        ("v of 0 or 1", bytes(0, |signature| signature[64] -= 27)),
        ("64 bytes", bytes(0, |signature| signature.truncate(64))),
        ("high s", spoiled(&high)),
    ];
    for (name, signatures) in cases {
        let refused = refusal(stage.accepts_skip(signatures).await);
        assert!(refused.contains("Unauthorized"), "{name}: {refused}");
    }
    for short in [Vec::new(), good[..3].to_vec()] {
        assert_eq!(refusal(stage.accepts_skip(short).await), "Panic(0x32)");
    }
    stage.well();
}

#[tokio::test]
async fn guardians_sign_a_skip() {
    let mut stage = Stage::set().await;
    stage.registered().await;
    let registry = stage.protocol.addresses().registry;
    let skip = |index| Registry::skipProvisioningCall {
        moduleName: FIRST_MODULE.0.into(),
        guardianEOASignatures: signatures(&stage.accounts(), &[0, 1, 3], skip_hash(index)),
    };
    let refused = refusal(stage.protocol.transact(Account::OWNER, registry, &skip(1), GAS).await);
    assert!(refused.contains("Unauthorized"), "{refused}");
    stage.protocol.transact(Account::OWNER, registry, &skip(0), GAS).await.unwrap();
    let info = stage.protocol.node_info(OPERATOR.address()).await.unwrap();
    assert_eq!(info, NodeInfo { active: 0, pending: 0, tickets: Tickets(20 * Tickets::ONE.0) });
    stage.well();
}

#[tokio::test]
async fn enclaves_sign_a_provisioning_and_accounts_a_settlement() {
    enclaves_sign_a_provisioning_and_accounts_a_settlement_on(Stage::set().await).await;
}

pub(super) async fn enclaves_sign_a_provisioning_and_accounts_a_settlement_on(mut stage: Stage) {
    // The root of a deposit contract before its first deposit, as on every beacon chain.
    assert_eq!(
        stage.deposit_root().await.to_string(),
        "0xd70a234731285c6804c2a4f56711ddb8c82c99740f207854891028af34e27e5e"
    );
    let draft = stage.registered().await;
    let second = stage.registered().await;
    let registry = stage.protocol.addresses().registry;
    let credentials = stage.protocol.terms(FIRST_MODULE).await.unwrap().withdrawal_credentials;
    let provision = |draft: &Draft, index: u64, signers: &[PrivateKeySigner], deposit_root: B256| {
        // Credentials before the signature: not the order of the arguments.
        let message = (
            U256::from(index),
            Bytes::from(draft.pubkey.clone()),
            Bytes::from(credentials.0.to_vec()),
            Bytes::from(draft.signature.clone()),
            FixedBytes(draft.deposit_data_root),
        );
        let hash = keccak256(message.abi_encode_params());
        Registry::provisionNodeCall {
            guardianEnclaveSignatures: signatures(signers, &[0, 2, 3], hash),
            validatorSignature: draft.signature.clone().into(),
            depositRootHash: deposit_root,
        }
    };
    let root = stage.deposit_root().await;
    for (call, expected) in [
        (provision(&draft, 0, &stage.accounts(), root), "Unauthorized"),
        (provision(&draft, 1, &stage.enclaves(), root), "Unauthorized"),
        (provision(&draft, 0, &stage.enclaves(), B256::ZERO), "InvalidDepositRootHash"),
    ] {
        let refused = refusal(stage.protocol.transact(Account::OWNER, registry, &call, GAS).await);
        assert!(refused.contains(expected), "{refused}, expected {expected}");
    }
    let call = provision(&draft, 0, &stage.enclaves(), root);
    stage.protocol.transact(Account::OWNER, registry, &call, GAS).await.unwrap();
    // The deposit moved the root: what was prepared for the old one is stale.
    let stale = provision(&second, 1, &stage.enclaves(), root);
    let refused = refusal(stage.protocol.transact(Account::OWNER, registry, &stale, GAS).await);
    assert!(refused.contains("InvalidDepositRootHash"), "{refused}");
    let call = provision(&second, 1, &stage.enclaves(), stage.deposit_root().await);
    stage.protocol.transact(Account::OWNER, registry, &call, GAS).await.unwrap();
    let refused = refusal(
        stage
            .protocol
            .transact(Account::OWNER, registry, &provision(&second, 2, &[], stage.deposit_root().await), GAS)
            .await,
    );
    assert_eq!(refused, "Panic(0x11)", "nobody waits");

    let info = |index: u64| Registry::StoppedValidatorInfo {
        module: alloy_address(Account::OWNER.address()),
        startEpoch: U256::from(10),
        endEpoch: U256::from(20),
        wasSlashed: false,
        moduleName: FIRST_MODULE.0.into(),
        pufferModuleIndex: U256::from(index),
        withdrawalAmount: U256::from(32) * U256::from(Tickets::ONE.0),
    };
    let infos = vec![info(0), info(1)];
    let hash = keccak256(infos.abi_encode());
    let settle = |signers: &[PrivateKeySigner]| Registry::batchHandleWithdrawalsCall {
        infos: infos.clone(),
        guardianEOASignatures: signatures(signers, &[1, 2, 3], hash),
    };
    let refused =
        refusal(stage.protocol.transact(Account::OWNER, registry, &settle(&stage.enclaves()), GAS).await);
    assert!(refused.contains("Unauthorized"), "{refused}");
    stage.protocol.transact(Account::OWNER, registry, &settle(&stage.accounts()), GAS).await.unwrap();
    let left = stage.protocol.node_info(OPERATOR.address()).await.unwrap();
    assert_eq!(left, NodeInfo { active: 0, pending: 0, tickets: Tickets(4 * Tickets::ONE.0) });
    stage.well();
}

#[tokio::test]
async fn guardians_sign_the_number_of_validators() {
    let stage = Stage::set().await;
    let hash = keccak256((U256::from(1234), U256::from(300_000)).abi_encode_params());
    let ask = async |epoch: u64| {
        let call = Module::validateTotalNumberOfValidatorsCall {
            numberOfValidators: U256::from(1234),
            epochNumber: U256::from(epoch),
            signatures: signatures(&stage.accounts(), &[0, 1, 2], hash),
        };
        stage.protocol.view(stage.protocol.addresses().guardian_module, &call).await
    };
    ask(300_000).await.unwrap();
    assert!(refusal(ask(300_001).await).contains("Unauthorized"));
    stage.well();
}
