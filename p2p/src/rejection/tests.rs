use super::Rejection;
use std::collections::BTreeSet;

#[test]
fn all_lists_every_rejection_at_its_own_place() {
    for (place, rejection) in Rejection::ALL.into_iter().enumerate() {
        assert_eq!(rejection as usize, place, "{rejection}");
    }
}

#[test]
fn codes_are_distinct_and_snake_case() {
    let codes: BTreeSet<_> = Rejection::ALL.iter().map(|rejection| rejection.code()).collect();
    assert_eq!(codes.len(), Rejection::ALL.len());
    assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
}
