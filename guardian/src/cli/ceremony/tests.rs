use super::sheet::sheet;
use super::words::{ending, measure};
use super::*;
use crate::cli::{Cli, execute};
use crate::definition::{render_definition, tests::network};
use clap::Parser;
use guardian_core::ceremony::{AbortReason, Blame, Digest, Outcome, Phase};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// An id that begins with this byte.
pub(in crate::cli) fn id(byte: &str) -> CeremonyId {
    byte.repeat(32).parse().unwrap()
}

pub(in crate::cli) fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A succession that alice opened and nobody else answered.
pub(in crate::cli) fn ceremony(byte: &str) -> CeremonyStatus {
    CeremonyStatus {
        id: id(byte),
        kind: "succession".to_owned(),
        changes: list(&["epoch 0 -> 1", "adds erin (guardian 5)"]),
        keys: 101,
        raiser: GuardianIndex(1),
        opened: crypto::spec::Slot(900),
        expires: crypto::spec::Slot(15_300),
        phase: Phase::Open,
        own: Some(true),
        agreed: list(&["alice"]),
        needed: 3,
        rejected: Vec::new(),
        dealt: Vec::new(),
        collected: Vec::new(),
        progress: None,
        proven: Vec::new(),
        endorsed: Vec::new(),
        destroyed: Vec::new(),
        awaited: list(&["bob", "carol", "dave"]),
        blamed: Vec::new(),
        result: None,
        outcome: None,
    }
}

pub(in crate::cli) fn done(mut ceremony: CeremonyStatus) -> CeremonyStatus {
    ceremony.phase = Phase::Done;
    ceremony.awaited = Vec::new();
    ceremony.outcome = Some(Outcome::Done { result: Digest([7; 32]) });
    ceremony
}

pub(in crate::cli) fn aborted(mut ceremony: CeremonyStatus, reason: AbortReason) -> CeremonyStatus {
    ceremony.phase = Phase::Aborted;
    let absent = std::mem::take(&mut ceremony.awaited);
    ceremony.outcome = Some(Outcome::Aborted { reason, absent });
    ceremony
}

/// What alice shows: all four are there, 3 of 4, set 0.
pub(in crate::cli) fn snapshot(ceremonies: &[CeremonyStatus]) -> StatusSnapshot {
    let mut status = crate::http::tests::snapshot(Some(999));
    for (peer, name) in status.peers.iter_mut().zip(["bob", "carol", "dave"]) {
        peer.name = name.to_owned();
    }
    status.ceremonies = ceremonies.to_vec();
    status
}

#[test]
fn a_ceremony_is_found_by_its_beginning() {
    let mut near = ceremony("ab");
    near.id.0[6] = 1;
    let status = snapshot(&[ceremony("ab"), near, ceremony("12")]);
    let find = |text: &str| find(&ceremony_prefix(text).unwrap(), &status).map_err(|error| error.to_string());
    assert_eq!(find("0x12121212"), Ok(id("12")));
    assert_eq!(find("121212121212…"), Ok(id("12")), "as tables show it");
    assert_eq!(find(&"34".repeat(32)), Ok(id("34")), "the guardian says whether there is one");
    let ambiguous = find("0xabababab").unwrap_err();
    assert!(
        ambiguous.contains("ambiguous: 2 ceremonies") && ambiguous.contains("more digits"),
        "{ambiguous}"
    );
    assert!(find("0xffffffff").unwrap_err().contains("`guardian network status` lists them"));
    for wrong in ["", "0x1234", "1212121g", &"1".repeat(65)] {
        let refused = ceremony_prefix(wrong).unwrap_err();
        assert!(refused.contains("of a ceremony: give its first 8 to 64 hexadecimal digits"), "{refused}");
    }
}

#[test]
fn each_ceremony_has_its_command() {
    let of = |kind: &str, change: &str| {
        Verb::of(&CeremonyStatus { kind: kind.to_owned(), changes: list(&[change]), ..ceremony("5f") })
    };
    assert_eq!(of("succession", "removes dave"), Verb::Reshare);
    assert_eq!(of("succession", "refresh: the same members, new shares"), Verb::Refresh);
    assert_eq!((of("group_key", ""), of("validator_keys", "")), (Verb::Dkg, Verb::Dkg));
    assert_eq!(of("repair", ""), Verb::Repair);
}

#[test]
fn a_second_one_of_a_kind_is_refused_with_the_line_that_joins_the_first() {
    let open = CeremonyStatus { own: None, ..ceremony("5f") };
    let refuse = |all: &[CeremonyStatus], verb: Option<Verb>| {
        let is_alike = |kind: &str| verb.is_none_or(|verb| verb.is_for(kind));
        refuse_second(&snapshot(all), is_alike, verb).map_err(|error| error.to_string())
    };
    let said = refuse(std::slice::from_ref(&open), Some(Verb::Refresh)).unwrap_err();
    for part in [
        "a succession is open already",
        "by guardian 1: epoch 0 -> 1; adds erin",
        &format!("To agree to it and follow it: guardian reshare --join {}", id("5f")),
        &format!("guardian network reject {}", id("5f")),
    ] {
        assert!(said.contains(part), "{part:?} not in {said}");
    }
    let plain = refuse(std::slice::from_ref(&open), None).unwrap_err();
    assert!(plain.contains(&format!("guardian network accept {}", id("5f"))), "{plain}");
    let own = refuse(&[ceremony("5f")], Some(Verb::Reshare)).unwrap_err();
    assert!(own.contains("To follow it: ") && own.contains("guardian network abort"), "{own}");
    assert_eq!(refuse(std::slice::from_ref(&open), Some(Verb::Dkg)), Ok(()));
    let rejected = CeremonyStatus { own: Some(false), ..open };
    assert_eq!(refuse(&[rejected], Some(Verb::Reshare)), Ok(()));
    assert_eq!(refuse(&[done(ceremony("5f"))], Some(Verb::Reshare)), Ok(()));
}

#[test]
fn a_sheet_tells_of_every_member_what_it_did() {
    let members = list(&["alice", "bob", "carol", "dave"]);
    let mut one = CeremonyStatus { own: None, ..ceremony("5f") };
    let text = sheet(&one, &members, None);
    for line in [
        &format!("Ceremony    {} (succession, open)", id("5f")),
        "Changes     epoch 0 -> 1",
        "            adds erin (guardian 5)",
        "Opened      by guardian 1, slot 900; without a result it ends at slot 15300",
        "Agreement   1 of 3 needed",
        "Waits for   bob, carol, dave",
        &format!(
            "This one    YOURS TO DECIDE: guardian network accept {0}, or reject; guardian reshare --join {0}",
            id("5f")
        ),
        "  member  agreed  dealt  checked here  proven  endorsed  destroyed  remarks",
        "  alice   yes     -      -             -       -         -",
        "  bob     -       -      -             -       -         -          AWAITED",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    one.phase = Phase::Dealing;
    one.own = Some(true);
    one.rejected = list(&["bob"]);
    one.dealt = list(&["alice", "dave"]);
    one.collected = list(&["alice"]);
    one.progress = Some((12, 80));
    one.awaited = list(&["erin"]);
    one.blamed = vec![("dave".to_owned(), Blame::InvalidDealing)];
    let text = sheet(&one, &members, None);
    for line in [
        "Fetched     12 of 80 batches of keys",
        "This one    agreed",
        "  alice   yes     yes    yes           -       -         -",
        "  bob     NO      -      -             -       -         -",
        "  dave    -       yes    -             -       -         -          BLAMED invalid_dealing",
        "  erin    -       -      -             -       -         -          AWAITED",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    let over = sheet(&aborted(ceremony("5f"), AbortReason::Expired), &members, None);
    assert!(over.contains("was aborted (expired)") && over.contains("\n            Next: "), "{over}");
}

#[test]
fn an_ending_names_the_absent_and_the_next_step() {
    let told = |one: &CeremonyStatus| ending(one, one.outcome.as_ref().unwrap());
    let good = told(&CeremonyStatus { destroyed: list(&["bob"]), ..done(ceremony("5f")) }).unwrap();
    assert!(good.starts_with("Done: ceremony 0x5f5f") && good.contains("by: bob"), "{good}");
    for (reason, part) in [
        (AbortReason::Expired, "Waited for: bob, carol, dave. Nothing changed"),
        (AbortReason::Expired, "`guardian reshare` again, with a longer --lifetime"),
        (AbortReason::Rejected, "rejected it: nobody"),
        (AbortReason::Withdrawn, "this guardian's operator left it"),
        (AbortReason::Dealers, "at fault: dave (invalid_dealing)"),
        (AbortReason::Superseded, "another definition came into force"),
    ] {
        let mut one = aborted(ceremony("5f"), reason);
        one.blamed = vec![("dave".to_owned(), Blame::InvalidDealing)];
        let why = told(&one).unwrap_err();
        assert!(why.contains(part) && why.contains(&format!("({})", reason.code())), "{part:?} not in {why}");
    }
}

#[test]
fn the_bar_counts_what_the_phase_is_about() {
    let mut one = ceremony("5f");
    assert_eq!(measure(&one), ("operators agreed", 1, 3));
    one.phase = Phase::Dealing;
    assert_eq!(measure(&one), ("dealings", 0, 3));
    one.progress = Some((12, 80));
    assert_eq!(measure(&one), ("batches of keys", 12, 80));
    (one.phase, one.progress, one.proven) = (Phase::Proving, None, list(&["alice"]));
    assert_eq!(measure(&one), ("proofs", 1, 4));
    assert_eq!(measure(&done(one)), ("done", 1, 1));
}

/// A guardian's files, and the guardian's part played at its socket and its window.
struct World {
    directory: tempfile::TempDir,
    definition: NetworkDefinition,
}

impl World {
    /// The window answers one look after the other, the last one for ever; None is a guardian that is away.
    fn new(looks: Vec<Option<StatusSnapshot>>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = listener.local_addr().unwrap();
        let (definition, _) = network(3, 4, 1);
        let world = Self { directory: tempfile::tempdir().unwrap(), definition };
        world.write("network.toml", &world.definition);
        let config = format!(
            "network = \"network.toml\"\nkeys = {{ identity = \"i\", custody = \"c\" }}\n\
             beacon = [{{ name = \"a\", url = \"http://127.0.0.1:1\" }}]\n\
             p2p = {{ listen = [\"/ip4/127.0.0.1/tcp/1\"] }}\nhttp = {{ listen = \"{http}\" }}\n\
             admin = {{ socket = \"admin.sock\" }}\n"
        );
        std::fs::write(world.directory.path().join("guardian.toml"), config).unwrap();
        std::thread::spawn(move || {
            let mut looks = looks.into_iter();
            let mut look = looks.next().unwrap();
            loop {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = BufReader::new(&stream).lines();
                while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                if let Some(status) = &look {
                    let body = serde_json::to_string(status).unwrap();
                    let length = body.len();
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
                }
                if let Some(next) = looks.next() {
                    look = next;
                }
            }
        });
        world
    }

    fn write(&self, name: &str, definition: &NetworkDefinition) {
        let path = self.directory.path().join(name);
        std::fs::write(&path, render_definition(definition, Path::new(name)).unwrap()).unwrap();
    }

    /// Plays the guardian at its socket for as many requests as there are answers; what came is handed on.
    fn played(&self, answers: Vec<Answer>) -> Receiver<Value> {
        let path = self.directory.path().join("admin.sock");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).unwrap();
        let (came, received) = sync_channel(answers.len());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_to_string(&mut line).unwrap();
                came.send(serde_json::from_str::<Value>(&line).unwrap()["request"].take()).unwrap();
                stream.write_all(json!({ "answer": answer }).to_string().as_bytes()).unwrap();
            }
        });
        received
    }

    /// Runs a command about this guardian: what went wrong, and the exit code of that.
    fn run(&self, arguments: &[&str]) -> Result<(), (u8, String)> {
        let config = self.directory.path().join("guardian.toml");
        let config = ["--operator", "alice", "--config", config.to_str().unwrap()];
        let cli = Cli::try_parse_from([&["guardian"], arguments, &config].concat());
        let cli = cli.map_err(|error| (2, error.to_string()))?;
        execute(cli.command).map_err(|error| (crate::cli::told(&error), format!("{error:#}")))
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }
}

fn next(received: &Receiver<Value>) -> Value {
    received.recv_timeout(Duration::from_secs(30)).unwrap()
}

fn convened() -> Answer {
    Answer::Convened { ceremony: id("5f") }
}

#[test]
fn a_refresh_is_followed_over_the_guardians_restart_to_its_end() {
    let after =
        StatusSnapshot { guardian_set_epoch: GuardianSetEpoch(1), ..snapshot(&[done(ceremony("5f"))]) };
    let world = World::new(vec![Some(snapshot(&[])), Some(snapshot(&[ceremony("5f")])), None, Some(after)]);
    let received = world.played(vec![convened()]);
    assert_eq!(world.run(&["refresh", "--lifetime", "36h"]), Ok(()));
    assert_eq!(next(&received), json!({ "refresh": { "lifetime": 10_800 } }));
}

#[test]
fn an_aborted_one_ends_with_code_1_and_the_absent() {
    let looks = vec![Some(snapshot(&[])), Some(snapshot(&[aborted(ceremony("5f"), AbortReason::Expired)]))];
    let world = World::new(looks);
    let received = world.played(vec![convened()]);
    let (code, why) = world.run(&["dkg", "--group", "--json"]).unwrap_err();
    assert_eq!(next(&received), json!({ "convene": { "kind": "group_key", "lifetime": 14_400 } }));
    assert!(code == 1 && why.contains("Waited for: bob, carol, dave"), "{code}: {why}");
}

#[test]
fn a_succession_is_checked_against_the_definition_in_force_and_proposed() {
    let world = World::new(vec![Some(snapshot(&[]))]);
    // Not the one in the file any more.
    let mut in_force = world.definition.clone();
    in_force.guardian_set.epoch = GuardianSetEpoch(7);
    let definition = || Answer::Definition(Box::new(in_force.clone()));
    world.write("next.toml", &guardian_core::succession::refreshed(&world.definition));
    let propose = ["network", "propose", "--next", &world.path("next.toml")];
    let received = world.played(vec![definition(), definition(), definition(), convened()]);
    let (code, why) = world.run(&propose).unwrap_err();
    assert!(code == 1 && why.contains("write: epoch = 8"), "{code}: {why}");
    assert_eq!(next(&received), json!({ "definition": {} }));
    let wanted = guardian_core::succession::refreshed(&in_force);
    world.write("next.toml", &wanted);
    assert_eq!(world.run(&[&propose[..], &["--dry-run"]].concat()), Ok(()));
    assert_eq!(next(&received), json!({ "definition": {} }), "and nothing else");
    assert_eq!(world.run(&[&propose[..], &["--lifetime", "600slots"]].concat()), Ok(()));
    next(&received);
    let kind = json!({ "succession": { "next": wanted } });
    assert_eq!(next(&received), json!({ "convene": { "kind": kind, "lifetime": 600 } }));
}

#[test]
fn others_join_by_the_beginning_of_the_id() {
    let open = CeremonyStatus { own: None, kind: "repair".to_owned(), ..ceremony("5f") };
    let world = World::new(vec![Some(snapshot(&[open]))]);
    let received = world.played(vec![convened(), convened(), convened()]);
    let answer = |agrees: bool, note: &str| json!({ "answer_ceremony": { "ceremony": id("5f"), "agrees": agrees, "note": note } });
    assert_eq!(world.run(&["repair", "--join", "0x5f5f5f5f", "--detach"]), Ok(()));
    assert_eq!(next(&received), answer(true, ""));
    assert_eq!(world.run(&["network", "reject", "0x5f5f5f5f", "--note", "who is erin?"]), Ok(()));
    assert_eq!(next(&received), answer(false, "who is erin?"));
    assert_eq!(world.run(&["network", "abort", &id("5f").to_string()]), Ok(()));
    assert_eq!(next(&received), json!({ "abort_ceremony": { "ceremony": id("5f"), "note": "" } }));
    let (code, why) = world.run(&["dkg", "--join", "0x5f5f5f5f"]).unwrap_err();
    assert!(code == 2 && why.contains("is a repair; use: guardian repair --join 0x5f5f"), "{code}: {why}");
    let (code, why) = world.run(&["repair", "dave"]).unwrap_err();
    assert!(code == 1 && why.contains("a repair is open already"), "{code}: {why}");
}

#[test]
fn what_is_over_or_agreed_to_is_only_followed() {
    let world = World::new(vec![Some(snapshot(&[ceremony("5f")])), Some(snapshot(&[done(ceremony("5f"))]))]);
    let received = world.played(Vec::new());
    assert_eq!(world.run(&["reshare", "--join", "5f5f5f5f"]), Ok(()));
    assert_eq!(world.run(&["reshare", "--join", "5f5f5f5f", "--detach", "--json"]), Ok(()));
    assert!(received.try_recv().is_err());
}

#[test]
fn helpers_and_wrong_usage() {
    let world = World::new(vec![Some(snapshot(&[]))]);
    let received = world.played(vec![convened()]);
    assert_eq!(world.run(&["repair", "dave", "--detach"]), Ok(()));
    let kind = json!({ "repair": { "lost": 4, "helpers": [1, 2, 3] } });
    assert_eq!(next(&received), json!({ "convene": { "kind": kind, "lifetime": 14_400 } }));
    let credentials = format!("0x01{}{}", "00".repeat(11), "ab".repeat(20));
    for (arguments, expected) in [
        (vec!["reshare"], "--next <FILE>"),
        (vec!["reshare", "--next", "n.toml", "--join", "0x5f5f5f5f"], "cannot be used with"),
        (vec!["refresh", "--lifetime", "soon"], "write it like 6h"),
        (vec!["refresh", "--lifetime", "1m"], "--lifetime: 5 slots cannot be"),
        (vec!["refresh", "--join", "0x1234"], "first 8 to 64 hexadecimal digits"),
        (vec!["dkg"], "--group"),
        (vec!["dkg", "--validators", "3"], "--withdrawal-credentials"),
        (vec!["dkg", "--validators", "129", "--withdrawal-credentials", &credentials], "1 to 128 validators"),
        (vec!["dkg", "--validators", "3", "--withdrawal-credentials", "0x12"], "11 zero bytes"),
        (
            vec!["dkg", "--group", "--validators", "3", "--withdrawal-credentials", &credentials],
            "cannot be used",
        ),
        (vec!["dkg", "--group", "--withdrawal-credentials", &credentials], "cannot be used"),
        (vec!["repair"], "<GUARDIAN>"),
        (vec!["repair", "eve"], "GUARDIAN: no guardian is called `eve`"),
        (vec!["repair", "dave", "--helpers", "1,2"], "--helpers: 2 of 3"),
        (vec!["network", "accept"], "<ID>"),
        (vec!["network", "accept", "0x5f5f5f5f", "--note", "a\nb"], "must be one line"),
        (vec!["network", "propose"], "--next <FILE>"),
    ] {
        let (code, why) = world.run(&arguments).unwrap_err();
        assert!(code == 2 && why.contains(expected), "{arguments:?}: {code}: {why}");
    }
    let (code, why) = world.run(&["network", "accept", "0x5f5f5f5f"]).unwrap_err();
    assert!(code == 1 && why.contains("knows no ceremony whose id begins with"), "{code}: {why}");
}
