//! The doctor: looks at everything a guardian needs, one thing at a time, and says of each whether it is sound and, if
//! not, what to do. It changes nothing, except for a file it writes beside the store and removes again.
//!
//! A guardian that runs holds its store; what only the store shows is then asked of the guardian itself.
//!
//! | module | examines |
//! |---|---|
//! | `files` | configuration, network definition, keys |
//! | `custody` | the store and every share in it, each against its public share |
//! | `beacon`, `execution` | each of our nodes by itself; on chain, the contracts |
//! | `clock` | ours against those of our nodes |
//! | `disk` | space and the time of one durable write |
//! | `peers` | the other guardians, through the real network or through the running guardian |

use crate::config::Config;
use crypto::password::Password;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

mod beacon;
mod clock;
mod custody;
mod disk;
mod execution;
mod files;
mod peers;
mod running;

/// What is examined, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// `guardian.toml`.
    Configuration,
    /// The network definition.
    Definition,
    /// Identity and custody key.
    Keys,
    /// The store and the shares in it.
    Shares,
    /// Our beacon nodes.
    Beacon,
    /// Our execution nodes and the contracts.
    Execution,
    /// This machine's clock.
    Clock,
    /// This machine's disk.
    Disk,
    /// The other guardians.
    Peers,
    /// The guardian itself, when it runs.
    Guardian,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Sound,
    /// Could not be examined, with the reason.
    Unknown,
    /// Works, but thinner than it should be.
    Weak,
    /// Keeps the guardian from doing its part.
    Faulty,
}

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where.
    pub area: Area,
    /// How it is.
    pub health: Health,
    /// Stable, for machines: what was found.
    pub code: &'static str,
    /// For people: what was found.
    pub says: String,
    /// What to do; empty when there is nothing to do.
    pub fix: String,
}

impl Finding {
    fn sound(area: Area, code: &'static str, says: impl Into<String>) -> Self {
        Self { area, health: Health::Sound, code, says: says.into(), fix: String::new() }
    }

    fn weak(area: Area, code: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, health: Health::Weak, code, says: says.into(), fix: fix.into() }
    }

    fn faulty(area: Area, code: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, health: Health::Faulty, code, says: says.into(), fix: fix.into() }
    }

    fn unknown(area: Area, code: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, health: Health::Unknown, code, says: says.into(), fix: fix.into() }
    }
}

/// Whether a process has our store open: then our identity may be in use, and must not be used a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    Free,
    Held,
}

/// Examines the guardian whose configuration is at `path`. Each finding goes to `tell` as soon as it is there.
///
/// `password` is asked for once the configuration is known to be readable.
pub async fn examine(
    path: &Path,
    password: impl FnOnce(&Config) -> Result<Password, crate::Error>,
    tell: &mut impl FnMut(Finding),
) {
    let Some(config) = files::configuration(path, tell) else { return };
    let Some(definition) = files::definition(&config, tell) else { return };
    let answer = running::ask(&config, &definition).await;
    let password = match password(&config) {
        Ok(password) => Some(Arc::new(password)),
        Err(problem) => {
            let fix = "put the password on the first line of a file with mode 0600 and name it in keys.password_file";
            tell(Finding::faulty(Area::Keys, "no_password", problem.to_string(), fix));
            None
        }
    };
    let keys = match &password {
        Some(password) => files::keys(&config, &definition, password, tell).await,
        None => files::Keys::default(),
    };
    let running = answer.ours(keys.me, tell);
    let lock =
        custody::examine(&config, &definition, keys.me, password.as_ref(), running.as_ref(), tell).await;
    let checkups = beacon::examine(&config, &definition, tell).await;
    execution::examine(&config, &definition, tell).await;
    clock::examine(&definition, &checkups, tell);
    disk::examine(&config, tell);
    match lock {
        Lock::Free => peers::examine(&config, &definition, keys.identity, running.as_ref(), tell).await,
        Lock::Held => peers::leave(tell),
    }
    running::examine(running.as_ref(), tell);
}
