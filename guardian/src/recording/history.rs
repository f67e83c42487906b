//! `History`: everything the contracts logged, which no frame but the one it came in repeats.

use crate::{Error, file};
use crypto::execution::{Block, BlockNumber};
use guardian_core::record::Record;
use guardian_core::registration::ScanReport;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// First bytes of the file, its format among them.
const MAGIC: &[u8; 8] = b"grdhist\x01";

/// Most bytes of the file: several million registrations.
const MAX_HISTORY: u64 = 1 << 30;

/// The journaled scans of the contracts as one. Grows with what the contracts log, each entry of which cost somebody a
/// transaction: 265 bytes a validator for its registration and deposit, not with time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History(Option<ScanReport>);

impl History {
    /// What a journal holds of it.
    pub fn of(records: &[Record]) -> Self {
        let mut history = Self::default();
        for record in records {
            if let Record::Scanned(report) = record {
                history.extend(report);
            }
        }
        history
    }

    /// Adds a scan that begins where the last one ended; any other changes nothing, as in the core.
    pub fn extend(&mut self, report: &ScanReport) {
        match &mut self.0 {
            None => self.0 = Some(report.clone()),
            Some(whole) if whole.to.number.0.checked_add(1) == Some(report.from.0) => {
                whole.to = report.to;
                whole.logs.extend(report.logs.iter().cloned());
            }
            Some(_) => {}
        }
    }

    /// The last block scanned.
    pub fn until(&self) -> Option<Block> {
        self.0.as_ref().map(|whole| whole.to)
    }

    /// The scan from the block after `scanned`, or from the beginning, up to `until`. None when it does not reach there,
    /// or there is nothing between.
    pub fn between(&self, scanned: Option<BlockNumber>, until: Block) -> Option<ScanReport> {
        let whole = self.0.as_ref().filter(|whole| whole.to.number >= until.number)?;
        let from = match scanned {
            Some(scanned) => BlockNumber(scanned.0.checked_add(1)?),
            None => whole.from,
        };
        let logs = whole.logs.iter().filter(|log| from <= log.block && log.block <= until.number);
        (from <= until.number).then(|| ScanReport { from, to: until, logs: logs.cloned().collect() })
    }

    /// Writes it in the place of the one before, durably. Nothing is written of nothing.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, directory: &Path) -> Result<(), Error> {
        let Some(whole) = &self.0 else { return Ok(()) };
        // Writing into memory fails nowhere.
        let body = borsh::to_vec(whole).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&Sha256::digest(&body));
        bytes.extend_from_slice(&body);
        file::replace(&path(directory), &bytes, file::Access::Private)
    }

    /// Reads it; an empty one where there is none.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::TooLarge`], [`Error::Recording`] when it is damaged.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = path(directory);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = file::read(&path, "history of the contracts", MAX_HISTORY)?;
        let whole = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<32>()).and_then(
            |(sum, body)| {
                (Sha256::digest(body)[..] == sum[..]).then(|| borsh::from_slice(body).ok()).flatten()
            },
        );
        match whole {
            Some(whole) => Ok(Self(Some(whole))),
            None => Err(Error::Recording {
                path,
                problem:
                    "is damaged or of another version; the guardian writes it anew within a day, and at its \
                          next start"
                        .to_owned(),
            }),
        }
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("history")
}
