use super::*;
use crate::log::LogWriter;
use crypto::spec::Slot;
use feed::Origin;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};

fn log(directory: &std::path::Path, id: &str, size: u64) -> LogWriter {
    let origin = Origin { network: NetworkId([7; 32]), guardian: GuardianIndex(1), life: Slot(0) };
    let mut writer = LogWriter::open(&directory.join(id), id, origin).unwrap();
    let entries: Vec<Vec<u8>> = (0..size).map(|number| format!("{{\"n\":{number}}}").into_bytes()).collect();
    writer.append(&entries).unwrap();
    writer
}

async fn all(mut backlog: Backlog) -> Vec<String> {
    let mut frames = Vec::new();
    let pool = Pool::new(&crate::Settings::default());
    while let Some(frame) = backlog.next(&pool).await.unwrap() {
        frames.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    frames
}

#[tokio::test]
async fn what_was_missed_comes_once_and_in_order_over_two_logs() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (log(directory.path(), "2-0", 300), log(directory.path(), "3-0", 200));
    let shelf = Shelf { logs: vec![old.log(), new.log()] };
    let published = Published { log: "3-0".into(), size: 150 };
    let frames = all(Backlog::since(&shelf, "2-0", 99, &published).unwrap()).await;
    let expected: Vec<String> = (100..300)
        .map(|number| ("2-0", number))
        .chain((0..150).map(|number| ("3-0", number)))
        .map(|(id, number)| format!("id: {id}:{number}\nevent: entry\ndata: {{\"n\":{number}}}\n\n"))
        .collect();
    assert_eq!(frames, expected);
    let nothing = all(Backlog::since(&shelf, "3-0", 149, &published).unwrap()).await;
    assert!(nothing.is_empty());
    let ahead = all(Backlog::since(&shelf, "3-0", u64::MAX, &published).unwrap()).await;
    assert!(ahead.is_empty(), "{ahead:?}");
    assert!(Backlog::since(&shelf, "9-0", 1, &published).is_none());
}

#[tokio::test]
async fn too_much_is_a_gap_that_names_the_tiles() {
    let directory = tempfile::tempdir().unwrap();
    let writer = log(directory.path(), "3-0", 1_500);
    let shelf = Shelf { logs: vec![writer.log()] };
    let published = Published { log: "3-0".into(), size: 1_500 };
    let frames = all(Backlog::since(&shelf, "3-0", 299, &published).unwrap()).await;
    let [gap] = frames.as_slice() else { panic!("{frames:?}") };
    assert!(gap.starts_with("id: 3-0:1499\nevent: gap\n"), "{gap}");
    assert!(gap.contains("\"from\":300,\"to\":1500"), "{gap}");
    assert!(gap.contains("/log/3-0/tile/entries/001\""), "{gap}");
    assert!(gap.contains("/log/3-0/tile/entries/005.p/220\""), "{gap}");
    assert!(!gap.contains("entries/000"), "{gap}");
}
