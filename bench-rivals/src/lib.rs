//! The plain way to do what the hot path does, written well: the benches run it beside ours.
