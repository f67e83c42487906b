use super::super::ring::After;
use super::*;
use crate::log::LogWriter;
use crypto::spec::Slot;
use feed::Origin;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use std::path::Path;

fn open(directory: &Path, id: &str) -> LogWriter {
    let origin = Origin { network: NetworkId([7; 32]), guardian: GuardianIndex(1), life: Slot(0) };
    LogWriter::open(&directory.join(id), id, origin).unwrap()
}

fn write(writer: &mut LogWriter, count: u64) {
    writer.append(&(0..count).map(|_| b"{}".to_vec()).collect::<Vec<_>>()).unwrap();
}

fn shelf(writers: &[&LogWriter]) -> Shelf {
    Shelf { logs: writers.iter().map(|writer| writer.log()).collect() }
}

/// The ids of all that is in the ring after a cursor, and the next cursor.
fn ids(ring: &Ring, cursor: &mut u64) -> Vec<String> {
    let mut text = String::new();
    while let After::Events(bytes, next) = ring.after(*cursor) {
        text.push_str(std::str::from_utf8(&bytes).unwrap());
        *cursor = next;
    }
    text.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_first_log_is_history_and_the_next_is_news() {
    let directory = tempfile::tempdir().unwrap();
    let (ring, mut cursor) = (Ring::default(), 0);
    let mut old = open(directory.path(), "2-0");
    write(&mut old, 300);
    let (empty, first) = (Shelf::default(), shelf(&[&old]));
    let none = Followed::turn(None, &empty, &empty, &ring).await;
    assert!(none.is_none() && ring.enter().published.is_none());
    let followed = Followed::turn(none, &first, &empty, &ring).await;
    assert!(ids(&ring, &mut cursor).is_empty(), "nothing is sent again");
    assert_eq!(ring.enter().published.unwrap().size, 300);
    // What the last one had more is not lost when the next begins.
    write(&mut old, 1);
    let mut new = open(directory.path(), "3-0");
    write(&mut new, 2);
    let second = shelf(&[&old, &new]);
    let followed = Followed::turn(followed, &second, &first, &ring).await;
    assert_eq!(ids(&ring, &mut cursor), ["2-0:300", "3-0:0", "3-0:1"]);
    assert_eq!(&*followed.unwrap().id, "3-0");
}

#[tokio::test]
async fn a_log_that_is_opened_anew_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let (ring, mut cursor) = (Ring::default(), 0);
    let mut writer = open(directory.path(), "2-0");
    write(&mut writer, 3);
    let (empty, before) = (Shelf::default(), shelf(&[&writer]));
    let followed = Followed::turn(None, &before, &empty, &ring).await;
    drop(writer);
    let followed = Followed::turn(followed, &empty, &before, &ring).await;
    let mut writer = open(directory.path(), "2-0");
    write(&mut writer, 1);
    let mut followed = Followed::turn(followed, &shelf(&[&writer]), &empty, &ring).await;
    assert_eq!(ids(&ring, &mut cursor), ["2-0:3"]);
    write(&mut writer, 1);
    grown(&mut followed).await;
    followed.as_mut().unwrap().pull(&ring).await;
    assert_eq!(ids(&ring, &mut cursor), ["2-0:4"]);
}
