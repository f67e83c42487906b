//! The recording: what this guardian's nodes showed it, epoch by epoch, so that another policy can be tried on it later.
//!
//! ```text
//! Event -- Recorder (in the loop: differences only) -- one frame an epoch, bounded queue --> Archive (a thread of its own)
//! ```
//!
//! # Design decisions
//! - A frame is the epoch's observations in the order they came, slots included, each as its difference from the last one
//!   of its kind. So a replay tells the core the same story, not a summary of it, and where nothing changes an
//!   observation costs one to three bytes. What is not recorded: balances to less than 0.01 ETH ([`GRAIN`]), words of
//!   nodes about what is wrong with them, the hash of a head block of the execution chain, and the contracts' guardian
//!   set and ejection balance, which belong to the definition.
//! - Files beside the database, not a tree in it: they can be read while the guardian runs and holds the store's lock, an
//!   old day is removed by removing a file, and losing them loses nothing the guardian needs.
//! - Every [`SEGMENT_EPOCHS`] epochs, at each start, and after a frame was lost, a keyframe begins a new file that stands
//!   for itself. What the contracts logged since their deployment is kept once beside them ([`History`]), and is
//!   completed from the journal at each start: a scan whose frame a crash took is not missing later.
//! - It must never slow or stop the node. The loop never waits: a frame the writer is too busy for is dropped and
//!   counted. A disk that refuses is logged and counted, and tried again with the next keyframe, one epoch later. The
//!   last epoch before a crash is lost.

mod archive;
mod frame;
mod history;
mod places;
mod short;
mod tables;

pub use archive::{Archive, Frames, Owner, frames, reach};
pub use frame::{Accounts, Change, Fields, Frame, GRAIN, Sight};
pub use history::History;
pub use places::Places;
pub use short::Short;
pub use tables::{Fact, Tables};

use crypto::spec::{ChainSpec, Epoch};
use guardian_core::Event;
use guardian_core::guardian_set::GuardianIndex;
use metrics::Counter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;
use tracing::warn;

/// Epochs from one keyframe to the next: a day of mainnet.
pub const SEGMENT_EPOCHS: u64 = 225;

/// Frames waiting to be written: that many epochs a disk may hang.
const QUEUE: usize = 4;

/// Most observations of one epoch. A slot brings a handful; an epoch with more is lost.
const MAX_SIGHTS: usize = 65_536;

/// Where the recording of a guardian lies.
pub fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("recording")
}

/// One frame on its way to the disk; a keyframe with everything the contracts logged until its end.
struct Parcel {
    frame: Frame,
    history: Option<History>,
}

/// The half in the loop.
pub struct Recorder {
    chain: ChainSpec,
    me: GuardianIndex,
    tables: Tables,
    history: History,
    /// The epoch under way; none before the first slot.
    epoch: Option<Epoch>,
    /// Where the segment under way began.
    began: Epoch,
    base: Option<Vec<Sight>>,
    sights: Vec<Sight>,
    /// Whether there were more than fit.
    overflowed: bool,
    /// Whether a frame was lost since the last keyframe.
    lost: Arc<AtomicBool>,
    dropped: Counter,
    parcels: mpsc::Sender<Parcel>,
}

/// The half beside the loop.
pub struct Intake {
    parcels: mpsc::Receiver<Parcel>,
    lost: Arc<AtomicBool>,
    dropped: Counter,
}

impl Recorder {
    /// A recorder for guardian `me`, just started, that goes on from what the journal holds of the contracts' history.
    /// Frames that are lost are counted in `dropped`.
    pub fn new(chain: &ChainSpec, me: GuardianIndex, history: History, dropped: Counter) -> (Self, Intake) {
        let (sender, parcels) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicBool::new(false));
        let mut tables = Tables::default();
        let scanned = history.until().map(Sight::ScannedUntil);
        // A sight of this kind always follows.
        scanned.clone().and_then(|sight| tables.fact(sight));
        let recorder = Self {
            chain: chain.clone(),
            me,
            tables,
            history,
            epoch: None,
            began: Epoch(0),
            base: Some(scanned.into_iter().collect()),
            sights: Vec::new(),
            overflowed: false,
            lost: Arc::clone(&lost),
            dropped: dropped.clone(),
            parcels: sender,
        };
        (recorder, Intake { parcels, lost, dropped })
    }

    /// Takes down an event before it is handled. Never waits.
    pub fn note(&mut self, event: &Event) {
        if let Event::SlotStarted(slot) = event {
            let epoch = self.chain.epoch_of(*slot);
            match self.epoch {
                Some(current) if epoch > current => self.turn_to(epoch),
                Some(_) => {}
                None => (self.epoch, self.began) = (Some(epoch), epoch),
            }
        }
        if let Event::ContractsScanned(report) = event {
            self.history.extend(report);
        }
        let Some(sight) = self.tables.note(event, self.me) else { return };
        if self.sights.len() < MAX_SIGHTS {
            self.sights.push(sight);
        } else {
            self.overflowed = true;
        }
    }

    /// Hands over what there is of the epoch under way: at an orderly stop.
    pub fn finish(mut self) {
        self.hand_over();
    }

    fn turn_to(&mut self, epoch: Epoch) {
        self.hand_over();
        self.epoch = Some(epoch);
        let is_new_day = epoch.0 / SEGMENT_EPOCHS != self.began.0 / SEGMENT_EPOCHS;
        if self.lost.swap(false, Ordering::Relaxed) || is_new_day {
            let (tables, base) = self.tables.keyframe();
            (self.tables, self.base, self.began) = (tables, Some(base), epoch);
        }
    }

    fn hand_over(&mut self) {
        let Some(epoch) = self.epoch else { return };
        let base = self.base.take();
        let history = base.is_some().then(|| self.history.clone());
        let frame = Frame { epoch, base, sights: std::mem::take(&mut self.sights) };
        let is_whole = !std::mem::take(&mut self.overflowed);
        if !is_whole || self.parcels.try_send(Parcel { frame, history }).is_err() {
            self.lost.store(true, Ordering::Relaxed);
            self.dropped.increment(1);
        }
    }
}

impl Intake {
    /// Writes what comes until the recorder is gone. Blocking; to be run on a thread of its own.
    pub fn run(mut self, mut archive: Archive) {
        while let Some(parcel) = self.parcels.blocking_recv() {
            self.write(&parcel, &mut archive);
        }
    }

    /// Writes what waits now.
    pub fn drain(&mut self, archive: &mut Archive) {
        while let Ok(parcel) = self.parcels.try_recv() {
            self.write(&parcel, archive);
        }
    }

    fn write(&self, parcel: &Parcel, archive: &mut Archive) {
        let problem = match archive.append(&parcel.frame, parcel.history.as_ref()) {
            Ok(true) => return,
            Ok(false) => None,
            Err(problem) => Some(problem),
        };
        self.dropped.increment(1);
        // Without a problem, what it builds on was lost and told before: a keyframe is on its way.
        if let Some(problem) = problem {
            self.lost.store(true, Ordering::Relaxed);
            let cause = std::error::Error::source(&problem).map(ToString::to_string).unwrap_or_default();
            let epoch = parcel.frame.epoch.0;
            warn!(%problem, cause, epoch, "an epoch is not recorded; everything else goes on");
        }
    }
}

#[cfg(test)]
mod tests;
