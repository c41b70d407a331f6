//! Tests of the operator's socket: what is answered, what is refused, and who is sent away.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::{Nanos, StrategyId};
use crate::cold::home::Home;
use crate::event::{Command, Lexicon, Limit, Noun, Scope};
use crate::limits;

struct Known;

impl Lexicon for Known {
    fn id(&self, noun: Noun, name: &str) -> Option<u64> {
        (noun == Noun::Strategy && name == "momentum").then_some(4)
    }

    fn decimals(&self, _: Limit) -> u8 {
        2
    }
}

fn desk(room: usize) -> (Desk, Receiver<Command>) {
    let (commands, taken) = mpsc::sync_channel(room);
    let board = Board::default();
    board.hang(Status {
        at: Nanos(0),
        mode: "paper".into(),
        epoch: 7,
        halts: vec![("all".into(), "operator".into(), Nanos(0))],
        positions: vec![["main", "momentum", "kraken:BTC/USD", "-0.5"].map(String::from)],
        orders: vec![OrderLine { client: "n1".into(), side: "buy", ..OrderLine::default() }],
        ..Status::default()
    });
    (Desk { board, lexicon: Box::new(Known), commands }, taken)
}

struct Scene {
    home: Home,
    _serving: Serving,
    taken: Receiver<Command>,
}

impl Scene {
    fn new(name: &str) -> Scene {
        let name = format!("neural-kraken-operator-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        let home = Home::open(&path).unwrap();
        let (desk, taken) = desk(2);
        let serving = desk.open(&home).unwrap();
        Scene { home, _serving: serving, taken }
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.home.path(SOCKET)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.home.dir());
    }
}

#[test]
fn questions_are_answered_and_commands_are_handed_on_in_their_order() {
    let scene = Scene::new("answers");
    let dir = scene.home.dir();
    let status = say(dir, "status").unwrap();
    assert_eq!(status["status"]["mode"], "paper");
    assert_eq!(status["status"]["halts"][0]["why"], "operator");
    assert_eq!(say(dir, "positions").unwrap()["positions"][0]["qty"], "-0.5");
    assert_eq!(say(dir, "orders").unwrap()["orders"][0]["client"], "n1");
    assert_eq!(say(dir, "balances").unwrap()["balances"], json!([]));
    assert_eq!(say(dir, "pause momentum").unwrap()["command"], "pause #4");
    say(dir, "halt").unwrap();
    let text = say(dir, "flatten all").unwrap_err().to_string();
    assert!(text.contains("has not taken yet"), "{text}");
    let taken: Vec<Command> = scene.taken.try_iter().collect();
    assert_eq!(taken, [Command::Pause(StrategyId(4)), Command::Halt(Scope::Whole)]);
    let text = say(dir, "pause reversion").unwrap_err().to_string();
    assert!(text.contains("\"reversion\""), "{text}");
    assert!(scene.taken.try_recv().is_err(), "what is refused goes nowhere");
}

#[test]
fn the_socket_is_its_owners_and_goes_with_the_session() {
    let scene = Scene::new("owner");
    let path = scene.home.path(SOCKET);
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let dir = scene.home.dir().to_owned();
    drop(scene);
    assert!(matches!(say(&dir, "status"), Err(OperatorError::Nobody { .. })));
    // What a session left that was killed is no hindrance.
    let home = Home::open(&dir).unwrap();
    drop(std::os::unix::net::UnixListener::bind(home.path(SOCKET)).unwrap());
    std::fs::set_permissions(home.path(SOCKET), PermissionsExt::from_mode(0o600)).unwrap();
    let (desk, _taken) = desk(1);
    let serving = desk.open(&home).unwrap();
    say(&dir, "status").unwrap();
    drop(serving);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn several_lines_at_once_and_in_pieces_are_each_answered() {
    let scene = Scene::new("pieces");
    let mut stream = scene.connect();
    stream.write_all(b"{\"say\":\"halt\"}\n{\"say\":\"resume\"}\nnothing\n{\"sa").unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    assert_eq!(
        (&next()["command"], &next()["command"]),
        (&json!("halt all"), &json!("resume all"))
    );
    assert_eq!(next()["ok"], false);
    stream.write_all(b"y\":\"orders\"}\n").unwrap();
    assert_eq!(next()["orders"][0]["client"], "n1");
}

#[test]
fn a_line_without_an_end_and_a_crowd_are_sent_away_and_others_are_served() {
    let scene = Scene::new("hostile");
    let mut endless = scene.connect();
    endless.write_all(&vec![b'x'; limits::OPERATOR_LINE_BYTES_MAX + 1]).unwrap();
    let mut answer = String::new();
    BufReader::new(&endless).read_to_string(&mut answer).unwrap();
    assert!(answer.contains("that long"), "{answer}");
    let crowd: Vec<UnixStream> =
        (0..limits::OPERATOR_CLIENTS_MAX).map(|_| scene.connect()).collect();
    let mut answer = String::new();
    scene.connect().read_to_string(&mut answer).unwrap();
    assert!(answer.contains("as many clients"), "{answer}");
    // Whoever is in is served, however many say nothing.
    let mut last = crowd.last().unwrap();
    last.write_all(b"{\"say\":\"status\"}\n").unwrap();
    let mut line = String::new();
    BufReader::new(last).read_line(&mut line).unwrap();
    assert!(line.contains("paper"), "{line}");
    drop(crowd);
}

/// What looks like a request.
const ANY_LINE: &str = "[{]\"say\":\"(halt|set|cancel|orders|\\PC{0,9}| ){0,6}\"[}]";

proptest! {
    #[test]
    fn whatever_is_said_is_answered(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            ANY_LINE.prop_map(String::into_bytes),
        ],
    ) {
        let (desk, taken) = desk(1);
        let answer = desk.answer(&bytes);
        let is_command = answer["command"].is_string();
        prop_assert!(answer["ok"].is_boolean());
        prop_assert!(answer["ok"] == true || !answer["why"].as_str().unwrap().is_empty());
        prop_assert_eq!(taken.try_recv().is_ok(), is_command);
    }
}
