//! Train: recordings into an LSTM, written as ONNX.
//!
//! Never: a feature of its own. Rows come out of the signal stage that trades.
