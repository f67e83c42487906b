//! The network definition and the member card as TOML files.
//!
//! Every guardian makes a card of its public facts; `guardian network create` puts the cards, the chain and the
//! policy into one definition, whose hash is the network's id. What can be judged without knowing libp2p or keys
//! is judged by the core; the rest here.

use crate::{Error, config, file};
use crypto::execution::Address;
use guardian_core::guardian_set::{GuardianIndex, Member, NetworkDefinition};
use p2p::PeerId;
use serde::{Deserialize, Serialize};
use std::path::Path;

const DEFINITION_HEADER: &str = "\
# Definition of a guardian network: the same file, to the byte of every value, at every guardian.
# `guardian network inspect` shows its id; compare it before you start. Changing any value changes the id.

";

/// What is said above which line of a definition.
const REMARKS: [(&str, &str); 10] = [
    ("[chain]", "# The beacon chain."),
    (
        "[contracts]",
        "# The protocol's contracts on the execution chain. `deployed`: the block of the older one; nothing before it\n\
         # is read.",
    ),
    (
        "[guardian_set]",
        "# The guardians, in the order of the contract's getGuardians; `account` is what it lists, `custody_key` what\n\
         # shares are sealed to.",
    ),
    (
        "[policy]",
        "# When a validator must leave. `enforcement`: observe (show), warn (and raise an alert), enforce.",
    ),
    ("[policy.offline]", "# Dark for `epochs` consecutive finalized epochs."),
    (
        "[policy.tickets]",
        "# Below `floor` (wei of ticket) for each active validator of one operator, for `grace` slots: all of them.",
    ),
    (
        "[policy.balance]",
        "# Balance or effective balance below `ejection_threshold` (Gwei), the contract's getEjectionThreshold.",
    ),
    ("[policy.slashed]", "# Shown and counted; the chain itself makes a slashed validator leave."),
    ("[caps]", "# How many may be made to leave at most, whatever the votes."),
    (
        "[emergency]",
        "# Who may ask that a list of validators be made to leave: `guardians`, their operators; `proposers`, accounts\n\
         # that sign typed data or call the contract (`operators` and `modules` bound whose validators they may name).\n\
         # One of severity normal cannot be certified for `cancel_window` slots.",
    ),
];

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
    /// Its account in the contract's `getGuardians`, where the network acts on contracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Address>,
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
        let Self { name, peer_id, addresses, custody_key, account } = self;
        Member { index, name, peer_id, addresses, custody_key, account }
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

/// The definition as a TOML file, with a word on what each part means.
///
/// # Errors
/// [`Error::Document`] for `path` when a value has no TOML form.
pub fn render_definition(definition: &NetworkDefinition, path: &Path) -> Result<String, Error> {
    let text = render(DEFINITION_HEADER, definition, path)?;
    let lines = text.lines().map(|line| match REMARKS.iter().find(|(at, _)| *at == line) {
        Some((_, remark)) => format!("{remark}\n{line}\n"),
        None => format!("{line}\n"),
    });
    Ok(lines.collect())
}

/// Checks a definition that came from, or goes to, `path`: the core's rules, then keys and addresses.
///
/// # Errors
/// [`Error::Document`] naming the field.
pub fn check(definition: &NetworkDefinition, path: &Path) -> Result<(), Error> {
    let refuse = |problem: String| Error::Document { path: path.into(), line: None, problem };
    let without = definition.guardian_set.members.iter().find(|member| member.account.is_none());
    if let (Some(member), true) = (without, definition.contracts.is_some()) {
        return Err(refuse(format!(
            "member {} ({}): `account` is missing; it is that guardian's entry in the contract's getGuardians: add \
             account = \"0x...\" to its member.toml",
            member.index.0, member.name
        )));
    }
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
            config::multiaddr(address).map_err(|problem| refuse(format!("{who}: {problem}")))?;
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
