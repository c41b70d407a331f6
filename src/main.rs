//! The binary: hands the arguments to the library and returns its exit code.

fn main() {}
