//! The load: event streams that are held, and requests at a steady rate, from a process of its own. It gives way to
//! everybody, as readers elsewhere would: what it measures of itself is what is left.

use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What is asked, in turns.
const PATHS: [&str; 8] = [
    "/v1/network",
    "/v1/guardians",
    "/v1/validators?limit=20",
    "/v1/proposals?limit=10",
    "/v1/operators?limit=10",
    "/v1/exits?limit=10",
    "/v1/logs",
    "/v1/validators?q=1000077",
];

/// What is said when the readers are there.
const BEGUN: &str = "asking begins";

/// Connections that ask.
const ASKERS: u64 = 64;

#[derive(Default)]
struct Counted {
    connected: AtomicU64,
    refused: AtomicU64,
    ended: AtomicU64,
    events: AtomicU64,
    failed: AtomicU64,
    not_ok: AtomicU64,
}

/// Waits until the readers are there.
pub(crate) fn await_begin(said: std::process::ChildStderr) {
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(said));
    let begun = lines.find_map(|line| line.ok().filter(|line| line == BEGUN));
    assert!(begun.is_some(), "the load ended before it began");
    // Whatever else it says.
    std::thread::spawn(move || lines.for_each(|line| eprintln!("{}", line.unwrap_or_default())));
}

/// The process.
pub(crate) fn main(mut arguments: impl Iterator<Item = String>) {
    let mut options: BTreeMap<String, u64> = BTreeMap::new();
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        options.insert(name.trim_start_matches('-').to_owned(), value.parse().unwrap());
    }
    rustix::process::setpriority_process(None, 19).unwrap();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(&options));
}

async fn run(options: &BTreeMap<String, u64>) {
    let option = |name: &str, default: u64| options.get(name).copied().unwrap_or(default);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], u16::try_from(option("port", 8090)).unwrap()));
    let (readers, rate) = (option("readers", 10_000), option("rate", 2_000));
    let duration = Duration::from_secs(option("seconds", 20));
    let counted = Arc::new(Counted::default());
    let before = memory(options.get("pid").copied());
    let opening = Instant::now();
    for number in 0..readers {
        tokio::spawn(read(address, counted.clone()));
        if number % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let settled = || {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        of(&counted.connected) + of(&counted.refused) >= readers
    };
    while !settled() && opening.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let opened = opening.elapsed();
    let idle = memory(options.get("pid").copied());
    eprintln!("{BEGUN}");
    let busy = processor(options.get("pid").copied());
    let started = Instant::now();
    let askers: Vec<_> = (0..ASKERS)
        .map(|asker| tokio::spawn(ask(address, asker, rate, started, duration, counted.clone())))
        .collect();
    let mut latencies: Vec<Duration> = Vec::new();
    for asker in askers {
        latencies.extend(asker.await.unwrap());
    }
    if rate == 0 {
        tokio::time::sleep(duration).await;
    }
    latencies.sort();
    let percentile = |percent: usize| {
        let place = (latencies.len() * percent / 1_000).min(latencies.len().saturating_sub(1));
        latencies.get(place).map(|latency| latency.as_secs_f64() * 1_000.0)
    };
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let result = json!({
        "readers": {
            "asked_for": readers,
            "connected": of(&counted.connected),
            "refused": of(&counted.refused),
            "ended": of(&counted.ended),
            "events": of(&counted.events),
            "opened_in_ms": u64::try_from(opened.as_millis()).unwrap(),
        },
        "requests": {
            "asked_per_second": rate,
            "answered": latencies.len(),
            "answered_per_second": latencies.len() as f64 / started.elapsed().as_secs_f64(),
            "failed": of(&counted.failed),
            "not_ok": of(&counted.not_ok),
            "ms": {
                "p50": percentile(500),
                "p90": percentile(900),
                "p99": percentile(990),
                "p99.9": percentile(999),
                "max": percentile(1_000),
            },
        },
        "server_cpu_seconds": busy
            .zip(processor(options.get("pid").copied()))
            .map(|(before, after)| (after - before) as f64 / 100.0),
        "server_rss_kib": {
            "before": before,
            "with_readers": idle,
            "at_the_end": memory(options.get("pid").copied()),
        },
    });
    println!("{result:#}");
}

/// Resident memory of a process, KiB.
fn memory(process: Option<u64>) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process?)).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Processor time that a process has used, hundredths of a second.
fn processor(process: Option<u64>) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", process?)).ok()?;
    let fields: Vec<&str> = status.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// Opens a stream and counts what comes.
async fn read(address: std::net::SocketAddr, counted: Arc<Counted>) {
    let opened = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = "GET /v1/events HTTP/1.1\r\nHost: feed\r\nAccept: text/event-stream\r\n\r\n";
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut buffer = vec![0; 2_048];
        let count = stream.read(&mut buffer).await.ok()?;
        let head = buffer.get(..count)?;
        head.starts_with(b"HTTP/1.1 200").then_some((stream, buffer))
    };
    let Some((mut stream, mut buffer)) = opened.await else {
        counted.refused.fetch_add(1, Ordering::Relaxed);
        return;
    };
    counted.connected.fetch_add(1, Ordering::Relaxed);
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                let got = buffer.get(..count).unwrap_or_default();
                let events = got.windows(7).filter(|window| window == b"event: ").count();
                counted.events.fetch_add(u64::try_from(events).unwrap(), Ordering::Relaxed);
            }
        }
    }
    counted.ended.fetch_add(1, Ordering::Relaxed);
}

/// Asks at its share of the rate over one connection. A latency counts from when the request was due.
async fn ask(
    address: std::net::SocketAddr,
    asker: u64,
    rate: u64,
    started: Instant,
    duration: Duration,
    counted: Arc<Counted>,
) -> Vec<Duration> {
    let mut latencies = Vec::new();
    if rate == 0 {
        return latencies;
    }
    let mut connection = None;
    for turn in 0u64.. {
        let due = Duration::from_secs_f64((turn * ASKERS + asker) as f64 / rate as f64);
        if due >= duration {
            break;
        }
        tokio::time::sleep_until((started + due).into()).await;
        let path = PATHS[usize::try_from(turn + asker).unwrap() % PATHS.len()];
        if connection.is_none() {
            connection = TcpStream::connect(address).await.ok().map(BufReader::new);
        }
        let answered = match &mut connection {
            Some(stream) => exchange(stream, path).await,
            None => None,
        };
        match answered {
            Some(status) => {
                latencies.push(started.elapsed() - due);
                if status != 200 {
                    counted.not_ok.fetch_add(1, Ordering::Relaxed);
                }
            }
            None => {
                counted.failed.fetch_add(1, Ordering::Relaxed);
                connection = None;
            }
        }
    }
    latencies
}

async fn exchange(stream: &mut BufReader<TcpStream>, path: &str) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: feed\r\nAccept-Encoding: gzip\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes()).await.ok()?;
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut chunked) = (0usize, false);
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= header == "transfer-encoding: chunked";
    }
    let mut body = Vec::new();
    if !chunked {
        body.resize(length, 0);
        stream.read_exact(&mut body).await.ok()?;
        return Some(status);
    }
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        body.resize(size + 2, 0);
        stream.read_exact(&mut body).await.ok()?;
        if size == 0 {
            return Some(status);
        }
    }
}
