//! Numbers that are no money and no quantity: weights, thresholds. Decimal text all the same, so
//! that what stands in the file is what is meant.

use super::section::Section;
use crate::base::Decimal;

/// Real numbers that a key takes.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) unit: &'static str,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Range {
    pub(super) const fn new(unit: &'static str, min: f64, max: f64) -> Range {
        Range { unit, min, max }
    }

    pub(super) fn told(self) -> String {
        let Range { unit, min, max } = self;
        format!("decimal text of {unit} from {min} to {max}, as in \"1.5\"")
    }

    /// The number that a text means, where it is within the range.
    pub(super) fn parse(self, text: &str) -> Option<f64> {
        let number = Decimal::parse(text.as_bytes()).ok()?;
        // Both are exact up to 2^53 and 10^18, so the quotient is rounded once.
        let value = number.mantissa as f64 / 10_f64.powi(i32::from(number.scale));
        (self.min..=self.max).contains(&value).then_some(value)
    }

    /// The value of a key.
    pub(super) fn read(self, section: &mut Section<'_>, key: &'static str) -> Option<f64> {
        section.text(key, &self.told(), |text| self.parse(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_text_is_the_float_that_is_meant() {
        let range = Range::new("units", -10.0, 10.0);
        for (text, value) in [("0.1", 0.1), ("-2.5", -2.5), ("3e-2", 0.03), ("10", 10.0)] {
            assert_eq!(range.parse(text).map(f64::to_bits), Some(f64::to_bits(value)));
        }
        for text in ["10.01", "-11", "NaN", "inf", "", "1,5"] {
            assert_eq!(range.parse(text), None, "{text}");
        }
    }
}
