//! The network definition and the member card as TOML files.
//!
//! Every guardian makes a card of its public facts; `guardian network create` puts the cards, the chain and the
//! policy into one definition, whose hash is the network's id. What can be judged without knowing libp2p or keys
//! is judged by the core; the rest here.

use crate::{Error, config, file};
use guardian_core::guardian_set::{GuardianIndex, Member, NetworkDefinition};
use p2p::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};
use std::path::Path;

const DEFINITION_HEADER: &str = "\
# Definition of a guardian network: the same file, to the byte of every value, at every guardian.
# `guardian network inspect` shows its id; compare it before you start. Changing any value changes the id.

";

const CARD_HEADER: &str = "\
# Public card of one guardian: nothing here is secret. Give it to whoever runs `guardian network create`.

";

/// The public facts of one guardian, as `guardian init` writes them to `member.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberCard {
    /// For people: 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// libp2p PeerId of the identity key, base58.
    pub peer_id: String,
    /// Multiaddrs under which peers find it.
    pub addresses: Vec<String>,
    /// secp256k1 public key its custody envelopes are encrypted to, 65 bytes uncompressed, hex.
    pub custody_key: String,
}

impl MemberCard {
    /// Reads a card.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::TooLarge`], [`Error::Document`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        config::parse(path, &file::read_text(path, "member card")?)
    }

    /// The card as a TOML file.
    ///
    /// # Errors
    /// [`Error::Document`] for `path` when a value has no TOML form.
    pub fn render(&self, path: &Path) -> Result<String, Error> {
        render(CARD_HEADER, self, path)
    }

    /// The member this card becomes at `index`.
    pub fn into_member(self, index: GuardianIndex) -> Member {
        let Self { name, peer_id, addresses, custody_key } = self;
        Member { index, name, peer_id, addresses, custody_key }
    }
}

/// Reads a network definition and checks all of it.
///
/// # Errors
/// [`Error::File`], [`Error::TooLarge`], [`Error::Document`] naming the field.
pub fn load(path: &Path) -> Result<NetworkDefinition, Error> {
    let definition: NetworkDefinition = config::parse(path, &file::read_text(path, "network definition")?)?;
    check(&definition, path)?;
    Ok(definition)
}

/// The definition as a TOML file.
///
/// # Errors
/// [`Error::Document`] for `path` when a value has no TOML form.
pub fn render_definition(definition: &NetworkDefinition, path: &Path) -> Result<String, Error> {
    render(DEFINITION_HEADER, definition, path)
}

/// Checks a definition that came from, or goes to, `path`: the core's rules, then keys and addresses.
///
/// # Errors
/// [`Error::Document`] naming the field.
pub fn check(definition: &NetworkDefinition, path: &Path) -> Result<(), Error> {
    let refuse = |problem: String| Error::Document { path: path.into(), line: None, problem };
    definition.validate().map_err(|e| refuse(e.to_string()))?;
    for member in &definition.guardian_set.members {
        let who = format!("member {} ({})", member.index.0, member.name);
        if member.peer_id.parse::<PeerId>().is_err() {
            return Err(refuse(format!(
                "{who}: `peer_id` is no PeerId; copy it from the guardian's member.toml"
            )));
        }
        if member.addresses.is_empty() {
            return Err(refuse(format!("{who}: `addresses` is empty; peers could not find it")));
        }
        for address in &member.addresses {
            if address.parse::<Multiaddr>().is_err() {
                return Err(refuse(format!(
                    "{who}: `{address}` is no multiaddr; write it like /ip4/192.0.2.1/tcp/9440"
                )));
            }
        }
        if let Err(e) = member.custody_key.parse::<crypto::custody::CustodyPublicKey>() {
            return Err(refuse(format!(
                "{who}: `custody_key`: {e}; copy it from the guardian's member.toml"
            )));
        }
    }
    Ok(())
}

/// The member whose identity key has this PeerId.
///
/// # Errors
/// [`Error::Identity`] when there is none.
pub fn member_by_peer_id(definition: &NetworkDefinition, peer_id: PeerId) -> Result<&Member, Error> {
    let text = peer_id.to_string();
    definition.guardian_set.members.iter().find(|member| member.peer_id == text).ok_or_else(|| {
        Error::Identity {
            problem: format!(
                "the identity key (PeerId {text}) is no member of network `{}` ({}); \
             check `keys.identity` and `network` in the configuration",
                definition.name,
                definition.id()
            ),
        }
    })
}

fn render<T: Serialize>(header: &str, value: &T, path: &Path) -> Result<String, Error> {
    let body = toml::to_string_pretty(value).map_err(|e| Error::Document {
        path: path.into(),
        line: None,
        problem: format!("cannot be written as TOML: {e}"),
    })?;
    Ok(format!("{header}{body}"))
}

#[cfg(test)]
pub(crate) mod tests;
