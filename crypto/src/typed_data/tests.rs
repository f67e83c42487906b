use super::*;
use k256::ecdsa::SigningKey;

const DOMAIN: TypedDomain = TypedDomain { chain_id: 31_337, salt: [7; 32] };

fn message(validators: &[ValidatorIndex]) -> ExitsMessage<'_> {
    let (opened, expires) = (Slot(100), Slot(200));
    ExitsMessage { validators, severity: "urgent", reason: "stolen keys", opened, expires }
}

fn sign(digest: &[u8; 32]) -> AccountSignature {
    // The first account of every local network.
    let secret = hex::decode("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80").unwrap();
    let (signature, id) = SigningKey::from_slice(&secret).unwrap().sign_prehash_recoverable(digest);
    let mut bytes = [0u8; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + id.to_byte();
    AccountSignature(bytes)
}

fn signer() -> Address {
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266".parse().unwrap()
}

#[test]
fn the_account_that_signed_is_found_and_no_other_for_any_other_words() {
    let validators = [ValidatorIndex(1), ValidatorIndex(2)];
    let signed = DOMAIN.exits_digest(&message(&validators));
    let signature = sign(&signed);
    assert_eq!(recover(&signed, &signature).unwrap(), signer());

    let other = [ValidatorIndex(1), ValidatorIndex(3)];
    let changed = [
        DOMAIN.exits_digest(&message(&other)),
        DOMAIN.exits_digest(&message(&validators[..1])),
        DOMAIN.exits_digest(&ExitsMessage { severity: "normal", ..message(&validators) }),
        DOMAIN.exits_digest(&ExitsMessage { reason: "stolen key", ..message(&validators) }),
        DOMAIN.exits_digest(&ExitsMessage { opened: Slot(101), ..message(&validators) }),
        DOMAIN.exits_digest(&ExitsMessage { expires: Slot(201), ..message(&validators) }),
        TypedDomain { chain_id: 1, ..DOMAIN }.exits_digest(&message(&validators)),
        TypedDomain { salt: [8; 32], ..DOMAIN }.exits_digest(&message(&validators)),
        DOMAIN.cancellation_digest(&[7; 32]),
    ];
    for digest in changed {
        assert_ne!(recover(&digest, &signature).ok(), Some(signer()));
    }
}

#[test]
fn v_is_read_in_both_ways_and_a_second_form_of_a_signature_is_refused() {
    let digest = DOMAIN.cancellation_digest(&[9; 32]);
    let signature = sign(&digest);
    let mut short = signature;
    short.0[64] -= 27;
    assert_eq!(recover(&digest, &short).unwrap(), signer());
    let mut strange = signature;
    strange.0[64] = 29;
    assert!(matches!(recover(&digest, &strange), Err(Error::AccountSignature)));

    let low = Signature::from_slice(&signature.0[..64]).unwrap();
    let high = Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
    let mut second = signature;
    second.0[..64].copy_from_slice(&high.to_bytes());
    second.0[64] = 27 + 28 - second.0[64];
    assert!(matches!(recover(&digest, &second), Err(Error::AccountSignature)));
    assert!(matches!(recover(&digest, &AccountSignature([0; 65])), Err(Error::AccountSignature)));
}
