//! What a guardian needs before it can start: keys, definition, store, the core as the journal left it, shares.

use crate::custodian::{Custodian, Register};
use crate::node::Directory;
use crate::signer::{HeldShare, Signer};
use crate::{Config, Error, Shares, Store, definition, keyfile};
use chain_watcher::execution::Resume;
use crypto::custody::CustodySecretKey;
use crypto::password::Password;
use guardian_core::Guardian;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
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
    /// Where the definition names contracts.
    pub(super) custodian: Option<Custodian>,
    /// Where the last run stopped reading the contracts.
    pub(super) resume: Resume,
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
    config.fits(&definition)?;
    let keypair = keyfile::open_identity(&config.keys.identity, password)?;
    let directory = Directory::new(&definition, keypair.public().to_peer_id())?;
    let me = directory.me();
    // Before the store is made: a wrong key file must leave nothing behind.
    let custody_key = match &definition.contracts {
        Some(_) => Some(open_custody(config, &definition, me, password)?),
        None => None,
    };
    let store = Arc::new(Store::open(&config.data_dir, definition.id(), me)?);
    let records = store.records()?;
    let journal = records.len();
    let register = Register::restore(&records);
    let guardian = Guardian::restore(definition.clone(), me, records)?;
    let (scanned, registered, operators, exits_proposed) = guardian.resume();
    let resume = Resume { scanned, registered, operators, exits_proposed };
    let mut shares = Shares::open(&store, &definition, me, password)?;
    let revealed = shares.reveal()?.into_iter().map(|(key_set, share)| HeldShare { key_set, share });
    let signer = Signer::new(revealed, definition.chain.forks.clone())?;
    let custodian = match custody_key {
        Some(key) => {
            // From here on shares come without anybody to ask for the password.
            let cost = keyfile::custody_cost(&config.keys.custody)?;
            shares.ensure_key(password, cost, &mut rand::rng())?;
            Some(Custodian::new(&definition, me, key, shares, register)?)
        }
        None => None,
    };
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
    Ok(Opened { definition, keypair, directory, store, guardian, signer, custodian, resume })
}

/// The custody key, which must be the one that shares are sealed to.
fn open_custody(
    config: &Config,
    definition: &NetworkDefinition,
    me: GuardianIndex,
    password: &Password,
) -> Result<CustodySecretKey, Error> {
    let key = keyfile::open_custody(&config.keys.custody, password)?;
    if definition.member(me)?.custody_key.parse() != Ok(key.public_key()) {
        return Err(Error::Identity {
            problem: format!(
                "the custody key file does not hold the key that the network definition names for guardian {}; \
                 check `keys.custody` in the configuration",
                me.0
            ),
        });
    }
    Ok(key)
}

/// Where to listen for peers.
///
/// # Errors
/// [`Error::Identity`] naming the address that cannot be read.
pub(super) fn listen_addresses(config: &Config) -> Result<Vec<Multiaddr>, Error> {
    let parse = |address: &String| {
        address.parse().map_err(|e| Error::Identity {
            problem: format!(
                "p2p.listen: `{address}` is no multiaddr ({e}); write it like /ip4/0.0.0.0/tcp/9440"
            ),
        })
    };
    config.p2p.listen.iter().map(parse).collect()
}
