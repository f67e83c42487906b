use super::*;
use crate::execution::{
    Address, ModuleName, Payload, RegistrationId, TransactionHash, WithdrawalCredentials,
};
use crate::keys::SecretKey;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

const GENESIS: ForkVersion = ForkVersion([0; 4]);

fn threshold() -> Threshold {
    Threshold::new(3, 4).unwrap()
}

/// What Puffer's tools registered: see `tests/vectors/puffer_custody.json`.
fn puffer() -> Registration {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/puffer_custody.json")).unwrap();
    let bytes = |value: &serde_json::Value| hex::decode(value.as_str().unwrap()).unwrap();
    let deposit = &vector["deposit"];
    Registration {
        id: RegistrationId { module: ModuleName([1; 32]), index: 0 },
        operator: Address([2; 20]),
        pubkey: bytes(&vector["bls_pub_key"]),
        transaction: TransactionHash([3; 32]),
        withdrawal_credentials: WithdrawalCredentials(
            bytes(&deposit["withdrawal_credentials"]).try_into().unwrap(),
        ),
        payload: Ok(Payload {
            deposit_signature: bytes(&deposit["signature"]),
            deposit_data_root: bytes(&deposit["deposit_data_root"]).try_into().unwrap(),
            envelopes: vector["bls_enc_priv_key_shares"].as_array().unwrap().iter().map(bytes).collect(),
            key_set: bytes(&vector["bls_pub_key_set"]),
        }),
    }
}

/// The vector after a change to its payload.
fn with(change: impl FnOnce(&mut Payload)) -> Registration {
    let mut registration = puffer();
    change(registration.payload.as_mut().unwrap());
    registration
}

fn verdict(registration: &Registration) -> Verdict {
    check(registration, threshold(), GENESIS).unwrap_err()
}

#[test]
fn a_registration_of_puffers_tools_is_sound() {
    let registration = puffer();
    let sound = check(&registration, threshold(), GENESIS).unwrap();
    assert_eq!(sound.pubkey.0[..], registration.pubkey);
    assert_eq!(sound.key_set.to_bytes(), registration.payload.unwrap().key_set);
}

#[test]
fn a_payload_that_cannot_be_read_says_why() {
    let unread = |why| verdict(&Registration { payload: Err(why), ..puffer() });
    assert_eq!(unread(Unreadable::NeedsTrace), Verdict::NeedsTrace);
    assert_eq!(unread(Unreadable::Malformed), Verdict::MalformedCalldata);
    assert_eq!(unread(Unreadable::TransactionMissing), Verdict::TransactionMissing);
}

#[test]
fn a_key_of_another_length_or_no_point_is_an_invalid_key() {
    let mut infinity = vec![0; 48];
    infinity[0] = 0xc0;
    let long = [puffer().pubkey, vec![0]].concat();
    let short = puffer().pubkey[..47].to_vec();
    for pubkey in [Vec::new(), vec![0; 48], vec![0xff; 48], infinity, long, short] {
        assert_eq!(verdict(&Registration { pubkey, ..puffer() }), Verdict::InvalidPubkey);
    }
}

/// On the curve, outside the group of order r: a point that a careless reader takes for a key.
#[test]
fn a_key_outside_its_group_is_an_invalid_key() {
    // x = 4 is the smallest x of the curve y^2 = x^3 + 4 whose point is not in the subgroup.
    let mut pubkey = vec![0; 48];
    pubkey[0] = 0x80;
    pubkey[47] = 4;
    assert_eq!(verdict(&Registration { pubkey: pubkey.clone(), ..puffer() }), Verdict::InvalidPubkey);
    let key_set = with(|payload| payload.key_set[48..96].copy_from_slice(&pubkey));
    assert_eq!(verdict(&key_set), Verdict::InvalidKeySet);
}

#[test]
fn envelopes_are_one_for_each_guardian_and_129_bytes() {
    assert_eq!(verdict(&with(|payload| payload.envelopes.clear())), Verdict::WrongEnvelopes);
    assert_eq!(verdict(&with(|payload| payload.envelopes.truncate(3))), Verdict::WrongEnvelopes);
    assert_eq!(verdict(&with(|payload| payload.envelopes.push(vec![0; 129]))), Verdict::WrongEnvelopes);
    assert_eq!(verdict(&with(|payload| payload.envelopes[3].push(0))), Verdict::WrongEnvelopes);
    assert_eq!(verdict(&with(|payload| payload.envelopes[0].truncate(128))), Verdict::WrongEnvelopes);
    assert_eq!(verdict(&with(|payload| payload.envelopes[2].clear())), Verdict::WrongEnvelopes);
}

#[test]
fn the_key_set_is_exactly_threshold_points() {
    assert_eq!(verdict(&with(|payload| payload.key_set.clear())), Verdict::WrongKeySetLength);
    assert_eq!(verdict(&with(|payload| payload.key_set.truncate(96))), Verdict::WrongKeySetLength);
    assert_eq!(verdict(&with(|payload| payload.key_set.push(0))), Verdict::WrongKeySetLength);
    assert_eq!(verdict(&with(|payload| payload.key_set.extend([0; 48]))), Verdict::WrongKeySetLength);
    assert_eq!(verdict(&with(|payload| payload.key_set[96..].fill(0))), Verdict::InvalidKeySet);
    assert_eq!(verdict(&with(|payload| payload.key_set[..48].fill(0xff))), Verdict::InvalidKeySet);
}

#[test]
fn the_key_set_begins_with_the_validators_key() {
    let swapped = with(|payload| payload.key_set[..96].rotate_left(48));
    assert_eq!(verdict(&swapped), Verdict::ForeignKeySet);
    let other = SecretKey::generate(&mut StdRng::seed_from_u64(1)).public_key().to_bytes();
    assert_eq!(verdict(&Registration { pubkey: other.0.to_vec(), ..puffer() }), Verdict::ForeignKeySet);
}

#[test]
fn the_deposit_is_signed_by_the_validator_for_these_credentials_and_this_chain() {
    let resigned = |key: &SecretKey, credentials: WithdrawalCredentials, genesis: ForkVersion| {
        let pubkey = BlsPubkey::try_from(&puffer().pubkey[..]).unwrap();
        let signed = DepositMessage::new(pubkey, credentials).sign(key, genesis);
        // The root fits, so that only the signature can be at fault.
        let data = DepositData {
            message: DepositMessage::new(pubkey, puffer().withdrawal_credentials),
            signature: signed.signature,
        };
        with(|payload| {
            payload.deposit_signature = data.signature.0.to_vec();
            payload.deposit_data_root = data.hash_tree_root().0;
        })
    };
    let stranger = SecretKey::generate(&mut StdRng::seed_from_u64(2));
    let foreign = resigned(&stranger, puffer().withdrawal_credentials, GENESIS);
    assert_eq!(verdict(&foreign), Verdict::InvalidDepositSignature);
    for deposit_signature in [vec![], vec![0; 95], vec![0; 97]] {
        let short = with(|payload| payload.deposit_signature = deposit_signature);
        assert_eq!(verdict(&short), Verdict::InvalidDepositSignature);
    }
    let other_chain = check(&puffer(), threshold(), ForkVersion([0, 0, 0, 1]));
    assert_eq!(other_chain, Err(Verdict::InvalidDepositSignature));
}

/// Credentials come from the chain, not from the operator: a deposit signed for others would pay others.
#[test]
fn a_deposit_for_other_credentials_is_found_by_its_root() {
    let mut registration = puffer();
    registration.withdrawal_credentials.0[31] ^= 1;
    assert_eq!(verdict(&registration), Verdict::WrongDepositDataRoot);
    assert_eq!(verdict(&with(|payload| payload.deposit_data_root = [0; 32])), Verdict::WrongDepositDataRoot);
}

#[test]
fn another_threshold_or_set_size_does_not_fit() {
    let check = |t, n| check(&puffer(), Threshold::new(t, n).unwrap(), GENESIS).err();
    assert_eq!(check(2, 4), Some(Verdict::WrongKeySetLength));
    assert_eq!(check(3, 5), Some(Verdict::WrongEnvelopes));
    assert_eq!(check(3, 3), Some(Verdict::WrongEnvelopes));
}

#[test]
fn codes_are_distinct_and_those_of_the_serialized_form() {
    for (place, verdict) in Verdict::ALL.into_iter().enumerate() {
        assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{}\"", verdict.code()));
        // Places in the list are those of the binary form, so none can be missing.
        assert_eq!(borsh::to_vec(&verdict).unwrap(), [u8::try_from(place).unwrap()]);
    }
    assert!(borsh::from_slice::<Verdict>(&[u8::try_from(Verdict::ALL.len()).unwrap()]).is_err());
}

proptest! {
    #[test]
    fn garbage_is_judged_and_never_panics(
        pubkey in proptest::collection::vec(any::<u8>(), 0..100),
        deposit_signature in proptest::collection::vec(any::<u8>(), 0..200),
        envelopes in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..140), 0..6),
        key_set in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let payload = Payload { deposit_signature, deposit_data_root: [0; 32], envelopes, key_set };
        let registration = Registration { pubkey, payload: Ok(payload), ..puffer() };
        prop_assert!(check(&registration, threshold(), GENESIS).is_err());
    }

    /// Right lengths, so that every check behind them sees garbage too.
    #[test]
    fn garbage_of_the_right_lengths_is_judged_and_never_panics(
        pubkey in proptest::collection::vec(any::<u8>(), 48),
        deposit_signature in proptest::collection::vec(any::<u8>(), 96),
        key_set in proptest::collection::vec(any::<u8>(), 144),
        keep in any::<[bool; 3]>(),
    ) {
        let mut registration = puffer();
        let payload = registration.payload.as_mut().unwrap();
        if !keep[0] { registration.pubkey = pubkey; }
        if !keep[1] { payload.deposit_signature = deposit_signature; }
        if !keep[2] { payload.key_set = key_set; }
        prop_assert_eq!(check(&registration, threshold(), GENESIS).is_ok(), keep == [true; 3]);
    }

    /// Any one bit of what is public and checked, but for the envelopes, whose content is not.
    #[test]
    fn no_single_bit_can_be_changed(place in 0usize..48 + 96 + 32 + 144, bit in 0u8..8) {
        let mut registration = puffer();
        let payload = registration.payload.as_mut().unwrap();
        let byte = match place {
            0..48 => &mut registration.pubkey[place],
            48..144 => &mut payload.deposit_signature[place - 48],
            144..176 => &mut payload.deposit_data_root[place - 144],
            // Commitments after the first are free: only the shares can tell. The first is the key.
            _ => &mut payload.key_set[(place - 176) % 48],
        };
        *byte ^= 1 << bit;
        prop_assert!(check(&registration, threshold(), GENESIS).is_err());
    }
}
