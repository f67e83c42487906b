//! The exports. The only file with `unsafe`: memory is handed over the border here and nowhere else.

#![allow(unsafe_code, reason = "the page and this module share memory by place and length")]

use crate::answer::{answer_consistency, answer_dossier, answer_entry, answer_inclusion, answer_note};
use std::alloc::{Layout, alloc as allocate, dealloc};

/// Most bytes of a question.
const MAX_QUESTION: usize = 64 << 20;

/// Room for `length` bytes, to be given back to [`free`] with the same length. Null when there is none.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    match Layout::array::<u8>(length) {
        // SAFETY: the layout's size is not zero.
        Ok(layout) if (1..=MAX_QUESTION).contains(&length) => unsafe { allocate(layout) },
        _ => std::ptr::null_mut(),
    }
}

/// Gives back what [`alloc`] gave, or an answer with its four bytes of length.
///
/// # Safety
/// `place` came from this module with exactly this length, and is given back once.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(place: *mut u8, length: usize) {
    if let Ok(layout) = Layout::array::<u8>(length)
        && !place.is_null()
        && length > 0
    {
        // SAFETY: the caller says that it came from here, and all of ours is allocated with this layout.
        unsafe { dealloc(place, layout) }
    }
}

/// Reads the question, and leaves the answer behind its length.
///
/// # Safety
/// `place` and `length` are of bytes that the caller wrote, in memory of this module.
unsafe fn answer(place: *const u8, length: usize, by: fn(&[u8]) -> Vec<u8>) -> *mut u8 {
    if place.is_null() || length > MAX_QUESTION {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller says so; nobody writes while the page waits for this call.
    let question = unsafe { std::slice::from_raw_parts(place, length) };
    let answer = by(question);
    let Ok(count) = u32::try_from(answer.len()) else { return std::ptr::null_mut() };
    let whole = [count.to_le_bytes().as_slice(), &answer].concat();
    let place = alloc(whole.len());
    if !place.is_null() {
        // SAFETY: `place` has room for all of `whole` and was just allocated, so they do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(whole.as_ptr(), place, whole.len()) };
    }
    place
}

/// See [`answer_note`].
///
/// # Safety
/// `place` and `length` are of bytes that the caller wrote, in memory of this module.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify_note(place: *const u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller says.
    unsafe { answer(place, length, answer_note) }
}

/// See [`answer_inclusion`].
///
/// # Safety
/// `place` and `length` are of bytes that the caller wrote, in memory of this module.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify_inclusion(place: *const u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller says.
    unsafe { answer(place, length, answer_inclusion) }
}

/// See [`answer_consistency`].
///
/// # Safety
/// `place` and `length` are of bytes that the caller wrote, in memory of this module.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify_consistency(place: *const u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller says.
    unsafe { answer(place, length, answer_consistency) }
}

/// See [`answer_entry`].
///
/// # Safety
/// `place` and `length` are of bytes that the caller wrote, in memory of this module.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify_entry(place: *const u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller says.
    unsafe { answer(place, length, answer_entry) }
}

/// See [`answer_dossier`].
///
/// # Safety
/// `place` and `length` are of bytes that the caller wrote, in memory of this module.
// SAFETY: no other library of this module exports the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify_dossier(place: *const u8, length: usize) -> *mut u8 {
    // SAFETY: as the caller says.
    unsafe { answer(place, length, answer_dossier) }
}
