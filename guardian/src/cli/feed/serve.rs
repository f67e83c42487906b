//! `guardian feed serve`: a mirror, a process of its own that has no key and knows no secret.
//!
//! It follows one network id, which is one guardian set. After a succession its sources are shown as moved, and whoever wants
//! the next set's logs starts another mirror, in another directory.

use super::Expected;
use crate::Error;
use crate::config::{Feed, Log};
use crate::logging;
use anyhow::Context;
use feed_server::mirror;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;
use url::Url;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Serve {
    /// Feeds to mirror: 1 to 16 guardians' of one network; may be given several times. The first that answers is shown, as
    /// long as it is there. Only logs of this network id are mirrored: after guardians changed, start another mirror with the
    /// next id
    #[arg(long, value_name = "URL", required = true)]
    of: Vec<Url>,
    #[command(flatten)]
    expected: Expected,
    /// Address and port to serve at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8450")]
    listen: SocketAddr,
    /// Where to keep what was fetched and verified: a restart begins with it, also while no guardian answers. Made when missing
    #[arg(long, value_name = "DIRECTORY", default_value = "mirror")]
    dir: PathBuf,
    /// Seconds between two looks at each guardian
    #[arg(long, value_name = "SECONDS", default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// The address under which readers reach this mirror, for links in its feed of entries
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// Requests a second that one address may make, in the long run
    #[arg(long, value_name = "NUMBER", default_value_t = Feed::default().requests_per_second, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests_per_second: u32,
    /// Connections that one address may have at once, and as many more as it may have event streams
    #[arg(long, value_name = "NUMBER", default_value_t = Feed::default().connections_per_address, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections_per_address: u32,
    /// A proxy whose X-Forwarded-For is believed; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        logging::start(&Log::default())?;
        let network = self.expected.id()?;
        let listener = feed_server::bind(self.listen).map_err(|source| Error::FeedListen { source })?;
        let settings = mirror::Settings {
            network,
            sources: self.of,
            home: self.dir,
            every: Duration::from_secs(self.every),
            turn: mirror::TURN,
            patience: Duration::from_secs(60),
        };
        let inputs = mirror::open(settings)?;
        let burst = self.requests_per_second.saturating_mul(3).clamp(1, 1_000_000);
        let limits = Feed {
            public_url: self.public_url,
            requests_per_second: self.requests_per_second,
            burst,
            connections_per_address: self.connections_per_address,
            trusted_proxies: self.trusted_proxy,
            ..Feed::default()
        };
        let server =
            feed_server::start(listener, inputs, limits.settings()).context("the feed cannot start")?;
        info!(listen = %self.listen, "mirroring; SIGINT or SIGTERM ends it");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = ended(&server) => anyhow::bail!("the feed's thread ended by itself; its log says why"),
            }
            // Nothing is half-written: files are replaced whole.
            Ok(())
        })
    }
}

/// Waits for a thread that should not end.
async fn ended(thread: &std::thread::JoinHandle<()>) {
    while !thread.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
