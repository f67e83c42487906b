use super::*;

/// First and second line of `keygen_test_vector.yaml` (ethereum/eth2.0-pm, interop/mocked_start).
#[test]
fn published_vectors() {
    let vectors = [
        (
            "25295f0d1d592a90b333e26e85149708208e9f8e8bc18f6c77bd62f8ad7a6866",
            "0xa99a76ed7796f7be22d5b7e85deeb7c5677e88e511e0b337618f8c4eb61349b4bf2d153f649f7b53359fe8b94a38e44c",
        ),
        (
            "51d0b65185db6989ab0b560d6deed19c7ead0e24b9b6372cbecb1f26bdfad000",
            "0xb89bebc699769726a318c8e9971bd3171297c61aea4a6578a7a4f94b547dcba5bac16a89108b6b6a1fe3695d1a874a0b",
        ),
    ];
    for (index, (secret, public)) in vectors.into_iter().enumerate() {
        assert_eq!(hex::encode(secret_bytes(index as u64)), secret);
        assert_eq!(secret_key(index as u64).unwrap().public_key().to_bytes().to_string(), public);
    }
}

#[test]
fn every_scalar_is_reduced() {
    assert!((0..1000).all(|index| secret_bytes(index) < R));
}
