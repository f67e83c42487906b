//! Backups: one file with everything that one guardian needs on an empty machine, but for the password.
//!
//! | file | holds |
//! |---|---|
//! | `format` | the file: header, items |
//! | `chunks` | how it is sealed |
//! | `places` | which files are taken, and where they go |
//! | `making` | a backup of a guardian, running or stopped |
//! | `frozen` | a store that nobody has open, while the guardian runs |
//! | `inventory` | what a backup holds, verified |
//! | `restoring` | a guardian from a backup |
//! | `workshop` | the directory in which it is put together |
//! | `layout` | `guardian.toml` with its new paths |
//!
//! # Design decisions
//! - A running guardian tells its store through its admin socket, as it tells its journal to an audit: the database is its
//!   own, and files that are being written are of no one moment.
//! - What is in the store stays sealed as it is, and all of it is sealed again: a backup shows its header only.
//! - A restored guardian may have said and released more than its journal knows. So its journal says that it lapsed, and
//!   the caps are closed for a day (`guardian_core::governor`), before it has said a word.

mod chunks;
mod format;
mod frozen;
mod inventory;
mod layout;
mod making;
mod places;
mod restoring;
mod workshop;

pub use inventory::{Contents, FileHeld, StoreHeld};
pub use making::{Order, make};
pub use restoring::{Restored, Restoring, restore};

use crate::Error;
use crypto::password::Password;
use format::{Header, Item, Reader, problem};
use inventory::Inventory;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Told how much is done, of how much: records of a store when a backup is made, bytes of the backup when it is read.
pub type Progress<'a> = &'a dyn Fn(u64, u64);

/// Opens a backup and verifies all of it, writing nothing: that it is whole, that each journal's chain leads to its head,
/// and that every share opens. About 2 ms a share.
///
/// # Errors
/// [`Error::Backup`] saying what is wrong; [`Error::WrongPassword`]; [`Error::File`].
pub fn check(path: &Path, password: &Password, progress: Progress<'_>) -> Result<Contents, Error> {
    read(path, password, Inventory::new(Some(password)), progress, |_| Ok(()), |_, _| Ok(()))
}

/// Reads a backup item by item; each is verified before `take` gets it.
fn read(
    path: &Path,
    password: &Password,
    mut inventory: Inventory<'_>,
    progress: Progress<'_>,
    begin: impl FnOnce(&Header) -> Result<(), Error>,
    mut take: impl FnMut(Item, &Inventory<'_>) -> Result<(), Error>,
) -> Result<Contents, Error> {
    let file = File::open(path).map_err(Error::file("read", path))?;
    let length = file.metadata().map_err(Error::file("read", path))?.len();
    let from = Counted { from: BufReader::new(file), done: 0, length, progress };
    let (header, mut reader) = Reader::begin(from, password, path)?;
    begin(&header)?;
    while let Some(item) = reader.read(path)? {
        inventory.take(&item).map_err(|why| problem(path, why))?;
        take(item, &inventory)?;
    }
    let unfinished = || problem(path, "does not come to its end; use another copy".to_owned());
    inventory.finish(&header, length).ok_or_else(unfinished)
}

/// Says how much was read.
struct Counted<'a, R> {
    from: R,
    done: u64,
    length: u64,
    progress: Progress<'a>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.done += read as u64;
        (self.progress)(self.done, self.length);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
