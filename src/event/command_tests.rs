//! Tests of commands: as bytes, as text, and what is none.

use proptest::prelude::*;

use super::command::*;
use crate::base::{AccountId, AssetId, InstrumentId, OrderId, StrategyId};

struct Known;

impl Lexicon for Known {
    fn id(&self, noun: Noun, name: &str) -> Option<u64> {
        match (noun, name) {
            (Noun::Venue, "kraken") => Some(2),
            (Noun::Strategy, "momentum") => Some(5),
            (Noun::Instrument, "kraken:BTC/USD") => Some(70_000),
            (Noun::Asset, "BTC") => Some(1),
            (Noun::Account, "main") => Some(3),
            (Noun::Order, "n00000100000000009") => Some(9),
            // Nothing that fits its id.
            (Noun::Strategy, "vast") => Some(65_536),
            _ => None,
        }
    }

    fn decimals(&self, limit: Limit) -> u8 {
        match limit {
            Limit::OpenOrdersMax | Limit::CollarBps(_) => 0,
            Limit::QtyMax(_) | Limit::PositionMax(_) => 4,
            _ => 2,
        }
    }
}

#[test]
fn what_is_typed_is_what_is_meant() {
    let (venue, strategy) = (VenueId(2), StrategyId(5));
    let instrument = InstrumentId(70_000);
    let table = [
        ("halt", Command::Halt(Scope::Whole)),
        ("  halt \t all ", Command::Halt(Scope::Whole)),
        ("halt venue kraken", Command::Halt(Scope::Venue(venue))),
        ("resume strategy momentum", Command::Resume(Scope::Strategy(strategy))),
        ("pause momentum", Command::Pause(strategy)),
        ("unpause #5", Command::Unpause(strategy)),
        ("cancel all", Command::Cancel(Target::All)),
        ("cancel venue kraken", Command::Cancel(Target::Venue(venue))),
        ("cancel instrument kraken:BTC/USD", Command::Cancel(Target::Instrument(instrument))),
        ("cancel order n00000100000000009", Command::Cancel(Target::Order(OrderId(9)))),
        ("flatten all", Command::Flatten(None)),
        ("flatten kraken:BTC/USD", Command::Flatten(Some(instrument))),
        ("set gross_max 100000.5", Command::Set(Limit::GrossMax, 10_000_050)),
        ("set open_orders_max 7", Command::Set(Limit::OpenOrdersMax, 7)),
        ("set position_max kraken:BTC/USD 0", Command::Set(Limit::PositionMax(instrument), 0)),
        (
            "set asset_exposure_max BTC 1e3",
            Command::Set(Limit::AssetExposureMax(AssetId(1)), 100_000),
        ),
        (
            "set account_exposure_max main =12",
            Command::Set(Limit::AccountExposureMax(AccountId(3)), 12),
        ),
    ];
    for (text, command) in table {
        assert_eq!(Command::parse(text, &Known), Ok(command), "{text}");
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let long = "x".repeat(257);
    let table = [
        ("", "\"\" is no command; there are halt"),
        ("stop", "\"stop\" is no command"),
        ("halt kraken", "is no scope; there are all, venue NAME"),
        ("halt venue", "venue wants a name after it"),
        ("halt venue mtgox", "there is no Venue \"mtgox\""),
        ("halt strategy vast", "there is no Strategy \"vast\""),
        ("pause", "pause wants a name after it"),
        ("pause #-1", "there is no Strategy \"#-1\""),
        ("pause #65536", "there is no Strategy \"#65536\""),
        ("cancel", "cancel wants all, venue, instrument or order"),
        ("cancel everything", "is no set of orders"),
        ("cancel all now", "\"now\" is one word too many"),
        ("flatten", "flatten wants all or an instrument"),
        ("set leverage 3", "is no limit; there are gross_max"),
        ("set gross_max", "wants a value after it"),
        ("set gross_max -1", "\"-1\" is no value"),
        ("set gross_max 0.001", "\"0.001\" is no value"),
        ("set gross_max =-1", "\"=-1\" is no value"),
        ("set gross_max 99999999999999999999", "is no value"),
        (&long, "at most 256 bytes, not 257"),
    ];
    for (text, expected) in table {
        let found = Command::parse(text, &Known).unwrap_err().to_string();
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn the_bytes_of_some_commands() {
    let halt = Command::Halt(Scope::Strategy(StrategyId(258)));
    assert_eq!(halt.encode(), [1, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let set = Command::Set(Limit::CollarBps(InstrumentId(7)), 513);
    assert_eq!(set.encode(), [7, 8, 0, 0, 7, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0]);
    let cancel = Command::Cancel(Target::Order(OrderId(u64::MAX)));
    assert_eq!(cancel.encode()[..2], [5, 3]);
    assert_eq!(Command::decode(&cancel.encode()), Some(cancel));
    for spoiled in [2, 3, 6, 15] {
        let mut bytes = halt.encode();
        bytes[spoiled] = 1;
        assert_eq!(Command::decode(&bytes), None, "byte {spoiled}");
    }
    assert_eq!(Command::decode(&[0; COMMAND_BYTES]), None);
}

/// Words that commands are made of, and others.
const ANY_WORD: &str = "(halt|resume|pause|cancel|flatten|set|all|venue|order|gross_max|\
                        #[0-9]{1,20}|=?-?[0-9e.]{0,9}|\\PC{0,6})";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn bytes_that_are_a_command_are_its_own(
        code in 0_u8..9, kind in 0_u8..15, id: u32, shift in 0_u32..32, value: u64,
        has_value: bool, dirt in 0_u8..10,
    ) {
        let mut bytes = [0; COMMAND_BYTES];
        (bytes[0], bytes[1]) = (code, kind);
        bytes[2] = u8::from(dirt == 0);
        bytes[4..8].copy_from_slice(&(id >> shift).to_le_bytes());
        bytes[8..].copy_from_slice(&(value * u64::from(has_value)).to_le_bytes());
        if let Some(command) = Command::decode(&bytes) {
            prop_assert_eq!(command.encode(), bytes);
            prop_assert_eq!(Command::parse(&command.to_string(), &Known), Ok(command));
        }
    }

    #[test]
    fn whatever_is_typed_is_a_command_or_a_reason(
        words in prop::collection::vec(
            ANY_WORD,
            0..5,
        ),
    ) {
        match Command::parse(&words.join(" "), &Known) {
            Ok(command) => prop_assert_eq!(Command::decode(&command.encode()), Some(command)),
            Err(why) => prop_assert!(!why.to_string().is_empty()),
        }
    }
}
