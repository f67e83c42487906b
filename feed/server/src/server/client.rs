//! `Client`: whose request it is, as far as limits are concerned.

use crate::settings::Settings;
use axum::http::Extensions;
use axum::http::HeaderMap;
use std::net::{IpAddr, Ipv6Addr};

/// Longest list of proxies that is looked at, from its end.
const MAX_HOPS: usize = 8;

/// The other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Who is counted: an IPv4 address, or the first 64 bits of an IPv6 address, because whoever has one address there has all
/// that begin the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

impl Client {
    /// Of a request. `X-Forwarded-For` counts only as far as proxies that are trusted wrote it: the last address in it that
    /// is no such proxy is the client.
    pub fn of(extensions: &Extensions, headers: &HeaderMap, settings: &Settings) -> Self {
        let peer = extensions.get::<Peer>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0);
        let trusts = |address: &IpAddr| settings.trusts(*address);
        if !trusts(&peer) {
            return Self::counted(peer);
        }
        let lines = headers.get_all("x-forwarded-for").iter().rev().filter_map(|line| line.to_str().ok());
        let hops = lines.flat_map(|line| line.rsplit(',')).map(|hop| hop.trim().parse::<IpAddr>());
        let mut client = peer;
        for hop in hops.take(MAX_HOPS) {
            let Ok(address) = hop else { break };
            client = address;
            if !trusts(&address) {
                break;
            }
        }
        Self::counted(client)
    }

    /// Of a connection; None for a trusted proxy, which brings others.
    pub(super) fn of_peer(peer: IpAddr, settings: &Settings) -> Option<Self> {
        (!settings.trusts(peer)).then(|| Self::counted(peer))
    }

    fn counted(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & (u128::MAX << 64);
                Self(IpAddr::V6(Ipv6Addr::from(prefix)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
