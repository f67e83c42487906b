//! A mirror of a guardian that is honest, and of one that is not.

#![allow(clippy::unwrap_used, reason = "tests")]

mod logbook;
mod relay;
mod served;
mod world;

use crypto::spec::Slot;
use feed::{Checkpoint, FeedKey, Origin, cosign, with_lines};
use feed_server::log::{LogWriter, Shelf};
use feed_server::mirror::{Settings, TURN, open};
use feed_server::{Error, Inputs, Role, SourceState};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition, NetworkId};
use logbook::Logbook;
use relay::{Relay, Route};
use served::{Answered, Served, ask, generous, serve, until};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use world::{NOW, World};

/// Of sources on this machine.
fn settings(sources: &[SocketAddr], network: NetworkId, home: &Path) -> Settings {
    Settings {
        network,
        sources: sources.iter().map(|source| format!("http://{source}").parse().unwrap()).collect(),
        home: home.to_owned(),
        every: Duration::from_millis(100),
        turn: TURN,
        patience: Duration::from_secs(3),
    }
}

fn mirror(served: &Served, network: NetworkId, home: &Path) -> Result<Inputs, Error> {
    open(settings(&[served.address], network, home))
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
        let started = Instant::now();
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
    guardian.shelf.send_replace(Arc::new(Shelf { logs }));
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
    let lives: Vec<_> = (1..=24).map(|number| life(&guardian, number, &key)).collect();
    let mut turns = lives.chunks(8);
    show(&guardian, turns.next().unwrap());
    let inputs = mirror(&guardian, guardian.world.definition.id(), home.path()).unwrap();
    let address = serve(inputs, generous());
    for (turn, some) in (1..).zip(turns) {
        until(address, "/v1/sources", |_| count() == turn * 8);
        show(&guardian, some);
    }
    // It may be honest: what is here is followed on.
    let is_said =
        |answered: &Answered| answered.json()["data"][0]["problem"].to_string().contains("after 16");
    let told = until(address, "/v1/sources", is_said);
    assert_eq!(told.json()["data"][0]["state"], "unreachable", "{told:?}");
    assert_eq!(count(), 16);
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
    let settings = settings(&[guardian.address], guardian.world.definition.id(), home.path());
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
        turn: TURN,
        patience: Duration::from_secs(1),
    };
    assert!(matches!(open(none.clone()), Err(Error::Sources { found: 0, .. })));
    let address = Settings { sources: vec!["ftp://feed".parse().unwrap()], ..none };
    assert!(matches!(open(address), Err(Error::Address { .. })));
}

/// How it goes with the only source, for people.
fn problem(answered: &Answered) -> String {
    answered.json()["data"][0]["problem"].as_str().unwrap_or_default().to_owned()
}

fn is_state(answered: &Answered, state: &str) -> bool {
    answered.json()["data"][0]["state"] == state
}

fn is_size(answered: &Answered, size: u64) -> bool {
    answered.json()["data"][0]["size"] == size
}

#[test]
fn sources_that_never_answer_keep_no_other_waiting() {
    let mut guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    // Nobody accepts what is connected here. One after the other they would take longer than anything here waits.
    let silent: Vec<_> = (0..4).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
    let addresses: Vec<_> =
        silent.iter().map(|one| one.local_addr().unwrap()).chain([guardian.address]).collect();
    let settings = Settings {
        patience: Duration::from_secs(20),
        ..settings(&addresses, guardian.world.definition.id(), home.path())
    };
    let address = serve(open(settings).unwrap(), generous());
    for _ in 0..2 {
        guardian.tick();
        let (slot, size) = (guardian.slot.0, guardian.logbook.shelf().logs[0].size());
        until(address, "/v1/network", |answered| answered.json()["freshness"]["slot"] == slot);
        until(address, "/v1/logs", |answered| is_size(answered, size));
    }
    let sources = ask(address, "GET", "/v1/sources", "").json();
    assert_eq!(sources["data"][4]["state"], "following");
}

#[test]
fn a_log_that_is_not_followed_keeps_neither_older_ones_nor_the_status_back() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let key = logbook::key(1);
    let origin = *life(&guardian, 9, &key).log().origin();
    // No checkpoint of it is served.
    let begun = LogWriter::open(&guardian.directory.path().join("begun"), "3-9", origin).unwrap();
    // And the copy of this one is damaged.
    let damaged = home.path().join("mirrored/1-3-8");
    std::fs::create_dir_all(&damaged).unwrap();
    std::fs::write(damaged.join("origin"), "something else").unwrap();
    show(&guardian, &[life(&guardian, 7, &key), life(&guardian, 8, &key), begun]);
    let inputs = mirror(&guardian, guardian.world.definition.id(), home.path()).unwrap();
    let address = serve(inputs, generous());
    let slot = guardian.slot.0;
    until(address, "/v1/network", |answered| {
        answered.status == 200 && answered.json()["freshness"]["slot"] == slot
    });
    let told = until(address, "/v1/sources", |answered| answered.json()["data"][0]["entries"] == 1);
    assert!(is_state(&told, "unreachable") && problem(&told).contains("/log/3-9/checkpoint"), "{told:?}");
    assert_eq!(ask(address, "GET", "/log/1-3-7/checkpoint", "").status, 200);
}

#[test]
fn a_guardian_that_is_named_twice_is_said_to_be() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let relay = Relay::start(Route::To(guardian.address));
    let sources = [guardian.address, relay.address];
    let settings = settings(&sources, guardian.world.definition.id(), home.path());
    let address = serve(open(settings).unwrap(), generous());
    until(address, "/v1/sources", |answered| {
        let sources = answered.json()["data"].clone();
        let has = |state: &str, text: &str| {
            let mut all = sources.as_array().unwrap().iter();
            all.any(|one| one["state"] == state && one["problem"].as_str().unwrap_or_default().contains(text))
        };
        has("following", "")
            && has(
                "unreachable",
                "another source of this mirror is guardian 1's too; name each guardian once",
            )
    });
}

#[test]
fn a_look_that_is_given_up_loses_nothing_and_the_next_goes_on() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let relay = Relay::start(Route::Hold(guardian.address, "/tile/entries/001"));
    let settings = Settings {
        turn: Duration::from_secs(4),
        ..settings(&[relay.address], guardian.world.definition.id(), home.path())
    };
    let address = serve(open(settings).unwrap(), generous());
    until(address, "/v1/sources", |answered| {
        let entries = answered.json()["data"][0]["entries"] == 256;
        is_state(answered, "unreachable") && entries && problem(answered).contains("given up")
    });
    relay.turn(Route::To(guardian.address));
    let whole = guardian.logbook.shelf().logs[0].size();
    until(address, "/v1/sources", |answered| {
        // The writer was given back: nobody tried to make a second one.
        assert!(!problem(answered).contains("another process"), "{answered:?}");
        answered.json()["data"][0]["entries"] == whole && is_state(answered, "following")
    });
}

/// Serves another network that guardian 1 is in, beside the log that `guardian` has.
fn other(guardian: &Served, definition: NetworkDefinition) -> SocketAddr {
    let world = World::of(definition, 1);
    let mut logbook = Logbook::begin(&guardian.directory.path().join("next"), &world, 1);
    logbook.history(10, NOW);
    let logs =
        [guardian.logbook.shelf(), logbook.shelf()].iter().flat_map(|shelf| shelf.logs.clone()).collect();
    // Senders that are gone: the server would end.
    let (status, statuses) = watch::channel(Some(Arc::new(world.status(NOW))));
    std::mem::forget(status);
    serve(
        Inputs {
            definition: Arc::new(world.definition.clone()),
            status: statuses,
            shelf: watch::channel(Arc::new(Shelf { logs })).1,
            binding: logbook::binding(&world, 1),
            bindings: watch::channel(logbook::bindings(&world)).1,
            home: None,
            role: Role::Guardian,
        },
        generous(),
    )
}

#[test]
fn a_network_that_moved_on_is_told_and_its_old_log_still_taken_in() {
    let mut guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let relay = Relay::start(Route::To(guardian.address));
    let network = guardian.world.definition.id();
    let address = serve(open(settings(&[relay.address], network, home.path())).unwrap(), generous());
    until(address, "/v1/sources", |answered| is_state(answered, "following"));
    let slot = NOW.0;
    until(address, "/v1/network", |answered| answered.json()["freshness"]["slot"] == slot);

    let mut next = guardian.world.definition.clone();
    next.guardian_set.epoch = GuardianSetEpoch(4);
    let id = next.id().to_string();
    relay.turn(Route::To(other(&guardian, next)));
    let told = until(address, "/v1/sources", |answered| is_state(answered, "moved"));
    let said = problem(&told);
    assert!(said.contains(&id) && said.contains("epoch 4") && said.contains("it says"), "{said}");
    assert!(said.contains("start a mirror with that id"), "{said}");
    let page = ask(address, "GET", "/", "");
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("says that the guardians changed"), "the page says it too");

    // The guardian writes a last entry to the old log.
    guardian.tick();
    let size = guardian.logbook.shelf().logs[0].size();
    until(address, "/v1/logs", |answered| is_size(answered, size));
    let sources = ask(address, "GET", "/v1/sources", "");
    assert!(is_state(&sources, "moved"), "{sources:?}");
    let network = ask(address, "GET", "/v1/network", "");
    assert_eq!(network.json()["freshness"]["slot"], slot, "the last good status stays");
}

#[test]
fn another_definition_of_no_later_set_is_a_lie() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let relay = Relay::start(Route::To(guardian.address));
    let network = guardian.world.definition.id();
    let address = serve(open(settings(&[relay.address], network, home.path())).unwrap(), generous());
    until(address, "/v1/sources", |answered| is_state(answered, "following"));
    let mut conflicting = guardian.world.definition.clone();
    conflicting.caps.exits_per_day += 1;
    relay.turn(Route::To(other(&guardian, conflicting)));
    let told = until(address, "/v1/sources", |answered| is_state(answered, "lying"));
    assert!(problem(&told).contains("no later"), "{told:?}");
}

/// Mirrors what is behind the relay until all of it is kept, ends, and gives the log's checkpoint.
fn mirror_once(guardian: &Served, relay: &Relay, home: &Path) -> Vec<u8> {
    let log = guardian.logbook.shelf().logs[0].clone();
    let inputs = open(settings(&[relay.address], guardian.world.definition.id(), home)).unwrap();
    let started = Instant::now();
    let wait = |what: &str| {
        assert!(started.elapsed() < Duration::from_secs(60), "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    };
    let url = relay.url().to_string();
    let is_kept = || {
        let network = std::fs::read_to_string(home.join("kept/network.json")).unwrap_or_default();
        network.contains(url.trim_end_matches('/')) && home.join("kept/status.json.gz").exists()
    };
    let is_whole =
        || inputs.shelf.borrow().current().is_some_and(|copy| copy.checkpoint() == log.checkpoint());
    while !is_kept() || !is_whole() {
        wait("kept");
    }
    drop(inputs);
    // The mirror lets go of its files when it finds that nobody listens.
    while LogWriter::open(&home.join("mirrored/1-3-0"), "1-3-0", *log.origin()).is_err() {
        wait("let go");
    }
    log.checkpoint().unwrap().to_vec()
}

#[test]
fn a_mirror_that_restarts_while_no_source_answers_serves_what_it_had() {
    let guardian = Served::start(5, generous());
    let old = NOW.saturating_sub(100);
    guardian.status.send_replace(Some(Arc::new(guardian.world.status(old))));
    guardian.until("/v1/network", |answered| answered.json()["freshness"]["slot"] == old.0);
    let home = tempfile::tempdir().unwrap();
    let relay = Relay::start(Route::To(guardian.address));
    let checkpoint = mirror_once(&guardian, &relay, home.path());

    relay.turn(Route::Down);
    let network = guardian.world.definition.id();
    let inputs = open(settings(&[relay.address], network, home.path())).unwrap();
    assert_eq!(inputs.definition.id(), network);
    let address = serve(inputs, generous());
    let told = until(address, "/v1/network", |answered| answered.status == 200).json();
    assert_eq!(told["freshness"]["slot"], old.0);
    assert_eq!(told["freshness"]["stale"], true);
    assert_eq!(told["freshness"]["guardian"], 1);
    assert_eq!(ask(address, "GET", "/log/1-3-0/checkpoint", "").body, checkpoint);
    assert_eq!(ask(address, "GET", "/log/1-3-0/tile/entries/000", "").status, 200);
    assert_eq!(ask(address, "GET", "/", "").status, 200);
    let key = ask(address, "GET", "/v1/key", "").json();
    assert!(key["data"]["vkey"].is_string(), "{key}");
    until(address, "/v1/sources", |answered| is_state(answered, "unreachable"));

    relay.turn(Route::To(guardian.address));
    until(address, "/v1/sources", |answered| is_state(answered, "following"));
}

#[test]
fn what_was_kept_and_is_damaged_is_fetched_again() {
    let guardian = Served::start(1, generous());
    let home = tempfile::tempdir().unwrap();
    let relay = Relay::start(Route::To(guardian.address));
    let network = guardian.world.definition.id();
    let file = home.path().join("kept/network.json");
    mirror_once(&guardian, &relay, home.path());
    let good = std::fs::read_to_string(&file).unwrap();
    let (name, another) = ("\"name\": \"demo\"", "\"name\": \"demi\"");
    assert!(good.contains(name));
    for damaged in [good.replace(name, another), good[..good.len() / 2].to_owned()] {
        std::fs::write(&file, damaged).unwrap();
        relay.turn(Route::Down);
        let refused = open(settings(&[relay.address], network, home.path()));
        assert!(matches!(refused, Err(Error::Definition { .. })), "{refused:?}");
        relay.turn(Route::To(guardian.address));
        std::fs::remove_file(home.path().join("kept/status.json.gz")).unwrap();
        mirror_once(&guardian, &relay, home.path());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
    }
}
