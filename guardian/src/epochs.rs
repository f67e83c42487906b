//! Epochs on disk: which network definition is in force for this guardian, and where its store is.
//!
//! ```text
//! <data_dir>/store/               the epoch of the definition in the configuration, as it was first
//! <data_dir>/epoch-<n>/           each epoch that followed: network.toml, store/, recording/
//! <data_dir>/ceremonies/<id>/     what a ceremony keeps while it lasts
//! ```
//! A directory `epoch-<n>` appears whole, by a rename. The one with the greatest number is in force.

use crate::ceremonies::shred_directory;
use crate::{Config, Error, Store, definition, file};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition};
use guardian_core::record::Record;
use std::path::{Path, PathBuf};

/// The epoch in force.
#[derive(Debug, Clone)]
pub struct Epoch {
    /// Its definition.
    pub definition: NetworkDefinition,
    /// Where its store and its recording are.
    pub home: PathBuf,
}

/// Directory of an epoch that followed another one here.
pub(crate) fn directory(data_dir: &Path, epoch: GuardianSetEpoch) -> PathBuf {
    data_dir.join(format!("epoch-{}", epoch.0))
}

/// The epoch in force: the latest that followed here, or the one of the configuration.
///
/// # Errors
/// As [`definition::load`].
pub fn in_force(config: &Config) -> Result<Epoch, Error> {
    let configured = definition::load(&config.network)?;
    let mut latest = None;
    if let Ok(entries) = std::fs::read_dir(&config.data_dir) {
        let numbers = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name();
            name.to_str()?.strip_prefix("epoch-")?.parse::<u64>().ok()
        });
        latest = numbers.max();
    }
    let Some(latest) = latest.map(GuardianSetEpoch).filter(|latest| *latest >= configured.guardian_set.epoch)
    else {
        return Ok(Epoch { definition: configured, home: config.data_dir.clone() });
    };
    let home = directory(&config.data_dir, latest);
    let followed = definition::load(&home.join("network.toml"))?;
    if latest == configured.guardian_set.epoch && followed.id() != configured.id() {
        return Err(Error::Document {
            path: config.network.clone(),
            line: None,
            problem: format!(
                "guardian set {} is in force here with another definition, kept in {}; point `network` there",
                latest.0,
                home.join("network.toml").display()
            ),
        });
    }
    Ok(Epoch { definition: followed, home })
}

/// Every epoch that this guardian keeps something of, with where that is.
///
/// # Errors
/// As [`definition::load`].
pub(crate) fn homes(config: &Config) -> Result<Vec<(GuardianSetEpoch, PathBuf)>, Error> {
    let configured = definition::load(&config.network)?;
    let mut homes = vec![(configured.guardian_set.epoch, config.data_dir.clone())];
    if let Ok(entries) = std::fs::read_dir(&config.data_dir) {
        homes.extend(entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.strip_prefix("epoch-")?.parse().ok()?;
            Some((GuardianSetEpoch(number), entry.path()))
        }));
    }
    Ok(homes)
}

/// Where the store of an earlier epoch is.
pub(crate) fn home_of(data_dir: &Path, epoch: GuardianSetEpoch) -> PathBuf {
    let followed = directory(data_dir, epoch);
    if followed.is_dir() { followed } else { data_dir.to_owned() }
}

/// Records copied at a time.
const COPIED: usize = 256;

/// Rewrites a closed store without any share or data key, its journal unchanged, and overwrites what was there. A crash in
/// between is finished by the next call, or by [`recover`].
///
/// # Errors
/// Storage errors; nothing is lost then.
pub(crate) fn forget_shares(
    home: &Path,
    definition: &NetworkDefinition,
    me: GuardianIndex,
) -> Result<(), Error> {
    recover(home)?;
    if !home.join("store").exists() {
        return Ok(());
    }
    let fresh = home.join("store-without-shares");
    shred_directory(&fresh)?;
    let old = Store::open(home, definition.id(), me)?;
    if old.shares()?.is_empty() && old.group_share()?.is_none() && old.wrapped_key()?.is_none() {
        return Ok(());
    }
    let copy = Store::open(&fresh, definition.id(), me)?;
    for records in old.records()?.chunks(COPIED) {
        copy.append(records)?;
    }
    if copy.head() != old.head() {
        let problem = format!("a copy of its journal leads to {}, not to {}", copy.head(), old.head());
        return Err(Error::StoreDamaged { path: home.into(), problem });
    }
    drop((copy, old));
    file::replace(&fresh.join("whole"), b"", file::Access::Private)?;
    recover(home)
}

/// Finishes what a crash left of [`forget_shares`].
pub(crate) fn recover(home: &Path) -> Result<(), Error> {
    let fresh = home.join("store-without-shares");
    if !fresh.join("whole").exists() {
        return Ok(());
    }
    if fresh.join("store").exists() {
        shred_directory(&home.join("store"))?;
        let store = fresh.join("store");
        std::fs::rename(&store, home.join("store")).map_err(Error::file("rename", &store))?;
        file::sync_directory(home)?;
    }
    std::fs::remove_dir_all(&fresh).map_err(Error::file("remove", &fresh))?;
    file::sync_directory(home)
}

/// The directory under which the next epoch is prepared; whatever lay there of an earlier try is gone.
pub(crate) fn prepare(data_dir: &Path, epoch: GuardianSetEpoch) -> Result<PathBuf, Error> {
    let path = data_dir.join(format!("preparing-epoch-{}", epoch.0));
    shred_directory(&path)?;
    file::create_directory(&path)?;
    Ok(path)
}

/// Makes a prepared epoch the one in force.
pub(crate) fn enter(prepared: &Path, data_dir: &Path, next: &NetworkDefinition) -> Result<(), Error> {
    let path = prepared.join("network.toml");
    let text = definition::render_definition(next, &path)?;
    file::replace(&path, text.as_bytes(), file::Access::Public)?;
    file::sync_directory(prepared)?;
    let home = directory(data_dir, next.guardian_set.epoch);
    std::fs::rename(prepared, &home).map_err(Error::file("rename", prepared))?;
    file::sync_directory(data_dir)
}

/// The first record of a store that waits for another set to hand over to it.
pub(crate) fn preceded(previous: &NetworkDefinition) -> Record {
    Record::Preceded { definition: Box::new(previous.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::spec::Epoch as BeaconEpoch;
    use guardian_core::guardian_set::NetworkId;

    fn store(home: &Path) -> Store {
        Store::open(home, NetworkId([1; 32]), GuardianIndex(1)).unwrap()
    }

    #[test]
    fn a_crash_while_shares_are_forgotten_is_finished_later() {
        let home = tempfile::tempdir().unwrap();
        let old = store(home.path());
        old.append(&[Record::NotFinalizing(BeaconEpoch(1))]).unwrap();
        old.put_shares(&[([3; 48], vec![1, 2, 3])]).unwrap();
        let head = old.head();
        drop(old);
        // As after the copy is whole and the old store half gone.
        let fresh = home.path().join("store-without-shares");
        let copy = store(&fresh);
        copy.append(&[Record::NotFinalizing(BeaconEpoch(1))]).unwrap();
        drop(copy);
        std::fs::write(fresh.join("whole"), b"").unwrap();
        recover(home.path()).unwrap();
        recover(home.path()).unwrap();
        let now = store(home.path());
        assert_eq!((now.head(), now.shares().unwrap().len()), (head, 0));
        assert!(!fresh.exists());
    }
}
