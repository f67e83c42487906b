//! anvil, an execution node that nobody here wrote: a chain of its own that mines a block for each transaction, unless
//! told otherwise.

use crate::processes::{tail, tethered};
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The native program: npm's wrapper hides exit codes.
const PROGRAM: &str = "peers/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

/// It takes a fraction of a second on an idle core.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running anvil. Killed when dropped; its log is shown unless the story [`ended well`](Self::ended_well).
pub struct Anvil {
    child: Child,
    log: PathBuf,
    url: String,
    well: bool,
}

impl Anvil {
    /// Starts it with more `arguments`, such as `["--block-time", "1"]`, its log in `dir`, and waits until it listens.
    ///
    /// # Errors
    /// When it is not installed, ends at once, or does not listen in time.
    pub async fn start(dir: &Path, arguments: &[&str]) -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROGRAM);
        ensure!(program.exists(), "anvil is not installed: run `make peers` (`make test` does)");
        let log = dir.join("anvil.log");
        let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let (program, first_args) = tethered(program);
        let child = Command::new(program)
            .args(first_args)
            // Port 0: the system chooses a free one, and the log says which.
            .args(["--host", "127.0.0.1", "--port", "0", "--no-request-size-limit"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("start anvil")?;
        let mut node = Self { child, log, url: String::new(), well: false };
        let started = Instant::now();
        loop {
            if let Some(status) = node.child.try_wait()? {
                bail!("anvil ended at once ({status}):\n{}", tail(&node.log));
            }
            if let Some(address) = listening(&std::fs::read_to_string(&node.log)?) {
                node.url = format!("http://{address}");
                return Ok(node);
            }
            ensure!(started.elapsed() < START_LIMIT, "anvil does not listen after {START_LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its JSON-RPC, over HTTP; the same address serves WebSockets.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The story ended as it should: nobody needs the log.
    pub fn ended_well(mut self) {
        self.well = true;
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.well {
            eprintln!("--- end of anvil's log\n{}", tail(&self.log));
        }
    }
}

/// The address in the line `Listening on ADDRESS`, once the line is whole.
fn listening(log: &str) -> Option<&str> {
    let (_, rest) = log.split_once("Listening on ")?;
    let (address, _) = rest.split_once('\n')?;
    Some(address.trim())
}
