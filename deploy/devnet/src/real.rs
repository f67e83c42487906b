//! Programs nobody here wrote, run in place of the embedded chains: anvil for the execution chain, Lodestar for the
//! beacon chain. Both are installed by `make peers` into `tests/peers`.
//!
//! | module | holds |
//! |---|---|
//! | [`anvil`] | an execution node that mines by itself |
//! | [`lodestar`] | a beacon node with interop validators |

pub mod anvil;
pub mod lodestar;

use crate::Error;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Lines of a log that an error shows.
const TAIL_LINES: usize = 60;

/// Where the programs are installed, as seen from the sources this was built from.
pub fn installed_peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers")
}

/// A program that logs into a file and dies, by SIGKILL, when it is dropped or when we are gone.
struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it with both its streams going to `log`.
    fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { action: "cannot write", path: log.to_owned(), source };
        let output = File::options().create(true).append(true).open(log).map_err(failed)?;
        let errors = output.try_clone().map_err(failed)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|source| Error::System { action: format!("cannot start {name}"), source })?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// Refuses with the end of its log when it has ended.
    fn check(&mut self) -> Result<(), Error> {
        let problem = match self.child.try_wait() {
            Ok(None) => return Ok(()),
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let problem = format!("ended ({problem}):\n{}", self.tail());
        Err(Error::Peer { name: self.name, problem })
    }

    /// The end of its log.
    fn tail(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
    }

    /// SIGKILL; returns when it is gone.
    fn kill(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL: a graceful stop of a beacon node can hang.
        self.kill();
    }
}

/// The installed file of a program, or where to get it.
fn installed(peers: &Path, file: &str, name: &'static str) -> Result<PathBuf, Error> {
    let path = peers.join(file);
    if path.exists() {
        return Ok(path);
    }
    let problem = format!("is not installed in {}; run `make peers`", peers.display());
    Err(Error::Peer { name, problem })
}

/// How to call `program` so that it dies when we die, even when we are killed (Linux; elsewhere it is called plainly): the
/// program to start and its first arguments.
pub fn tethered(program: PathBuf) -> (PathBuf, Vec<OsString>) {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        return (program, Vec::new());
    }
    (setpriv.to_owned(), vec!["--pdeathsig".into(), "KILL".into(), program.into()])
}

/// An HTTP client for what runs on this machine.
fn http_client() -> Result<reqwest::Client, Error> {
    // reqwest wants a TLS provider even where all is plain HTTP; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build().map_err(|error| {
        Error::System { action: "cannot make an HTTP client".into(), source: std::io::Error::other(error) }
    })
}

#[cfg(test)]
mod tests;
