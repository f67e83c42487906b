//! The store and the shares in it.

use super::files::words;
use super::running::Running;
use super::{Area, Finding, Lock};
use crate::config::Config;
use crate::{Error, Shares, Store};
use crypto::password::Password;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use std::sync::Arc;

/// Opens every share and proves it against its public share, unless a guardian has the store open.
pub(super) async fn examine(
    config: &Config,
    definition: &NetworkDefinition,
    me: Option<GuardianIndex>,
    password: Option<&Arc<Password>>,
    running: Option<&Running>,
    tell: &mut impl FnMut(Finding),
) -> Lock {
    if let Some(running) = running {
        tell(told(running));
        // Peers are asked of it; without a status it is starting.
        return if running.status.is_some() { Lock::Free } else { Lock::Held };
    }
    let (Some(me), Some(password)) = (me, password) else {
        let says = "the store cannot be opened without the keys";
        tell(Finding::unknown(Area::Shares, "shares_unexamined", says, "mend the keys first"));
        return Lock::Free;
    };
    if !config.data_dir.join("store").exists() {
        let says = format!("there is no store in {} yet", config.data_dir.display());
        let fix =
            "nothing to do for a new guardian; otherwise correct `data_dir` or restore it from a backup";
        tell(Finding::weak(Area::Shares, "no_store", says, fix));
        return Lock::Free;
    }
    let (data_dir, definition, password) =
        (config.data_dir.clone(), definition.clone(), Arc::clone(password));
    let proven = tokio::task::spawn_blocking(move || -> Result<usize, Error> {
        let store = Arc::new(Store::open(&data_dir, definition.id(), me)?);
        // Opening a share checks it against its public share.
        Ok(Shares::open(&store, &definition, me, &password)?.reveal()?.len())
    })
    .await;
    let lock = if matches!(proven, Ok(Err(Error::StoreLocked { .. }))) { Lock::Held } else { Lock::Free };
    tell(match proven {
        Ok(Ok(0)) => {
            let fix = "import custody packages, or wait for registrations to be synced";
            Finding::weak(Area::Shares, "no_shares", "the store is sound and holds no share yet", fix)
        }
        Ok(Ok(count)) => {
            let says =
                format!("the store is sound; each of its {count} shares was proven against its public share");
            Finding::sound(Area::Shares, "shares", says)
        }
        Ok(Err(problem)) => unsound(&problem),
        Err(problem) => {
            Finding::unknown(Area::Shares, "shares_unexamined", problem.to_string(), "run the command again")
        }
    });
    lock
}

/// What a running guardian says of its shares: it proved each when it started or took it in.
fn told(running: &Running) -> Finding {
    let Some(status) = &running.status else {
        let says = "the running guardian has the store open and does not show its status yet";
        return Finding::unknown(Area::Shares, "shares_unexamined", says, "ask again in a moment");
    };
    if status.validators.is_empty() {
        let fix = "import custody packages, or wait for registrations to be synced";
        return Finding::weak(Area::Shares, "no_shares", "the running guardian holds no share yet", fix);
    }
    let says = format!(
        "the running guardian holds {} shares and proved each when it took it in; stop it to have them proven again",
        status.validators.len()
    );
    Finding::sound(Area::Shares, "shares_held", says)
}

fn unsound(problem: &Error) -> Finding {
    let (code, fix) = match problem {
        Error::StoreLocked { .. } => (
            "store_locked",
            "if it is this guardian, still starting, run the command again; else stop that process",
        ),
        Error::StoreForeign { .. } => ("store_foreign", "point `data_dir` at this guardian's own store"),
        Error::StoreNewer { .. } => ("store_newer", "run the newer program"),
        Error::StoreOlder { .. } => ("store_older", "move the store away and start afresh"),
        Error::WrongPassword { .. } => {
            ("wrong_password", "the shares were sealed under another password than the keys: use that one")
        }
        Error::StoreDamaged { .. } | Error::Share { .. } => (
            "shares_damaged",
            "restore the store from a backup, or move it away and take the shares in again",
        ),
        _ => ("store_unusable", "look at the disk and the permissions of the directory"),
    };
    Finding::faulty(Area::Shares, code, words(problem), fix)
}
