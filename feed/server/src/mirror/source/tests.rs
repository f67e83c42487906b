use super::*;
use crate::freshness::Freshness;
use crate::role::RoleName;
use crate::world::{NOW, World, bytes, identity};
use feed::{FeedKey, KeyBinding};
use guardian_core::guardian_set::GuardianIndex;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;

/// Guardian 1's feed at this address.
fn source(world: &World, url: &str, home: &Path) -> Source {
    let definition = Arc::new(world.definition.clone());
    let key = FeedKey::from_seed(bytes("feed key", 1));
    let binding = KeyBinding::seal(definition.id(), &identity(1), &key.public(), 1);
    let met = Met { guardian: GuardianIndex(1), binding, others: BTreeMap::new() };
    Source::new(Client::new(&url.parse().unwrap()).unwrap(), definition, home, Some(met), None)
}

#[tokio::test]
async fn a_status_is_read_when_nobody_else_reads_one_and_nobody_keeps_the_place_by_sending_slowly() {
    let world = World::new(1);
    let data = world.status(NOW);
    let freshness = Freshness::of(None, RoleName::Guardian, 0);
    let body = serde_json::to_vec(&Answer { freshness, data }).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (half, sent) = mpsc::sync_channel(4);
    let (go, on) = mpsc::sync_channel(4);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let (first, second) = body.split_at(body.len() / 2);
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
            stream.write_all(first).unwrap();
            half.send(()).unwrap();
            on.recv().unwrap();
            // Whoever asked may have given up.
            let _ = stream.write_all(second);
        }
    });
    let home = tempfile::tempdir().unwrap();
    let mut source = source(&world, &url, home.path());
    let (_running, runs) = watch::channel(());
    let turn = |limit| Turn::begin(limit, runs.clone());

    // The other half does not come until somebody else could have read one.
    let slow = std::thread::spawn(move || {
        sent.recv().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let free = READING.available_permits();
        go.send(()).unwrap();
        (sent, go, free)
    });
    source.follow_status(&turn(Duration::from_secs(60))).await.unwrap();
    assert_eq!(source.status.as_ref().unwrap().slot, NOW);
    let (sent, go, free) = slow.join().unwrap();
    assert_eq!(free, 1);
    assert_eq!(READING.available_permits(), 1);

    source.status = None;
    let other = READING.acquire().await.unwrap();
    go.send(()).unwrap();
    let problem = source.follow_status(&turn(Duration::from_secs(1))).await.unwrap_err().to_string();
    assert!(problem.contains("given up") && source.status.is_none(), "{problem}");
    drop(other);
    go.send(()).unwrap();
    source.follow_status(&turn(Duration::from_secs(60))).await.unwrap();
    assert!(source.status.is_some());
    drop(sent);
}
