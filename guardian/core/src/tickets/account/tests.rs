use super::super::{RATE, Refusal, burn};
use super::*;
use proptest::prelude::*;

const MINIMUM: Tickets = Tickets(28 * Tickets::ONE.0);
const FLOOR: Tickets = Tickets(5 * Tickets::ONE.0);
/// `getNodeInfo` gives a `uint96`.
const UINT96: Tickets = Tickets((1 << 96) - 1);

fn on_duty(activation: u64) -> Duty {
    Duty { activation: Epoch(activation), exit: FAR_FUTURE_EPOCH }
}

fn served(activation: u64, exit: u64) -> Duty {
    Duty { activation: Epoch(activation), exit: Epoch(exit) }
}

fn account(tickets: u128, duties: &[Duty]) -> Account<'_> {
    Account { tickets: Tickets(tickets), duties, since: Epoch(0) }
}

fn tickets(whole: u128) -> u128 {
    whole * Tickets::ONE.0
}

#[test]
fn several_validators_use_one_balance() {
    let duties = [on_duty(100), on_duty(200), served(150, 180), on_duty(u64::MAX)];
    let account = account(tickets(10), &duties);
    let left = |at: u64, epochs: u128| {
        assert_eq!(account.present(Epoch(at)), Balance((tickets(10) - epochs * RATE.0).try_into().unwrap()));
    };
    left(100, 0);
    left(101, 1);
    left(180, 80 + 30);
    left(200, 100 + 30);
    left(300, 200 + 30 + 100);
    assert_eq!([99, 100, 150, 179, 180, 200].map(|at| account.active(Epoch(at))), [0, 1, 2, 2, 1, 2]);
}

#[test]
fn more_used_than_there_is_shows_as_overdrawn() {
    let duties = [on_duty(0)];
    let account = account(RATE.0 + 1, &duties);
    assert_eq!(account.present(Epoch(1)), Balance(1));
    let overdrawn = account.present(Epoch(2));
    assert_eq!(overdrawn, Balance(1 - i128::try_from(RATE.0).unwrap()));
    assert!(overdrawn.is_overdrawn() && overdrawn.tickets() == Tickets(0));
    assert!(!Balance(0).is_overdrawn());
}

/// One validator with exactly the floor: it is below one epoch later, and stays so.
#[test]
fn a_shortfall_begins_in_the_epoch_after_the_floor() {
    let duties = [on_duty(50)];
    let account = account(FLOOR.0, &duties);
    assert_eq!(account.below_since(FLOOR, Epoch(50)), None);
    assert!(!account.is_below(FLOOR, Epoch(50)) && account.is_below(FLOOR, Epoch(51)));
    for at in [51, 52, 1_000, u64::MAX - 1] {
        assert_eq!(account.below_since(FLOOR, Epoch(at)), Some(Epoch(51)));
    }
}

#[test]
fn a_second_validator_doubles_the_floor_at_its_activation() {
    let duties = [on_duty(0), on_duty(100)];
    let account = account(tickets(9), &duties);
    assert_eq!(account.below_since(FLOOR, Epoch(99)), None);
    assert_eq!(account.below_since(FLOOR, Epoch(100)), Some(Epoch(100)));
    // When it leaves, the shortfall is over, until the one that stayed has used the rest.
    let duties = [on_duty(0), served(100, 120)];
    let account = Account { duties: &duties, ..account };
    assert_eq!(account.below_since(FLOOR, Epoch(119)), Some(Epoch(100)));
    assert_eq!(account.below_since(FLOOR, Epoch(120)), None);
    // 4 tickets are 900 epochs, of which the other one used 20.
    assert_eq!(account.below_since(FLOOR, Epoch(900)), Some(Epoch(880)));
}

#[test]
fn no_shortfall_is_older_than_the_last_decrease() {
    let duties = [on_duty(0)];
    let account = Account { tickets: Tickets(0), duties: &duties, since: Epoch(70) };
    assert_eq!(account.below_since(FLOOR, Epoch(69)), None);
    assert_eq!(account.below_since(FLOOR, Epoch(70)), Some(Epoch(70)));
    assert_eq!(account.below_since(FLOOR, Epoch(90)), Some(Epoch(70)));
}

#[test]
fn nobody_on_duty_is_short_of_nothing() {
    let duties = [served(10, 20), on_duty(u64::MAX)];
    let account = account(0, &duties);
    assert_eq!(account.below_since(FLOOR, Epoch(30)), None);
    let never = Runway { warning: None, floor: None, empty: None, exit_by: None };
    assert_eq!(account.runway(Epoch(30), FLOOR, 5), never);
}

/// 28 tickets for one validator: 20 tickets until the warning, 23 until the floor, 28 until empty.
#[test]
fn a_month_of_runway() {
    let duties = [on_duty(0)];
    let account = account(tickets(28), &duties);
    let runway = account.runway(Epoch(0), FLOOR, 300);
    let expected =
        Runway { warning: Some(4_500), floor: Some(5_175), empty: Some(6_300), exit_by: Some(6_000) };
    assert_eq!(runway, expected);
    let later = account.runway(Epoch(6_100), FLOOR, 300);
    assert_eq!(later, Runway { warning: Some(0), floor: Some(0), empty: Some(200), exit_by: Some(0) });
}

#[test]
fn a_runway_knows_the_exits_and_activations_to_come() {
    let duties = [on_duty(0), served(0, 10)];
    let account = account(tickets(9), &duties);
    assert_eq!(account.epochs_until_below(FLOOR, Epoch(5)), Some(0), "two need 10");
    // One needs 5: the 4 above are 900 epochs, of which the other one used 10.
    assert_eq!(account.epochs_until_below(FLOOR, Epoch(10)), Some(880));
    let duties = [on_duty(0), on_duty(40)];
    let account = Account { duties: &duties, ..account };
    assert_eq!(account.epochs_until_below(FLOOR, Epoch(5)), Some(35), "the second one makes it 10");
}

#[test]
fn a_settlement_burns_the_minimum_for_each_young_validator() {
    let duties = [on_duty(9_000), on_duty(0), on_duty(9_990), on_duty(20_000)];
    let account = account(tickets(90), &duties);
    let used = super::super::consumption(10_000);
    let settlement = account.settlement(Epoch(10_000), MINIMUM);
    // 44.4 for the old one, 28 for a young one, and the 17.5 that are left for the last.
    assert_eq!(settlement, Settlement { burned: Tickets(tickets(90)), left: Tickets(0), refused: 0 });
    assert!(used.0 + MINIMUM.0 < tickets(90) && used.0 + 2 * MINIMUM.0 > tickets(90));
    let poor = Account { tickets: Tickets(used.0 - 1), ..account }.settlement(Epoch(10_000), MINIMUM);
    assert_eq!(poor.refused, 1, "{poor:?}");
}

#[test]
fn absurd_amounts_saturate() {
    let duties = vec![on_duty(0); 5_000];
    let rich = account(UINT96.0, &duties);
    // 2^96 wei among 5,000 validators: about 3.6 billion epochs.
    let runway = rich.runway(Epoch(0), FLOOR, u64::MAX);
    assert!(runway.empty.is_some_and(|epochs| epochs > 3_000_000_000), "{runway:?}");
    assert_eq!(runway.exit_by, Some(0));
    let last = Epoch(u64::MAX - 1);
    assert_eq!(rich.present(last), Balance(-i128::MAX));
    assert_eq!(rich.below_since(Tickets(0), last), runway.empty.map(Epoch));
    for amount in [0, UINT96.0, u128::MAX] {
        let account = account(amount, &duties);
        for at in [0, 1, u64::MAX - 1, u64::MAX] {
            for floor in [Tickets(0), FLOOR, Tickets(u128::MAX)] {
                let below = account.below_since(floor, Epoch(at));
                assert!(below.is_none_or(|epoch| epoch <= Epoch(at)));
                let _ = account.runway(Epoch(at), floor, u64::MAX);
            }
            let _ = account.settlement(Epoch(at), Tickets(u128::MAX));
        }
    }
    let nonsense = [served(9, 3), served(u64::MAX, 0), served(4, 4)];
    assert_eq!(account(7, &nonsense).present(Epoch(100)), Balance(7));
    assert_eq!(account(7, &nonsense).active(Epoch(4)), 0);
}

/// Histories of at most six validators within 60 epochs, and amounts that make the marks fall inside them.
fn history() -> impl Strategy<Value = (u128, Vec<Duty>, u64)> {
    let duty =
        (0_u64..50, prop_oneof![Just(u64::MAX), 0_u64..60], 0_u8..8).prop_map(|(activation, exit, kind)| {
            match kind {
                0 => on_duty(u64::MAX),
                _ => served(activation, exit),
            }
        });
    let tickets = prop_oneof![0..RATE.0 * 400, (0_u128..400).prop_map(|epochs| epochs * RATE.0)];
    (tickets, prop::collection::vec(duty, 0..6), prop_oneof![Just(0_u64), 0_u64..60])
}

/// Marks about as large as what a few epochs use.
fn mark() -> impl Strategy<Value = Tickets> {
    prop_oneof![Just(0), 0..RATE.0 * 40, (0_u128..40).prop_map(|epochs| epochs * RATE.0)].prop_map(Tickets)
}

/// One epoch by itself, by the definition.
fn is_short(account: &Account<'_>, floor: Tickets, at: u64) -> bool {
    let duties = account.duties.iter().filter(|duty| duty.activation != FAR_FUTURE_EPOCH);
    let mut left = i128::try_from(account.tickets.0).unwrap();
    let mut active = 0_i128;
    for duty in duties {
        let (from, to) = (i128::from(duty.activation.0), i128::from(duty.exit.0));
        left -= (to.min(i128::from(at)) - from).max(0) * 4_444_444_444_444_445;
        active += i128::from(from <= i128::from(at) && i128::from(at) < to);
    }
    active > 0 && left < i128::try_from(floor.0).unwrap() * active
}

proptest! {
    #[test]
    fn below_since_is_what_a_search_epoch_by_epoch_finds(
        (tickets, duties, since) in history(), floor in mark(), at in 0_u64..120,
    ) {
        let account = Account { tickets: Tickets(tickets), duties: &duties, since: Epoch(since) };
        let found = (since..=at).rev().take_while(|epoch| is_short(&account, floor, *epoch)).last();
        prop_assert_eq!(account.below_since(floor, Epoch(at)), found.map(Epoch));
        prop_assert_eq!(account.is_below(floor, Epoch(at)), is_short(&account, floor, at));
    }

    #[test]
    fn the_same_shortfall_has_one_beginning(
        (tickets, duties, since) in history(), floor in mark(), at in 0_u64..120,
    ) {
        let account = Account { tickets: Tickets(tickets), duties: &duties, since: Epoch(since) };
        if let Some(began) = account.below_since(floor, Epoch(at)) {
            for epoch in began.0..=at {
                prop_assert_eq!(account.below_since(floor, Epoch(epoch)), Some(began));
            }
        }
    }

    #[test]
    fn the_runway_is_what_a_search_epoch_by_epoch_finds(
        (tickets, duties, _) in history(), floor in mark(), at in 0_u64..80,
    ) {
        let account = account(tickets, &duties);
        // Whoever is on duty at epoch 60 stays, and has used everything after 400 more epochs.
        let found = (at..600).find(|epoch| is_short(&account, floor, *epoch)).map(|epoch| epoch - at);
        prop_assert_eq!(account.epochs_until_below(floor, Epoch(at)), found);
    }

    #[test]
    fn what_is_present_never_grows_by_itself((tickets, duties, _) in history(), at in 0_u64..120) {
        let account = account(tickets, &duties);
        let (now, next) = (account.present(Epoch(at)), account.present(Epoch(at + 1)));
        let used = i128::try_from(RATE.0).unwrap() * i128::from(account.active(Epoch(at)));
        prop_assert_eq!(now.0 - next.0, used);
    }

    #[test]
    fn a_settlement_is_one_burn_after_the_other(
        epochs in prop::collection::vec(0_u64..14_000, 0..5), tickets in 0_u128..200_000_000_000_000_000_000,
    ) {
        let duties: Vec<_> = epochs.iter().map(|epochs| served(20_000 - epochs, 20_000)).collect();
        let begun = |duty: &&Duty| duty.activation < duty.exit;
        let settlement = account(tickets, &duties).settlement(Epoch(30_000), MINIMUM);
        let mut ordered: Vec<_> = duties.iter().filter(begun).collect();
        ordered.sort_by_key(|duty| duty.activation);
        let mut left = Tickets(tickets);
        let mut refused = 0;
        for duty in ordered {
            match burn(duty.activation, duty.exit, left, MINIMUM) {
                Ok(burned) => left = Tickets(left.0 - burned.0),
                Err(Refusal::Overdrawn { .. }) => refused += 1,
                Err(Refusal::EndsBeforeStart) => prop_assert!(false),
            }
        }
        prop_assert_eq!(settlement, Settlement { burned: Tickets(tickets - left.0), left, refused });
    }

    /// Without a shortfall nothing is refused, whoever leaves when: why the floor is above zero.
    #[test]
    fn an_operator_that_is_not_overdrawn_can_be_settled(
        (tickets, duties, _) in history(), at in 0_u64..120, minimum in mark(),
    ) {
        let account = account(tickets, &duties);
        if !account.present(Epoch(at)).is_overdrawn() {
            prop_assert_eq!(account.settlement(Epoch(at), minimum).refused, 0);
        }
    }
}
