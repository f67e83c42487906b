//! What a guardian needs before it can start: keys, definition, store, the core as the journal left it, shares.

use crate::ceremonies;
use crate::custodian::{Custodian, Register};
use crate::epochs::{self, Epoch};
use crate::node::Directory;
use crate::recording::{self, Archive, History, Owner};
use crate::shares::Keyring;
use crate::signer::{HeldShare, Signer};
use crate::{Config, Error, Shares, Store, definition, keyfile};
use chain_watcher::execution::Resume;
use crypto::custody::CustodySecretKey;
use crypto::password::Password;
use crypto::spec::Slot;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::record::Record;
use guardian_core::{Guardian, JournalHead};
use p2p::{Multiaddr, identity};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::{info, warn};

/// Everything that comes from disk.
pub(super) struct Opened {
    pub(super) definition: NetworkDefinition,
    /// Where everything of this epoch is kept.
    pub(super) home: PathBuf,
    /// The slot at which the journal was last found to be old; 0 when it never was.
    pub(super) lapsed: Slot,
    pub(super) keypair: identity::Keypair,
    pub(super) directory: Directory,
    pub(super) store: Arc<Store>,
    pub(super) guardian: Guardian,
    pub(super) signer: Signer,
    /// Where the definition names contracts.
    pub(super) custodian: Option<Custodian>,
    /// Our shares, for ceremonies.
    pub(super) keyring: Option<Keyring>,
    /// Opens what is sealed for us.
    pub(super) custody_key: Option<Arc<CustodySecretKey>>,
    /// Where the last run stopped reading the contracts.
    pub(super) resume: Resume,
    /// What is recorded from here on, unless that is turned off.
    pub(super) recording: Option<(Archive, History)>,
}

/// Opens all of it, away from the async threads: passwords are stretched on purpose and disks are slow.
///
/// # Errors
/// Whatever of it cannot be opened; nothing was changed then.
pub(super) async fn open(config: Config, password: Arc<Password>) -> Result<Opened, Error> {
    tokio::task::spawn_blocking(move || open_blocking(&config, &password))
        .await
        .map_err(|e| Error::Task { problem: format!("opening keys and store: {e}") })?
}

fn open_blocking(config: &Config, password: &Password) -> Result<Opened, Error> {
    let Epoch { definition, home } = epochs::in_force(config)?;
    config.fits(&definition)?;
    let keypair = keyfile::open_identity(&config.keys.identity, password)?;
    let directory = Directory::new(&definition, keypair.public().to_peer_id())?;
    let me = directory.me();
    // Before the store is made: a wrong key file must leave nothing behind.
    let custody_key = match &definition.contracts {
        None if !config.keys.custody.exists() => None,
        _ => Some(Arc::new(open_custody(config, &definition, me, password)?)),
    };
    epochs::recover(&home)?;
    let store = Arc::new(Store::open(&home, definition.id(), me)?);
    if let Some(previous) = &config.previous
        && store.is_empty()
    {
        store.append(&[epochs::preceded(&definition::load(previous)?)])?;
    }
    let records = store.records()?;
    let journal = records.len();
    let lapsed = records.iter().filter_map(|record| match record {
        Record::Lapsed(at) => Some(*at),
        _ => None,
    });
    let lapsed = lapsed.max().unwrap_or_default();
    let register = Register::restore(&records);
    let recording = recording(config, &home, &definition, me, &records);
    let guardian = Guardian::restore(definition.clone(), me, records)?;
    same_journal(guardian.journal_head(), &store)?;
    ceremonies::sweep(&config.data_dir, &guardian.ceremonies())?;
    let (scanned, registered, operators, exits_proposed) = guardian.resume();
    let resume = Resume { scanned, registered, operators, exits_proposed };
    let mut shares = Shares::open(&store, &definition, me, password)?;
    let revealed = shares.reveal()?.into_iter().map(|(key_set, share)| HeldShare { key_set, share });
    let signer = Signer::new(revealed, definition.chain.forks.clone())?;
    if custody_key.is_some() {
        // From here on shares come without anybody to ask for the password.
        let cost = keyfile::custody_cost(&config.keys.custody)?;
        shares.ensure_key(password, cost, &mut rand::rng())?;
    }
    let keyring = shares.keyring(&definition);
    let custodian = match custody_key.clone().filter(|_| definition.contracts.is_some()) {
        Some(key) => Some(Custodian::new(&definition, me, key, shares, register)?),
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
        head = %hex::encode(store.head().link),
        "guardian opened"
    );
    Ok(Opened {
        definition,
        home,
        lapsed,
        keypair,
        directory,
        store,
        guardian,
        signer,
        custodian,
        keyring,
        custody_key,
        resume,
        recording,
    })
}

/// Where to record, and what the journal holds of the contracts. None when it is turned off, or cannot be: the guardian
/// needs no recording.
fn recording(
    config: &Config,
    home: &Path,
    definition: &NetworkDefinition,
    me: GuardianIndex,
    records: &[Record],
) -> Option<(Archive, History)> {
    let keep = config.recording.keep_epochs;
    if keep == 0 {
        return None;
    }
    let owner = Owner { network: definition.id(), guardian: me };
    match Archive::open(&recording::directory(home), owner, keep) {
        Ok(archive) => Some((archive, History::of(records))),
        Err(problem) => {
            warn!(%problem, "nothing is recorded; everything else goes on");
            None
        }
    }
}

/// The core must stand where the store's chain ends: records that it writes otherwise than they were read are not ours.
fn same_journal(restored: JournalHead, store: &Store) -> Result<(), Error> {
    let acknowledged = store.head();
    if restored != acknowledged {
        return Err(Error::StoreDamaged {
            path: store.directory().into(),
            problem: format!("its records lead to {restored}, but {acknowledged} was acknowledged"),
        });
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use guardian_core::guardian_set::NetworkId;
    use guardian_core::record::Record;

    #[test]
    fn a_core_that_stands_elsewhere_than_the_chain_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), NetworkId([1; 32]), GuardianIndex(1)).unwrap();
        same_journal(JournalHead::default(), &store).unwrap();
        let record = Record::NotFinalizing(crypto::spec::Epoch(1));
        store.append(std::slice::from_ref(&record)).unwrap();
        same_journal(JournalHead::default().follow(&record.encode()), &store).unwrap();
        let refused = same_journal(JournalHead::default().follow(b"other"), &store).unwrap_err();
        assert!(
            matches!(&refused, Error::StoreDamaged { problem, .. } if problem.contains("1 record, head 0x")),
            "{refused}"
        );
    }
}
