//! The one error type of this crate. Every message names what was wrong and, where there is one, the next step.
//! No variant carries secret bytes.

use std::path::PathBuf;

/// What can stop a guardian or one of its commands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused something.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried, as a verb: "read", "write", "create".
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file is larger than anything it could rightly hold.
    #[error("{path} is larger than {limit} bytes, too large to be a {what}")]
    TooLarge {
        /// What the file should have been.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Most bytes it may have.
        limit: u64,
    },
    /// Something that must not be overwritten is there already.
    #[error("{path} already exists and is not overwritten; move it away or choose another place")]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// A file that holds or opens secrets may be read by others.
    #[error("{path} may be read by other users (mode {mode:03o}); run: chmod 600 {path}")]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A document written by people or by another guardian does not say what it must.
    #[error("{path}{}: {problem}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
    Document {
        /// Which file.
        path: PathBuf,
        /// Line, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A password does not open what it should.
    #[error("wrong password for {path}, or the file was altered")]
    WrongPassword {
        /// What it should have opened.
        path: PathBuf,
    },
    /// A password cannot be used or obtained.
    #[error("password: {problem}")]
    Password {
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The store is in use.
    #[error("the store in {path} is in use by another process; stop that guardian first")]
    StoreLocked {
        /// Directory of the store.
        path: PathBuf,
    },
    /// The directory is not a store, or not the store of this guardian in this network.
    #[error("{path} is not the store of this guardian: {problem}")]
    StoreForeign {
        /// Directory of the store.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// The store was written by a newer version of this program.
    #[error(
        "the store in {path} has format {found}, this program reads up to {supported}; run the newer program"
    )]
    StoreNewer {
        /// Directory of the store.
        path: PathBuf,
        /// Format it has.
        found: u16,
        /// Newest format we know.
        supported: u16,
    },
    /// The store was written by an earlier version of this program, whose journal this one does not read.
    #[error(
        "the store in {path} has format {found}, written by an earlier version of this program; this one reads format \
         {supported} only. Move the directory away and start afresh: shares of registrations come again by themselves, \
         those that came in files are imported again. Votes and counts of the caps start from nothing too: change \
         one guardian a day, with no exit under way"
    )]
    StoreOlder {
        /// Directory of the store.
        path: PathBuf,
        /// Format it has.
        found: u16,
        /// The format we know.
        supported: u16,
    },
    /// The store lost or garbled something that was acknowledged.
    #[error(
        "the store in {path} is damaged: {problem}; nothing was changed. Restore the directory from a backup, \
         or move it away, start afresh and import the shares again (no harm can come of an old journal)"
    )]
    StoreDamaged {
        /// Directory of the store.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// The storage engine failed.
    #[error("the store in {path} failed to {action}: {problem}")]
    StoreFailed {
        /// Directory of the store.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// The engine's words.
        problem: String,
    },
    /// Records that do not follow one another. Of a store it is [`Error::StoreDamaged`].
    #[error(transparent)]
    Chain(#[from] crate::store::BrokenLink),
    /// The journal has no answer to what was asked.
    #[error("{problem}")]
    Audit {
        /// Why, and what to ask instead.
        problem: String,
    },
    /// A backup cannot be made, read or restored.
    #[error("the backup {path} {problem}")]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A recording of observations cannot be read or written.
    #[error("the recording {path} {problem}")]
    Recording {
        /// Its directory, or the file in it.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A record is too large for the journal.
    #[error("a journal record of {got} bytes is above the limit of {limit}")]
    RecordTooLarge {
        /// Its size.
        got: usize,
        /// Most bytes a record may have.
        limit: usize,
    },
    /// A share was refused.
    #[error("share of validator {pubkey} refused: {problem}")]
    Share {
        /// Which validator, hex.
        pubkey: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// This guardian is not who the network definition or its own files say.
    #[error("{problem}")]
    Identity {
        /// What does not fit and what to do.
        problem: String,
    },
    /// The address of the HTTP server cannot be had.
    #[error("cannot listen on {listen} (`http.listen`); choose a free address of this machine")]
    HttpListen {
        /// The address.
        listen: std::net::SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The address of the public feed cannot be served.
    #[error(
        "feed.listen: the public feed cannot be served there; choose another address or stop what has it"
    )]
    FeedListen {
        /// The system's answer.
        source: std::io::Error,
    },
    /// The admin socket cannot be had.
    #[error("admin socket {path}: {problem}")]
    AdminSocket {
        /// Where.
        path: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// No guardian takes requests.
    #[error(
        "no guardian answers at {path}; is it running, and is this its configuration? One that still waits for its \
         beacon nodes takes no requests yet"
    )]
    NotRunning {
        /// Where its admin socket should be.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The running guardian could not be asked, or gave no answer.
    #[error("{problem}")]
    Admin {
        /// What is wrong and what to do.
        problem: String,
    },
    /// A part of the running node ended although nobody asked it to. Never seen without a bug or a broken machine.
    #[error("a part of the node failed: {problem}; restart the guardian and report this")]
    Task {
        /// What is known of it.
        problem: String,
    },
    /// Something of a ceremony cannot be done, or not yet.
    #[error("ceremony {ceremony}: {problem}")]
    Ceremony {
        /// Which.
        ceremony: String,
        /// What.
        problem: String,
    },
    /// The link to the other guardians.
    #[error(transparent)]
    Network(#[from] p2p::Error),
    /// Our own beacon nodes.
    #[error(transparent)]
    Beacon(#[from] chain_watcher::Error),
    /// The network definition is refused.
    #[error(transparent)]
    Core(#[from] guardian_core::Error),
    /// The cryptography refused its input.
    #[error(transparent)]
    Crypto(#[from] crypto::Error),
}

impl Error {
    /// Wraps a system error for one path; for `map_err`.
    pub(crate) fn file<P: Into<PathBuf>>(
        action: &'static str,
        path: P,
    ) -> impl FnOnce(std::io::Error) -> Self + use<P> {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
