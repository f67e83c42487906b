//! Free ports, kept until a process takes them over.

use crate::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// First port that may be chosen.
const FIRST: u16 = 20_000;

/// How many ports may be chosen from. All lie below those that outgoing connections get (from 32768 on Linux): a guardian
/// that was killed must find its port free when it comes back.
const COUNT: u16 = 12_000;

/// Ports this process has looked at.
static LOOKED_AT: AtomicU16 = AtomicU16::new(0);

/// A free TCP port of 127.0.0.1. Nobody else gets it until [`Port::release`].
pub struct Port {
    number: u16,
    held: Option<TcpListener>,
}

impl Port {
    /// Takes one.
    ///
    /// # Errors
    /// [`Error::System`] when all are taken.
    pub fn free() -> Result<Self, Error> {
        // Processes that run side by side begin at different places, far from each other.
        let begin = std::process::id().wrapping_mul(257) % u32::from(COUNT);
        let mut problem = None;
        for _ in 0..COUNT {
            let step = u32::from(LOOKED_AT.fetch_add(1, Ordering::Relaxed));
            let offset = u16::try_from((begin + step) % u32::from(COUNT)).unwrap_or_default();
            let number = FIRST + offset;
            match TcpListener::bind((Ipv4Addr::LOCALHOST, number)) {
                Ok(listener) => return Ok(Self { number, held: Some(listener) }),
                Err(error) => problem = Some(error),
            }
        }
        let source = problem.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
        Err(Error::System { action: "cannot get a free port".into(), source })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Lets it go, for the process that is about to listen on it.
    pub fn release(&mut self) {
        self.held = None;
    }
}
