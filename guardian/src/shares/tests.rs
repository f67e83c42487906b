use super::*;
use crate::definition::tests::network;
use crypto::custody::{self, CustodySecretKey};
use crypto::keys::SecretKey;
use std::path::Path;

const ME: GuardianIndex = GuardianIndex(2);

struct Guardian {
    definition: NetworkDefinition,
    keys: Vec<CustodySecretKey>,
    directory: tempfile::TempDir,
}

impl Guardian {
    fn new(seed: u64) -> Self {
        let (definition, keys) = network(3, 4, seed);
        Self { definition, keys, directory: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(self.directory.path(), self.definition.id(), ME).unwrap())
    }

    fn key(&self) -> &CustodySecretKey {
        &self.keys[1]
    }

    fn package(&self, secret: &SecretKey) -> CustodyPackage {
        CustodyPackage::split(secret, &self.definition, &mut rand::rng()).unwrap()
    }

    fn opened(&self, secret: &SecretKey) -> (PublicKeySet, SecretKeyShare) {
        self.package(secret).open(&self.definition, ME, self.key()).unwrap()
    }

    fn shares(&self, store: &Arc<Store>) -> Result<Shares, Error> {
        Shares::open(store, &self.definition, ME, &password())
    }
}

fn password() -> Password {
    Password::new("right")
}

fn secret() -> SecretKey {
    SecretKey::generate(&mut rand::rng())
}

fn import(shares: &mut Shares, what: &[(PublicKeySet, SecretKeyShare)]) -> Result<Imported, Error> {
    shares.import(what, &password(), ScryptCost::LIGHT, &mut rand::rng())
}

fn problem<T>(result: Result<T, Error>) -> String {
    result.err().expect("must be refused").to_string()
}

#[test]
fn imported_shares_come_back_and_sign() {
    let guardian = Guardian::new(1);
    let secrets = [secret(), secret(), secret()];
    let opened: Vec<_> = secrets.iter().map(|secret| guardian.opened(secret)).collect();
    let store = guardian.store();
    let mut shares = guardian.shares(&store).unwrap();
    assert!(shares.custody().is_empty() && shares.reveal().unwrap().is_empty());
    assert_eq!(import(&mut shares, &opened[..2]).unwrap(), Imported { added: 2, known: 0 });
    // The same again is no conflict; a share of the same key from another split is.
    assert_eq!(import(&mut shares, &opened).unwrap(), Imported { added: 1, known: 2 });
    let refused = problem(import(&mut shares, &[guardian.opened(&secrets[2])]));
    assert!(refused.contains("another share of this validator is held already"), "{refused}");
    drop(shares);
    drop(store);

    let store = guardian.store();
    let shares = guardian.shares(&store).unwrap();
    let custody = shares.custody();
    assert_eq!(custody.len(), 3);
    let revealed = shares.reveal().unwrap();
    for (key_set, share) in &opened {
        let (_, held) = revealed.iter().find(|(set, _)| set == key_set).expect("held");
        assert!(held == share);
        let custody = custody.iter().find(|c| c.pubkey == key_set.public_key()).unwrap();
        assert_eq!((&custody.key_set, custody.index.get()), (key_set, ME.0));
    }
}

#[test]
fn an_import_is_all_or_nothing() {
    let guardian = Guardian::new(2);
    let good = guardian.opened(&secret());
    let other = secret();
    let (set, _) = guardian.opened(&other);
    // A share of another split of the same key: same validator, other polynomial.
    let (_, foreign) = guardian.opened(&other);
    let store = guardian.store();
    let mut shares = guardian.shares(&store).unwrap();
    let refused = problem(import(&mut shares, &[good, (set, foreign)]));
    assert!(refused.contains("does not belong to this public key set"), "{refused}");
    assert!(shares.custody().is_empty());
    drop(shares);
    assert!(store.shares().unwrap().is_empty() && store.wrapped_key().unwrap().is_none());
}

#[test]
fn a_share_of_another_guardian_is_refused() {
    let guardian = Guardian::new(3);
    let package = guardian.package(&secret());
    let third = package.open(&guardian.definition, GuardianIndex(3), &guardian.keys[2]).unwrap();
    let store = guardian.store();
    let refused = problem(import(&mut guardian.shares(&store).unwrap(), &[third]));
    assert!(refused.contains("it has index 3, this guardian is 2"), "{refused}");
}

#[test]
fn the_wrong_password_opens_nothing() {
    let guardian = Guardian::new(4);
    let opened = guardian.opened(&secret());
    let store = guardian.store();
    import(&mut guardian.shares(&store).unwrap(), &[opened]).unwrap();
    let refused = Shares::open(&store, &guardian.definition, ME, &Password::new("wrong")).err().unwrap();
    assert!(matches!(refused, Error::WrongPassword { .. }), "{refused}");
}

#[test]
fn sealed_shares_cannot_be_exchanged_or_read() {
    let guardian = Guardian::new(5);
    let opened = [guardian.opened(&secret()), guardian.opened(&secret())];
    let store = guardian.store();
    let mut shares = guardian.shares(&store).unwrap();
    import(&mut shares, &opened).unwrap();

    let disk = std::fs::read(guardian.directory.path().join("store/engine/db")).unwrap();
    for (_, share) in &opened {
        assert!(
            !disk.windows(32).any(|window| window == &share.to_bytes()[..]),
            "a share lies open on the disk"
        );
    }
    let (a, b) = (opened[0].0.public_key(), opened[1].0.public_key());
    let exchanged = shares.held[&a].sealed.clone();
    shares.held.get_mut(&b).unwrap().sealed = exchanged;
    let refused = problem(shares.reveal());
    assert!(refused.contains(&b.to_string()) && refused.contains("does not open"), "{refused}");
    // Nor moved to another network or set.
    shares.held.remove(&b);
    shares.reveal().unwrap();
    shares.network.0[0] ^= 1;
    assert!(problem(shares.reveal()).contains("does not open"));
    shares.network.0[0] ^= 1;
    shares.guardian_set.epoch.0 += 1;
    assert!(problem(shares.reveal()).contains("made for guardian set 1"));
}

#[test]
fn packages_that_do_not_fit_are_refused_by_what_does_not() {
    let guardian = Guardian::new(6);
    let (other_network, _) = network(3, 4, 66);
    let secret = secret();
    let good = guardian.package(&secret);
    let open = |package: &CustodyPackage| package.open(&guardian.definition, ME, guardian.key());
    open(&good).unwrap();

    let mut bad = CustodyPackage::split(&secret, &other_network, &mut rand::rng()).unwrap();
    assert!(problem(open(&bad)).contains(&other_network.id().to_string()));
    bad = good.clone();
    bad.guardian_set_epoch.0 = 9;
    assert!(problem(open(&bad)).contains("for guardian set 9"));
    bad = good.clone();
    bad.pubkey = self::secret().public_key().to_bytes();
    assert!(problem(open(&bad)).contains("does not begin with `pubkey`"));
    bad = good.clone();
    bad.public_key_set = PublicKeySet::from_bytes(&good.public_key_set.to_bytes()[..96]).unwrap();
    assert!(problem(open(&bad)).contains("takes 2 shares to sign, the network's threshold is 3"));
    bad = good.clone();
    bad.envelopes.pop();
    assert!(problem(open(&bad)).contains("3 envelopes for 4 guardians"));
    bad = good.clone();
    bad.envelopes.swap(1, 2);
    assert!(problem(open(&bad)).contains("not sealed to that guardian's custody key"));
    // Somebody else's envelope under our name.
    bad = good.clone();
    bad.envelopes[1].envelope = good.envelopes[2].envelope;
    assert!(problem(open(&bad)).contains("does not open with this custody key"));
    // Somebody else's share, sealed to us: it opens, and does not belong.
    bad = good.clone();
    let third = good.open(&guardian.definition, GuardianIndex(3), &guardian.keys[2]).unwrap().1;
    let posing = SecretKeyShare::new(ShareIndex::new(2).unwrap(), &third.to_bytes()).unwrap();
    bad.envelopes[1].envelope =
        custody::seal(&guardian.key().public_key(), &posing, &mut rand::rng()).unwrap();
    assert!(problem(open(&bad)).contains("share 2 does not belong to this public key set"));
    // A key file that is not the one in the definition.
    assert!(problem(good.open(&guardian.definition, ME, &guardian.keys[0])).contains("keys.custody"));
}

#[test]
fn package_files_are_read_strictly() {
    let guardian = Guardian::new(7);
    let package = guardian.package(&secret());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shares.json");
    let whole = serde_json::to_string_pretty(&package).unwrap();
    let load = |text: &str| {
        std::fs::write(&path, text).unwrap();
        CustodyPackage::load(&path)
    };
    assert_eq!(load(&whole).unwrap(), package);
    for part in 1..40 {
        let length = whole.len() * part / 40;
        assert!(problem(load(&whole[..length])).contains("no custody package"), "cut to {length}");
    }
    assert!(problem(load(&whole.replacen("pubkey", "pubkye", 1))).contains("unknown field `pubkye`"));
    let envelope = package.envelopes[0].envelope.to_string();
    assert!(problem(load(&whole.replace(&envelope, &envelope[..envelope.len() - 2]))).contains("129 bytes"));
    let zero = format!("0x{}", "00".repeat(144));
    assert!(
        problem(load(&whole.replace(&package.public_key_set.to_string(), &zero)))
            .contains("not a BLS public key")
    );
    assert!(
        problem(load(&" ".repeat(MAX_PACKAGE as usize + 1))).contains("too large to be a custody package")
    );
    assert!(problem(CustodyPackage::load(Path::new("/nonexistent"))).contains("cannot read"));
}
