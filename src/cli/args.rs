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
/// A text of that shape with one of the two known is meant so, and the other one misspelt; with
/// none of them known it is a path with colons.
pub(super) fn recording(
    text: &str,
    venue: Option<&str>,
    format: Option<&str>,
) -> Result<Spec, Failure> {
    let mut parts = text.splitn(3, ':');
    let path = match (parts.next(), parts.next(), parts.next()) {
        (Some(v), Some(f), Some(path))
            if venue::dialect(v).is_some() || tape::format(f).is_some() =>
        {
            let (dialect, format) = (venue_named(v)?, format_named(f)?);
            check_path(text, path)?;
            return Ok(Spec { dialect: Some(dialect), format, path: PathBuf::from(path) });
        }
        (Some(v), Some(f), None) if venue::dialect(v).is_some() && tape::format(f).is_some() => "",
        _ => text,
    };
    check_path(text, path)?;
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

fn check_path(text: &str, path: &str) -> Result<(), Failure> {
    if path.is_empty() {
        return Err(Failure::misused(format_args!(
            "`{text}` names no file: expected FILE or V:F:FILE"
        )));
    }
    Ok(())
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

/// Reads each `--instrument`; two must not say different things of one symbol.
pub(super) fn precisions(texts: &[String]) -> Result<Vec<Given>, Failure> {
    let mut all: Vec<Given> = Vec::new();
    for text in texts {
        let given = precision(text)?;
        if all.iter().any(|known| known.symbol == given.symbol) {
            return Err(Failure::misused(format_args!(
                "`--instrument {text}`: {} is given a second time; give it once",
                given.symbol
            )));
        }
        all.push(given);
    }
    Ok(all)
}

/// Reads `SYM:price_decimals:qty_decimals`.
fn precision(text: &str) -> Result<Given, Failure> {
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
    let symbol = symbol_of("--instrument", symbol)?;
    Ok(Given { venue: None, symbol, price_decimals: price, qty_decimals: qty })
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

/// Reads a symbol as on the wire, for the option of this name.
pub(super) fn symbol_of(option: &str, text: &str) -> Result<Symbol, Failure> {
    Symbol::new(text.as_bytes()).ok_or_else(|| {
        Failure::misused(format_args!(
            "`{option}`: `{text}` is no symbol: expected 1 to {} printable characters, as on the \
             wire",
            limits::SYMBOL_BYTES_MAX
        ))
    })
}
