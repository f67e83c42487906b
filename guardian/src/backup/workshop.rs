//! `Workshop`: the directory in which a guardian is put together, beside the one it becomes. It is renamed when all is
//! done, and removed when something is not; one that a crash left is removed by the next restore to the same place.

use super::format::problem;
use crate::{Error, file};
use std::fs::{DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// How often it is tried to make it where a crash left one.
const TRIES: u32 = 3;

/// The directory, held against other restores.
pub(super) struct Workshop {
    path: PathBuf,
    becomes: PathBuf,
    is_done: bool,
    /// Locked as long as it is open.
    _held: File,
}

impl Workshop {
    /// Makes it, if `becomes` is missing or an empty directory. `backup` is for messages.
    ///
    /// # Errors
    /// [`Error::Backup`] when it is not, and while another restore is under way there; [`Error::File`].
    pub(super) fn new(becomes: &Path, backup: &Path) -> Result<Self, Error> {
        let refuse = |why: String| problem(backup, format!("was not restored: {} {why}", becomes.display()));
        let Some(name) = becomes.file_name() else {
            return Err(refuse("is no name of a directory; give one".to_owned()));
        };
        match std::fs::symlink_metadata(becomes) {
            Ok(there) if !there.is_dir() => {
                return Err(refuse("is there already and is no directory; choose another place".to_owned()));
            }
            Ok(_) => {
                let mut inside = std::fs::read_dir(becomes).map_err(Error::file("read", becomes))?;
                if inside.next().is_some() {
                    return Err(refuse(
                        "is not empty; choose another place, or move away what is there".to_owned(),
                    ));
                }
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(Error::file("read", becomes)(e)),
        }
        file::create_directory(file::parent(becomes))?;
        let path = file::parent(becomes).join(format!(".{}.restoring", name.to_string_lossy()));
        for _ in 0..TRIES {
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let held = File::open(&path).map_err(Error::file("open", &path))?;
                    held.try_lock().map_err(|_| refuse(under_way(&path)))?;
                    return Ok(Self { path, becomes: becomes.into(), is_done: false, _held: held });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                    let left = File::open(&path).map_err(Error::file("open", &path))?;
                    match left.try_lock() {
                        Ok(()) => std::fs::remove_dir_all(&path).map_err(Error::file("remove", &path))?,
                        Err(TryLockError::WouldBlock) => return Err(refuse(under_way(&path))),
                        Err(TryLockError::Error(e)) => return Err(Error::file("lock", &path)(e)),
                    }
                }
                Err(e) => return Err(Error::file("create", &path)(e)),
            }
        }
        Err(refuse(under_way(&path)))
    }

    /// A place in it, by its name in a backup.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes all of it durable, and then it is what it becomes.
    ///
    /// # Errors
    /// [`Error::File`]; the directory is removed then.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        sync(&self.path)?;
        // Over a directory only while that is empty.
        std::fs::rename(&self.path, &self.becomes).map_err(Error::file("create", &self.becomes))?;
        self.is_done = true;
        file::sync_directory(file::parent(&self.becomes))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if !self.is_done {
            // What stays is removed by the next one.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn under_way(path: &Path) -> String {
    format!("is being restored by another process, in {}; wait for it", path.display())
}

fn sync(path: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(path).map_err(Error::file("read", path))? {
        let below = entry.map_err(Error::file("read", path))?.path();
        if below.is_dir() {
            sync(&below)?;
        } else {
            File::open(&below).and_then(|file| file.sync_all()).map_err(Error::file("sync", &below))?;
        }
    }
    file::sync_directory(path)
}
