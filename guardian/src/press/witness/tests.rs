use super::*;
use crate::press::keys::feed_key;
use crypto::spec::Slot;
use crypto::threshold::Threshold;
use feed::{Origin, sign, tree};
use guardian_core::guardian_set::Member;
use p2p::identity::Keypair;

struct World {
    directory: tempfile::TempDir,
    desk: Desk,
    events: mpsc::Receiver<Arrival>,
    learned: mpsc::Receiver<(GuardianIndex, KeyBinding)>,
    writer: Keypair,
}

const WRITER: GuardianIndex = GuardianIndex(2);

pub(in crate::press) fn definition(identities: &[&Keypair]) -> NetworkDefinition {
    let custody = |byte: u8| {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(byte.into());
        crypto::custody::CustodySecretKey::generate(&mut rng).public_key().to_string()
    };
    let members = (1u16..).zip(identities).map(|(index, identity)| Member {
        index: GuardianIndex(index),
        name: format!("guardian-{index}"),
        peer_id: identity.public().to_peer_id().to_string(),
        addresses: Vec::new(),
        custody_key: custody(u8::try_from(index).unwrap()),
        account: None,
    });
    let threshold = Threshold::new(2, u16::try_from(identities.len()).unwrap()).unwrap();
    crate::node::tests::definition_of(threshold, members.collect())
}

pub(in crate::press) fn bind(
    identity: &Keypair,
    network: guardian_core::guardian_set::NetworkId,
) -> (FeedKey, KeyBinding) {
    let key = feed_key(identity, network).unwrap();
    let secret = identity.clone().try_into_secp256k1().unwrap().secret().to_bytes();
    let sealer = crypto::envelope::Sealer::new(&secret).unwrap();
    let binding = KeyBinding::seal(network, &sealer, &key.public(), 1_000);
    (key, binding)
}

impl World {
    fn new() -> Self {
        let (ours, writer) = (Keypair::generate_secp256k1(), Keypair::generate_secp256k1());
        let definition = definition(&[&ours, &writer]);
        let directory = tempfile::tempdir().unwrap();
        let (key, binding) = bind(&ours, definition.id());
        let (inbox, events) = mpsc::channel(16);
        let (tell, learned) = mpsc::channel(16);
        let desk = Desk {
            directory: Directory::new(&definition, ours.public().to_peer_id()).unwrap(),
            definition,
            key: Arc::new(key),
            binding,
            home: directory.path().to_owned(),
            inbox,
            learned: tell,
        };
        Self { directory, desk, events, learned, writer }
    }

    fn checkpoint(&self, life: u64, size: u64, salt: u8) -> Checkpoint {
        let origin = Origin { network: self.desk.definition.id(), guardian: WRITER, life: Slot(life) };
        let root = if size == 0 { tree::EMPTY_ROOT } else { tree::leaf_hash(&[salt]) };
        Checkpoint { origin, size, root }
    }

    fn offer(&self, checkpoint: &Checkpoint, old_size: u64, proof: Vec<[u8; 32]>) -> Vec<u8> {
        let (key, binding) = bind(&self.writer, self.desk.definition.id());
        Offer { note: sign(checkpoint, &key), binding: binding.0, old_size, proof }.encode()
    }

    fn answer(&self, checkpoint: &Checkpoint, old_size: u64, proof: Vec<[u8; 32]>) -> Answer {
        let offer = self.offer(checkpoint, old_size, proof);
        Answer::decode(&self.desk.answer(WRITER, &offer, false)).unwrap()
    }

    fn refused(&self, checkpoint: &Checkpoint, old_size: u64) -> (String, Option<u64>) {
        match self.answer(checkpoint, old_size, Vec::new()) {
            Answer::Refused { code, kept } => (code, kept.map(|note| note::peek(&note).unwrap().size)),
            Answer::Cosigned { line, .. } => panic!("cosigned: {line}"),
        }
    }
}

#[test]
fn what_is_cosigned_was_written_down_and_is_the_witness_s_own_line() {
    let mut world = World::new();
    let one = world.checkpoint(0, 1, 7);
    let Answer::Cosigned { line, binding } = world.answer(&one, 0, Vec::new()) else { panic!("refused") };
    let kept = world.directory.path().join("feed/witnessed/2");
    assert_eq!(note::peek(&std::fs::read(&kept).unwrap()).unwrap(), one);
    let Event::LogChecked(head) = world.events.try_recv().unwrap().event else { panic!("another event") };
    assert_eq!((head.guardian, head.size, head.root.0), (WRITER, 1, one.root));
    let (of, writers) = world.learned.try_recv().unwrap();
    assert_eq!(of, WRITER);
    // Anybody who knows both bindings verifies it.
    let bindings = [(GuardianIndex(1), KeyBinding(binding)), (WRITER, writers)];
    let keys = Keys::bound(&world.desk.definition, bindings.iter().map(|(of, b)| (*of, b)), None).unwrap();
    let (key, _) = bind(&world.writer, world.desk.definition.id());
    let note = feed::with_lines(&sign(&one, &key), &[line]).unwrap();
    assert_eq!(verify_note(&note, &keys).unwrap().cosigned[0].0, GuardianIndex(1));
}

#[test]
fn a_second_history_is_not_cosigned_and_both_notes_are_evidence() {
    let mut world = World::new();
    let one = world.checkpoint(0, 1, 7);
    assert!(matches!(world.answer(&one, 0, Vec::new()), Answer::Cosigned { .. }));
    world.events.try_recv().unwrap();
    let other = world.checkpoint(0, 1, 8);
    assert_eq!(world.refused(&other, 1), ("forked".to_owned(), Some(1)));
    let Event::LogForked { guardian, notes } = world.events.try_recv().unwrap().event else {
        panic!("no fork")
    };
    assert_eq!(guardian, WRITER);
    let told = notes.map(|note| note::peek(&note).unwrap());
    assert_eq!(told, [one, other]);
    // After a restart of the witness it is the same: the file says so.
    assert_eq!(world.refused(&other, 1).0, "forked");
    // From another size than the one kept: the kept note says which, signed by the log itself.
    assert_eq!(world.refused(&world.checkpoint(0, 5, 1), 0), ("conflict".to_owned(), Some(1)));
    assert_eq!(world.refused(&world.checkpoint(0, 5, 1), 1).0, "wrong_proof");
}

#[test]
fn a_life_that_has_not_come_yet_locks_nobody_out() {
    let world = World::new();
    assert_eq!(world.refused(&world.checkpoint(u64::MAX, 1, 7), 0).0, "future_life");
    assert_eq!(world.refused(&world.checkpoint(1_000_000_000, 1, 7), 0).0, "future_life");
    assert!(matches!(world.answer(&world.checkpoint(3, 1, 7), 0, Vec::new()), Answer::Cosigned { .. }));
    assert_eq!(world.refused(&world.checkpoint(2, 9, 7), 0).0, "older_life");
}

#[test]
fn others_logs_keys_and_bytes_are_refused() {
    let world = World::new();
    let one = world.checkpoint(0, 1, 7);
    let offer = world.offer(&one, 0, Vec::new());
    let by = |guardian: u16| Answer::decode(&world.desk.answer(GuardianIndex(guardian), &offer, false));
    assert!(matches!(by(1), Some(Answer::Refused { code, .. }) if code == "foreign_key"));
    assert!(matches!(by(9), Some(Answer::Refused { code, .. }) if code == "foreign_key"));
    assert_eq!(world.desk.answer(WRITER, b"nothing", false), Vec::<u8>::new());
    let foreign = Checkpoint { origin: Origin { guardian: GuardianIndex(1), ..one.origin }, ..one };
    assert_eq!(world.refused(&foreign, 0).0, "invalid_note");
    let busy = Answer::decode(&world.desk.answer(WRITER, &world.offer(&one, 0, Vec::new()), true));
    assert!(matches!(busy, Some(Answer::Refused { code, kept: None }) if code == "busy"));
    // A file that cannot be read is no reason to begin anew.
    let kept = world.directory.path().join("feed/witnessed");
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("2"), b"garbage").unwrap();
    assert_eq!(world.refused(&one, 0).0, "storage");
}
