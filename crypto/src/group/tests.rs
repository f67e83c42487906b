use crate::group::*;
use crate::spec::Root;

/// A point of the curve E2 that is not in the subgroup: found by trying x coordinates.
pub(crate) fn outside_subgroup() -> G2Affine {
    (1u8..=255)
        .filter_map(|x| {
            let mut bytes = [0u8; 96];
            bytes[0] = 0x80;
            bytes[95] = x;
            G2Affine::from_compressed(&bytes)
        })
        .find(|point| !point.in_subgroup())
        .unwrap()
}

#[test]
fn scalars_are_read_and_written_canonically() {
    let order = parse("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
    let largest = parse("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000");
    assert!(Scalar::from_be_bytes(&order).is_none());
    assert!(Scalar::from_be_bytes(&[0xff; 32]).is_none());
    let scalar = Scalar::from_be_bytes(&largest).unwrap();
    assert_eq!(*scalar.to_be_bytes(), largest);
    assert!(scalar.add(&Scalar::from_u64(1)).is_zero());
    assert_eq!(*scalar.mul(&scalar).to_be_bytes(), *Scalar::from_u64(1).to_be_bytes());
    assert_eq!(*scalar.invert().to_be_bytes(), largest);
}

#[test]
fn public_points_are_checked_on_the_way_in() {
    assert!(G1Affine::from_compressed(&[0; 48]).is_none());
    let mut infinity = [0u8; 48];
    infinity[0] = 0xc0;
    assert!(G1Affine::from_compressed(&infinity).is_none());
    // x = 4 is on E1 and, like nearly all of it, outside the subgroup.
    let mut outside = [0u8; 48];
    (outside[0], outside[47]) = (0x80, 4);
    assert!(G1Affine::from_compressed(&outside).is_none());
    let point = Scalar::from_u64(5).public_point();
    assert!(G1Affine::from_compressed(&point.to_compressed()) == Some(point));
}

#[test]
fn uncompressed_points_have_one_encoding() {
    let point = HashedRoot::new(Root([1; 32])).0;
    let bytes = point.to_uncompressed();
    assert!(G2Affine::from_uncompressed(&bytes) == Some(point));
    // A compressed point with anything behind it, the infinity flag, the sign flag: not plain.
    let mut other = [7u8; 192];
    other[..96].copy_from_slice(&point.to_compressed());
    assert!(G2Affine::from_uncompressed(&other).is_none());
    for flag in [0x20, 0x40, 0x80] {
        let mut flagged = bytes;
        flagged[0] |= flag;
        assert!(G2Affine::from_uncompressed(&flagged).is_none());
    }
    let mut infinity = [0u8; 192];
    infinity[0] = 0x40;
    assert!(G2Affine::from_uncompressed(&infinity).is_none());
    assert!(G2Affine::from_uncompressed(&[0; 192]).is_none());
}

#[test]
fn small_multiples_and_weighted_sums_agree_with_scalars() {
    let five = Scalar::from_u64(5).public_point();
    assert!(five.to_projective().times_small(100).to_affine() == Scalar::from_u64(500).public_point());
    assert!(
        five.times(u64::MAX).to_affine()
            == Scalar::from_u64(5).mul(&Scalar::from_u64(u64::MAX)).public_point()
    );
    let point = HashedRoot::new(Root([2; 32])).0;
    for count in [1usize, 2, 3, 7, 40, 200] {
        let points = vec![point; count];
        let weights: Vec<[u8; 8]> = (1..=count as u64).map(u64::to_le_bytes).collect();
        let total = Scalar::from_u64((count * (count + 1) / 2) as u64);
        let expected = point.to_projective().times(&total).to_affine();
        assert!(G2::weighted_sum(&points, &weights).to_affine() == expected, "{count}");
    }
    assert!(G2::weighted_sum::<8>(&[], &[]).to_affine().is_infinity());
}

#[test]
fn pairings_are_bilinear() {
    let (g, hash) = (Scalar::from_u64(1).public_point(), HashedRoot::new(Root([3; 32])));
    let signature = Scalar::from_u64(77).sign(&hash).to_affine();
    let key = Scalar::from_u64(77).public_point();
    assert!(Miller::product(&[key], &[hash.0]).times(&Miller::against_generator(&signature)).is_one());
    assert!(!Miller::product(&[g], &[hash.0]).times(&Miller::against_generator(&signature)).is_one());
    assert!(Miller::product(&[], &[]).is_one());
}

fn parse(text: &str) -> [u8; 32] {
    crate::wire::parse_hex("test", text).unwrap()
}
