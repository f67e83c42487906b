//! The shelf: the files of one ceremony, `<data_dir>/ceremonies/<id>/`. Everything on it is written whole and durable;
//! what is secret is sealed under the data key, bound to the ceremony and to its name.

use crate::{Error, file};
use crypto::vault::DataKey;
use guardian_core::ceremony::CeremonyId;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Largest file of a shelf, bytes.
const MAX_FILE: u64 = 8 << 20;

/// One ceremony's files.
#[derive(Clone)]
pub(super) struct Shelf {
    directory: PathBuf,
    ceremony: CeremonyId,
    data_key: Arc<DataKey>,
}

/// Directory of all shelves.
pub(crate) fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("ceremonies")
}

impl Shelf {
    pub(super) fn open(
        data_dir: &Path,
        ceremony: CeremonyId,
        data_key: &Arc<DataKey>,
    ) -> Result<Self, Error> {
        let directory = directory(data_dir).join(hex::encode(ceremony.0));
        file::create_directory(&directory)?;
        Ok(Self { directory, ceremony, data_key: Arc::clone(data_key) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn binding(&self, name: &str) -> Vec<u8> {
        [b"guardian/ceremony-file/1".as_slice(), &self.ceremony.0, name.as_bytes()].concat()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Keeps what anybody may read.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        file::replace(&self.path(name), bytes, file::Access::Private)
    }

    /// What [`Shelf::put`] kept.
    pub(super) fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        if !self.has(name) {
            return Ok(None);
        }
        Ok(Some(file::read(&self.path(name), "file of a ceremony", MAX_FILE)?.to_vec()))
    }

    /// Keeps a secret.
    pub(super) fn put_secret(&self, name: &str, secret: &[u8]) -> Result<(), Error> {
        let sealed = self.data_key.seal(&self.binding(name), secret, &mut rand::rng())?;
        self.put(name, &sealed)
    }

    /// What [`Shelf::put_secret`] kept.
    ///
    /// # Errors
    /// [`Error::Crypto`] when it was exchanged or damaged.
    pub(super) fn get_secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(sealed) = self.get(name)? else { return Ok(None) };
        Ok(Some(self.data_key.open(&self.binding(name), &sealed)?))
    }

    /// Overwrites and removes one file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        let Ok(found) = std::fs::symlink_metadata(&path) else { return Ok(()) };
        overwrite(&path, found.len())?;
        std::fs::remove_file(&path).map_err(Error::file("remove", &path))
    }

    /// Overwrites and removes everything.
    pub(super) fn clear(self) -> Result<(), Error> {
        shred_directory(&self.directory)
    }
}

/// Removes the shelves of ceremonies that are none of `known`: what they held is over, and must not survive its epoch.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn sweep(data_dir: &Path, known: &[CeremonyId]) -> Result<(), Error> {
    let all = directory(data_dir);
    if !all.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(&all).map_err(Error::file("read", &all))? {
        let path = entry.map_err(Error::file("read", &all))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !known.iter().any(|id| hex::encode(id.0) == name) {
            shred_directory(&path)?;
        }
    }
    Ok(())
}

/// Overwrites every file below a directory with zeros, syncs, and removes all of it. On drives that write elsewhere what
/// is overwritten, the old bytes may survive: they were sealed under the data key.
pub(crate) fn shred_directory(directory: &Path) -> Result<(), Error> {
    if !directory.exists() {
        return Ok(());
    }
    let mut waiting = vec![directory.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(&at).map_err(Error::file("read", &at))? {
            let path = entry.map_err(Error::file("read", &at))?.path();
            let kind = std::fs::symlink_metadata(&path).map_err(Error::file("read", &path))?;
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() {
                overwrite(&path, kind.len())?;
            }
        }
    }
    std::fs::remove_dir_all(directory).map_err(Error::file("remove", directory))?;
    file::sync_directory(directory.parent().unwrap_or(directory))
}

fn overwrite(path: &Path, length: u64) -> Result<(), Error> {
    use std::io::Write;
    let fail = |e| Error::file("overwrite", path)(e);
    let mut out = std::fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
    let zeros = [0u8; 1 << 16];
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
        out.write_all(&zeros[..most]).map_err(fail)?;
        left = left.saturating_sub(u64::try_from(most).unwrap_or(u64::MAX));
    }
    out.sync_all().map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_open_in_their_place_only_and_nothing_is_left_after_clearing() {
        let home = tempfile::tempdir().unwrap();
        let key = Arc::new(DataKey::generate(&mut rand::rng()));
        let shelf = Shelf::open(home.path(), CeremonyId([1; 32]), &key).unwrap();
        assert_eq!(shelf.get("public-0").unwrap(), None);
        shelf.put("public-0", b"open").unwrap();
        shelf.put_secret("seed", &[9; 32]).unwrap();
        let again = Shelf::open(home.path(), CeremonyId([1; 32]), &key).unwrap();
        assert_eq!(again.get("public-0").unwrap().unwrap(), b"open");
        assert_eq!(*again.get_secret("seed").unwrap().unwrap(), [9; 32]);
        std::fs::copy(shelf.path("seed"), shelf.path("other")).unwrap();
        assert!(again.get_secret("other").is_err(), "moved to another name");
        shelf.clear().unwrap();
        assert!(!directory(home.path()).join(hex::encode([1; 32])).exists());
    }
}
