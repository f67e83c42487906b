//! The place of the feed's threads behind all others, and how many connections the system lets them have.

use crate::settings::Settings;
use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};

/// Lowest priority there is.
const NICE: i32 = 19;

/// Open files that a node may need for itself: its store, its peers, its own nodes, its operator.
const OWN: u64 = 4_096;

/// Puts the calling thread behind every other one. Linux keeps the niceness of each thread by itself, so the node's own
/// are not touched.
pub(super) fn lower() {
    if let Err(problem) = setpriority_process(None, NICE) {
        tracing::warn!(%problem, "the feed's threads keep the priority of the node's");
    }
}

/// Lets the process have as many open files as the system allows, and says how many; None for no limit.
pub(super) fn raise_file_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(problem) => {
            tracing::warn!(%problem, current = ?limit.current, "the limit of open files stays as it is");
            limit.current
        }
    }
}

/// Leaves half of the process's open files to the node, whose process it is, and no more than [`OWN`] of them; and a quarter
/// of the connections to requests that are no streams.
pub(super) fn within(files: Option<u64>, settings: Settings) -> Settings {
    let left = |files: u64| files.saturating_sub((files / 2).min(OWN));
    let most = files.map_or(usize::MAX, |files| usize::try_from(left(files)).unwrap_or(usize::MAX)).max(1);
    if settings.connections <= most {
        return settings;
    }
    let streams = settings.streams.min(most.saturating_sub(most / 4));
    tracing::warn!(
        wanted = settings.connections,
        connections = most,
        streams,
        "the feed has fewer connections than it was set to, because the system limits open files; raise LimitNOFILE"
    );
    Settings { connections: most, streams, ..settings }
}

#[cfg(test)]
mod tests;
