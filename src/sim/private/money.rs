//! Money: what a member has of each asset, in whole units of the venue's scale, and its texts.
//!
//! In: decimal texts, amounts. Out: balances, decimal texts.
//! Never: a float; a number that is finer than its scale is refused, not rounded.

use std::collections::BTreeMap;

use crate::base::Symbol;

/// Whole units of 10^-scale of an asset.
pub(super) type Atoms = i128;

/// Digits of a number that comes from outside, at most: 10^27 units fit well in [`Atoms`].
const DIGITS_MAX: i32 = 27;

/// Why a number was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// No decimal number.
    Form,
    /// More decimals than there are.
    Fine,
    /// More than anything that there is.
    Large,
}

/// What there is of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    pub(super) total: Atoms,
    /// Of it, what open orders may need.
    pub(super) held: Atoms,
}

impl Balance {
    pub(super) const fn free(&self) -> Atoms {
        self.total - self.held
    }
}

/// Balances by asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Purse(BTreeMap<Symbol, Balance>);

impl Purse {
    pub(super) fn of(&self, asset: Symbol) -> Balance {
        self.0.get(&asset).copied().unwrap_or_default()
    }

    /// More of an asset, or less.
    pub(super) fn add(&mut self, asset: Symbol, atoms: Atoms) {
        self.0.entry(asset).or_default().total += atoms;
    }

    /// More is held, or less.
    pub(super) fn hold(&mut self, asset: Symbol, atoms: Atoms) {
        self.0.entry(asset).or_default().held += atoms;
    }

    /// All assets that were ever held, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (Symbol, Balance)> {
        self.0.iter().map(|(asset, balance)| (*asset, *balance))
    }
}

/// From units of 10^-`from` to units of 10^-`to`; what is finer is dropped.
pub(super) fn floor(units: i128, from: u32, to: u32) -> i128 {
    if to >= from {
        units * 10_i128.pow(to - from)
    } else {
        units.div_euclid(10_i128.pow(from - to))
    }
}

/// The same; what is finer is rounded up.
pub(super) fn ceil(units: i128, from: u32, to: u32) -> i128 {
    -floor(-units, from, to)
}

/// Reads `[-]digits[.digits][e[+-]digits]` into units of 10^-`decimals`.
pub(super) fn parse(text: &str, decimals: u32) -> Result<i128, Bad> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (digits, exponent) = match rest.split_once(['e', 'E']) {
        Some((digits, exponent)) if exponent.len() <= 4 => {
            (digits, exponent.parse::<i32>().map_err(|_| Bad::Form)?)
        }
        Some(_) => return Err(Bad::Form),
        None => (rest, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = !(whole.is_empty() && fraction.is_empty())
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_number || text.len() > 64 {
        return Err(Bad::Form);
    }
    let mut units = 0_i128;
    let all = [whole, fraction].concat();
    let mut shift = decimals as i32 + exponent - fraction.len() as i32;
    let mut significant = all.trim_start_matches('0');
    while shift < 0 {
        let Some(rest) = significant.strip_suffix('0') else { break };
        (significant, shift) = (rest, shift + 1);
    }
    if significant.is_empty() {
        return Ok(0);
    }
    if shift < 0 {
        return Err(Bad::Fine);
    }
    if significant.len() as i32 + shift > DIGITS_MAX {
        return Err(Bad::Large);
    }
    for digit in significant.bytes() {
        units = units * 10 + i128::from(digit - b'0');
    }
    Ok(sign * units * 10_i128.pow(shift as u32))
}

/// With exactly so many decimals; what is finer is dropped.
pub(super) fn fixed(atoms: i128, scale: u32, decimals: u32) -> String {
    let sign = if atoms < 0 { "-" } else { "" };
    let units = floor(atoms.abs(), scale, decimals);
    let unit = 10_i128.pow(decimals);
    if decimals == 0 {
        return format!("{sign}{units}");
    }
    let width = decimals as usize;
    format!("{sign}{}.{:0width$}", units / unit, units % unit)
}

/// Without zeros at its end.
pub(super) fn short(atoms: i128, scale: u32) -> String {
    let text = fixed(atoms, scale, scale);
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_form_of_the_venues() {
        for (text, decimals, units) in [
            ("64525.10", 1, 645_251),
            ("5e-5", 8, 5_000),
            ("1E+3", 0, 1_000),
            ("-0.10", 2, -10),
            (".5", 1, 5),
            ("0.000", 0, 0),
            ("100e-2", 0, 1),
        ] {
            assert_eq!(parse(text, decimals), Ok(units), "{text}");
        }
        for (text, bad) in [
            ("", Bad::Form),
            (".", Bad::Form),
            ("1.2.3", Bad::Form),
            ("0x10", Bad::Form),
            ("1e99999", Bad::Form),
            ("1e", Bad::Form),
            ("+1", Bad::Form),
            ("NaN", Bad::Form),
            ("64525.15", Bad::Fine),
            ("1e30", Bad::Large),
        ] {
            assert_eq!(parse(text, 1), Err(bad), "{text}");
        }
    }

    #[test]
    fn texts_are_exact_and_rounding_is_named() {
        assert_eq!(fixed(1_234_567, 5, 2), "12.34");
        assert_eq!(fixed(-5, 3, 3), "-0.005");
        assert_eq!(short(1_230_000, 5), "12.3");
        assert_eq!(short(0, 8), "0");
        assert_eq!((floor(19, 1, 0), ceil(11, 1, 0), ceil(-11, 1, 0)), (1, 2, -1));
    }
}
