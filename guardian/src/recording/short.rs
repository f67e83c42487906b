//! `Short`: numbers in as few bytes as they need.

use borsh::io::{Error, ErrorKind, Read, Result, Write};
use borsh::{BorshDeserialize, BorshSerialize};

/// A number in seven bits a byte, the lowest first (LEB128): one to ten bytes, never more than it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Short(pub u64);

impl Short {
    /// The way from one number to another: short when they are near each other, whichever is larger.
    pub fn step(from: u64, to: u64) -> Self {
        let way = to.wrapping_sub(from);
        // Zigzag: the sign goes into the lowest bit.
        let sign = if way >> 63 == 1 { u64::MAX } else { 0 };
        Self((way << 1) ^ sign)
    }

    /// Where [`Short::step`] leads from `from`.
    pub fn stepped(self, from: u64) -> u64 {
        let sign = if self.0 & 1 == 1 { u64::MAX } else { 0 };
        from.wrapping_add((self.0 >> 1) ^ sign)
    }

    /// As a place in a table. One that no table is long enough for is past its end.
    pub(super) fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl BorshSerialize for Short {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<()> {
        let mut left = self.0;
        loop {
            let [low, ..] = left.to_le_bytes();
            left >>= 7;
            if left == 0 {
                return writer.write_all(&[low & 0x7f]);
            }
            writer.write_all(&[low | 0x80])?;
        }
    }
}

impl BorshDeserialize for Short {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = u8::deserialize_reader(reader)?;
            let bits = u64::from(byte & 0x7f);
            value |= bits << shift;
            let is_cut = (bits << shift) >> shift != bits;
            let is_last = byte & 0x80 == 0;
            if is_cut || (is_last && byte == 0 && shift > 0) {
                break;
            }
            if is_last {
                return Ok(Self(value));
            }
        }
        Err(Error::new(ErrorKind::InvalidData, "a number that is longer than it needs to be, or too large"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_what_they_need_and_have_one_form() {
        for (value, length) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::MAX, 10)] {
            let bytes = borsh::to_vec(&Short(value)).unwrap();
            assert_eq!(bytes.len(), length, "{value}");
            assert_eq!(borsh::from_slice::<Short>(&bytes).unwrap(), Short(value));
        }
        for refused in [
            &[0x80, 0x00][..],
            &[0x80],
            &[0xff; 11],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert!(borsh::from_slice::<Short>(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn steps_lead_both_ways() {
        for (from, to) in [(0, 0), (5, 6), (6, 5), (0, u64::MAX), (u64::MAX, 0), (1, 1 << 63), (1 << 63, 1)] {
            assert_eq!(Short::step(from, to).stepped(from), to, "{from} {to}");
        }
        assert_eq!((Short::step(9, 10), Short::step(10, 9)), (Short(2), Short(1)));
    }
}
