//! Audits of a real store, through a real socket, while records are added to it.

use super::*;
use crate::audit::{self, Audit, Question, part};
use crypto::spec::{Epoch, ValidatorIndex};
use guardian_core::JournalHead;
use guardian_core::event::Liveness;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::record::Record;
use tokio::task::spawn_blocking;

/// More than all that may wait on the way takes, as an export.
const RECORDS: u64 = 4_000;

fn record(number: u64) -> Record {
    let live = (0..40).map(|place| ValidatorIndex(number + place)).collect();
    Record::Liveness(Liveness { epoch: Epoch(number), live, dark: Vec::new() })
}

/// A store with a long journal, and the directory it lies in.
fn long() -> (Arc<Store>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), NetworkId([5; 32]), GuardianIndex(1)).unwrap();
    store.append(&(0..RECORDS).map(record).collect::<Vec<_>>()).unwrap();
    (Arc::new(store), directory)
}

async fn audited(path: &Path, question: Question) -> Result<Audit, Error> {
    let path = path.to_owned();
    spawn_blocking(move || part::gather(audit(&path, "alice", &question)?)).await.unwrap()
}

async fn exported(path: &Path) -> Result<(JournalHead, u64), Error> {
    let path = path.to_owned();
    let take = move || {
        let (head, records) = part::exported(export(&path, "alice")?)?;
        let records = records.collect::<Result<Vec<_>, _>>()?;
        Ok((audit::verify(records)?, head.length))
    };
    spawn_blocking(take).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_guardians_journal_is_told_as_the_stopped_ones() {
    let (store, _directory) = long();
    let office = Office::with(Arc::downgrade(&store), PATIENCE).await;
    let question = Question { from: Some(10), to: Some(1_009), ..Question::default() };
    let records = || Ok(store.linked(RECORDS));
    let expected = audit::ask(records, Some(store.head()), &question).unwrap();
    assert_eq!(expected.entries.len(), 1_000);
    assert_eq!(audited(&office.path, question).await.unwrap(), expected);
    assert_eq!(exported(&office.path).await.unwrap(), (store.head(), RECORDS));
    let nobody = Question { proposal: Some("0xab".parse().unwrap()), ..Question::default() };
    let refused = audited(&office.path, nobody).await.unwrap_err().to_string();
    assert!(refused.contains("no such proposal"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_head_is_frozen_one_runs_at_a_time_and_records_are_added_meanwhile() {
    let (store, _directory) = long();
    let auditor = Auditor::new(Arc::downgrade(&store));
    // Nobody takes its pieces: it stands still in the middle.
    let mut pieces = auditor.begin(Inquiry::Export).unwrap();
    let first = tokio::time::timeout(LONG, pieces.recv()).await.unwrap().unwrap();
    let refused = auditor.begin(Inquiry::Question(Question::default())).unwrap_err();
    assert!(refused.contains("another audit is under way"), "{refused}");
    let before = store.head();
    let appending = Arc::clone(&store);
    let appended = spawn_blocking(move || appending.append(&[record(RECORDS)]));
    tokio::time::timeout(LONG, appended).await.expect("nothing waits for an audit").unwrap().unwrap();

    let mut text = first;
    while let Some(piece) = tokio::time::timeout(LONG, pieces.recv()).await.unwrap() {
        text.push_str(&piece);
    }
    let parts = text.lines().map(|line| Ok(serde_json::from_str(line).unwrap()));
    let (head, records) = part::exported(parts).unwrap();
    let told = audit::verify(records.map(Result::unwrap)).unwrap();
    assert_eq!((head, told), (before, before));
    assert_eq!(store.len(), RECORDS + 1);

    // One that nobody wants any more ends, and lets the store go.
    tokio::time::timeout(LONG, auditor.finish()).await.unwrap();
    drop(auditor.begin(Inquiry::Export).unwrap());
    tokio::time::timeout(LONG, auditor.finish()).await.unwrap();
    assert_eq!(Arc::strong_count(&store), 1);
    drop(store);
    let refused = auditor.begin(Inquiry::Export).unwrap_err();
    assert!(refused.contains("stopping"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_dropped() {
    let (store, _directory) = long();
    let patience = Patience { piece: Duration::from_millis(200), ..PATIENCE };
    let office = Office::with(Arc::downgrade(&store), patience).await;
    let mut idle = Client::connect(&office.path).unwrap();
    idle.write_all(line(&json!({ "export": {} })).as_bytes()).unwrap();
    let served = async {
        // Refused for as long as the idle one has the place.
        while let Err(problem) = audited(&office.path, Question::default()).await {
            assert!(problem.to_string().contains("another audit"), "{problem}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, served).await.expect("the idle one is dropped in time");
    let mut text = String::new();
    idle.set_read_timeout(Some(LONG)).unwrap();
    idle.read_to_string(&mut text).unwrap();
    assert!(text.lines().count() < usize::try_from(RECORDS).unwrap(), "it was not told all");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_under_way_does_not_keep_the_store_open() {
    let (store, _directory) = long();
    let office = Office::with(Arc::downgrade(&store), PATIENCE).await;
    let mut idle = Client::connect(&office.path).unwrap();
    idle.write_all(line(&json!({ "export": {} })).as_bytes()).unwrap();
    let mut first = [0; 1];
    idle.set_read_timeout(Some(LONG)).unwrap();
    idle.read_exact(&mut first).unwrap();
    // The node stops.
    drop(office.arrivals);
    tokio::time::timeout(LONG, office.server).await.unwrap().unwrap();
    assert_eq!(Arc::strong_count(&store), 1);
}
