//! The verb `sim` as a script meets it: one line when it is ready, and errors that say what to do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

fn sim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neural-kraken"));
    command.arg("sim");
    command
}

fn failed(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = sim().args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn sim_says_where_it_serves_and_ends_in_time() {
    let arguments = ["--plain", "--duration", "3", "--json"];
    let mut child = sim().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&ready["ready"], &ready["ca_file"]), (&Value::Bool(true), &Value::Null));
    let kraken = &ready["venues"]["kraken"];
    assert_eq!(kraken["secret"].as_str().map(str::len), Some(88));
    let mut stream = TcpStream::connect(kraken["url"].as_str().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = b"GET /0/public/Time HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(head).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("\"unixtime\":"), "{text}");
    assert!(child.wait().unwrap().success());
    line.clear();
    stdout.read_line(&mut line).unwrap();
    let counts: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&counts["requests"], &counts["faults"]), (&1.into(), &0.into()));
}

#[test]
fn sim_names_what_is_wrong_with_a_file_of_faults() {
    let file = std::env::temp_dir().join(format!("neural-kraken-{}.toml", std::process::id()));
    std::fs::write(&file, "[[fault]]\nat_ms = 1\nwhat = \"dorp\"\n").unwrap();
    let path = file.to_str().unwrap();
    let (code, why) = failed(&["--faults", path]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(code, Some(1));
    assert!(why.contains(path) && why.contains("line 3: found \"dorp\""), "{why}");
    let (code, why) = failed(&["--faults", path]);
    assert_eq!(code, Some(1));
    assert!(why.contains("cannot read") && why.contains("--faults"), "{why}");
    assert_eq!(failed(&["--speed", "0"]).0, Some(2));
    assert_eq!(failed(&["--burst-seconds", "3"]).0, Some(2));
    let (code, why) = failed(&["--replay", "kraken:frames:no-such.gz"]);
    assert_eq!(code, Some(1));
    assert!(why.contains("no-such.gz"), "{why}");
}
