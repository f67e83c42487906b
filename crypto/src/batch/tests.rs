use super::*;
use crate::keys::SecretKey;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn claims(count: u8, rng: &mut StdRng) -> Vec<(PublicKey, Root, BlsSignature)> {
    (0..count)
        .map(|i| {
            let key = SecretKey::generate(rng);
            (key.public_key(), Root([i; 32]), key.sign(Root([i; 32])))
        })
        .collect()
}

#[test]
fn every_false_claim_is_found_wherever_it_stands() {
    let mut rng = StdRng::seed_from_u64(7);
    let good = claims(9, &mut rng);
    for bad in [vec![], vec![0], vec![8], vec![3, 4], vec![0, 2, 4, 6, 8], (0..9).collect::<Vec<_>>()] {
        let mut claims = good.clone();
        for &place in &bad {
            claims[place].1 = Root([200; 32]);
        }
        let expected: Vec<bool> = (0..9).map(|place| !bad.contains(&place)).collect();
        assert_eq!(batch_verify(&claims, &mut rng), expected);
    }
    assert!(batch_verify(&[], &mut rng).is_empty());
}

/// Two signatures changed so that their plain sum stays the same: only the random weights tell.
#[test]
fn errors_that_cancel_are_found() {
    let mut rng = StdRng::seed_from_u64(8);
    let mut claims = claims(3, &mut rng);
    let point = |s: &BlsSignature| G2Affine::from_compressed(&s.0).unwrap();
    let extra = point(&claims[2].2);
    let plus = point(&claims[0].2).to_projective().add_affine(&extra).to_affine();
    let minus = point(&claims[1].2).to_projective().add_affine(&extra.negate()).to_affine();
    claims[0].2 = BlsSignature(plus.to_compressed());
    claims[1].2 = BlsSignature(minus.to_compressed());
    assert_eq!(batch_verify(&claims, &mut rng), [false, false, true]);
}

#[test]
fn bytes_that_are_no_signature_are_false_and_hide_nobody() {
    let mut rng = StdRng::seed_from_u64(9);
    let mut claims = claims(4, &mut rng);
    let mut infinity = [0u8; 96];
    infinity[0] = 0xc0;
    claims[0].2 = BlsSignature([0xff; 96]);
    claims[1].2 = BlsSignature(infinity);
    claims[2].2 = BlsSignature(crate::group_tests::outside_subgroup().to_compressed());
    assert_eq!(batch_verify(&claims, &mut rng), [false, false, false, true]);
}

#[test]
fn the_first_search_finds_one() {
    let mut rng = StdRng::seed_from_u64(10);
    let mut claims = claims(8, &mut rng);
    claims[5].1 = Root([99; 32]);
    claims[6].1 = Root([99; 32]);
    let keys: Vec<G1Affine> = claims.iter().map(|(key, ..)| key.0).collect();
    let hashes: Vec<HashedRoot> = claims.iter().map(|(_, root, _)| HashedRoot::new(*root)).collect();
    let members: Vec<_> = claims
        .iter()
        .enumerate()
        .map(|(i, (.., signature))| (i, G2Affine::from_compressed(&signature.0).unwrap()))
        .collect();
    let mut batch = Batch::new(&keys, &hashes, &mut rng);
    assert_eq!(batch.find_false(&members, Search::First), [5]);
    assert_eq!(batch.find_false(&members, Search::All), [5, 6]);
    assert!(batch.find_false(&members[..5], Search::All).is_empty());
}
