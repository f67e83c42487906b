use super::*;

fn indices(xs: &[u16]) -> Vec<ShareIndex> {
    xs.iter().map(|&x| ShareIndex::new(x).unwrap()).collect()
}

#[test]
fn known_weights() {
    // 1, 2, 3: f(0) = 3 f(1) - 3 f(2) + f(3). 1, 3, 4 has no integers: 2, -2, 1. 1, 2, 4: 8/3, -2, 1/3.
    let integers = |xs: &[u16]| Weights::at_zero(&indices(xs));
    assert_eq!(integers(&[1, 2, 3]), Weights::Small { numerators: vec![3, -3, 1], denominator: 1 });
    assert_eq!(integers(&[1, 3, 4]), Weights::Small { numerators: vec![2, -2, 1], denominator: 1 });
    assert_eq!(integers(&[1, 2, 4]), Weights::Small { numerators: vec![8, -6, 1], denominator: 3 });
    assert_eq!(integers(&[7]), Weights::Small { numerators: vec![1], denominator: 1 });
}

#[test]
fn small_and_full_weights_are_the_same_numbers() {
    for xs in [vec![1, 2, 4], vec![2, 3, 7, 9], vec![1, 100], (1..=13).collect(), vec![3, 50, 77, 98, 99]] {
        let indices = indices(&xs);
        let Weights::Small { numerators, denominator } = Weights::at_zero(&indices) else { panic!("{xs:?}") };
        for (numerator, full) in numerators.iter().zip(full(&indices)) {
            let size = Scalar::from_u64(numerator.unsigned_abs());
            let signed = if *numerator < 0 { Scalar::from_u64(0).sub(&size) } else { size };
            let mut expected = *signed.mul(&Scalar::from_u64(denominator).invert()).to_be_bytes();
            expected.reverse();
            assert_eq!(full, expected, "{xs:?}");
        }
    }
}

#[test]
fn wide_subsets_fall_back_to_full_weights() {
    let odd: Vec<u16> = (0..50).map(|i| 2 * i + 1).collect();
    assert!(matches!(Weights::at_zero(&indices(&odd)), Weights::Full(weights) if weights.len() == 50));
}

#[test]
fn a_subset_without_denominator_is_found_where_there_is_one() {
    let (positions, weights) = cheapest_subset(&indices(&[1, 2, 4, 5, 6]), 3);
    assert_eq!(weights.denominator(), 1);
    assert_eq!(positions.len(), 3);
    // 1, 2, 4 alone leaves no choice.
    let (positions, weights) = cheapest_subset(&indices(&[1, 2, 4]), 3);
    assert_eq!((positions, weights.denominator()), (vec![0, 1, 2], 3));
    assert_eq!(cheapest_subset(&indices(&[5, 6]), 2).0, [0, 1]);
}

#[test]
fn subsets_are_all_subsets() {
    let all: Vec<_> = Subsets::new(4, 2).collect();
    assert_eq!(all, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
    assert_eq!(Subsets::new(7, 5).count(), 21);
    assert_eq!(Subsets::new(2, 3).count(), 0);
}
