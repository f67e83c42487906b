//! A checkpoint with its signatures: put together, taken apart, verified.

use crate::Error;
use crate::checkpoint::{Checkpoint, checkpoint_digest, cosigned, group_key_id, log_key_id, witness_key_id};
use crate::error::beginning;
use crate::key::{FeedPublicKey, KeyBinding};
use crate::origin::Origin;
use crypto::group_key::{GroupPublicKey, GroupSignature, verify};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use signed_note::{Note, NoteError, Verifier, VerifierList};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of a note.
pub const MAX_NOTE: usize = 64 << 10;

/// Most signature lines of a note: what C2SP's reader takes.
pub const MAX_LINES: usize = 100;

/// By which keys notes of one network are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The network.
    pub network: NetworkId,
    /// Feed keys, by guardian: they sign their own logs and witness the others'.
    pub logs: BTreeMap<GuardianIndex, FeedPublicKey>,
    /// The network's own key, if it is known.
    pub group: Option<GroupPublicKey>,
}

impl Keys {
    /// Keys that guardians of a definition bound.
    ///
    /// # Errors
    /// The first binding that does not hold: see [`KeyBinding::open`].
    pub fn bound<'a>(
        definition: &NetworkDefinition,
        bindings: impl IntoIterator<Item = (GuardianIndex, &'a KeyBinding)>,
        group: Option<GroupPublicKey>,
    ) -> Result<Self, Error> {
        let opened = bindings
            .into_iter()
            .map(|(guardian, binding)| binding.open(definition, guardian).map(|key| (guardian, key)));
        Ok(Self { network: definition.id(), logs: opened.collect::<Result<_, _>>()?, group })
    }
}

/// What a note proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint, signed by its log.
    pub checkpoint: Checkpoint,
    /// Which other guardians witnessed it, and when, unix seconds by their clocks; by guardian.
    pub cosigned: Vec<(GuardianIndex, u64)>,
    /// Whether the network's own key signed it.
    pub group: bool,
}

/// The checkpoint that a note is about. No signature is checked.
///
/// # Errors
/// [`Error::Note`], [`Error::Origin`].
pub fn peek(note: &[u8]) -> Result<Checkpoint, Error> {
    let note = parse(note)?;
    let body = std::str::from_utf8(note.text()).map_err(|_| Error::Note("it is not text"))?;
    Checkpoint::parse(body)
}

/// Verifies a note: its log must have signed it, and every signature under a key of ours must hold. Lines under other keys
/// are passed over.
///
/// # Errors
/// [`Error::Note`] and [`Error::Origin`] when it cannot be read, [`Error::Network`] when it is another network's,
/// [`Error::Guardian`] when its guardian's key is not among ours, [`Error::Signature`] when a signature does not hold.
pub fn verify_note(note: &[u8], keys: &Keys) -> Result<Verified, Error> {
    let parsed = parse(note)?;
    let checkpoint = peek(note)?;
    let origin = checkpoint.origin;
    if origin.network != keys.network {
        let (found, expected) = (origin.network, keys.network);
        return Err(Error::Network { what: "the checkpoint", found, expected });
    }
    let log = keys.logs.get(&origin.guardian).ok_or_else(|| Error::Guardian {
        guardian: origin.guardian,
        problem: "its feed key is not known".to_owned(),
    })?;
    let name = origin.to_string();
    let log_id = log_key_id(&name, log);
    let mut known: Vec<Box<dyn Verifier>> = vec![Box::new(Line { id: log_id, name, kind: Kind::Log(*log) })];
    let mut witnesses = BTreeMap::new();
    for (witness, key) in keys.logs.iter().filter(|(guardian, _)| **guardian != origin.guardian) {
        let name = Origin::witness_name(keys.network, *witness);
        let id = witness_key_id(&name, key);
        witnesses.insert((name.clone(), id), *witness);
        known.push(Box::new(Line { id, name, kind: Kind::Witness(*key) }));
    }
    if let Some(key) = keys.group {
        let name = Origin::group_name(keys.network);
        let id = group_key_id(&name, &key);
        known.push(Box::new(Line { id, name, kind: Kind::Group(key, checkpoint_digest(&checkpoint)) }));
    }
    let distrust = |problem: String| Error::Signature { origin: beginning(&origin.to_string()), problem };
    let (verified, _) = parsed.verify(&VerifierList::new(known)).map_err(|problem| match problem {
        NoteError::InvalidSignature { name, .. } => distrust(format!("the signature of `{name}` is false")),
        NoteError::UnverifiedNote => distrust("no key that is known signed it".to_owned()),
        other => distrust(other.to_string()),
    })?;
    let group_name = Origin::group_name(keys.network);
    let mut told = Verified { checkpoint, cosigned: Vec::new(), group: false };
    let mut is_signed = false;
    for signature in verified {
        if let Some(witness) = witnesses.get(&(signature.name().to_owned(), signature.id())) {
            let time = signature.signature().first_chunk::<8>().map_or(0, |time| u64::from_be_bytes(*time));
            told.cosigned.push((*witness, time));
        } else if signature.name() == group_name {
            told.group = true;
        } else {
            is_signed = true;
        }
    }
    if !is_signed {
        return Err(distrust("its own log did not sign it".to_owned()));
    }
    told.cosigned.sort_unstable();
    Ok(told)
}

/// A note with more signature lines. A line under a key that signed already is left out.
///
/// # Errors
/// [`Error::Note`] when the note or a line cannot be read, or when it would become too long.
pub fn with_lines(note: &[u8], lines: &[String]) -> Result<Vec<u8>, Error> {
    parse(note)?;
    let text = std::str::from_utf8(note).map_err(|_| Error::Note("it is not text"))?;
    let (_, present) = text.rsplit_once("\n\n").ok_or(Error::Note("it has no signatures"))?;
    let mut signers = BTreeSet::new();
    for line in present.lines() {
        signers.insert(signer(line)?);
    }
    let mut whole = text.to_owned();
    let mut count = present.lines().count();
    for line in lines {
        let line = line.strip_suffix('\n').unwrap_or(line);
        if line.contains('\n') {
            return Err(Error::Note("a signature line has a line break inside"));
        }
        if signers.insert(signer(line)?) {
            whole.push_str(line);
            whole.push('\n');
            count += 1;
        }
    }
    if count > MAX_LINES || whole.len() > MAX_NOTE {
        return Err(Error::Note("it has too many signatures"));
    }
    parse(whole.as_bytes())?;
    Ok(whole.into_bytes())
}

/// A note with only those of its lines that verify under keys of ours.
///
/// # Errors
/// As [`verify_note`].
pub fn known_lines(note: &[u8], keys: &Keys) -> Result<String, Error> {
    let Verified { checkpoint, cosigned, group } = verify_note(note, keys)?;
    let mut signers = BTreeSet::new();
    let log = keys.logs.get(&checkpoint.origin.guardian);
    let own = checkpoint.origin.to_string();
    signers.extend(log.map(|key| (own.clone(), log_key_id(&own, key))));
    for (witness, _) in cosigned {
        let name = Origin::witness_name(keys.network, witness);
        let key = keys.logs.get(&witness);
        signers.extend(key.map(|key| (name.clone(), witness_key_id(&name, key))));
    }
    let name = Origin::group_name(keys.network);
    signers.extend(keys.group.filter(|_| group).map(|key| (name.clone(), group_key_id(&name, &key))));

    let text = std::str::from_utf8(note).map_err(|_| Error::Note("it is not text"))?;
    let (body, lines) = text.rsplit_once("\n\n").ok_or(Error::Note("it has no signatures"))?;
    let mut known = format!("{body}\n\n");
    for line in lines.lines() {
        // Each key once: a second line under it was not looked at.
        if signers.remove(&signer(line)?) {
            known.push_str(line);
            known.push('\n');
        }
    }
    Ok(known)
}

/// The key that a signature line names.
fn signer(line: &str) -> Result<(String, u32), Error> {
    let read = signed_note::Signature::from_bytes(line.as_bytes());
    let read = read.map_err(|_| Error::Note("a signature line is not `— <key name> <base64>`"))?;
    Ok((read.name().to_owned(), read.id()))
}

fn parse(note: &[u8]) -> Result<Note, Error> {
    if note.len() > MAX_NOTE {
        return Err(Error::Note("it is too long"));
    }
    Note::from_bytes(note).map_err(|_| Error::Note("it is not text, an empty line and signature lines"))
}

/// One key as `signed_note` asks for it.
struct Line {
    name: String,
    id: u32,
    kind: Kind,
}

enum Kind {
    Log(FeedPublicKey),
    Witness(FeedPublicKey),
    /// The key, and what it signs about this checkpoint.
    Group(GroupPublicKey, [u8; 32]),
}

impl Verifier for Line {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, body: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::Log(key) => signature.try_into().is_ok_and(|signature| key.verifies(body, signature)),
            Kind::Witness(key) => {
                let Some((time, signature)) = signature.split_first_chunk::<8>() else { return false };
                let Ok(body) = std::str::from_utf8(body) else { return false };
                let message = cosigned(body, u64::from_be_bytes(*time));
                signature.try_into().is_ok_and(|signature| key.verifies(&message, signature))
            }
            Kind::Group(key, digest) => {
                let signature = signature.split_first_chunk::<8>().and_then(|(_, rest)| rest.try_into().ok());
                let signature = signature.and_then(|bytes: &[u8; 65]| GroupSignature::from_bytes(bytes).ok());
                signature.is_some_and(|signature| verify(key, digest, &signature))
            }
        }
    }
}

#[cfg(test)]
mod tests;
