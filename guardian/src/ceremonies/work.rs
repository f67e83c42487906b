//! The work of one errand, and of one answer. Cryptography and files go to blocking threads; what is fetched is checked,
//! durable, and never fetched twice.

use super::batches::Batch;
use super::channel::{Parcel, Question, encode};
use super::office::Tools;
use super::session::{Session, dealing_digest, part_hash, private_name, public_name};
use super::{Ending, enact};
use crate::Error;
use crypto::custody::{CustodyPublicKey, open_parcel, seal_parcel};
use crypto::threshold::ShareIndex;
use guardian_core::Event;
use guardian_core::ceremony::{Digest, Errand, Kind, News};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::Envelope;
use guardian_core::statement::{Choice, MAX_DEALING, PeerName};
use p2p::PeerId;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Batches between two words on how far it has come.
const PROGRESS_EVERY: u32 = 4;

/// What a job works on.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) session: Arc<Session>,
    pub(super) tools: Arc<Tools>,
}

/// What came of an errand.
type Outcome = Result<(Option<News>, Option<Ending>), Error>;

fn news(news: News) -> Outcome {
    Ok((Some(news), None))
}

fn share_index(index: GuardianIndex) -> Result<ShareIndex, Error> {
    Ok(ShareIndex::new(index.0)?)
}

/// Runs what is slow away from the async threads.
pub(super) async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| Error::Task { problem: format!("a job of a ceremony: {e}") })?
}

/// [`away`] with a session.
async fn blocking<T: Send + 'static>(
    session: &Arc<Session>,
    work: impl FnOnce(&Session) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let session = Arc::clone(session);
    away(move || work(&session)).await
}

/// Does what the core ordered.
pub(super) async fn perform(job: &Job, errand: Errand) -> Outcome {
    let session = &job.session;
    match errand {
        Errand::Convene { .. } | Errand::State(_) | Errand::Dissolve => Ok((None, None)),
        Errand::Deal => {
            if !blocking(session, |session| session.shelve_own_keys()).await? {
                return Err(session.broken("this guardian does not hold the keys that it is about"));
            }
            let digest = blocking(session, deal).await?;
            news(News::Dealt { digest })
        }
        Errand::Collect { dealer, digest } => collect(job, dealer, digest).await,
        Errand::Examine { accuser, dealer, digest, batch, dealing } => {
            let guilty = examine(job, &accuser, (dealer, digest), batch, &dealing).await?;
            news(News::Examined { accuser, dealer, guilty })
        }
        Errand::Conclude { choice } => conclude(job, choice).await,
        Errand::Check { holder, result, proof } => {
            ensure_keys(job).await?;
            let index = share_index(holder)?;
            let valid = blocking(session, move |session| {
                let valid = session.check_proof(index, result, &proof)?;
                if valid {
                    session.keep_deposits(index, &proof)?;
                }
                Ok(valid)
            });
            news(News::Checked { holder, result, valid: valid.await? })
        }
        Errand::Enact { result, records } => enact::enact(job, result, records).await,
        Errand::Clear => {
            blocking(session, |session| session.shelf.clone().clear()).await?;
            news(News::Cleared)
        }
        Errand::Destroy => enact::destroy(job).await,
    }
}

/// Makes and keeps the public part of every batch, and says the digest of all.
fn deal(session: &Session) -> Result<Digest, Error> {
    let me = session.dealer.ok_or_else(|| session.broken("this guardian does not deal in it"))?;
    let mut index = Vec::new();
    for number in session.batches.numbers() {
        let name = public_name(me, number);
        let public = match session.shelf.get(&name)? {
            Some(public) => public,
            None => {
                let public = session.deal(number)?.public;
                session.shelf.put(&name, &public)?;
                public
            }
        };
        index.extend_from_slice(&part_hash(&public));
    }
    session.shelf.put("index", &index)?;
    Ok(dealing_digest(session.id, me, &index))
}

fn peer_of(definition: &NetworkDefinition, index: GuardianIndex) -> Option<PeerId> {
    definition.member(index).ok()?.peer_id.parse().ok()
}

async fn ask(job: &Job, peer: PeerId, question: &Question) -> Result<Vec<u8>, Error> {
    Ok(job.tools.network.ask(peer, question.encode()).await?)
}

/// The keys that the ceremony is about, from our own store or from a member of the set that deals.
async fn ensure_keys(job: &Job) -> Result<(), Error> {
    let session = &job.session;
    // One job at a time: they would write the same files.
    let _turn = session.keys_turn.lock().await;
    if session.has_keys() {
        return Ok(());
    }
    if blocking(session, |session| session.shelve_own_keys()).await? || session.has_keys() {
        return Ok(());
    }
    for member in &session.current.guardian_set.members {
        let Ok(peer) = member.peer_id.parse::<PeerId>() else { continue };
        if peer == job.tools.network.peer_id() {
            continue;
        }
        let mut sent = Vec::new();
        for batch in session.batches.numbers() {
            match ask(job, peer, &Question::Keys { ceremony: session.id, batch }).await {
                Ok(bytes) => sent.push(bytes),
                Err(_) => break,
            }
        }
        let whole = u32::try_from(sent.len()).is_ok_and(|sent| sent == session.batches.len());
        if whole && blocking(session, move |session| session.shelve_keys(&sent)).await? {
            return Ok(());
        }
    }
    Err(session.broken("no member gave the keys that it is about"))
}

/// Fetches a dealer's dealing, batch by batch, and checks it.
async fn collect(job: &Job, dealer: GuardianIndex, digest: Digest) -> Outcome {
    let session = &job.session;
    ensure_keys(job).await?;
    let index = share_index(dealer)?;
    let peer = peer_of(&session.current, dealer).ok_or_else(|| session.broken("a dealer without a name"))?;
    let parts = announced(job, (dealer, index, peer), digest).await?;
    let (hashes, _) = parts.as_chunks::<32>();
    for (number, expected) in session.batches.numbers().zip(hashes) {
        fetch_public(job, (dealer, index, peer), number, *expected).await?;
        if let Some(receiver) = session.receiver {
            let flawed = fetch_private(job, (index, peer), receiver, number).await?;
            if let Some(envelope) = flawed {
                return news(News::Flawed { dealer, batch: number, dealing: envelope });
            }
        }
        if number % PROGRESS_EVERY == 0 && session.batches.len() > PROGRESS_EVERY {
            let (done, total) = progress(session);
            let event = Event::CeremonyNews { ceremony: session.id, news: News::Progressed { done, total } };
            let _ = job.tools.inbox.send(event.into()).await;
        }
    }
    if hashes.len() != usize::try_from(session.batches.len()).unwrap_or(usize::MAX) {
        return Err(session.broken(format!("guardian {} gives another number of batches", dealer.0)));
    }
    news(News::Collected { dealer, digest })
}

/// The hashes of a dealer's public parts, 32 bytes a batch: those that it announced by their digest.
async fn announced(
    job: &Job,
    (dealer, index, peer): (GuardianIndex, ShareIndex, PeerId),
    digest: Digest,
) -> Result<Vec<u8>, Error> {
    let session = &job.session;
    let parts = if peer == job.tools.network.peer_id() {
        session.shelf.get("index")?.unwrap_or_default()
    } else {
        ask(job, peer, &Question::Index { ceremony: session.id }).await?
    };
    if dealing_digest(session.id, index, &parts) != digest {
        return Err(session.broken(format!("guardian {} gives another dealing than it announced", dealer.0)));
    }
    Ok(parts)
}

/// Batches on the shelf, of all that may come.
fn progress(session: &Session) -> (u64, u64) {
    let members = &session.current.guardian_set.members;
    let dealers: Vec<ShareIndex> =
        members.iter().filter_map(|member| ShareIndex::new(member.index.0).ok()).collect();
    let has = |dealer: &ShareIndex, number: u32| session.shelf.has(&public_name(*dealer, number));
    let done = dealers
        .iter()
        .map(|dealer| session.batches.numbers().filter(|number| has(dealer, *number)).count())
        .sum::<usize>();
    let total = dealers.len() * usize::try_from(session.batches.len()).unwrap_or(usize::MAX);
    (u64::try_from(done).unwrap_or(u64::MAX), u64::try_from(total).unwrap_or(u64::MAX))
}

async fn fetch_public(
    job: &Job,
    (dealer, index, peer): (GuardianIndex, ShareIndex, PeerId),
    number: u32,
    expected: [u8; 32],
) -> Result<(), Error> {
    let session = &job.session;
    let name = public_name(index, number);
    if let Some(public) = session.shelf.get(&name)?
        && part_hash(&public) == expected
    {
        return Ok(());
    }
    let public = ask(job, peer, &Question::Public { ceremony: session.id, batch: number }).await?;
    if part_hash(&public) != expected {
        return Err(session.broken(format!("guardian {} gives another batch than it announced", dealer.0)));
    }
    blocking(session, move |session| {
        if let Err(flaw) = session.check(number, index, &public, None)? {
            return Err(session.broken(format!("dealing of guardian {}: {flaw}", index)));
        }
        session.shelf.put(&name, &public)
    })
    .await
}

/// Fetches, opens and checks what a dealer sealed for us; gives back its envelope when that proves it wrong.
async fn fetch_private(
    job: &Job,
    (index, peer): (ShareIndex, PeerId),
    receiver: ShareIndex,
    number: u32,
) -> Result<Option<Envelope>, Error> {
    let session = &job.session;
    let name = private_name(index, number);
    if session.shelf.has(&name) {
        return Ok(None);
    }
    let (text, envelope) = if peer == job.tools.network.peer_id() {
        (blocking(session, move |session| Ok(session.deal(number)?.private(receiver))).await?, None)
    } else {
        let question = Question::Private { ceremony: session.id, batch: number };
        let sealed = ask(job, peer, &question).await?;
        let envelope = open_for_us(job, index, receiver, number, &sealed)?;
        (read_parcel(job, peer, receiver, number, &envelope)?, Some(envelope))
    };
    blocking(session, move |session| {
        let public = session.shelf.get(&public_name(index, number))?.unwrap_or_default();
        if session.check(number, index, &public, Some((receiver, &text)))?.is_ok() {
            session.shelf.put_secret(&name, &text)?;
            return Ok(None);
        }
        // Only what its own public part contradicts accuses a dealer.
        match session.check(number, index, &public, None)? {
            Ok(()) => Ok(envelope),
            Err(flaw) => Err(session.broken(format!("dealing of guardian {index}: {flaw}"))),
        }
    })
    .await
}

/// What binds a parcel to its place.
fn place(session: &Session, from: ShareIndex, to: ShareIndex, number: u32, what: u8) -> Vec<u8> {
    let numbers = [from.get().to_be_bytes(), to.get().to_be_bytes()].concat();
    [session.id.0.as_slice(), &numbers, &number.to_be_bytes(), &[what]].concat()
}

const DEALING: u8 = 0;
const PART: u8 = 1;

fn open_for_us(
    job: &Job,
    from: ShareIndex,
    to: ShareIndex,
    number: u32,
    sealed: &[u8],
) -> Result<Envelope, Error> {
    let session = &job.session;
    let custody = job.tools.custody.as_ref();
    let custody = custody.ok_or_else(|| session.broken("there is no custody key to open parcels with"))?;
    let what = if session.receiver == Some(to) { DEALING } else { PART };
    let opened = open_parcel(custody, &place(session, from, to, number, what), sealed)?;
    Ok(Envelope(opened.to_vec()))
}

/// The numbers that a member signed for this receiver and batch.
fn read_parcel(
    job: &Job,
    from: PeerId,
    to: ShareIndex,
    number: u32,
    envelope: &Envelope,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let session = &job.session;
    let opened = p2p::open_in(session.id.0, [from], &envelope.0, MAX_DEALING)
        .map_err(|reason| session.broken(format!("a parcel is not sealed by its sender: {reason:?}")))?;
    let payload = Zeroizing::new(opened.payload);
    let mut parcel =
        borsh::from_slice::<Parcel>(&payload).map_err(|_| session.broken("a parcel that cannot be read"))?;
    if parcel.batch != number || parcel.receiver != to.get() {
        return Err(session.broken("a parcel for another place"));
    }
    Ok(Zeroizing::new(std::mem::take(&mut parcel.text)))
}

/// Signs numbers for a receiver, then seals them for it alone.
fn wrap(
    job: &Job,
    definition: &NetworkDefinition,
    (from, to): (ShareIndex, ShareIndex),
    number: u32,
    what: u8,
    text: &[u8],
) -> Result<Vec<u8>, Error> {
    let session = &job.session;
    let member = definition.member(GuardianIndex(to.get()))?;
    let key: CustodyPublicKey = member.custody_key.parse()?;
    let parcel = Parcel { batch: number, receiver: to.get(), text: text.to_vec() };
    let payload = Zeroizing::new(encode(&parcel));
    let envelope = Zeroizing::new(job.tools.network.seal_in(session.id.0, &payload));
    Ok(seal_parcel(&key, &place(session, from, to, number, what), &envelope, &mut rand::rng())?)
}

/// Whether what a dealer sealed for its accuser proves it wrong.
async fn examine(
    job: &Job,
    accuser: &PeerName,
    (dealer, digest): (GuardianIndex, Digest),
    number: u32,
    dealing: &Envelope,
) -> Result<bool, Error> {
    let session = &job.session;
    let (Some(peer), Some(receiver)) = (peer_of(&session.current, dealer), session.next().index_of(accuser))
    else {
        return Ok(false);
    };
    let (index, receiver) = (share_index(dealer)?, share_index(receiver)?);
    if session.batches.get(number).is_none() {
        return Ok(false);
    }
    let Ok(text) = read_parcel(job, peer, receiver, number, dealing) else { return Ok(false) };
    ensure_keys(job).await?;
    // Not what it would like to have dealt: what it announced.
    let parts = announced(job, (dealer, index, peer), digest).await?;
    let (hashes, _) = parts.as_chunks::<32>();
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    let expected = hashes.get(place).ok_or_else(|| session.broken("the accused dealing is cut short"))?;
    fetch_public(job, (dealer, index, peer), number, *expected).await?;
    blocking(session, move |session| {
        let public = session.shelf.get(&public_name(index, number))?.unwrap_or_default();
        Ok(session.check(number, index, &public, Some((receiver, &text)))?.is_err())
    })
    .await
}

async fn conclude(job: &Job, choice: Choice) -> Outcome {
    let session = &job.session;
    ensure_keys(job).await?;
    let result = {
        let choice = choice.clone();
        blocking(session, move |session| {
            let result = session.conclude_all(&choice)?;
            session.shelf.put("result", &result.0)?;
            Ok(result)
        })
        .await?
    };
    let (result, proves) = match (&session.order.kind, session.prover) {
        (Kind::Repair { .. }, Some(lost)) => {
            recover(job, &choice, lost).await?;
            (session.repaired(), true)
        }
        (_, prover) => (result, prover.is_some()),
    };
    let proof =
        if proves { blocking(session, move |session| session.prove(result)).await? } else { Vec::new() };
    news(News::Concluded { choice, result, proof })
}

/// Fetches the helpers' parts and rebuilds our shares.
async fn recover(job: &Job, choice: &Choice, lost: ShareIndex) -> Result<(), Error> {
    let session = &job.session;
    let needed = usize::from(session.current.guardian_set.threshold.t());
    for number in session.batches.numbers() {
        if session.shelf.has(&format!("result-share-{number}")) {
            continue;
        }
        let mut parts = Vec::new();
        for (helper, _) in &choice.0 {
            let Some(peer) = peer_of(&session.current, *helper) else { continue };
            let index = share_index(*helper)?;
            let question = Question::Part { ceremony: session.id, batch: number };
            let Ok(sealed) = ask(job, peer, &question).await else { continue };
            let Ok(envelope) = open_for_us(job, index, lost, number, &sealed) else { continue };
            if let Ok(text) = read_parcel(job, peer, lost, number, &envelope) {
                parts.push((index, text));
            }
        }
        if parts.len() < needed {
            return Err(session.broken(format!("{} of {needed} helpers gave their part so far", parts.len())));
        }
        blocking(session, move |session| loop {
            match session.recover(number, &parts)? {
                Ok(()) => return Ok(()),
                Err(culprits) => {
                    let names: Vec<String> = culprits.iter().map(ToString::to_string).collect();
                    tracing::warn!(ceremony = %session.id, guardians = names.join(", "), "helpers gave false parts");
                    parts.retain(|(index, _)| !culprits.contains(index));
                    if parts.len() < needed {
                        return Err(session.broken("too few helpers gave true parts"));
                    }
                }
            }
        })
        .await?;
    }
    Ok(())
}

/// Answers a member. `ready` says whether sub-shares may leave.
pub(super) async fn answer(
    job: &Job,
    from: PeerId,
    question: Question,
    ready: bool,
) -> Result<Vec<u8>, Error> {
    let session = &job.session;
    let nothing = || session.broken("nothing of that is here");
    match question {
        Question::Boards(_) => Err(nothing()),
        Question::Keys { batch, .. } => session.shelf.get(&format!("keys-{batch}"))?.ok_or_else(nothing),
        Question::Index { .. } => session.shelf.get("index")?.ok_or_else(nothing),
        Question::Public { batch, .. } => {
            let me = session.dealer.ok_or_else(nothing)?;
            session.shelf.get(&public_name(me, batch))?.ok_or_else(nothing)
        }
        Question::Private { batch, .. } => {
            let me = session.dealer.ok_or_else(nothing)?;
            let asker = session.members.get(&from).and_then(|peer| session.next().index_of(peer));
            let asker = asker.filter(|asker| match &session.order.kind {
                Kind::Repair { helpers, .. } => helpers.contains(asker),
                _ => true,
            });
            let receiver = share_index(asker.ok_or_else(nothing)?)?;
            // What we have not announced we may yet deal otherwise: nothing of it leaves.
            if !ready || !session.shelf.has("index") || session.batches.get(batch).is_none() {
                return Err(session.broken("not every dealer is bound to its dealing yet"));
            }
            let text = blocking(session, move |session| Ok(session.deal(batch)?.private(receiver))).await?;
            wrap(job, session.next(), (me, receiver), batch, DEALING, &text)
        }
        Question::Part { batch, .. } => {
            let me = session.dealer.ok_or_else(nothing)?;
            let Kind::Repair { lost, .. } = session.order.kind else { return Err(nothing()) };
            let asker = session.members.get(&from).and_then(|peer| session.current.index_of(peer));
            if asker != Some(lost)
                || matches!(session.batch(batch)?, Batch::Validators(range) if range.is_empty())
            {
                return Err(nothing());
            }
            let text = session.part(batch)?;
            wrap(job, &session.current, (me, share_index(lost)?), batch, PART, &text)
        }
    }
}
