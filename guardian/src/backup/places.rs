//! Which files a backup takes, and where they go: by a rule, so that nothing is forgotten because it is new.
//!
//! Of `data_dir` everything, but: the recording; what is no file (sockets); what begins with a dot, which is unfinished;
//! what the configuration names (keys, and the password above all, which goes into no backup). A directory `store` is a
//! store, wherever it lies, and is taken as one: with the `network.toml` beside it, or else with the configured one.

use super::format::problem;
use super::inventory::MAX_FILES;
use crate::{Config, Error, recording};
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Most directories below one another.
const MAX_DEPTH: usize = 16;
/// Most bytes of a file's name with its directories.
const MAX_NAME: usize = 1024;

/// Names of what lies beside the data.
pub(super) const CONFIG: &str = "guardian.toml";
pub(super) const NETWORK: &str = "network.toml";
pub(super) const IDENTITY: &str = "identity.json";
pub(super) const CUSTODY: &str = "custody.json";
pub(super) const DATA: &str = "data";

/// Whether a name of a backup is one: relative, without detours, and of a place that a restored guardian has.
pub(super) fn is_name(name: &str) -> bool {
    let mut parts = name.split('/');
    let first = parts.next().unwrap_or_default();
    let is_beside = [CONFIG, NETWORK, IDENTITY, CUSTODY].contains(&name);
    let is_plain =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\0', '\\']);
    name.len() <= MAX_NAME && (is_beside || (first == DATA && parts.all(is_plain)))
}

/// One file, and what changes when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePlace {
    pub(super) path: PathBuf,
    pub(super) name: String,
    stamp: (u64, u64, i64, i64),
}

/// One store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorePlace {
    /// What a store is opened with: the directory that has `store/`.
    pub(super) directory: PathBuf,
    pub(super) name: String,
    pub(super) definition: PathBuf,
    pub(super) definition_name: String,
}

/// All that a backup takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places {
    pub(super) files: Vec<FilePlace>,
    pub(super) stores: Vec<StorePlace>,
}

/// Where the epochs that followed are, in a backup.
const EPOCH: &str = "data/epoch-";

impl Places {
    /// Looks. `config` was loaded from `config_path`; the backup goes to `to`.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Backup`] for what cannot be taken, with its name.
    pub(super) fn of(config: &Config, config_path: &Path, to: &Path) -> Result<Self, Error> {
        let mut places = Self::default();
        let mut apart = BTreeSet::new();
        let beside = [
            (config_path, CONFIG),
            (&config.network, NETWORK),
            (&config.keys.identity, IDENTITY),
            (&config.keys.custody, CUSTODY),
        ];
        for (path, name) in beside {
            let there = std::fs::metadata(path).map_err(Error::file("read", path))?;
            apart.insert((there.dev(), there.ino()));
            places.files.push(file(path.into(), name.to_owned(), &there));
        }
        let password = config.keys.password_file.as_deref();
        for there in password.into_iter().chain([to]).filter_map(|path| std::fs::metadata(path).ok()) {
            apart.insert((there.dev(), there.ino()));
        }
        if config.data_dir.is_dir() {
            let walk = Walk { config, to, apart };
            walk.directory(&config.data_dir, DATA, 0, &mut places)?;
        }
        places.stores.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(places)
    }
}

struct Walk<'a> {
    config: &'a Config,
    to: &'a Path,
    /// Device and inode of what is taken by itself, or not at all.
    apart: BTreeSet<(u64, u64)>,
}

impl Walk<'_> {
    fn directory(&self, path: &Path, name: &str, depth: usize, places: &mut Places) -> Result<(), Error> {
        let refuse = |below: &Path, why: &str| {
            let shown = below.display();
            Err(problem(self.to, format!("was not made: {shown} {why}")))
        };
        let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = entries.map_err(Error::file("read", path))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let below = entry.path();
            let own = entry.file_name();
            let Some(own) = own.to_str() else {
                return refuse(&below, "has a name that is no text; rename it");
            };
            if own.starts_with('.') || below == recording::directory(&self.config.data_dir) {
                continue;
            }
            // Public logs are made of the journal again, under another name, for what was told since would be missing.
            if own == "feed" && (depth == 0 || name.starts_with(EPOCH)) {
                continue;
            }
            let there = match std::fs::symlink_metadata(&below) {
                Ok(there) => there,
                // Gone since: the second look finds that out.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Error::file("read", &below)(e)),
            };
            let full = format!("{name}/{own}");
            let kind = there.file_type();
            if kind.is_symlink() {
                return refuse(
                    &below,
                    "is a symbolic link, which a backup cannot hold; put what it names there",
                );
            } else if kind.is_dir() && own == "store" {
                if below.join("engine").exists() || below.join("acknowledged").exists() {
                    places.stores.push(self.store(path, name));
                }
            } else if kind.is_dir() {
                if depth == MAX_DEPTH {
                    return refuse(&below, "lies too deep; move it out of data_dir");
                }
                self.directory(&below, &full, depth + 1, places)?;
            } else if kind.is_file() && !self.apart.contains(&(there.dev(), there.ino())) {
                if !is_name(&full) {
                    return refuse(&below, "has a name that is too long or holds a backslash; rename it");
                }
                if places.files.len() == MAX_FILES {
                    return refuse(
                        &below,
                        "is one file too many; move what is not the guardian's out of data_dir",
                    );
                }
                places.files.push(file(below, full, &there));
            }
        }
        Ok(())
    }

    fn store(&self, path: &Path, name: &str) -> StorePlace {
        let own = path.join(NETWORK);
        // In `data_dir` itself it may be the configured one, which is taken under its own name.
        let is_apart =
            std::fs::metadata(&own).map_or(true, |there| self.apart.contains(&(there.dev(), there.ino())));
        let (definition, definition_name) = if is_apart {
            (self.config.network.clone(), NETWORK.to_owned())
        } else {
            (own, format!("{name}/{NETWORK}"))
        };
        StorePlace { directory: path.into(), name: name.to_owned(), definition, definition_name }
    }
}

fn file(path: PathBuf, name: String, there: &Metadata) -> FilePlace {
    FilePlace { path, name, stamp: (there.ino(), there.len(), there.mtime(), there.mtime_nsec()) }
}
