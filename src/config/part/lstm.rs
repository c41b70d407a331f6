//! A model of kind `lstm`: a network out of an ONNX file, packed for this machine.

use std::path::Path;
use std::sync::Arc;

use super::super::real::Range;
use super::super::section::Section;
use crate::event::{FEATURES, Features};
use crate::neural::{self, Engine, Form, Level, Meta, OnnxError, Output, Reach, Read};
use crate::stage::model::{Inputs, Network, Outputs};

const MOVE: Range = Range::new("basis points", 0.000_001, 1_000.0);

/// The network that comes with the program.
const BUILT_IN: (&str, &[u8]) =
    ("built-in/spot_btcusdt_2s", include_bytes!("../../../models/spot_btcusdt_2s.onnx"));

/// The network, and how far ahead it looks as its file says.
pub(super) fn read(section: &mut Section<'_>) -> Option<(Network, i64)> {
    let file = section.text("file", "the path of an ONNX file", |text| Some(text.to_owned()));
    let engine = section.text_if_any("engine", "\"native\" or \"int8\"", |text| match text {
        "native" => Some(false),
        "int8" => Some(true),
        _ => None,
    });
    let move_bps = MOVE.read(section, "move_bps");
    let file = file?;
    match load(&file, engine.unwrap_or(false), move_bps?) {
        Ok(network) => Some(network),
        Err((found, expected, fix)) => {
            section.note("file", found, expected, fix);
            None
        }
    }
}

/// What was found, what was expected, the fix.
type Wrong = (String, &'static str, String);

/// The network of an ONNX file's bytes, and how far ahead it looks: what a model that is swapped in
/// is made of. `move_bps` as in the configuration. The error says what is wrong, and the fix.
pub fn lstm_network(bytes: &[u8], is_int8: bool, move_bps: f64) -> Result<(Network, i64), String> {
    packed("the file", neural::read(bytes), is_int8, move_bps)
        .map_err(|(found, expected, fix)| format!("found {found}, expected {expected}; {fix}"))
}

fn load(file: &str, is_int8: bool, move_bps: f64) -> Result<(Network, i64), Wrong> {
    let read =
        if file == BUILT_IN.0 { neural::read(BUILT_IN.1) } else { neural::load(Path::new(file)) };
    packed(file, read, is_int8, move_bps)
}

fn packed(
    file: &str,
    read: Result<Read, OnnxError>,
    is_int8: bool,
    move_bps: f64,
) -> Result<(Network, i64), Wrong> {
    let wrong = |expected, fix: &str| (file.to_owned(), expected, fix.to_owned());
    let Read { mut network, meta, .. } = read.map_err(|why| {
        let fix = String::from("see `neural-kraken model inspect FILE`");
        (why.to_string(), "an ONNX file with an LSTM", fix)
    })?;
    let places = places(&meta)
        .map_err(|name| (name, "names of features", String::from("train it with `train`")))?;
    if places.len() != network.inputs || meta.mean.len() != places.len() {
        return Err(wrong("metadata with a feature, a mean and a scale for each input", RETRAIN));
    }
    cool(&mut network, meta.temperature);
    let level = Level::detect();
    let engine = if is_int8 {
        let of_layers = meta.more.get("int8_reach").and_then(|text| {
            text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<f32>>>()
        });
        let reach = of_layers.map(Reach::given);
        let Some(reach) = reach else {
            return Err(wrong("metadata of a calibration", "run `model quantise` on it first"));
        };
        Engine::int8(&network, &reach, level)
    } else {
        Engine::new(&network, level)
    };
    let engine = engine.map_err(|why| (why.to_string(), "a sound network", RETRAIN.to_owned()))?;
    let class = |name: &str| meta.classes.iter().position(|class| class == name);
    let outputs = match (class("down"), class("up")) {
        (Some(down), Some(up)) if meta.classes.len() == engine.outputs() => {
            Outputs::Classes { down, up, move_bps: move_bps as f32 }
        }
        _ if engine.outputs() == 1 => Outputs::Move { scale_bps: move_bps as f32 },
        _ => return Err(wrong("outputs `down` and `up`, or one value", RETRAIN)),
    };
    let rows = if engine.form() == Form::Streaming { 1 } else { engine.window() };
    let pace_ns = meta.more.get("pace_ns").and_then(|text| text.parse().ok()).unwrap_or(0);
    let factor = meta.scale.iter().map(|scale| 1.0 / scale).collect();
    let network = Network {
        inputs: Inputs { places, mean: meta.mean, factor },
        outputs,
        warmup: meta.warmup.max(rows) as u32,
        pace_ns,
        engine: Arc::new(engine),
    };
    Ok((network, meta.horizon_ns))
}

const RETRAIN: &str = "write it with `neural-kraken train`";

/// Places of a file's features; the name of one that is none.
fn places(meta: &Meta) -> Result<Vec<usize>, String> {
    let place = |name: &String| {
        let found = (0..FEATURES).find(|place| Features::name(*place) == *name);
        found.ok_or_else(|| format!("the feature `{name}`"))
    };
    meta.features.iter().map(place).collect()
}

/// Divides what goes into the softmax by the temperature: the last dense layer is linear.
fn cool(network: &mut neural::Network, temperature: f32) {
    let is_one = temperature <= 0.0 || (temperature - 1.0).abs() < f32::EPSILON;
    if is_one || network.output != Output::Softmax {
        return;
    }
    if let Some(last) = network.head.last_mut() {
        last.w.iter_mut().chain(&mut last.b).for_each(|weight| *weight /= temperature);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::stage::model::Form as Kind;
    use std::path::Path;

    const MODEL: &str = "[[models]]\nname = \"net\"\nkind = \"lstm\"\nmove_bps = \"1.1\"\n\
                         instruments = [\"binance:BTCUSDT\"]\n";

    fn parsed(file: &str) -> Result<Config, String> {
        let text = format!("{MODEL}file = \"{file}\"\n");
        Config::parse(&text, Path::new("my.toml")).map_err(|why| why.to_string())
    }

    #[test]
    fn the_network_that_comes_with_the_program_is_packed_with_what_its_file_says() {
        let config = parsed("built-in/spot_btcusdt_2s").unwrap();
        let model = config.models.iter().find(|model| model.name == "net").unwrap();
        assert_eq!((model.kind(), model.horizon_ns), ("lstm", 2_000_000_000));
        let Kind::Lstm(network) = &model.form else { panic!("a network") };
        assert_eq!(network.inputs.places.len(), network.engine.inputs());
        assert!(network.warmup > 0);
    }

    #[test]
    fn a_network_to_be_swapped_in_is_that_of_the_configuration() {
        let (network, horizon_ns) = super::lstm_network(super::BUILT_IN.1, false, 1.1).unwrap();
        let config = parsed("built-in/spot_btcusdt_2s").unwrap();
        let model = config.models.iter().find(|model| model.name == "net").unwrap();
        let Kind::Lstm(named) = &model.form else { panic!("a network") };
        assert_eq!((horizon_ns, network.warmup), (model.horizon_ns, named.warmup));
        assert_eq!(network.inputs.places, named.inputs.places);
        let why = super::lstm_network(b"no model", false, 1.1).unwrap_err();
        assert!(why.contains("expected an ONNX file with an LSTM; see"), "{why}");
        let why = super::lstm_network(super::BUILT_IN.1, true, 1.1).unwrap_err();
        assert!(why.contains("model quantise"), "{why}");
    }

    #[test]
    fn a_deadline_is_of_the_model_that_has_it() {
        let text = format!("{MODEL}file = \"built-in/spot_btcusdt_2s\"\ndeadline_us = 25\n");
        let config = Config::parse(&text, Path::new("my.toml")).unwrap();
        let of = |name: &str| config.models.iter().find(|model| model.name == name).unwrap();
        assert_eq!((of("net").deadline_ns, of("touch").deadline_ns), (25_000, 0));
    }

    #[test]
    fn a_file_that_is_none_is_told_with_the_fix() {
        let why = parsed("nowhere.onnx").unwrap_err();
        assert!(why.contains("my.toml:6: models net, file"), "{why}");
        assert!(why.contains("model inspect"), "{why}");
    }
}
