use super::*;

#[test]
fn an_event_is_lines() {
    assert_eq!(event("entry", Some("3-0:7"), b"{}"), "id: 3-0:7\nevent: entry\ndata: {}\n\n");
    assert_eq!(event("status", None, b"{\n}"), "event: status\ndata: {\ndata: }\n\n");
}

#[test]
fn ids_are_read_back() {
    assert_eq!(parse_id(&id("3-0", 7)), Some(("3-0", 7)));
    for wrong in ["", "7", ":7", "3-0:", "3-0:x", "3-0:-1"] {
        assert_eq!(parse_id(wrong), None, "{wrong}");
    }
    assert_eq!(parse_id(&id(&"a".repeat(65), 1)), None);
}
