//! A server in between: one address, behind which a test puts what it likes.

#![allow(unreachable_pub, clippy::unwrap_used, reason = "tests")]

use super::served::ask;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub enum Route {
    /// It is answered by this server.
    To(SocketAddr),
    /// The same, but whoever asks for this part of a path waits for ever.
    Hold(SocketAddr, &'static str),
    /// The connection ends without an answer.
    Down,
}

/// The server. It lives as long as the process.
pub struct Relay {
    pub address: SocketAddr,
    route: Arc<Mutex<Route>>,
}

impl Relay {
    pub fn start(route: Route) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let route = Arc::new(Mutex::new(route));
        let routes = route.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let route = *routes.lock().unwrap();
                std::thread::spawn(move || relay(stream, route));
            }
        });
        Self { address, route }
    }

    /// From now on, for new requests.
    pub fn turn(&self, route: Route) {
        *self.route.lock().unwrap() = route;
    }

    pub fn url(&self) -> url::Url {
        format!("http://{}", self.address).parse().unwrap()
    }
}

fn relay(mut stream: TcpStream, route: Route) {
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = head.next() else { return };
    // The rest of the head: what is not read would reset the connection.
    while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let path = first.split(' ').nth(1).unwrap();
    let server = match route {
        Route::To(server) => server,
        Route::Hold(server, part) if !path.contains(part) => server,
        Route::Hold(..) => loop {
            std::thread::park();
        },
        Route::Down => return,
    };
    let answered = ask(server, "GET", path, "");
    let (status, length) = (answered.status, answered.body.len());
    let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // Whoever asked may be gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answered.body));
}
