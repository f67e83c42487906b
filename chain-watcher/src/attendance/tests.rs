use super::*;

fn index(n: u64) -> ValidatorIndex {
    ValidatorIndex(n)
}

fn report(epoch: u64, live: &[u64], dark: &[u64]) -> Option<Observation> {
    Some(Observation::Liveness {
        epoch: Epoch(epoch),
        live: live.iter().copied().map(index).collect(),
        dark: dark.iter().copied().map(index).collect(),
    })
}

fn merge(attendance: &mut Attendance, epoch: u64, answer: &[(u64, bool)]) {
    attendance.merge(Epoch(epoch), answer.iter().map(|&(n, live)| (index(n), live)));
}

#[test]
fn phases_of_long_and_tiny_epochs() {
    let phases = |length: u64| -> Vec<Phase> {
        let length = NonZeroU64::new(length).unwrap();
        (0..length.get()).map(|offset| Phase::of(Slot(offset + 5 * length.get()), length)).collect()
    };
    use Phase::{Ask, Early, Report};
    assert_eq!(phases(8), [Early, Early, Early, Early, Early, Ask, Report, Report]);
    let mainnet = phases(32);
    assert_eq!(mainnet.iter().filter(|phase| **phase == Early).count(), 21);
    assert_eq!(mainnet.iter().filter(|phase| **phase == Ask).count(), 9);
    assert_eq!(phases(4), [Early, Early, Report, Report]);
    assert_eq!(phases(1), [Report]);
}

#[test]
fn one_node_that_saw_it_outweighs_those_that_did_not() {
    for order in [[false, true, false], [true, false, false], [false, false, true]] {
        let mut attendance = Attendance::default();
        for live in order {
            merge(&mut attendance, 9, &[(1, live), (2, false)]);
        }
        assert_eq!(attendance.report(Epoch(9)), report(9, &[1], &[2]));
    }
}

#[test]
fn nothing_is_reported_twice_and_a_late_attestation_corrects() {
    let mut attendance = Attendance::default();
    assert_eq!(attendance.report(Epoch(9)), None, "nothing known is nothing to say");
    merge(&mut attendance, 9, &[(1, false), (2, false)]);
    assert_eq!(attendance.report(Epoch(9)), report(9, &[], &[1, 2]));
    assert_eq!(attendance.report(Epoch(9)), None);
    merge(&mut attendance, 9, &[(1, false)]);
    assert_eq!(attendance.report(Epoch(9)), None);
    merge(&mut attendance, 9, &[(1, true)]);
    assert_eq!(attendance.report(Epoch(9)), report(9, &[1], &[2]));
}

#[test]
fn suspects_are_acquitted_early_and_once() {
    let mut attendance = Attendance::default();
    merge(&mut attendance, 9, &[(1, false), (2, false), (3, true)]);
    attendance.report(Epoch(9));
    assert_eq!(attendance.suspects(), [index(1), index(2)]);

    merge(&mut attendance, 10, &[(1, true), (2, false), (3, true)]);
    let suspects = [index(1), index(2)];
    assert_eq!(
        attendance.acquit(Epoch(10), &suspects),
        report(10, &[1], &[]),
        "3 is no suspect, 2 is not seen"
    );
    assert_eq!(attendance.acquit(Epoch(10), &suspects), None);
    assert_eq!(attendance.suspects(), [index(2)]);
    assert_eq!(attendance.report(Epoch(10)), report(10, &[1, 3], &[2]), "the report is whole nevertheless");
}

#[test]
fn epochs_whose_time_passed_are_overdue_until_reported() {
    let mut attendance = Attendance::default();
    merge(&mut attendance, 8, &[(1, false)]);
    merge(&mut attendance, 9, &[(1, false)]);
    assert_eq!(attendance.overdue(Epoch(9)), [Epoch(8)]);
    attendance.report(Epoch(8));
    assert!(attendance.overdue(Epoch(9)).is_empty());
}

#[test]
fn memory_is_bounded() {
    let mut attendance = Attendance::default();
    for epoch in 0..1000 {
        merge(&mut attendance, epoch, &[(1, false)]);
    }
    assert_eq!(attendance.sheets.len(), REMEMBERED);
    assert!(attendance.knows(Epoch(999), index(1)));
}
