use super::*;

#[test]
fn live_wins_whichever_comes_first() {
    let mut line = Timeline::default();
    line.saw_dark(Epoch(5));
    line.saw_live(Epoch(5));
    assert!(line.live().contains(Epoch(5)) && !line.dark().contains(Epoch(5)));
    line.saw_dark(Epoch(5));
    assert!(!line.dark().contains(Epoch(5)));
}

#[test]
fn dark_now_means_nothing_newer_is_live() {
    let mut line = Timeline::default();
    assert!(!line.is_dark_now());
    line.saw_live(Epoch(4));
    line.saw_dark(Epoch(5));
    assert!(line.is_dark_now());
    line.saw_live(Epoch(6));
    assert!(!line.is_dark_now());
}

#[test]
fn dark_epochs_are_counted_up_to_the_finalized_one() {
    let mut line = Timeline::default();
    assert_eq!(line.dark_epochs_until(Epoch(9)), 0);
    (3..=8).for_each(|epoch| line.saw_dark(Epoch(epoch)));
    assert_eq!(line.dark_epochs_until(Epoch(6)), 4);
    assert_eq!(line.dark_epochs_until(Epoch(20)), 6);
    assert_eq!(line.dark_epochs_until(Epoch(2)), 0);
    line.saw_live(Epoch(9));
    assert_eq!(line.dark_epochs_until(Epoch(9)), 0);
}
