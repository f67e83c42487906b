//! How long an emergency or a ceremony lives, as people write it.

use super::Misused;
use super::runway::wall_time;
use guardian_core::ceremony::LIFETIME;
use guardian_core::guardian_set::NetworkDefinition;

/// What is taken for an emergency when nothing is said, seconds; less where the definition allows less.
const USUAL: u64 = 6 * 3600;

/// What is taken for a ceremony when nothing is said, seconds: its operators may sleep once or twice. Less where slots are
/// so short that it were more than a ceremony may take.
const USUAL_CEREMONY: u64 = 48 * 3600;

/// A lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// In seconds.
    Seconds(u64),
    /// In slots.
    Slots(u64),
}

impl Life {
    /// Reads a lifetime such as `6h`, `30m`, `2d`, `90s` or `1800slots`.
    ///
    /// # Errors
    /// How to write it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let how = || "write it like 6h, 30m, 2d, 90s or 1800slots".to_owned();
        let number: u64 = number.parse().map_err(|_| how())?;
        let seconds = |each: u64| number.checked_mul(each).map(Self::Seconds).ok_or_else(how);
        let life = match unit {
            "s" => seconds(1),
            "m" => seconds(60),
            "h" => seconds(3_600),
            "d" => seconds(86_400),
            "slots" => Ok(Self::Slots(number)),
            _ => Err(how()),
        };
        if number == 0 { Err("it must be longer than nothing".to_owned()) } else { life }
    }

    /// In slots of so many seconds, rounded up.
    fn in_slots(self, seconds_per_slot: u64) -> u64 {
        match self {
            Self::Slots(slots) => slots,
            Self::Seconds(seconds) => seconds.div_ceil(seconds_per_slot),
        }
    }
}

/// An emergency's in slots of the network, rounded up.
///
/// # Errors
/// When the definition allows less, or it would be over before it can be certified.
pub(super) fn slots(life: Option<Life>, definition: &NetworkDefinition) -> anyhow::Result<u64> {
    let (most, each) = (definition.emergency.max_lifetime, definition.chain.seconds_per_slot.get());
    let slots = life.map_or_else(|| USUAL.div_ceil(each).min(most), |life| life.in_slots(each));
    if slots > most {
        return Err(Misused(format!(
            "--expires: {slots} slots are more than network `{}` allows: {most} slots of {each} s; give less",
            definition.name
        ))
        .into());
    }
    Ok(slots)
}

/// A ceremony's in slots of the network, rounded up.
///
/// # Errors
/// When a ceremony cannot be as short or as long.
pub(super) fn ceremony_slots(life: Option<Life>, definition: &NetworkDefinition) -> anyhow::Result<u64> {
    let each = definition.chain.seconds_per_slot.get();
    let (least, most) = (*LIFETIME.start(), *LIFETIME.end());
    let Some(life) = life else { return Ok(USUAL_CEREMONY.div_ceil(each).clamp(least, most)) };
    let slots = life.in_slots(each);
    if !LIFETIME.contains(&slots) {
        return Err(Misused(format!(
            "--lifetime: {slots} slots cannot be; a ceremony takes {least} to {most} slots of {each} s, which is {} to {}",
            wall_time(least.saturating_mul(each)),
            wall_time(most.saturating_mul(each))
        ))
        .into());
    }
    Ok(slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_with_their_unit_and_nothing_else() {
        for (text, life) in [
            ("90s", Life::Seconds(90)),
            ("30m", Life::Seconds(1_800)),
            ("6h", Life::Seconds(21_600)),
            ("2d", Life::Seconds(172_800)),
            ("1800slots", Life::Slots(1_800)),
        ] {
            assert_eq!(Life::read(text), Ok(life));
        }
        for text in [
            "",
            "6",
            "h",
            "-6h",
            "6 h",
            "6H",
            "1.5h",
            "0h",
            "0slots",
            "6hours",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert!(Life::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn they_become_slots_of_the_network_within_its_bound() {
        let (definition, _) = crate::definition::tests::network(3, 4, 1);
        assert_eq!(slots(Some(Life::Seconds(25)), &definition).unwrap(), 3, "begun slots count");
        assert_eq!(slots(Some(Life::Slots(7)), &definition).unwrap(), 7);
        assert_eq!(slots(None, &definition).unwrap(), 1_800);
        let refused = slots(Some(Life::Slots(14_401)), &definition).unwrap_err().to_string();
        assert!(refused.contains("14401 slots") && refused.contains("14400 slots of 12 s"), "{refused}");
    }

    #[test]
    fn a_ceremony_takes_days_but_not_for_ever() {
        let (definition, _) = crate::definition::tests::network(3, 4, 1);
        let slots = |life| ceremony_slots(life, &definition);
        assert_eq!(slots(None).unwrap(), 14_400);
        assert_eq!(slots(Some(Life::Seconds(86_400))).unwrap(), 7_200);
        assert_eq!(slots(Some(Life::Slots(16))).unwrap(), 16);
        for wrong in [Life::Seconds(180), Life::Slots(100_801)] {
            let refused = slots(Some(wrong)).unwrap_err().to_string();
            assert!(
                refused.contains("--lifetime") && refused.contains("3 min 12 s to 14 d 0 h"),
                "{refused}"
            );
        }
    }
}
