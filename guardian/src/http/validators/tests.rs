use super::*;
use crate::http::tests::snapshot;
use crypto::execution::ModuleName;
use crypto::threshold::ShareIndex;

fn registration(index: u64, key: Option<u8>, verdict: Verdict, life: Life) -> RegistrationStatus {
    RegistrationStatus {
        id: RegistrationId { module: ModuleName([1; 32]), index },
        operator: Address([index.to_le_bytes()[0]; 20]),
        pubkey: key.map(|key| BlsPubkey([key; 48])),
        verdict,
        life,
        block: BlockNumber(10 + index),
        transaction: TransactionHash([2; 32]),
    }
}

fn health(key: u8) -> ValidatorHealth {
    ValidatorHealth {
        ready: Vec::new(),
        pubkey: BlsPubkey([key; 48]),
        share: ShareIndex::new(1).unwrap(),
        index: Some(ValidatorIndex(key.into())),
        status: None,
        last_live: None,
        dark_epochs: 3,
        operator: None,
        balance: Some(Gwei(32_000_000_000)),
        effective_balance: None,
        slashed: false,
    }
}

/// A key registered, skipped and registered again; one that was imported; one that is no key.
fn status() -> StatusSnapshot {
    let mut status = snapshot(Some(1));
    status.registrations = vec![
        registration(1, Some(1), Verdict::Accepted, Life::Skipped),
        registration(2, Some(1), Verdict::Accepted, Life::Active),
        registration(3, Some(1), Verdict::DuplicateKey, Life::Pending),
        registration(4, None, Verdict::InvalidPubkey, Life::Pending),
    ];
    status.validators = vec![health(1), health(9)];
    status.operators = vec![OperatorStatus {
        operator: Address([2; 20]),
        deposited: Tickets(20),
        present: Tickets(10),
        overdrawn: false,
        active: 1,
        pending: 0,
        standing: Standing::Short,
        due: None,
        runway: None,
        unexplained: None,
    }];
    status
}

#[test]
fn the_beacon_chain_is_shown_with_the_registration_that_counts() {
    let list = list(&status(), &Filter::default());
    let indices: Vec<_> = list.iter().map(|view| view.beacon.as_ref().and_then(|one| one.index)).collect();
    assert_eq!(indices, [None, Some(ValidatorIndex(1)), None, None, Some(ValidatorIndex(9))]);
    let numbers: Vec<_> =
        list.iter().map(|view| view.registration.as_ref().map(|one| one.id.index)).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(4), None]);
    let tickets = list[1].tickets.as_ref().unwrap();
    assert_eq!((tickets.present, tickets.standing), (Tickets(10), Standing::Short));
    assert!(list[0].tickets.is_none());
    // It can be read back.
    let text = serde_json::to_string(&list).unwrap();
    assert_eq!(serde_json::from_str::<Vec<ValidatorView>>(&text).unwrap(), list);
}

#[test]
fn filters_choose_and_are_read_strictly() {
    let parse = |pairs: &[(&str, &str)]| {
        Filter::parse(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    let found = |pairs: &[(&str, &str)]| list(&status(), &parse(pairs).unwrap()).len();
    let operator = Address([2; 20]).to_string();
    assert_eq!(found(&[]), 5);
    assert_eq!(found(&[("operator", &operator)]), 1);
    assert_eq!(found(&[("verdict", "accepted")]), 2);
    assert_eq!(found(&[("operator", &operator), ("verdict", "duplicate_key")]), 0);
    for (name, value, problem) in [
        ("operator", "0x12", "operator: Address must be 20 bytes"),
        ("verdict", "fine", "no such verdict; there are accepted, needs_trace"),
        ("operater", "x", "`operater` is no parameter; there are operator and verdict"),
    ] {
        let refused = parse(&[(name, value)]).unwrap_err();
        assert!(refused.code == "invalid_query" && refused.detail.contains(problem), "{}", refused.detail);
    }
}
