//! `guardian run`: the node, until it is told to stop.

use crate::{Config, logging, node, password};
use anyhow::Context;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long the process waits for blocking work that the stop left behind, such as a password being stretched or a
/// disk that hangs. The store survives being cut off.
const LAST_WAIT: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "\
Example:
  guardian run --config alice/guardian.toml

SIGINT or SIGTERM stops it in order. Its store survives SIGKILL and power cuts.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = "guardian.toml")]
    config: PathBuf,
}

impl Run {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        logging::start(&config.log)?;
        let password = password::obtain(config.keys.password_file.as_deref(), "this guardian's keys")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let result = runtime.block_on(async {
            // Asked for before anything starts, so that no signal is lost.
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let shutdown = async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            Ok(node::run(config, password, shutdown).await?)
        });
        runtime.shutdown_timeout(LAST_WAIT);
        result
    }
}
