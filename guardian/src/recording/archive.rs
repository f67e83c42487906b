//! `Archive`: the directory of the recording. One file a segment: a keyframe and the frames that follow from it.
//!
//! ```text
//! <data_dir>/recording/0000054000-000.frames   begins in epoch 54000; -001 if the guardian started again in it
//! <data_dir>/recording/history                 what the contracts logged since their deployment
//! ```
//! A segment is `MAGIC`, network id, guardian index, then for each frame its length (4 bytes, big-endian), the first 8
//! bytes of SHA-256 over it, and the frame. It is written by appending; a reader stops at an end that a crash cut off.

use super::frame::Frame;
use super::history::History;
use crate::{Error, file};
use crypto::spec::Epoch;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// First bytes of a segment, its format among them.
const MAGIC: &[u8; 8] = b"grdfrms\x01";

/// Bytes before the first frame.
const HEADER: usize = MAGIC.len() + NetworkId::LEN + 2;

/// Most segments that begin in one epoch; a guardian that starts more often than that is not recorded until the next.
const MAX_STARTS: u16 = 1000;

/// Most bytes of one segment: a thousand times what a day of 5,000 validators takes.
const MAX_SEGMENT: u64 = 1 << 30;

/// Whose recording it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The network.
    pub network: NetworkId,
    /// The guardian that records; a reader is not particular about it.
    pub guardian: GuardianIndex,
}

/// The writing half.
#[derive(Debug)]
pub struct Archive {
    directory: PathBuf,
    owner: Owner,
    keep: u64,
    /// The segment being written; none before the first keyframe and after a failure.
    segment: Option<(PathBuf, File)>,
}

impl Archive {
    /// Writes into `directory`, made when missing, and keeps `keep` epochs.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn open(directory: &Path, owner: Owner, keep: u64) -> Result<Self, Error> {
        file::create_directory(directory)?;
        Ok(Self { directory: directory.into(), owner, keep, segment: None })
    }

    /// Appends a frame, durably, and says how many bytes it took; a keyframe begins a new segment, after the `history` it
    /// builds on. False for a frame that follows on one that was lost: it is lost too.
    ///
    /// # Errors
    /// [`Error::File`]; frames are lost until the next keyframe then.
    pub fn append(&mut self, frame: &Frame, history: Option<&History>) -> Result<bool, Error> {
        let before = self.segment.take();
        let current = match (&frame.base, before) {
            (Some(_), _) => {
                if let Some(history) = history {
                    history.write(&self.directory)?;
                }
                let begun = self.begin(frame.epoch)?;
                self.prune(frame.epoch)?;
                begun
            }
            (None, Some(current)) => current,
            (None, None) => return Ok(false),
        };
        let (path, mut segment) = current;
        let bytes = entry(&frame.encode());
        segment.write_all(&bytes).and_then(|()| segment.sync_data()).map_err(Error::file("write", &path))?;
        self.segment = Some((path, segment));
        Ok(true)
    }

    fn begin(&self, epoch: Epoch) -> Result<(PathBuf, File), Error> {
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&self.owner.network.0);
        header.extend_from_slice(&self.owner.guardian.0.to_be_bytes());
        for start in 0..MAX_STARTS {
            let path = self.directory.join(format!("{:010}-{start:03}.frames", epoch.0));
            let mut segment = match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path) {
                Ok(segment) => segment,
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(Error::file("create", path)(e)),
            };
            segment.write_all(&header).map_err(Error::file("write", &path))?;
            file::sync_directory(&self.directory)?;
            return Ok((path, segment));
        }
        let problem = format!("holds {MAX_STARTS} segments of epoch {epoch} already");
        Err(Error::Recording { path: self.directory.clone(), problem })
    }

    /// Removes the segments of which every frame is older than what is kept.
    fn prune(&self, now: Epoch) -> Result<(), Error> {
        let oldest = now.saturating_sub(self.keep);
        let segments = segments(&self.directory)?;
        for ((_, path), (next, _)) in segments.iter().zip(segments.iter().skip(1)) {
            // Its last frame may be of the epoch in which the next one begins.
            if *next < oldest {
                std::fs::remove_file(path).map_err(Error::file("remove", path))?;
            }
        }
        Ok(())
    }
}

fn entry(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&checksum(frame));
    bytes.extend_from_slice(frame);
    bytes
}

fn checksum(frame: &[u8]) -> [u8; 8] {
    let mut sum = [0u8; 8];
    sum.copy_from_slice(&Sha256::digest(frame)[..8]);
    sum
}

/// The segments by the epoch they begin in, oldest first.
fn segments(directory: &Path) -> Result<Vec<(Epoch, PathBuf)>, Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(Error::file("read", directory))? {
        let path = entry.map_err(Error::file("read", directory))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let epoch = name.strip_suffix(".frames").and_then(|stem| stem.split_once('-')?.0.parse().ok());
        if let Some(epoch) = epoch {
            found.push((Epoch(epoch), path));
        }
    }
    // By name: the numbers have leading zeros.
    found.sort();
    Ok(found)
}

/// The frames of a recording, oldest first, from the last keyframe at or before an epoch, or else from the first one there
/// is. May be read while the guardian writes: a segment is read whole when its turn comes.
#[derive(Debug)]
pub struct Frames {
    owner: Owner,
    segments: std::vec::IntoIter<(Epoch, PathBuf)>,
    /// Frames of the segment under way, the next one last.
    waiting: Vec<Frame>,
}

/// The frames in `directory` from the keyframe at or before `from` on.
///
/// # Errors
/// [`Error::File`]; [`Error::Recording`] when nothing was recorded.
pub fn frames(directory: &Path, owner: Owner, from: Epoch) -> Result<Frames, Error> {
    let nothing = || Error::Recording {
        path: directory.into(),
        problem: "holds no recording; the guardian records while it runs, unless recording.keep_epochs is 0"
            .into(),
    };
    if !directory.is_dir() {
        return Err(nothing());
    }
    let mut segments = segments(directory)?;
    if segments.is_empty() {
        return Err(nothing());
    }
    // The guardian may have started several times in one epoch: from the first.
    let first = segments.iter().map(|(epoch, _)| *epoch).filter(|epoch| *epoch <= from).max();
    segments.retain(|(epoch, _)| first.is_none_or(|first| *epoch >= first));
    Ok(Frames { owner, segments: segments.into_iter(), waiting: Vec::new() })
}

/// The first and the last epoch recorded in `directory`.
///
/// # Errors
/// As [`frames`].
pub fn reach(directory: &Path, owner: Owner) -> Result<(Epoch, Epoch), Error> {
    let first = frames(directory, owner, Epoch(0))?.next().transpose()?;
    let mut last = first.as_ref().map(|frame| frame.epoch);
    // The last segment may hold nothing yet; the one before it ends where it begins.
    for frame in frames(directory, owner, Epoch(u64::MAX))? {
        last = Some(frame?.epoch);
    }
    match first.zip(last) {
        Some((first, last)) => Ok((first.epoch, last)),
        None => Err(Error::Recording {
            path: directory.into(),
            problem: "holds no whole epoch yet; ask again in a few minutes".into(),
        }),
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(frame) = self.waiting.pop() {
                return Some(Ok(frame));
            }
            let (_, path) = self.segments.next()?;
            match read(&path, self.owner) {
                Ok(frames) => self.waiting = frames.into_iter().rev().collect(),
                Err(problem) => return Some(Err(problem)),
            }
        }
    }
}

/// The frames of one segment, up to where it was cut off or garbled.
fn read(path: &Path, owner: Owner) -> Result<Vec<Frame>, Error> {
    let refuse = |problem: String| Err(Error::Recording { path: path.into(), problem });
    let bytes = file::read(path, "segment of a recording", MAX_SEGMENT)?;
    let Some((header, mut rest)) = bytes.split_at_checked(HEADER) else {
        // A crash came before the header was whole.
        return Ok(Vec::new());
    };
    let Some(theirs) = header.strip_prefix(MAGIC) else {
        return refuse("is no segment of a recording that this program reads; run the newer program".into());
    };
    let network = owner.network;
    if !theirs.starts_with(&network.0) {
        let found = hex::encode(theirs.get(..NetworkId::LEN).unwrap_or_default());
        return refuse(format!(
            "was recorded in network 0x{found}, the configured definition is {network}; check `network` and \
             `data_dir` in the configuration"
        ));
    }
    let mut frames = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((sum, after)) = after.split_first_chunk::<8>() else { break };
        let Some((frame, after)) = after.split_at_checked(length) else { break };
        if checksum(frame) != *sum {
            break;
        }
        let Some(frame) = Frame::decode(frame) else {
            return refuse("holds a frame of another version; run the newer program".into());
        };
        frames.push(frame);
        rest = after;
    }
    Ok(frames)
}

#[cfg(test)]
mod tests;
