use super::*;
use crate::ciphersuite::Bls12381;
use crate::dealing::tests::indices;
use crate::sharing::Polynomial;
use frost_secp256k1::Secp256K1Sha256;

fn finds_the_value<C: Curve>(x: u16, xs: &[u16], degree: u16) {
    let coefficient = |i: u16| Secret::<C>(curve::reduce::<C>(&[i as u8 + 1; 64]));
    let polynomial = Polynomial::<C>::new((0..=degree).map(coefficient).collect());
    let xs = indices(xs);
    let weights = Interpolation::<C>::at(x, &xs).unwrap();
    let values: Vec<_> = xs.iter().map(|x| polynomial.at(*x)).collect();
    let points: Vec<_> = values.iter().map(|value| curve::public::<C>(&value.0)).collect();
    let expected = ShareIndex::new(x).map_or(polynomial.constant().0, |x| polynomial.at(x).0);
    assert!(weights.secrets(values.iter().map(|value| &value.0)).0 == expected);
    assert!(weights.points(&points) == curve::public::<C>(&expected));
}

#[test]
fn a_polynomial_is_found_at_zero_and_elsewhere() {
    for x in [0, 1, 3, 50, 100] {
        finds_the_value::<Bls12381>(x, &[1], 0);
        finds_the_value::<Bls12381>(x, &[2, 4, 7], 2);
        finds_the_value::<Bls12381>(x, &[7, 4, 2, 99], 2);
        finds_the_value::<Secp256K1Sha256>(x, &[1, 2, 5], 2);
        let wide: Vec<u16> = (1..=100).filter(|x| x % 3 != 1).collect();
        finds_the_value::<Bls12381>(x, &wide, 60);
        finds_the_value::<Secp256K1Sha256>(x, &wide, 60);
    }
}

#[test]
fn an_index_twice_has_no_weights() {
    assert!(Interpolation::<Bls12381>::at(0, &indices(&[1, 2, 1])).is_none());
    assert!(small_at(0, &indices(&[1, 2, 4])).is_some());
}
