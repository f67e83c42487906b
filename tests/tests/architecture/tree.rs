//! How files are named, how long they may grow, and what never stands in them.

use std::path::{Path, PathBuf};

/// Most lines of code in one file, tests aside.
const LONGEST: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "commons", "misc", "shared"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Every file of ours, relative to the root. Built, installed and hidden folders are not ours (`.ci` and `.config` are).
fn files() -> Vec<PathBuf> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("readable folder") {
            let path = entry.expect("readable entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && name != ".ci" && name != ".config";
            if hidden || ["target", "node_modules", "contract_env", "devnet-data"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&root).expect("below the root").to_owned());
            }
        }
    }
    assert!(found.len() > 50, "the walk found only {} files", found.len());
    found
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| ["tests", "benches"].contains(&part.as_os_str().to_string_lossy().as_ref()))
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path))
        .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

/// Lines that are neither blank nor only a comment.
fn code_lines(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// The sources of the programs and libraries, without their tests.
fn sources() -> Vec<(PathBuf, String)> {
    files()
        .into_iter()
        .filter(|path| is_rust(path) && !is_test(path))
        .map(|path| {
            let text = read(&path);
            (path, text)
        })
        .collect()
}

#[test]
fn files_are_named_after_something() {
    let empty: Vec<_> = files()
        .into_iter()
        .filter(|path| {
            path.components().any(|part| {
                let name = part.as_os_str().to_string_lossy();
                let stem = name.split('.').next().unwrap_or_default().to_lowercase();
                EMPTY_NAMES.contains(&stem.as_str())
            })
        })
        .collect();
    assert!(empty.is_empty(), "name these after what they hold: {empty:?}");
}

#[test]
fn files_stay_short() {
    let mut lengths: Vec<(usize, PathBuf)> =
        sources().into_iter().map(|(path, text)| (code_lines(&text), path)).collect();
    lengths.sort();
    let long: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > LONGEST).collect();
    assert!(long.is_empty(), "over {LONGEST} lines of code, split them: {long:?}");
    let (median, _) = lengths[lengths.len() / 2];
    assert!(median < 200, "the median file has {median} lines of code");
}

#[test]
fn every_file_opens_with_what_it_is() {
    let silent: Vec<_> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these open without a //! line: {silent:?}");
}

#[test]
fn unsafe_code_lives_in_one_file_and_at_the_pages_border() {
    let users: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| {
            text.lines().any(|line| !line.trim().starts_with("//") && line.contains("unsafe {"))
                || text.contains("allow(unsafe_code")
        })
        .map(|(path, _)| path)
        .filter(|path| !path.starts_with("feed/wasm/src/abi.rs"))
        .collect();
    assert!(
        users.len() <= 1 && users.iter().all(|path| path.starts_with("crypto")),
        "unsafe code in {users:?}"
    );
}

#[test]
fn the_pure_crates_name_no_clock_file_or_socket() {
    let banned = [
        "std::time",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
        "std::process",
        "SystemTime",
        "Instant",
    ];
    for (path, text) in sources() {
        if !(path.starts_with("guardian/core/src")
            || path.starts_with("crypto/src")
            || path.starts_with("feed/src"))
        {
            continue;
        }
        for line in text.lines().filter(|line| !line.trim().starts_with("//")) {
            let found = banned.iter().find(|name| line.contains(*name));
            assert!(found.is_none(), "{}: `{}` does not belong in a pure crate", path.display(), line.trim());
        }
    }
}

/// Secrets in environment variables or flags end up in process lists, shell histories and crash reports.
#[test]
fn no_secret_can_come_by_environment_or_flag() {
    for (path, text) in sources() {
        if !(path.starts_with("guardian/src")
            || path.starts_with("p2p/src")
            || path.starts_with("crypto/src"))
        {
            continue;
        }
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let environment = line.contains("env::var(") || (line.contains("#[arg(") && line.contains("env"));
            let flag =
                ["long = \"password\"", "pub password: String", "long = \"secret", "long = \"private-key\""]
                    .iter()
                    .any(|flag| line.contains(flag));
            assert!(!environment && !flag, "{}: `{line}`", path.display());
        }
    }
}

#[test]
fn the_lock_file_of_the_peers_names_no_host() {
    let lock = read(Path::new("tests/peers/package-lock.json"));
    assert!(lock.contains("\"integrity\""), "every package is pinned by its hash");
    assert!(!lock.contains("\"resolved\""), "leave the registry to the machine that installs");
}

#[test]
fn lines_of_code_are_counted_as_said() {
    assert_eq!(code_lines("//! doc\n\nfn a() {\n    // why\n    b(); // end\n}\n"), 3);
}
