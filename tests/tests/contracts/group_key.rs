//! `GroupKey`: signatures of any t guardians are taken, nothing else is, and at what price; in an EVM without a chain
//! around it. The keys are dealt by the FROST library, as its own users do.

use super::build::contracts;
use alloy::json_abi::JsonAbi;
use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use alloy::sol_types::{SolCall, SolConstructor, SolError, SolEvent};
use crypto::group_key::{
    ContractSignature, GroupKeySet, GroupPublicKey, GroupShare, GroupSignature, SigningPackage,
    advance_payload, aggregate, commit, evm_digest, sign, verify,
};
use crypto::threshold::{ShareIndex, Threshold};
use devnet::protocol::abi::GroupKey;
use frost_secp256k1::keys::{IdentifierList, split};
use frost_secp256k1::rand_core as old;
use frost_secp256k1::{Identifier, SigningKey};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use revm::context::result::{ExecutionResult, Output};
use revm::context::{Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::{ExecuteCommitEvm, MainBuilder, MainContext};

const CHAIN: u64 = 560_048;
const GAS: u64 = 5_000_000;
/// What every transaction costs before anything runs.
const TRANSACTION: u64 = 21_000;
/// Field and group order of secp256k1 (SEC 2).
const FIELD: &str = "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
const ORDER: &str = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// Our generator for the FROST library, which wants the traits of years ago.
struct Old<'a>(&'a mut StdRng);

impl old::RngCore for Old<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), old::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl old::CryptoRng for Old<'_> {}

/// A dealt key.
struct Dealt {
    set: GroupKeySet,
    shares: Vec<GroupShare>,
}

impl Dealt {
    fn new(t: u16, n: u16, rng: &mut StdRng) -> Self {
        let secret = SigningKey::new(&mut Old(rng));
        let (dealt, _) = split(&secret, n, t, IdentifierList::Default, &mut Old(rng)).unwrap();
        let threshold = Threshold::new(t, n).unwrap();
        let share = |index: ShareIndex| {
            let share = &dealt[&Identifier::try_from(index.get()).unwrap()];
            let bytes = share.signing_share().serialize().try_into().unwrap();
            (GroupShare::from_bytes(index, &bytes).unwrap(), share.commitment().serialize_whole().unwrap())
        };
        let (shares, commitments): (Vec<_>, Vec<_>) = threshold.indices().map(share).unzip();
        Self { set: GroupKeySet::from_bytes(threshold, &commitments[0]).unwrap(), shares }
    }

    /// 3 of 4, with y of the key as asked.
    fn with_parity(odd: bool, rng: &mut StdRng) -> Self {
        loop {
            let dealt = Self::new(3, 4, rng);
            if (dealt.set.key().to_bytes()[0] == 3) == odd {
                return dealt;
            }
        }
    }

    fn key(&self) -> GroupPublicKey {
        self.set.key()
    }

    /// Guardians at `who` sign.
    fn sign(&self, who: &[usize], message: B256, rng: &mut StdRng) -> GroupSignature {
        let signers: Vec<_> = who.iter().map(|position| &self.shares[*position]).collect();
        let (nonces, published): (Vec<_>, Vec<_>) = signers.iter().map(|share| commit(share, rng)).unzip();
        let asked = signers.iter().map(|share| share.index()).zip(published);
        let package = SigningPackage::new(message.0, asked).unwrap();
        let shares = signers
            .iter()
            .zip(nonces)
            .map(|(share, nonces)| (share.index(), sign(share, &self.set, nonces, &package).unwrap()))
            .collect();
        let signature = aggregate(&self.set, &package, &shares).unwrap();
        assert!(verify(&self.key(), &message.0, &signature));
        signature
    }
}

/// The contract's numbers.
#[derive(Clone, Copy)]
struct Numbers {
    rx: U256,
    ry: U256,
    z: U256,
}

impl From<GroupSignature> for Numbers {
    fn from(signature: GroupSignature) -> Self {
        let ContractSignature { rx, ry, z } = (&signature).into();
        let [rx, ry, z] = [rx, ry, z].map(U256::from_be_bytes);
        Self { rx, ry, z }
    }
}

fn point(key: &GroupPublicKey) -> (U256, U256) {
    let (x, y) = key.coordinates();
    (U256::from_be_bytes(x), U256::from_be_bytes(y))
}

/// What a transaction with this input costs before anything runs (EIP-2028).
fn intrinsic(input: &[u8]) -> u64 {
    TRANSACTION + input.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum::<u64>()
}

/// A contract in an EVM of its own.
#[derive(Clone)]
struct Machine {
    chain: u64,
    state: CacheDB<EmptyDB>,
    contract: Address,
}

impl Machine {
    fn new(key: &GroupPublicKey, definition: B256) -> Self {
        Self::on(CHAIN, key, definition)
    }

    fn on(chain: u64, key: &GroupPublicKey, definition: B256) -> Self {
        let (px, py) = point(key);
        let mut machine = Self { chain, state: CacheDB::default(), contract: Address::ZERO };
        match machine.deploy(definition, px, py) {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => {
                machine.contract = address;
            }
            other => panic!("not deployed: {other:?}"),
        }
        machine
    }

    fn deploy(&mut self, definition: B256, px: U256, py: U256) -> ExecutionResult {
        let arguments = GroupKey::constructorCall { firstDefinition: definition, px, py }.abi_encode();
        self.run(TxKind::Create, [&GroupKey::BYTECODE[..], &arguments].concat().into())
    }

    fn run(&mut self, kind: TxKind, data: Bytes) -> ExecutionResult {
        self.run_by(SpecId::PRAGUE, GAS, kind, data)
    }

    fn run_by(&mut self, rules: SpecId, gas_limit: u64, kind: TxKind, data: Bytes) -> ExecutionResult {
        let chain = self.chain;
        let caller = Address::repeat_byte(0xee);
        let tx = TxEnv { caller, kind, data, gas_limit, chain_id: Some(chain), ..TxEnv::default() };
        Context::mainnet()
            .with_db(&mut self.state)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(rules);
                cfg.chain_id = chain;
                cfg.disable_nonce_check = true;
            })
            .build_mainnet()
            .transact_commit(tx)
            .unwrap()
    }

    fn call<C: SolCall>(&mut self, call: &C) -> ExecutionResult {
        self.run(TxKind::Call(self.contract), call.abi_encode().into())
    }

    /// A view, and the gas that the contract used for it: what a calling contract would pay beyond its call.
    fn metered<C: SolCall>(&self, call: &C) -> (C::Return, u64) {
        let before = intrinsic(&call.abi_encode());
        match self.clone().call(call) {
            ExecutionResult::Success { output, gas, .. } => {
                (C::abi_decode_returns(output.data()).unwrap(), gas.total_gas_spent() - before)
            }
            other => panic!("{other:?}"),
        }
    }

    fn view<C: SolCall>(&self, call: &C) -> C::Return {
        self.metered(call).0
    }

    fn accepts(&self, digest: B256, numbers: Numbers) -> bool {
        let Numbers { rx, ry, z } = numbers;
        self.view(&GroupKey::verifyCall { digest, rx, ry, z })
    }

    fn gas(&self, digest: B256, numbers: Numbers) -> u64 {
        let Numbers { rx, ry, z } = numbers;
        let (accepted, gas) = self.metered(&GroupKey::verifyCall { digest, rx, ry, z });
        assert!(accepted);
        gas
    }

    fn digest(&self, payload: B256) -> B256 {
        self.view(&GroupKey::digestOfCall { payload })
    }

    fn nonce(&self) -> u64 {
        self.view(&GroupKey::nonceCall {}).to()
    }

    /// What `dealt` must sign to put `key` and `definition` in force.
    fn to_advance(&self, definition: B256, key: &GroupPublicKey) -> B256 {
        let contract = crypto::execution::Address(self.contract.into());
        evm_digest(self.chain, &contract, self.nonce(), &advance_payload(&definition.0, key)).into()
    }

    /// The logs, or the selector of the error.
    fn advance(
        &mut self,
        definition: B256,
        (px, py): (U256, U256),
        numbers: Numbers,
    ) -> Result<Vec<Log>, [u8; 4]> {
        let Numbers { rx, ry, z } = numbers;
        let call = GroupKey::advanceCall { newDefinition: definition, px, py, rx, ry, z };
        match self.call(&call) {
            ExecutionResult::Success { logs, .. } => Ok(logs),
            ExecutionResult::Revert { output, .. } => Err(output[..].try_into().unwrap()),
            halted @ ExecutionResult::Halt { .. } => panic!("{halted:?}"),
        }
    }
}

fn definition(number: u8) -> B256 {
    B256::repeat_byte(number)
}

#[test]
fn any_three_of_four_sign_any_message() {
    let mut rng = StdRng::seed_from_u64(5);
    for odd in [false, true] {
        let dealt = Dealt::with_parity(odd, &mut rng);
        let machine = Machine::new(&dealt.key(), definition(1));
        let (px, py) = point(&dealt.key());
        let key = machine.view(&GroupKey::keyCall {});
        assert_eq!((key.px, key.py), (px, py));
        assert_eq!(machine.view(&GroupKey::definitionCall {}), definition(1));
        let mut random = B256::ZERO;
        rng.fill_bytes(&mut random.0);
        for message in [B256::ZERO, B256::repeat_byte(0xff), keccak256("a message"), random] {
            for who in [&[0, 1, 2][..], &[0, 1, 3], &[0, 2, 3], &[1, 2, 3], &[0, 1, 2, 3]] {
                assert!(machine.accepts(message, dealt.sign(who, message, &mut rng).into()), "{who:?}");
            }
        }
    }
}

/// Both parities of R and K come up, so that both prefixes of both points are hashed.
#[test]
fn many_keys_sign_many_messages() {
    let mut rng = StdRng::seed_from_u64(6);
    let mut prefixes = std::collections::BTreeSet::new();
    for (t, n) in [(2, 2), (2, 3), (5, 7), (7, 13)] {
        for _ in 0..4 {
            let dealt = Dealt::new(t, n, &mut rng);
            let machine = Machine::new(&dealt.key(), definition(1));
            let who: Vec<_> = (0..usize::from(t)).collect();
            let mut message = B256::ZERO;
            rng.fill_bytes(&mut message.0);
            let signature = dealt.sign(&who, message, &mut rng);
            prefixes.insert((dealt.key().to_bytes()[0], signature.to_bytes()[0]));
            assert!(machine.accepts(message, signature.into()));
        }
    }
    assert_eq!(prefixes.len(), 4);
}

#[test]
fn what_was_tampered_with_is_refused() {
    let mut rng = StdRng::seed_from_u64(7);
    let dealt = Dealt::new(3, 4, &mut rng);
    let machine = Machine::new(&dealt.key(), definition(1));
    let message = keccak256("pay nobody");
    let good: Numbers = dealt.sign(&[0, 1, 2], message, &mut rng).into();
    assert!(machine.accepts(message, good));

    let (field, order): (U256, U256) = (FIELD.parse().unwrap(), ORDER.parse().unwrap());
    let other: Numbers = dealt.sign(&[0, 1, 2], message, &mut rng).into();
    let (px, py) = point(&dealt.key());
    let bad = [
        ("rx", Numbers { rx: good.rx ^ U256::ONE, ..good }),
        ("ry", Numbers { ry: good.ry ^ U256::ONE, ..good }),
        ("z", Numbers { z: good.z ^ U256::ONE, ..good }),
        ("R of another", Numbers { rx: other.rx, ry: other.ry, ..good }),
        ("z of another", Numbers { z: other.z, ..good }),
        ("R negated", Numbers { ry: field - good.ry, ..good }),
        ("z negated", Numbers { z: order - good.z, ..good }),
        ("both negated", Numbers { ry: field - good.ry, z: order - good.z, ..good }),
        ("z of zero", Numbers { z: U256::ZERO, ..good }),
        ("z the order", Numbers { z: order, ..good }),
        ("z the largest", Numbers { z: U256::MAX, ..good }),
        ("R infinite", Numbers { rx: U256::ZERO, ry: U256::ZERO, ..good }),
        ("x of R the field", Numbers { rx: field, ..good }),
        ("x of R the largest", Numbers { rx: U256::MAX, ..good }),
        ("y of R the largest", Numbers { ry: U256::MAX, ..good }),
        ("R the key", Numbers { rx: px, ry: py, ..good }),
        ("R and z of one another", Numbers { rx: good.z, z: good.rx, ..good }),
        ("nothing", Numbers { rx: U256::ZERO, ry: U256::ZERO, z: U256::ZERO }),
    ];
    for (what, numbers) in bad {
        assert!(!machine.accepts(message, numbers), "{what}");
    }
    for bit in 0..256 {
        let digest = B256::from(U256::from_be_bytes(message.0) ^ (U256::ONE << bit));
        assert!(!machine.accepts(digest, good), "bit {bit} of the digest");
    }
    let stranger = Dealt::new(3, 4, &mut rng);
    assert!(!machine.accepts(message, stranger.sign(&[0, 1, 2], message, &mut rng).into()));
}

#[test]
fn a_signature_is_for_one_chain_one_contract_and_one_nonce() {
    let mut rng = StdRng::seed_from_u64(9);
    let dealt = Dealt::new(3, 4, &mut rng);
    let mut machine = Machine::new(&dealt.key(), definition(1));
    let payload = keccak256("what the network has to say");
    let address = |machine: &Machine| crypto::execution::Address(machine.contract.into());

    let digest = machine.digest(payload);
    assert_eq!(digest, evm_digest(CHAIN, &address(&machine), 0, &payload.0));
    let good: Numbers = dealt.sign(&[1, 2, 3], digest, &mut rng).into();
    assert!(machine.accepts(digest, good));

    // The same contract with the same key, elsewhere.
    let other_chain = Machine::on(CHAIN + 1, &dealt.key(), definition(1));
    assert_eq!(other_chain.contract, machine.contract);
    assert!(!other_chain.accepts(other_chain.digest(payload), good));
    let mut other_place = machine.clone();
    let (px, py) = point(&dealt.key());
    match other_place.deploy(definition(1), px, py) {
        ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => {
            other_place.contract = address;
        }
        other => panic!("{other:?}"),
    }
    assert_ne!(other_place.contract, machine.contract);
    assert_eq!(other_place.digest(payload), evm_digest(CHAIN, &address(&other_place), 0, &payload.0));
    assert!(!other_place.accepts(other_place.digest(payload), good));

    // And later.
    let advance = dealt.sign(&[0, 1, 2], machine.to_advance(definition(2), &dealt.key()), &mut rng);
    for mut elsewhere in [other_chain, other_place] {
        let result = elsewhere.advance(definition(2), point(&dealt.key()), advance.into());
        assert_eq!(result, Err(GroupKey::NotSigned::SELECTOR));
    }
    machine.advance(definition(2), point(&dealt.key()), advance.into()).unwrap();
    assert_eq!(machine.digest(payload), evm_digest(CHAIN, &address(&machine), 1, &payload.0));
    assert!(!machine.accepts(machine.digest(payload), good));
    assert!(machine.accepts(digest, good), "that it was signed once stays true");
}

#[test]
fn the_network_advances_by_its_own_signature_once() {
    let mut rng = StdRng::seed_from_u64(10);
    let dealt = Dealt::new(3, 4, &mut rng);
    let mut machine = Machine::new(&dealt.key(), definition(1));
    let not_signed = GroupKey::NotSigned::SELECTOR;
    let (next, after) = (Dealt::new(5, 7, &mut rng), Dealt::new(2, 3, &mut rng));

    let digest = machine.to_advance(definition(2), &next.key());
    let good: Numbers = dealt.sign(&[0, 1, 2], digest, &mut rng).into();
    // Not by a stranger, not to anything else, not by a signature over the payload alone.
    let strange = next.sign(&[0, 1, 2, 3, 4], digest, &mut rng);
    assert_eq!(machine.advance(definition(2), point(&next.key()), strange.into()), Err(not_signed));
    assert_eq!(machine.advance(definition(3), point(&next.key()), good), Err(not_signed));
    assert_eq!(machine.advance(definition(2), point(&after.key()), good), Err(not_signed));
    let bare = dealt.sign(&[0, 1, 2], advance_payload(&definition(2).0, &next.key()).into(), &mut rng);
    assert_eq!(machine.advance(definition(2), point(&next.key()), bare.into()), Err(not_signed));
    assert_eq!((machine.nonce(), machine.view(&GroupKey::definitionCall {})), (0, definition(1)));

    let logs = machine.advance(definition(2), point(&next.key()), good).unwrap();
    let (px, py) = point(&next.key());
    let event = GroupKey::Advanced::decode_log_validate(&logs[0]).unwrap().data;
    assert_eq!(event, GroupKey::Advanced { nonce: U256::ONE, definition: definition(2), px, py });
    assert_eq!(logs[0].topics()[1..], [U256::ONE.into(), definition(2)]);
    assert_eq!((logs.len(), machine.nonce()), (1, 1));
    assert_eq!(machine.view(&GroupKey::definitionCall {}), definition(2));
    let key = machine.view(&GroupKey::keyCall {});
    assert_eq!((key.px, key.py), (px, py));

    // Again, by the old key at the new nonce: no.
    assert_eq!(machine.advance(definition(2), point(&next.key()), good), Err(not_signed));
    let old = dealt.sign(&[0, 1, 2], machine.to_advance(definition(1), &dealt.key()), &mut rng);
    assert_eq!(machine.advance(definition(1), point(&dealt.key()), old.into()), Err(not_signed));

    // The same definition and key as before are signed for anew at every nonce: a round trip replays nothing.
    for (from, to, number) in [(&next, &dealt, 1), (&dealt, &next, 2)] {
        let who: Vec<_> = (0..usize::from(from.set.t())).collect();
        let signature = from.sign(&who, machine.to_advance(definition(number), &to.key()), &mut rng);
        machine.advance(definition(number), point(&to.key()), signature.into()).unwrap();
    }
    assert_eq!(machine.nonce(), 3);
    assert_eq!(machine.advance(definition(2), point(&next.key()), good), Err(not_signed));
}

/// The point with x = 1, y^2 = 8.
fn at_one() -> GroupPublicKey {
    let bytes = [&[2][..], &U256::ONE.to_be_bytes::<32>()].concat();
    GroupPublicKey::try_from(&bytes[..]).unwrap()
}

#[test]
fn what_is_no_key_is_refused() {
    let mut rng = StdRng::seed_from_u64(11);
    let dealt = Dealt::new(2, 3, &mut rng);
    let mut machine = Machine::new(&dealt.key(), definition(1));
    let (field, order): (U256, U256) = (FIELD.parse().unwrap(), ORDER.parse().unwrap());
    let (px, py) = point(&dealt.key());
    // The least x from the order up that is one of a point: a key that ecrecover cannot take.
    let large = (0u64..)
        .map(|step| order + U256::from(step))
        .find_map(|x| {
            let bytes = [&[2][..], &x.to_be_bytes::<32>()].concat();
            GroupPublicKey::try_from(&bytes[..]).ok()
        })
        .unwrap();
    let bad = [
        (U256::ZERO, U256::ZERO),
        (px, py ^ U256::ONE),
        (px ^ U256::ONE, py),
        (px, field),
        (px, U256::MAX),
        (U256::MAX, py),
        (field, py),
        (U256::ONE + field, point(&at_one()).1),
        point(&large),
        (py, px),
    ];
    let invalid = GroupKey::InvalidKey::SELECTOR;
    for (px, py) in bad {
        match machine.clone().deploy(definition(1), px, py) {
            ExecutionResult::Revert { output, .. } => assert_eq!(output[..], invalid, "{px} {py}"),
            other => panic!("{px} {py}: {other:?}"),
        }
        // Signed for all the same: the contract's payload, written down once more.
        let words = [keccak256("guardian/group-key/advance/v1"), definition(2), px.into(), py.into()];
        let digest = machine.digest(keccak256(words.concat()));
        let signature = dealt.sign(&[0, 1], digest, &mut rng);
        assert_eq!(machine.advance(definition(2), (px, py), signature.into()), Err(invalid), "{px} {py}");
    }
    assert_eq!(machine.nonce(), 0);
}

/// The price of one signature, whatever t and n are: reading the key once, one ecrecover, three SHA-256.
#[test]
fn a_signature_costs_less_than_seven_thousand_gas() {
    let mut rng = StdRng::seed_from_u64(12);
    let message = keccak256("gas");
    for odd in [false, true] {
        let mut dealt = Dealt::with_parity(odd, &mut rng);
        let mut machine = Machine::new(&dealt.key(), definition(1));
        let gas = machine.gas(message, dealt.sign(&[0, 1, 2], message, &mut rng).into());
        println!("verify: {gas} gas");
        assert!(gas < 7_000, "{gas}");

        // A later key of the same parity costs the same, one of the other parity a second word of storage.
        for (parity, bound) in [(odd, 7_000), (!odd, 9_100), (odd, 7_000)] {
            let next = Dealt::with_parity(parity, &mut rng);
            let number = definition(2);
            let signature = dealt.sign(&[0, 1, 2], machine.to_advance(number, &next.key()), &mut rng);
            machine.advance(number, point(&next.key()), signature.into()).unwrap();
            let gas = machine.gas(message, next.sign(&[0, 1, 2], message, &mut rng).into());
            println!("verify after an advance, same parity {}: {gas} gas", parity == odd);
            assert!(gas < bound, "{gas}");
            dealt = next;
        }
    }
}

/// A caller that gives too little gas gets no answer, and never a wrong one.
#[test]
fn want_of_gas_is_no_signature() {
    let mut rng = StdRng::seed_from_u64(13);
    let dealt = Dealt::new(3, 4, &mut rng);
    let machine = Machine::new(&dealt.key(), definition(1));
    let message = keccak256("little gas");
    let good: Numbers = dealt.sign(&[0, 1, 2], message, &mut rng).into();
    let Numbers { rx, ry, z } = good;
    let call = GroupKey::verifyCall { digest: message, rx, ry, z };
    let before = intrinsic(&call.abi_encode());
    let enough = machine.gas(message, good);
    // By the rules before Prague, as a transaction below the floor of EIP-7623 does not run at all.
    let mut answers = 0;
    for gas in (0..enough + 200).step_by(13) {
        let mut machine = machine.clone();
        let to = TxKind::Call(machine.contract);
        let result = machine.run_by(SpecId::CANCUN, before + gas, to, call.abi_encode().into());
        if let ExecutionResult::Success { output, .. } = result {
            assert!(GroupKey::verifyCall::abi_decode_returns(output.data()).unwrap(), "{gas}");
            answers += 1;
        }
    }
    assert!((1..40).contains(&answers), "{answers}");
}

/// Written down as another Keccak has them.
#[test]
fn the_abi_is_the_one_written_down() {
    let file = contracts().join("out/GroupKey.json");
    let artefact: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(artefact["notice"].as_str().unwrap().starts_with("Not audited"));
    let abi: JsonAbi = serde_json::from_value(artefact["abi"].clone()).unwrap();
    let functions: Vec<_> = abi.functions().map(|f| (f.signature(), f.selector().to_string())).collect();
    let expected = [
        ("advance(bytes32,uint256,uint256,uint256,uint256,uint256)", "0xeeb3af45"),
        ("definition()", "0xaab8f0a7"),
        ("digestOf(bytes32)", "0x6901eb1e"),
        ("key()", "0x3943380c"),
        ("nonce()", "0xaffed0e0"),
        ("verify(bytes32,uint256,uint256,uint256)", "0x69d654a2"),
    ];
    assert_eq!(functions, expected.map(|(signature, selector)| (signature.to_owned(), selector.to_owned())));
    let errors = ["InvalidKey", "NotSigned"].map(|name| abi.error(name).unwrap()[0].selector().to_string());
    assert_eq!(errors, ["0x76d4e1e8", "0xa72952d8"]);
    let advanced = &abi.event("Advanced").unwrap()[0];
    let topic = "0xd9d53ea9399db444637e81f0861efea6ef85c3955928ebdcefb56db87ce54e24";
    assert_eq!(advanced.selector().to_string(), topic);
    assert_eq!(advanced.inputs.iter().map(|i| i.indexed).collect::<Vec<_>>(), [true, true, false, false]);
    let payable = |f: &&alloy::json_abi::Function| {
        matches!(f.state_mutability, alloy::json_abi::StateMutability::Payable)
    };
    assert_eq!(abi.functions().filter(payable).count(), 0, "it takes no ether");
    assert!(abi.fallback.is_none() && abi.receive.is_none());
}
