//! A mirror of a guardian that is honest, and of one that is not.

#![allow(clippy::unwrap_used, reason = "tests")]

mod logbook;
mod served;
mod world;

use crypto::spec::Slot;
use feed::{Checkpoint, FeedKey, Origin, cosign, with_lines};
use feed_server::log::{LogWriter, Shelf};
use feed_server::mirror::{Settings, open};
use feed_server::{Error, Inputs, Role, SourceState};
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
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

/// The log of another life of guardian 1, with one entry, signed by this key.
fn life(guardian: &Served, number: u64, key: &FeedKey) -> LogWriter {
    let network = guardian.world.definition.id();
    let origin = Origin { network, guardian: GuardianIndex(1), life: Slot(number) };
    let id = format!("3-{number}");
    let path = guardian.directory.path().join("lives").join(&id);
    let mut writer = LogWriter::open(&path, &id, origin).unwrap();
    writer.append(&[b"entry".to_vec()]).unwrap();
    let log = writer.log();
    let checkpoint = Checkpoint { origin, size: log.size(), root: log.root().unwrap() };
    writer.set_checkpoint(&feed::sign(&checkpoint, key)).unwrap();
    writer
}

fn show(guardian: &Served, lives: &[LogWriter]) {
    let logs = lives.iter().map(LogWriter::log).collect();
    guardian.shelf.send_replace(std::sync::Arc::new(Shelf { logs }));
}

#[test]
fn of_a_log_that_its_guardian_did_not_sign_nothing_is_kept() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let forged = [life(&guardian, 7, &FeedKey::from_seed([9; 32]))];
    show(&guardian, &forged);
    let inputs = mirror(&guardian, guardian.world.definition.id(), home.path()).unwrap();
    let address = serve(inputs, generous());
    until(address, "/v1/sources", |answered| answered.json()["data"][0]["state"] == "lying");
    assert!(!home.path().join("mirrored").join("1-3-7").exists());
}

#[test]
fn a_guardian_with_lives_without_end_fills_no_disk() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let count = || std::fs::read_dir(home.path().join("mirrored")).map_or(0, Iterator::count);
    let key = logbook::key(1);
    let lives: Vec<_> = (1..=80).map(|number| life(&guardian, number, &key)).collect();
    let mut turns = lives.chunks(16);
    show(&guardian, turns.next().unwrap());
    let inputs = mirror(&guardian, guardian.world.definition.id(), home.path()).unwrap();
    let address = serve(inputs, generous());
    for (turn, some) in (1..).zip(turns) {
        until(address, "/v1/sources", |_| count() == turn * 16);
        show(&guardian, some);
    }
    let told = until(address, "/v1/sources", |answered| answered.json()["data"][0]["state"] == "lying");
    assert!(told.json()["data"][0]["problem"].as_str().unwrap().contains("after 64"), "{told:?}");
    assert_eq!(count(), 64);
}

#[test]
fn lines_that_nobody_verified_are_not_passed_on() {
    let guardian = Served::start(1, generous());
    let log = guardian.logbook.shelf().logs[0].clone();
    let checkpoint = Checkpoint { origin: *log.origin(), size: log.size(), root: log.root().unwrap() };
    let good = cosign(&checkpoint, &logbook::key(2), GuardianIndex(2), 1);
    let forged = cosign(&checkpoint, &FeedKey::from_seed([9; 32]), GuardianIndex(3), 1);
    // A line that looks like the network's own key's: a mirror cannot know that key.
    let group = forged.replace("/3 ", "/group ");
    let note = feed::sign(&checkpoint, &logbook::key(1));
    let served = with_lines(&note, &[good.clone(), forged, group]).unwrap();
    let expected = with_lines(&note, &[good]).unwrap();
    let mut logbook = guardian.logbook;
    logbook.show(&served);
    let home = tempfile::tempdir().unwrap();
    let settings = Settings {
        network: guardian.world.definition.id(),
        sources: vec![format!("http://{}", guardian.address).parse().unwrap()],
        home: home.path().to_owned(),
        every: Duration::from_millis(100),
        patience: Duration::from_secs(3),
    };
    let address = serve(open(settings).unwrap(), generous());
    let kept = until(address, "/log/1-3-0/checkpoint", |answered| {
        answered.status == 200 && answered.body.len() >= expected.len()
    });
    assert_eq!(String::from_utf8(kept.body).unwrap(), String::from_utf8(expected).unwrap());
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
