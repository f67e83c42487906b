//! Nodes to test with.

use p2p::identity::Keypair;
use p2p::{Config, Counters, Inbound, Limits, Multiaddr, Network, Peer, PeerId, Rejection, start};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::time::timeout;

/// Longest wait for anything; only a broken test comes near it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The network of these tests.
pub(crate) const NETWORK: [u8; 32] = [0x42; 32];

pub(crate) fn identities<const N: usize>() -> [Keypair; N] {
    std::array::from_fn(|_| Keypair::generate_secp256k1())
}

pub(crate) fn id(keypair: &Keypair) -> PeerId {
    keypair.public().to_peer_id()
}

pub(crate) fn peer(keypair: &Keypair, address: Option<&Multiaddr>) -> Peer {
    Peer { peer_id: id(keypair), addresses: address.into_iter().cloned().collect() }
}

/// Limits with waits short enough for tests.
pub(crate) fn limits() -> Limits {
    Limits {
        redial_min: Duration::from_millis(50),
        redial_max: Duration::from_millis(400),
        catch_up_timeout: Duration::from_secs(5),
        ..Limits::default()
    }
}

pub(crate) fn config(keypair: &Keypair, peers: Vec<Peer>) -> Config {
    Config {
        keypair: keypair.clone(),
        network: NETWORK,
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        peers,
        limits: limits(),
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) struct Node {
    pub(crate) network: Network,
    pub(crate) inbound: Receiver<Inbound>,
    pub(crate) address: Multiaddr,
}

impl Node {
    pub(crate) async fn start(config: Config) -> Node {
        let (network, inbound) = start(config).unwrap();
        let listening = timeout(PATIENCE, network.listening()).await.unwrap().unwrap();
        Node { network, inbound, address: listening[0].clone() }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.network.peer_id()
    }

    pub(crate) fn counters(&self) -> Counters {
        self.network.counters()
    }

    /// The first item that `pick` wants; others are passed over.
    pub(crate) async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(Inbound) -> Option<T>) -> T {
        let found = async {
            loop {
                let item = self.inbound.recv().await.expect("the network runs");
                if let Some(found) = pick(item) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("waited for {what} in vain"))
    }

    pub(crate) async fn connected(&mut self, peers: &[PeerId]) {
        let mut missing: HashSet<_> = peers.iter().copied().collect();
        while !missing.is_empty() {
            let peer = self
                .wait("a connection", |item| match item {
                    Inbound::Connected(peer) => Some(peer),
                    _ => None,
                })
                .await;
            missing.remove(&peer);
        }
    }

    pub(crate) async fn disconnected(&mut self, peer: PeerId) {
        self.wait("a disconnection", |item| {
            matches!(item, Inbound::Disconnected(gone) if gone == peer).then_some(())
        })
        .await;
    }

    /// The next message: sender and payload.
    pub(crate) async fn message(&mut self) -> (PeerId, Vec<u8>) {
        self.wait("a message", |item| match item {
            Inbound::Message { sender, payload, .. } => Some((sender, payload)),
            _ => None,
        })
        .await
    }

    /// The next refusal of this kind, with the peer it concerns.
    pub(crate) async fn refused(&mut self, reason: Rejection) -> Option<PeerId> {
        self.wait(reason.code(), |item| match item {
            Inbound::Refused { peer, reason: found } if found == reason => Some(peer),
            _ => None,
        })
        .await
    }

    /// Seals and broadcasts; returns the envelope.
    pub(crate) fn say(&self, payload: &[u8]) -> Vec<u8> {
        let sealed = self.network.seal(payload);
        self.network.try_broadcast(sealed.clone()).unwrap();
        sealed
    }

    /// Waits until the counters satisfy `condition`.
    pub(crate) async fn counted(&self, what: &str, condition: impl Fn(&Counters) -> bool) {
        let reached = async {
            while !condition(&self.counters()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(PATIENCE, reached).await.is_err() {
            panic!("waited for {what} in vain: {:?}", self.counters());
        }
    }
}

/// Starts a node for each identity, all connected with all.
pub(crate) async fn mesh(identities: &[Keypair], limits: &Limits) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for own in identities {
        let peers = identities.iter().enumerate().filter(|(_, other)| id(other) != id(own));
        // Later nodes have no address yet: they will dial.
        let peers = peers.map(|(place, other)| peer(other, nodes.get(place).map(|node| &node.address)));
        let config = Config { limits: limits.clone(), ..config(own, peers.collect()) };
        nodes.push(Node::start(config).await);
    }
    let ids: Vec<_> = identities.iter().map(id).collect();
    for node in &mut nodes {
        let others: Vec<_> = ids.iter().copied().filter(|other| *other != node.id()).collect();
        node.connected(&others).await;
    }
    nodes
}

/// Three in a line: the first and the last know each other's identity but are connected only through the middle.
pub(crate) async fn line(identities: &[Keypair; 3], first_limits: Limits) -> [Node; 3] {
    let [first, middle, last] = identities;
    let mut b = Node::start(config(middle, vec![peer(first, None), peer(last, None)])).await;
    let peers = vec![peer(middle, Some(&b.address)), peer(last, None)];
    let mut a = Node::start(Config { limits: first_limits, ..config(first, peers) }).await;
    let peers = vec![peer(middle, Some(&b.address)), peer(first, None)];
    let mut c = Node::start(config(last, peers)).await;
    a.connected(&[b.id()]).await;
    c.connected(&[b.id()]).await;
    b.connected(&[a.id(), c.id()]).await;
    [a, b, c]
}

/// A line to a node that can go dead: bytes already accepted are held back for ever, new connections pass.
pub(crate) struct Cable {
    pub(crate) address: Multiaddr,
    pulled: watch::Sender<u64>,
}

impl Cable {
    pub(crate) async fn to(node: &Node) -> Cable {
        let target = socket_address(node);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().unwrap().port());
        let (pulled, watched) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut watched = watched.clone();
                watched.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        // Both sockets stay open and nothing moves, until the test is over.
                        Ok(()) = watched.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Cable { address: address.parse().unwrap(), pulled }
    }

    pub(crate) fn pull(&self) {
        self.pulled.send_modify(|times| *times += 1);
    }
}

/// Where a node listens, for a plain socket.
pub(crate) fn socket_address(node: &Node) -> SocketAddr {
    let parts: Vec<String> = node.address.to_string().split('/').map(str::to_owned).collect();
    format!("{}:{}", parts[2], parts[4]).parse().unwrap()
}
