//! A log whose writer is killed at random points has everything that was acknowledged, and only extends what it was.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

use crypto::spec::Slot;
use feed::tree::{check_consistency, prove_consistency};
use feed::{Origin, tree};
use feed_server::log::LogWriter;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where the writer finds its directory: the test starts itself again with it.
const WRITER: &str = "LOG_WRITER_DIRECTORY";

fn open(directory: &Path) -> LogWriter {
    let origin = Origin { network: NetworkId([7; 32]), guardian: GuardianIndex(1), life: Slot(0) };
    LogWriter::open(directory, "0-0", origin).expect("the log opens")
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "y".repeat(usize::try_from(index % 300).expect("small"))).into_bytes()
}

/// Appends until it is killed, in batches of changing size, and says each size that was acknowledged.
fn write_until_killed(directory: &Path) -> ! {
    let mut writer = open(directory);
    loop {
        let size = writer.log().size();
        let batch: Vec<_> = (size..size + 1 + size % 97).map(entry).collect();
        writer.append(&batch).expect("appending works");
        let size = writer.log().size();
        writer.set_checkpoint(format!("size {size}").as_bytes()).expect("a checkpoint is written");
        println!("acknowledged {size}");
    }
}

#[test]
fn what_was_acknowledged_survives_and_the_tree_only_grows() {
    if let Some(directory) = std::env::var_os(WRITER) {
        write_until_killed(Path::new(&directory));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mut known = (0, tree::EMPTY_ROOT);
    // Pauses of another length each time, the same in every run.
    for round in 0..25u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test has a path"))
            .args(["--exact", "what_was_acknowledged_survives_and_the_tree_only_grows", "--nocapture"])
            .env(WRITER, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the writer starts");
        let stdout = child.stdout.take().expect("it is piped");
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.filter_map(|line| line.split_once("acknowledged ")?.1.parse::<u64>().ok()).last()
        });
        std::thread::sleep(Duration::from_millis(40 + (round * 37) % 160));
        child.kill().expect("it is killed");
        child.wait().expect("it ended");
        let acknowledged = reader.join().expect("its output was read").unwrap_or(known.0);

        let log = open(directory.path()).log();
        assert!(log.size() >= acknowledged, "{} entries, but {acknowledged} were acknowledged", log.size());
        let proof = prove_consistency(known.0, log.size(), &log).expect("it is proven");
        check_consistency(&proof, known.0, known.1, log.size(), log.root().expect("a root"))
            .expect("it extends what it was");
        for index in known.0.saturating_sub(300)..log.size() {
            assert_eq!(log.entry(index).expect("it is read").expect("it is there"), entry(index));
        }
        if let Some(note) = log.checkpoint() {
            let note = String::from_utf8(note.to_vec()).expect("text");
            let size: u64 = note.strip_prefix("size ").expect("whole").parse().expect("a number");
            assert!(size <= log.size(), "a checkpoint of entries that are not there");
        }
        known = (log.size(), log.root().expect("a root"));
    }
    assert!(known.0 > 256, "the writers got somewhere: {} entries", known.0);
}
