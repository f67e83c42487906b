//! The server as its readers meet it: over sockets.

#![allow(clippy::unwrap_used, reason = "tests")]

mod logbook;
mod served;
mod world;

use feed::{Dossier, KeyBinding, Keys, TilePath, tree, verify_note};
use feed_server::Settings;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::proposal::State;
use guardian_core::record::Record;
use served::{Answered, Served, generous};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn every_answer_says_how_old_it_is_and_who_may_read_it() {
    let served = Served::start(50, generous());
    for path in
        ["/v1/network", "/v1/guardians", "/v1/validators", "/v1/operators", "/v1/exits", "/v1/nothing"]
    {
        let answered = served.get(path);
        let freshness = &answered.json()["freshness"];
        assert_eq!(freshness["slot"], served.slot.0, "{path}");
        assert_eq!(freshness["stale"], false, "{path}");
        assert_eq!(answered.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answered.header("x-content-type-options"), Some("nosniff"));
        assert!(answered.header("content-security-policy").is_some());
    }
    assert_eq!(served.get("/v1/nothing").status, 404);
    assert_eq!(served.get("/v1/validators?colour=red").status, 400);
    let refused = served.ask("DELETE", "/v1/network", "");
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET,HEAD")));
    assert_eq!(refused.json()["error"]["code"], "method_not_allowed");
    assert_eq!(served.ask("OPTIONS", "/v1/network", "").status, 204);
    let head = served.ask("HEAD", "/v1/network", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn what_is_known_is_not_sent_again_until_the_next_slot() {
    let mut served = Served::start(50, generous());
    let first = served.get("/v1/guardians");
    let tag = first.header("etag").unwrap().to_owned();
    let again = served.ask("GET", "/v1/guardians", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert!(first.header("cache-control").unwrap().starts_with("public, max-age="));
    served.tick();
    let slot = served.slot.0;
    served.until("/v1/guardians", |answered| answered.json()["freshness"]["slot"] == slot);
    let later = served.ask("GET", "/v1/guardians", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!(later.status, 200);
}

#[test]
fn pages_of_a_list_are_the_list() {
    let served = Served::start(120, generous());
    let all = served.get("/v1/validators?limit=1000&sort=balance&order=desc").json();
    let total = all["total"].as_u64().unwrap();
    let (mut offset, mut parts) = (0, Vec::new());
    loop {
        let part =
            served.get(&format!("/v1/validators?limit=50&sort=balance&order=desc&offset={offset}")).json();
        parts.extend(part["data"].as_array().unwrap().clone());
        match part["next"].as_u64() {
            Some(next) => offset = next,
            None => break,
        }
    }
    assert_eq!(parts.len() as u64, total);
    assert_eq!(&parts, all["data"].as_array().unwrap());
    let warned = served.get("/v1/validators?health=ok&limit=1000").json();
    assert!(warned["data"].as_array().unwrap().iter().all(|one| one["health"] == "ok"));
    assert!(warned["total"].as_u64().unwrap() < total);
}

#[test]
fn long_answers_are_packed_for_who_takes_it_and_say_the_same() {
    let served = Served::start(200, generous());
    for path in ["/v1/validators?limit=200", "/v1/snapshot"] {
        let plain = served.get(path);
        let packed = served.ask("GET", path, "Accept-Encoding: gzip\r\n");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() * 2 < plain.body.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body, "{path}");
    }
}

#[test]
fn one_address_is_limited_and_told_when_to_come_again() {
    let served = Served::start(1, Settings { requests_per_second: 1, burst: 20, ..Settings::default() });
    let refused = (0..40).map(|_| served.get("/healthz")).find(|answered| answered.status == 429).unwrap();
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(refused.json()["error"]["code"], "too_many_requests");
}

#[test]
fn a_connection_serves_many_requests_and_ends_when_it_is_idle() {
    let settings = Settings { idle: Duration::from_millis(300), ..generous() };
    let served = Served::start(1, settings);
    let mut stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: feed\r\n\r\n").unwrap();
        let mut got = Vec::new();
        while !got.ends_with(b"\r\n\r\nok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            got.push(byte[0]);
        }
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
    // And one that never says what it wants.
    let mut slow = TcpStream::connect(served.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(!String::from_utf8_lossy(&rest).contains("200"));
}

/// Everything that a reader verifies who knows nothing but the network's id.
#[test]
fn the_log_verifies_from_the_network_id_alone() {
    let served = Served::start(50, generous());
    let id = served.world.definition.id();
    let key = served.get("/v1/key").json()["data"].clone();
    let definition: NetworkDefinition = serde_json::from_value(key["definition"].clone()).unwrap();
    assert_eq!(definition.id(), id);
    let binding: KeyBinding = serde_json::from_value(key["binding"].clone()).unwrap();
    let guardian = GuardianIndex(u16::try_from(key["guardian"].as_u64().unwrap()).unwrap());
    let keys = Keys::bound(&definition, [(guardian, &binding)], None).unwrap();
    let logs = served.get("/v1/logs").json();
    assert_eq!(served.ask("GET", "/log", "Accept: application/json\r\n").json()["data"], logs["data"]);
    let name = logs["data"][0]["id"].as_str().unwrap().to_owned();
    let note = served.get(&format!("/log/{name}/checkpoint"));
    let checkpoint = verify_note(&note.body, &keys).unwrap().checkpoint;
    assert!(checkpoint.size > 1_500);
    let fetch = |path: &TilePath| {
        let answered = served.get(&format!("/log/{name}/{path}"));
        assert!(answered.header("cache-control").unwrap().contains("immutable") == path.is_full());
        Ok(answered.body)
    };
    let hashes = tree::TileHashes::new(checkpoint.size, checkpoint.root, fetch).unwrap();
    let index = checkpoint.size - 1;
    let path = TilePath::of_entry(index, checkpoint.size).unwrap();
    let bundle = served.get(&format!("/log/{name}/{path}")).body;
    let entry = *feed::tile::unbundle(&bundle, path.width).unwrap().last().unwrap();
    let proof = tree::prove_inclusion(checkpoint.size, index, &hashes).unwrap();
    tree::check_inclusion(&proof, checkpoint.size, checkpoint.root, index, tree::leaf_hash(entry)).unwrap();
    assert_eq!(served.get(&format!("/log/{name}/tile/0/999")).status, 404);
    assert_eq!(served.get(&format!("/log/{name}/tile/../../etc/passwd")).status, 400);
    assert_eq!(served.get("/log/9-9/checkpoint").status, 404);
}

#[test]
fn a_dossier_is_served_once_the_log_tells_of_the_exit() {
    let mut served = Served::start(50, generous());
    let unknown = format!("/v1/proposals/0x{}/dossier", "00".repeat(32));
    assert_eq!(served.get(&unknown).status, 404);
    assert_eq!(served.get("/v1/proposals/0x12/dossier").status, 400);
    let proposal = served.world.status(served.slot).proposals[0].proposal.clone();
    let (id, at) = (proposal.id(), served.slot);
    served.logbook.records(&[
        Record::Proposed { proposal, at },
        Record::Moved { proposal: id, to: State::Rejected, at },
    ]);
    let answered = served.until(&format!("/v1/proposals/{id}/dossier"), |answered| answered.status == 200);
    let dossier = Dossier::decode(&answered.body).unwrap();
    let report = dossier.verify(served.world.definition.id()).unwrap();
    assert_eq!(dossier.entries.len(), 4, "definition, key, and what happened");
    assert!(!report.checks.is_empty());
}

/// Reads a stream until so many events have come.
fn events(served: &Served, query: &str, headers: &str, count: usize) -> Vec<String> {
    let mut stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /v1/events{query} HTTP/1.1\r\nHost: feed\r\n{headers}\r\n").unwrap();
    let mut events = Vec::new();
    let mut event = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if line.starts_with("id: ") || line.starts_with("event: ") {
            event.push_str(&line);
            event.push(' ');
        } else if line.is_empty() && !event.is_empty() {
            events.push(std::mem::take(&mut event).trim().to_owned());
            if events.len() == count {
                break;
            }
        }
    }
    events
}

#[test]
fn a_stream_begins_with_the_present_and_goes_on_where_a_reader_left() {
    let mut served = Served::start(20, generous());
    served.tick();
    let first = events(&served, "", "", 1);
    assert_eq!(first, ["event: status"]);
    let size = served.get("/v1/logs").json()["data"][0]["size"].as_u64().unwrap();
    let from = size - 5;
    let again = events(&served, "", &format!("Last-Event-ID: 3-0:{from}\r\n"), 5);
    let expected: Vec<String> =
        (from + 1..size).map(|index| format!("id: 3-0:{index} event: entry")).collect();
    assert_eq!(again[1..], expected, "{again:?}");
    // Who cannot set headers says it in the query; a header is newer and wins.
    let asked = events(&served, &format!("?last_event_id=3-0:{from}"), "", 5);
    assert_eq!(asked[1..], expected, "{asked:?}");
    let both = events(&served, "?last_event_id=3-0:3", &format!("Last-Event-ID: 3-0:{from}\r\n"), 5);
    assert_eq!(both[1..], expected, "{both:?}");
    let gap = events(&served, "", "Last-Event-ID: 3-0:3\r\n", 2);
    assert!(gap[1].ends_with("event: gap"), "{gap:?}");
    let refused = served.ask("GET", "/v1/events", "Last-Event-ID: nonsense\r\n");
    assert_eq!(refused.status, 400);
    let unknown = served.ask("GET", "/v1/events", "Last-Event-ID: 9-9:1\r\n");
    assert_eq!(unknown.status, 404);
}

#[test]
fn streams_of_one_address_are_limited() {
    let served = Served::start(1, Settings { streams_per_address: 2, ..generous() });
    let open = || {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(b"GET /v1/events HTTP/1.1\r\nHost: feed\r\n\r\n").unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        (String::from_utf8(head.to_vec()).unwrap(), stream)
    };
    let (one, two, three) = (open(), open(), open());
    assert_eq!(one.0, "HTTP/1.1 200");
    assert_eq!(two.0, "HTTP/1.1 200");
    assert_eq!(three.0, "HTTP/1.1 429");
    drop(one);
    // Its end is seen when the server reads or writes next.
    let started = std::time::Instant::now();
    while open().0 != "HTTP/1.1 200" {
        assert!(started.elapsed() < Duration::from_secs(60), "a place is never given back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn feeds_for_other_programs_are_served() {
    let served = Served::start(50, generous());
    let kind = |answered: &Answered| answered.header("content-type").unwrap().to_owned();
    let atom = served.get("/v1/feed.atom");
    assert_eq!((atom.status, kind(&atom).as_str()), (200, "application/atom+xml; charset=utf-8"));
    let operator = world::operator(0);
    let calendar = served.get(&format!("/v1/operators/{operator}/runway.ics"));
    assert_eq!((calendar.status, kind(&calendar).as_str()), (200, "text/calendar; charset=utf-8"));
    let consumption = served.get(&format!("/v1/puffer/noop/consumption/calculate/{operator}"));
    let keys: Vec<String> = consumption.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "activeValidators",
            "exitedButNotFinalizedValidators",
            "shouldEject",
            "showWarning",
            "ticketsConsumed",
            "vtBalance"
        ]
    );
    assert_eq!(consumption.header("feed-stale"), Some("false"));
    let history = served.until("/v1/validators/1000001/history", |answered| {
        answered.json()["data"]["balances"].as_array().is_some_and(|balances| !balances.is_empty())
    });
    assert_eq!(history.status, 200);
}

#[test]
fn one_address_has_a_part_of_the_connections() {
    let settings = Settings { connections_per_address: 2, streams_per_address: 1, ..generous() };
    let served = Served::start(1, settings);
    let open = || {
        let mut stream = TcpStream::connect(served.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: feed\r\n\r\n").ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).ok().map(|()| stream)
    };
    // The server may not have noticed yet that earlier ones are closed.
    let later = || {
        std::thread::sleep(Duration::from_millis(10));
        open()
    };
    let again = || std::iter::repeat_with(later).take(1_000).flatten().next().unwrap();
    let held = [again(), again(), again()];
    assert!(open().is_none(), "a fourth is closed");
    drop(held);
    again();
}

#[test]
fn preflights_pass_the_gate_as_well() {
    let served = Served::start(1, Settings { requests_per_second: 1, burst: 20, ..Settings::default() });
    let mut answers = (0..60).map(|_| served.ask("OPTIONS", "/v1/network", ""));
    let refused = answers.find(|answered| answered.status == 429).unwrap();
    assert!(refused.head.to_ascii_lowercase().contains("access-control-allow-origin: *"), "{}", refused.head);
}
