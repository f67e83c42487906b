//! A real socket, with the core's side of it faked: what arrives in the inbox is answered here.

use super::protocol::{MAX_LINE, check_operator};
use super::*;
use crate::Error;
use guardian_core::pause::{PauseScope, PauseStatus};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Client;
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;

mod journal;

/// Long for this machine on a bad day; nothing waits for it unless it fails.
const LONG: Duration = Duration::from_secs(30);

/// A served socket.
struct Office {
    path: PathBuf,
    arrivals: mpsc::Receiver<Arrival>,
    server: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Office {
    async fn open(patience: Patience) -> Self {
        Self::with(Weak::new(), patience).await
    }

    async fn with(store: Weak<Store>, patience: Patience) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data/admin.sock");
        let socket = Socket::bind(&path).await.unwrap();
        let (inbox, arrivals) = mpsc::channel(64);
        let server = tokio::spawn(serve_with(socket, store, inbox, patience));
        Self { path, arrivals, server, _directory: directory }
    }

    /// The next request, with the right to answer it.
    async fn next(&mut self) -> (OperatorName, Request, oneshot::Sender<Box<Answer>>) {
        let arrival = tokio::time::timeout(LONG, self.arrivals.recv()).await.unwrap().unwrap();
        let Event::OperatorAsked { ask, by, request } = arrival.event else { panic!("{:?}", arrival.event) };
        let Some(Reply::Operator(same, answer)) = arrival.reply else { panic!("no way to answer") };
        assert_eq!(ask, same);
        (by, request, answer)
    }
}

/// Sends bytes and reads all that comes back.
async fn tell(path: &Path, bytes: impl Into<Vec<u8>>) -> Value {
    let (path, bytes) = (path.to_owned(), bytes.into());
    let told = tokio::task::spawn_blocking(move || {
        let mut stream = Client::connect(path).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        // A server that has seen enough may have closed already.
        let _ = stream.write_all(&bytes);
        let mut text = Vec::new();
        // The same: what it said before it closed is there.
        let _ = stream.read_to_end(&mut text);
        serde_json::from_slice(&text).unwrap()
    });
    told.await.unwrap()
}

async fn ask_for(path: &Path, request: Request) -> Result<Answer, Error> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || ask(&path, "alice", &request)).await.unwrap()
}

fn resume() -> Request {
    Request::Resume { scope: PauseScope::Local, note: "done".to_owned() }
}

fn line(request: &Value) -> String {
    format!("{}\n", json!({ "version": 1, "operator": "alice", "request": request }))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_reaches_the_core_with_who_asks_and_its_answer_comes_back() {
    let mut office = Office::open(PATIENCE).await;
    let asking = tokio::spawn({
        let path = office.path.clone();
        async move { ask_for(&path, resume()).await }
    });
    let (by, request, answer) = office.next().await;
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
    assert_eq!((by.uid, by.name.as_str()), (own, "alice"));
    assert_eq!(request, resume());
    let pauses = Answer::Pauses(PauseStatus { threshold: 3, ..PauseStatus::default() });
    answer.send(Box::new(pauses.clone())).unwrap();
    assert_eq!(asking.await.unwrap().unwrap(), pauses);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_open_it_and_it_goes_when_nobody_wants_requests_any_more() {
    let office = Office::open(PATIENCE).await;
    assert_eq!(mode(&office.path), 0o600);
    assert_eq!(mode(office.path.parent().unwrap()), 0o700);
    let left: Vec<_> = std::fs::read_dir(office.path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left of its making: {left:?}");
    drop(office.arrivals);
    tokio::time::timeout(LONG, office.server).await.unwrap().unwrap();
    assert!(!office.path.exists());
    let gone = ask_for(&office.path, resume()).await.unwrap_err();
    assert!(matches!(gone, Error::NotRunning { .. }), "{gone}");
    assert!(gone.to_string().contains("is it running"), "{gone}");
}

#[test]
fn only_our_user_and_root_are_served() {
    assert!(is_served(1000, 1000));
    assert!(is_served(0, 1000));
    assert!(!is_served(1001, 1000));
    assert!(!is_served(1000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_socket_is_refused_and_a_dead_ones_place_is_taken() {
    let office = Office::open(PATIENCE).await;
    let refused = Socket::bind(&office.path).await.unwrap_err().to_string();
    assert!(refused.contains("another process answers there"), "{refused}");
    assert!(office.path.exists(), "and it is left alone");

    // As a process leaves it that was killed.
    let dead = office.path.with_file_name("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    assert!(dead.exists());
    let socket = Socket::bind(&dead).await.unwrap();
    assert_eq!(mode(&dead), 0o600);
    assert!(Client::connect(&dead).is_ok());

    // Whose place was taken does not take the successor away.
    std::fs::remove_file(&dead).unwrap();
    let successor = Socket::bind(&dead).await.unwrap();
    drop(socket);
    assert!(dead.exists());
    drop(successor);
    assert!(!dead.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_socket_and_what_others_may_replace_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("admin.sock");
    std::fs::write(&file, "precious").unwrap();
    let refused = Socket::bind(&file).await.unwrap_err().to_string();
    assert!(refused.contains("is no socket; move it away"), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");

    let open = directory.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Socket::bind(&open.join("admin.sock")).await.unwrap_err().to_string();
    assert!(refused.contains("chmod go-w"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_sockets_address_works_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("d".repeat(120)).join("admin.sock");
    let socket = Socket::bind(&path).await.unwrap();
    let (inbox, mut arrivals) = mpsc::channel(1);
    let server = tokio::spawn(serve(socket, Weak::new(), inbox));
    let asking = tokio::spawn({
        let path = path.clone();
        async move { ask_for(&path, resume()).await }
    });
    let arrival = tokio::time::timeout(LONG, arrivals.recv()).await.unwrap().unwrap();
    let Some(Reply::Operator(_, answer)) = arrival.reply else { panic!("{arrival:?}") };
    answer.send(Box::new(Answer::Inspection(Vec::new()))).unwrap();
    assert_eq!(asking.await.unwrap().unwrap(), Answer::Inspection(Vec::new()));
    let refused = Socket::bind(&path).await.unwrap_err().to_string();
    assert!(refused.contains("another process answers"), "{refused}");
    drop(arrivals);
    server.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_told_so_and_reaches_nobody() {
    let mut office = Office::open(PATIENCE).await;
    let pause = json!({ "pause": { "scope": "local", "note": "" } });
    let long = "x".repeat(MAX_LINE + 1);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"\n".to_vec(), "is empty"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "is no JSON"),
        (vec![0xff, 0xfe, b'\n'], "is no JSON"),
        (b"[1]\n".to_vec(), "names no `version`"),
        (b"{\"version\":2,\"whatever\":[]}\n".to_vec(), "version 2, this guardian speaks version 1"),
        (b"{\"version\":\"1\"}\n".to_vec(), "version \"1\""),
        (line(&json!({ "explode": {} })).into_bytes(), "unknown variant `explode`"),
        (line(&json!({ "audit": { "form": 5 } })).into_bytes(), "unknown field `form`"),
        (line(&json!({ "audit": { "proposal": "0x" } })).into_bytes(), "1 to 64 hexadecimal digits"),
        (line(&json!({ "export": { "to": 5 } })).into_bytes(), "unknown field `to`"),
        (line(&json!({ "export": {} })).into_bytes(), "the guardian is stopping"),
        (line(&json!({ "pause": { "scope": "local" } })).into_bytes(), "missing field `note`"),
        (
            line(&json!({ "pause": { "scope": "local", "note": "", "for": 5 } })).into_bytes(),
            "unknown field `for`",
        ),
        (
            format!("{}\n", json!({ "version": 1, "operator": "a", "request": pause, "more": 1 }))
                .into_bytes(),
            "unknown field `more`",
        ),
        (
            format!("{}\n", json!({ "version": 1, "operator": "a\u{1b}[2J", "request": pause })).into_bytes(),
            "printable ASCII",
        ),
        (format!("{}\n", json!({ "version": 1, "operator": "", "request": pause })).into_bytes(), "1 to 64"),
        (format!("{long}\n").into_bytes(), "is longer than 262144 bytes"),
        (long.into_bytes(), "is longer than 262144 bytes"),
    ];
    for (bytes, expected) in cases {
        let said = tell(&office.path, bytes).await;
        let error = said["error"].as_str().unwrap_or_else(|| panic!("{said}"));
        assert!(error.contains(expected), "{expected:?} not in {error:?}");
    }
    assert!(office.arrivals.try_recv().is_err(), "none of it went further");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_dropped_and_keeps_nobody_out() {
    let patience = Patience { request: Duration::from_millis(200), ..PATIENCE };
    let mut office = Office::open(patience).await;
    // All places are taken by clients that say half a word.
    let silent: Vec<_> = (0..MAX_CONNECTIONS)
        .map(|_| {
            let mut client = Client::connect(&office.path).unwrap();
            client.write_all(b"{\"version\"").unwrap();
            client
        })
        .collect();
    let asking = tokio::spawn({
        let path = office.path.clone();
        async move { ask_for(&path, resume()).await }
    });
    let (_, _, answer) = office.next().await;
    answer.send(Box::new(Answer::Inspection(Vec::new()))).unwrap();
    assert!(asking.await.unwrap().is_ok());
    for mut client in silent {
        let mut text = String::new();
        client.set_read_timeout(Some(LONG)).unwrap();
        client.read_to_string(&mut text).unwrap();
        assert!(text.contains("no request came within"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_answered_each_with_its_own() {
    let mut office = Office::open(PATIENCE).await;
    let clients: Vec<_> = (0..40u16)
        .map(|number| {
            let path = office.path.clone();
            tokio::spawn(async move {
                let note = number.to_string();
                let request = Request::Pause { scope: PauseScope::Local, note };
                (number, ask_for(&path, request).await.unwrap())
            })
        })
        .collect();
    for _ in 0..clients.len() {
        let (_, request, answer) = office.next().await;
        let Request::Pause { note, .. } = request else { panic!("{request:?}") };
        let pauses = PauseStatus { threshold: note.parse().unwrap(), ..PauseStatus::default() };
        answer.send(Box::new(Answer::Pauses(pauses))).unwrap();
    }
    for client in clients {
        let (number, answer) = client.await.unwrap();
        let Answer::Pauses(pauses) = answer else { panic!("{answer:?}") };
        assert_eq!(pauses.threshold, number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_told_as_such() {
    let patience = Patience { request: LONG, answer: Duration::from_millis(100), ..PATIENCE };
    let mut office = Office::open(patience).await;
    let busy = ask_for(&office.path, resume()).await.unwrap_err().to_string();
    assert!(busy.contains("the guardian is busy") && busy.contains("may still be carried out"), "{busy}");
    let (_, _, answer) = office.next().await;
    assert!(answer.is_closed(), "nobody waits for it any more");

    let asking = tokio::spawn({
        let path = office.path.clone();
        async move { ask_for(&path, resume()).await }
    });
    drop(office.next().await);
    let declined = asking.await.unwrap().unwrap_err().to_string();
    assert!(declined.contains("the guardian gave no answer") || declined.contains("busy"), "{declined}");
}

#[test]
fn names_are_short_and_printable() {
    for name in ["alice", "Alice B.", "root@host", "1000", &"x".repeat(64)] {
        check_operator(name).unwrap();
    }
    for name in ["", " alice", "alice ", "al\nice", "al\u{202e}ice", &"x".repeat(65)] {
        assert!(check_operator(name).is_err(), "{name:?}");
    }
}
