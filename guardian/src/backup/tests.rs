//! A guardian's files, backed up, looked at, and restored; and what is refused.

use super::*;
use crate::definition::tests::network;
use crate::shares::CustodyPackage;
use crate::{Config, Shares, Store, definition, file, keyfile};
use chain_watcher::slot_clock::unix_now;
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::password::ScryptCost;
use crypto::spec::Epoch;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::record::Record;
use p2p::identity::Keypair;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

mod altered;
mod running;

const ME: GuardianIndex = GuardianIndex(2);

/// A guardian with a journal, shares, a ceremony and a prepared epoch.
struct Home {
    directory: tempfile::TempDir,
    definition: NetworkDefinition,
    shares: Vec<(PublicKeySet, SecretKeyShare)>,
}

fn password() -> Password {
    Password::new("right")
}

fn record(number: u64) -> Record {
    Record::NotFinalizing(Epoch(number))
}

fn records() -> Vec<Record> {
    (0..300).map(record).collect()
}

fn quiet(_: u64, _: u64) {}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (mut definition, keys) = network(3, 4, 9);
        let identity = Keypair::generate_secp256k1();
        definition.guardian_set.members[1].peer_id = identity.public().to_peer_id().to_string();
        let rng = &mut rand::rng();
        let cost = ScryptCost::LIGHT;
        // Its keys lie elsewhere than a restored guardian's.
        let at = |name: &str| directory.path().join(name);
        file::create_directory(&at("alice/keys")).unwrap();
        keyfile::create_identity(&at("alice/keys/i.json"), &identity, &password(), cost, rng).unwrap();
        keyfile::create_custody(&at("alice/keys/c.json"), &keys[1], &password(), cost, rng).unwrap();
        let config = "network = \"net.toml\"\ndata_dir = \"store-of-all\"\n[keys]\nidentity = \"keys/i.json\"\n\
                      custody = \"keys/c.json\"\npassword_file = \"store-of-all/pw\"\n[[beacon]]\nname = \"b\"\n\
                      url = \"http://127.0.0.1:1\"\n[p2p]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\n";
        std::fs::write(at("alice/guardian.toml"), config).unwrap();
        let text = definition::render_definition(&definition, Path::new("net.toml")).unwrap();
        std::fs::write(at("alice/net.toml"), text).unwrap();

        let shares = (0..3).map(|_| {
            let package = CustodyPackage::split(&SecretKey::generate(rng), &definition, rng).unwrap();
            package.open(&definition, ME, &keys[1]).unwrap()
        });
        let home = Self { shares: shares.collect(), directory, definition };
        let store = home.store();
        store.append(&records()).unwrap();
        let mut held = Shares::open(&store, &home.definition, ME, &password()).unwrap();
        held.import(&home.shares, &password(), ScryptCost::LIGHT, &mut rand::rng()).unwrap();
        let next = home.next();
        let below = home.at("alice/store-of-all/epoch-2");
        file::create_directory(&below).unwrap();
        let text = definition::render_definition(&next, Path::new("network.toml")).unwrap();
        std::fs::write(below.join("network.toml"), text).unwrap();
        Store::open(&below, next.id(), ME).unwrap().append(&[record(1)]).unwrap();
        for (name, bytes) in [
            ("ceremonies/0xab/seed", &[0xa5; 200_000][..]),
            ("ceremonies/.half.new", b"unfinished"),
            ("recording/today", b"no need"),
            ("pw", b"right\n"),
            ("note", b""),
        ] {
            let path = home.at("alice/store-of-all").join(name);
            file::create_directory(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        home
    }

    /// The definition of the epoch that is prepared.
    fn next(&self) -> NetworkDefinition {
        let mut next = self.definition.clone();
        next.guardian_set.epoch.0 += 1;
        next
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.at("alice/store-of-all"), self.definition.id(), ME).unwrap())
    }

    fn make(&self, name: &str, force: bool) -> Result<Contents, Error> {
        let config_path = self.at("alice/guardian.toml");
        let (config, to) = (Config::load(&config_path).unwrap(), self.at(name));
        let order = Order {
            config_path: &config_path,
            config: &config,
            to: &to,
            force,
            operator: "alice",
            password: &password(),
        };
        make(&order, &quiet)
    }

    fn restore(&self, name: &str, to: &str, now: Duration) -> Result<Restored, Error> {
        let (from, to) = (self.at(name), self.at(to));
        let order = Restoring { from: &from, to: &to, password: &password(), password_file: None, now };
        restore(&order, &quiet)
    }

    /// What lies beside the guardian's own directory and the backup.
    fn others(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "alice" && name != "b").collect();
        names.sort();
        names
    }
}

/// Every file below a directory, by name.
fn tree(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let below = entry.unwrap().path();
            if below.is_dir() {
                directories.push(below);
            } else {
                let name = below.strip_prefix(path).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(&below).unwrap());
            }
        }
    }
    files
}

#[test]
fn a_guardian_comes_back_on_an_empty_machine() {
    let home = Home::new();
    let made = home.make("b", false).unwrap();
    let whole = std::fs::read(home.at("b")).unwrap();
    assert_eq!(made.bytes, whole.len() as u64);
    assert_eq!(std::fs::metadata(home.at("b")).unwrap().permissions().mode() & 0o777, 0o600);
    let files: Vec<_> = made.files.iter().map(|held| (held.path.as_str(), held.bytes)).collect();
    let beside: Vec<_> =
        files.iter().map(|(path, _)| *path).filter(|path| !path.starts_with("data/")).collect();
    assert_eq!(beside, ["custody.json", "guardian.toml", "identity.json", "network.toml"]);
    let data: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("data/")).collect();
    assert_eq!(
        data[..2],
        [&("data/ceremonies/0xab/seed", 200_000), &("data/epoch-2/network.toml", data[1].1)]
    );
    assert_eq!(data[2..], [&("data/note", 0)]);
    let stores: Vec<_> =
        made.stores.iter().map(|held| (held.directory.as_str(), held.journal.length, held.shares)).collect();
    assert_eq!(stores, [("data", 300, 3), ("data/epoch-2", 1, 0)]);
    assert_eq!((made.guardian, made.network_id), (ME, home.definition.id()));
    // Nothing of it can be read without the password but the header.
    for secret in [&b"ceremonies"[..], b"wrapped", b"127.0.0.1", &[0xa5; 32]] {
        let found = whole[2000..].windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{secret:?} in the open");
    }
    assert_eq!(check(&home.at("b"), &password(), &quiet).unwrap(), made);

    let now = unix_now();
    let restored = home.restore("b", "new/alice", now).unwrap();
    assert_eq!(restored.contents, made);
    assert!(restored.notes.len() == 1 && restored.notes[0].contains("password_file"), "{:?}", restored.notes);
    let slot = (now.as_secs() - 1_700_000_000) / 12;
    assert_eq!(restored.lapsed.0, slot);
    // The other place is gone; the restored one stands for itself.
    std::fs::remove_dir_all(home.at("alice")).unwrap();
    let config = Config::load(&restored.config).unwrap();
    assert_eq!(config.data_dir, home.at("new/alice/data"));
    assert_eq!(config.keys.password_file, None);
    keyfile::open_identity(&config.keys.identity, &password()).unwrap();
    let definition = definition::load(&config.network).unwrap();
    assert_eq!(definition, home.definition);
    let store = Arc::new(Store::open(&config.data_dir, definition.id(), ME).unwrap());
    let mut expected = records();
    expected.push(Record::Lapsed(restored.lapsed));
    assert_eq!(store.records().unwrap(), expected);
    let revealed = Shares::open(&store, &definition, ME, &password()).unwrap().reveal().unwrap();
    for (key_set, share) in &home.shares {
        let (_, held) = revealed.iter().find(|(set, _)| set == key_set).unwrap();
        assert!(held == share);
    }
    let next = Store::open(&home.at("new/alice/data/epoch-2"), home.next().id(), ME).unwrap();
    assert_eq!(next.records().unwrap(), [record(1), Record::Lapsed(restored.lapsed)]);
    let data = tree(&home.at("new/alice/data"));
    assert_eq!(data["ceremonies/0xab/seed"], [0xa5; 200_000]);
    assert!(data.contains_key("note") && !data.contains_key("pw") && !data.contains_key("recording/today"));
    for (name, _) in data {
        let mode = std::fs::metadata(home.at("new/alice/data").join(&name)).unwrap().permissions().mode();
        assert!(mode & 0o077 == 0 || name.contains("store/"), "{name} {mode:o}");
    }
    assert_eq!(home.others(), ["new"]);
}

#[test]
fn a_guardian_that_never_ran_comes_back_with_its_caps_closed() {
    let home = Home::new();
    std::fs::remove_dir_all(home.at("alice/store-of-all")).unwrap();
    assert!(home.make("b", false).unwrap().stores.is_empty());
    let restored = home.restore("b", "new", unix_now()).unwrap();
    let store = Store::open(&home.at("new/data"), home.definition.id(), ME).unwrap();
    assert_eq!(store.records().unwrap(), [Record::Lapsed(restored.lapsed)]);
}

#[test]
fn nothing_is_overwritten_unless_forced_and_nothing_lies_in_its_own_data() {
    let home = Home::new();
    std::fs::write(home.at("b"), "mine").unwrap();
    let refused = home.make("b", false).unwrap_err();
    assert!(matches!(refused, Error::Exists { .. }), "{refused}");
    assert_eq!(std::fs::read(home.at("b")).unwrap(), b"mine");
    home.make("b", true).unwrap();
    check(&home.at("b"), &password(), &quiet).unwrap();
    let refused = home.make("alice/store-of-all/b", false).unwrap_err().to_string();
    assert!(refused.contains("it would lie in data_dir"), "{refused}");
    std::os::unix::fs::symlink("/etc/hosts", home.at("alice/store-of-all/link")).unwrap();
    let refused = home.make("c", false).unwrap_err().to_string();
    assert!(refused.contains("store-of-all/link is a symbolic link"), "{refused}");
    assert!(home.others().is_empty(), "{:?}", home.others());
}

#[test]
fn only_an_empty_or_a_missing_directory_is_filled() {
    let home = Home::new();
    home.make("b", false).unwrap();
    std::fs::create_dir(home.at("taken")).unwrap();
    std::fs::write(home.at("taken/mine"), "mine").unwrap();
    let refused = home.restore("b", "taken", unix_now()).unwrap_err().to_string();
    assert!(refused.contains("taken is not empty"), "{refused}");
    let refused = home.restore("b", "taken/mine", unix_now()).unwrap_err().to_string();
    assert!(refused.contains("is no directory"), "{refused}");
    assert_eq!(tree(&home.at("taken")).len(), 1);
    std::fs::create_dir(home.at("empty")).unwrap();
    home.restore("b", "empty", unix_now()).unwrap();
    assert!(home.at("empty/guardian.toml").exists());
    assert_eq!(home.others(), ["empty", "taken"]);
}

/// By a crash; the next one cleans up. Two at once do not meet.
#[test]
fn an_interrupted_restore_leaves_nothing_half() {
    let home = Home::new();
    home.make("b", false).unwrap();
    let left = home.at(".new.restoring");
    std::fs::create_dir_all(left.join("data/store")).unwrap();
    std::fs::write(left.join("guardian.toml"), "half").unwrap();
    let held = std::fs::File::open(&left).unwrap();
    held.try_lock().unwrap();
    let refused = home.restore("b", "new", unix_now()).unwrap_err().to_string();
    assert!(refused.contains("is being restored by another process"), "{refused}");
    assert_eq!(std::fs::read(left.join("guardian.toml")).unwrap(), b"half");
    drop(held);
    home.restore("b", "new", unix_now()).unwrap();
    assert_eq!(home.others(), ["new"]);
}

#[test]
fn a_clock_behind_the_backup_is_refused() {
    let home = Home::new();
    let made = home.make("b", false).unwrap();
    let early = Duration::from_secs(made.created - 1);
    let refused = home.restore("b", "new", early).unwrap_err().to_string();
    assert!(refused.contains("set the clock first"), "{refused}");
    assert!(home.others().is_empty(), "{:?}", home.others());
}

/// A share that does not open makes no guardian, and no backup that is called whole.
#[test]
fn a_share_that_does_not_open_is_found_by_both() {
    let home = Home::new();
    let (key_set, _) = &home.shares[0];
    let key = key_set.public_key().0;
    let store = home.store();
    let other = store.shares().unwrap().into_iter().find(|(held, _)| *held != key).unwrap().1;
    store.put_shares(&[(key, other)]).unwrap();
    drop(store);
    home.make("b", false).unwrap();
    let refused = check(&home.at("b"), &password(), &quiet).unwrap_err().to_string();
    assert!(refused.contains("that does not open: it is of no kind this program knows"), "{refused}");
    let refused = home.restore("b", "new", unix_now()).unwrap_err().to_string();
    assert!(refused.contains("is of no kind this program knows"), "{refused}");
    assert!(home.others().is_empty(), "{:?}", home.others());
}
