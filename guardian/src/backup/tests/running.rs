//! Backups of a guardian that runs: through its admin socket, while its store is written to.

use super::*;
use crate::admin;
use crate::store::Piece;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_one_moment_of_a_journal_that_grows() {
    let home = Arc::new(Home::new());
    let store = home.store();
    // Without the guardian's answer, a store that is open is refused.
    let asking = Arc::clone(&home);
    let refused = spawn_blocking(move || asking.make("b", false)).await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::StoreLocked { .. }), "{refused}");

    let socket = admin::Socket::bind(&home.at("alice/store-of-all/admin.sock")).await.unwrap();
    let (inbox, _arrivals) = mpsc::channel(4);
    let server = tokio::spawn(admin::serve(socket, Arc::downgrade(&store), inbox));
    let stop = Arc::new(AtomicBool::new(false));
    let (growing, stopped) = (Arc::clone(&store), Arc::clone(&stop));
    let writer = spawn_blocking(move || {
        let mut number = 300;
        while !stopped.load(Ordering::Relaxed) {
            growing.append(&[record(number), record(number + 1)]).unwrap();
            number += 2;
        }
    });
    let asking = Arc::clone(&home);
    let made = spawn_blocking(move || asking.make("b", false)).await.unwrap().unwrap();
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    let (length, shares) = (made.stores[0].journal.length, made.stores[0].shares);
    assert!(length >= 300 && length <= store.len() && length % 2 == 0 && shares == 3, "{length}");
    assert_eq!(made.stores[1].journal.length, 1, "the one that nobody has open is there too");
    let expected: Vec<_> = store.records().unwrap().into_iter().take(length as usize).collect();
    drop(store);
    drop(_arrivals);
    server.await.unwrap();

    let asking = Arc::clone(&home);
    let restored = spawn_blocking(move || asking.restore("b", "new", unix_now())).await.unwrap().unwrap();
    let store = Store::open(&home.at("new/data"), home.definition.id(), ME).unwrap();
    let mut records = store.records().unwrap();
    assert_eq!(records.pop(), Some(Record::Lapsed(restored.lapsed)));
    assert_eq!(records, expected);
    assert_eq!(home.others(), ["new"]);
}

/// A share that is kept while shares are read makes no moment; one that comes later, with the journal, does no harm.
#[test]
fn a_store_whose_shares_move_while_they_are_read_says_so() {
    let home = Home::new();
    let store = home.store();
    let share = store.shares().unwrap().remove(0);
    let said = |at: fn(&Piece) -> bool| {
        let mut pieces = Vec::new();
        store
            .copy(&mut |piece| {
                if at(&piece) {
                    store.put_shares(std::slice::from_ref(&share))?;
                }
                store.append(&[record(0)])?;
                pieces.push(piece);
                Ok(())
            })
            .unwrap();
        pieces.pop()
    };
    assert_eq!(
        said(|piece| matches!(piece, Piece::Value { tree, .. } if tree == "shares")),
        Some(Piece::Changed)
    );
    assert_eq!(said(|piece| matches!(piece, Piece::Head(_))), Some(Piece::End));
    assert_eq!(said(|_| false), Some(Piece::End), "records alone change nothing that was read");
}

/// A store that somebody has open beside the one that the guardian tells cannot be read.
#[tokio::test(flavor = "multi_thread")]
async fn another_open_store_is_refused_by_name() {
    let home = Arc::new(Home::new());
    let store = home.store();
    let socket = admin::Socket::bind(&home.at("alice/store-of-all/admin.sock")).await.unwrap();
    let (inbox, arrivals) = mpsc::channel(4);
    let server = tokio::spawn(admin::serve(socket, Arc::downgrade(&store), inbox));
    let next = Store::open(&home.at("alice/store-of-all/epoch-2"), home.next().id(), ME).unwrap();
    let asking = Arc::clone(&home);
    let refused = spawn_blocking(move || asking.make("b", false)).await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("has ") && refused.contains("epoch-2/store open too"), "{refused}");
    assert!(home.others().is_empty() && !home.at("b").exists());
    drop((next, arrivals, store));
    server.await.unwrap();
}
