//! New keys that nobody ever held whole: the distributed key generation of FROST (Komlo and Goldberg 2020, figure 1;
//! Pedersen's with proofs of knowledge), many keys at a time.
//!
//! The arithmetic, the order of the bytes and the result are those of `frost-core`'s `keys::dkg` (the tests run the two
//! against each other), with two differences. A dealer's polynomial comes from its [`Seed`], so that it deals the same
//! after a restart. And the proof of knowledge binds the context string the paper asks for and `frost-core` leaves out:
//! here the ceremony, the batch and the key's number, so that a package of another ceremony is refused.
//!
//! All guardians are dealers and all must deal: the key is the sum of all their secrets. A key is any one's choice only if
//! all others colluded; as in every DKG without a second round of commitments, whoever deals last can throw away keys it
//! does not like.

use crate::Error;
use crate::curve::{self, Curve, FieldOf, SCALAR, Secret};
use crate::dealing::{
    self, Concluded, Context, Dealing, Failure, Flaw, PublicDealing, check_fit, length_flaw, private_part,
    read_commitments,
};
use crate::reshare::SubShares;
use crate::seed::{Place, Seed};
use crate::sharing::{Commitments, Polynomial, ZERO_SHARE};
use crate::threshold::{ShareIndex, Threshold};

use frost_core::{Element, Field, Group, Scalar};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// How the seed's derivation names a coefficient.
const COEFFICIENT: &str = "guardian/dkg/coefficient/v1";

/// How the seed's derivation names the nonce of a proof of knowledge.
const NONCE: &str = "guardian/dkg/nonce/v1";

/// The domain of the proof of knowledge.
const PROOF: &str = "guardian/dkg/proof/v1";

/// Keys in a batch at threshold `t`, so that a dealing stays within [`dealing::MAX_BATCH_BYTES`].
pub fn batch_size<C: Curve>(t: u16) -> usize {
    dealing::batch_size::<C>(t, C::POINT + SCALAR)
}

/// A guardian dealing one batch of new keys.
pub struct Dealer<C: Curve> {
    polynomials: Vec<Polynomial<C>>,
    public: Vec<u8>,
}

impl<C: Curve> Dealer<C> {
    /// Deals `count` new keys. The same arguments give the same bytes.
    ///
    /// # Errors
    /// [`Error::ShareIndex`] when `me` is not one of the n.
    pub fn new(
        context: &Context,
        threshold: Threshold,
        me: ShareIndex,
        count: u32,
        seed: &Seed,
        batch: u32,
    ) -> Result<Self, Error> {
        if !threshold.contains(me) {
            return Err(Error::ShareIndex { got: me.get().into() });
        }
        let stream = seed.stream(context);
        let mut polynomials = Vec::new();
        let mut public = Vec::new();
        for key in 0..count {
            let coefficients = (0..threshold.t())
                .map(|coefficient| stream.scalar::<C>(COEFFICIENT, Place { batch, key, coefficient }))
                .collect::<Result<Vec<_>, _>>()?;
            let polynomial = Polynomial::new(coefficients);
            let commitments = polynomial.commit().ok_or(ZERO_SHARE)?;
            let nonce = stream.scalar::<C>(NONCE, Place { batch, key, coefficient: 0 })?;
            public.extend_from_slice(commitments.as_bytes());
            let statement = Statement { context, dealer: me, batch, key, commitments: &commitments };
            statement.prove(polynomial.constant(), &nonce, &mut public).ok_or(ZERO_SHARE)?;
            polynomials.push(polynomial);
        }
        Ok(Self { polynomials, public })
    }

    /// The public part: of each key t compressed points, constant first, and the proof of knowledge (a point and 32 bytes).
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The private part for one receiver: of each key 32 bytes big-endian.
    pub fn private(&self, receiver: ShareIndex) -> Zeroizing<Vec<u8>> {
        private_part(&self.polynomials, receiver)
    }
}

/// What a dealer proves to know the secret of.
struct Statement<'a, C: Curve> {
    context: &'a Context,
    dealer: ShareIndex,
    batch: u32,
    key: u32,
    commitments: &'a Commitments<C>,
}

impl<C: Curve> Statement<'_, C> {
    /// Over everything: also the higher coefficients, so that no part of a package can be exchanged.
    fn challenge(&self, nonce: &[u8]) -> Scalar<C> {
        let numbers =
            [&self.dealer.get().to_be_bytes()[..], &self.batch.to_be_bytes(), &self.key.to_be_bytes()]
                .concat();
        curve::challenge::<C>(PROOF, &[&self.context.0, &numbers, self.commitments.as_bytes(), nonce])
    }

    fn prove(&self, secret: &Secret<C>, nonce: &Secret<C>, out: &mut Vec<u8>) -> Option<()> {
        let mut point = Vec::with_capacity(C::POINT);
        curve::append_point::<C>(&curve::public::<C>(&nonce.0), &mut point)?;
        let response = nonce.0 + self.challenge(&point) * secret.0;
        out.extend_from_slice(&point);
        out.extend_from_slice(curve::scalar_bytes::<C>(&response).as_ref());
        Some(())
    }

    fn verify(&self, proof: &[u8]) -> bool {
        let Some((nonce, response)) = proof.split_at_checked(C::POINT) else { return false };
        let Some(point) = curve::point::<C>(nonce) else { return false };
        let Some(response) = response.try_into().ok().and_then(curve::scalar::<C>) else { return false };
        let key = self.commitments.public_key().0;
        curve::public::<C>(&response) == point + key * self.challenge(nonce)
    }
}

/// Checks the public part of `dealer`'s dealing of `count` new keys.
///
/// # Errors
/// The first flaw: [`Flaw::WrongLength`], [`Flaw::WrongDegree`], [`Flaw::BadPoint`], [`Flaw::Zero`], [`Flaw::BadProof`].
pub fn check_public<C: Curve>(
    context: &Context,
    threshold: Threshold,
    dealer: ShareIndex,
    count: u32,
    batch: u32,
    public: &[u8],
) -> Result<PublicDealing<C>, Flaw> {
    let proof = C::POINT + SCALAR;
    let commitments = usize::from(threshold.t()) * C::POINT;
    let keys = usize::try_from(count).map_err(|_| Flaw::WrongLength)?;
    if keys.checked_mul(commitments + proof) != Some(public.len()) {
        return Err(length_flaw::<C>(public.len(), keys, proof));
    }
    let mut dealt = Vec::with_capacity(keys);
    for (key, bytes) in (0u32..).zip(public.chunks_exact(commitments + proof)) {
        let (points, proof) = bytes.split_at(commitments);
        let commitments = read_commitments::<C>(points)?;
        let statement = Statement { context, dealer, batch, key, commitments: &commitments };
        if !statement.verify(proof) {
            return Err(Flaw::BadProof);
        }
        dealt.push(commitments);
    }
    Ok(PublicDealing::new(dealer, threshold.t(), dealt))
}

/// Concludes a batch of `count` new keys with the dealings of all n guardians: the commitments of every key and, for
/// `me`, its shares, checked against them.
///
/// # Errors
/// [`Failure::Culprits`] names dealers whose private part for `me` does not match its public part;
/// [`Failure::Unusable`] says that the dealings are not one of each guardian, or do not fit together.
pub fn conclude<C: Curve>(
    threshold: Threshold,
    count: u32,
    dealings: &[Dealing<'_, C>],
    me: Option<ShareIndex>,
) -> Result<Vec<Concluded<C>>, Failure> {
    let keys = usize::try_from(count).map_err(|_| Error::Dealings("too many keys in a batch"))?;
    check_fit(dealings, keys, threshold.t(), me)?;
    let all_there = |index| dealings.iter().any(|dealing| dealing.public.dealer() == index);
    if dealings.len() != usize::from(threshold.n()) || !threshold.indices().all(all_there) {
        return Err(Error::Dealings("new keys need a dealing of every guardian").into());
    }
    let sub_shares = SubShares::read(dealings, me)?;
    let mut concluded = Vec::with_capacity(keys);
    for number in 0..keys {
        let coefficient = |m: usize| -> Element<C> {
            let points = dealings.iter().map(|dealing| dealing.public.keys()[number].points()[m]);
            points.fold(<C::Group as Group>::identity(), |acc, point| acc + point)
        };
        let commitments = Commitments::from_points((0..threshold.t().into()).map(coefficient).collect())
            .ok_or(Error::Dealings("their polynomials cancel out"))?;
        let sum =
            |parts: &[Secret<C>]| Secret(parts.iter().fold(FieldOf::<C>::zero(), |acc, part| acc + part.0));
        let share = match me {
            None => None,
            Some(me) => Some(sub_shares.combine(number, me, &commitments, sum)?),
        };
        concluded.push(Concluded { commitments, share });
    }
    Ok(concluded)
}
