//! The process's environment: secrets are taken out of it, bytes and all.
//!
//! Never: a secret that stays where `/proc` shows it.

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;

/// Takes a variable out of the environment and wipes where it stood; `None` where there is none.
///
/// To be called before the process has a second thread: nothing else may be reading the
/// environment meanwhile.
pub fn take(name: &str) -> Option<Vec<u8>> {
    let value = std::env::var_os(name)?.into_vec();
    let text = CString::new(name).ok()?;
    // SAFETY: the name ends with a zero, and nobody changes the environment meanwhile.
    let place = unsafe { libc::getenv(text.as_ptr()) };
    if !place.is_null() {
        // SAFETY: the place is that of the variable's text, as long as it was just read.
        unsafe { std::ptr::write_bytes(place, 0, value.len()) };
    }
    // SAFETY: the process has one thread, so nobody reads or moves the environment.
    unsafe { std::env::remove_var(name) };
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_none() {
        assert_eq!(take("NEURAL_KRAKEN_NO_SUCH_VARIABLE"), None);
    }
}
