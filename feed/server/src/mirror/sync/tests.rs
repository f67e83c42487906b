use super::*;
use crypto::spec::Slot;
use feed::FeedKey;
use guardian_core::guardian_set::NetworkId;

#[test]
fn a_turn_ends_with_its_allowance_and_the_next_goes_on() {
    let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let origin = Origin { network: NetworkId([1; 32]), guardian: GuardianIndex(1), life: Slot(0) };
    let mut writer = LogWriter::open(there.path(), "3-0", origin).unwrap();
    writer.append(&vec![vec![b'.'; 100]; 700]).unwrap();
    let log = writer.log();
    let checkpoint = Checkpoint { origin, size: log.size(), root: log.root().unwrap() };
    let note = String::from_utf8(feed::sign(&checkpoint, &FeedKey::from_seed([1; 32]))).unwrap();
    let noted = Noted { checkpoint, note };
    let mut copy = Copy::open(here.path(), "1-3-0", origin).unwrap();
    let mut sizes = Vec::new();
    for _ in 0..3 {
        // Less than one bundle.
        let allowance = Allowance::of(20_000);
        let fetch = |path: &TilePath, _: usize| {
            let answer = log.tile(path).unwrap().unwrap().to_vec();
            allowance.take(answer.len());
            Ok(answer)
        };
        copy.extend(&noted, &allowance, &fetch).unwrap();
        sizes.push((copy.log().size(), copy.log().checkpoint().is_some()));
    }
    assert_eq!(sizes, [(256, false), (512, false), (700, true)]);
    assert_eq!(kept(here.path(), "1-3-0", GuardianIndex(1)).unwrap(), (true, 1));
    assert_eq!(kept(here.path(), "1-3-9", GuardianIndex(1)).unwrap(), (false, 1));
    assert_eq!(kept(here.path(), "11-3-0", GuardianIndex(11)).unwrap(), (false, 0));
}
