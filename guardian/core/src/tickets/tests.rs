use super::*;
use proptest::prelude::*;

const MINIMUM: Tickets = Tickets(28 * Tickets::ONE.0);
const DAY: u64 = 225;

fn burned(epochs: u64, balance: u128) -> Result<Tickets, Refusal> {
    burn(Epoch(1_000), Epoch(1_000 + epochs), Tickets(balance), MINIMUM)
}

/// Figures that the protocol's own contracts burned.
#[test]
fn burns_what_the_contracts_burned() {
    assert_eq!(consumption(DAY), Tickets(1_000_000_000_000_000_125));
    let plenty = 100 * Tickets::ONE.0;
    assert_eq!(burned(28 * DAY, plenty), Ok(Tickets(28_000_000_000_000_003_500)));
    assert_eq!(burned(40 * DAY, plenty), Ok(Tickets(40_000_000_000_000_005_000)));
    assert_eq!(burned(5 * DAY, plenty), Ok(MINIMUM));
    let rest = 24_999_999_999_999_991_250;
    assert_eq!(burned(2 * DAY, rest), Ok(Tickets(rest)));
}

#[test]
fn the_floor_ends_where_the_rate_reaches_it() {
    let plenty = 100 * Tickets::ONE.0;
    assert_eq!(burned(6_299, plenty), Ok(MINIMUM));
    assert_eq!(burned(6_300, plenty), Ok(Tickets(28_000_000_000_000_003_500)));
    // What was used equals the minimum: no floor any more, so it must be there in full.
    let used = consumption(6_300);
    assert_eq!(burn(Epoch(0), Epoch(6_300), used, used), Ok(used));
    let balance = Tickets(used.0 - 1);
    assert_eq!(burn(Epoch(0), Epoch(6_300), balance, used), Err(Refusal::Overdrawn { used, balance }));
}

#[test]
fn refuses_what_the_contracts_revert() {
    let used = Tickets(40_000_000_000_000_005_000);
    let balance = Tickets(used.0 - 1);
    assert_eq!(burned(40 * DAY, balance.0), Err(Refusal::Overdrawn { used, balance }));
    assert_eq!(burned(40 * DAY, used.0), Ok(used));
    assert_eq!(burn(Epoch(5), Epoch(4), MINIMUM, MINIMUM), Err(Refusal::EndsBeforeStart));
    assert_eq!(burned(0, 0), Ok(Tickets(0)));
}

#[test]
fn all_of_time_is_an_exact_amount() {
    let exact = u128::from(u64::MAX) * 4_444_444_444_444_445;
    assert_eq!(consumption(u64::MAX), Tickets(exact));
    let refused = burn(Epoch(0), Epoch(u64::MAX), Tickets(exact - 1), MINIMUM);
    assert!(matches!(refused, Err(Refusal::Overdrawn { .. })));
}

/// The rule once more in another notation: whole days of 225 epochs and single epochs, limbs of 10^18 in 64 bits, and
/// the three cases asked in the order of the balance.
fn restated(epochs: u64, balance: (u64, u64), minimum: (u64, u64)) -> Option<(u64, u64)> {
    const LIMB: u64 = 1_000_000_000_000_000_000;
    // 225 epochs are a ticket and 125 wei; 224 epochs are below a ticket, so one limb holds the rest.
    let (days, single) = (epochs / 225, epochs % 225);
    let wei = single * 4_444_444_444_444_445 + days * 125;
    let used = (days + wei / LIMB, wei % LIMB);
    if used >= minimum {
        (used <= balance).then_some(used)
    } else if balance <= minimum {
        Some(balance)
    } else {
        Some(minimum)
    }
}

proptest! {
    #[test]
    fn consumption_is_monotone_and_adds_up(one in any::<u32>(), other in any::<u32>()) {
        let (one, other) = (u64::from(one), u64::from(other));
        prop_assert_eq!(consumption(one + other), consumption(one).saturating_add(consumption(other)));
        prop_assert!(consumption(one + 1) > consumption(one));
    }

    #[test]
    fn burn_is_the_rule_restated(
        start in 0_u64..400_000,
        epochs in prop_oneof![0_u64..20_000, 6_298_u64..6_303, 0_u64..1_000_000_000],
        balance in (0_u64..60, 0_u64..1_000_000_000_000_000_000),
        minimum in prop_oneof![Just((28_u64, 0_u64)), (0_u64..40, 0_u64..1_000_000_000_000_000_000)],
    ) {
        let wei = |(whole, wei): (u64, u64)| Tickets(u128::from(whole) * Tickets::ONE.0 + u128::from(wei));
        let burned = burn(Epoch(start), Epoch(start + epochs), wei(balance), wei(minimum));
        prop_assert_eq!(burned.ok(), restated(epochs, balance, minimum).map(wei));
    }
}
