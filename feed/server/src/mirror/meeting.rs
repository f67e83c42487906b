//! `Meeting`: what the answer with a source's definition and key proves, and what it only says.

use super::fetch::{Client, failed};
use super::turn::Turn;
use crate::api::answer::Answer;
use crate::api::logs::KeyView;
use crate::error::Error;
use feed::KeyBinding;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition, NetworkId};
use guardian_core::statement::PeerName;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// Most bytes of a definition with its key.
const MAX_KEY: usize = 4 << 20;

/// Whose feed it is and by which keys it is verified; all of it verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) guardian: GuardianIndex,
    pub(super) binding: KeyBinding,
    /// The bindings of others that it knows and that hold.
    pub(super) others: BTreeMap<GuardianIndex, KeyBinding>,
}

/// What a source says of itself once its guardians are those of a later set. Nothing here can verify it: the network's id
/// is the hash of one definition, and this is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    network: NetworkId,
    epoch: GuardianSetEpoch,
    /// The guardian that it was in the set that is mirrored.
    pub(super) guardian: Option<GuardianIndex>,
}

impl Display for Moved {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it says that the network moved on to {}, epoch {}; verify it and start a mirror with that id",
            self.network, self.epoch.0
        )
    }
}

/// What came of asking a source who it is.
#[derive(Debug)]
pub(super) enum Meeting {
    /// It is a guardian of the network that is mirrored.
    Ours(Box<NetworkDefinition>, Met),
    /// It says that the network has another set of guardians now.
    Moved(Moved),
}

/// Asks for definition and key, and verifies both. `ours` is the definition that is mirrored, once it is known.
pub(super) async fn meet(
    client: &Client,
    turn: &Turn,
    network: NetworkId,
    ours: Option<&NetworkDefinition>,
) -> Result<Meeting, Error> {
    let path = "/v1/key";
    let body = client.get(turn, path, MAX_KEY).await?;
    let key = serde_json::from_slice::<Answer<KeyView>>(&body).map_err(|e| failed(path, e))?.data;
    judge(key, network, ours)
        .map_err(|problem| Error::Lie { what: format!("the key of {}", client.url()), problem })
}

fn judge(key: KeyView, network: NetworkId, ours: Option<&NetworkDefinition>) -> Result<Meeting, String> {
    let theirs = key.definition;
    let id = theirs.id();
    if id != network {
        check_successor(&theirs, id, network, ours)?;
    }
    let read = |text: &str| -> Option<KeyBinding> { serde_json::from_value(text.into()).ok() };
    let binding = read(&key.binding).ok_or_else(|| "the binding is no base64 of one".to_owned())?;
    binding.open(&theirs, key.guardian).map_err(|problem| problem.to_string())?;
    if id != network {
        let peer = theirs.member(key.guardian).map(|member| PeerName(member.peer_id.clone()));
        let guardian = ours.zip(peer.ok()).and_then(|(ours, peer)| ours.index_of(&peer));
        return Ok(Meeting::Moved(Moved { network: id, epoch: theirs.guardian_set.epoch, guardian }));
    }
    // Those of others count only as far as they hold.
    let others = key.bindings.iter().filter_map(|(guardian, text)| {
        let (guardian, binding) = (GuardianIndex(*guardian), read(text)?);
        binding.open(&theirs, guardian).ok().map(|_| (guardian, binding))
    });
    let met = Met { guardian: key.guardian, binding, others: others.collect() };
    Ok(Meeting::Ours(Box::new(theirs), met))
}

/// Whether a definition with another id may be that of a later guardian set of the network that is mirrored.
fn check_successor(
    theirs: &NetworkDefinition,
    id: NetworkId,
    network: NetworkId,
    ours: Option<&NetworkDefinition>,
) -> Result<(), String> {
    let epoch = theirs.guardian_set.epoch.0;
    let Some(ours) = ours else {
        return Err(format!("its network is {id} (guardian set {epoch}), not {network}"));
    };
    let refuse = |why: String| Err(format!("its network is {id}, not {network}, and {why}"));
    let known = ours.guardian_set.epoch.0;
    if epoch <= known {
        return refuse(format!("its guardian set {epoch} is no later one than {known}"));
    }
    let root = |definition: &NetworkDefinition| definition.chain.forks.genesis_validators_root();
    if theirs.name != ours.name || root(theirs) != root(ours) {
        return refuse("name or beacon chain differ, which no change of guardians does".to_owned());
    }
    theirs.validate().or_else(|problem| refuse(format!("its definition cannot be: {problem}")))
}

#[cfg(test)]
mod tests;
