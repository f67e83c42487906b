//! Strict bytes: what has a fixed length is checked when it comes in, and has one encoding only.

use crate::Error;
use frost_secp256k1::{Field, Group, Secp256K1Group, Secp256K1ScalarField};

/// Length of a compressed point, bytes.
pub(super) const POINT: usize = 33;
/// Length of a scalar, bytes, big-endian.
pub(super) const SCALAR: usize = 32;

/// A point as the FROST library has it.
pub(super) type Element = <Secp256K1Group as Group>::Element;
/// A number modulo the group order as the FROST library has it.
pub(super) type Scalar = <Secp256K1ScalarField as Field>::Scalar;

/// A compressed point, never infinity.
pub(super) fn point(what: &'static str, bytes: &[u8; POINT]) -> Result<Element, Error> {
    // The library reads SEC 1's compact form (05) as well: a second encoding of half of the points.
    if !matches!(bytes[0], 2 | 3) {
        return Err(Error::Secp256k1Point { what });
    }
    Secp256K1Group::deserialize(bytes).map_err(|_| Error::Secp256k1Point { what })
}

/// A number below the group order.
pub(super) fn scalar(what: &'static str, bytes: &[u8; SCALAR]) -> Result<Scalar, Error> {
    Secp256K1ScalarField::deserialize(bytes).map_err(|_| Error::Secp256k1Scalar { what })
}

/// A number below the group order that is not zero.
pub(super) fn nonzero_scalar(what: &'static str, bytes: &[u8; SCALAR]) -> Result<Scalar, Error> {
    let scalar = scalar(what, bytes)?;
    if scalar == Secp256K1ScalarField::zero() {
        return Err(Error::Secp256k1Scalar { what });
    }
    Ok(scalar)
}

/// Declares a public type of exactly `$len` bytes that `$parse` accepts, kept beside what they say: hex in text formats,
/// the raw bytes in binary ones.
macro_rules! checked_bytes {
    ($(#[$doc:meta])* $name:ident, $len:expr, $inner:ty, $what:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name {
            bytes: [u8; $len],
            pub(super) inner: $inner,
        }

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Checks and builds.
            ///
            /// # Errors
            /// [`Error::Secp256k1Point`](crate::Error::Secp256k1Point) or
            /// [`Error::Secp256k1Scalar`](crate::Error::Secp256k1Scalar) when they are none, or not in their one form.
            pub fn from_bytes(bytes: &[u8; $len]) -> Result<Self, crate::Error> {
                let parse: fn(&[u8; $len]) -> Result<$inner, crate::Error> = $parse;
                Ok(Self { bytes: *bytes, inner: parse(bytes)? })
            }

            /// The bytes.
            pub fn to_bytes(&self) -> [u8; $len] {
                self.bytes
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.bytes == other.bytes
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.bytes.hash(state);
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "0x{}", hex::encode(self.bytes))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> Result<Self, crate::Error> {
                Self::from_bytes(&crate::wire::parse_hex($what, text)?)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = crate::Error;

            fn try_from(bytes: &[u8]) -> Result<Self, crate::Error> {
                let length = crate::Error::Length { what: $what, expected: $len, got: bytes.len() };
                Self::from_bytes(bytes.try_into().map_err(|_| length)?)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl borsh::BorshSerialize for $name {
            fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
                writer.write_all(&self.bytes)
            }
        }

        impl borsh::BorshDeserialize for $name {
            fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
                let mut bytes = [0u8; $len];
                reader.read_exact(&mut bytes)?;
                Self::from_bytes(&bytes).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
            }
        }
    };
}
