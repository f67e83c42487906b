//! Tiles: the pieces in which a log is served, by path, and the bundles of its entries.
//!
//! Source: C2SP `tlog-tiles`. A tile has 256 hashes of one level or 256 entries; the last one of a level may have fewer.

use crate::Error;
use crate::error::beginning;
use crate::tree::TILE_HEIGHT;
use std::fmt;
use std::str::FromStr;
use tlog_tiles::Tile;

/// Hashes, or entries, of a full tile.
pub const WIDTH: u16 = 1 << TILE_HEIGHT;

/// Most bytes of an entry: its length is written in 16 bits.
pub const MAX_ENTRY: usize = 65_535;

/// Highest level of tiles that a log can have (C2SP: 0 to 5).
const MAX_LEVEL: u8 = 5;

/// Largest number of a tile: more than any log has.
const MAX_NUMBER: u64 = crate::tree::MAX_SIZE >> TILE_HEIGHT;

/// Which tile: `tile/<level>/<number>`, or `tile/entries/<number>`, and `.p/<width>` after one that is not full. Numbers are
/// written in groups of three digits, all but the last after an `x`: `tile/0/x001/234`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// The level of its hashes, 0 for leaves; None for entries.
    pub level: Option<u8>,
    /// Its number in the level, from 0.
    pub number: u64,
    /// How many hashes or entries it has, 1 to [`WIDTH`].
    pub width: u16,
}

impl TilePath {
    /// Of a tile of hashes as `tlog_tiles` names it.
    pub fn of(tile: &Tile) -> Self {
        let width = u16::try_from(tile.width()).unwrap_or(WIDTH);
        let level = (!tile.is_data()).then(|| tile.level());
        Self { level, number: tile.level_index(), width }
    }

    /// The bundle that has entry `index`, in a log of `size` entries. None when it has no such entry.
    pub fn of_entry(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let number = index >> TILE_HEIGHT;
        let rest = size.saturating_sub(number << TILE_HEIGHT);
        let width = u16::try_from(rest).unwrap_or(WIDTH).min(WIDTH);
        Some(Self { level: None, number, width })
    }

    /// Whether it has all its hashes or entries, and so never changes.
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// Whether a log of `size` entries has it.
    pub fn is_in(&self, size: u64) -> bool {
        let shift = u32::from(TILE_HEIGHT) * u32::from(self.level.unwrap_or(0));
        let hashes = size.checked_shr(shift).unwrap_or(0);
        (self.number << TILE_HEIGHT).checked_add(self.width.into()).is_some_and(|end| end <= hashes)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "tile/{level}/")?,
            None => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.number % 1_000];
        let mut rest = self.number / 1_000;
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            if place > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = Error;

    /// Reads exactly what [`TilePath`] prints: one tile has one path.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::TilePath { found: beginning(text) };
        // No number within bounds takes more.
        if text.len() > 64 {
            return Err(wrong());
        }
        let rest = text.strip_prefix("tile/").ok_or_else(wrong)?;
        let (level, rest) = rest.split_once('/').ok_or_else(wrong)?;
        let level = if level == "entries" { None } else { Some(level.parse().map_err(|_| wrong())?) };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(|_| wrong())?),
            None => (rest, WIDTH),
        };
        let mut value = 0u64;
        for group in number.split('/') {
            let group: u64 = group.trim_start_matches('x').parse().map_err(|_| wrong())?;
            value = value.checked_mul(1_000).and_then(|value| value.checked_add(group)).ok_or_else(wrong)?;
        }
        let path = TilePath { level, number: value, width };
        let is_sane = level.is_none_or(|level| level <= MAX_LEVEL)
            && (1..=WIDTH).contains(&width)
            && value <= MAX_NUMBER
            && path.to_string() == text;
        if is_sane { Ok(path) } else { Err(wrong()) }
    }
}

/// Entries as a bundle: each with its length before it, 16 bits big-endian.
///
/// # Errors
/// [`Error::Bounds`] for an entry above [`MAX_ENTRY`].
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for entry in entries {
        let found = u64::try_from(entry.len()).unwrap_or(u64::MAX);
        let limit = u16::MAX.into();
        let length = u16::try_from(found).map_err(|_| Error::Bounds { what: "entry bytes", found, limit })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle, at most [`WIDTH`].
///
/// # Errors
/// [`Error::Tiles`] when the bytes are not so many whole entries.
pub fn unbundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Error> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let Some((entry, tail)) = tail.split_at_checked(u16::from_be_bytes(*length).into()) else { break };
        entries.push(entry);
        rest = tail;
        if entries.len() > usize::from(width) {
            break;
        }
    }
    if rest.is_empty() && entries.len() == usize::from(width) {
        Ok(entries)
    } else {
        Err(Error::Tiles(format!("a bundle does not have exactly {width} entries")))
    }
}

#[cfg(test)]
mod tests;
