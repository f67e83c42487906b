//! `IdPrefix`: the id of a proposal, an emergency or a ceremony, or how it begins.

use guardian_core::proposal::ProposalId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The beginning of an id, or all of it: 1 to 64 hexadecimal digits, in text with `0x` before them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdPrefix(String);

impl IdPrefix {
    /// Whether an id begins so.
    pub fn begins(&self, id: &impl fmt::Display) -> bool {
        id.to_string().starts_with(&self.to_string())
    }

    /// The id, if it is written out.
    pub fn whole<Id: FromStr>(&self) -> Option<Id> {
        self.0.parse().ok()
    }

    /// How many digits it has.
    pub fn digits(&self) -> usize {
        self.0.len()
    }
}

impl FromStr for IdPrefix {
    type Err = String;

    /// Reads digits with or without `0x`, and what tables end with.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text).trim_end_matches('…');
        if !(1..=2 * ProposalId::LEN).contains(&digits.len())
            || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return Err("a proposal's id, or its beginning, has 1 to 64 hexadecimal digits".to_owned());
        }
        Ok(Self(digits.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for IdPrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<IdPrefix> for String {
    fn from(prefix: IdPrefix) -> Self {
        prefix.to_string()
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_read_and_refused() {
        let read = |text: &str| text.parse::<IdPrefix>();
        assert_eq!(read("0xABcd"), Ok(IdPrefix("abcd".to_owned())));
        // As tables show it.
        assert_eq!(read("0x0123456789ab…"), Ok(IdPrefix("0123456789ab".to_owned())));
        let long = "a".repeat(65);
        for wrong in ["", "0x", "0xg1", "xyz", long.as_str()] {
            read(wrong).unwrap_err();
        }
        let id = ProposalId([0xab; 32]);
        assert!(read("0xab").unwrap().begins(&id) && !read("0xabc").unwrap().begins(&id));
        assert_eq!(
            (read("ab").unwrap().whole::<ProposalId>(), read(&id.to_string()).unwrap().whole()),
            (None, Some(id))
        );
    }
}
