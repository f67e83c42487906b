use super::*;

fn told(runs: &Runs) -> Vec<(u64, u64, Seen)> {
    runs.iter().map(|run| (run.from.0, run.to.0, run.seen)).collect()
}

#[test]
fn live_dark_live_is_three_runs() {
    let mut runs = Runs::default();
    for epoch in 100..110 {
        runs.learn(Epoch(epoch), Some(Epoch(epoch)), 0);
    }
    for epoch in 110..115 {
        runs.learn(Epoch(epoch), Some(Epoch(109)), epoch - 109);
    }
    runs.learn(Epoch(115), Some(Epoch(115)), 0);
    assert_eq!(told(&runs), [(100, 109, Seen::Live), (110, 114, Seen::Dark), (115, 115, Seen::Live)]);
}

#[test]
fn the_first_snapshot_tells_of_the_darkness_before_it() {
    let mut runs = Runs::default();
    runs.learn(Epoch(300), Some(Epoch(250)), 50);
    assert_eq!(told(&runs), [(250, 250, Seen::Live), (251, 300, Seen::Dark)]);
    let mut never = Runs::default();
    never.learn(Epoch(300), None, 40);
    assert_eq!(told(&never), [(260, 260, Seen::Unknown), (261, 300, Seen::Dark)]);
}

#[test]
fn what_was_missed_is_unknown_where_the_next_snapshot_does_not_tell() {
    let mut runs = Runs::default();
    runs.learn(Epoch(10), Some(Epoch(10)), 0);
    runs.learn(Epoch(20), Some(Epoch(18)), 2);
    assert_eq!(
        told(&runs),
        [(10, 10, Seen::Live), (11, 17, Seen::Unknown), (18, 18, Seen::Live), (19, 20, Seen::Dark)]
    );
    // One that is seen late: the last epochs are not known yet.
    runs.learn(Epoch(23), Some(Epoch(21)), 0);
    assert_eq!(told(&runs).last(), Some(&(22, 23, Seen::Unknown)));
}

#[test]
fn no_more_than_so_many_epochs_are_kept_however_they_come() {
    let mut runs = Runs::default();
    for epoch in 0..EPOCHS + 300 {
        let dark = epoch % 2;
        runs.learn(Epoch(epoch), Some(Epoch(epoch - dark)), dark);
        let all = told(&runs);
        let covered: u64 = all.iter().map(|(from, to, _)| to - from + 1).sum();
        assert!(covered <= EPOCHS);
        assert_eq!(all.last().unwrap().1, epoch);
    }
    runs.learn(Epoch(EPOCHS * 10), Some(Epoch(EPOCHS * 10)), 0);
    let covered: u64 = told(&runs).iter().map(|(from, to, _)| to - from + 1).sum();
    assert_eq!(covered, EPOCHS);
    assert_eq!(told(&runs).last().unwrap(), &(EPOCHS * 10, EPOCHS * 10, Seen::Live));
    runs.learn(Epoch(u64::MAX - 1), Some(Epoch(u64::MAX - 1)), 0);
    assert_eq!(told(&runs).len(), 2);
}
