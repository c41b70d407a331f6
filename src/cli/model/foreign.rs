//! ONNX Runtime in the bench: the same network, written as a window or as a step.

use super::measure::Call;
use super::rows::Rows;
use crate::cli::output::Failure;
use crate::neural::{self, Form, Meta, Network, Runtime};

/// Calls of ONNX Runtime.
pub(super) struct Foreign<'a> {
    runtime: Runtime,
    rows: &'a Rows,
    inputs: usize,
    is_window: bool,
    next: usize,
    out: Vec<f32>,
    room: Vec<u8>,
    walk: fn(&mut [u8]),
}

impl<'a> Foreign<'a> {
    pub(super) fn new(
        network: &Network,
        rows: &'a Rows,
        is_window: bool,
        room: Vec<u8>,
        walk: fn(&mut [u8]),
    ) -> Result<Foreign<'a>, Failure> {
        let mut network = network.clone();
        (network.form, network.window) =
            if is_window { (Form::TimeMajor, rows.length) } else { (Form::Streaming, 1) };
        let meta = Meta { temperature: 1.0, ..Meta::default() };
        let model = neural::write(&network, &meta).map_err(Failure::failed)?;
        let shape = [network.window, 1, network.inputs];
        let runtime = Runtime::new(&model, &shape).map_err(Failure::failed)?;
        let (inputs, out) = (network.inputs, Vec::new());
        Ok(Foreign { runtime, rows, inputs, is_window, next: 0, out, room, walk })
    }
}

impl Call for Foreign<'_> {
    fn before(&mut self) {
        self.next = (self.next + 1) % self.rows.length;
        (self.walk)(&mut self.room);
    }

    fn call(&mut self) {
        let row = self.next * self.inputs..(self.next + 1) * self.inputs;
        let x = if self.is_window { &self.rows.data[..] } else { &self.rows.data[row] };
        // What it refuses was refused when it was made: sizes do not change.
        let done = self.runtime.run(x, &mut self.out);
        assert!(done.is_ok(), "ONNX Runtime refuses what it took before: {done:?}");
        std::hint::black_box(&self.out);
    }
}
