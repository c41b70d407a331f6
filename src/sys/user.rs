//! Users: who this process runs as, and who is at the other end of a local socket.
//!
//! In: a socket. Out: numbers of users.
//! Never: a name that is looked up.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The user as whom files are made and judged: the effective one.
pub fn own_id() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// The user who made the other end of a local stream socket, as the kernel noted it then
/// (`SO_PEERCRED`).
#[cfg(target_os = "linux")]
pub fn peer_id(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    let (fd, place) = (socket.as_raw_fd(), (&raw mut peer).cast());
    // SAFETY: the descriptor is borrowed, so it is open; `place` has the size that `size` says.
    let failed =
        unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, place, &raw mut size) };
    if failed == 0 { Ok(peer.uid) } else { Err(io::Error::last_os_error()) }
}

/// Nobody can be told here.
#[cfg(not(target_os = "linux"))]
pub fn peer_id(_: BorrowedFd<'_>) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_other_end_of_a_pair_is_ours() {
        let (near, _far) = UnixStream::pair().unwrap();
        assert_eq!(peer_id(near.as_fd()).unwrap(), own_id());
        assert_eq!(std::fs::metadata("/proc/self").unwrap().uid(), own_id());
    }
}
