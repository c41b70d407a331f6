//! Why a file is no network that the own engine runs.

use super::super::sound::NetworkError;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// It cannot be read or written.
    #[error("cannot open {path}: {source}; name a file that is there and may be read")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is larger than any model that is meant.
    #[error("the file has {found} bytes, expected at most {max}; a model this large needs `ort`")]
    Large {
        /// Its bytes.
        found: u64,
        /// How many there may be.
        max: usize,
    },
    /// It is no protobuf message, or is cut off.
    #[error("no ONNX file: byte {at} {why}; export the model again")]
    Broken {
        /// Where.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// A part of the graph is not of the one form that is known.
    #[error(
        "node `{node}` ({operator}) is not supported by the own engine: {why}; use the other \
         engine (`--engine ort`)"
    )]
    Unsupported {
        /// Its name, or its first output's.
        node: String,
        /// Its operator.
        operator: String,
        /// What is not as expected.
        why: String,
    },
    /// The graph as a whole is of another form.
    #[error(
        "the graph is not supported by the own engine: {why}; use the other engine (`--engine ort`)"
    )]
    Form {
        /// What is not as expected.
        why: String,
    },
    /// A tensor's data does not fit what it says of itself.
    #[error("tensor `{name}`: {why}; export the model again, with its weights inside the file")]
    Tensor {
        /// Which.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A text of `metadata_props` has no meaning.
    #[error("metadata `{key}` is `{found}`, expected {expected}; write it anew or remove it")]
    Meta {
        /// Which.
        key: &'static str,
        /// Its text, cut to a few words.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The network does not fit together.
    #[error(transparent)]
    Network(#[from] NetworkError),
}
