use super::*;

#[test]
fn equal_epochs_are_one_shape() {
    let seen = [Seen::Live, Seen::Live, Seen::Dark, Seen::Unknown, Seen::Unknown, Seen::Live];
    assert_eq!(
        runs(&seen),
        [(0, 2, Seen::Live), (2, 1, Seen::Dark), (3, 2, Seen::Unknown), (5, 1, Seen::Live)]
    );
    assert_eq!(strip("x", &seen).into_string().matches("<rect").count(), 4);
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
