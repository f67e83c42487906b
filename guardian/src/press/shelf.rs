//! The logs of this guardian on disk: one for each guardian set it was in, and for each life of its journal.
//!
//! ```text
//! <epoch's home>/feed/log-<life>/     a log
//! <epoch's home>/feed/witnessed/<n>   the last checkpoint that we cosigned of guardian n's log
//! <epoch's home>/feed/binding         our identity's word for our feed key
//! ```

use crate::{Config, epochs};
use crypto::spec::Slot;
use feed::Origin;
use feed_server::log::{Log, LogWriter, Shelf};
use guardian_core::guardian_set::GuardianSetEpoch;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most earlier logs that are shown.
const MAX_EARLIER: usize = 64;

/// Where everything about logs is kept.
pub(super) fn home(home: &Path) -> PathBuf {
    home.join("feed")
}

/// Where one log is kept.
pub(super) fn directory(epoch_home: &Path, life: Slot) -> PathBuf {
    home(epoch_home).join(format!("log-{}", life.0))
}

/// What a log is called in addresses.
pub(super) fn id(epoch: GuardianSetEpoch, life: Slot) -> String {
    format!("{}-{}", epoch.0, life.0)
}

/// All logs there are, oldest first, `current` last. One that cannot be opened is left out.
pub(super) fn gather(config: &Config, current: Log) -> Arc<Shelf> {
    let mut earlier = Vec::new();
    for (epoch, home) in epochs::homes(config).unwrap_or_default() {
        for life in lives(&home) {
            let path = directory(&home, life);
            let Some(origin) = origin(&path) else { continue };
            if origin == *current.origin() {
                continue;
            }
            earlier.push((epoch, life, path, origin));
        }
    }
    earlier.sort_by_key(|(epoch, life, ..)| (*epoch, *life));
    let skipped = earlier.len().saturating_sub(MAX_EARLIER);
    // Whoever wrote them is gone; they are only read.
    let open = |(epoch, life, path, origin): (_, _, PathBuf, _)| {
        LogWriter::open(&path, &id(epoch, life), origin).ok().map(|writer| writer.log())
    };
    let mut logs: Vec<Log> = earlier.into_iter().skip(skipped).filter_map(open).collect();
    logs.push(current);
    Arc::new(Shelf { logs })
}

fn origin(path: &Path) -> Option<Origin> {
    std::fs::read_to_string(path.join("origin")).ok()?.trim().parse().ok()
}

/// The lives that have a log here.
pub(super) fn lives(epoch_home: &Path) -> Vec<Slot> {
    let Ok(entries) = std::fs::read_dir(home(epoch_home)) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.strip_prefix("log-")?.parse().ok().map(Slot)).collect()
}
