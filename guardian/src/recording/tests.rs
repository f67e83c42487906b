use super::*;
use crate::definition::tests::network;
use crypto::spec::{BlsPubkey, Checkpoint, Gwei, Root, Slot, ValidatorIndex};
use crypto::validator::Validator;
use guardian_core::event::{Liveness, NodeHealth};
use guardian_core::guardian_set::NetworkId;

const ME: GuardianIndex = GuardianIndex(1);
const OWNER: Owner = Owner { network: NetworkId([7; 32]), guardian: ME };

/// Slots of an epoch of the chain the tests record.
const SLOTS: u64 = 32;

fn chain() -> ChainSpec {
    network(1, 1, 1).0.chain
}

fn start(history: History) -> (Recorder, Intake) {
    Recorder::new(&chain(), ME, history, Counter::noop())
}

/// Records slots of these epochs, and what is drained on the way.
fn record(recorder: &mut Recorder, intake: &mut Intake, archive: &mut Archive, epochs: std::ops::Range<u64>) {
    for slot in epochs.start * SLOTS..epochs.end * SLOTS {
        recorder.note(&Event::SlotStarted(Slot(slot)));
        intake.drain(archive);
    }
}

fn read(directory: &Path, from: u64) -> Vec<Frame> {
    frames(directory, OWNER, Epoch(from)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn epochs(frames: &[Frame]) -> Vec<u64> {
    frames.iter().map(|frame| frame.epoch.0).collect()
}

fn keyframes(frames: &[Frame]) -> Vec<u64> {
    frames.iter().filter(|frame| frame.base.is_some()).map(|frame| frame.epoch.0).collect()
}

#[test]
fn epochs_become_frames_and_days_become_files() {
    let directory = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(directory.path(), OWNER, 20_250).unwrap();
    let (mut recorder, mut intake) = start(History::default());
    recorder.note(&Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }));
    record(&mut recorder, &mut intake, &mut archive, 220..460);
    recorder.finish();
    intake.drain(&mut archive);

    let all = read(directory.path(), 0);
    assert_eq!(epochs(&all), (220..460).collect::<Vec<_>>());
    assert_eq!(keyframes(&all), [220, 225, 450]);
    assert_eq!(all[0].sights.len() as u64, 1 + SLOTS, "what came before the first slot is there");
    assert_eq!(epochs(&read(directory.path(), 300))[0], 225, "from the keyframe before");
    assert_eq!(epochs(&read(directory.path(), 450))[0], 450);
    assert_eq!(reach(directory.path(), OWNER).unwrap(), (Epoch(220), Epoch(459)));
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
    };
    assert_eq!(mode(&directory.path().join("0000000225-000.frames")), 0o600);

    let stranger = Owner { network: NetworkId([8; 32]), ..OWNER };
    let refused = reach(directory.path(), stranger).unwrap_err().to_string();
    assert!(
        refused.contains("was recorded in network 0x0707") && refused.contains("check `network`"),
        "{refused}"
    );
}

#[test]
fn a_start_begins_a_file_of_its_own_and_a_cut_end_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut archive = Archive::open(directory.path(), OWNER, 20_250).unwrap();
        let (mut recorder, mut intake) = start(History::default());
        record(&mut recorder, &mut intake, &mut archive, 5..8);
    }
    assert_eq!(
        epochs(&read(directory.path(), 5)),
        [5, 6, 5, 6],
        "both starts in epoch 5, without the epoch under way"
    );
    let path = directory.path().join("0000000005-000.frames");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(epochs(&read(directory.path(), 5)), [5, 5, 6]);
    std::fs::write(&path, &bytes[..20]).unwrap();
    assert_eq!(epochs(&read(directory.path(), 5)), [5, 6]);
}

#[test]
fn old_days_are_removed_at_keyframes() {
    let directory = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(directory.path(), OWNER, 300).unwrap();
    let (mut recorder, mut intake) = start(History::default());
    record(&mut recorder, &mut intake, &mut archive, 0..677);
    // At 675 all before 375 is too old: the file of 0 to 224, not that of 225 to 449.
    assert_eq!(reach(directory.path(), OWNER).unwrap().0, Epoch(225));
    let left = read(directory.path(), 0);
    assert_eq!(keyframes(&left)[0], 225);
    let mut tables = Tables::default();
    let base = left[0].base.clone().unwrap();
    assert!(base.into_iter().all(|sight| tables.fact(sight).is_some()), "it stands for itself");
}

#[test]
fn a_busy_writer_costs_epochs_and_never_a_wait() {
    let directory = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(directory.path(), OWNER, 20_250).unwrap();
    let metrics = crate::metrics::Metrics::new();
    let dropped = metrics.0.recording_dropped.clone();
    let (mut recorder, mut intake) = Recorder::new(&chain(), ME, History::default(), dropped);
    for slot in 0..10 * SLOTS {
        recorder.note(&Event::SlotStarted(Slot(slot)));
    }
    intake.drain(&mut archive);
    record(&mut recorder, &mut intake, &mut archive, 10..13);
    let frames = read(directory.path(), 0);
    // Epochs 0 to 3 were waiting, 4 to 8 were lost; what comes first after them knows nothing of what was before.
    assert_eq!(epochs(&frames), [0, 1, 2, 3, 9, 10, 11]);
    assert_eq!(keyframes(&frames), [0, 9]);
    assert!(
        metrics.1.render().contains("guardian_recording_epochs_dropped_total 5"),
        "{}",
        metrics.1.render()
    );
}

#[test]
fn a_disk_that_refuses_costs_epochs_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("recording");
    let mut archive = Archive::open(&at, OWNER, 20_250).unwrap();
    let (mut recorder, mut intake) = start(History::default());
    std::fs::remove_dir_all(&at).unwrap();
    record(&mut recorder, &mut intake, &mut archive, 0..3);
    std::fs::create_dir(&at).unwrap();
    record(&mut recorder, &mut intake, &mut archive, 3..6);
    let frames = read(&at, 0);
    assert_eq!((epochs(&frames), keyframes(&frames)), (vec![2, 3, 4], vec![2]));
}

/// Five thousand validators that do their duty, three of them now and then not, for a day: what it takes is a bound.
#[test]
fn a_day_of_five_thousand_validators_is_small() {
    const VALIDATORS: u64 = 5000;
    let directory = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(directory.path(), OWNER, 20_250).unwrap();
    let (mut recorder, mut intake) = start(History::default());
    let key = |index: u64| {
        // As incompressible as keys are.
        let digest =
            |half: u8| <sha2::Sha256 as sha2::Digest>::digest([&index.to_be_bytes()[..], &[half]].concat());
        let mut key = [0; 48];
        key[..32].copy_from_slice(&digest(0));
        key[32..].copy_from_slice(&digest(1)[..16]);
        BlsPubkey(key)
    };
    let mut validators: Vec<_> = (0..VALIDATORS)
        .map(|index| Validator {
            index: ValidatorIndex(1_200_000 + 3 * index),
            activation_epoch: Epoch(190_000 + index / 8),
            balance: Gwei(32_000_000_000 + index * 3_000),
            ..frame::typical(key(index))
        })
        .collect();
    let first = 315_000;
    for epoch in first..first + SEGMENT_EPOCHS {
        for slot in epoch * SLOTS..(epoch + 1) * SLOTS {
            recorder.note(&Event::SlotStarted(Slot(slot)));
            let is_first = slot % SLOTS == 0;
            let seen = if is_first { validators.clone() } else { Vec::new() };
            recorder.note(&Event::HeadObserved { slot: Slot(slot), validators: seen });
            if is_first {
                let checkpoint = Checkpoint { epoch: Epoch(epoch - 2), root: Root([epoch as u8; 32]) };
                recorder.note(&Event::FinalizedObserved { checkpoint, validators: validators.clone() });
            }
        }
        let is_dark = |index: &u64| (index + epoch).is_multiple_of(1700);
        let of = |dark: bool| (0..VALIDATORS).filter(move |index| is_dark(index) == dark);
        let index = |index: u64| ValidatorIndex(1_200_000 + 3 * index);
        recorder.note(&Event::LivenessObserved(Liveness {
            epoch: Epoch(epoch - 1),
            live: of(false).map(index).collect(),
            dark: of(true).map(index).collect(),
        }));
        for (validator, index) in validators.iter_mut().zip(0..) {
            // Rewards, and a withdrawal of all above 32 ETH every nine days.
            validator.balance.0 += 12_000;
            if (epoch * 3 + index) % 2025 == 0 {
                validator.balance.0 = 32_000_000_000;
            }
        }
        intake.drain(&mut archive);
    }
    recorder.finish();
    intake.drain(&mut archive);
    let frames = read(directory.path(), 0);
    assert_eq!(frames.len() as u64, SEGMENT_EPOCHS);
    let bytes: u64 = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    // 410,157 when this was written; the keys alone are 240,000.
    assert!(bytes < 450_000, "{bytes} bytes");
}
