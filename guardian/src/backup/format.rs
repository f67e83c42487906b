//! The file: a header in the open, then chunks (see `chunks`), in them items, each behind its length.
//!
//! ```text
//! "GRDNBKUP"  version u16  length u32  header (JSON)     big-endian; the header says whose backup it is, and holds the
//!                                                        key of the chunks, wrapped under the operator's password
//! length u32  sealed chunk, up to 64 KiB + 29            again and again; the last one is sealed as the last
//! ```
//! Inside the chunks: `length u32, item (borsh)`: the files first, each a name and its bytes, then the stores, each in
//! pieces, then the end with what there was.

use super::chunks::{CHUNK, HeaderHash, Opener, Sealer, header_hash};
use crate::Error;
use crate::store::{MAX_PIECE, Piece};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::password::{Password, ScryptCost};
use crypto::vault::{DataKey, WrappedKey};
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::Path;

/// What every backup begins with.
const MAGIC: &[u8; 8] = b"GRDNBKUP";
/// The version that is written, and the only one that is read.
pub(super) const VERSION: u16 = 1;
/// Most bytes of a header.
const MAX_HEADER: u32 = 64 << 10;
/// Most bytes of one item.
const MAX_ITEM: usize = MAX_PIECE + 64;
/// Most bytes of a file in one item.
pub(super) const FILE_PART: usize = CHUNK / 2;

/// What a backup says of itself in the open. Believed once its chunks open: they are bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// When it was made, seconds since the Unix epoch.
    pub(super) created: u64,
    /// Version of the program that made it.
    pub(super) program: String,
    /// Name of the network.
    pub(super) network: String,
    /// Its id.
    pub(super) network_id: NetworkId,
    /// Which guardian.
    pub(super) guardian: GuardianIndex,
    /// The key of the chunks.
    wrapped_key: WrappedKey,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Item {
    /// A file begins.
    File {
        /// Where it goes, below the restored directory: `a/b`.
        path: String,
    },
    /// It goes on.
    Bytes(Vec<u8>),
    /// A store begins.
    Store {
        /// The directory that `store/` goes into, as a file's path.
        directory: String,
        /// The file with its network definition, as a file's path.
        definition: String,
    },
    /// It goes on.
    Piece(Piece),
    /// The end.
    End {
        /// How many files there were.
        files: u64,
        /// How many stores.
        stores: u64,
    },
}

/// Of whom a backup is, and when it was made.
pub(super) struct Subject<'a> {
    pub(super) created: u64,
    pub(super) network: (&'a str, NetworkId),
    pub(super) guardian: GuardianIndex,
}

/// Writes items.
pub(super) struct Writer<'a> {
    sealer: Sealer<&'a mut dyn Write>,
    header: (Header, u64),
}

impl<'a> Writer<'a> {
    /// Writes the header, with a new key under `password`.
    pub(super) fn begin(
        out: &'a mut dyn Write,
        subject: &Subject<'_>,
        password: &Password,
        cost: ScryptCost,
    ) -> io::Result<Self> {
        let mut rng = UnwrapErr(SysRng);
        let key = DataKey::generate(&mut rng);
        let header = Header {
            created: subject.created,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            network: subject.network.0.to_owned(),
            network_id: subject.network.1,
            guardian: subject.guardian,
            wrapped_key: key.wrap(password, cost, &mut rng).map_err(io::Error::other)?,
        };
        let json = serde_json::to_vec(&header)?;
        let length = u32::try_from(json.len()).map_err(io::Error::other)?;
        let bytes = [&MAGIC[..], &VERSION.to_be_bytes(), &length.to_be_bytes(), &json].concat();
        out.write_all(&bytes)?;
        let sealer = Sealer::new(out, key, header_hash(&bytes));
        Ok(Self { sealer, header: (header, bytes.len() as u64) })
    }

    pub(super) fn write(&mut self, item: &Item) -> io::Result<()> {
        let bytes = zeroize::Zeroizing::new(borsh::to_vec(item)?);
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.sealer.write_all(&length.to_be_bytes())?;
        self.sealer.write_all(&bytes)
    }

    /// Makes it whole. Its header, and how many bytes the file has.
    pub(super) fn finish(self) -> io::Result<(Header, u64)> {
        let (header, length) = self.header;
        Ok((header, length + self.sealer.finish()?))
    }
}

/// Reads items.
pub(super) struct Reader<R> {
    opener: Opener<R>,
}

impl<R: Read> Reader<R> {
    /// Reads the header and opens the key.
    ///
    /// # Errors
    /// [`Error::Backup`] saying what it is instead; [`Error::WrongPassword`].
    pub(super) fn begin(mut from: R, password: &Password, path: &Path) -> Result<(Header, Self), Error> {
        let (header, hash) = read_header(&mut from, path)?;
        let key = header.wrapped_key.unwrap(password).map_err(|e| match e {
            crypto::Error::WrongPassword => Error::WrongPassword { path: path.into() },
            other => problem(path, format!("has a header that cannot be: {other}")),
        })?;
        let opener = Opener::new(from, key, hash).map_err(|e| broken(path, e))?;
        Ok((header, Self { opener }))
    }

    /// The next item; None after the end.
    pub(super) fn read(&mut self, path: &Path) -> Result<Option<Item>, Error> {
        self.item().map_err(|e| broken(path, e))
    }

    fn item(&mut self) -> io::Result<Option<Item>> {
        let wrong = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
        let mut length = Vec::with_capacity(4);
        (&mut self.opener).take(4).read_to_end(&mut length)?;
        if length.is_empty() {
            return Ok(None);
        }
        let length = <[u8; 4]>::try_from(&length[..]).map_err(|_| wrong("ends within an item"))?;
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_ITEM {
            return Err(wrong("holds an item of an impossible length"));
        }
        let mut bytes = zeroize::Zeroizing::new(vec![0u8; length]);
        self.opener.read_exact(&mut bytes)?;
        let item = borsh::from_slice(&bytes);
        item.map(Some).map_err(|_| wrong("holds an item of a kind this program does not know"))
    }
}

fn read_header(from: &mut impl Read, path: &Path) -> Result<(Header, HeaderHash), Error> {
    let foreign = || {
        problem(
            path,
            "is no backup of a guardian; give the file that `guardian backup --to` wrote".to_owned(),
        )
    };
    let short = |e: io::Error| match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            problem(path, "is cut off in its header; use another copy".to_owned())
        }
        _ => Error::file("read", path)(e),
    };
    let mut magic = Vec::new();
    from.take(8).read_to_end(&mut magic).map_err(Error::file("read", path))?;
    if magic != MAGIC {
        return Err(foreign());
    }
    let mut start = [0u8; 6];
    from.read_exact(&mut start).map_err(short)?;
    let version = u16::from_be_bytes([start[0], start[1]]);
    if version != VERSION {
        let next = if version > VERSION { "run the newer program that made it" } else { "it was altered" };
        return Err(problem(path, format!("has version {version}, this program reads {VERSION}; {next}")));
    }
    let length = u32::from_be_bytes([start[2], start[3], start[4], start[5]]);
    if length > MAX_HEADER {
        return Err(problem(path, "has a header of an impossible length: it was altered".to_owned()));
    }
    let mut json = vec![0u8; length as usize];
    from.read_exact(&mut json).map_err(short)?;
    let header = serde_json::from_slice(&json)
        .map_err(|e| problem(path, format!("has a header that cannot be read ({e}): it was altered")))?;
    let hash = header_hash(&[&MAGIC[..], &start, &json].concat());
    Ok((header, hash))
}

fn broken(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            problem(path, format!("{error}; nothing was written from it. Use another copy"))
        }
        io::ErrorKind::UnexpectedEof => problem(path, "ends within an item; use another copy".to_owned()),
        _ => Error::file("read", path)(error),
    }
}

/// What is wrong with a backup.
pub(super) fn problem(path: &Path, problem: String) -> Error {
    Error::Backup { path: path.into(), problem }
}
