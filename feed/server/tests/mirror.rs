//! A mirror of a guardian that is honest, and of one that is not.

#![allow(clippy::unwrap_used, reason = "tests")]

mod logbook;
mod served;
mod world;

use feed_server::mirror::{Settings, open};
use feed_server::{Error, Inputs, Role, SourceState};
use guardian_core::guardian_set::NetworkId;
use logbook::Logbook;
use served::{Served, ask, generous, serve, until};
use std::time::Duration;

fn mirror(served: &Served, network: NetworkId, home: &std::path::Path) -> Result<Inputs, Error> {
    open(Settings {
        network,
        sources: vec![format!("http://{}", served.address).parse().unwrap()],
        home: home.to_owned(),
        every: Duration::from_millis(100),
        patience: Duration::from_secs(3),
    })
}

fn state(inputs: &Inputs) -> SourceState {
    match &inputs.role {
        Role::Mirror { of } => of.borrow()[0].state,
        Role::Guardian => SourceState::Waiting,
    }
}

#[test]
fn a_mirror_serves_what_the_guardian_does_and_keeps_it_when_the_guardian_rewrites_its_log() {
    let mut guardian = Served::start(60, generous());
    let home = tempfile::tempdir().unwrap();
    let inputs = mirror(&guardian, guardian.world.definition.id(), home.path()).unwrap();
    let address = serve(inputs.clone(), generous());
    let size = |answered: &served::Answered| answered.json()["data"][0]["size"].as_u64();
    let whole = guardian.logbook.shelf().logs[0].size();
    until(address, "/v1/logs", |answered| size(answered) == Some(whole));
    let network = until(address, "/v1/network", |answered| answered.status == 200);
    assert_eq!(network.json()["freshness"]["role"], "mirror");
    assert_eq!(network.json()["data"]["name"], "demo");
    guardian.tick();
    let slot = guardian.slot.0;
    until(address, "/v1/network", |answered| answered.json()["freshness"]["slot"] == slot);
    until(address, "/v1/logs", |answered| size(answered).is_some_and(|size| size > whole));
    let id = ask(address, "GET", "/v1/logs", "").json()["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(id, "1-3-0");
    let path = format!("/log/{id}/checkpoint");
    let ours = guardian.get("/log/3-0/checkpoint").body;
    let good = until(address, &path, |answered| answered.body == ours);

    // The same key signs another history, as long as this one and longer.
    let mut other = Logbook::begin(&guardian.directory.path().join("other"), &guardian.world, 1);
    other.history(1_700, guardian.slot);
    guardian.shelf.send_replace(other.shelf());
    until(address, "/v1/sources", |answered| answered.json()["data"][0]["state"] == "lying");
    let sources = ask(address, "GET", "/v1/sources", "").json();
    assert!(sources["data"][0]["problem"].as_str().unwrap().contains("rewritten"), "{sources}");
    assert_eq!(ask(address, "GET", &path, "").body, good.body, "the last good state stays");
    assert_eq!(state(&inputs), SourceState::Lying);
}

#[test]
fn a_mirror_begins_again_where_it_was() {
    let mut guardian = Served::start(10, generous());
    let home = tempfile::tempdir().unwrap();
    let network = guardian.world.definition.id();
    for _ in 0..2 {
        guardian.tick();
        let size = guardian.logbook.shelf().logs[0].size();
        // The one before lets go of its files when it finds that nobody listens; until then they are locked.
        let inputs = mirror(&guardian, network, home.path()).unwrap();
        let started = std::time::Instant::now();
        while inputs.shelf.borrow().current().map(feed_server::log::Log::size) != Some(size) {
            assert!(started.elapsed() < Duration::from_secs(60), "never whole: {:?}", inputs.role);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn another_network_is_not_mirrored() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let problem = mirror(&guardian, NetworkId([9; 32]), home.path()).unwrap_err().to_string();
    assert!(problem.contains("does not verify"), "{problem}");
    let none = Settings {
        network: NetworkId([9; 32]),
        sources: Vec::new(),
        home: home.path().to_owned(),
        every: Duration::from_secs(1),
        patience: Duration::from_secs(1),
    };
    assert!(matches!(open(none.clone()), Err(Error::Sources { found: 0, .. })));
    let address = Settings { sources: vec!["ftp://feed".parse().unwrap()], ..none };
    assert!(matches!(open(address), Err(Error::Address { .. })));
}
