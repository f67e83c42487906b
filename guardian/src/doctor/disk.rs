//! This machine's disk: room, and how long one durable write takes.

use super::files::words;
use super::{Area, Finding};
use crate::config::Config;
use crate::file::{self, Access};
use std::path::Path;
use std::time::{Duration, Instant};

/// Room below which the store will soon stop the guardian, bytes.
const LITTLE: u64 = 256 << 20;

/// Room that lasts for years, bytes: the journal of a quiet network grows by about 18 MB a year.
const ENOUGH: u64 = 2 << 30;

/// A durable write slower than this holds up every vote.
const SLOW: Duration = Duration::from_millis(250);

/// Examines the disk the store is on.
pub(super) fn examine(config: &Config, tell: &mut impl FnMut(Finding)) {
    // The directory itself, or what it will be made in.
    let here = |at: &Path| if at.as_os_str().is_empty() { Path::new(".").to_owned() } else { at.to_owned() };
    let Some(at) = config.data_dir.ancestors().map(here).find(|at| at.is_dir()) else {
        let says = format!("no directory leads to {}", config.data_dir.display());
        tell(Finding::faulty(Area::Disk, "disk_unwritable", says, "correct `data_dir` in the configuration"));
        return;
    };
    let at = at.as_path();
    match room(at) {
        Ok(free) if free < LITTLE => {
            let says = format!("{} MiB left for the store in {}", free >> 20, at.display());
            let fix = "make room: a store that cannot write stops the guardian";
            tell(Finding::faulty(Area::Disk, "disk_full", says, fix));
        }
        Ok(free) if free < ENOUGH => {
            let says = format!("{} MiB left for the store in {}", free >> 20, at.display());
            tell(Finding::weak(Area::Disk, "disk_low", says, "make room before it gets less"));
        }
        Ok(free) => {
            let says = format!("{} GiB left for the store in {}", free >> 30, at.display());
            tell(Finding::sound(Area::Disk, "disk", says));
        }
        Err(problem) => {
            let says = format!("cannot ask how much room is left in {}: {problem}", at.display());
            tell(Finding::unknown(Area::Disk, "disk_unexamined", says, "look with df"));
        }
    }
    let probe = at.join(format!(".doctor.{}", std::process::id()));
    let started = Instant::now();
    let written = file::create(&probe, b"a durable write\n", Access::Private);
    let took = started.elapsed();
    // The finding below says what went wrong; a file that was not written needs no removing.
    let _ = std::fs::remove_file(&probe);
    tell(match written {
        Ok(()) if took > SLOW => {
            let says = format!("one durable write took {} ms", took.as_millis());
            let fix =
                "every vote waits for such a write: use a local disk, not a network or an overloaded one";
            Finding::weak(Area::Disk, "disk_slow", says, fix)
        }
        Ok(()) => {
            let says = format!("one durable write took {:.1} ms", took.as_secs_f64() * 1000.0);
            Finding::sound(Area::Disk, "disk_write", says)
        }
        Err(problem) => {
            let fix = format!("make {} writable for the user the guardian runs as", at.display());
            Finding::faulty(Area::Disk, "disk_unwritable", words(&problem), fix)
        }
    });
}

/// Bytes an ordinary user may still write.
fn room(at: &Path) -> std::io::Result<u64> {
    let answer = rustix::fs::statvfs(at)?;
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}
