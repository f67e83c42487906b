//! Amounts as people write them: tickets and ETH in decimals, exact to the last digit.

use crypto::execution::Tickets;
use crypto::spec::Gwei;

/// Decimals of a ticket.
const TICKET_DECIMALS: u32 = 18;

/// Decimals of an ETH in Gwei.
const ETH_DECIMALS: u32 = 9;

/// Reads tickets, such as `5` or `2.5`.
///
/// # Errors
/// What is wrong, with an example.
pub(super) fn tickets(text: &str) -> Result<Tickets, String> {
    decimal(text, TICKET_DECIMALS)
        .map(Tickets)
        .ok_or_else(|| "not a number of tickets; write it like 5 or 2.5, with at most 18 decimals".to_owned())
}

/// Reads an amount of ETH, such as `31.75`, or of Gwei, such as `31750000000gwei`.
///
/// # Errors
/// What is wrong, with an example.
pub(super) fn gwei(text: &str) -> Result<Gwei, String> {
    let example = "write it in ETH like 31.75, or in Gwei like 31750000000gwei";
    let amount = match text.strip_suffix("gwei") {
        Some(number) => decimal(number.trim_end(), 0),
        None => decimal(text, ETH_DECIMALS),
    };
    let gwei = amount.and_then(|amount| u64::try_from(amount).ok());
    gwei.map(Gwei).ok_or_else(|| format!("not an amount; {example}"))
}

/// An amount in ETH, exact.
pub(super) fn eth(amount: Gwei) -> String {
    let one = 10u64.pow(ETH_DECIMALS);
    let text = format!("{}.{:09}", amount.0 / one, amount.0 % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A decimal number in units of its `decimals`-th decimal. Digits and one point, nothing else.
fn decimal(text: &str, decimals: u32) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || text.ends_with('.') || !digits(whole) || !digits(fraction) {
        return None;
    }
    let missing = decimals.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let all: u128 = format!("{whole}{fraction}").parse().ok()?;
    all.checked_mul(10u128.checked_pow(missing)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(tickets("5").unwrap(), Tickets(5_000_000_000_000_000_000));
        assert_eq!(tickets("0.004444444444444445").unwrap(), Tickets(4_444_444_444_444_445));
        assert_eq!(gwei("31.75").unwrap(), Gwei(31_750_000_000));
        assert_eq!(gwei("31750000000gwei").unwrap(), Gwei(31_750_000_000));
        assert_eq!(gwei("31750000000 gwei").unwrap(), Gwei(31_750_000_000));
        assert_eq!(eth(Gwei(31_750_000_000)), "31.75");
        assert_eq!(eth(Gwei(32_000_000_000)), "32");
        assert_eq!(eth(Gwei(1)), "0.000000001");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            ".",
            "5.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "0x5",
            " 5",
            "5 ",
            "1.2.3",
            "0.0000000000000000001",
        ] {
            assert!(tickets(text).is_err(), "{text}");
        }
        for text in [
            "",
            "gwei",
            "1.5gwei",
            "31.7500000001",
            "31750000000000000000",
            "340282366920938463463374607431768211456",
        ] {
            assert!(gwei(text).is_err(), "{text}");
        }
        assert!(tickets("340282366920938463463374607431768211456").is_err());
    }
}
