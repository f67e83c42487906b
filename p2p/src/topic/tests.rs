use super::*;

#[test]
fn names_carry_the_whole_network_id() {
    let network = [0xab; 32];
    let id = "ab".repeat(32);
    assert_eq!(topic(&network).hash().as_str(), format!("guardian/{id}/1"));
    assert_eq!(catch_up_protocol(&network).as_ref(), format!("/guardian/{id}/catch-up/1"));
    assert_eq!(identify_protocol(&network), format!("guardian/{id}/1"));
}
