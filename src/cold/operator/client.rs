//! The operator's side of the socket: says one thing and waits for the answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::limits;

/// The socket's name in the state folder.
pub const SOCKET: &str = "operator.sock";

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why an instance could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// Nobody listens.
    #[error("no instance runs on the state folder {} ({why}); name the folder of the one that \
        runs", dir.display())]
    Nobody {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// It did not answer.
    #[error("the instance did not answer within 5 s ({0}); look whether it still runs")]
    Silent(std::io::Error),
    /// Its answer is none.
    #[error("the instance answered what is no answer; is it of the same version?")]
    Garbled,
    /// It refused.
    #[error("{0}")]
    Refused(String),
}

/// Says something to the instance that runs on a state folder, and gives its answer.
pub fn say(dir: &Path, text: &str) -> Result<Value, OperatorError> {
    let nobody = |why| OperatorError::Nobody { dir: dir.into(), why };
    let mut stream = UnixStream::connect(dir.join(SOCKET)).map_err(nobody)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(OperatorError::Silent)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(OperatorError::Silent)?;
    let line = format!("{}\n", json!({ "say": text }));
    stream.write_all(line.as_bytes()).map_err(OperatorError::Silent)?;
    let mut answer = String::new();
    let mut reader = BufReader::new(stream.take(limits::OPERATOR_ANSWER_BYTES_MAX as u64));
    reader.read_line(&mut answer).map_err(OperatorError::Silent)?;
    let answer: Value = serde_json::from_str(&answer).map_err(|_| OperatorError::Garbled)?;
    match (answer["ok"].as_bool(), answer["why"].as_str()) {
        (Some(true), _) => Ok(answer),
        (Some(false), Some(why)) => Err(OperatorError::Refused(why.to_owned())),
        _ => Err(OperatorError::Garbled),
    }
}
