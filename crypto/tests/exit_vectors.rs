//! Voluntary-exit roots, domains and signing roots against two implementations that are not ours.

#![allow(clippy::unwrap_used, reason = "a broken vector fails its test")]

use crypto::exit::{VoluntaryExit, exit_domain};
use crypto::spec::{Domain, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root, ValidatorIndex};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    genesis_validators_root: Root,
    forks: Vec<ForkLine>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct ForkLine {
    name: ForkName,
    version: ForkVersion,
    epoch: String,
}

#[derive(Deserialize)]
struct Case {
    state_fork: ForkName,
    state_epoch: String,
    epoch: String,
    validator_index: String,
    hash_tree_root: Root,
    domain: Domain,
    signing_root: Root,
}

/// Checks a whole file and answers which forks it covered.
fn check(json: &str) -> Vec<ForkName> {
    let vectors: Vectors = serde_json::from_str(json).unwrap();
    let number = |text: &str| text.parse::<u64>().unwrap();
    let forks = vectors
        .forks
        .iter()
        .map(|fork| Fork { name: fork.name, version: fork.version, epoch: Epoch(number(&fork.epoch)) })
        .collect();
    let schedule = ForkSchedule::new(vectors.genesis_validators_root, forks).unwrap();
    let mut covered = Vec::new();
    for case in &vectors.cases {
        let current = Epoch(number(&case.state_epoch));
        let exit = VoluntaryExit {
            epoch: Epoch(number(&case.epoch)),
            validator_index: ValidatorIndex(number(&case.validator_index)),
        };
        assert_eq!(schedule.at(current).name, case.state_fork);
        assert_eq!(exit.hash_tree_root(), case.hash_tree_root);
        assert_eq!(exit_domain(&schedule, current, exit.epoch), case.domain, "{exit:?} at {current}");
        assert_eq!(exit.signing_root(&schedule, current), case.signing_root);
        covered.push(case.state_fork);
    }
    covered.dedup();
    covered
}

#[test]
fn agrees_with_the_executable_consensus_specs_before_deneb() {
    let covered = check(include_str!("vectors/exit_eth2spec.json"));
    assert_eq!(covered, [ForkName::Phase0, ForkName::Altair, ForkName::Bellatrix, ForkName::Capella]);
}

#[test]
fn agrees_with_lodestar_through_eip_7044_and_after() {
    let covered = check(include_str!("vectors/exit_lodestar.json"));
    assert_eq!(covered.len(), 7);
    assert_eq!(covered.last(), Some(&ForkName::Fulu));
}

/// Mainnet's constants, known to every client: Capella's version and the genesis validators root make one domain for
/// every exit from Deneb on, whatever epoch it names.
#[test]
fn mainnet_has_one_exit_domain_from_deneb_on() {
    let root: Root = "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95".parse().unwrap();
    let names = [ForkName::Phase0, ForkName::Altair, ForkName::Bellatrix, ForkName::Capella, ForkName::Deneb];
    let epochs = [0, 74240, 144896, 194048, 269568];
    let forks = (0u8..).zip(names.into_iter().zip(epochs)).map(|(version, (name, epoch))| Fork {
        name,
        version: ForkVersion([version, 0, 0, 0]),
        epoch: Epoch(epoch),
    });
    let mainnet = ForkSchedule::new(root, forks.collect()).unwrap();
    for exit_epoch in [0, 100_000, 269_568, 400_000] {
        let domain = exit_domain(&mainnet, Epoch(300_000), Epoch(exit_epoch));
        assert_eq!(domain.to_string(), "0x04000000bba4da96354c9f25476cf1bc69bf583a7f9e0af049305b62de676640");
    }
}
