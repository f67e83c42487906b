use super::*;
use rand::SeedableRng;

/// A deposit that Puffer's tools signed: see `tests/vectors/puffer_custody.json`.
fn puffer() -> (DepositData, serde_json::Value) {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/puffer_custody.json")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let deposit = vector["deposit"].clone();
    let message = DepositMessage::new(
        text(&vector["bls_pub_key"]).parse().unwrap(),
        text(&deposit["withdrawal_credentials"]).parse().unwrap(),
    );
    (DepositData { message, signature: text(&deposit["signature"]).parse().unwrap() }, deposit)
}

#[test]
fn roots_and_signature_are_those_of_a_real_deposit() {
    let (data, expected) = puffer();
    let root = |field: &str| expected[field].as_str().unwrap().parse::<Root>().unwrap();
    let genesis = ForkVersion([0; 4]);
    assert_eq!(data.message.amount.0, expected["amount_gwei"].as_u64().unwrap());
    assert_eq!(data.message.hash_tree_root(), root("deposit_message_root"));
    assert_eq!(data.message.signing_root(genesis), root("signing_root"));
    assert_eq!(data.hash_tree_root(), root("deposit_data_root"));
    assert!(data.verify(genesis));
}

/// eth2.0-deposit-cli's published domain of mainnet: `compute_domain(DOMAIN_DEPOSIT)` with fork version 0.
#[test]
fn the_domain_is_mainnets() {
    let published = "0x03000000f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a9";
    assert_eq!(deposit_domain(ForkVersion([0; 4])).to_string(), published);
}

#[test]
fn nothing_of_a_deposit_can_be_changed() {
    let (data, _) = puffer();
    let genesis = ForkVersion([0; 4]);
    let mut other = data;
    other.message.amount = Gwei(31_999_999_999);
    assert!(!other.verify(genesis));
    assert_ne!(other.hash_tree_root(), data.hash_tree_root());
    let mut other = data;
    other.message.withdrawal_credentials.0[31] ^= 1;
    assert!(!other.verify(genesis));
    assert_ne!(other.hash_tree_root(), data.hash_tree_root());
    let mut other = data;
    other.signature.0[95] ^= 1;
    assert!(!other.verify(genesis));
    assert_ne!(other.hash_tree_root(), data.hash_tree_root());
    let mut other = data;
    other.message.pubkey.0[47] ^= 1;
    assert!(!other.verify(genesis));
    assert!(!data.verify(ForkVersion([0, 0, 0, 1])), "a deposit for another chain");
}

#[test]
fn what_is_signed_here_verifies_here() {
    let key = SecretKey::generate(&mut rand::rngs::StdRng::seed_from_u64(7));
    let message = DepositMessage::new(key.public_key().to_bytes(), WithdrawalCredentials([1; 32]));
    let genesis = ForkVersion([0x10, 0, 0, 0x20]);
    assert!(message.sign(&key, genesis).verify(genesis));
    let stranger = SecretKey::generate(&mut rand::rngs::StdRng::seed_from_u64(8));
    assert!(!message.sign(&stranger, genesis).verify(genesis));
}

#[test]
fn keys_and_signatures_that_are_none_do_not_verify() {
    let genesis = ForkVersion([0; 4]);
    let infinity = |first: u8| {
        let mut bytes = [0u8; 96];
        bytes[0] = first;
        bytes
    };
    let mut key = [0u8; 48];
    key[0] = 0xc0;
    for pubkey in [BlsPubkey(key), BlsPubkey([0; 48]), BlsPubkey([0xff; 48])] {
        for signature in [infinity(0xc0), infinity(0), [0xff; 96]] {
            let message = DepositMessage::new(pubkey, WithdrawalCredentials([0; 32]));
            assert!(!DepositData { message, signature: BlsSignature(signature) }.verify(genesis));
        }
    }
}
