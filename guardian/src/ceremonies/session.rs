//! A session: one ceremony with our part in it, and the cryptography of it batch by batch. Blocking; bytes in, bytes out.

use super::batches::{Batch, Batches};
use super::shelf::Shelf;
use crate::Error;
use crate::shares::Keyring;
use crypto::ciphersuite::Bls12381;
use crypto::curve::{Curve, Secp256k1};
use crypto::dealing::{Context, Flaw, PublicDealing};
use crypto::group_key::GroupKeySet;
use crypto::keys::PublicKeySet;
use crypto::reshare::Target;
use crypto::seed::Seed;
use crypto::sharing::{Commitments, Share};
use crypto::threshold::ShareIndex;
use crypto::{dkg, reshare};
use guardian_core::ceremony::{CeremonyId, Digest, KeyList, Kind, Order};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::statement::PeerName;
use p2p::PeerId;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// One ceremony and our part in it.
pub(super) struct Session {
    pub(super) id: CeremonyId,
    pub(super) order: Order,
    /// The definition whose members deal.
    pub(super) current: NetworkDefinition,
    pub(super) shelf: Shelf,
    pub(super) keyring: Keyring,
    pub(super) batches: Batches,
    pub(super) me: PeerName,
    /// Our place among those who may deal.
    pub(super) dealer: Option<ShareIndex>,
    /// Our place among those who receive.
    pub(super) receiver: Option<ShareIndex>,
    /// Our place among those who prove.
    pub(super) prover: Option<ShareIndex>,
    /// Everybody in it.
    pub(super) members: BTreeMap<PeerId, PeerName>,
    /// Whoever fetches the keys that it is about.
    pub(super) keys_turn: tokio::sync::Mutex<()>,
}

/// A dealing of one batch.
pub(super) struct Dealt {
    pub(super) public: Vec<u8>,
    private: Box<dyn Fn(ShareIndex) -> Zeroizing<Vec<u8>> + Send>,
}

impl Dealt {
    pub(super) fn private(&self, receiver: ShareIndex) -> Zeroizing<Vec<u8>> {
        (self.private)(receiver)
    }
}

fn share_index(index: Option<GuardianIndex>) -> Option<ShareIndex> {
    index.and_then(|index| ShareIndex::new(index.0).ok())
}

/// SHA-256 of parts behind a tag, each with its length.
pub(super) fn hash(tag: &str, parts: &[&[u8]]) -> Digest {
    let mut digest = Sha256::new().chain_update(tag.as_bytes()).chain_update([0]);
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    Digest(digest.finalize().into())
}

/// What a dealing is announced by: over the hashes of its public parts.
pub(super) fn dealing_digest(id: CeremonyId, dealer: ShareIndex, index: &[u8]) -> Digest {
    hash("guardian/dealing-index/v1", &[&id.0, &dealer.get().to_be_bytes(), index])
}

pub(super) fn part_hash(public: &[u8]) -> [u8; 32] {
    Sha256::digest(public).into()
}

impl Session {
    pub(super) fn new(
        order: Order,
        current: NetworkDefinition,
        me: PeerName,
        keyring: Keyring,
        shelf: Shelf,
        members: BTreeMap<PeerId, PeerName>,
    ) -> Self {
        let next = order.next(&current);
        let (dealer, holder) = (current.index_of(&me), next.index_of(&me));
        let (dealer, receiver, prover) = match &order.kind {
            Kind::Repair { lost, helpers } => {
                let helps = dealer.filter(|dealer| helpers.contains(dealer));
                (helps, helps, holder.filter(|holder| holder == lost))
            }
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Succession { .. } => (dealer, holder, holder),
        };
        Self {
            id: order.id(),
            batches: Batches::of(&order, &current),
            dealer: share_index(dealer),
            receiver: share_index(receiver),
            prover: share_index(prover),
            order,
            current,
            shelf,
            keyring,
            me,
            members,
            keys_turn: tokio::sync::Mutex::new(()),
        }
    }

    pub(super) fn next(&self) -> &NetworkDefinition {
        self.order.next(&self.current)
    }

    fn context(&self) -> Context {
        Context(hash("guardian/ceremony-context/v1", &[&self.id.0, self.order.kind.code().as_bytes()]).0)
    }

    fn t_old(&self) -> u16 {
        self.current.guardian_set.threshold.t()
    }

    fn t_new(&self) -> u16 {
        self.next().guardian_set.threshold.t()
    }

    /// Whether keys are generated, not handed on.
    pub(super) fn generates(&self) -> bool {
        matches!(self.order.kind, Kind::GroupKey | Kind::ValidatorKeys { .. })
    }

    fn target(&self) -> Target {
        match self.order.kind {
            Kind::Repair { lost, .. } => ShareIndex::new(lost.0).map_or(Target::Key, Target::Share),
            _ => Target::Key,
        }
    }

    /// The batch of this number.
    pub(super) fn batch(&self, number: u32) -> Result<Batch, Error> {
        self.batches.get(number).ok_or_else(|| self.broken(format!("there is no batch {number}")))
    }

    pub(super) fn broken(&self, problem: impl Into<String>) -> Error {
        Error::Ceremony { ceremony: self.id.to_string(), problem: problem.into() }
    }

    /// What an operator must know who came into an epoch without its shares.
    pub(super) fn lacking(&self) -> Error {
        Error::Share {
            pubkey: "each key of this epoch".to_owned(),
            problem: "this guardian has no share of it; let another operator run `guardian repair` for it"
                .to_owned(),
        }
    }

    /// How many keys a batch has.
    fn keys_in(batch: &Batch) -> usize {
        match batch {
            Batch::Group => 1,
            Batch::Validators(range) => range.len(),
        }
    }

    // The keys that are handed on.

    /// Puts the keys that the ceremony is about on the shelf, if we hold them all. False when they must be asked for.
    pub(super) fn shelve_own_keys(&self) -> Result<bool, Error> {
        if self.generates() || self.has_keys() {
            return Ok(true);
        }
        let group = self.keyring.group_key_set()?;
        let sets = self.keyring.key_sets()?;
        if KeyList::of(group.as_ref(), &sets) != self.order.keys {
            return Ok(false);
        }
        for number in self.batches.numbers() {
            let bytes = match self.batch(number)? {
                Batch::Group => group.as_ref().map(GroupKeySet::to_bytes).unwrap_or_default(),
                Batch::Validators(range) => {
                    sets.get(range).unwrap_or_default().iter().flat_map(PublicKeySet::to_bytes).collect()
                }
            };
            self.shelf.put(&format!("keys-{number}"), &bytes)?;
        }
        Ok(true)
    }

    pub(super) fn has_keys(&self) -> bool {
        self.generates() || self.batches.numbers().all(|number| self.shelf.has(&format!("keys-{number}")))
    }

    /// Takes keys that a member sent, all batches of them, if they are those of the order.
    pub(super) fn shelve_keys(&self, sent: &[Vec<u8>]) -> Result<bool, Error> {
        let mut group = None;
        let mut sets = Vec::new();
        for (number, bytes) in (0u32..).zip(sent) {
            match self.batch(number)? {
                Batch::Group => {
                    let threshold = self.current.guardian_set.threshold;
                    let Ok(key_set) = GroupKeySet::from_bytes(threshold, bytes) else { return Ok(false) };
                    group = Some(key_set);
                }
                Batch::Validators(range) => {
                    let Some(batch) = self.read_sets(bytes, range.len()) else { return Ok(false) };
                    sets.extend(batch);
                }
            }
        }
        if KeyList::of(group.as_ref(), &sets) != self.order.keys {
            return Ok(false);
        }
        for (number, bytes) in (0u32..).zip(sent) {
            self.shelf.put(&format!("keys-{number}"), bytes)?;
        }
        Ok(true)
    }

    fn read_sets(&self, bytes: &[u8], count: usize) -> Option<Vec<PublicKeySet>> {
        let each = bytes.len().checked_div(count).filter(|each| *each > 0)?;
        (each * count == bytes.len())
            .then(|| bytes.chunks_exact(each).map(|chunk| PublicKeySet::from_bytes(chunk).ok()).collect())
            .flatten()
    }

    /// The commitments of a batch as they are now. Empty where keys are generated.
    pub(super) fn keys<C: Curve>(&self, number: u32) -> Result<Vec<Commitments<C>>, Error> {
        if self.generates() {
            return Ok(Vec::new());
        }
        let bytes = self.shelf.get(&format!("keys-{number}"))?;
        self.commitments(&bytes.ok_or_else(|| self.broken("its keys are not here yet"))?, self.t_old())
    }

    /// Reads concatenated commitments of threshold t that we wrote ourselves.
    pub(super) fn commitments<C: Curve>(&self, bytes: &[u8], t: u16) -> Result<Vec<Commitments<C>>, Error> {
        let each = usize::from(t).saturating_mul(C::POINT).max(1);
        if !bytes.len().is_multiple_of(each) {
            return Err(self.broken("keys of another threshold than the guardian set's are among its keys"));
        }
        Ok(bytes.chunks_exact(each).map(Commitments::from_bytes).collect::<Result<_, _>>()?)
    }

    // Dealing.

    /// Our seed: made, durable, at the first call.
    pub(super) fn seed(&self) -> Result<Seed, Error> {
        if let Some(bytes) = self.shelf.get_secret("seed")? {
            let bytes = <&[u8; Seed::LEN]>::try_from(&bytes[..]);
            return Ok(Seed::from_bytes(bytes.map_err(|_| self.broken("its seed is damaged"))?));
        }
        let seed = Seed::generate(&mut rand::rng());
        self.shelf.put_secret("seed", seed.to_bytes().as_ref())?;
        Ok(seed)
    }

    /// Deals one batch; the same bytes each time.
    pub(super) fn deal(&self, number: u32) -> Result<Dealt, Error> {
        let me = self.dealer.ok_or_else(|| self.broken("this guardian does not deal in it"))?;
        let (seed, context) = (self.seed()?, self.context());
        let batch = self.batch(number)?;
        if self.generates() {
            let count = u32::try_from(Self::keys_in(&batch)).unwrap_or(u32::MAX);
            let threshold = self.next().guardian_set.threshold;
            return Ok(match batch {
                Batch::Group => {
                    generated(dkg::Dealer::<Secp256k1>::new(&context, threshold, me, count, &seed, number)?)
                }
                Batch::Validators(_) => {
                    generated(dkg::Dealer::<Bls12381>::new(&context, threshold, me, count, &seed, number)?)
                }
            });
        }
        let t = self.t_new();
        Ok(match batch {
            Batch::Group => {
                let (_, share) = self
                    .keyring
                    .group_share()?
                    .ok_or_else(|| self.broken("this guardian has no share of the network's own key"))?;
                let share = Share::<Secp256k1>::from_bytes(share.index(), &share.to_bytes())?;
                reshared(reshare::Dealer::new(&context, &[share], t, &seed, number)?)
            }
            Batch::Validators(_) => {
                let sets: Vec<PublicKeySet> =
                    self.keys::<Bls12381>(number)?.iter().map(PublicKeySet::from).collect();
                let shares = self.keyring.open(&sets)?;
                let shares: Vec<Share<Bls12381>> = shares.iter().map(Share::from).collect();
                reshared(reshare::Dealer::new(&context, &shares, t, &seed, number)?)
            }
        })
    }

    // Checking.

    pub(super) fn check_public<C: Curve>(
        &self,
        number: u32,
        dealer: ShareIndex,
        public: &[u8],
    ) -> Result<Result<PublicDealing<C>, Flaw>, Error> {
        if self.generates() {
            let count = u32::try_from(Self::keys_in(&self.batch(number)?)).unwrap_or(u32::MAX);
            let threshold = self.next().guardian_set.threshold;
            return Ok(dkg::check_public(&self.context(), threshold, dealer, count, number, public));
        }
        Ok(reshare::check_public(&self.keys::<C>(number)?, dealer, self.t_new(), public))
    }

    /// Checks a dealing of one batch; `private` where it is for `receiver`.
    pub(super) fn check(
        &self,
        number: u32,
        dealer: ShareIndex,
        public: &[u8],
        private: Option<(ShareIndex, &[u8])>,
    ) -> Result<Result<(), Flaw>, Error> {
        fn both<C: Curve>(
            checked: Result<PublicDealing<C>, Flaw>,
            private: Option<(ShareIndex, &[u8])>,
        ) -> Result<(), Flaw> {
            let dealing = checked?;
            private.map_or(Ok(()), |(receiver, text)| dealing.check_private(receiver, text))
        }
        Ok(match self.batch(number)? {
            Batch::Group => both(self.check_public::<Secp256k1>(number, dealer, public)?, private),
            Batch::Validators(_) => both(self.check_public::<Bls12381>(number, dealer, public)?, private),
        })
    }

    // Concluding.

    /// The new commitments of one batch and our new shares, from what is on the shelf.
    pub(super) fn conclude<C: Curve>(
        &self,
        number: u32,
        dealers: &[ShareIndex],
    ) -> Result<Vec<crypto::dealing::Concluded<C>>, Error> {
        let mut publics = Vec::with_capacity(dealers.len());
        let mut privates = Vec::with_capacity(dealers.len());
        for dealer in dealers {
            let public = self.shelf.get(&public_name(*dealer, number))?;
            let public = public.ok_or_else(|| self.broken("a dealing is not on its shelf"))?;
            let checked = self.check_public::<C>(number, *dealer, &public)?;
            publics.push(checked.map_err(|flaw| self.broken(format!("dealing of {dealer}: {flaw}")))?);
            if self.receiver.is_some() {
                let private = self.shelf.get_secret(&private_name(*dealer, number))?;
                privates.push(private.ok_or_else(|| self.broken("a dealing is not on its shelf"))?);
            }
        }
        let dealings: Vec<_> = publics
            .iter()
            .enumerate()
            .map(|(place, public)| crypto::dealing::Dealing {
                public,
                private: privates.get(place).map(|private| private.as_slice()),
            })
            .collect();
        let concluded = if self.generates() {
            let count = u32::try_from(Self::keys_in(&self.batch(number)?)).unwrap_or(u32::MAX);
            dkg::conclude(self.next().guardian_set.threshold, count, &dealings, self.receiver)
        } else {
            let keys = self.keys::<C>(number)?;
            reshare::conclude(&keys, self.target(), &dealings, self.t_new(), self.receiver)
        };
        concluded.map_err(|failure| self.broken(failure.to_string()))
    }
}

pub(super) fn public_name(dealer: ShareIndex, number: u32) -> String {
    format!("dealing-{dealer}-{number}")
}

pub(super) fn private_name(dealer: ShareIndex, number: u32) -> String {
    format!("private-{dealer}-{number}")
}

fn generated<C: Curve + Send + 'static>(dealer: dkg::Dealer<C>) -> Dealt
where
    dkg::Dealer<C>: Send,
{
    Dealt { public: dealer.public().to_vec(), private: Box::new(move |receiver| dealer.private(receiver)) }
}

fn reshared<C: Curve + Send + 'static>(dealer: reshare::Dealer<C>) -> Dealt
where
    reshare::Dealer<C>: Send,
{
    Dealt { public: dealer.public().to_vec(), private: Box::new(move |receiver| dealer.private(receiver)) }
}
