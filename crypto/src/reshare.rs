//! The same keys for another set of guardians (verifiable secret redistribution, Desmedt and Jajodia 1997), and lost
//! shares rebuilt.
//!
//! Every dealer shares its own share with a fresh polynomial of the new degree; its commitments begin with its public
//! share, which everybody can compute from the old commitments, so a dealer of another secret is found at once. The
//! receivers agree on a set of at least t_old dealers and weigh what those dealt by Lagrange's weights: at 0 that gives
//! shares of the key itself ([`Target::Key`]), at x = i shares of guardian i's share ([`Target::Share`]), from which the
//! one who lost it can [`recover`] it, and nobody else anything.
//!
//! The dealers' own shares are unweighted, so that a dealer that falls silent costs nothing but its place in the set.
//! t_old old shares make the key for ever: leaving rests on honest guardians destroying theirs.

use crate::Error;
use crate::curve::{self, Curve, SCALAR};
use crate::dealing::{
    self, Concluded, Context, Culprit, Dealing, Failure, Flaw, PublicDealing, check_fit, length_flaw,
    private_culprits, private_part, read_commitments,
};
use crate::interpolation::Interpolation;
use crate::lagrange::cheapest_subset;
use crate::seed::{Place, Seed};
use crate::sharing::{Commitments, Polynomial, PublicShare, Share, ZERO_SHARE};
use crate::threshold::{MAX_SHARES, ShareIndex};
use frost_core::Element;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// How the seed's derivation names what is dealt here.
const LABEL: &str = "guardian/reshare/coefficient/v1";

/// Keys in a batch at the new threshold `t_new`, so that a dealing stays within [`dealing::MAX_BATCH_BYTES`].
pub fn batch_size<C: Curve>(t_new: u16) -> usize {
    dealing::batch_size::<C>(t_new, 0)
}

/// Which dealers to conclude with, of those whose dealings are good: `t_old` of the `candidates`, chosen for cheap
/// weights at 0. Deterministic. `None` when they are too few or one is there twice.
pub fn choose_dealers(candidates: &[ShareIndex], t_old: u16) -> Option<Vec<ShareIndex>> {
    let mut sorted = candidates.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if t_old == 0 || sorted.len() != candidates.len() || sorted.len() < usize::from(t_old) {
        return None;
    }
    let (positions, _) = cheapest_subset(&sorted, t_old.into());
    Some(positions.into_iter().filter_map(|position| sorted.get(position).copied()).collect())
}

/// A guardian of the old set dealing one batch.
pub struct Dealer<C: Curve> {
    polynomials: Vec<Polynomial<C>>,
    public: Vec<u8>,
}

impl<C: Curve> Dealer<C> {
    /// Deals its `shares`, the batch's keys in order, for a threshold of `t_new`. The same arguments give the same bytes.
    ///
    /// # Errors
    /// [`Error::Threshold`] when `t_new` is not 1..=100, [`Error::Dealings`] for more keys than fit a u32.
    pub fn new(
        context: &Context,
        shares: &[Share<C>],
        t_new: u16,
        seed: &Seed,
        batch: u32,
    ) -> Result<Self, Error> {
        check_t(t_new)?;
        let stream = seed.stream(context);
        let mut polynomials = Vec::with_capacity(shares.len());
        let mut public = Vec::with_capacity(shares.len() * usize::from(t_new) * C::POINT);
        for (key, share) in shares.iter().enumerate() {
            let key = u32::try_from(key).map_err(|_| Error::Dealings("too many keys in a batch"))?;
            let mut coefficients = Vec::with_capacity(t_new.into());
            coefficients.push(curve::Secret(*share.scalar()));
            for coefficient in 1..t_new {
                coefficients.push(stream.scalar::<C>(LABEL, Place { batch, key, coefficient })?);
            }
            let polynomial = Polynomial::new(coefficients);
            public.extend_from_slice(polynomial.commit().ok_or(ZERO_SHARE)?.as_bytes());
            polynomials.push(polynomial);
        }
        Ok(Self { polynomials, public })
    }

    /// The public part: of each key t_new compressed points, constant first.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The private part for one receiver: of each key 32 bytes big-endian.
    pub fn private(&self, receiver: ShareIndex) -> Zeroizing<Vec<u8>> {
        private_part(&self.polynomials, receiver)
    }
}

/// Checks the public part of `dealer`'s dealing of the batch whose old commitments are `keys`.
///
/// # Errors
/// The first flaw: [`Flaw::WrongLength`], [`Flaw::WrongDegree`], [`Flaw::BadPoint`], [`Flaw::Zero`],
/// [`Flaw::WrongSecret`].
pub fn check_public<C: Curve>(
    keys: &[Commitments<C>],
    dealer: ShareIndex,
    t_new: u16,
    public: &[u8],
) -> Result<PublicDealing<C>, Flaw> {
    let each = usize::from(t_new) * C::POINT;
    if each == 0 || keys.len().checked_mul(each) != Some(public.len()) {
        return Err(length_flaw::<C>(public.len(), keys.len(), 0));
    }
    let mut dealt = Vec::with_capacity(keys.len());
    for (key, bytes) in keys.iter().zip(public.chunks_exact(each)) {
        let commitments = read_commitments::<C>(bytes)?;
        if commitments.public_key() != key.at(dealer) {
            return Err(Flaw::WrongSecret);
        }
        dealt.push(commitments);
    }
    Ok(PublicDealing::new(dealer, t_new, dealt))
}

/// What a resharing shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The keys themselves, for a new set of guardians.
    Key,
    /// One old guardian's shares of them, to rebuild them.
    Share(ShareIndex),
}

impl Target {
    /// The x at which the dealt polynomials are interpolated.
    fn abscissa(self) -> u16 {
        match self {
            Self::Key => 0,
            Self::Share(lost) => lost.get(),
        }
    }

    /// What the new commitments must begin with.
    fn of<C: Curve>(self, key: &Commitments<C>) -> PublicShare<C> {
        match self {
            Self::Key => key.public_key(),
            Self::Share(lost) => key.at(lost),
        }
    }
}

/// Concludes a batch whose old commitments are `keys` with exactly the given dealings: the new commitments of every key
/// and, for `me`, its new shares. Everybody who concludes with the same dealings gets the same commitments. What comes
/// out is checked against the old keys and the new commitments before it is given.
///
/// # Errors
/// [`Failure::Culprits`] names dealers whose private part for `me` does not match its public part;
/// [`Failure::Unusable`] says that the dealings do not fit together: fewer than the old threshold, one twice, of
/// different batches, or public parts checked against other keys.
pub fn conclude<C: Curve>(
    keys: &[Commitments<C>],
    target: Target,
    dealings: &[Dealing<'_, C>],
    t_new: u16,
    me: Option<ShareIndex>,
) -> Result<Vec<Concluded<C>>, Failure> {
    check_t(t_new)?;
    check_fit(dealings, keys.len(), t_new, me)?;
    if keys.iter().any(|key| usize::from(key.t()) > dealings.len()) {
        return Err(Error::Dealings("fewer dealers than the old threshold").into());
    }
    let dealers: Vec<ShareIndex> = dealings.iter().map(|dealing| dealing.public.dealer()).collect();
    if target != Target::Key && dealers.iter().any(|dealer| dealer.get() == target.abscissa()) {
        return Err(Error::Dealings("the one who lost its shares cannot deal them").into());
    }
    let weights = Interpolation::<C>::at(target.abscissa(), &dealers)
        .ok_or(Error::Dealings("a dealer is named twice"))?;
    let sub_shares = SubShares::read(dealings, me)?;
    let mut concluded = Vec::with_capacity(keys.len());
    for (number, key) in keys.iter().enumerate() {
        let coefficient = |m: usize| -> Element<C> {
            let column: Vec<_> =
                dealings.iter().map(|dealing| dealing.public.keys()[number].points()[m]).collect();
            weights.points(&column)
        };
        let commitments = Commitments::from_points((0..t_new.into()).map(coefficient).collect())
            .ok_or(Error::Dealings("their polynomials cancel out"))?;
        if commitments.public_key() != target.of(key) {
            return Err(Error::Dealings("public parts checked against other keys").into());
        }
        let share = match me {
            None => None,
            Some(me) => Some(sub_shares.combine(number, me, &commitments, |parts| {
                weights.secrets(parts.iter().map(|part| &part.0))
            })?),
        };
        concluded.push(Concluded { commitments, share });
    }
    Ok(concluded)
}

/// The private parts of a conclusion, read.
pub(crate) struct SubShares<'a, C: Curve> {
    dealings: &'a [Dealing<'a, C>],
    parts: Vec<&'a [[u8; SCALAR]]>,
}

impl<'a, C: Curve> SubShares<'a, C> {
    /// Nothing for an observer.
    pub(crate) fn read(dealings: &'a [Dealing<'a, C>], me: Option<ShareIndex>) -> Result<Self, Failure> {
        let mut parts = Vec::with_capacity(dealings.len());
        if let Some(me) = me {
            for dealing in dealings {
                match dealing.public.sub_shares(dealing.private.unwrap_or_default()) {
                    Ok(part) => parts.push(part),
                    Err(_) => return Err(Failure::Culprits(private_culprits(dealings, me))),
                }
            }
        }
        Ok(Self { dealings, parts })
    }

    /// The new share of key `number`: the sub-shares combined by `sum`, checked against the new commitments. Only when
    /// that fails is it looked at who is to blame.
    pub(crate) fn combine(
        &self,
        number: usize,
        me: ShareIndex,
        commitments: &Commitments<C>,
        sum: impl FnOnce(&[curve::Secret<C>]) -> curve::Secret<C>,
    ) -> Result<Share<C>, Failure> {
        let to_blame = || match private_culprits(self.dealings, me) {
            culprits if culprits.is_empty() => Failure::Unusable(ZERO_SHARE),
            culprits => Failure::Culprits(culprits),
        };
        let secrets: Option<Vec<curve::Secret<C>>> =
            self.parts.iter().map(|part| curve::scalar::<C>(&part[number]).map(curve::Secret)).collect();
        let share = Share::new(me, sum(&secrets.ok_or_else(to_blame)?).0).ok_or_else(to_blame)?;
        if commitments.verify(&share) { Ok(share) } else { Err(to_blame()) }
    }
}

fn check_t(t: u16) -> Result<(), Error> {
    if t == 0 || t > MAX_SHARES { Err(Error::Threshold { t, n: MAX_SHARES }) } else { Ok(()) }
}

/// Rebuilds the share of `lost` in one key: `key` are its commitments, `mask` what concluding with
/// [`Target::Share`]`(lost)` gave, `parts` the helpers' shares of that, at least as many as the mask's threshold. Every
/// part is checked; the result is checked against the key.
///
/// # Errors
/// [`Failure::Culprits`] names every helper whose part is not the one the mask promises; [`Failure::Unusable`] for too
/// few parts, one twice, or a mask of another share.
pub fn recover<C: Curve>(
    key: &Commitments<C>,
    mask: &Commitments<C>,
    lost: ShareIndex,
    parts: &[(ShareIndex, Zeroizing<[u8; SCALAR]>)],
) -> Result<Share<C>, Failure> {
    let promised = key.at(lost);
    if mask.public_key() != promised {
        return Err(Error::Dealings("the mask is of another share").into());
    }
    if parts.len() < usize::from(mask.t()) || parts.len() > usize::from(MAX_SHARES) {
        return Err(Error::Dealings("too few parts, or too many").into());
    }
    let helpers: Vec<ShareIndex> = parts.iter().map(|(helper, _)| *helper).collect();
    let weights = Interpolation::<C>::at(0, &helpers).ok_or(Error::Dealings("a helper is named twice"))?;
    let mut culprits = Vec::new();
    let mut shares = Vec::with_capacity(parts.len());
    for (helper, bytes) in parts {
        match Share::<C>::from_bytes(*helper, bytes) {
            Ok(share) if mask.verify(&share) => shares.push(share),
            _ => culprits.push(Culprit { index: *helper, flaw: Flaw::BadSubShare }),
        }
    }
    if !culprits.is_empty() {
        culprits.sort_by_key(|culprit| culprit.index);
        return Err(Failure::Culprits(culprits));
    }
    let secret = weights.secrets(shares.iter().map(Share::scalar));
    let share = Share::new(lost, secret.0).ok_or(ZERO_SHARE)?;
    if share.public() != promised {
        return Err(Error::ForeignShare { index: lost.get() }.into());
    }
    Ok(share)
}
