//! Somebody in the middle: passes records on, cut, changed or not at all.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::stand::{PATIENCE, Server, serve};

/// What becomes of a record of the server's, by its number: pieces that are sent one by one; `None`
/// ends the stream.
pub(crate) type Tamper = Box<dyn FnMut(usize, Vec<u8>) -> Option<Vec<Vec<u8>>> + Send>;

/// Passes on all that the client says, and of the server what `tamper` makes of it.
pub(crate) fn between(server: SocketAddr, mut tamper: Tamper) -> Server<()> {
    serve(move |client| {
        let far = TcpStream::connect(server).unwrap();
        far.set_nodelay(true).unwrap();
        far.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut from_client, mut to_far) = (client.try_clone().unwrap(), far.try_clone().unwrap());
        let upward = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_client, &mut to_far);
            let _ = to_far.shutdown(Shutdown::Write);
        });
        let (mut from_far, mut to_client) = (far, client);
        let mut n = 0;
        while let Some(record) = record(&mut from_far) {
            let Some(pieces) = tamper(n, record) else { break };
            for piece in pieces {
                let _ = to_client.write_all(&piece);
            }
            n += 1;
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = from_far.shutdown(Shutdown::Both);
        upward.join().unwrap();
    })
}

/// The next record as it is on the wire.
fn record(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut record = vec![0; 5];
    match from.read_exact(&mut record) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
        Err(_) => return None,
    }
    let body = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + body, 0);
    from.read_exact(&mut record[5..]).ok()?;
    Some(record)
}
