//! Putting a result in force, and destroying what it replaces.

use super::Ending;
use super::work::{Job, away};
use crate::signer::{self, HeldShare};
use crate::{Error, Shares, Store, epochs, file};
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, PartialSignature, combine};
use crypto::spec::BlsPubkey;
use guardian_core::Event;
use guardian_core::ceremony::{Digest, Kind, News};
use guardian_core::event::Custody;
use guardian_core::record::Record;
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::{info, warn};

type Outcome = Result<(Option<News>, Option<Ending>), Error>;

async fn blocking<T: Send + 'static>(
    job: &Job,
    work: impl FnOnce(&Job) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let job = job.clone();
    away(move || work(&job)).await
}

/// Puts the result in force. `records` are the first of the next epoch's journal, where one begins.
pub(super) async fn enact(job: &Job, result: Digest, records: Vec<Record>) -> Outcome {
    let session = &job.session;
    let is_repair = matches!(session.order.kind, Kind::Repair { .. });
    // Only the very result that is in force: should the shelf hold another, it holds nothing.
    let ours = session.shelf.get("result")?.is_some_and(|bytes| bytes == result.0);
    if !ours && !is_repair {
        blocking(job, |job| job.session.drop_results()).await?;
    }
    if !matches!(session.order.kind, Kind::Succession { .. }) {
        return adopt(job).await;
    }
    if session.next().id() == job.tools.definition.id() {
        // We waited for it: the epoch is begun, what was missing are the shares.
        blocking(job, |job| keep(job, &job.session.keyring)).await?;
        if !job.tools.waits {
            // It was late: it works in this epoch already, and waits for its shares to be rebuilt.
            return Err(session.lacking());
        }
    } else {
        blocking(job, move |job| begin_epoch(job, &records)).await?;
    }
    Ok((None, Some(Ending::NextEpoch)))
}

/// Keeps our shares of the result, batch by batch; without a result of ours there is nothing to keep.
fn keep(job: &Job, keyring: &crate::shares::Keyring) -> Result<Vec<Custody>, Error> {
    let session = &job.session;
    let mut custody = Vec::new();
    if session.prover.is_none() || !session.has_result_shares() {
        if job.tools.waits {
            warn!(ceremony = %session.id, "{}", session.lacking());
        }
        return Ok(custody);
    }
    if let Some((commitments, share)) = session.group_result()? {
        keyring.keep_group(&commitments, &share, &mut rand::rng())?;
    }
    for number in session.batches.numbers() {
        custody.extend(keyring.keep(session.validator_results(number)?, &mut rand::rng())?);
    }
    Ok(custody)
}

/// Makes the directory of the next epoch, whole, and only then lets it be in force.
fn begin_epoch(job: &Job, records: &[Record]) -> Result<(), Error> {
    let (session, tools) = (&job.session, &job.tools);
    let next = session.next();
    let epoch = next.guardian_set.epoch;
    if epochs::directory(&tools.data_dir, epoch).is_dir() {
        return Ok(());
    }
    let me =
        next.index_of(&session.me).ok_or_else(|| session.broken("this guardian is not in the next set"))?;
    let prepared = epochs::prepare(&tools.data_dir, epoch)?;
    let store = Arc::new(Store::open(&prepared, next.id(), me)?);
    let old = session.keyring.store();
    // What the contracts logged was judged by the set that it was meant for: it is carried over, not judged anew.
    let same = next.contracts == session.current.contracts;
    let is_scan = |record: &Record| same && matches!(record, Record::Scanned(_));
    let scanned: Vec<Record> = old.records()?.into_iter().filter(is_scan).collect();
    let (first, rest) = records.split_at(records.len().min(1));
    for records in [first, &scanned, rest] {
        store.append(records)?;
    }
    // A data key of its own: what is left of the old one on a disk opens nothing of this epoch.
    let mut shares = Shares::open(&store, next, me, &tools.password)?;
    shares.ensure_key(&tools.password, tools.cost, &mut rand::rng())?;
    let keyring = shares.keyring(next).ok_or_else(|| session.broken("there is no data key"))?;
    keep(job, &keyring)?;
    drop((shares, keyring, store));
    epochs::enter(&prepared, &tools.data_dir, next)?;
    info!(ceremony = %session.id, epoch = epoch.0, "the next guardian set is in force here");
    Ok(())
}

/// Takes new keys, or rebuilt shares, into what this guardian holds.
async fn adopt(job: &Job) -> Outcome {
    let session = &job.session;
    if session.prover.is_none() {
        return Ok((Some(News::Adopted), None));
    }
    let custody = blocking(job, |job| {
        let custody = keep(job, &job.session.keyring)?;
        write_deposits(job)?;
        Ok(custody)
    });
    let custody = custody.await?;
    for number in session.batches.numbers() {
        let shares = blocking(job, move |job| job.session.validator_results(number)).await?;
        let held = |(key_set, share): (PublicKeySet, SecretKeyShare)| HeldShare { key_set, share };
        let held: Vec<HeldShare> = shares.into_iter().map(held).collect();
        let _ = job.tools.signer.send(signer::Errand::Hold(held)).await;
    }
    let _ = job.tools.inbox.send(Event::CustodyLoaded(custody).into()).await;
    if let Some(key_set) = session.keyring.group_key_set()? {
        let _ = job.tools.inbox.send(Event::GroupKeyLoaded(key_set).into()).await;
    }
    Ok((Some(News::Adopted), None))
}

/// Combines the members' partial signatures into deposit data and writes the file that a depositor needs.
fn write_deposits(job: &Job) -> Result<(), Error> {
    let session = &job.session;
    let deposits = session.deposits()?;
    if deposits.is_empty() {
        return Ok(());
    }
    let kept = session.kept_deposits()?;
    let genesis = session.current.chain.forks.genesis_version();
    let mut entries = Vec::with_capacity(deposits.len());
    for (place, (key_set, message)) in deposits.into_iter().enumerate() {
        let partials: Vec<PartialSignature> = kept
            .iter()
            .filter_map(|(index, partials)| {
                Some(PartialSignature { index: *index, signature: *partials.get(place)? })
            })
            .collect();
        let signing_root = message.signing_root(genesis);
        let order = CombineJob { key_set: &key_set, signing_root, partials: &partials };
        let combined = combine(&[order], &mut rand::rng()).pop();
        let Some(Combined::Signature { signature, .. }) = combined else {
            return Err(session.broken("the deposit signatures do not combine yet"));
        };
        let data = crypto::deposit::DepositData { message, signature };
        if !data.verify(genesis) {
            return Err(session.broken("a deposit does not verify"));
        }
        let bare = |text: String| text.trim_start_matches("0x").to_owned();
        entries.push(serde_json::json!({
            "pubkey": bare(message.pubkey.to_string()),
            "withdrawal_credentials": bare(message.withdrawal_credentials.to_string()),
            "amount": message.amount.0,
            "signature": bare(signature.to_string()),
            "deposit_message_root": bare(message.hash_tree_root().to_string()),
            "deposit_data_root": bare(data.hash_tree_root().to_string()),
            "fork_version": bare(genesis.to_string()),
            "network_name": session.current.chain.name,
        }));
    }
    let directory = job.tools.data_dir.join("deposits");
    file::create_directory(&directory)?;
    let path = directory.join(format!("deposit_data-{}.json", hex::encode(&session.id.0[..4])));
    let text =
        serde_json::to_vec_pretty(&entries).map_err(|e| session.broken(format!("deposit data: {e}")))?;
    file::replace(&path, &text, file::Access::Public)?;
    info!(ceremony = %session.id, file = %path.display(), keys = entries.len(), "deposit data written");
    Ok(())
}

/// Destroys our shares of the set before, and whatever the ceremony itself kept.
pub(super) async fn destroy(job: &Job) -> Outcome {
    let (session, tools) = (&job.session, &job.tools);
    if session.current.id() == tools.definition.id() {
        // We are not in the next set: our own store is the one. It must be closed for this.
        let store = session.keyring.store();
        if !store.shares()?.is_empty() || store.group_share()?.is_some() {
            return Ok((None, Some(Ending::Retired)));
        }
    } else {
        blocking(job, |job| {
            let session = &job.session;
            refuse_to_lose(job)?;
            let epoch = session.current.guardian_set.epoch;
            let me = session.current.index_of(&session.me);
            let me = me.ok_or_else(|| session.broken("this guardian was not in the set before"))?;
            let home = epochs::home_of(&job.tools.data_dir, epoch);
            epochs::forget_shares(&home, &session.current, me)
        })
        .await?;
    }
    blocking(job, |job| job.session.shelf.clone().clear()).await?;
    Ok((Some(News::Destroyed), None))
}

/// Every key of the old store must be in the new one before the old one is emptied: what came after the ceremony's list
/// was made was not handed over, and what we did not compute we do not have.
fn refuse_to_lose(job: &Job) -> Result<(), Error> {
    let session = &job.session;
    let epoch = session.current.guardian_set.epoch;
    let me = session.current.index_of(&session.me);
    let me = me.ok_or_else(|| session.broken("this guardian was not in the set before"))?;
    let home = epochs::home_of(&job.tools.data_dir, epoch);
    epochs::recover(&home)?;
    let old = Store::open(&home, session.current.id(), me)?;
    let held: BTreeSet<BlsPubkey> =
        session.keyring.key_sets()?.iter().map(PublicKeySet::public_key).collect();
    let lacking = old.shares()?.into_iter().filter(|(key, _)| !held.contains(&BlsPubkey(*key))).count();
    let lacks_group = old.group_share()?.is_some() && session.keyring.group_key_set()?.is_none();
    if lacking > 0 || lacks_group {
        return Err(Error::StoreForeign {
            path: home,
            problem: format!(
                "it holds shares of {lacking} validators that this guardian has no new share of; they are kept. If this \
                 guardian lost its new shares, let another operator run `guardian repair` for it"
            ),
        });
    }
    Ok(())
}
