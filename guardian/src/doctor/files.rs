//! Configuration, network definition and keys: what stands in files.

use super::{Area, Finding};
use crate::config::Config;
use crate::{Error, definition, keyfile};
use crypto::custody::CustodyPublicKey;
use crypto::password::Password;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use p2p::identity;
use std::path::Path;
use std::sync::Arc;

/// What the keys turned out to be.
#[derive(Default)]
pub(super) struct Keys {
    /// The identity key, if it opens.
    pub(super) identity: Option<identity::Keypair>,
    /// Who we are, if we are a member.
    pub(super) me: Option<GuardianIndex>,
}

/// Reads the configuration.
pub(super) fn configuration(path: &Path, tell: &mut impl FnMut(Finding)) -> Option<Config> {
    match Config::load(path) {
        Ok(config) => {
            let says = format!("{} is readable and complete", path.display());
            tell(Finding::sound(Area::Configuration, "configuration", says));
            Some(config)
        }
        Err(problem) => {
            let fix = "correct the file, or make a new one beside it with `guardian init` and compare";
            tell(Finding::faulty(Area::Configuration, "configuration_unusable", words(&problem), fix));
            None
        }
    }
}

/// Reads the network definition.
pub(super) fn definition(config: &Config, tell: &mut impl FnMut(Finding)) -> Option<NetworkDefinition> {
    match definition::load(&config.network) {
        Ok(definition) => {
            let says = format!(
                "network `{}`, id {}, {} of {} guardians; compare the id with the others",
                definition.name,
                definition.id(),
                definition.guardian_set.threshold.t(),
                definition.guardian_set.threshold.n()
            );
            tell(Finding::sound(Area::Definition, "definition", says));
            Some(definition)
        }
        Err(problem) => {
            let fix = "get the definition from another guardian again and compare `guardian network inspect`";
            tell(Finding::faulty(Area::Definition, "definition_unusable", words(&problem), fix));
            None
        }
    }
}

/// Opens both keys and compares them with the definition.
pub(super) async fn keys(
    config: &Config,
    definition: &NetworkDefinition,
    password: &Arc<Password>,
    tell: &mut impl FnMut(Finding),
) -> Keys {
    let (paths, password) = (config.keys.clone(), Arc::clone(password));
    // Passwords are stretched on purpose: a second for each key.
    let opened = tokio::task::spawn_blocking(move || {
        (
            keyfile::open_identity(&paths.identity, &password),
            keyfile::open_custody(&paths.custody, &password).map(|key| key.public_key()),
        )
    })
    .await;
    let Ok((identity, custody)) = opened else { return Keys::default() };
    let mut keys = Keys::default();
    match identity {
        Ok(identity) => {
            let peer_id = identity.public().to_peer_id();
            match definition::member_by_peer_id(definition, peer_id) {
                Ok(member) => {
                    keys.me = Some(member.index);
                    let says = format!(
                        "the identity key opens: guardian {} `{}`, {peer_id}",
                        member.index.0, member.name
                    );
                    tell(Finding::sound(Area::Keys, "identity_key", says));
                }
                Err(problem) => {
                    let fix = "use the identity key whose member card went into this network definition";
                    tell(Finding::faulty(Area::Keys, "not_a_member", words(&problem), fix));
                }
            }
            keys.identity = Some(identity);
        }
        Err(problem) => tell(unopened("identity", &problem)),
    }
    match custody {
        Ok(custody) => tell(custody_key(definition, keys.me, &custody)),
        Err(problem) => tell(unopened("custody", &problem)),
    }
    keys
}

/// Whether the custody key is the one the others seal shares to.
fn custody_key(
    definition: &NetworkDefinition,
    me: Option<GuardianIndex>,
    custody: &CustodyPublicKey,
) -> Finding {
    let ours = me.and_then(|me| definition.member(me).ok());
    match ours.map(|member| member.custody_key.parse::<CustodyPublicKey>()) {
        Some(Ok(named)) if named == *custody => {
            let says = format!(
                "the custody key opens and is the one the definition names, address {}",
                custody.address()
            );
            Finding::sound(Area::Keys, "custody_key", says)
        }
        Some(_) => {
            let says = format!("the custody key is {}, the definition names another", custody.address());
            let fix = "put the custody key back whose member card went into the definition; shares sealed to it \
                       cannot be opened with any other";
            Finding::faulty(Area::Keys, "custody_key_differs", says, fix)
        }
        None => {
            let says = "the custody key opens; which one it should be is not known without the identity";
            Finding::unknown(Area::Keys, "custody_key_unchecked", says, "mend the identity key first")
        }
    }
}

/// A key file that does not open.
fn unopened(which: &str, problem: &Error) -> Finding {
    let (code, fix) = match problem {
        Error::WrongPassword { .. } => (
            "wrong_password",
            "give the password the file was made with; a backup of the file keeps its password",
        ),
        Error::Permissions { .. } => {
            ("key_readable_by_others", "chmod 600 the file, and ask who has read it")
        }
        _ => ("key_unusable", "restore the key file from a backup"),
    };
    Finding::faulty(Area::Keys, code, format!("{which} key: {}", words(problem)), fix)
}

/// An error with its causes, in one line.
pub(super) fn words(problem: &dyn std::error::Error) -> String {
    let mut text = problem.to_string();
    let mut source = problem.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
