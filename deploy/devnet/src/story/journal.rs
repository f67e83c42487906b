//! What the guardians' logs say that their status does not: who was first.

use crate::processes::Guardians;
use serde::Deserialize;

/// The part of a JSON log line that is read.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
}

/// The guardian whose log names a text earliest, by the timestamps of the lines (RFC 3339 in UTC, so they sort as
/// text). A proposal is in its proposer's log before it is in anybody else's.
pub(super) fn first_to_mention(guardians: &Guardians, text: &str) -> Option<usize> {
    let time = |index: usize| -> Option<String> {
        let log = std::fs::read_to_string(guardians.log_path(index)).ok()?;
        let line = log.lines().find(|line| line.contains(text))?;
        Some(serde_json::from_str::<Line>(line).ok()?.timestamp)
    };
    (0..guardians.len()).filter_map(|index| Some((time(index)?, index))).min().map(|(_, index)| index)
}
