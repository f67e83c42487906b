use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use tokio::sync::watch;

#[tokio::test]
async fn a_body_is_bounded_as_it_comes_however_much_it_may_unpack_to() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        // It says no length and has no end.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
        while stream.write_all(&[0; 1 << 20]).is_ok() {}
    });
    let client = Client::new(&url.parse().unwrap()).unwrap();
    let (_running, runs) = watch::channel(());
    let turn = Turn::begin(PATIENCE, runs);
    let problem = client.get_new(&turn, "/v1/snapshot", None, 512 << 20).await.unwrap_err().to_string();
    assert!(problem.contains("longer than 67108864 bytes"), "{problem}");
}
