//! The 32 bytes from which all of a dealer's randomness in a ceremony comes: durable before the dealer speaks, so that
//! after a restart it deals the same, byte for byte.

use crate::Error;
use crate::curve::{self, Curve, FieldOf, Secret};
use crate::dealing::Context;
use frost_core::Field;
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Salt of the extraction: HKDF of RFC 5869.
const SALT: &[u8] = b"guardian/ceremony/seed/v1";

/// A dealer's seed: wiped when dropped, not `Debug`, not `Clone`. One ceremony, one seed; deriving binds the ceremony,
/// so that one used twice by mistake still gives unrelated polynomials.
pub struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// A new random seed.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0u8; Self::LEN]);
        rng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// One that was kept.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// To keep it.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::LEN]> {
        self.0.clone()
    }

    /// The seed ready to derive from.
    pub(crate) fn stream(&self, context: &Context) -> Stream {
        Stream { key: Hkdf::new(Some(SALT), self.0.as_ref()), context: *context }
    }
}

/// Compares in constant time.
impl PartialEq for Seed {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_ref()).into()
    }
}

impl Eq for Seed {}

/// A seed extracted, for one ceremony.
pub(crate) struct Stream {
    key: Hkdf<Sha256>,
    context: Context,
}

/// Which scalar of a ceremony.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The batch.
    pub(crate) batch: u32,
    /// The key's number in its batch.
    pub(crate) key: u32,
    /// The coefficient's number.
    pub(crate) coefficient: u16,
}

impl Stream {
    /// The scalar for `label` at `place`: 64 bytes of HKDF-SHA256 expanded over all of it, reduced. Never zero.
    ///
    /// # Errors
    /// None in fact: HKDF expands to 64 bytes whatever it is given.
    pub(crate) fn scalar<C: Curve>(&self, label: &str, place: Place) -> Result<Secret<C>, Error> {
        let Place { batch, key, coefficient } = place;
        let mut wide = Zeroizing::new([0u8; 64]);
        self.key
            .expand_multi_info(
                &[
                    label.as_bytes(),
                    &[0],
                    C::NAME.as_bytes(),
                    &[0],
                    &self.context.0,
                    &batch.to_be_bytes(),
                    &key.to_be_bytes(),
                    &coefficient.to_be_bytes(),
                ],
                wide.as_mut(),
            )
            .map_err(|_| Error::SecretScalar { what: "derived scalar" })?;
        let scalar = Secret(curve::reduce::<C>(&wide));
        if scalar.0 == FieldOf::<C>::zero() {
            // One chance in 2^255: stay non-zero rather than fail.
            return Ok(Secret(FieldOf::<C>::one()));
        }
        Ok(scalar)
    }
}
