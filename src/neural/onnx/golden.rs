//! Small graphs by each exporter (`made-*`) and in the form of each, with rows and what ONNX
//! Runtime makes of them.
//!
//! `tests/golden/neural/README.md` says what wrote them.

use super::super::engine::Engine;
use super::super::kernel::Level;
use super::super::network::Form;
use super::super::npy::Npy;
use super::read;

macro_rules! golden {
    ($($name:literal),*) => {
        [$((
            $name,
            &include_bytes!(concat!("../../../tests/golden/neural/", $name, ".onnx"))[..],
            &include_bytes!(concat!("../../../tests/golden/neural/", $name, "-x.npy"))[..],
            &include_bytes!(concat!("../../../tests/golden/neural/", $name, "-y.npy"))[..],
        )),*]
    };
}

#[test]
fn every_exporters_graph_gives_what_onnx_runtime_gave() {
    let all = golden![
        "torch-window",
        "torch-time",
        "torch-streaming",
        "dynamo-window",
        "dynamo-time",
        "dynamo-streaming",
        "tf-window",
        "tf-time",
        "tf-streaming",
        "made-script-window",
        "made-script-time",
        "made-script-streaming",
        "made-dynamo-window",
        "made-dynamo-time",
        "made-dynamo-streaming",
        "made-tf2onnx-window"
    ];
    for (name, model, x, y) in all {
        let network = read(model).unwrap().network;
        let (x, y) = (Npy::decode(x).unwrap(), Npy::decode(y).unwrap());
        let engine = Engine::new(&network, Level::detect()).unwrap();
        let expects = |form| assert_eq!(network.form, form, "{name}");
        let mut out = vec![0.0; network.outputs()];
        let found: Vec<f32> = if name.ends_with("streaming") {
            expects(Form::Streaming);
            let mut state = engine.state();
            let step = |row| {
                engine.step(&mut state, row, &mut out);
                out.clone()
            };
            x.data.chunks(network.inputs).flat_map(step).collect()
        } else {
            expects(if name.ends_with("time") { Form::TimeMajor } else { Form::Window });
            engine.whole(&mut engine.scratch(x.shape[0]), &x.data, &mut out);
            out
        };
        assert_eq!(found.len(), y.data.len(), "{name}");
        for (found, expected) in found.iter().zip(&y.data) {
            assert!((found - expected).abs() < 1e-6, "{name}: {found} for {expected}");
        }
    }
}
