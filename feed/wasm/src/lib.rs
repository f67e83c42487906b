//! The feed's verifier for the page: the same code that the command line runs, as WebAssembly.
//!
//! Every question is JSON and so is every answer; `answer` has both. What is exported by hand, so that the page needs no
//! glue of others:
//!
//! | export | takes | gives |
//! |---|---|---|
//! | `alloc(length)` | | the place of that many bytes |
//! | `free(place, length)` | what `alloc` or an answer gave | |
//! | `verify_note`, `verify_inclusion`, `verify_consistency`, `verify_entry`, `verify_dossier` `(place, length)` | a question | the place of an answer: its length, 4 bytes little-endian, then its bytes |

// Elsewhere these names are the C library's.
#[cfg(target_arch = "wasm32")]
pub mod abi;
mod answer;

pub use answer::{answer_consistency, answer_dossier, answer_entry, answer_inclusion, answer_note};
