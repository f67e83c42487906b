//! `fixed_bytes!`: newtypes over byte arrays that read and write `0x`-prefixed hex.

/// Parses hexadecimal text, `0x` optional, into exactly `N` bytes.
///
/// # Errors
/// [`crate::Error::Length`] or [`crate::Error::Hex`], naming `what`.
pub fn parse_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], crate::Error> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 2 * N {
        return Err(crate::Error::Length { what, expected: N, got: digits.len() / 2 });
    }
    let mut bytes = [0u8; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| crate::Error::Hex { what })?;
    Ok(bytes)
}

/// Declares a public newtype over `[u8; N]`: hex in text formats, raw bytes in binary ones.
#[macro_export]
macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, borsh::BorshSerialize, borsh::BorshDeserialize)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Error;
            fn from_str(text: &str) -> Result<Self, $crate::Error> {
                $crate::wire::parse_hex(stringify!($name), text).map(Self)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = $crate::Error;
            fn try_from(bytes: &[u8]) -> Result<Self, $crate::Error> {
                bytes.try_into().map(Self).map_err(|_| $crate::Error::Length {
                    what: stringify!($name),
                    expected: $len,
                    got: bytes.len(),
                })
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
    };
}
