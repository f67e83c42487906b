//! Files read with a bound and written whole: a reader finds the old content, the new content, or nothing.

use crate::Error;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroizing;

/// Most bytes of a document written by people (configuration, network definition, member card).
pub const MAX_DOCUMENT: u64 = 1 << 20;

/// Whether others may read a file we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Mode 0600: it holds or leads to secrets.
    Private,
    /// Mode 0644: it is to be given away.
    Public,
}

/// Reads a file of at most `limit` bytes. The buffer is wiped when dropped, whatever it held.
///
/// # Errors
/// [`Error::File`], or [`Error::TooLarge`] naming `what`.
pub fn read(path: &Path, what: &'static str, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(Error::file("read", path))?;
    let length = file.metadata().map_err(Error::file("read", path))?.len();
    if length > limit {
        return Err(Error::TooLarge { what, path: path.into(), limit });
    }
    // Full capacity up front: a growing buffer would leave unwiped copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::file("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { what, path: path.into(), limit });
    }
    Ok(bytes)
}

/// Reads a text document of at most [`MAX_DOCUMENT`] bytes.
///
/// # Errors
/// As [`read`], and [`Error::Document`] where it is not UTF-8.
pub fn read_text(path: &Path, what: &'static str) -> Result<String, Error> {
    let bytes = read(path, what, MAX_DOCUMENT)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::Document {
        path: path.into(),
        line: None,
        problem: format!("is not UTF-8 text, so it is no {what}"),
    })
}

/// Writes a new file whole and makes it durable: temporary file, fsync, link into place, fsync of the directory.
///
/// # Errors
/// [`Error::Exists`] when something is there already, [`Error::File`].
pub fn create(path: &Path, bytes: &[u8], access: Access) -> Result<(), Error> {
    create_with(path, access, |out| out.write_all(bytes).map_err(Error::file("write", path)))
}

/// As [`create`], for what is too long to be held in memory: `write` writes it. The file is there only if it succeeds.
///
/// # Errors
/// As [`create`], and what `write` says.
pub fn create_with<T>(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Error>,
) -> Result<T, Error> {
    let (temporary, written) = write_temporary(path, access, write)?;
    // A hard link, unlike a rename, never replaces what is there.
    let linked = std::fs::hard_link(&temporary, path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists { path: path.into() },
        _ => Error::File { action: "create", path: path.into(), source },
    });
    std::fs::remove_file(&temporary).map_err(Error::file("remove", &temporary))?;
    linked?;
    sync_directory(parent(path))?;
    Ok(written)
}

/// As [`create`], but replaces what is there.
///
/// # Errors
/// [`Error::File`].
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), Error> {
    replace_with(path, access, |out| out.write_all(bytes).map_err(Error::file("write", path)))
}

/// As [`create_with`], but replaces what is there.
///
/// # Errors
/// [`Error::File`], and what `write` says.
pub fn replace_with<T>(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Error>,
) -> Result<T, Error> {
    let (temporary, written) = write_temporary(path, access, write)?;
    std::fs::rename(&temporary, path).map_err(Error::file("write", path))?;
    sync_directory(parent(path))?;
    Ok(written)
}

/// Makes the names inside a directory durable.
///
/// # Errors
/// [`Error::File`].
pub fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::file("sync", path))
}

/// Makes a directory and its parents, mode 0700, with their names durable.
///
/// # Errors
/// [`Error::File`].
pub fn create_directory(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_directory(above)?;
    match std::fs::create_dir(path) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        Err(e) => return Err(Error::file("create", path)(e)),
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .map_err(Error::file("create", path))?;
    sync_directory(above)
}

/// Refuses a file that others than its owner may touch.
///
/// # Errors
/// [`Error::Permissions`], [`Error::File`].
pub fn refuse_if_shared(path: &Path) -> Result<(), Error> {
    let mode = std::fs::metadata(path).map_err(Error::file("read", path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Permissions { path: path.into(), mode });
    }
    Ok(())
}

/// The directory a path lies in; the current one for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Writes and syncs `.<name>.<process id>.new` beside `path`.
fn write_temporary<T>(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Error>,
) -> Result<(PathBuf, T), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A number of its own for each write: two at a time to one name must not meet in one file.
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let temporary = parent(path).join(format!(".{name}.{}-{number}.new", std::process::id()));
    let mode = match access {
        Access::Private => 0o600,
        Access::Public => 0o644,
    };
    // What lies there can only be left over from a crash of a process with our id.
    match std::fs::remove_file(&temporary) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::file("remove", &temporary)(e)),
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary)
        .map_err(Error::file("write", path))?;
    let mut out = BufWriter::new(file);
    let written = write(&mut out).and_then(|written| {
        let file = out.into_inner().map_err(|e| Error::file("write", path)(e.into_error()))?;
        file.sync_all().map_err(Error::file("write", path))?;
        Ok(written)
    });
    match written {
        Ok(written) => Ok((temporary, written)),
        Err(error) => {
            // Nothing half-written stays; the first error is the one to tell.
            let _ = std::fs::remove_file(&temporary);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests;
