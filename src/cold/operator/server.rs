//! The instance's side of the socket: one thread, sockets that never block.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use super::client::SOCKET;
use super::status::{PARTS, Status};
use crate::cold::home::Home;
use crate::event::{Command, Lexicon};
use crate::limits;
use crate::sys::deadline::Deadline;
use crate::sys::user;

/// Where the latest picture hangs.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Arc<Status>>>);

/// What answers: the latest picture, names, and a way for commands to the hot thread. Those that
/// the hot thread has no room for are refused.
pub struct Desk {
    /// The latest picture.
    pub board: Board,
    /// What names stand for.
    pub lexicon: Box<dyn Lexicon + Send>,
    /// Where commands go, in their order.
    pub commands: SyncSender<Command>,
}

/// A socket that is served by a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Serving {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// A client.
struct Client {
    stream: UnixStream,
    heard: Vec<u8>,
    to_say: Vec<u8>,
    /// When it is sent away, unless it says something before.
    until: Deadline,
    /// It is sent away when it has its answer.
    is_leaving: bool,
}

/// How often sockets are looked at.
const TURN: Duration = Duration::from_millis(5);

/// How long a client may be silent.
const SILENCE: Duration = Duration::from_secs(10);

impl Board {
    /// Hangs up another picture.
    pub fn hang(&self, status: Status) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(status);
    }

    /// The latest picture.
    pub fn latest(&self) -> Arc<Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Desk {
    /// The answer to a line.
    pub fn answer(&self, line: &[u8]) -> Value {
        let refuse = |why: String| json!({ "ok": false, "why": why });
        let request: Option<Value> = serde_json::from_slice(line).ok();
        let Some(text) = request.as_ref().and_then(|request| request["say"].as_str()) else {
            let why = "a request is a line like {\"say\":\"status\"}";
            return refuse(why.to_owned());
        };
        if let Some(part) = PARTS.iter().find(|part| **part == text.trim()) {
            let found = self.board.latest().part(part);
            return json!({ "ok": true, *part: found });
        }
        let command = match Command::parse(text, &*self.lexicon) {
            Ok(command) => command,
            Err(why) => return refuse(why.to_string()),
        };
        match self.commands.try_send(command) {
            Ok(()) => json!({ "ok": true, "command": command.to_string() }),
            Err(TrySendError::Full(_)) => refuse(String::from(
                "commands wait that the hot thread has not taken yet; is it alive? The kill switch \
                 of last resort is the venue's own `cancel all`",
            )),
            Err(TrySendError::Disconnected(_)) => {
                refuse(String::from("the instance is ending and takes no commands any more"))
            }
        }
    }

    /// Serves the socket of a state folder, which only its owner may use.
    pub fn open(self, home: &Home) -> io::Result<Serving> {
        let path = home.path(SOCKET);
        // The folder is locked: whoever left it is no more.
        match fs::remove_file(&path) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name(String::from("operator")).spawn(move || {
            let mut clients: Vec<Client> = Vec::new();
            while stopped.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                accept(&listener, &mut clients);
                clients.retain_mut(|client| client.turn(&self));
            }
        })?;
        Ok(Serving { stop: Some(stop), thread: Some(thread), path })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

/// Takes whoever waits at the door.
fn accept(listener: &UnixListener, clients: &mut Vec<Client>) {
    while let Ok((stream, _)) = listener.accept() {
        let is_ours = user::peer_id(stream.as_fd()).is_ok_and(|peer| peer == user::own_id());
        if !is_ours || stream.set_nonblocking(true).is_err() {
            continue;
        }
        let (heard, to_say, until) = (Vec::new(), Vec::new(), Deadline::after(SILENCE));
        let mut client = Client { stream, heard, to_say, until, is_leaving: false };
        if clients.len() >= limits::OPERATOR_CLIENTS_MAX {
            client.send_away("as many clients are connected as there may be; try again");
            let _ = client.write();
            continue;
        }
        clients.push(client);
    }
}

impl Client {
    /// Reads, answers and writes what can be without waiting. False where it is to be let go.
    fn turn(&mut self, desk: &Desk) -> bool {
        if !self.is_leaving && self.read().is_err() {
            return false;
        }
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            // The answers to come must not grow without bound, either.
            if self.to_say.len() > limits::OPERATOR_ANSWER_BYTES_MAX || self.is_leaving {
                break;
            }
            let answer = desk.answer(&self.heard[..end]);
            self.heard.drain(..=end);
            self.until = Deadline::after(SILENCE);
            self.put(&answer);
        }
        let is_long = self.heard.len() > limits::OPERATOR_LINE_BYTES_MAX;
        if is_long && !self.heard.contains(&b'\n') && !self.is_leaving {
            self.send_away("no request is that long");
        }
        let is_written = self.write();
        let is_over = self.until.left().is_none() || (self.is_leaving && self.to_say.is_empty());
        is_written.is_ok() && !is_over
    }

    /// Reads what is there, but no more than a few lines ahead.
    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 1_024];
        while self.heard.len() <= limits::OPERATOR_LINE_BYTES_MAX {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.heard.extend_from_slice(&bytes[..count]),
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.to_say.is_empty() {
            match self.stream.write(&self.to_say) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.to_say.drain(..count);
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    fn put(&mut self, answer: &Value) {
        self.to_say.extend_from_slice(answer.to_string().as_bytes());
        self.to_say.push(b'\n');
    }

    fn send_away(&mut self, why: &str) {
        self.put(&json!({ "ok": false, "why": why }));
        self.is_leaving = true;
    }
}
