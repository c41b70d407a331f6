//! Sockets, where the standard library does not reach: the kernel's stamps, and options for speed.
//!
//! In: a socket. Out: what has arrived and when the kernel had it; options, as far as granted.
//! Never: waiting. What is not there yet is `WouldBlock`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What one receive brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes; 0 where the other side has ended the stream.
    pub bytes: usize,
    /// Unix time at which the kernel had the last of them; `None` where it does not say.
    pub kernel_ns: Option<i64>,
}

/// Room for the kernel's words beside the data: one stamp takes 32 bytes.
#[repr(C, align(16))]
struct Control([u8; 128]);

/// Asks the kernel to stamp what arrives (`SO_TIMESTAMPNS`, in software). For the first socket of
/// the host it begins a little later: what arrives meanwhile has no stamp.
pub fn enable_stamps(socket: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}

/// Lets a receive that finds nothing look into the network card's queue for so many microseconds.
/// More than the host's default takes the capability `NET_ADMIN`.
pub fn busy_poll(socket: BorrowedFd<'_>, span_us: u32) -> io::Result<()> {
    let span_us = libc::c_int::try_from(span_us).unwrap_or(libc::c_int::MAX);
    set(socket, libc::SOL_SOCKET, libc::SO_BUSY_POLL, span_us)
}

/// Asks for a receive buffer of `bytes` in the kernel, and says what was granted: the kernel
/// doubles the wish for its own use and caps it at `net.core.rmem_max`.
pub fn receive_buffer(socket: BorrowedFd<'_>, bytes: usize) -> io::Result<usize> {
    let wish = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    set(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, wish)?;
    let mut granted: libc::c_int = 0;
    let mut size = size_of::<libc::c_int>() as libc::socklen_t;
    let (fd, place) = (socket.as_raw_fd(), (&raw mut granted).cast());
    // SAFETY: the descriptor is borrowed, so it is open; `place` has the size that `size` says.
    let failed =
        unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, place, &raw mut size) };
    if failed == 0 { Ok(granted.max(0) as usize) } else { Err(io::Error::last_os_error()) }
}

/// Receives what has arrived, with the kernel's stamp.
pub fn receive_stamped(socket: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<Received> {
    let mut control = Control([0; 128]);
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    // SAFETY: all zeroes is a valid `msghdr`: null pointers and empty lengths.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    let fd = socket.as_raw_fd();
    // SAFETY: the descriptor is open; `message` points at `part` and `control`, which outlive the
    // call and are written within the lengths given.
    let bytes = unsafe { libc::recvmsg(fd, &raw mut message, libc::MSG_DONTWAIT) };
    if bytes < 0 {
        return Err(io::Error::last_os_error());
    }
    let told = &control.0[..control.0.len().min(message.msg_controllen as usize)];
    Ok(Received { bytes: bytes as usize, kernel_ns: stamp(told) })
}

/// The stamp among what the kernel said: heads of length, level and kind, each before its data.
fn stamp(mut told: &[u8]) -> Option<i64> {
    const HEAD: usize = size_of::<libc::cmsghdr>();
    const WORD: usize = size_of::<usize>();
    while told.len() >= HEAD {
        let len = usize::from_ne_bytes(told[..WORD].try_into().ok()?);
        let level = libc::c_int::from_ne_bytes(told[WORD..WORD + 4].try_into().ok()?);
        let kind = libc::c_int::from_ne_bytes(told[WORD + 4..WORD + 8].try_into().ok()?);
        let data = told.get(HEAD..len)?;
        if level == libc::SOL_SOCKET && kind == libc::SO_TIMESTAMPNS && data.len() >= 16 {
            let seconds = i64::from_ne_bytes(data[..8].try_into().ok()?);
            let nanos = i64::from_ne_bytes(data[8..16].try_into().ok()?);
            return seconds.checked_mul(1_000_000_000)?.checked_add(nanos);
        }
        told = told.get(len.next_multiple_of(WORD)..)?;
    }
    None
}

fn set(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let (fd, size) = (socket.as_raw_fd(), size_of_val(&value) as libc::socklen_t);
    // SAFETY: the descriptor is borrowed, so it is open; `value` is read within `size`.
    let failed = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::deadline::Deadline;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    /// Receives until something is there.
    fn receive(socket: &TcpStream, into: &mut [u8]) -> Received {
        loop {
            match receive_stamped(socket.as_fd(), into) {
                Ok(received) => return received,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }

    #[test]
    fn what_arrives_is_stamped_by_the_kernel_when_asked() {
        let (near, mut far) = pair();
        let mut bytes = [0; 16];
        far.write_all(b"plain").unwrap();
        assert_eq!(receive(&near, &mut bytes), Received { bytes: 5, kernel_ns: None });
        enable_stamps(near.as_fd()).unwrap();
        let deadline = Deadline::after(Duration::from_secs(20));
        let stamp = loop {
            far.write_all(b"stamped").unwrap();
            let received = receive(&near, &mut bytes);
            assert_eq!((received.bytes, &bytes[..7]), (7, &b"stamped"[..]));
            if let Some(stamp) = received.kernel_ns {
                break stamp;
            }
            assert!(deadline.left().is_some(), "no stamp came");
        };
        // After 2020 and before 2100: Unix time in nanoseconds.
        assert!((1_577_836_800_000_000_000..4_102_444_800_000_000_000).contains(&stamp));
    }

    #[test]
    fn the_end_of_a_stream_is_no_bytes() {
        let (near, far) = pair();
        drop(far);
        assert_eq!(receive(&near, &mut [0; 4]).bytes, 0);
    }

    #[test]
    fn a_wish_for_a_buffer_says_what_was_granted() {
        let (near, _far) = pair();
        // The kernel doubles it, and every host grants so little.
        assert_eq!(receive_buffer(near.as_fd(), 16_384).unwrap(), 32_768);
    }

    #[test]
    fn words_that_are_cut_off_hold_no_stamp() {
        let mut words = vec![0; 32];
        words[0] = 32;
        words[8] = 1;
        words[12] = libc::SO_TIMESTAMPNS as u8;
        words[16] = 7;
        words[24] = 9;
        assert_eq!(stamp(&words), Some(7_000_000_009));
        assert_eq!(stamp(&words[..31]), None);
        words[0] = 0;
        assert_eq!(stamp(&words), None, "a length that leads nowhere ends it");
    }
}
