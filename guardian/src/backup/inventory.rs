//! `Inventory`: what a backup holds, verified item by item while it is written, read or restored.

use super::format::{Header, Item};
use super::places::is_name;
use crate::shares::SealedShares;
use crate::store::{FORMAT, Linked, Piece, payload};
use crate::{config, definition, file};
use crypto::password::Password;
use guardian_core::JournalHead;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Most files, and most stores, of one backup.
pub(super) const MAX_FILES: usize = 1 << 16;
/// Most network definitions that are kept while it is read; there is one for each epoch.
const MAX_DEFINITIONS: usize = 256;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// When it was made, seconds since the Unix epoch.
    pub created: u64,
    /// Version of the program that made it.
    pub program: String,
    /// Name of the network.
    pub network: String,
    /// Its id.
    pub network_id: NetworkId,
    /// Which guardian.
    pub guardian: GuardianIndex,
    /// Bytes of the backup.
    pub bytes: u64,
    /// Its files.
    pub files: Vec<FileHeld>,
    /// Its stores.
    pub stores: Vec<StoreHeld>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileHeld {
    /// Where it goes below the restored directory.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
}

/// One store of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreHeld {
    /// The directory that it goes into, below the restored one.
    pub directory: String,
    /// Id of its network's definition.
    pub network_id: NetworkId,
    /// Its journal, whose chain leads there.
    pub journal: JournalHead,
    /// Sealed shares.
    pub shares: u64,
    /// Other values, such as the wrapped data key.
    pub other: u64,
}

/// What of the items came last.
enum At {
    Files,
    File,
    Store(Box<StoreAt>),
    StoreEnded,
    End,
}

/// A store on the way.
struct StoreAt {
    definition: NetworkDefinition,
    held: StoreHeld,
    is_owned: bool,
    /// Where the chain must lead, once that was said.
    head: Option<JournalHead>,
    shares: Option<SealedShares>,
}

/// See the module.
pub(super) struct Inventory<'a> {
    /// To open shares with; None where somebody else does.
    password: Option<&'a Password>,
    at: At,
    files: BTreeMap<String, u64>,
    last: String,
    /// Texts of the network definitions, by path.
    definitions: BTreeMap<String, Vec<u8>>,
    stores: Vec<StoreHeld>,
}

impl<'a> Inventory<'a> {
    /// With a password, every share is opened.
    pub(super) fn new(password: Option<&'a Password>) -> Self {
        Self {
            password,
            at: At::Files,
            files: BTreeMap::new(),
            last: String::new(),
            definitions: BTreeMap::new(),
            stores: Vec::new(),
        }
    }

    /// Takes the next item.
    ///
    /// # Errors
    /// What is wrong with it, as what is said of the backup.
    pub(super) fn take(&mut self, item: &Item) -> Result<(), String> {
        match (item, &mut self.at) {
            (Item::File { path }, At::Files | At::File) => {
                self.enter(path)?;
                self.at = At::File;
            }
            (Item::Bytes(bytes), At::File) => self.grow(bytes)?,
            (Item::Store { directory, definition }, At::Files | At::File | At::StoreEnded) => {
                self.at = At::Store(Box::new(self.store(directory, definition)?));
            }
            (Item::Piece(piece), At::Store(store)) => {
                if store.take(piece, self.password)? {
                    let held = store.held.clone();
                    self.stores.push(held);
                    self.at = At::StoreEnded;
                }
            }
            (Item::End { files, stores }, At::Files | At::File | At::StoreEnded) => {
                if (*files, *stores) != (self.files.len() as u64, self.stores.len() as u64) {
                    return Err("does not hold as much as it says at its end".to_owned());
                }
                self.at = At::End;
            }
            _ => return Err("holds its parts in an order that cannot be".to_owned()),
        }
        Ok(())
    }

    /// The definition of the store on the way.
    pub(super) fn definition(&self) -> Option<&NetworkDefinition> {
        match &self.at {
            At::Store(store) => Some(&store.definition),
            At::Files | At::File | At::StoreEnded | At::End => None,
        }
    }

    /// What there was. None before the end.
    pub(super) fn finish(self, header: &Header, bytes: u64) -> Option<Contents> {
        let At::End = self.at else { return None };
        let files = self.files.into_iter().map(|(path, bytes)| FileHeld { path, bytes });
        Some(Contents {
            created: header.created,
            program: header.program.clone(),
            network: header.network.clone(),
            network_id: header.network_id,
            guardian: header.guardian,
            bytes,
            files: files.collect(),
            stores: self.stores,
        })
    }

    fn enter(&mut self, path: &str) -> Result<(), String> {
        if !is_name(path) {
            return Err(format!("names a file that goes nowhere: {path:?}"));
        }
        if self.files.len() == MAX_FILES || self.files.insert(path.to_owned(), 0).is_some() {
            return Err(format!("holds {path:?} twice, or more than {MAX_FILES} files"));
        }
        self.last = path.to_owned();
        if path.rsplit('/').next() == Some("network.toml") && self.definitions.len() < MAX_DEFINITIONS {
            self.definitions.insert(path.to_owned(), Vec::new());
        }
        Ok(())
    }

    fn grow(&mut self, bytes: &[u8]) -> Result<(), String> {
        if let Some(length) = self.files.get_mut(&self.last) {
            *length = length.saturating_add(bytes.len() as u64);
        }
        if let Some(text) = self.definitions.get_mut(&self.last) {
            if text.len() + bytes.len() > file::MAX_DOCUMENT as usize {
                return Err(format!("holds a network definition that is too large: {}", self.last));
            }
            text.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn store(&self, directory: &str, name: &str) -> Result<StoreAt, String> {
        if !is_name(directory) || !directory.starts_with("data") || self.stores.len() == MAX_FILES {
            return Err(format!("names a store that goes nowhere: {directory:?}"));
        }
        if self.stores.iter().any(|held| held.directory == directory) {
            return Err(format!("holds the store of {directory:?} twice"));
        }
        let text = self.definitions.get(name).and_then(|text| std::str::from_utf8(text).ok());
        let text = text.ok_or_else(|| format!("holds no network definition {name:?} for a store"))?;
        let path = Path::new(name);
        let definition = config::parse::<NetworkDefinition>(path, text)
            .and_then(|parsed| definition::check(&parsed, path).map(|()| parsed))
            .map_err(|e| format!("holds a network definition that is none: {e}"))?;
        let held = StoreHeld {
            directory: directory.to_owned(),
            network_id: definition.id(),
            journal: JournalHead::default(),
            shares: 0,
            other: 0,
        };
        Ok(StoreAt { definition, held, is_owned: false, head: None, shares: None })
    }
}

impl StoreAt {
    /// Takes a piece. Whether it was the last.
    fn take(&mut self, piece: &Piece, password: Option<&Password>) -> Result<bool, String> {
        let directory = &self.held.directory;
        match piece {
            Piece::Owner { format, network, .. } if !self.is_owned => {
                if *format != FORMAT {
                    return Err(format!(
                        "holds a store of format {format}, this program writes {FORMAT}; use the version that made it"
                    ));
                }
                if *network != self.held.network_id {
                    return Err(format!("holds in {directory:?} the store of another network, {network}"));
                }
                self.is_owned = true;
            }
            Piece::Value { tree, key, value } if self.is_owned && self.head.is_none() => {
                self.value(tree, key, value, password)?;
            }
            Piece::Head(head) if self.is_owned && self.head.is_none() => self.head = Some(*head),
            Piece::Record { link, bytes } if self.head.is_some() => {
                let number = self.held.journal.length;
                let linked = Linked { number, bytes: bytes.clone(), link: *link };
                let broken = |e| format!("holds in {directory:?} a journal that is not whole: {e}");
                self.held.journal = linked.follow(&self.held.journal).map_err(broken)?;
            }
            Piece::End => {
                if self.head != Some(self.held.journal) {
                    return Err(format!(
                        "holds in {directory:?} a journal that leads to {}, not to the head it names",
                        self.held.journal
                    ));
                }
                return Ok(true);
            }
            Piece::Owner { .. }
            | Piece::Value { .. }
            | Piece::Head(_)
            | Piece::Record { .. }
            | Piece::Changed => {
                return Err(format!(
                    "holds the pieces of the store in {directory:?} in an order that cannot be"
                ));
            }
        }
        Ok(false)
    }

    fn value(
        &mut self,
        tree: &str,
        key: &[u8],
        value: &[u8],
        password: Option<&Password>,
    ) -> Result<(), String> {
        let is_share = tree == "shares";
        let count = if is_share { &mut self.held.shares } else { &mut self.held.other };
        *count = count.saturating_add(1);
        let is_data_key = tree == "meta" && key == b"data key";
        if !is_share && !is_data_key {
            return Ok(());
        }
        let what = if is_share { format!("share 0x{}", hex::encode(key)) } else { "data key".to_owned() };
        let wrong = |problem: String| {
            format!("holds in {:?} a {what} that does not open: {problem}", self.held.directory)
        };
        let stored = payload(key, value).ok_or_else(|| wrong("it is garbled".to_owned()))?;
        let Some(password) = password else { return Ok(()) };
        if is_data_key {
            self.shares = Some(SealedShares::open(stored, password, &self.definition).map_err(wrong)?);
            return Ok(());
        }
        let shares = self.shares.as_ref().ok_or_else(|| wrong("there is no data key".to_owned()))?;
        shares.check(key, stored).map_err(wrong)
    }
}
