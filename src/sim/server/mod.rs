//! Server: the hall behind sockets, on a thread of its own, one port a venue.
//!
//! In: addresses, a seed, a speed, TLS or not. Out: HTTP/1.1 and websockets as the venues speak
//! them, for any host name, and the certificate that clients have to trust.
//! Never: memory without a bound; a client that is too slow is disconnected, and counted.

mod certificate;
mod door;
mod hub;
mod settings;
mod socket;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use crate::base::Nanos;

pub use hub::Counts;
pub use settings::Settings;

/// Why it could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// An address is taken, or not ours.
    #[error("cannot listen on {address}: {why}; name another address, or port 0 for a free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        why: io::Error,
    },
    /// No certificate could be made or written.
    #[error("cannot make the certificate {}: {why}; name another file, or serve without TLS",
        file.display())]
    Certificate {
        /// Where it was to be.
        file: PathBuf,
        /// Why not.
        why: String,
    },
    /// The system has no thread or no event queue left.
    #[error("cannot start the server's thread: {0}; close other programs")]
    Thread(io::Error),
}

/// A server that runs. Dropped, it stops.
#[derive(Debug)]
pub struct Handle {
    addresses: [SocketAddr; 3],
    ca_file: Option<PathBuf>,
    hub: Arc<hub::Hub>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts serving; ports are open when it returns.
pub fn start(settings: &Settings) -> Result<Handle, ServerError> {
    let tls = match &settings.ca_file {
        Some(file) => Some(certificate::acceptor(file).map_err(|why| {
            ServerError::Certificate { file: file.clone(), why: why.to_string() }
        })?),
        None => None,
    };
    let mut listeners = Vec::new();
    let mut addresses = settings.addresses;
    for address in &mut addresses {
        let listen = |address: SocketAddr| {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let bound = listener.local_addr()?;
            Ok((listener, bound))
        };
        let (listener, bound) =
            listen(*address).map_err(|why| ServerError::Listen { address: *address, why })?;
        *address = bound;
        listeners.push(listener);
    }
    let hub = Arc::new(hub::Hub::new(settings));
    let (stop, stopped) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Thread)?;
    let of_thread = Arc::clone(&hub);
    let body = move || runtime.block_on(door::serve(listeners, tls, of_thread, stopped));
    let thread = thread::Builder::new().name("sim".into()).spawn(body);
    let thread = Some(thread.map_err(ServerError::Thread)?);
    Ok(Handle { addresses, ca_file: settings.ca_file.clone(), hub, stop, thread })
}

impl Handle {
    /// Of Kraken, Binance and Coinbase.
    pub const fn addresses(&self) -> [SocketAddr; 3] {
        self.addresses
    }

    /// The authority that clients have to trust; `None` without TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.hub.counts()
    }

    /// Time in the world.
    pub fn now(&self) -> Nanos {
        self.hub.now()
    }

    /// Is the thread still serving?
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends all connections and waits for the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // A server that has ended by itself hears nothing, and is to be joined all the same.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}
