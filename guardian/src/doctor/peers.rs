//! The other guardians: through the running guardian, or by joining the network for a moment with our own identity.

use super::running::Running;
use super::{Area, Finding};
use crate::config::Config;
use crate::node::Directory;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use p2p::{Inbound, identity};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// How long the others have to be found. A guardian that was dialled and did not answer is dialled again meanwhile.
const PATIENCE: Duration = Duration::from_secs(8);

/// Finds out who of the others can be reached.
pub(super) async fn examine(
    config: &Config,
    definition: &NetworkDefinition,
    identity: Option<identity::Keypair>,
    running: Option<&Running>,
    tell: &mut impl FnMut(Finding),
) {
    if let Some(status) = running.and_then(|running| running.status.as_ref()) {
        let connected = status.peers.iter().filter(|peer| peer.connected).map(|peer| peer.guardian).collect();
        judge(definition, status.guardian, &connected, "the running guardian", tell);
        return;
    }
    let Some(identity) = identity else {
        let says = "the others cannot be reached without the identity key";
        tell(Finding::unknown(Area::Peers, "peers_unexamined", says, "mend the identity key first"));
        return;
    };
    let directory = match Directory::new(definition, identity.public().to_peer_id()) {
        Ok(directory) => directory,
        Err(problem) => {
            let fix = "mend the identity key or the definition first";
            tell(Finding::unknown(Area::Peers, "peers_unexamined", problem.to_string(), fix));
            return;
        }
    };
    if let Err(problem) = listen(config) {
        let fix = "see whether another process listens there, and correct `p2p.listen`";
        tell(Finding::faulty(Area::Peers, "cannot_listen", problem, fix));
    }
    let me = directory.me();
    match join(definition, identity, &directory).await {
        Ok(connected) => judge(definition, me, &connected, "this command", tell),
        Err(problem) => {
            let fix = "look at the addresses in the network definition";
            tell(Finding::faulty(Area::Peers, "cannot_join", problem.to_string(), fix));
        }
    }
}

/// Nothing is asked of the others while another process may be speaking for us.
pub(super) fn leave(tell: &mut impl FnMut(Finding)) {
    let says =
        "the others were not asked: a process that has the store open may be speaking for this guardian";
    let fix = "wait until the guardian has started, or stop it, and run the command again";
    tell(Finding::unknown(Area::Peers, "peers_unexamined", says, fix));
}

/// Whether the addresses are ours to listen on. Each is let go at once: a guardian may be about to start.
fn listen(config: &Config) -> Result<(), String> {
    for address in &config.p2p.listen {
        // /ip4/ADDRESS/tcp/PORT; anything else is refused when the configuration is read.
        let mut parts = address.split('/').skip(2);
        let (Some(ip), Some(port)) = (parts.next(), parts.nth(1)) else { continue };
        let (Ok(ip), Ok(port)) = (ip.parse::<IpAddr>(), port.parse::<u16>()) else { continue };
        std::net::TcpListener::bind((ip, port)).map_err(|e| format!("cannot listen on {address}: {e}"))?;
    }
    Ok(())
}

/// Joins until all are there or the patience is over. Only dials: the port stays free for the guardian.
async fn join(
    definition: &NetworkDefinition,
    keypair: identity::Keypair,
    directory: &Directory,
) -> Result<BTreeSet<GuardianIndex>, crate::Error> {
    let (network, mut inbound) = p2p::start(p2p::Config {
        keypair,
        network: definition.id().0,
        listen: Vec::new(),
        peers: directory.peers(definition)?,
        limits: p2p::Limits::default(),
    })?;
    let mut connected = BTreeSet::new();
    // The end of the patience is the ordinary end.
    let _ = tokio::time::timeout(PATIENCE, async {
        while connected.len() + 1 < directory.len() {
            match inbound.recv().await {
                Some(Inbound::Connected(peer)) => connected.extend(directory.index(&peer)),
                Some(Inbound::Disconnected(peer)) => {
                    if let Some(index) = directory.index(&peer) {
                        connected.remove(&index);
                    }
                }
                // Dropping a request declines it; a message is not for us to answer.
                Some(
                    Inbound::Message { .. }
                    | Inbound::CatchUpRequested { .. }
                    | Inbound::Asked { .. }
                    | Inbound::Refused { .. },
                ) => {}
                None => break,
            }
        }
    })
    .await;
    network.shutdown().await;
    Ok(connected)
}

fn judge(
    definition: &NetworkDefinition,
    me: GuardianIndex,
    connected: &BTreeSet<GuardianIndex>,
    by: &str,
    tell: &mut impl FnMut(Finding),
) {
    let others: Vec<_> = definition.guardian_set.members.iter().filter(|member| member.index != me).collect();
    for member in others.iter().filter(|member| !connected.contains(&member.index)) {
        let says = format!(
            "guardian {} `{}` ({}) is not connected with {by}",
            member.index.0,
            member.name,
            member.addresses.join(", ")
        );
        let fix =
            "ask its operator whether it runs and has this very definition; open the port on both sides";
        tell(Finding::weak(Area::Peers, "peer_unreachable", says, fix));
    }
    let reachable = connected.len() + 1;
    let threshold = definition.guardian_set.threshold;
    if threshold.met_by(reachable) {
        let says = format!("{} of {} other guardians are connected with {by}", connected.len(), others.len());
        tell(Finding::sound(Area::Peers, "peers", says));
    } else {
        let says =
            format!("{reachable} guardians together with this one, {} are needed to act", threshold.t());
        let fix = "nothing can be decided before more of them are reachable";
        tell(Finding::faulty(Area::Peers, "below_threshold", says, fix));
    }
}
