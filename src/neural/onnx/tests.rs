//! Files there and back, and files that lie.

use super::super::invented::invented;
use super::super::network::{Activation, Form, Meta, Network, Output};
use super::*;

fn meta() -> Meta {
    let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
    Meta {
        features: names(&["imbalance1", "return.0", "spread"]),
        mean: vec![0.1, -2.5e-9, 3.0],
        scale: vec![1.0, 0.333_333_34, 1e20],
        horizon_ns: 2_000_000_000,
        classes: names(&["down", "flat", "up"]),
        temperature: 1.25,
        warmup: 64,
        more: [("label".to_owned(), "mid after 2 s, +-0.5 bps".to_owned())].into(),
    }
}

fn forms() -> Vec<Network> {
    let mut all = Vec::new();
    for form in [Form::Window, Form::TimeMajor, Form::Streaming] {
        for output in [Output::Linear, Output::Sigmoid, Output::Softmax] {
            for hidden in [&[4_usize][..], &[5, 3], &[2, 2, 2, 2]] {
                let mut network = invented(3, hidden, 3, 3);
                let mut more = network.head[0].clone();
                (more.inputs, more.outputs) = (3, 1);
                more.w.truncate(3);
                more.w.resize(3, 0.25);
                more.b.truncate(1);
                (network.form, network.output) = (form, output);
                network.window = if form == Form::Streaming { 1 } else { 7 };
                all.push(network.clone());
                network.head[0].activation = Activation::Relu;
                network.head.push(more);
                all.push(network);
            }
        }
    }
    all
}

#[test]
fn what_is_written_is_read_as_it_was() {
    for network in forms() {
        let file = write(&network, &meta()).unwrap();
        let read = read(&file).unwrap();
        assert_eq!(read.network, network);
        assert_eq!(read.meta, meta());
        assert_eq!((read.opset, &*read.producer, &*read.output), (17, "neural-kraken", "y"));
        assert_eq!(write(&read.network, &read.meta).unwrap(), file, "the same bytes");
    }
}

#[test]
fn a_file_that_is_cut_or_changed_is_refused_or_read_and_never_more() {
    let network = &forms()[1];
    let file = write(network, &meta()).unwrap();
    for end in 0..file.len() {
        assert!(read(&file[..end]).is_err() || end > 200, "cut at {end}");
    }
    let mut changed = file.clone();
    for at in 0..file.len() {
        for bits in [0x01, 0x80, 0xFF] {
            changed[at] = file[at] ^ bits;
            if let Ok(read) = read(&changed) {
                assert!(read.network.check().is_ok(), "byte {at}");
            }
        }
        changed[at] = file[at];
    }
}

#[test]
fn metadata_without_a_meaning_names_its_key() {
    let network = invented(3, &[4], 3, 3);
    let text = |change: &dyn Fn(&mut Meta)| {
        let mut meta = meta();
        change(&mut meta);
        write(&network, &meta).and_then(|file| read(&file)).unwrap_err().to_string()
    };
    assert!(text(&|m| m.scale[1] = 0.0).contains("metadata `scale` is"));
    assert!(text(&|m| m.temperature = -1.0).contains("metadata `temperature` is `-1`"));
    assert!(text(&|m| m.features[0] = "a,b".to_owned()).contains("names without commas"));
}

#[test]
fn a_network_that_does_not_fit_is_not_written() {
    let mut network = invented(3, &[4], 3, 3);
    network.layers[0].r.pop();
    assert!(matches!(write(&network, &meta()), Err(OnnxError::Network(_))));
}
