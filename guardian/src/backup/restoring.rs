//! A guardian from a backup: put together beside the place it goes to, verified, made harmless, renamed.

use super::format::{Header, Item, problem};
use super::inventory::{Contents, Inventory};
use super::layout::lay_out;
use super::places::{CONFIG, CUSTODY, DATA, IDENTITY, NETWORK};
use super::workshop::Workshop;
use super::{Progress, read};
use crate::file::{self, Access};
use crate::store::{Filling, Piece};
use crate::{Config, Error, Shares, Store, definition, keyfile};
use chain_watcher::SlotClock;
use crypto::password::Password;
use crypto::spec::Slot;
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::record::Record;
use p2p::PeerId;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What to restore, and where to.
pub struct Restoring<'a> {
    /// The backup.
    pub from: &'a Path,
    /// The guardian's new directory: missing or empty.
    pub to: &'a Path,
    /// The password of the guardian's keys when the backup was made.
    pub password: &'a Password,
    /// Where the restored configuration finds the password, if it named a file before.
    pub password_file: Option<&'a Path>,
    /// The time, since the Unix epoch.
    pub now: Duration,
}

/// A guardian that was restored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// What the backup held.
    pub contents: Contents,
    /// The configuration to run it with.
    pub config: PathBuf,
    /// The slot from which the caps are closed for a day.
    pub lapsed: Slot,
    /// What of the configuration is otherwise than it was, for people.
    pub notes: Vec<String>,
}

/// Restores. Blocking; memory is bounded by what the guardian itself takes at its start.
///
/// # Errors
/// [`Error::Backup`] saying what is wrong, or that the place is taken; [`Error::WrongPassword`]; whatever cannot be
/// written, or does not open once it is. Nothing is at the new place then.
pub fn restore(order: &Restoring<'_>, progress: Progress<'_>) -> Result<Restored, Error> {
    let Restoring { from, to, password, .. } = *order;
    let password_file = match order.password_file {
        Some(path) => Some(path.canonicalize().map_err(Error::file("read", path))?),
        None => None,
    };
    let workshop = Workshop::new(to, from)?;
    let mut hands = Hands { order, workshop: &workshop, file: None, store: None };
    let clock = |header: &Header| match order.now.as_secs() < header.created {
        // Its caps would open too early.
        true => Err(problem(
            from,
            "was not restored: it was made later than what this machine's clock says; set the clock first"
                .to_owned(),
        )),
        false => Ok(()),
    };
    let take = |item, inventory: &Inventory<'_>| hands.take(item, inventory);
    let contents = read(from, password, Inventory::new(None), progress, clock, take)?;
    hands.end_file()?;

    let need = |name: &str| {
        if contents.files.iter().any(|held| held.path == name) {
            return Ok(workshop.at(name));
        }
        Err(problem(from, format!("holds no {name}; make it again with `guardian backup`")))
    };
    let (config_at, network, identity, custody) =
        (need(CONFIG)?, need(NETWORK)?, need(IDENTITY)?, need(CUSTODY)?);
    let text = file::read_text(&config_at, "configuration")?;
    let path_text = password_file.as_deref().map(Path::to_str).map(|path| {
        path.ok_or_else(|| problem(from, "was not restored: the password file's name is no text".to_owned()))
    });
    let laid = lay_out(Path::new(CONFIG), &text, path_text.transpose()?)?;
    file::replace(&config_at, laid.text.as_bytes(), Access::Private)?;
    let config = Config::load(&config_at)?;
    let laid_out = (&config.network, &config.data_dir, &config.keys.identity, &config.keys.custody);
    if laid_out != (&network, &workshop.at(DATA), &identity, &custody) {
        let why = "was not restored: the paths in its guardian.toml cannot be set; report this".to_owned();
        return Err(problem(from, why));
    }
    let key = keyfile::open_identity(&identity, password)?;
    keyfile::open_custody(&custody, password)?;

    let definition = definition::load(&network)?;
    let peer_id = key.public().to_peer_id();
    let lapsed = slot(&definition, order.now);
    if !contents.stores.iter().any(|held| held.directory == DATA) {
        // It never ran before the backup, but may have since.
        let me = definition::member_by_peer_id(&definition, peer_id)?.index;
        Store::open(&config.data_dir, definition.id(), me)?.append(&[Record::Lapsed(lapsed)])?;
    }
    for held in &contents.stores {
        let own = workshop.at(&held.directory).join(NETWORK);
        let definition = if own.is_file() { definition::load(&own)? } else { definition.clone() };
        verify(&workshop.at(&held.directory), &definition, peer_id, password)?;
    }
    workshop.finish()?;
    Ok(Restored { contents, config: to.join(CONFIG), lapsed, notes: laid.notes })
}

/// Opens a store as the guardian will: its whole chain, and every share.
fn verify(
    directory: &Path,
    definition: &NetworkDefinition,
    peer_id: PeerId,
    password: &Password,
) -> Result<(), Error> {
    let me = definition::member_by_peer_id(definition, peer_id)?.index;
    let store = Arc::new(Store::open(directory, definition.id(), me)?);
    Shares::open(&store, definition, me, password)?.reveal().map(drop)
}

/// The slot at `now`, the first one before there is any.
fn slot(definition: &NetworkDefinition, now: Duration) -> Slot {
    SlotClock::of(&definition.chain).slot_at(now).unwrap_or(Slot(0))
}

/// Puts items where they go.
struct Hands<'a> {
    order: &'a Restoring<'a>,
    workshop: &'a Workshop,
    file: Option<(PathBuf, File)>,
    store: Option<StoreMaking>,
}

/// A store on the way.
struct StoreMaking {
    directory: String,
    filling: Option<Filling>,
    has_records: bool,
    /// The slot it lapses in.
    lapses: Slot,
}

impl Hands<'_> {
    fn take(&mut self, item: Item, inventory: &Inventory<'_>) -> Result<(), Error> {
        match item {
            Item::File { path } => {
                self.end_file()?;
                let at = self.workshop.at(&path);
                file::create_directory(file::parent(&at))?;
                let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at);
                self.file = Some((at.clone(), made.map_err(Error::file("create", &at))?));
                Ok(())
            }
            Item::Bytes(bytes) => match &mut self.file {
                Some((at, file)) => file.write_all(&bytes).map_err(Error::file("write", &*at)),
                None => Ok(()),
            },
            Item::Store { directory, .. } => {
                self.end_file()?;
                self.store =
                    Some(StoreMaking { directory, filling: None, has_records: false, lapses: Slot(0) });
                Ok(())
            }
            Item::Piece(piece) => self.piece(piece, inventory),
            Item::End { .. } => self.end_file(),
        }
    }

    fn end_file(&mut self) -> Result<(), Error> {
        match self.file.take() {
            Some((at, file)) => file.sync_all().map_err(Error::file("sync", at)),
            None => Ok(()),
        }
    }

    fn piece(&mut self, piece: Piece, inventory: &Inventory<'_>) -> Result<(), Error> {
        let Some(making) = &mut self.store else { return Ok(()) };
        match (&piece, &mut making.filling) {
            (Piece::Owner { network, guardian, .. }, _) => {
                if let Some(definition) = inventory.definition() {
                    making.lapses = slot(definition, self.order.now);
                }
                let directory = self.workshop.at(&making.directory);
                making.filling = Some(Filling::new(Store::open(&directory, *network, *guardian)?));
            }
            (Piece::End, filling) => {
                // One that was prepared and did not begin keeps its first record for what must be there.
                let lapses = making.has_records || making.directory == DATA;
                if let Some(filling) = filling.take() {
                    let store = filling.finish()?;
                    if lapses {
                        store.append(&[Record::Lapsed(making.lapses)])?;
                    }
                }
            }
            (Piece::Record { .. } | Piece::Value { .. }, Some(filling)) => {
                making.has_records |= matches!(piece, Piece::Record { .. });
                filling.take(piece)?;
            }
            (Piece::Record { .. } | Piece::Value { .. } | Piece::Head(_) | Piece::Changed, _) => {}
        }
        Ok(())
    }
}
