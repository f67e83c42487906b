use super::*;
use crate::cli::ceremony::tests::{ceremony, done, id, snapshot};

#[test]
fn the_definition_in_force_and_every_ceremony_are_shown() {
    let mut status = snapshot(&[]);
    status.peers[2].connected = false;
    let text = render(&status, None);
    for line in [
        &format!("Network     test 0x{}", "07".repeat(32)),
        "Guardians   3 of 4, set 0; this is 1 alice",
        "Group key   none yet; all guardians make one with: guardian dkg --group",
        "  1  alice  this one",
        "  3  carol  yes",
        "  4  dave   NO",
        "Ceremonies  none",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    assert!(!text.contains("Joining"));
    status.joining = true;
    status.group_key = Some("0x02ab".to_owned());
    status.ceremonies = vec![done(ceremony("12")), ceremony("5f")];
    let text = render(&status, None);
    assert!(
        text.contains("\nJoining     YES: not at work yet") && text.contains("\nGroup key   0x02ab\n"),
        "{text}"
    );
    let at = |byte| text.find(&id(byte).to_string()).unwrap();
    assert!(at("5f") < at("12"), "what is open comes first\n{text}");
}

#[test]
fn programs_get_members_and_ceremonies_in_one_document() {
    let document = document(&snapshot(&[ceremony("5f")]));
    let names =
        |index: usize| (&document["members"][index]["name"], &document["members"][index]["connected"]);
    assert_eq!(names(0), (&"alice".into(), &Value::Null));
    assert_eq!(names(3), (&"dave".into(), &true.into()));
    assert_eq!(document["ceremonies"][0]["id"], id("5f").to_string());
    assert_eq!((&document["joining"], &document["guardian_set_epoch"]), (&false.into(), &0.into()));
}

#[test]
fn a_follower_hears_of_changes_only() {
    let (first, mut later) = (document(&snapshot(&[])), snapshot(&[]));
    later.slot = crypto::spec::Slot(2_000);
    let second = document(&later);
    assert_ne!(first, second);
    assert_eq!(lasting(first), lasting(second));
}
