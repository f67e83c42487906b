use super::*;
use crate::policy::Enforcement;
use crate::scene::{definition, with_contracts};
use crypto::execution::Tickets;
use crypto::spec::Gwei;
use std::num::NonZeroU64;

fn problem_with(change: impl FnOnce(&mut NetworkDefinition)) -> (String, String) {
    let mut definition = definition();
    change(&mut definition);
    match definition.validate() {
        Err(Error::Definition { field, problem }) => (field, problem),
        other => panic!("expected a problem, got {other:?}"),
    }
}

type Change = fn(&mut NetworkDefinition);

#[test]
fn a_good_definition_is_valid() {
    assert_eq!(definition().validate(), Ok(()));
    assert_eq!(definition().member(GuardianIndex(2)).unwrap().name, "bob");
    assert!(definition().member(GuardianIndex(5)).is_err());
}

/// The contracts of a definition that gets them here.
fn contracts(definition: &mut NetworkDefinition) -> &mut Contracts {
    *definition = with_contracts(definition.clone());
    definition.contracts.as_mut().unwrap()
}

#[test]
fn puffers_rules_are_valid_with_contracts() {
    let mut definition = with_contracts(definition());
    definition.policy = Policy::puffer();
    assert_eq!(definition.validate(), Ok(()));
}

#[test]
fn every_impossible_value_is_refused_by_the_name_of_its_field() {
    let cases: Vec<(&str, Change)> = vec![
        ("name", |d| d.name = String::new()),
        ("name", |d| d.name = "a".repeat(33)),
        ("name", |d| d.name = "Main Net".to_owned()),
        ("chain.name", |d| d.chain.name = String::new()),
        ("chain.name", |d| d.chain.name = "x".repeat(65)),
        ("chain.seconds_per_slot", |d| d.chain.seconds_per_slot = NonZeroU64::new(3_601).unwrap()),
        ("chain.slots_per_epoch", |d| d.chain.slots_per_epoch = NonZeroU64::new(1_025).unwrap()),
        ("chain.shard_committee_period", |d| d.chain.shard_committee_period = 1_000_001),
        ("guardian_set.members", |d| drop(d.guardian_set.members.pop())),
        ("guardian_set.members[1].index", |d| d.guardian_set.members[1].index = GuardianIndex(3)),
        ("guardian_set.members[0].index", |d| d.guardian_set.members[0].index = GuardianIndex(0)),
        ("guardian_set.members[2].name", |d| d.guardian_set.members[2].name = "Ä".to_owned()),
        ("guardian_set.members[2].name", |d| d.guardian_set.members[2].name = "bob".to_owned()),
        ("guardian_set.members[0].peer_id", |d| d.guardian_set.members[0].peer_id = String::new()),
        ("guardian_set.members[0].peer_id", |d| {
            d.guardian_set.members[0].peer_id = "16Uiu2HAmO0Il".to_owned()
        }),
        ("guardian_set.members[0].peer_id", |d| d.guardian_set.members[0].peer_id = "1".repeat(129)),
        ("guardian_set.members[3].peer_id", |d| d.guardian_set.members[3].peer_id = "16Uiu2HAm1".to_owned()),
        ("guardian_set.members[1].addresses", |d| {
            d.guardian_set.members[1].addresses = vec!["/ip4/1.2.3.4/tcp/1".to_owned(); 9];
        }),
        ("guardian_set.members[1].addresses", |d| {
            d.guardian_set.members[1].addresses = vec!["10.0.0.1:9440".to_owned()];
        }),
        ("guardian_set.members[1].addresses", |d| {
            d.guardian_set.members[1].addresses = vec![format!("/{}", "a".repeat(256))];
        }),
        ("guardian_set.members[1].custody_key", |d| {
            d.guardian_set.members[1].custody_key = "04ab".to_owned()
        }),
        ("guardian_set.members[1].custody_key", |d| d.guardian_set.members[1].custody_key = "zz".repeat(65)),
        ("guardian_set.members[1].custody_key", |d| d.guardian_set.members[1].custody_key = "02".repeat(65)),
        ("guardian_set.members[1].custody_key", |d| {
            d.guardian_set.members[1].custody_key = format!("0x04{}", "01".repeat(64));
        }),
        ("policy.offline.epochs", |d| d.policy.offline.epochs = 0),
        ("policy.offline.epochs", |d| d.policy.offline.epochs = 100_001),
        ("policy.offline.tolerance", |d| d.policy.offline.tolerance = 1_001),
        ("contracts.chain_id", |d| contracts(d).chain_id = 0),
        ("contracts.guardian_module", |d| {
            let contracts = contracts(d);
            contracts.guardian_module = contracts.protocol;
        }),
        ("contracts.exit_proposals", |d| {
            let contracts = contracts(d);
            contracts.exit_proposals = Some(contracts.protocol);
        }),
        ("contracts.exit_proposals", |d| {
            let contracts = contracts(d);
            contracts.exit_proposals = Some(contracts.guardian_module);
        }),
        ("guardian_set.members[2].account", |d| {
            *d = with_contracts(d.clone());
            d.guardian_set.members[2].account = None;
        }),
        ("guardian_set.members[2].account", |d| {
            *d = with_contracts(d.clone());
            d.guardian_set.members[2].account = d.guardian_set.members[0].account;
        }),
        ("policy.tickets.enforcement", |d| d.policy.tickets.enforcement = Enforcement::Warn),
        ("policy.tickets.enforcement", |d| d.policy.tickets.enforcement = Enforcement::Enforce),
        ("policy.tickets.floor", |d| d.policy.tickets.floor = Tickets(0)),
        ("policy.tickets.floor", |d| d.policy.tickets.floor = Tickets(u128::MAX)),
        ("policy.tickets.grace", |d| d.policy.tickets.grace = 1_000_001),
        ("policy.tickets.tolerance", |d| d.policy.tickets.tolerance = 1_001),
        ("policy.balance.ejection_threshold", |d| d.policy.balance.ejection_threshold = Gwei(0)),
        ("policy.balance.ejection_threshold", |d| {
            d.policy.balance.ejection_threshold = Gwei(32_000_000_000);
        }),
        ("policy.slashed.enforcement", |d| d.policy.slashed.enforcement = Enforcement::Enforce),
        ("policy.vote_window", |d| d.policy.vote_window = 3),
        ("policy.vote_window", |d| d.policy.vote_window = 100_001),
        ("caps.exits_per_epoch", |d| d.caps.exits_per_epoch = 0),
        ("caps.exits_per_day", |d| d.caps.exits_per_day = 0),
        ("caps.exits_per_day", |d| (d.caps.exits_per_epoch, d.caps.exits_per_day) = (5, 4)),
        ("caps.max_finality_distance", |d| d.caps.max_finality_distance = 1),
        ("caps.max_finality_distance", |d| d.caps.max_finality_distance = 1_001),
        ("caps.max_dark_percent", |d| d.caps.max_dark_percent = 0),
        ("caps.max_dark_percent", |d| d.caps.max_dark_percent = 101),
    ];
    for (expected, change) in cases {
        let (field, problem) = problem_with(change);
        assert_eq!(field, expected, "{problem}");
        assert!(!problem.is_empty());
    }
}

#[test]
fn the_problem_says_what_would_be_right() {
    let (_, problem) = problem_with(|d| d.policy.vote_window = 3);
    assert_eq!(problem, "is 3; it must be 4 to 100000");
    let (field, problem) = problem_with(|d| d.guardian_set.members[1].index = GuardianIndex(7));
    let error = Error::Definition { field, problem };
    assert_eq!(
        error.to_string(),
        "network definition: `guardian_set.members[1].index` is 7, but members are numbered 1 to 4 in order: 2"
    );
}

/// Equal ids only for definitions equal in every field.
#[test]
fn every_field_is_in_the_id() {
    let changes: Vec<Change> = vec![
        |d| d.name.push('x'),
        |d| d.chain.name.push('x'),
        |d| d.chain.genesis_time += 1,
        |d| d.chain.seconds_per_slot = NonZeroU64::new(6).unwrap(),
        |d| d.chain.slots_per_epoch = NonZeroU64::new(8).unwrap(),
        |d| d.chain.shard_committee_period += 1,
        |d| {
            let forks = d.chain.forks.forks().to_vec();
            d.chain.forks = crypto::spec::ForkSchedule::new(crypto::spec::Root([8; 32]), forks).unwrap();
        },
        |d| {
            let mut forks = d.chain.forks.forks().to_vec();
            forks[4].epoch.0 += 1;
            d.chain.forks =
                crypto::spec::ForkSchedule::new(d.chain.forks.genesis_validators_root(), forks).unwrap();
        },
        |d| d.guardian_set.epoch.0 += 1,
        |d| d.guardian_set.threshold = Threshold::new(2, 4).unwrap(),
        |d| d.guardian_set.members[0].name.push('x'),
        |d| d.guardian_set.members[0].peer_id.push('x'),
        |d| d.guardian_set.members[0].addresses.clear(),
        |d| d.guardian_set.members[0].custody_key = format!("04{}", "99".repeat(64)),
        |d| d.guardian_set.members[0].account = Some(Address([1; 20])),
        |d| *d = with_contracts(d.clone()),
        |d| contracts(d).chain_id += 1,
        |d| contracts(d).protocol = Address([1; 20]),
        |d| contracts(d).guardian_module = Address([1; 20]),
        |d| contracts(d).deployed.0 += 1,
        |d| contracts(d).exit_proposals = Some(Address([1; 20])),
        |d| d.policy.tickets.enforcement = crate::policy::Enforcement::Warn,
        |d| d.policy.tickets.floor.0 += 1,
        |d| d.policy.tickets.grace += 1,
        |d| d.policy.tickets.tolerance += 1,
        |d| d.policy.balance.enforcement = crate::policy::Enforcement::Warn,
        |d| d.policy.balance.ejection_threshold.0 += 1,
        |d| d.policy.slashed.enforcement = crate::policy::Enforcement::Warn,
        |d| d.policy.offline.enforcement = crate::policy::Enforcement::Warn,
        |d| d.policy.offline.epochs += 1,
        |d| d.policy.offline.tolerance += 1,
        |d| d.policy.vote_window += 1,
        |d| d.caps.exits_per_epoch += 1,
        |d| d.caps.exits_per_day += 1,
        |d| d.caps.max_finality_distance += 1,
        |d| d.caps.max_dark_percent += 1,
    ];
    let mut ids = BTreeSet::from([definition().id()]);
    let count = changes.len();
    for change in changes {
        let mut changed = definition();
        change(&mut changed);
        ids.insert(changed.id());
    }
    assert_eq!(ids.len(), count + 1);
}

#[test]
fn the_id_is_golden() {
    assert_eq!(
        definition().id().to_string(),
        "0x2d31ade51237d8295ca1e3baaa3ea9c77ce4ae4b793dfc88cd967d4e88ebe515"
    );
}
