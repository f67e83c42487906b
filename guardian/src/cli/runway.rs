//! How long tickets last, as people say it.

use guardian_core::tickets::Runway;

/// Epochs and wall time until the floor, such as `1,012 (4 d 11 h)`; `-` where there is no runway, `never` where it has
/// no end in sight.
pub(super) fn until_floor(runway: Option<Runway>, seconds_per_epoch: Option<u64>) -> String {
    let Some(runway) = runway else { return "-".to_owned() };
    let Some(epochs) = runway.floor else { return "never".to_owned() };
    match seconds_per_epoch {
        Some(seconds) => format!("{epochs} ({})", wall_time(epochs.saturating_mul(seconds))),
        None => epochs.to_string(),
    }
}

/// The two largest units of a time, such as `2 d 4 h`.
pub(super) fn wall_time(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(wall_time(0), "0 s");
        assert_eq!(wall_time(59), "59 s");
        assert_eq!(wall_time(61), "1 min 1 s");
        assert_eq!(wall_time(7_380), "2 h 3 min");
        assert_eq!(wall_time(187_200), "2 d 4 h");
    }

    #[test]
    fn a_runway_is_epochs_and_time() {
        let runway = |floor| Some(Runway { warning: None, floor, empty: None, exit_by: None });
        assert_eq!(until_floor(runway(Some(450)), Some(384)), "450 (2 d 0 h)");
        assert_eq!(until_floor(runway(Some(450)), None), "450");
        assert_eq!(until_floor(runway(None), Some(384)), "never");
        assert_eq!(until_floor(None, Some(384)), "-");
    }
}
