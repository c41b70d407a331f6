//! Arguments that verbs share: recordings, instruments, symbols.

use std::path::PathBuf;

use super::output::Failure;
use crate::base::Symbol;
use crate::config;
use crate::limits;
use crate::pipeline::Layout;
use crate::tape::{self, FORMATS, Format, Given, Spec};
use crate::venue::{self, DIALECTS, Dialect};

/// Reads `FILE` or `V:F:FILE`, with what `--venue` and `--format` say where the file does not.
pub(super) fn recording(
    text: &str,
    venue: Option<&str>,
    format: Option<&str>,
) -> Result<Spec, Failure> {
    let mut parts = text.splitn(3, ':');
    if let (Some(v), Some(f), Some(path)) = (parts.next(), parts.next(), parts.next())
        && let (Some(dialect), Some(format)) = (venue::dialect(v), tape::format(f))
    {
        return Ok(Spec { dialect: Some(dialect), format, path: PathBuf::from(path) });
    }
    let format = match format {
        Some(name) => format_named(name)?,
        None => {
            return Err(Failure::misused(format_args!(
                "no format given for {text}: add --format F, one of {}; or write V:F:FILE",
                names(FORMATS.iter().map(|f| f.name)),
            )));
        }
    };
    let dialect = match venue {
        Some(name) => Some(venue_named(name)?),
        None if format.names_venues => None,
        None => {
            return Err(Failure::misused(format_args!(
                "no venue given for {text}: add --venue V, one of {}; or write V:F:FILE",
                names(DIALECTS.iter().map(|d| d.name)),
            )));
        }
    };
    Ok(Spec { dialect, format, path: PathBuf::from(text) })
}

fn format_named(name: &str) -> Result<&'static Format, Failure> {
    tape::format(name).ok_or_else(|| {
        let known = names(FORMATS.iter().map(|f| f.name));
        Failure::misused(format_args!("unknown format `{name}`: use one of {known}"))
    })
}

fn venue_named(name: &str) -> Result<&'static Dialect, Failure> {
    venue::dialect(name).ok_or_else(|| {
        let known = names(DIALECTS.iter().map(|d| d.name));
        Failure::misused(format_args!("unknown venue `{name}`: use one of {known}"))
    })
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Reads `SYM:price_decimals:qty_decimals`.
pub(super) fn precision(text: &str) -> Result<Given, Failure> {
    let bad = || {
        Failure::misused(format_args!(
            "`--instrument {text}`: expected SYMBOL:PRICE_DECIMALS:QTY_DECIMALS with decimals from \
             0 to {}, as in BTCUSDT:2:8",
            limits::DECIMALS_MAX
        ))
    };
    let mut parts = text.rsplitn(3, ':');
    let (Some(qty), Some(price), Some(symbol)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad());
    };
    let decimals = |text: &str| text.parse().ok().filter(|n| *n <= limits::DECIMALS_MAX);
    let (Some(qty), Some(price)) = (decimals(qty), decimals(price)) else { return Err(bad()) };
    Ok(Given { venue: None, symbol: symbol_of(symbol)?, price_decimals: price, qty_decimals: qty })
}

/// The pipeline's layout that the configuration names.
pub(super) fn layout(of: config::Layout) -> Layout {
    match of {
        config::Layout::One => Layout::One,
        config::Layout::VenuePerCore => Layout::VenuePerCore,
        config::Layout::StagePerCore => Layout::StagePerCore,
        config::Layout::Auto => Layout::Auto,
    }
}

/// Reads a symbol as on the wire.
pub(super) fn symbol_of(text: &str) -> Result<Symbol, Failure> {
    Symbol::new(text.as_bytes()).ok_or_else(|| {
        Failure::misused(format_args!(
            "`{text}` is no symbol: expected 1 to {} printable characters, as on the wire",
            limits::SYMBOL_BYTES_MAX
        ))
    })
}
