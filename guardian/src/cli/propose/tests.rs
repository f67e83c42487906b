use super::forecast::render;
use crate::cli::when::Times;
use crypto::execution::{Address, Tickets};
use crypto::spec::{BlsPubkey, Epoch, Gwei, Slot, ValidatorIndex};
use guardian_core::emergency::{Refusal, Severity};
use guardian_core::forecast::{Bound, Forecast, Target};
use guardian_core::proposal::ProposalId;
use guardian_core::status::Hold;

pub(in crate::cli) fn forecast(validators: u64) -> Forecast {
    let target = |index: u64| Target {
        index: ValidatorIndex(index),
        pubkey: Some(BlsPubkey([u8::try_from(index % 256).unwrap(); 48])),
        operator: Some(Address([7; 20])),
        balance: Some(Gwei(32_000_000_000)),
        problem: (index == validators - 1).then_some(Refusal::AlreadyExiting),
        proposal: None,
    };
    Forecast {
        emergency: ProposalId([0x5f; 32]),
        severity: Severity::Normal,
        certifiable_from: Slot(250),
        expires: Slot(1_900),
        targets: (0..validators).map(target).collect(),
        leaving: validators - 1,
        stake: Gwei(32_000_000_000 * (validators - 1)),
        tickets: Tickets(3_500_000_000_000_000_000),
        bond: Gwei(250_000_000),
        last_release: Epoch(5),
        fits: true,
        last_exit: Epoch(12),
        bounds: vec![Bound { hold: Hold::DayCap, detail: "3 of 16 are left".to_owned() }],
    }
}

fn times() -> Times {
    let (definition, _) = crate::definition::tests::network(3, 4, 1);
    Times::new(&definition.chain, Slot(100))
}

#[test]
fn a_forecast_says_whom_how_much_and_when() {
    let text = render(&forecast(3), &times());
    let id = format!("Emergency   0x{} (normal)", "5f".repeat(32));
    for line in [
        id.as_str(),
        "Validators  3 named, 2 would leave",
        "Stake       64 ETH would leave; bonds make good 0.25 ETH; 3.5 tickets burn",
        "Certified   from slot 250 (in 30 min 0 s) on, until then it can be taken back",
        "Expires     slot 1900 (in 6 h 0 min)",
        "Queue       last release in epoch 5 (in 12 min 0 s)",
        "            last one off duty in epoch 12 (in 56 min 48 s)",
        "  2          0x020202020202…  0x070707070707…  32       already_exiting  -",
        "  day_cap  3 of 16 are left  enough releases are more than a day ago",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line:?} not in\n{text}");
    }
    let late = render(&Forecast { fits: false, severity: Severity::Urgent, ..forecast(3) }, &times());
    assert!(late.contains("AFTER it expires") && late.contains("Certified   at once"), "{late}");
}

#[test]
fn of_many_validators_those_that_cannot_leave_are_shown() {
    let text = render(&forecast(1_024), &times());
    assert!(text.contains("and 960 more; --json shows all"), "{text}");
    assert!(
        text.lines().any(|line| line.starts_with("  1023 ") && line.contains("already_exiting")),
        "{text}"
    );
    assert!(text.lines().count() < 90);
}

#[test]
fn a_reason_is_one_line_of_text() {
    super::line("keys leaked — all of them").unwrap();
    for text in ["", "  ", "two\nlines", "\u{1b}[31mred", "a\u{202e}b", &"x".repeat(281)] {
        assert!(super::line(text).is_err(), "{text:?}");
    }
}
