//! `Frozen`: a store that nobody has open, copied file by file while a guardian runs beside it.
//!
//! To open it where it lies would keep the guardian from doing so, just when it may have to. The copy counts only if
//! nobody had the store open and nothing of it changed on the way.

use super::format::problem;
use crate::{Error, file};
use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Files of a store with what changes when they change.
type Stamps = Vec<(PathBuf, (u64, u64, i64, i64))>;

/// The copy. Dropped, it is removed.
pub(super) struct Frozen(PathBuf);

impl Frozen {
    /// Copies the store of `directory` to a place beside `to`. None when it changed meanwhile.
    ///
    /// # Errors
    /// [`Error::Backup`] when somebody has it open; [`Error::File`].
    pub(super) fn of(directory: &Path, to: &Path) -> Result<Option<Self>, Error> {
        let store = directory.join("store");
        refuse_if_open(&store, to)?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let frozen = Self(file::parent(to).join(format!(".{name}.{}.store", std::process::id())));
        // What lies there can only be left over from a crash of a process with our id.
        let _ = std::fs::remove_dir_all(&frozen.0);
        let before = stamps(&store)?;
        make(&frozen.0)?;
        for (path, _) in &before {
            let Ok(below) = path.strip_prefix(directory) else { continue };
            let copy = frozen.0.join(below);
            if let Some(above) = copy.parent() {
                make(above)?;
            }
            match std::fs::copy(path, &copy) {
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(Error::file("copy", path)(e)),
            }
        }
        refuse_if_open(&store, to)?;
        Ok((stamps(&store)? == before).then_some(frozen))
    }

    /// What the copy is opened with.
    pub(super) fn directory(&self) -> &Path {
        &self.0
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // Sealed shares only; what stays is found by its name.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn make(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::file("create", path))
}

fn refuse_if_open(store: &Path, to: &Path) -> Result<(), Error> {
    let path = store.join("lock");
    let Ok(lock) = File::open(&path) else { return Ok(()) };
    // Let go at once: dropped.
    match lock.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => {
            let shown = store.display();
            let why =
                format!("was not made: the running guardian has {shown} open too; stop it, then try again");
            Err(problem(to, why))
        }
        Err(std::fs::TryLockError::Error(e)) => Err(Error::file("lock", &path)(e)),
    }
}

/// All files of the store but its lock.
fn stamps(path: &Path) -> Result<Stamps, Error> {
    let mut stamps = Vec::new();
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).map_err(Error::file("read", &directory))? {
            let below = entry.map_err(Error::file("read", &directory))?.path();
            let there = match std::fs::symlink_metadata(&below) {
                Ok(there) => there,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Error::file("read", &below)(e)),
            };
            if there.is_dir() {
                directories.push(below);
            } else if below != path.join("lock") {
                stamps.push((below, (there.ino(), there.len(), there.mtime(), there.mtime_nsec())));
            }
        }
    }
    stamps.sort();
    Ok(stamps)
}
