use super::*;
use crate::fake_node::{Dialect, FakeNode, chain, dead_address};
use crypto::spec::Root;
use serde_json::json;

fn lodestar() -> (Genesis, BTreeMap<String, Value>) {
    let genesis: Answer<Genesis> =
        serde_json::from_str(include_str!("../../tests/fixtures/lodestar/genesis.json")).unwrap();
    let spec: Answer<BTreeMap<String, Value>> =
        serde_json::from_str(include_str!("../../tests/fixtures/lodestar/spec.json")).unwrap();
    (genesis.data, spec.data)
}

fn lodestar_with(field: &str, value: Option<Value>) -> Result<ChainSpec, String> {
    let (genesis, mut spec) = lodestar();
    match value {
        Some(value) => spec.insert(field.to_owned(), value),
        None => spec.remove(field),
    };
    build(genesis, &spec)
}

/// Recorded from Lodestar 1.5.1, minimal preset, forks at 0, 1 and 2, a fourth one not scheduled.
#[test]
fn a_real_node_is_read_right() {
    let (genesis, spec) = lodestar();
    let chain = build(genesis, &spec).unwrap();
    assert_eq!(chain.name, "minimal");
    assert_eq!(chain.genesis_time, 1_795_376_474);
    assert_eq!((chain.seconds_per_slot.get(), chain.slots_per_epoch.get()), (1, 8));
    assert_eq!(chain.shard_committee_period, 0);
    let forks: Vec<_> =
        chain.forks.forks().iter().map(|fork| (fork.name, fork.version.0, fork.epoch.0)).collect();
    let expected = [
        (ForkName::Phase0, [0, 0, 0, 1], 0),
        (ForkName::Altair, [1, 0, 0, 1], 0),
        (ForkName::Bellatrix, [2, 0, 0, 1], 1),
        (ForkName::Capella, [3, 0, 0, 1], 2),
    ];
    assert_eq!(forks, expected);
}

#[tokio::test]
async fn a_node_is_asked_over_http() {
    let node = FakeNode::start(Dialect::Current).await;
    assert_eq!(read_chain_spec(&node.url).await.unwrap(), chain());
}

#[tokio::test]
async fn an_unusable_url_is_named() {
    let error = read_chain_spec(&Url::parse("ftp://10.0.0.1/").unwrap()).await.unwrap_err();
    assert!(
        error.to_string().starts_with("--beacon: `ftp://10.0.0.1` is no http:// or https:// URL"),
        "{error}"
    );
    let (dead, _socket) = dead_address();
    let error = read_chain_spec(&dead).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn something_else_at_the_url_is_said() {
    let node = FakeNode::start(Dialect::Current).await;
    node.script().broken.insert("/eth".to_owned(), (404, b"nothing here".to_vec()));
    let error = read_chain_spec(&node.url).await.unwrap_err();
    assert!(error.to_string().contains("answered 404"), "{error}");
    node.script().broken.insert("/eth".to_owned(), (200, b"<html>".to_vec()));
    let error = read_chain_spec(&node.url).await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

#[test]
fn newer_forms_are_read() {
    let (genesis, mut spec) = lodestar();
    spec.remove("SECONDS_PER_SLOT");
    spec.insert("SLOT_DURATION_MS".to_owned(), json!("12000"));
    spec.insert("HEZE_FORK_VERSION".to_owned(), json!("0x08000000"));
    spec.insert("HEZE_FORK_EPOCH".to_owned(), json!("10"));
    spec.insert("BLOB_SCHEDULE".to_owned(), json!([]));
    let chain = build(genesis, &spec).unwrap();
    assert_eq!(chain.seconds_per_slot.get(), 12);
    assert_eq!(chain.forks.forks().len(), 4, "forks after Fulu are left out");
}

#[test]
fn an_unusable_spec_names_the_field() {
    for (field, value, words) in [
        ("SLOTS_PER_EPOCH", None, "SLOTS_PER_EPOCH is missing"),
        ("SLOTS_PER_EPOCH", Some(json!("0")), "SLOTS_PER_EPOCH is zero"),
        ("SECONDS_PER_SLOT", Some(json!("twelve")), "SECONDS_PER_SLOT is \"twelve\": no decimal number"),
        ("SECONDS_PER_SLOT", None, "SECONDS_PER_SLOT is missing"),
        ("SHARD_COMMITTEE_PERIOD", None, "SHARD_COMMITTEE_PERIOD is missing"),
        ("CAPELLA_FORK_VERSION", None, "CAPELLA_FORK_VERSION is missing"),
        (
            "CAPELLA_FORK_VERSION",
            Some(json!("0x01")),
            "CAPELLA_FORK_VERSION: ForkVersion must be 4 bytes, got 1",
        ),
        ("GENESIS_FORK_VERSION", None, "GENESIS_FORK_VERSION is missing"),
        ("BELLATRIX_FORK_EPOCH", None, "fork schedule: forks must be listed in order without gaps"),
    ] {
        assert_eq!(lodestar_with(field, value).unwrap_err(), words, "{field}");
    }
}

fn with_fork(mut chain: ChainSpec, change: impl FnOnce(&mut Vec<Fork>)) -> ChainSpec {
    let mut forks = chain.forks.forks().to_vec();
    change(&mut forks);
    chain.forks = ForkSchedule::new(chain.forks.genesis_validators_root(), forks).unwrap();
    chain
}

fn later(name: ForkName, epoch: u64) -> Fork {
    Fork { name, version: ForkVersion([9, 9, 9, 9]), epoch: Epoch(epoch) }
}

#[test]
fn each_field_is_compared_and_named() {
    let expected = chain();
    assert_eq!(difference(&expected, &ChainSpec { name: "another name".to_owned(), ..chain() }), None);
    let two = NonZeroU64::new(2).unwrap();
    let other_root = ForkSchedule::new(Root([8; 32]), chain().forks.forks().to_vec()).unwrap();
    for (field, found) in [
        ("genesis_validators_root", ChainSpec { forks: other_root, ..chain() }),
        ("genesis_time", ChainSpec { genesis_time: 1, ..chain() }),
        ("SECONDS_PER_SLOT", ChainSpec { seconds_per_slot: two, ..chain() }),
        ("SLOTS_PER_EPOCH", ChainSpec { slots_per_epoch: two, ..chain() }),
        ("SHARD_COMMITTEE_PERIOD", ChainSpec { shard_committee_period: 2, ..chain() }),
        ("GENESIS_FORK_VERSION", with_fork(chain(), |forks| forks[0].version = ForkVersion([5; 4]))),
        ("CAPELLA_FORK_VERSION", with_fork(chain(), |forks| forks[3].version = ForkVersion([5; 4]))),
        ("CAPELLA_FORK_EPOCH", with_fork(chain(), |forks| forks[3].epoch = Epoch(99))),
        ("CAPELLA_FORK_VERSION", with_fork(chain(), |forks| forks.truncate(3))),
    ] {
        let (named, ..) = difference(&expected, &found).unwrap();
        assert_eq!(named, field);
    }
}

#[test]
fn a_fork_only_the_node_knows_matters_until_deneb() {
    let before_deneb = chain();
    let knows_deneb = with_fork(chain(), |forks| forks.push(later(ForkName::Deneb, 50)));
    let (field, expected, found) = difference(&before_deneb, &knows_deneb).unwrap();
    assert_eq!(
        (field.as_str(), expected.as_str(), found.as_str()),
        ("DENEB_FORK_VERSION", "not scheduled", "0x09090909")
    );

    let knows_electra = with_fork(knows_deneb.clone(), |forks| forks.push(later(ForkName::Electra, 60)));
    assert_eq!(difference(&knows_deneb, &knows_electra), None);
    let (field, ..) = difference(&knows_electra, &knows_deneb).unwrap();
    assert_eq!(
        field, "ELECTRA_FORK_VERSION",
        "a node that does not know a fork we expect will leave our chain"
    );
}
