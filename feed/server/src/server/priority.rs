//! The place of the feed's threads behind all others, and how many connections the system lets them have.

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};

/// Lowest priority there is.
const NICE: i32 = 19;

/// Puts the calling thread behind every other one. Linux keeps the niceness of each thread by itself, so the node's own
/// are not touched.
pub(super) fn lower() {
    if let Err(problem) = setpriority_process(None, NICE) {
        tracing::warn!(%problem, "the feed's threads keep the priority of the node's");
    }
}

/// Lets the process have as many connections as the system allows.
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(problem) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%problem, current = ?limit.current, "the limit of open files stays as it is");
    }
}
