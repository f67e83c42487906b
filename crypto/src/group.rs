//! Scalar, G1, G2 and the pairing of BLS12-381, over `blst`. The only file with `unsafe`.
//!
//! Everything above it works with checked values: a [`G1Affine`] is always in the right subgroup, a [`G2Affine`] always
//! on the curve (its subgroup is asked for by name, because a combination is cheaper to check than its parts), and a
//! [`Scalar`] always below the group order. Secret scalars meet constant-time code only (`blst_sign_*`, `blst_sk_to_*`,
//! field arithmetic); variable-time code is for public values: Lagrange weights, share indices, randomisers.

#![allow(unsafe_code)]

use crate::spec::Root;
use blst::*;
use rand_core::CryptoRng;
use std::ptr;
use zeroize::{Zeroize, Zeroizing};

/// Ciphersuite of the consensus specs (`phase0/beacon-chain.md`, "BLS signatures"; draft-irtf-cfrg-bls-signature-05,
/// proof of possession).
const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// An integer modulo the group order r. Wiped when dropped; not `Debug`, not `Copy`.
#[derive(Clone)]
pub(crate) struct Scalar(blst_fr);

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.l.zeroize();
    }
}

impl Scalar {
    /// From 32 bytes big-endian; `None` at or above r. Zero passes.
    pub(crate) fn from_be_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut scalar = blst_scalar::default();
        let mut fr = blst_fr::default();
        // SAFETY: `bytes` has the 32 bytes that are read, both outputs are live and of the type that is written.
        unsafe {
            blst_scalar_from_bendian(&mut scalar, bytes.as_ptr());
            if !blst_scalar_fr_check(&scalar) {
                return None;
            }
            blst_fr_from_scalar(&mut fr, &scalar);
        }
        Some(Self(fr))
    }

    /// 32 bytes big-endian.
    pub(crate) fn to_be_bytes(&self) -> Zeroizing<[u8; 32]> {
        let scalar = self.to_blst();
        let mut out = Zeroizing::new([0u8; 32]);
        // SAFETY: `out` has room for the 32 bytes that are written.
        unsafe { blst_bendian_from_scalar(out.as_mut_ptr(), &scalar) };
        out
    }

    /// Uniform and never zero: 48 random bytes reduced modulo r (bias below 2^-128; RFC 9380, section 5.1).
    pub(crate) fn random(rng: &mut impl CryptoRng) -> Self {
        let mut wide = Zeroizing::new([0u8; 48]);
        rng.fill_bytes(wide.as_mut());
        let mut scalar = blst_scalar::default();
        let mut fr = blst_fr::default();
        // SAFETY: 48 readable bytes are announced as 48; outputs are live.
        let non_zero = unsafe { blst_scalar_from_be_bytes(&mut scalar, wide.as_ptr(), wide.len()) };
        if !non_zero {
            // One chance in 2^255, or a broken generator: stay non-zero rather than loop.
            return Self::from_u64(1);
        }
        // SAFETY: the reduction above left a value below r.
        unsafe { blst_fr_from_scalar(&mut fr, &scalar) };
        Self(fr)
    }

    pub(crate) fn from_u64(value: u64) -> Self {
        let limbs = [value, 0, 0, 0];
        let mut fr = blst_fr::default();
        // SAFETY: the function reads four limbs, the array has four.
        unsafe { blst_fr_from_uint64(&mut fr, limbs.as_ptr()) };
        Self(fr)
    }

    /// Constant time.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.l.iter().fold(0u64, |acc, limb| acc | limb) == 0
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let mut out = blst_fr::default();
        // SAFETY: three live field elements.
        unsafe { blst_fr_add(&mut out, &self.0, &other.0) };
        Self(out)
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        let mut out = blst_fr::default();
        // SAFETY: three live field elements.
        unsafe { blst_fr_sub(&mut out, &self.0, &other.0) };
        Self(out)
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        let mut out = blst_fr::default();
        // SAFETY: three live field elements.
        unsafe { blst_fr_mul(&mut out, &self.0, &other.0) };
        Self(out)
    }

    /// The inverse; zero stays zero.
    pub(crate) fn invert(&self) -> Self {
        let mut out = blst_fr::default();
        // SAFETY: two live field elements.
        unsafe { blst_fr_inverse(&mut out, &self.0) };
        Self(out)
    }

    /// The limbs inside (Montgomery form, always reduced): for [`crate::ciphersuite`], whose scalars must be `Copy`.
    pub(crate) fn limbs(&self) -> [u64; 4] {
        self.0.l
    }

    /// From limbs that [`Scalar::limbs`] gave.
    pub(crate) fn from_limbs(l: [u64; 4]) -> Self {
        Self(blst_fr { l })
    }

    /// `hash_to_field` of RFC 9380 into the scalars: `expand_message_xmd` with SHA-256, 48 bytes reduced modulo r.
    pub(crate) fn hash(message: &[u8], dst: &[u8]) -> Self {
        let mut wide = [0u8; 48];
        let mut scalar = blst_scalar::default();
        let mut fr = blst_fr::default();
        // SAFETY: pointers with their true lengths, live outputs, and the reduction leaves a value below r.
        unsafe {
            blst_expand_message_xmd(
                wide.as_mut_ptr(),
                wide.len(),
                message.as_ptr(),
                message.len(),
                dst.as_ptr(),
                dst.len(),
            );
            blst_scalar_from_be_bytes(&mut scalar, wide.as_ptr(), wide.len());
            blst_fr_from_scalar(&mut fr, &scalar);
        }
        Self(fr)
    }

    /// This scalar times the generator of G1, in constant time. Infinity for zero.
    pub(crate) fn public_point(&self) -> G1Affine {
        let mut out = blst_p1::default();
        // SAFETY: live input and output.
        unsafe { blst_sk_to_pk_in_g1(&mut out, &self.to_blst()) };
        G1(out).to_affine()
    }

    /// This scalar times H(m), in constant time: the BLS signature.
    pub(crate) fn sign(&self, hash: &HashedRoot) -> G2 {
        let hash = hash.0.to_projective();
        let mut out = blst_p2::default();
        // SAFETY: live inputs and output.
        unsafe { blst_sign_pk_in_g1(&mut out, &hash.0, &self.to_blst()) };
        G2(out)
    }

    /// `blst_scalar` wipes itself when dropped.
    fn to_blst(&self) -> blst_scalar {
        let mut scalar = blst_scalar::default();
        // SAFETY: live input and output.
        unsafe { blst_scalar_from_fr(&mut scalar, &self.0) };
        scalar
    }
}

/// A point of the prime-order subgroup of E1, affine. May be infinity only when computed, never when decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct G1Affine(blst_p1_affine);

impl G1Affine {
    /// From 48 compressed bytes, checked: canonical, on the curve, in the subgroup, not infinity.
    pub(crate) fn from_compressed(bytes: &[u8; 48]) -> Option<Self> {
        let mut point = blst_p1_affine::default();
        // SAFETY: 48 readable bytes, live output, which the later calls only read.
        let ok = unsafe {
            blst_p1_uncompress(&mut point, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
                && !blst_p1_affine_is_inf(&point)
                && blst_p1_affine_in_g1(&point)
        };
        ok.then_some(Self(point))
    }

    /// Whether 48 compressed bytes are a point of the curve, of whatever order.
    #[cfg(test)]
    pub(crate) fn on_curve(bytes: &[u8; 48]) -> bool {
        let mut point = blst_p1_affine::default();
        // SAFETY: 48 readable bytes, live output.
        unsafe { blst_p1_uncompress(&mut point, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS }
    }

    pub(crate) fn to_compressed(self) -> [u8; 48] {
        let mut out = [0u8; 48];
        // SAFETY: room for the 48 bytes that are written.
        unsafe { blst_p1_affine_compress(out.as_mut_ptr(), &self.0) };
        out
    }

    /// The generator, negated: the constant side of every verification equation.
    fn minus_generator() -> Self {
        // SAFETY: the pointer is to a static of the library.
        let mut point = G1(unsafe { *blst_p1_generator() });
        // SAFETY: live point, negated in place.
        unsafe { blst_p1_cneg(&mut point.0, true) };
        point.to_affine()
    }

    pub(crate) fn is_infinity(&self) -> bool {
        // SAFETY: live input.
        unsafe { blst_p1_affine_is_inf(&self.0) }
    }

    pub(crate) fn to_projective(self) -> G1 {
        let mut out = blst_p1::default();
        // SAFETY: live input and output.
        unsafe { blst_p1_from_affine(&mut out, &self.0) };
        G1(out)
    }

    /// `k` times this point.
    pub(crate) fn times(self, k: u64) -> G1 {
        let point = self.to_projective();
        let k = k.to_le_bytes();
        let mut out = blst_p1::default();
        // SAFETY: 64 bits are announced, eight bytes are there; live points.
        unsafe { blst_p1_mult(&mut out, &point.0, k.as_ptr(), 64) };
        G1(out)
    }
}

/// A point of the prime-order subgroup of E1, projective.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct G1(blst_p1);

impl G1 {
    pub(crate) fn infinity() -> Self {
        Self(blst_p1::default())
    }

    pub(crate) fn add_affine(&self, other: &G1Affine) -> Self {
        let mut out = blst_p1::default();
        // SAFETY: three live points.
        unsafe { blst_p1_add_or_double_affine(&mut out, &self.0, &other.0) };
        Self(out)
    }

    pub(crate) fn double(&self) -> Self {
        let mut out = blst_p1::default();
        // SAFETY: live input and output.
        unsafe { blst_p1_double(&mut out, &self.0) };
        Self(out)
    }

    pub(crate) fn generator() -> Self {
        // SAFETY: the pointer is to a static of the library.
        Self(unsafe { *blst_p1_generator() })
    }

    pub(crate) fn is_infinity(&self) -> bool {
        // SAFETY: live input.
        unsafe { blst_p1_is_inf(&self.0) }
    }

    pub(crate) fn negate(mut self) -> Self {
        // SAFETY: live point, negated in place.
        unsafe { blst_p1_cneg(&mut self.0, true) };
        self
    }

    /// `k` times this point, in constant time.
    pub(crate) fn times(&self, k: &Scalar) -> Self {
        let k = k.to_blst();
        let mut out = blst_p1::default();
        // SAFETY: 255 bits are announced, 32 bytes are there; live points.
        unsafe { blst_p1_mult(&mut out, &self.0, k.b.as_ptr(), 255) };
        Self(out)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let mut out = blst_p1::default();
        // SAFETY: three live points.
        unsafe { blst_p1_add_or_double(&mut out, &self.0, &other.0) };
        Self(out)
    }

    /// `k` times this point for a small public `k`, by double-and-add.
    pub(crate) fn times_small(&self, k: u16) -> Self {
        let mut acc = Self::infinity();
        for bit in (0..u16::BITS - k.leading_zeros()).rev() {
            acc = acc.double();
            if k >> bit & 1 == 1 {
                acc = acc.add(self);
            }
        }
        acc
    }

    pub(crate) fn to_affine(self) -> G1Affine {
        let mut out = blst_p1_affine::default();
        // SAFETY: live input and output.
        unsafe { blst_p1_to_affine(&mut out, &self.0) };
        G1Affine(out)
    }

    /// The sum of `weights[i] * points[i]` by Pippenger's method; each weight is 16 bytes little-endian. No point may
    /// be infinite. Surplus points or weights are ignored.
    pub(crate) fn weighted_sum(points: &[G1Affine], weights: &[[u8; 16]]) -> Self {
        let count = points.len().min(weights.len());
        if count == 0 {
            return Self::infinity();
        }
        // SAFETY: a size computation.
        let scratch_bytes = unsafe { blst_p1s_mult_pippenger_scratch_sizeof(count) };
        let mut scratch = vec![0u64; scratch_bytes.div_ceil(size_of::<u64>())];
        let points = [points.as_ptr().cast::<blst_p1_affine>(), ptr::null()];
        let weights = [weights.as_ptr().cast::<u8>(), ptr::null()];
        let mut out = blst_p1::default();
        // SAFETY: both arrays are contiguous with at least `count` items, a weight has 128 bits, and the scratch has the
        // size the library asked for.
        unsafe {
            blst_p1s_mult_pippenger(
                &mut out,
                points.as_ptr(),
                count,
                weights.as_ptr(),
                128,
                scratch.as_mut_ptr(),
            );
        }
        Self(out)
    }

    /// Many at once, with one inversion.
    pub(crate) fn to_affines(points: &[Self]) -> Vec<G1Affine> {
        let mut out = vec![G1Affine(blst_p1_affine::default()); points.len()];
        if points.is_empty() {
            return out;
        }
        // The library takes either one pointer an item or, as here, the first followed by null: "contiguous".
        let list = [points.as_ptr().cast::<blst_p1>(), ptr::null()];
        // SAFETY: both arrays hold `points.len()` items of transparent wrappers around the library's types.
        unsafe { blst_p1s_to_affine(out.as_mut_ptr().cast(), list.as_ptr(), points.len()) };
        out
    }
}

/// Compares the points, not their coordinates.
impl PartialEq for G1 {
    fn eq(&self, other: &Self) -> bool {
        // SAFETY: live inputs.
        unsafe { blst_p1_is_equal(&self.0, &other.0) }
    }
}

impl Eq for G1 {}

/// A point of E2, affine. On the curve; in the subgroup only where [`G2Affine::in_subgroup`] was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct G2Affine(blst_p2_affine);

impl G2Affine {
    /// From 96 compressed bytes: canonical, on the curve, not infinity. The subgroup is NOT checked.
    pub(crate) fn from_compressed(bytes: &[u8; 96]) -> Option<Self> {
        let mut point = blst_p2_affine::default();
        // SAFETY: 96 readable bytes, live output.
        let ok = unsafe {
            blst_p2_uncompress(&mut point, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
                && !blst_p2_affine_is_inf(&point)
        };
        ok.then_some(Self(point))
    }

    /// From 192 uncompressed bytes: canonical, on the curve, not infinity. The subgroup is NOT checked.
    pub(crate) fn from_uncompressed(bytes: &[u8; 192]) -> Option<Self> {
        // The top three bits are flags; with any set the bytes are not a plain uncompressed point, and the library
        // would go on to read another encoding of it.
        if bytes[0] & 0xe0 != 0 {
            return None;
        }
        let mut point = blst_p2_affine::default();
        // SAFETY: 192 readable bytes, live output.
        let ok = unsafe {
            blst_p2_deserialize(&mut point, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
                && !blst_p2_affine_is_inf(&point)
        };
        ok.then_some(Self(point))
    }

    pub(crate) fn to_compressed(self) -> [u8; 96] {
        let mut out = [0u8; 96];
        // SAFETY: room for the 96 bytes that are written.
        unsafe { blst_p2_affine_compress(out.as_mut_ptr(), &self.0) };
        out
    }

    pub(crate) fn to_uncompressed(self) -> [u8; 192] {
        let mut out = [0u8; 192];
        // SAFETY: room for the 192 bytes that are written.
        unsafe { blst_p2_affine_serialize(out.as_mut_ptr(), &self.0) };
        out
    }

    pub(crate) fn is_infinity(&self) -> bool {
        // SAFETY: live input.
        unsafe { blst_p2_affine_is_inf(&self.0) }
    }

    /// Whether it has the prime order.
    pub(crate) fn in_subgroup(&self) -> bool {
        // SAFETY: live input.
        unsafe { blst_p2_affine_in_g2(&self.0) }
    }

    pub(crate) fn negate(mut self) -> Self {
        let y = self.0.y;
        // SAFETY: live input and output.
        unsafe { blst_fp2_cneg(&mut self.0.y, &y, true) };
        self
    }

    pub(crate) fn to_projective(self) -> G2 {
        let mut out = blst_p2::default();
        // SAFETY: live input and output.
        unsafe { blst_p2_from_affine(&mut out, &self.0) };
        G2(out)
    }
}

/// A point of E2, projective.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct G2(blst_p2);

impl G2 {
    pub(crate) fn infinity() -> Self {
        Self(blst_p2::default())
    }

    pub(crate) fn double(&self) -> Self {
        let mut out = blst_p2::default();
        // SAFETY: live input and output.
        unsafe { blst_p2_double(&mut out, &self.0) };
        Self(out)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let mut out = blst_p2::default();
        // SAFETY: three live points.
        unsafe { blst_p2_add_or_double(&mut out, &self.0, &other.0) };
        Self(out)
    }

    pub(crate) fn add_affine(&self, other: &G2Affine) -> Self {
        let mut out = blst_p2::default();
        // SAFETY: three live points.
        unsafe { blst_p2_add_or_double_affine(&mut out, &self.0, &other.0) };
        Self(out)
    }

    /// `k` times this point.
    pub(crate) fn times(&self, k: &Scalar) -> Self {
        let k = k.to_blst();
        let mut out = blst_p2::default();
        // SAFETY: 255 bits are announced, 32 bytes are there; live points.
        unsafe { blst_p2_mult(&mut out, &self.0, k.b.as_ptr(), 255) };
        Self(out)
    }

    pub(crate) fn to_affine(self) -> G2Affine {
        let mut out = blst_p2_affine::default();
        // SAFETY: live input and output.
        unsafe { blst_p2_to_affine(&mut out, &self.0) };
        G2Affine(out)
    }

    /// Many at once, with one inversion.
    pub(crate) fn to_affines(points: &[Self]) -> Vec<G2Affine> {
        let mut out = vec![G2Affine(blst_p2_affine::default()); points.len()];
        if points.is_empty() {
            return out;
        }
        let list = [points.as_ptr().cast::<blst_p2>(), ptr::null()];
        // SAFETY: as in `G1::to_affines`.
        unsafe { blst_p2s_to_affine(out.as_mut_ptr().cast(), list.as_ptr(), points.len()) };
        out
    }

    /// The sum of `weights[i] * points[i]` by Pippenger's method; each weight is `N` bytes little-endian, all of its
    /// bits counted. Surplus points or weights are ignored.
    pub(crate) fn weighted_sum<const N: usize>(points: &[G2Affine], weights: &[[u8; N]]) -> Self {
        let count = points.len().min(weights.len());
        if count == 0 {
            return Self::infinity();
        }
        // SAFETY: a size computation.
        let scratch_bytes = unsafe { blst_p2s_mult_pippenger_scratch_sizeof(count) };
        let mut scratch = vec![0u64; scratch_bytes.div_ceil(size_of::<u64>())];
        let points = [points.as_ptr().cast::<blst_p2_affine>(), ptr::null()];
        let weights = [weights.as_ptr().cast::<u8>(), ptr::null()];
        let mut out = blst_p2::default();
        // SAFETY: both arrays are contiguous with at least `count` items, a weight has `8 * N` bits (the library steps
        // by that many bits rounded up to bytes), and the scratch has the size the library asked for.
        unsafe {
            blst_p2s_mult_pippenger(
                &mut out,
                points.as_ptr(),
                count,
                weights.as_ptr(),
                8 * N,
                scratch.as_mut_ptr(),
            );
        }
        Self(out)
    }
}

/// A signing root hashed to the curve, H(m). Costs more than half of a signature: keep it from one's own signing for
/// the combination of the same root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashedRoot(pub(crate) G2Affine);

impl HashedRoot {
    /// `hash_to_curve` of RFC 9380 with the consensus specs' ciphersuite.
    pub fn new(root: Root) -> Self {
        let mut out = blst_p2::default();
        // SAFETY: pointers with their true lengths; an augmentation of length 0 is not read.
        unsafe {
            blst_hash_to_g2(&mut out, root.0.as_ptr(), root.0.len(), DST.as_ptr(), DST.len(), ptr::null(), 0);
        }
        Self(G2(out).to_affine())
    }
}

impl std::fmt::Debug for HashedRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HashedRoot(0x{})", hex::encode(self.0.to_compressed()))
    }
}

/// A product of Miller loops, before the final exponentiation.
#[derive(Clone, Copy)]
pub(crate) struct Miller(blst_fp12);

impl Miller {
    /// The product over all pairs; a pair with infinity counts as one. Surplus points are ignored.
    pub(crate) fn product(ps: &[G1Affine], qs: &[G2Affine]) -> Self {
        let mut out = blst_fp12::default();
        let finite = |i: &usize| !ps[*i].is_infinity() && !qs[*i].is_infinity();
        let mut ps_list: Vec<*const blst_p1_affine> = Vec::with_capacity(ps.len());
        let mut qs_list: Vec<*const blst_p2_affine> = Vec::with_capacity(qs.len());
        for i in (0..ps.len().min(qs.len())).filter(finite) {
            ps_list.push(&ps[i].0);
            qs_list.push(&qs[i].0);
        }
        if ps_list.is_empty() {
            return Self(out);
        }
        // SAFETY: one valid pointer an item in both lists, which have one length.
        unsafe { blst_miller_loop_n(&mut out, qs_list.as_ptr(), ps_list.as_ptr(), ps_list.len()) };
        Self(out)
    }

    /// `e(-generator, q)`, before the final exponentiation.
    pub(crate) fn against_generator(q: &G2Affine) -> Self {
        Self::product(&[G1Affine::minus_generator()], std::slice::from_ref(q))
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        Self(self.0 * other.0)
    }

    /// Whether the product of pairings is one.
    pub(crate) fn is_one(&self) -> bool {
        let mut out = blst_fp12::default();
        // SAFETY: live input and output.
        unsafe {
            blst_final_exp(&mut out, &self.0);
            blst_fp12_is_one(&out)
        }
    }
}
