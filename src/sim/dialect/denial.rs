//! Denial: how each venue refuses a subscription that it does not want now.
//!
//! In: what a client says. Out: the frames that answer it.
//! Never: a refusal that says that the symbol does not exist.

use serde_json::{Value, json};

use super::kraken_words;
use crate::base::Nanos;

/// What a venue (by the name of its dialect) answers; nothing where the text asks for no
/// subscription.
pub fn denial(venue: &str, text: &str, now: Nanos) -> Vec<Vec<u8>> {
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    match venue {
        "kraken" if request["method"] == "subscribe" => {
            let symbols = request["params"]["symbol"].as_array();
            let named = symbols.into_iter().flatten().map(Value::as_str);
            let all: Vec<Option<&str>> =
                if symbols.is_some() { named.collect() } else { vec![None] };
            let told = |symbol| {
                let (head, mut frame) =
                    (("subscribe", request["req_id"].as_u64(), now), Vec::new());
                kraken_words::error(head, symbol, "EService:Unavailable", &mut frame);
                frame
            };
            all.into_iter().map(told).collect()
        }
        "binance" if request["method"] == "SUBSCRIBE" => {
            let msg = "Invalid request: the service is busy";
            let frame = json!({"code": 2, "msg": msg, "id": request["id"]});
            vec![frame.to_string().into_bytes()]
        }
        "coinbase" if request["type"] == "subscribe" => {
            let frame = json!({"type": "error", "message": "failure to subscribe"});
            vec![frame.to_string().into_bytes()]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_venue_refuses_in_its_own_words_and_only_subscriptions() {
        let told = |venue: &str, text: &str| -> Vec<Value> {
            let frames = denial(venue, text, Nanos(0));
            frames.iter().map(|frame| serde_json::from_slice(frame).unwrap()).collect()
        };
        let book = r#"{"method":"subscribe","params":{"channel":"book","symbol":["A/B","C/D"]},"req_id":7}"#;
        let kraken = told("kraken", book);
        assert_eq!(kraken.len(), 2);
        assert_eq!((&kraken[1]["symbol"], &kraken[1]["req_id"]), (&json!("C/D"), &json!(7)));
        assert_eq!(kraken[0]["error"], "EService:Unavailable");
        let binance = told("binance", r#"{"method":"SUBSCRIBE","params":["a@trade"],"id":3}"#);
        assert_eq!((&binance[0]["code"], &binance[0]["id"]), (&json!(2), &json!(3)));
        assert_eq!(told("coinbase", r#"{"type":"subscribe"}"#)[0]["type"], "error");
        for venue in ["kraken", "binance", "coinbase"] {
            assert!(told(venue, r#"{"method":"ping"}"#).is_empty());
            assert!(told(venue, "{").is_empty());
        }
    }
}
