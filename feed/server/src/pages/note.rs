//! `Note`: a log's checkpoint as a page shows it. What it says is shown; that it is true, its reader may verify.

use crate::log::Log;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guardian_core::guardian_set::GuardianIndex;

/// A signature of a note's line, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A guardian that saw the log grow, and when by its clock, Unix seconds.
    Witness(GuardianIndex, Option<u64>),
    /// The network's own key.
    Group,
    /// The log's own, or one that nobody here knows.
    Other,
}

/// A checkpoint as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// All of it.
    pub text: String,
    /// Entries.
    pub size: u64,
    /// The root over them, `0x` and hex.
    pub root: String,
    /// Guardians that cosigned it, and when.
    pub witnesses: Vec<(GuardianIndex, Option<u64>)>,
    /// Whether the network's own key signed it.
    pub group: bool,
}

impl Note {
    /// The newest of a log.
    pub(crate) fn of(log: &Log) -> Option<Self> {
        Self::read(&log.checkpoint()?)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let checkpoint = feed::note::peek(bytes).ok()?;
        let text = std::str::from_utf8(bytes).ok()?.to_owned();
        let origin = checkpoint.origin.to_string();
        let lines: Vec<Line> = text
            .lines()
            .filter_map(|line| line.strip_prefix("— "))
            .filter_map(|rest| line(&origin, rest))
            .collect();
        let witnesses = lines.iter().filter_map(|line| match line {
            Line::Witness(guardian, at) => Some((*guardian, *at)),
            Line::Group | Line::Other => None,
        });
        Some(Self {
            size: checkpoint.size,
            root: format!("0x{}", hex::encode(checkpoint.root)),
            witnesses: witnesses.collect(),
            group: lines.contains(&Line::Group),
            text,
        })
    }
}

fn line(origin: &str, line: &str) -> Option<Line> {
    let (name, encoded) = line.split_once(' ')?;
    let last = name.rsplit('/').next()?;
    if name == origin {
        return Some(Line::Other);
    }
    if last == "group" {
        return Some(Line::Group);
    }
    let bytes = STANDARD.decode(encoded).ok()?;
    // Four bytes of key id, then the time, then the signature.
    let at = bytes.get(4..12).and_then(|time| time.try_into().ok()).map(u64::from_be_bytes);
    Some(last.parse().map_or(Line::Other, |index| Line::Witness(GuardianIndex(index), at)))
}

#[cfg(test)]
mod tests;
