//! A definition as a person compares it with another guardian's.

use crate::cli::table::{short, table};
use crate::cli::{Output, print, print_json};
use guardian_core::emergency::Proposer;
use guardian_core::guardian_set::NetworkDefinition;

/// Shows a definition with its id.
pub(super) fn show(definition: &NetworkDefinition, output: Output) -> anyhow::Result<()> {
    let id = definition.id();
    if output.json {
        return print_json(&serde_json::json!({ "network_id": id, "definition": definition }));
    }
    let (set, chain) = (&definition.guardian_set, &definition.chain);
    let members: Vec<[String; 6]> = set
        .members
        .iter()
        .map(|m| {
            [
                m.index.0.to_string(),
                m.name.clone(),
                m.peer_id.clone(),
                short(&m.custody_key),
                m.account.map_or_else(|| "-".to_owned(), |account| account.to_string()),
                m.addresses.join(" "),
            ]
        })
        .collect();
    let forks: Vec<String> =
        chain.forks.forks().iter().map(|f| format!("{:?} {} @{}", f.name, f.version, f.epoch)).collect();
    let contracts = definition.contracts.as_ref().map_or_else(
        || "none: this network acts on the beacon chain alone".to_owned(),
        |contracts| {
            format!(
                "profile {:?} on execution chain {}, read from block {}\n\
                 \x20           protocol {}\n\
                 \x20           guardian module {}\n\
                 \x20           exit proposals {}",
                contracts.profile,
                contracts.chain_id,
                contracts.deployed,
                contracts.protocol,
                contracts.guardian_module,
                contracts.exit_proposals.map_or_else(|| "none".to_owned(), |address| address.to_string()),
            )
        },
    );
    let policy = &definition.policy;
    let (caps, emergency) = (&definition.caps, &definition.emergency);
    print(&format!(
        "Network     {} {id}\n\
         Guardians   {} of {}, set {}\n{}\n\
         Chain       {}: genesis {}, {} s slots, {} slots an epoch\n\
         \x20           genesis validators root {}\n\
         \x20           {}\n\
         Contracts   {contracts}\n\
         Offline     {:?}: {} dark epochs, tolerance {}; votes for {} slots\n\
         Tickets     {:?}: below {} for each active validator for {} slots, tolerance {}\n\
         Balance     {:?}: below {} ETH\n\
         Slashed     {:?}\n\
         Caps        {} exits an epoch, {} a day: {} of one operator's, {} of one module's, {} % of all\n\
         \x20           hold beyond {} epochs to finality, {} slots behind the clock, or {} % dark\n\
         Emergencies raised by {}\n\
         \x20           at most {} validators for {} slots; a normal one can be taken back for {} slots{}",
        definition.name,
        set.threshold.t(),
        set.threshold.n(),
        set.epoch.0,
        table(["#", "name", "PeerId", "custody key", "account", "addresses"], &members),
        chain.name,
        chain.genesis_time,
        chain.seconds_per_slot,
        chain.slots_per_epoch,
        chain.forks.genesis_validators_root(),
        forks.join(", "),
        policy.offline.enforcement,
        policy.offline.epochs,
        policy.offline.tolerance,
        policy.vote_window,
        policy.tickets.enforcement,
        policy.tickets.floor,
        policy.tickets.grace,
        policy.tickets.tolerance,
        policy.balance.enforcement,
        crate::cli::amount::eth(policy.balance.ejection_threshold),
        policy.slashed.enforcement,
        caps.exits_per_epoch,
        caps.exits_per_day,
        caps.exits_per_operator_per_day,
        caps.exits_per_module_per_day,
        caps.max_share_percent_per_day,
        caps.max_finality_distance,
        caps.max_head_lag,
        caps.max_dark_percent,
        match (emergency.guardians, emergency.proposers.len()) {
            (true, 0) => "guardians' operators".to_owned(),
            (true, _) => "guardians' operators and these accounts".to_owned(),
            (false, 0) => "nobody".to_owned(),
            (false, _) => "these accounts".to_owned(),
        },
        emergency.max_validators,
        emergency.max_lifetime,
        emergency.cancel_window,
        proposers(&emergency.proposers),
    ))
}

/// Accounts that may ask for emergencies, a line each.
fn proposers(list: &[Proposer]) -> String {
    let line = |one: &Proposer| {
        let mut scope: Vec<_> =
            one.operators.iter().map(|operator| format!("operator {}", short(operator))).collect();
        scope.extend(one.modules.iter().map(|module| format!("module {}", short(module))));
        let scope = if scope.is_empty() { "any".to_owned() } else { scope.join(", ") };
        format!(
            "\n            {} {}: at most {} validators of {scope}",
            one.name, one.account, one.max_validators
        )
    };
    list.iter().map(line).collect()
}
