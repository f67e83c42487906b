use super::*;

fn ids() -> Vec<ProposalId> {
    let mut near = [0xab; 32];
    near[5] = 1;
    vec![ProposalId([0xab; 32]), ProposalId(near), ProposalId([0x12; 32])]
}

#[test]
fn an_id_is_found_by_its_beginning_when_only_one_begins_like_it() {
    let find = |text: &str| find(&id_prefix(text).unwrap(), ids().into_iter()).map_err(|e| e.to_string());
    assert_eq!(find("0x12121212"), Ok(ProposalId([0x12; 32])));
    assert_eq!(find("12121212121212…"), Ok(ProposalId([0x12; 32])), "as tables show it");
    assert_eq!(find("0xABABABABABAB"), Ok(ProposalId([0xab; 32])));
    let ambiguous = find("0xabababab").unwrap_err();
    assert!(
        ambiguous.contains("ambiguous: 2 emergencies") && ambiguous.contains("more digits"),
        "{ambiguous}"
    );
    assert!(find("0xffffffff").unwrap_err().contains("knows no emergency"));
}

#[test]
fn too_few_digits_and_what_are_none_are_refused() {
    for text in ["", "0x", "0x1212121", "1212121g", &"1".repeat(65), "0x12 1212121"] {
        let refused = id_prefix(text).unwrap_err();
        assert!(refused.contains("first 8 to 64 hexadecimal digits"), "{text}: {refused}");
    }
}

#[test]
fn a_refusal_says_all_that_is_wrong() {
    let problem = |code: &str, detail: &str| Problem { code: code.to_owned(), detail: detail.to_owned() };
    let text = refusal(&[problem("duplicate", "validator 7 twice"), problem("expired", "too late")]);
    assert_eq!(
        text,
        "the guardian refused, and did nothing:\n  duplicate: validator 7 twice\n  expired: too late"
    );
}
