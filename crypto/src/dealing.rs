//! What a dealer hands out in a ceremony, and the flaws it can have.
//!
//! The keys of a ceremony come in batches. Of each batch a dealer gives everybody its public part and each receiver a
//! private part: 32 bytes big-endian a key, concatenated, the dealer's polynomial of that key at the receiver's index.
//! A receiver checks the public part first, which makes it a [`PublicDealing`], and then its private part against that;
//! only checked dealings can be concluded.
//!
//! Receivers must be sure that they hold the same public part (compare [`PublicDealing::digest`] in signed statements):
//! no check of one receiver can show that another was dealt something else.

use crate::Error;
use crate::curve::{self, Curve, SCALAR};
use crate::sharing::{Commitments, Polynomial, Share};
use crate::threshold::{MAX_SHARES, ShareIndex};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

#[cfg(test)]
pub(crate) mod tests;

/// Most bytes of one dealer's public and one receiver's private part of a batch together.
pub const MAX_BATCH_BYTES: usize = 40 * 1024;

crate::fixed_bytes!(
    /// What a dealing belongs to: a hash of the ceremony's id and kind, bound into every derivation, proof and challenge,
    /// so that nothing of one ceremony passes in another.
    Context, 32
);

/// What can be wrong with a dealing. A peer's doing, so data; the codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flaw {
    /// Not the number of bytes this batch has.
    WrongLength,
    /// Bytes that are not a point of the group.
    BadPoint,
    /// A polynomial of another degree than t - 1.
    WrongDegree,
    /// A constant term that is not the dealer's own share: another secret was shared.
    WrongSecret,
    /// A proof of knowledge that does not hold, or was made for another ceremony.
    BadProof,
    /// A sub-share that is not the committed polynomial at the receiver's index.
    BadSubShare,
    /// A coefficient or sub-share of zero, which no honest dealer deals.
    Zero,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::WrongLength,
        Self::BadPoint,
        Self::WrongDegree,
        Self::WrongSecret,
        Self::BadProof,
        Self::BadSubShare,
        Self::Zero,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongLength => "wrong_length",
            Self::BadPoint => "bad_point",
            Self::WrongDegree => "wrong_degree",
            Self::WrongSecret => "wrong_secret",
            Self::BadProof => "bad_proof",
            Self::BadSubShare => "bad_sub_share",
            Self::Zero => "zero",
        }
    }

    /// The flaw with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flaw| flaw.code() == code)
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WrongLength => "the dealing is longer or shorter than this batch",
            Self::BadPoint => "a commitment is not a point of the group",
            Self::WrongDegree => "the polynomial dealt has another degree than the threshold asks for",
            Self::WrongSecret => "the secret dealt is not the dealer's share",
            Self::BadProof => "a proof of knowledge does not hold in this ceremony",
            Self::BadSubShare => "a sub-share does not match the dealer's commitments",
            Self::Zero => "a coefficient or sub-share is zero",
        })
    }
}

/// Who is at fault, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culprit {
    /// The dealer, or the guardian who sent a part.
    pub index: ShareIndex,
    /// What it did.
    pub flaw: Flaw,
}

/// Why dealings could not be concluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Peers are to blame: all that are, ascending. Without them it may succeed.
    Culprits(Vec<Culprit>),
    /// What was asked is impossible: too few dealers, one named twice, batches that do not fit together.
    Unusable(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Unusable(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unusable(error) => error.fmt(f),
            Self::Culprits(culprits) => {
                f.write_str("dealings refused")?;
                culprits.iter().try_for_each(|c| write!(f, "; {}: {}", c.index, c.flaw))
            }
        }
    }
}

impl std::error::Error for Failure {}

/// The public part of one dealer's dealing of one batch, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicDealing<C: Curve> {
    dealer: ShareIndex,
    t: u16,
    keys: Vec<Commitments<C>>,
}

impl<C: Curve> PublicDealing<C> {
    pub(crate) fn new(dealer: ShareIndex, t: u16, keys: Vec<Commitments<C>>) -> Self {
        Self { dealer, t, keys }
    }

    /// Who dealt.
    pub fn dealer(&self) -> ShareIndex {
        self.dealer
    }

    /// How many shares make each key.
    pub fn t(&self) -> u16 {
        self.t
    }

    /// The commitments of the dealer's polynomial, one a key, in the batch's order.
    pub fn keys(&self) -> &[Commitments<C>] {
        &self.keys
    }

    /// SHA-256 of the dealer and its commitments: what receivers compare, so that nobody deals them different
    /// polynomials.
    pub fn digest(&self) -> [u8; 32] {
        let hash = Sha256::new()
            .chain_update(b"guardian/dealing/v1")
            .chain_update(C::NAME)
            .chain_update(self.dealer.get().to_be_bytes())
            .chain_update(self.t.to_be_bytes());
        self.keys.iter().fold(hash, |hash, key| hash.chain_update(key.as_bytes())).finalize().into()
    }

    /// Checks a private part against this public one: the right length, and each sub-share the committed polynomial at
    /// `receiver`.
    ///
    /// # Errors
    /// [`Flaw::WrongLength`], [`Flaw::BadSubShare`] or [`Flaw::Zero`].
    pub fn check_private(&self, receiver: ShareIndex, private: &[u8]) -> Result<(), Flaw> {
        for (key, bytes) in self.keys.iter().zip(self.sub_shares(private)?) {
            let scalar = curve::scalar::<C>(bytes).ok_or(Flaw::BadSubShare)?;
            let share = Share::<C>::new(receiver, scalar).ok_or(Flaw::Zero)?;
            if !key.verify(&share) {
                return Err(Flaw::BadSubShare);
            }
        }
        Ok(())
    }

    /// The 32 bytes of each key.
    pub(crate) fn sub_shares<'a>(&self, private: &'a [u8]) -> Result<&'a [[u8; SCALAR]], Flaw> {
        match private.as_chunks::<SCALAR>() {
            (chunks, []) if chunks.len() == self.keys.len() => Ok(chunks),
            _ => Err(Flaw::WrongLength),
        }
    }
}

/// One dealer's part in a conclusion.
#[derive(Clone, Copy)]
pub struct Dealing<'a, C: Curve> {
    /// Its public part.
    pub public: &'a PublicDealing<C>,
    /// What it sent to the one who concludes; `None` for an observer, who learns the commitments only.
    pub private: Option<&'a [u8]>,
}

/// One key as a ceremony leaves it.
pub struct Concluded<C: Curve> {
    /// The new commitments.
    pub commitments: Commitments<C>,
    /// The new share of the one who concluded; `None` for an observer.
    pub share: Option<Share<C>>,
}

/// The digest of a conclusion: SHA-256 over all keys' commitments in order. Everybody who concluded the same has it.
pub fn result_digest<'a, C: Curve>(keys: impl IntoIterator<Item = &'a Commitments<C>>) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"guardian/conclusion/v1").chain_update(C::NAME);
    let with_length = |hash: Sha256, key: &Commitments<C>| {
        hash.chain_update(key.t().to_be_bytes()).chain_update(key.as_bytes())
    };
    keys.into_iter().fold(hash, with_length).finalize().into()
}

/// Reads the commitments of one key out of a public part, naming what is wrong with them.
pub(crate) fn read_commitments<C: Curve>(bytes: &[u8]) -> Result<Commitments<C>, Flaw> {
    Commitments::from_bytes(bytes).map_err(|_| {
        let mut points = bytes.chunks(C::POINT);
        match points.position(curve::is_identity::<C>) {
            // A vanishing top coefficient is a lower degree; a constant term of zero is no secret.
            Some(position) if position > 0 && points.len() == 0 => Flaw::WrongDegree,
            Some(_) => Flaw::Zero,
            None => Flaw::BadPoint,
        }
    })
}

/// What a public part of the wrong length is: another degree when it is that of another threshold.
pub(crate) fn length_flaw<C: Curve>(bytes: usize, keys: usize, proof: usize) -> Flaw {
    let other = |t: &usize| keys.checked_mul(t * C::POINT + proof) == Some(bytes);
    if keys > 0 && (1..=usize::from(MAX_SHARES)).any(|t| other(&t)) {
        Flaw::WrongDegree
    } else {
        Flaw::WrongLength
    }
}

/// Keys in a batch, so that both parts together stay within [`MAX_BATCH_BYTES`]: at least 1.
pub(crate) fn batch_size<C: Curve>(t: u16, proof: usize) -> usize {
    (MAX_BATCH_BYTES / (usize::from(t) * C::POINT + proof + SCALAR)).max(1)
}

/// Checks that dealings fit together: every dealer once, all with `keys` keys and threshold `t`, and all of them with
/// private parts when somebody concludes for itself.
pub(crate) fn check_fit<C: Curve>(
    dealings: &[Dealing<'_, C>],
    keys: usize,
    t: u16,
    me: Option<ShareIndex>,
) -> Result<(), Error> {
    for (position, dealing) in dealings.iter().enumerate() {
        let public = dealing.public;
        if dealings[..position].iter().any(|earlier| earlier.public.dealer == public.dealer) {
            return Err(Error::Dealings("a dealer is named twice"));
        }
        if public.keys.len() != keys || public.t != t {
            return Err(Error::Dealings("dealings of different batches or thresholds"));
        }
        if me.is_some() && dealing.private.is_none() {
            return Err(Error::Dealings("a private part is missing"));
        }
    }
    Ok(())
}

/// The flaws in the private parts, ascending by dealer: looked for when a conclusion came out wrong.
pub(crate) fn private_culprits<C: Curve>(dealings: &[Dealing<'_, C>], me: ShareIndex) -> Vec<Culprit> {
    let mut culprits: Vec<Culprit> = dealings
        .iter()
        .filter_map(|dealing| {
            let flaw = dealing.public.check_private(me, dealing.private?).err()?;
            Some(Culprit { index: dealing.public.dealer, flaw })
        })
        .collect();
    culprits.sort_by_key(|culprit| culprit.index);
    culprits
}

/// The private part of a batch: every polynomial at the receiver.
pub(crate) fn private_part<C: Curve>(
    polynomials: &[Polynomial<C>],
    receiver: ShareIndex,
) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(polynomials.len() * SCALAR));
    for polynomial in polynomials {
        out.extend_from_slice(curve::scalar_bytes::<C>(&polynomial.at(receiver).0).as_ref());
    }
    out
}
