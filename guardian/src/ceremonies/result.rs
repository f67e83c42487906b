//! The result of a ceremony: computed batch by batch, durable on the shelf, proven and checked. Blocking.

use super::batches::Batch;
use super::channel::encode;
use super::session::{Session, hash};
use crate::Error;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::ciphersuite::Bls12381;
use crypto::curve::{Curve, Secp256k1};
use crypto::dealing::result_digest;
use crypto::deposit::DepositMessage;
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::partial::{SignatureShare, verify_partial};
use crypto::possession;
use crypto::reshare;
use crypto::sharing::{Commitments, Share};
use crypto::threshold::ShareIndex;
use guardian_core::ceremony::{Digest, Kind};
use guardian_core::statement::Choice;
use zeroize::Zeroizing;

/// What a member sends to prove that it holds the result.
#[derive(BorshSerialize, BorshDeserialize)]
struct Proof {
    /// Of the network's own key: 65 bytes.
    group: Option<Vec<u8>>,
    /// Of all validators' keys together: 80 bytes.
    validators: Option<Vec<u8>>,
    /// Where validators' keys are generated: its partial signature over each key's deposit, 192 bytes.
    deposits: Vec<Vec<u8>>,
}

/// The network's own key, t * 33 bytes, and our share of it.
type GroupResult = (Vec<u8>, Zeroizing<[u8; 32]>);

/// A key and our share of it, in the open.
type Held<C> = (Commitments<C>, Share<C>);

impl Session {
    fn is_repair(&self) -> bool {
        matches!(self.order.kind, Kind::Repair { .. })
    }

    /// Name of the file of what the dealings come to: for a repair that is not yet the share, but what hides it.
    fn sum_name(&self) -> &'static str {
        if self.is_repair() { "mask" } else { "result" }
    }

    /// Computes the result of these dealings and puts it on the shelf; the same digest for everybody.
    pub(super) fn conclude_all(&self, choice: &Choice) -> Result<Digest, Error> {
        let dealers = choice.0.iter().map(|(dealer, _)| ShareIndex::new(dealer.0));
        let dealers: Vec<ShareIndex> = dealers.collect::<Result<_, _>>()?;
        let mut parts = Vec::new();
        for number in self.batches.numbers() {
            let digest = match self.batch(number)? {
                Batch::Group => self.conclude_one::<Secp256k1>(number, &dealers)?,
                Batch::Validators(_) => self.conclude_one::<Bls12381>(number, &dealers)?,
            };
            parts.extend_from_slice(&digest);
        }
        Ok(hash("guardian/result/v1", &[&self.id.0, &choice.digest().0, &parts]))
    }

    fn conclude_one<C: Curve>(&self, number: u32, dealers: &[ShareIndex]) -> Result<[u8; 32], Error> {
        let concluded = self.conclude::<C>(number, dealers)?;
        let mut commitments = Vec::new();
        let mut shares = Zeroizing::new(Vec::new());
        for key in &concluded {
            commitments.extend_from_slice(key.commitments.as_bytes());
            if let Some(share) = &key.share {
                shares.extend_from_slice(share.to_bytes().as_ref());
            }
        }
        let name = self.sum_name();
        self.shelf.put(&format!("{name}-{number}"), &commitments)?;
        if self.receiver.is_some() {
            self.shelf.put_secret(&format!("{name}-share-{number}"), &shares)?;
        }
        Ok(result_digest(concluded.iter().map(|key| &key.commitments)))
    }

    /// What we give the lost guardian of one batch: our shares of its share. 32 bytes a key.
    pub(super) fn part(&self, number: u32) -> Result<Zeroizing<Vec<u8>>, Error> {
        let part = self.shelf.get_secret(&format!("mask-share-{number}"))?;
        part.ok_or_else(|| self.broken("its dealings are not concluded here yet"))
    }

    /// Rebuilds our shares of one batch from the helpers' parts. `Err` inside names helpers whose part is false.
    pub(super) fn recover(
        &self,
        number: u32,
        parts: &[(ShareIndex, Zeroizing<Vec<u8>>)],
    ) -> Result<Result<(), Vec<ShareIndex>>, Error> {
        match self.batch(number)? {
            Batch::Group => self.recover_one::<Secp256k1>(number, parts),
            Batch::Validators(_) => self.recover_one::<Bls12381>(number, parts),
        }
    }

    fn recover_one<C: Curve>(
        &self,
        number: u32,
        parts: &[(ShareIndex, Zeroizing<Vec<u8>>)],
    ) -> Result<Result<(), Vec<ShareIndex>>, Error> {
        let lost = self.prover.ok_or_else(|| self.broken("nothing of this guardian is lost in it"))?;
        let keys = self.keys::<C>(number)?;
        let mask = self.shelf.get(&format!("mask-{number}"))?;
        let mask = mask.ok_or_else(|| self.broken("its dealings are not concluded here yet"))?;
        let masks = self.commitments::<C>(&mask, self.current.guardian_set.threshold.t())?;
        let mut shares = Zeroizing::new(Vec::new());
        for (place, (key, mask)) in keys.iter().zip(&masks).enumerate() {
            let mut given = Vec::with_capacity(parts.len());
            let mut short = Vec::new();
            for (helper, text) in parts {
                match text.as_chunks::<32>() {
                    (chunks, []) if chunks.len() == keys.len() => {
                        given.push((*helper, Zeroizing::new(chunks[place])));
                    }
                    _ => short.push(*helper),
                }
            }
            if !short.is_empty() {
                return Ok(Err(short));
            }
            match reshare::recover(key, mask, lost, &given) {
                Ok(share) => shares.extend_from_slice(share.to_bytes().as_ref()),
                Err(crypto::dealing::Failure::Culprits(culprits)) => {
                    return Ok(Err(culprits.into_iter().map(|culprit| culprit.index).collect()));
                }
                Err(failure) => return Err(self.broken(failure.to_string())),
            }
        }
        self.shelf.put_secret(&format!("result-share-{number}"), &shares)?;
        Ok(Ok(()))
    }

    /// What a repair comes to is known beforehand: the keys as they are.
    pub(super) fn repaired(&self) -> Digest {
        self.order.keys.digest
    }

    /// The keys of a batch as the ceremony leaves them.
    fn results<C: Curve>(&self, number: u32) -> Result<Vec<Commitments<C>>, Error> {
        if self.is_repair() {
            return self.keys(number);
        }
        let bytes = self.shelf.get(&format!("result-{number}"))?;
        let bytes = bytes.ok_or_else(|| self.broken("its result is not here yet"))?;
        self.commitments(&bytes, self.next().guardian_set.threshold.t())
    }

    /// The same with our shares.
    fn held<C: Curve>(&self, number: u32) -> Result<Vec<Held<C>>, Error> {
        let me = self.prover.ok_or_else(|| self.broken("this guardian gets nothing of it"))?;
        let keys = self.results::<C>(number)?;
        let shares = self.shelf.get_secret(&format!("result-share-{number}"))?;
        let shares = shares.ok_or_else(|| self.broken("its shares are not here yet"))?;
        let (chunks, rest) = shares.as_chunks::<32>();
        if !rest.is_empty() || chunks.len() != keys.len() {
            return Err(self.broken("its shares on the shelf are not one a key"));
        }
        let shares = chunks.iter().map(|chunk| Share::from_bytes(me, chunk));
        Ok(keys.into_iter().zip(shares.collect::<Result<Vec<_>, _>>()?).collect())
    }

    /// Forgets a result that is not the one in force.
    pub(super) fn drop_results(&self) -> Result<(), Error> {
        for number in self.batches.numbers() {
            self.shelf.remove(&format!("result-share-{number}"))?;
        }
        Ok(())
    }

    /// Whether our shares of every batch are on the shelf.
    pub(super) fn has_result_shares(&self) -> bool {
        self.batches.numbers().all(|number| self.shelf.has(&format!("result-share-{number}")))
    }

    /// Our share of the network's own key, if the result has it: commitments and 32 bytes.
    pub(super) fn group_result(&self) -> Result<Option<GroupResult>, Error> {
        for number in self.batches.numbers() {
            if self.batch(number)? == Batch::Group {
                let held = self.held::<Secp256k1>(number)?;
                return Ok(held.first().map(|(key, share)| (key.to_bytes(), share.to_bytes())));
            }
        }
        Ok(None)
    }

    /// Our shares of the validators' keys of one batch, none for the batch of the network's own.
    pub(super) fn validator_results(
        &self,
        number: u32,
    ) -> Result<Vec<(PublicKeySet, SecretKeyShare)>, Error> {
        if self.batch(number)? == Batch::Group {
            return Ok(Vec::new());
        }
        let held = self.held::<Bls12381>(number)?;
        Ok(held.iter().map(|(key, share)| (PublicKeySet::from(key), SecretKeyShare::from(share))).collect())
    }

    /// The keys of all batches on one curve, in order.
    fn all_results<C: Curve>(&self) -> Result<Vec<Commitments<C>>, Error> {
        let mut all = Vec::new();
        for number in self.numbers_on::<C>()? {
            all.extend(self.results::<C>(number)?);
        }
        Ok(all)
    }

    fn numbers_on<C: Curve>(&self) -> Result<Vec<u32>, Error> {
        let mut numbers = Vec::new();
        for number in self.batches.numbers() {
            let is_group = self.batch(number)? == Batch::Group;
            if is_group == (C::NAME == Secp256k1::NAME) {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    fn possession_context(&self, result: Digest) -> [u8; 32] {
        hash("guardian/possession/v1", &[&self.id.0, &result.0]).0
    }

    /// Proves that we hold our share of every key of the result.
    pub(super) fn prove(&self, result: Digest) -> Result<Vec<u8>, Error> {
        let context = self.possession_context(result);
        let proof = Proof {
            group: self.prove_on::<Secp256k1>(&context)?,
            validators: self.prove_on::<Bls12381>(&context)?,
            deposits: self.sign_deposits()?,
        };
        Ok(encode(&proof))
    }

    fn prove_on<C: Curve>(&self, context: &[u8; 32]) -> Result<Option<Vec<u8>>, Error> {
        let mut held = Vec::new();
        for number in self.numbers_on::<C>()? {
            held.extend(self.held::<C>(number)?);
        }
        if held.is_empty() {
            return Ok(None);
        }
        let items: Vec<_> = held.iter().map(|(key, share)| (key, share)).collect();
        Ok(Some(possession::prove(context, &items, &mut rand::rng())?.to_bytes()))
    }

    /// Whether a member's proof holds. Whatever its bytes are, it is an answer and no error.
    pub(super) fn check_proof(
        &self,
        holder: ShareIndex,
        result: Digest,
        proof: &[u8],
    ) -> Result<bool, Error> {
        if self.is_repair() && result != self.repaired() {
            return Ok(false);
        }
        let Ok(proof) = borsh::from_slice::<Proof>(proof) else { return Ok(false) };
        let context = self.possession_context(result);
        Ok(self.check_on::<Secp256k1>(&context, holder, proof.group.as_deref())?
            && self.check_on::<Bls12381>(&context, holder, proof.validators.as_deref())?
            && self.deposit_partials(holder, &proof)?.is_some())
    }

    fn check_on<C: Curve>(
        &self,
        context: &[u8; 32],
        holder: ShareIndex,
        proof: Option<&[u8]>,
    ) -> Result<bool, Error> {
        let keys = self.all_results::<C>()?;
        let Some(proof) = proof else { return Ok(keys.is_empty()) };
        let Ok(proof) = possession::Proof::<C>::from_bytes(proof) else { return Ok(false) };
        let items: Vec<_> = keys.iter().collect();
        Ok(!keys.is_empty() && possession::verify(context, &items, holder, &proof))
    }

    // Deposits of generated keys.

    /// What each generated key signs to be deposited.
    pub(super) fn deposits(&self) -> Result<Vec<(PublicKeySet, DepositMessage)>, Error> {
        let Kind::ValidatorKeys { withdrawal_credentials, .. } = self.order.kind else {
            return Ok(Vec::new());
        };
        let keys = self.all_results::<Bls12381>()?;
        Ok(keys
            .iter()
            .map(|key| {
                let set = PublicKeySet::from(key);
                let message = DepositMessage::new(set.public_key(), withdrawal_credentials);
                (set, message)
            })
            .collect())
    }

    fn sign_deposits(&self) -> Result<Vec<Vec<u8>>, Error> {
        let deposits = self.deposits()?;
        if deposits.is_empty() {
            return Ok(Vec::new());
        }
        let mut signed = Vec::with_capacity(deposits.len());
        let mut held = Vec::new();
        for number in self.numbers_on::<Bls12381>()? {
            held.extend(self.validator_results(number)?);
        }
        let genesis = self.current.chain.forks.genesis_version();
        for ((set, share), (_, message)) in held.iter().zip(&deposits) {
            set.verify_share(share)?;
            signed.push(share.sign(message.signing_root(genesis)).signature.0.to_vec());
        }
        Ok(signed)
    }

    /// A member's partial signatures over the deposits, if all of them verify.
    fn deposit_partials(
        &self,
        holder: ShareIndex,
        proof: &Proof,
    ) -> Result<Option<Vec<SignatureShare>>, Error> {
        let deposits = self.deposits()?;
        if proof.deposits.len() != deposits.len() {
            return Ok(None);
        }
        let genesis = self.current.chain.forks.genesis_version();
        let mut partials = Vec::with_capacity(deposits.len());
        for ((set, message), bytes) in deposits.iter().zip(&proof.deposits) {
            let Ok(bytes) = bytes.as_slice().try_into() else { return Ok(None) };
            let partial = SignatureShare(bytes);
            if !verify_partial(&set.public_share(holder), message.signing_root(genesis), &partial) {
                return Ok(None);
            }
            partials.push(partial);
        }
        Ok(Some(partials))
    }

    /// Keeps a member's checked partial signatures over the deposits, to combine them when the keys are in force.
    pub(super) fn keep_deposits(&self, holder: ShareIndex, proof: &[u8]) -> Result<(), Error> {
        if matches!(self.order.kind, Kind::ValidatorKeys { .. }) {
            self.shelf.put(&format!("deposits-{holder}"), proof)?;
        }
        Ok(())
    }

    /// All members' kept partial signatures: of each holder one a key.
    pub(super) fn kept_deposits(&self) -> Result<Vec<(ShareIndex, Vec<SignatureShare>)>, Error> {
        let mut kept = Vec::new();
        for holder in self.next().guardian_set.threshold.indices() {
            let Some(bytes) = self.shelf.get(&format!("deposits-{holder}"))? else { continue };
            let Ok(proof) = borsh::from_slice::<Proof>(&bytes) else { continue };
            if let Some(partials) = self.deposit_partials(holder, &proof)? {
                kept.push((holder, partials));
            }
        }
        Ok(kept)
    }
}
