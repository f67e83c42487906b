use super::*;

/// The code in the core is the code on the wire of the status and in the metrics.
#[test]
fn codes_are_what_json_says() {
    let kinds = [
        (FaultKind::Equivocation, "equivocation"),
        (FaultKind::InvalidPartial, "invalid_partial"),
        (FaultKind::ForeignShare, "foreign_share"),
        (FaultKind::InvalidCertificate, "invalid_certificate"),
        (FaultKind::MalformedProposal, "malformed_proposal"),
        (FaultKind::Garbage, "garbage"),
        (FaultKind::Flooding, "flooding"),
        (FaultKind::WrongEpoch, "wrong_epoch"),
    ];
    for (kind, code) in kinds {
        assert_eq!(kind.code(), code);
        assert_eq!(serde_json::to_value(kind).unwrap(), code);
    }
}
