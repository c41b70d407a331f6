//! Requests about orders the plain way: typed through `serde_json`, and by `format!`. Prices and
//! quantities are floats, as plain programs keep them.

use serde::Serialize;

/// Where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Venue {
    /// Kraken, websocket v2.
    Kraken,
    /// Binance, websocket API.
    Binance,
    /// Coinbase, REST.
    Coinbase,
}

/// A limit order, or one to be cancelled.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of what.
    pub symbol: String,
    /// Buy or sell.
    pub is_buy: bool,
    /// Rests only.
    pub post_only: bool,
    /// Limit.
    pub price: f64,
    /// Decimals of it.
    pub price_decimals: usize,
    /// How much.
    pub qty: f64,
    /// Decimals of it.
    pub qty_decimals: usize,
    /// Its name.
    pub client: String,
    /// Its number.
    pub number: u64,
    /// When, milliseconds.
    pub millis: u64,
    /// Kraken's token.
    pub token: String,
}

#[derive(Serialize)]
struct Kraken<P> {
    method: &'static str,
    params: P,
    req_id: u64,
}

#[derive(Serialize)]
struct KrakenOrder<'a> {
    order_type: &'static str,
    side: &'static str,
    symbol: &'a str,
    order_qty: f64,
    limit_price: f64,
    time_in_force: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_only: Option<bool>,
    cl_ord_id: &'a str,
    token: &'a str,
}

#[derive(Serialize)]
struct KrakenCancel<'a> {
    cl_ord_id: [&'a str; 1],
    token: &'a str,
}

#[derive(Serialize)]
struct Binance<'a, P> {
    id: &'a str,
    method: &'static str,
    params: P,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BinanceOrder<'a> {
    symbol: &'a str,
    side: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_in_force: Option<&'static str>,
    price: String,
    quantity: String,
    new_client_order_id: &'a str,
    new_order_resp_type: &'static str,
    timestamp: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BinanceCancel<'a> {
    symbol: &'a str,
    orig_client_order_id: &'a str,
    timestamp: u64,
}

#[derive(Serialize)]
struct CoinbaseOrder<'a> {
    client_order_id: &'a str,
    product_id: &'a str,
    side: &'static str,
    order_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    limit_limit_gtc: LimitGtc,
}

#[derive(Serialize)]
struct LimitGtc {
    base_size: String,
    limit_price: String,
    post_only: bool,
}

#[derive(Serialize)]
struct CoinbaseCancel<'a> {
    order_ids: [&'a str; 1],
}

/// The request that places an order, typed.
pub fn place_typed(venue: Venue, order: &Order) -> String {
    let price = || format!("{:.*}", order.price_decimals, order.price);
    let qty = || format!("{:.*}", order.qty_decimals, order.qty);
    let json = match venue {
        Venue::Kraken => serde_json::to_string(&Kraken {
            method: "add_order",
            params: KrakenOrder {
                order_type: "limit",
                side: if order.is_buy { "buy" } else { "sell" },
                symbol: &order.symbol,
                order_qty: order.qty,
                limit_price: order.price,
                time_in_force: "gtc",
                post_only: order.post_only.then_some(true),
                cl_ord_id: &order.client,
                token: &order.token,
            },
            req_id: order.number,
        }),
        Venue::Binance => serde_json::to_string(&Binance {
            id: &order.client,
            method: "order.place",
            params: BinanceOrder {
                symbol: &order.symbol,
                side: if order.is_buy { "BUY" } else { "SELL" },
                r#type: if order.post_only { "LIMIT_MAKER" } else { "LIMIT" },
                time_in_force: (!order.post_only).then_some("GTC"),
                price: price(),
                quantity: qty(),
                new_client_order_id: &order.client,
                new_order_resp_type: "ACK",
                timestamp: order.millis,
            },
        }),
        Venue::Coinbase => serde_json::to_string(&CoinbaseOrder {
            client_order_id: &order.client,
            product_id: &order.symbol,
            side: if order.is_buy { "BUY" } else { "SELL" },
            order_configuration: Configuration {
                limit_limit_gtc: LimitGtc {
                    base_size: qty(),
                    limit_price: price(),
                    post_only: order.post_only,
                },
            },
        }),
    };
    json.unwrap_or_default()
}

/// The request that cancels an order, typed.
pub fn cancel_typed(venue: Venue, order: &Order, own: &str) -> String {
    let json = match venue {
        Venue::Kraken => serde_json::to_string(&Kraken {
            method: "cancel_order",
            params: KrakenCancel { cl_ord_id: [&order.client], token: &order.token },
            req_id: order.number,
        }),
        Venue::Binance => serde_json::to_string(&Binance {
            id: own,
            method: "order.cancel",
            params: BinanceCancel {
                symbol: &order.symbol,
                orig_client_order_id: &order.client,
                timestamp: order.millis,
            },
        }),
        Venue::Coinbase => serde_json::to_string(&CoinbaseCancel { order_ids: [&order.client] }),
    };
    json.unwrap_or_default()
}

/// The request that places an order, by `format!`.
pub fn place_formatted(venue: Venue, order: &Order) -> String {
    let Order { symbol, client, number, millis, token, post_only, .. } = order;
    let (price, pd, qty, qd) = (order.price, order.price_decimals, order.qty, order.qty_decimals);
    let side = |buy: &'static str, sell: &'static str| if order.is_buy { buy } else { sell };
    match venue {
        Venue::Kraken => format!(
            "{{\"method\":\"add_order\",\"params\":{{\"order_type\":\"limit\",\"side\":\"{}\",\
             \"symbol\":\"{symbol}\",\"order_qty\":{qty:.qd$},\"limit_price\":{price:.pd$},\
             \"time_in_force\":\"gtc\"{},\"cl_ord_id\":\"{client}\",\"token\":\"{token}\"}},\
             \"req_id\":{number}}}",
            side("buy", "sell"),
            if *post_only { ",\"post_only\":true" } else { "" },
        ),
        Venue::Binance => format!(
            "{{\"id\":\"{client}\",\"method\":\"order.place\",\"params\":{{\
             \"symbol\":\"{symbol}\",\"side\":\"{}\",\"type\":{},\"price\":\"{price:.pd$}\",\
             \"quantity\":\"{qty:.qd$}\",\"newClientOrderId\":\"{client}\",\
             \"newOrderRespType\":\"ACK\",\"timestamp\":{millis}}}}}",
            side("BUY", "SELL"),
            if *post_only { "\"LIMIT_MAKER\"" } else { "\"LIMIT\",\"timeInForce\":\"GTC\"" },
        ),
        Venue::Coinbase => format!(
            "{{\"client_order_id\":\"{client}\",\"product_id\":\"{symbol}\",\"side\":\"{}\",\
             \"order_configuration\":{{\"limit_limit_gtc\":{{\"base_size\":\"{qty:.qd$}\",\
             \"limit_price\":\"{price:.pd$}\",\"post_only\":{post_only}}}}}}}",
            side("BUY", "SELL"),
        ),
    }
}

/// The request that cancels an order, by `format!`.
pub fn cancel_formatted(venue: Venue, order: &Order, own: &str) -> String {
    let Order { symbol, client, number, millis, token, .. } = order;
    match venue {
        Venue::Kraken => format!(
            "{{\"method\":\"cancel_order\",\"params\":{{\"cl_ord_id\":[\"{client}\"],\
             \"token\":\"{token}\"}},\"req_id\":{number}}}"
        ),
        Venue::Binance => format!(
            "{{\"id\":\"{own}\",\"method\":\"order.cancel\",\"params\":{{\
             \"symbol\":\"{symbol}\",\"origClientOrderId\":\"{client}\",\
             \"timestamp\":{millis}}}}}"
        ),
        Venue::Coinbase => format!("{{\"order_ids\":[\"{client}\"]}}"),
    }
}
