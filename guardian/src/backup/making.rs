//! Making a backup of a guardian, running or stopped.
//!
//! # One moment
//! Files are written first; then the stores, of each the values, then the head and the journal up to it. When the first
//! head is known, nothing that was read before may have changed: the store counts its changes, and the files are looked at
//! again. If something moved, all of it is made anew.

use super::Progress;
use super::format::{FILE_PART, Item, Subject, Writer, problem};
use super::frozen::Frozen;
use super::inventory::{Contents, Inventory};
use super::places::{FilePlace, Places, StorePlace};
use crate::admin::{self, Parts};
use crate::file::{self, Access};
use crate::store::{Journal, Piece};
use crate::{Config, Error, definition, keyfile};
use chain_watcher::slot_clock::unix_now;
use crypto::password::Password;
use crypto::vault::ScryptCost;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// How often a backup is begun before what it reads holds still.
const TRIES: u32 = 5;
/// Wait before the next try.
const PAUSE: Duration = Duration::from_millis(500);

/// What to back up, and where to.
pub struct Order<'a> {
    /// The configuration's file.
    pub config_path: &'a Path,
    /// The configuration.
    pub config: &'a Config,
    /// The backup to write.
    pub to: &'a Path,
    /// Whether what is there is replaced.
    pub force: bool,
    /// Who asks, for the running guardian's log.
    pub operator: &'a str,
    /// The password of the guardian's keys, which the backup gets too.
    pub password: &'a Password,
}

/// Makes it. Blocking; whatever has to be read goes through a bounded memory. The file is there only when all of it is.
///
/// # Errors
/// [`Error::Exists`], [`Error::WrongPassword`], [`Error::StoreLocked`] of a guardian that is starting or stopping,
/// [`Error::Backup`] and whatever cannot be read.
pub fn make(order: &Order<'_>, progress: Progress<'_>) -> Result<Contents, Error> {
    let Order { config, to, .. } = *order;
    if !order.force && to.exists() {
        return Err(Error::Exists { path: to.into() });
    }
    let above = file::parent(to).canonicalize().map_err(Error::file("write", to))?;
    if config.data_dir.canonicalize().is_ok_and(|data| above.starts_with(data)) {
        let why =
            "was not made: it would lie in data_dir, which it is of; choose another place, best another disk";
        return Err(problem(to, why.to_owned()));
    }
    // A mistyped password must not be the one that the backup opens with.
    let identity = keyfile::open_identity(&config.keys.identity, order.password)?;
    let peer_id = identity.public().to_peer_id();
    let definition = definition::load(&config.network)?;
    let making = Making {
        order,
        me: definition::member_by_peer_id(&definition, peer_id)?.index,
        peer_id,
        definition,
        cost: keyfile::custody_cost(&config.keys.custody)?,
        progress,
    };
    for tried in 1.. {
        let mut has_changed = false;
        let write = |out: &mut dyn Write| match making.attempt(out)? {
            Some(contents) => Ok(contents),
            None => {
                has_changed = true;
                let why = "was not made: files or shares below data_dir kept changing while they were read; try again \
                           when no ceremony is under way and the contracts were read";
                Err(problem(to, why.to_owned()))
            }
        };
        let made = if order.force {
            file::replace_with(to, Access::Private, write)
        } else {
            file::create_with(to, Access::Private, write)
        };
        if !has_changed || tried == TRIES {
            return made;
        }
        std::thread::sleep(PAUSE);
    }
    // The loop returns.
    Err(problem(to, "was not made".to_owned()))
}

struct Making<'a> {
    order: &'a Order<'a>,
    definition: NetworkDefinition,
    me: GuardianIndex,
    peer_id: p2p::PeerId,
    cost: ScryptCost,
    progress: Progress<'a>,
}

/// Why an attempt ends.
enum Stop {
    Failed(Error),
    /// Something changed.
    Changed,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Where items go.
struct Sink<'a> {
    writer: Writer<'a>,
    inventory: Inventory<'a>,
    to: &'a Path,
}

impl Sink<'_> {
    fn write(&mut self, item: &Item) -> Result<(), Error> {
        let refuse = |why: String| problem(self.to, format!("was not made: it {why}"));
        self.inventory.take(item).map_err(refuse)?;
        self.writer.write(item).map_err(Error::file("write", self.to))
    }
}

impl Making<'_> {
    /// None when something changed meanwhile.
    fn attempt(&self, out: &mut dyn Write) -> Result<Option<Contents>, Error> {
        match self.write(out) {
            Ok(contents) => Ok(Some(contents)),
            Err(Stop::Changed) => Ok(None),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn write(&self, out: &mut dyn Write) -> Result<Contents, Stop> {
        let Order { to, config, .. } = *self.order;
        let look = || Places::of(config, self.order.config_path, to);
        let places = look()?;
        let subject = Subject {
            created: unix_now().as_secs(),
            network: (&self.definition.name, self.definition.id()),
            guardian: self.me,
        };
        let failed = |e| Stop::Failed(Error::file("write", to)(e));
        let writer = Writer::begin(out, &subject, self.order.password, self.cost).map_err(failed)?;
        let mut sink = Sink { writer, inventory: Inventory::new(None), to };
        for place in &places.files {
            copy_file(place, &mut sink)?;
        }
        let mut is_checked = false;
        let mut still = |head_known: bool| -> Result<(), Stop> {
            if head_known && !std::mem::replace(&mut is_checked, true) && look()? != places {
                return Err(Stop::Changed);
            }
            Ok(())
        };
        self.stores(&places, &mut sink, &mut still)?;
        still(true)?;
        let held = (places.files.len() as u64, places.stores.len() as u64);
        sink.write(&Item::End { files: held.0, stores: held.1 })?;
        let Sink { writer, inventory, .. } = sink;
        let (header, bytes) = writer.finish().map_err(failed)?;
        inventory.finish(&header, bytes).ok_or_else(|| {
            Stop::Failed(problem(to, "was not made: it came to no end; report this".to_owned()))
        })
    }

    fn stores(
        &self,
        places: &Places,
        sink: &mut Sink<'_>,
        still: &mut dyn FnMut(bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Order { config, operator, .. } = *self.order;
        match admin::backup(&config.admin_socket(), operator) {
            Ok(pieces) => self.running(places, pieces, sink, still),
            Err(Error::NotRunning { .. }) => {
                // All at once, so that no guardian starts on one while another is read.
                let open = |place| self.open(place, &place.directory).map(|journal| (place, journal));
                let journals = places.stores.iter().map(open).collect::<Result<Vec<_>, _>>()?;
                for (place, journal) in &journals {
                    self.journal(place, journal, sink, still)?;
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The store of the running guardian as it tells it, the others beside it.
    fn running(
        &self,
        places: &Places,
        mut pieces: Parts<Piece>,
        sink: &mut Sink<'_>,
        still: &mut dyn FnMut(bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let cut =
            || Error::Admin { problem: "the guardian ended its answer too early; ask again".to_owned() };
        let owner = pieces.next().ok_or_else(cut)??;
        let Piece::Owner { network, .. } = owner else { return Err(cut().into()) };
        let mut own = None;
        for place in &places.stores {
            if definition::load(&place.definition)?.id() == network {
                own = Some(place);
            }
        }
        let Some(own) = own else { return Err(self.elsewhere(network).into()) };
        sink.write(&begin(own))?;
        let mut take = self.taker(sink, still);
        take(owner)?;
        loop {
            let piece = pieces.next().ok_or_else(cut)??;
            let is_end = piece == Piece::End;
            take(piece)?;
            if is_end {
                break;
            }
        }
        drop(take);
        for place in places.stores.iter().filter(|place| *place != own) {
            let Some(frozen) = Frozen::of(&place.directory, self.order.to)? else {
                return Err(Stop::Changed);
            };
            let journal = self.open(place, frozen.directory())?;
            self.journal(place, &journal, sink, still)?;
        }
        Ok(())
    }

    fn elsewhere(&self, network: NetworkId) -> Error {
        let problem = format!(
            "the guardian that answers at {} has the store of network {network}, which is not below data_dir of {}; give \
             the configuration it runs with",
            self.order.config.admin_socket().display(),
            self.order.config_path.display()
        );
        Error::Identity { problem }
    }

    fn open(&self, place: &StorePlace, directory: &Path) -> Result<Journal, Error> {
        let definition = definition::load(&place.definition)?;
        let me = definition::member_by_peer_id(&definition, self.peer_id)?.index;
        Journal::open(directory, definition.id(), me)
    }

    fn journal(
        &self,
        place: &StorePlace,
        journal: &Journal,
        sink: &mut Sink<'_>,
        still: &mut dyn FnMut(bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        sink.write(&begin(place))?;
        let mut take = self.taker(sink, still);
        let mut stopped = None;
        let copied = journal.copy(&mut |piece| match take(piece) {
            Ok(()) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Changed) => {
                stopped = Some(Stop::Changed);
                Err(problem(self.order.to, "was not made".to_owned()))
            }
        });
        match stopped {
            Some(stop) => Err(stop),
            None => Ok(copied?),
        }
    }

    /// Takes the pieces of one store.
    fn taker<'b>(
        &'b self,
        sink: &'b mut Sink<'_>,
        still: &'b mut dyn FnMut(bool) -> Result<(), Stop>,
    ) -> impl FnMut(Piece) -> Result<(), Stop> + 'b {
        let (mut done, mut of) = (0, 0);
        move |piece| {
            match &piece {
                Piece::Changed => return Err(Stop::Changed),
                Piece::Head(head) => {
                    still(true)?;
                    of = head.length;
                }
                Piece::Record { .. } => {
                    done += 1;
                    (self.progress)(done, of);
                }
                Piece::Owner { .. } | Piece::Value { .. } | Piece::End => {}
            }
            Ok(sink.write(&Item::Piece(piece))?)
        }
    }
}

fn begin(place: &StorePlace) -> Item {
    Item::Store { directory: place.name.clone(), definition: place.definition_name.clone() }
}

fn copy_file(place: &FilePlace, sink: &mut Sink<'_>) -> Result<(), Stop> {
    let mut file = match File::open(&place.path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Stop::Changed),
        Err(e) => return Err(Error::file("read", &place.path)(e).into()),
    };
    sink.write(&Item::File { path: place.name.clone() })?;
    loop {
        let mut part = zeroize::Zeroizing::new(Vec::with_capacity(FILE_PART));
        let read = (&mut file).take(FILE_PART as u64).read_to_end(&mut part);
        if read.map_err(Error::file("read", &place.path))? == 0 {
            return Ok(());
        }
        sink.write(&Item::Bytes(part.to_vec()))?;
    }
}
