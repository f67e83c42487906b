use super::*;
use crate::press::witness::tests::{bind, definition};
use guardian_core::proposal::ProposalId;
use p2p::identity::Keypair;

const ME: GuardianIndex = GuardianIndex(1);

/// A guardian with a log and a journal of these records.
struct Desk {
    directory: tempfile::TempDir,
    definition: NetworkDefinition,
    binding: KeyBinding,
}

impl Desk {
    fn new() -> Self {
        let (ours, other) = (Keypair::generate_secp256k1(), Keypair::generate_secp256k1());
        let definition = definition(&[&ours, &other]);
        let (_, binding) = bind(&ours, definition.id());
        Self { directory: tempfile::tempdir().unwrap(), definition, binding }
    }

    fn scribe(&self) -> Scribe {
        Scribe::open(self.directory.path(), &self.definition, ME, &self.binding, Slot(0)).unwrap()
    }

    fn journal(&self, name: &str, records: &[Record]) -> Store {
        let store = Store::open(&self.directory.path().join(name), self.definition.id(), ME).unwrap();
        store.append(records).unwrap();
        store
    }
}

fn released(number: u8) -> Record {
    Record::Released { proposal: ProposalId([number; 32]), at: Slot(number.into()) }
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let desk = Desk::new();
    let store = desk.journal("one", &[released(1), released(2)]);
    assert_eq!(desk.scribe().catch_up(&store).unwrap(), Progress::Whole);
    store.append(&[released(3)]).unwrap();
    let mut scribe = desk.scribe();
    assert_eq!(scribe.catch_up(&store).unwrap(), Progress::Whole);
    assert_eq!(scribe.catch_up(&store).unwrap(), Progress::Whole);
    // The definition, the key, and each record once.
    assert_eq!(scribe.writer.log().size(), 5);
}

#[test]
fn a_log_of_another_journal_does_not_go_on() {
    let desk = Desk::new();
    let store = desk.journal("one", &[released(1), released(2), released(3)]);
    assert_eq!(desk.scribe().catch_up(&store).unwrap(), Progress::Whole);
    // Begun anew; as long by now, and longer.
    let shorter = desk.journal("two", &[released(7)]);
    let longer = desk.journal("three", &[released(1), released(2), released(7), released(8)]);
    for other in [shorter, longer] {
        assert_eq!(desk.scribe().catch_up(&other).unwrap(), Progress::Other);
    }
    let mut scribe = desk.scribe();
    assert_eq!(scribe.catch_up(&store).unwrap(), Progress::Whole);
    assert_eq!(scribe.writer.log().size(), 5);
}
