use super::*;
use crypto::spec::Epoch;

#[test]
fn a_strip_has_a_shape_for_each_run() {
    let run = |from, to, seen| Run { from: Epoch(from), to: Epoch(to), seen };
    let runs = [run(10, 11, Seen::Live), run(12, 12, Seen::Dark), run(13, 20, Seen::Unknown)];
    let drawn = strip("x", &runs).into_string();
    assert_eq!(drawn.matches("<rect").count(), 3);
    assert!(
        drawn.contains("viewBox=\"0 0 11 10\"")
            && drawn.contains("class=\"live-no\" x=\"2\" y=\"6.5\" width=\"1\""),
        "{drawn}"
    );
    assert!(strip("x", &[]).into_string().contains("viewBox=\"0 0 1 10\""));
}

#[test]
fn values_outside_stay_within_the_chart() {
    let scale = Scale::new(10.0, 20.0);
    assert_eq!((scale.x(10.0), scale.x(20.0), scale.x(99.0)), (0.0, 1000.0, 1000.0));
    assert_eq!((scale.y(10.0), scale.y(20.0), scale.y(-5.0)), (100.0, 0.0, 100.0));
    assert_eq!(Scale::new(5.0, 5.0).x(5.0), 0.0);
}

#[test]
fn a_line_needs_two_points() {
    let one = Course { past: vec![(0.0, 1.0)], ..Course::default() };
    let two = Course { past: vec![(0.0, 1.0), (1.0, 2.0)], floor: Some(1.0), ..Course::default() };
    let (across, up) = (Scale::new(0.0, 1.0), Scale::new(0.0, 2.0));
    assert!(!course("x", &one, across, up).into_string().contains("polyline"));
    let drawn = course("x", &two, across, up).into_string();
    assert!(drawn.contains("<polyline") && drawn.contains("class=\"floor\""));
}
