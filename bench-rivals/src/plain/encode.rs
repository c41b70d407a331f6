//! Orders as text, by `format!`.

use super::message::{Order, Venue};

/// The request of an order, as its venue wants it.
pub fn encode(venue: Venue, order: &Order) -> String {
    let side = |buy: &'static str, sell: &'static str| if order.intent.is_buy { buy } else { sell };
    let (symbol, price, qty, id) =
        (&order.intent.symbol, order.intent.price, order.intent.qty, order.id);
    match venue {
        Venue::Kraken => format!(
            "{{\"method\":\"add_order\",\"params\":{{\"order_type\":\"limit\",\"side\":\"{}\",\
             \"order_qty\":{qty:.8},\"symbol\":\"{symbol}\",\"limit_price\":{price:.1},\
             \"time_in_force\":\"ioc\",\"cl_ord_id\":\"nk{id:016}\",\"token\":\"T\"}},\
             \"req_id\":{id}}}",
            side("buy", "sell")
        ),
        Venue::Spot | Venue::Coin => {
            let decimals = if venue == Venue::Spot { 2 } else { 1 };
            format!(
                "{{\"id\":\"{id}\",\"method\":\"order.place\",\"params\":{{\
                 \"symbol\":\"{symbol}\",\"side\":\"{}\",\"type\":\"LIMIT\",\
                 \"timeInForce\":\"IOC\",\"price\":\"{price:.decimals$}\",\
                 \"quantity\":\"{qty:.5}\",\"newClientOrderId\":\"nk{id:016}\",\
                 \"timestamp\":1723161255343}}}}",
                side("BUY", "SELL")
            )
        }
    }
}
