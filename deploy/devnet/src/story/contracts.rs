//! The contracts, deployed for the guardians of a story.

use super::fact::Fact;
use super::world::World;
use crate::Error;
use crate::narrator::{GOVERNANCE, Narrator};
use crate::processes::Guardians;
use crate::protocol::{Account, Guardian, Parameters, Protocol};
use crypto::custody::CustodyPublicKey;
use crypto::execution::Address;

/// Most registrations of the first module.
const MODULE_LIMIT: u64 = 500;

/// The first guardian's account; the others follow.
const FIRST_GUARDIAN: u8 = 6;

/// The accounts of so many guardians in the contracts.
pub(super) fn guardian_accounts(count: usize) -> Vec<Address> {
    (FIRST_GUARDIAN..).take(count).map(|number| Account::new(number).address()).collect()
}

/// Deploys the contracts for these guardians, and tells them where.
pub(super) async fn deploy(
    world: &World,
    guardians: &mut Guardians,
    threshold: u16,
    narrator: &mut Narrator,
) -> Result<Protocol, Error> {
    narrator.waiting("deploying the contracts".into());
    let beacon = world.beacon().await?;
    let mut members = Vec::new();
    for (index, account) in guardian_accounts(guardians.len()).into_iter().enumerate() {
        members.push(Guardian { account, custody_key: Some(custody_key(guardians, index)?) });
    }
    let parameters = Parameters {
        guardians: members,
        threshold,
        genesis_fork: beacon.genesis_fork(),
        module_limit: MODULE_LIMIT,
    };
    let protocol = Protocol::deploy(&world.execution_url(0), parameters).await?;
    let addresses = protocol.addresses();
    let slot = beacon.position().await?.slot;
    narrator.tell(
        slot,
        &[GOVERNANCE],
        &Fact::ContractsDeployed {
            registry: addresses.registry,
            guardian_module: addresses.guardian_module,
            block: addresses.deployed,
        },
    );
    guardians.add_flags(
        [
            ("--protocol", addresses.registry.to_string()),
            ("--guardian-module", addresses.guardian_module.to_string()),
            ("--exit-proposals", addresses.exit_proposals.to_string()),
            ("--deployed-at-block", addresses.deployed.to_string()),
            ("--execution", world.execution_url(0)),
        ]
        .into_iter()
        .flat_map(|(flag, value)| [flag.to_owned(), value]),
    );
    Ok(protocol)
}

/// The custody key on a guardian's card.
fn custody_key(guardians: &Guardians, index: usize) -> Result<CustodyPublicKey, Error> {
    let path = guardians.card_path(index);
    let unreadable = |problem: String| Error::File {
        action: "cannot read",
        path: path.clone(),
        source: std::io::Error::other(problem),
    };
    let card =
        guardian::definition::MemberCard::load(&path).map_err(|error| unreadable(error.to_string()))?;
    let bytes = crypto::wire::parse_hex::<65>("custody_key", &card.custody_key)?;
    Ok(CustodyPublicKey::from_bytes(&bytes)?)
}
