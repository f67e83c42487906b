//! What a guardian needs before it can start: keys, definition, store, the core as the journal left it, shares.

use crate::node::Directory;
use crate::signer::{HeldShare, Signer};
use crate::{Config, Error, Shares, Store, definition, keyfile};
use crypto::password::Password;
use guardian_core::Guardian;
use guardian_core::guardian_set::NetworkDefinition;
use p2p::{Multiaddr, identity};
use std::sync::Arc;
use tracing::info;

/// Everything that comes from disk.
pub(super) struct Opened {
    pub(super) definition: NetworkDefinition,
    pub(super) keypair: identity::Keypair,
    pub(super) directory: Directory,
    pub(super) store: Arc<Store>,
    pub(super) guardian: Guardian,
    pub(super) signer: Signer,
}

/// Opens all of it, away from the async threads: passwords are stretched on purpose and disks are slow.
///
/// # Errors
/// Whatever of it cannot be opened; nothing was changed then.
pub(super) async fn open(config: Config, password: Password) -> Result<Opened, Error> {
    tokio::task::spawn_blocking(move || open_blocking(&config, &password))
        .await
        .map_err(|e| Error::Task { problem: format!("opening keys and store: {e}") })?
}

fn open_blocking(config: &Config, password: &Password) -> Result<Opened, Error> {
    let definition = definition::load(&config.network)?;
    let keypair = keyfile::open_identity(&config.keys.identity, password)?;
    let directory = Directory::new(&definition, keypair.public().to_peer_id())?;
    let me = directory.me();
    let store = Arc::new(Store::open(&config.data_dir, definition.id(), me)?);
    let records = store.records()?;
    let journal = records.len();
    let guardian = Guardian::restore(definition.clone(), me, records)?;
    let shares = Shares::open(&store, &definition, me, password)?.reveal()?;
    let shares = shares.into_iter().map(|(key_set, share)| HeldShare { key_set, share });
    let signer = Signer::new(shares, definition.chain.forks.clone())?;
    let name = definition.member(me)?.name.as_str();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        guardian = me.0,
        name,
        network = definition.name,
        network_id = %definition.id(),
        shares = signer.custody().len(),
        journal,
        "guardian opened"
    );
    Ok(Opened { definition, keypair, directory, store, guardian, signer })
}

/// Where to listen for peers.
///
/// # Errors
/// [`Error::Identity`] naming the address that cannot be read.
pub(crate) fn listen_addresses(config: &Config) -> Result<Vec<Multiaddr>, Error> {
    let parse = |address: &String| {
        address.parse().map_err(|e| Error::Identity {
            problem: format!(
                "p2p.listen: `{address}` is no multiaddr ({e}); write it like /ip4/0.0.0.0/tcp/9440"
            ),
        })
    };
    config.p2p.listen.iter().map(parse).collect()
}
