//! Ports the system chose, kept until a guardian takes them over.

use crate::Error;
use std::net::{Ipv4Addr, TcpListener};

/// A free TCP port of 127.0.0.1. Nobody else gets it until [`Port::release`].
pub(super) struct Port {
    number: u16,
    held: Option<TcpListener>,
}

impl Port {
    /// Takes one.
    pub(super) fn free() -> Result<Self, Error> {
        let failed = |source| Error::System { action: "cannot get a free port".into(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let number = listener.local_addr().map_err(failed)?.port();
        Ok(Self { number, held: Some(listener) })
    }

    /// Its number.
    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// Lets it go, for the process that is about to listen on it.
    pub(super) fn release(&mut self) {
        self.held = None;
    }
}
