use super::*;

fn wanted(sort: &str, order: &str) -> Wanted {
    Wanted { q: "0xab&x".to_owned(), sort: sort.to_owned(), order: order.to_owned(), ..Wanted::default() }
}

#[test]
fn a_heading_sorts_and_then_turns_round() {
    assert_eq!(wanted("", "").sorted(SortKey::Balance), "/validators?q=0xab%26x&sort=balance&order=asc");
    assert_eq!(
        wanted("balance", "asc").sorted(SortKey::Balance),
        "/validators?q=0xab%26x&sort=balance&order=desc"
    );
    assert_eq!(
        wanted("balance", "desc").sorted(SortKey::Balance),
        "/validators?q=0xab%26x&sort=balance&order=asc"
    );
    assert_eq!(wanted("balance", "desc").sorted(SortKey::Dark), "/validators?q=0xab%26x&sort=dark&order=asc");
}

#[test]
fn the_next_page_keeps_what_was_asked_for() {
    assert_eq!(wanted("dark", "desc").at(50), "/validators?q=0xab%26x&sort=dark&order=desc&offset=50");
    assert_eq!(wanted("dark", "desc").at(0), "/validators?q=0xab%26x&sort=dark&order=desc");
}

#[test]
fn what_means_nothing_is_left_out() {
    let odd =
        Wanted { health: "splendid".to_owned(), operator: "me".to_owned(), ..wanted("colour", "sideways") };
    assert_eq!((odd.health(), odd.operator(), odd.order()), (None, None, Order::default()));
}

#[test]
fn scripts_know_a_word_for_every_code() {
    let words: serde_json::Value = serde_json::from_str(&vocabulary()).unwrap();
    for health in Health::ALL {
        assert!(words["health"][health.code()][1].is_string(), "{}", health.code());
    }
    assert_eq!(words["status"].as_object().unwrap().len(), 9);
    assert_eq!(words["status"]["active_ongoing"][1], "On duty");
}
