//! Pure: finds the calls of `registerValidatorKey` in the input of a transaction.
//!
//! A registration's shares and deposit signature are nowhere but in calldata. The call may be the transaction's own, or
//! be carried as bytes inside another contract's call (a multicall, a Safe's `execTransaction`, a MultiSend). ABI and
//! packed encodings alike leave carried bytes in one piece, so looking for the selector at every offset finds a call at
//! any depth. What is found counts only when it decodes and names the key and the module that the event names; where
//! that leaves a choice between different payloads, nothing is guessed.

use super::contracts::PufferProtocol::registerValidatorKeyCall;
use alloy::sol_types::abi::token::{DynSeqToken, PackedSeqToken, WordToken};
use alloy::sol_types::{SolCall, abi};
use crypto::execution::{ModuleName, Payload, Unreadable};
use std::collections::BTreeMap;

/// Longest input looked through, in bytes. Nodes take transactions of 128 KiB into their pools; a block has room for
/// a few megabytes.
pub(crate) const MAX_INPUT: usize = 4 << 20;
/// Most occurrences of the selector that are tried: more registrations than a block has gas for.
const MAX_CALLS: usize = 1024;

/// Longest copies made of what the contracts do not check: one more than can be right, so that what was too long still
/// shows its wrong length.
const MAX_SIGNATURE: usize = 96 + 1;
const MAX_ENVELOPE: usize = 129 + 1;
const MAX_ENVELOPES: usize = 100 + 1;
const MAX_KEY_SET: usize = 100 * 48 + 1;

/// What an event says of the call that caused it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Registered {
    /// The key, as it came.
    pub(crate) pubkey: Vec<u8>,
    /// `moduleName`.
    pub(crate) module: ModuleName,
}

/// The payload of each of `events`, which are those of one transaction in the order of the chain.
pub(crate) fn payloads(input: &[u8], events: &[Registered]) -> Vec<Result<Payload, Unreadable>> {
    let Some(Found { calls, undecodable }) = find(input) else {
        return vec![Err(Unreadable::NeedsTrace); events.len()];
    };
    let missing = if undecodable { Unreadable::Malformed } else { Unreadable::NeedsTrace };
    let mut wanted: BTreeMap<&Registered, usize> = BTreeMap::new();
    for event in events {
        *wanted.entry(event).or_default() += 1;
    }
    let mut taken: BTreeMap<&Registered, usize> = BTreeMap::new();
    let mut payloads = Vec::with_capacity(events.len());
    for event in events {
        let candidates: Vec<_> = calls.iter().filter(|call| call.is_of(event)).collect();
        let position = taken.entry(event).or_default();
        let payload = match candidates.first() {
            None => Err(missing),
            // As many calls as events: each has its own, in the order of both.
            Some(_) if wanted.get(event) == Some(&candidates.len()) => {
                candidates.get(*position).map(|call| call.payload()).ok_or(missing)
            }
            // Decoys, or calls that failed: fine if all say the same.
            Some(first) => {
                let payload = first.payload();
                let same = candidates.iter().all(|call| call.payload() == payload);
                if same { Ok(payload) } else { Err(Unreadable::NeedsTrace) }
            }
        };
        *position += 1;
        payloads.push(payload);
    }
    payloads
}

struct Found<'a> {
    calls: Vec<Call<'a>>,
    /// Whether the selector stands somewhere where no arguments follow.
    undecodable: bool,
}

/// Every call in `input`; none when it is too large to look through.
fn find(input: &[u8]) -> Option<Found<'_>> {
    if input.len() > MAX_INPUT {
        return None;
    }
    let selector = registerValidatorKeyCall::SELECTOR;
    // The transaction's own call: whatever it carries in its arguments is not called.
    if let Some(arguments) = input.strip_prefix(&selector) {
        let call = Call::decode(arguments);
        return Some(Found { undecodable: call.is_none(), calls: call.into_iter().collect() });
    }
    let mut found = Found { calls: Vec::new(), undecodable: false };
    let mut tried = 0;
    for (offset, window) in input.windows(selector.len()).enumerate() {
        if window != selector {
            continue;
        }
        tried += 1;
        if tried > MAX_CALLS {
            return None;
        }
        match input.get(offset + selector.len()..).and_then(Call::decode) {
            Some(call) => found.calls.push(call),
            None => found.undecodable = true,
        }
    }
    Some(found)
}

type Word = WordToken;
type Bytes<'a> = PackedSeqToken<'a>;
type Key<'a> = (Bytes<'a>, Bytes<'a>, Word, DynSeqToken<Bytes<'a>>, Bytes<'a>, Bytes<'a>);
/// Only its length counts here: a permit is not ours to read, and its words decode whatever they hold.
type Permit = (Word, Word, Word, Word, Word);

/// The arguments of a call, borrowed from the input: nothing is copied before it is known to be wanted, so arguments
/// that name the same bytes a thousand times cost nothing.
struct Call<'a> {
    pubkey: &'a [u8],
    signature: &'a [u8],
    deposit_data_root: [u8; 32],
    envelopes: Vec<&'a [u8]>,
    key_set: &'a [u8],
    module: ModuleName,
}

impl<'a> Call<'a> {
    /// Reads arguments as the contract does: offsets in bounds, bytes beyond the end not minded.
    fn decode(arguments: &'a [u8]) -> Option<Self> {
        let (key, module, _, _) = abi::decode_sequence::<(Key<'a>, Word, Permit, Permit)>(arguments).ok()?;
        let (pubkey, signature, root, envelopes, key_set, _) = key;
        Some(Self {
            pubkey: pubkey.0,
            signature: signature.0,
            deposit_data_root: root.0.0,
            envelopes: envelopes.0.iter().take(MAX_ENVELOPES).map(|envelope| envelope.0).collect(),
            key_set: key_set.0,
            module: ModuleName(module.0.0),
        })
    }

    fn is_of(&self, event: &Registered) -> bool {
        self.pubkey == event.pubkey && self.module == event.module
    }

    fn payload(&self) -> Payload {
        Payload {
            deposit_signature: cut(self.signature, MAX_SIGNATURE),
            deposit_data_root: self.deposit_data_root,
            envelopes: self.envelopes.iter().map(|envelope| cut(envelope, MAX_ENVELOPE)).collect(),
            key_set: cut(self.key_set, MAX_KEY_SET),
        }
    }
}

/// A copy of at most `most` bytes.
pub(crate) fn cut(bytes: &[u8], most: usize) -> Vec<u8> {
    bytes.iter().copied().take(most).collect()
}

#[cfg(test)]
mod tests;
