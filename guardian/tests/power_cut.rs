//! What `Store::append` acknowledged is there after the power went, and after the process was killed.
//!
//! The power cut: an ext4 image on a loop device; the moment the records are acknowledged its bytes are copied, as
//! a disk would hold them, and the copy is mounted elsewhere, which replays the file system's journal. Kinder than
//! reality (the image has no volatile cache), so it can miss a loss, never invent one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use crypto::spec::{Epoch, ValidatorIndex};
use guardian::Store;
use guardian_core::event::Liveness;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::record::Record;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn open(data_dir: &Path) -> Store {
    Store::open(data_dir, NetworkId([7; 32]), GuardianIndex(1)).unwrap()
}

/// Distinct records of about 200 bytes, as votes are.
fn record(number: u64) -> Record {
    Record::Liveness(Liveness {
        epoch: Epoch(number),
        live: (number..number + 23).map(ValidatorIndex).collect(),
        dark: Vec::new(),
    })
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// A mounted image; unmounted when dropped, also by a failing test.
struct Disk {
    mounted_at: PathBuf,
}

impl Disk {
    fn mount(image: &Path, at: &Path) -> Result<Self, String> {
        std::fs::create_dir(at).unwrap();
        run("mount", &["-t", "ext4", "-o", "loop", image.to_str().unwrap(), at.to_str().unwrap()])?;
        Ok(Self { mounted_at: at.into() })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let path = self.mounted_at.to_str().unwrap();
        if run("umount", &[path]).is_err() {
            // Something still holds a file in it: detach now, release when it lets go.
            let _ = run("umount", &["-l", path]);
        }
    }
}

/// How one cut went.
#[derive(Debug, PartialEq)]
enum Cut {
    /// Everything acknowledged was there.
    Survived,
    /// A file that nobody synced was there too, so the cut proves nothing: another program had the whole machine
    /// synced at that moment.
    Inconclusive,
    /// The machine does not let us mount.
    Skipped,
}

/// Cuts until it is conclusive. False where the machine does not let us mount.
fn survives(old: u64, new: u64) -> bool {
    for _ in 0..5 {
        match cut_after(old, new) {
            Cut::Survived => return true,
            Cut::Skipped => return false,
            Cut::Inconclusive => {}
        }
    }
    panic!("unsynced files survive every cut here: this test would see no loss");
}

/// Writes `new` acknowledged records, after `old` ones of earlier runs, and cuts the power.
fn cut_after(old: u64, new: u64) -> Cut {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::File::create(path("disk")).unwrap().set_len(48 << 20).unwrap();
    let disk = run("mkfs.ext4", &["-q", "-F", path("disk").to_str().unwrap()])
        .and_then(|()| Disk::mount(&path("disk"), &path("before")));
    let disk = match disk {
        Ok(disk) => disk,
        Err(reason) => {
            println!("SKIPPED: this machine mounts no loop device: {reason}");
            return Cut::Skipped;
        }
    };
    let data_dir = disk.mounted_at.join("data");
    if old > 0 {
        let store = open(&data_dir);
        store.append(&(0..old).map(record).collect::<Vec<_>>()).unwrap();
        drop(store);
        run("sync", &["-f", disk.mounted_at.to_str().unwrap()]).unwrap();
    }
    let store = open(&data_dir);
    for number in old..old + new {
        store.append(&[record(number)]).unwrap();
    }
    // The control: what nobody synced must be gone, or the cut is no cut.
    std::fs::write(disk.mounted_at.join("unsynced"), [1u8; 4096]).unwrap();
    std::fs::copy(path("disk"), path("disk-after")).unwrap();
    drop(store);

    let after = Disk::mount(&path("disk-after"), &path("after")).unwrap();
    let control = std::fs::read(after.mounted_at.join("unsynced")).unwrap_or_default();
    let store = open(&after.mounted_at.join("data"));
    let expected: Vec<Record> = (0..old + new).map(record).collect();
    let records = store.records().unwrap();
    assert_eq!(records.len(), expected.len(), "{old} old and {new} new records were acknowledged");
    assert!(records == expected, "{old} old and {new} new records came back altered");
    // And it goes on from there.
    store.append(&[record(old + new)]).unwrap();
    assert_eq!(store.len(), old + new + 1);
    drop(store);
    if control == [1u8; 4096] {
        return Cut::Inconclusive;
    }
    println!("{old} old and {new} new records survived");
    Cut::Survived
}

#[test]
fn a_fresh_store_survives_a_power_cut() {
    // None at all: the cut comes right after the store was made.
    let _ = [0, 20, 200, 1000].into_iter().all(|new| survives(0, new));
}

#[test]
fn a_store_in_use_survives_a_power_cut() {
    let _ = [20, 200, 1000].into_iter().all(|new| survives(100, new));
}

const WRITER: &str = "GUARDIAN_TEST_WRITE_TO";

/// Runs in a child process: appends until killed, tells each acknowledgement.
fn write_until_killed(data_dir: &Path) -> ! {
    let store = open(data_dir);
    loop {
        let from = store.len();
        // Batches of 1 to 5: none may come back in part.
        store.append(&(from..from + 1 + from % 5).map(record).collect::<Vec<_>>()).unwrap();
        println!("acknowledged {}", store.len());
    }
}

#[test]
fn acknowledged_records_survive_sigkill() {
    if let Some(data_dir) = std::env::var_os(WRITER) {
        write_until_killed(Path::new(&data_dir));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..12u64 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "acknowledged_records_survive_sigkill", "--nocapture"])
            .env(WRITER, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut told = || {
            lines.by_ref().map_while(Result::ok).find_map(|line| {
                line.split_once("acknowledged ").and_then(|(_, number)| number.parse::<u64>().ok())
            })
        };
        // A different number of batches each time, from none; the writer is ahead of what we read of it, so that
        // the kill strikes anywhere in its loop.
        let mut acknowledged = before;
        for _ in 0..(round * 7) % 31 {
            acknowledged = told().expect("the writer stopped by itself");
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        while let Some(last) = told() {
            acknowledged = last;
        }

        let store = open(directory.path());
        let records = store.records().unwrap();
        let length = store.len();
        assert!(length >= acknowledged, "round {round}: {acknowledged} acknowledged, {length} recovered");
        assert!(records.into_iter().eq((0..length).map(record)), "round {round}: records came back altered");
        // Whole batches only: the length is one that the writer could have reached.
        let mut reachable = 0;
        while reachable < length {
            reachable += 1 + reachable % 5;
        }
        assert_eq!(reachable, length, "round {round}: half a batch came back");
        before = length;
    }
    assert!(before > 50, "the writer hardly wrote");
}
