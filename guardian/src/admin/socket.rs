//! The socket in the file system: made so that nobody else can ever connect, never in place of a living one, and taken
//! away again by whoever made it.
//!
//! # Design decisions
//! - It is bound in a new directory of mode 0700, gets its mode there, and is then renamed into place: at no moment does
//!   it depend on this process's umask or on the directory it ends up in.
//! - A path longer than a socket's address may be is reached through the open directory, `/proc/self/fd`.

use crate::{Error, file};
use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// Most bytes of a socket's path: `sun_path` less its end.
const MAX_PATH: usize = 107;

/// Longest wait for a living server to be recognised. One that accepts nobody in this time counts as living.
const PROBE_TIME: Duration = Duration::from_secs(1);

/// A listening socket. Dropped, it is removed.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode: what lies there later may be another's.
    identity: (u64, u64),
    owner: u32,
}

impl Socket {
    /// Makes the socket at `path`, and its directory, mode 0700, where that is missing. The socket of a process that is
    /// gone is replaced.
    ///
    /// # Errors
    /// [`Error::AdminSocket`] when a living process listens there, when something that is no socket lies there, and when
    /// others may write to the directory; [`Error::File`].
    pub async fn bind(path: &Path) -> Result<Self, Error> {
        let refuse = |problem: String| Error::AdminSocket { path: path.into(), problem };
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refuse("is no path of a file; set `socket` of [admin]".to_owned()));
        };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        file::create_directory(directory)?;
        let mode = std::fs::metadata(directory).map_err(Error::file("read", directory))?.permissions().mode();
        if mode & 0o022 != 0 {
            return Err(refuse(format!(
                "others may write to its directory, so they could put a socket of theirs in its place; run: chmod go-w {}",
                directory.display()
            )));
        }
        match std::fs::symlink_metadata(path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {}
            Err(problem) => return Err(Error::file("read", path)(problem)),
            Ok(there) if !there.file_type().is_socket() => {
                return Err(refuse("is there already and is no socket; move it away".to_owned()));
            }
            Ok(_) if is_alive(path).await => {
                return Err(refuse(
                    "another process answers there; stop that guardian, or set another `socket` in [admin]"
                        .to_owned(),
                ));
            }
            Ok(_) => {}
        }
        let workshop = Workshop::new(directory)?;
        let fresh = workshop.0.join(name);
        let listener = Address::of(&fresh).and_then(|address| UnixListener::bind(&address.path));
        let listener = listener.map_err(Error::file("create", path))?;
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o600))
            .map_err(Error::file("create", path))?;
        let made = std::fs::symlink_metadata(&fresh).map_err(Error::file("create", path))?;
        std::fs::rename(&fresh, path).map_err(Error::file("create", path))?;
        Ok(Self { listener, path: path.into(), identity: identity(&made), owner: made.uid() })
    }

    /// The user this process runs as: whoever made the socket.
    pub(super) fn owner(&self) -> u32 {
        self.owner
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let there = std::fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| identity(&there) == self.identity) {
            // One that stays is found dead by the next guardian.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Whether somebody listens. Only a refused connection says for certain that nobody does.
async fn is_alive(path: &Path) -> bool {
    let Ok(address) = Address::of(path) else { return true };
    match tokio::time::timeout(PROBE_TIME, UnixStream::connect(&address.path)).await {
        Ok(Err(problem)) => {
            !matches!(problem.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
        }
        Ok(Ok(_)) | Err(_) => true,
    }
}

/// A directory of our own, mode 0700, to make the socket in. Removed when dropped, with what is left in it.
struct Workshop(PathBuf);

impl Workshop {
    fn new(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(format!(".admin.{}", std::process::id()));
        // What lies there can only be left over from a crash of a process with our id.
        let _ = std::fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path).map_err(Error::file("create", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A path that fits into a socket's address; good as long as this lives.
pub(super) struct Address {
    pub(super) path: PathBuf,
    _directory: Option<File>,
}

impl Address {
    /// # Errors
    /// The system's, when the directory of a long path cannot be opened.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= MAX_PATH {
            return Ok(Self { path: path.into(), _directory: None });
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidFilename.into());
        };
        let directory = File::open(directory)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(Self { path, _directory: Some(directory) })
    }
}
