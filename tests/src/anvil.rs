//! anvil in a test: the devnet's launcher, and its log shown when the test ends badly.

use anyhow::Result;
use devnet::real::installed_peers;
use std::path::Path;

/// A running anvil. Killed when dropped; its log is shown unless the story [`ended well`](Self::ended_well).
pub struct Anvil {
    node: devnet::real::anvil::Anvil,
    url: String,
    well: bool,
}

impl Anvil {
    /// Starts it with more `arguments`, such as `["--block-time", "1"]`, its log in `dir`, and waits until it listens.
    ///
    /// # Errors
    /// When it is not installed, ends at once, or does not listen in time.
    pub async fn start(dir: &Path, arguments: &[&str]) -> Result<Self> {
        let node = devnet::real::anvil::Anvil::start(&installed_peers(), dir, arguments).await?;
        Ok(Self { url: node.url(), node, well: false })
    }

    /// Its JSON-RPC, over HTTP; the same address serves WebSockets.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process, to be killed, saved and started again on its port.
    pub fn process(&mut self) -> &mut devnet::real::anvil::Anvil {
        &mut self.node
    }

    /// The story ended as it should: nobody needs the log.
    pub fn ended_well(mut self) {
        self.well = true;
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        if !self.well {
            eprintln!("--- end of anvil's log\n{}", self.node.log_tail());
        }
    }
}
