//! `guardian dkg`: keys that nobody ever holds whole, the network's own or validators'.

use super::ceremony::{Course, Opening, Verb};
use clap::ArgGroup;
use crypto::execution::WithdrawalCredentials;
use guardian_core::ceremony::{Kind, MAX_GENERATED};

const EXAMPLES: &str = "\
Examples:
  guardian dkg --group
  guardian dkg --validators 16 \\
    --withdrawal-credentials 0x010000000000000000000000f7b6b32492c2e13799d921e84202450131bd238d
  guardian dkg --join 0x5f1d09c2

All guardians must take part and their operators agree, each with the --join line. Followed to its
end: code 0 when it is in force, 1 when it was aborted, with whom it waited for. Ctrl-C only ends
the following (code 130).";

#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    group = ArgGroup::new("what").required(true).args(["group", "validators", "join"])
)]
pub(super) struct Dkg {
    /// Generate the network's own key
    #[arg(long)]
    group: bool,
    /// Generate the keys of so many validators
    #[arg(long, value_name = "N", requires = "withdrawal_credentials", value_parser = count)]
    validators: Option<u32>,
    /// Where their stake is withdrawn to: 0x01 or 0x02, 11 zero bytes, and the address
    #[arg(
        long,
        value_name = "HEX",
        requires = "validators",
        conflicts_with_all = ["group", "join"],
        value_parser = credentials
    )]
    withdrawal_credentials: Option<WithdrawalCredentials>,
    #[command(flatten)]
    course: Course,
}

/// Reads how many keys one ceremony shall make.
fn count(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| (1..=MAX_GENERATED).contains(count));
    count.ok_or_else(|| {
        format!("one ceremony makes the keys of 1 to {MAX_GENERATED} validators; open several, one after the other")
    })
}

/// Reads withdrawal credentials of an execution address: with others the stake would be out of reach.
fn credentials(text: &str) -> Result<WithdrawalCredentials, String> {
    let how = "they are 32 bytes: 0x01 (or 0x02), 11 zero bytes, and the 20 bytes of the address that the stake is \
               withdrawn to";
    let credentials: WithdrawalCredentials = text.parse().map_err(|problem| format!("{problem}; {how}"))?;
    let bytes = credentials.as_bytes();
    let is_address = matches!(bytes[0], 1 | 2)
        && bytes[1..12].iter().all(|byte| *byte == 0)
        && bytes[12..].iter().any(|byte| *byte != 0);
    if is_address { Ok(credentials) } else { Err(how.to_owned()) }
}

impl Dkg {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let (kind, change) = match (self.validators, self.withdrawal_credentials) {
            (Some(count), Some(withdrawal_credentials)) => (
                Kind::ValidatorKeys { count, withdrawal_credentials },
                format!("generates {count} validators' keys, withdrawn to {withdrawal_credentials}"),
            ),
            // clap lets nothing else through.
            _ => (Kind::GroupKey, "generates the network's own key".to_owned()),
        };
        self.course.conduct(Verb::Dkg, |_, _, lifetime| Ok(Opening::of(kind, lifetime, vec![change])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_would_lose_the_stake_are_refused() {
        let with = |prefix: &str| format!("{prefix}{}{}", "00".repeat(11), "ab".repeat(20));
        credentials(&with("0x01")).unwrap();
        credentials(&with("02")).unwrap();
        for wrong in [
            with("0x00"),
            with("0x03"),
            "ab".repeat(20),
            format!("0x01{}", "00".repeat(31)),
            format!("0x01{}", "ab".repeat(31)),
            String::new(),
        ] {
            assert!(credentials(&wrong).unwrap_err().contains("11 zero bytes"), "{wrong}");
        }
        assert_eq!((count("1"), count("128")), (Ok(1), Ok(128)));
        for wrong in ["0", "129", "-1", "x", ""] {
            assert!(count(wrong).unwrap_err().contains("1 to 128 validators"), "{wrong}");
        }
    }
}
