use super::*;
use crate::scene::operators::{POOR, RICH, registered, registration};
use crate::scene::pubkey;
use crypto::registration::Verdict;

fn registry(events: Vec<JudgedEvent>) -> Registry {
    let mut registry = Registry::default();
    for (block, event) in (1..).zip(events) {
        registry.take(&JudgedLog { block: BlockNumber(block), index: 0, timestamp: 0, event });
    }
    registry
}

fn lives(registry: &Registry) -> Vec<Life> {
    registry.entries().iter().map(|entry| entry.life).collect()
}

#[test]
fn a_life_has_one_direction() {
    let id = registration(0);
    let burned = crypto::execution::Tickets(1);
    let register = JudgedEvent::Registered(registered(0, POOR));
    let (provision, skip) = (JudgedEvent::Provisioned(id), JudgedEvent::Skipped(id));
    let exit = JudgedEvent::Exited { id, burned };
    let cases = [
        (vec![], Life::Pending),
        (vec![&provision], Life::Active),
        (vec![&skip], Life::Skipped),
        (vec![&provision, &exit], Life::Settled),
        (vec![&exit], Life::Pending),
        (vec![&provision, &skip], Life::Active),
        (vec![&skip, &provision], Life::Skipped),
        (vec![&provision, &exit, &provision], Life::Settled),
        (vec![&provision, &register], Life::Active),
    ];
    for (events, life) in cases {
        let all = std::iter::once(&register).chain(events.iter().copied()).cloned().collect();
        assert_eq!(lives(&registry(all)), [life], "{events:?}");
    }
    assert!(registry(vec![provision, skip, exit]).entries().is_empty(), "about nothing known");
}

#[test]
fn the_first_sound_registration_of_a_key_counts_until_it_is_skipped() {
    let again = |index: u64, verdict| {
        let entry = Registered { id: registration(index), verdict, ..registered(0, RICH) };
        JudgedEvent::Registered(entry)
    };
    let mut events = vec![
        again(7, Verdict::InvalidDepositSignature),
        JudgedEvent::Registered(registered(0, POOR)),
        again(8, Verdict::DuplicateKey),
    ];
    assert_eq!(registry(events.clone()).live(&pubkey(0)), Some(registration(0)));
    assert_eq!(registry(events.clone()).operator(&pubkey(0)), Some(POOR));
    assert_eq!(registry(events.clone()).payer(&pubkey(0)), None, "not active yet");
    events.push(JudgedEvent::Provisioned(registration(0)));
    assert_eq!(registry(events.clone()).payer(&pubkey(0)), Some(POOR));
    events.pop();
    events.push(JudgedEvent::Skipped(registration(0)));
    assert_eq!(registry(events.clone()).live(&pubkey(0)), None);
    events.push(again(9, Verdict::EnvelopeNotForUs));
    assert_eq!(registry(events).live(&pubkey(0)), Some(registration(9)));
}

#[test]
fn unsound_ones_use_tickets_once_they_are_provisioned() {
    let unsound = Registered { verdict: Verdict::NeedsTrace, ..registered(1, POOR) };
    let nameless =
        Registered { id: registration(5), pubkey: None, verdict: Verdict::InvalidPubkey, ..unsound };
    let events = vec![
        JudgedEvent::Registered(unsound),
        JudgedEvent::Registered(nameless),
        JudgedEvent::Provisioned(registration(5)),
    ];
    let mut registry = registry(events);
    assert!(registry.live_keys().is_empty());
    let event = JudgedEvent::Provisioned(registration(1));
    registry.take(&JudgedLog { block: BlockNumber(9), index: 0, timestamp: 0, event });
    assert_eq!(registry.live_keys(), [pubkey(1)].into());
    assert_eq!(registry.on_duty(&POOR).collect::<Vec<_>>(), [pubkey(1)]);
    let counts = [("invalid_pubkey".to_owned(), 1), ("needs_trace".to_owned(), 1)];
    assert_eq!(registry.verdicts(), counts.into());
    assert_eq!(registry.modules().values().copied().collect::<Vec<_>>(), [2]);
}

#[test]
fn only_who_registered_is_an_operator() {
    let amount = crypto::execution::Tickets(1);
    let registry = registry(vec![
        JudgedEvent::TicketsDeposited { operator: RICH, amount },
        JudgedEvent::Registered(registered(0, POOR)),
    ]);
    assert_eq!(*registry.operators(), [POOR].into());
}
