use super::*;

#[test]
fn unknown_parameters_are_refused_with_those_there_are() {
    let refusal = Query::read("limt=5", &["limit", "offset"]).unwrap_err();
    assert_eq!(refusal.detail, "`limt` is no parameter; there are limit, offset");
    let refusal = Query::read("a", &[]).unwrap_err();
    assert_eq!(refusal.detail, "`a` is no parameter; there are none here");
}

#[test]
fn twice_too_long_and_out_of_range_are_refused() {
    let read = |text: &str| Query::read(text, &["limit", "offset"]).and_then(|query| query.page());
    assert!(read("limit=1&limit=2").is_err());
    assert!(read(&format!("limit={}", "1".repeat(200))).is_err());
    for wrong in ["limit=0", "limit=1001", "limit=-1", "limit=x", "offset=99999999999", "limit="] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    assert_eq!(read("limit=7&offset=3").unwrap(), Page { offset: 3, limit: 7 });
    assert_eq!(read("").unwrap(), Page { offset: 0, limit: 100 });
}

#[test]
fn a_page_is_a_part() {
    let page = Page { offset: 2, limit: 3 };
    assert_eq!(page.of(0..10).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(page.end(), 5);
}
