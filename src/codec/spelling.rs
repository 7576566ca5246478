//! How values are spelled that have no type of their own here: exact decimals, bytes, and scalars where text stands for
//! several types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orgstream_api::Value;
use orgstream_salesforce::datetime::{format_date, format_datetime, format_time};

/// The longest unscaled number that is read, in bytes: wider than any field of an org.
const WIDEST: usize = 16;
/// The most digits behind the point.
const FINEST: usize = 64;

/// Bytes as base64, as Salesforce takes them.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that a base64 text stands for.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The 16 bytes of a UUID as its text.
pub(super) fn uuid(bytes: &[u8]) -> Result<String, String> {
    let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| format!("a UUID of {} bytes", bytes.len()))?;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Ok(parts.join("-"))
}

/// The number whose two's complement is `bytes`, with the point before the last `scale` digits.
pub(super) fn decimal(bytes: &[u8], scale: u32) -> Result<String, String> {
    if bytes.len() > WIDEST {
        return Err(format!("a decimal of {} bytes is wider than any field of an org", bytes.len()));
    }
    let fill = if bytes.first().is_some_and(|byte| *byte >= 0x80) { 0xff } else { 0 };
    let mut wide = [fill; WIDEST];
    wide[WIDEST - bytes.len()..].copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(wide);
    let sign = if unscaled < 0 { "-" } else { "" };
    let scale = usize::try_from(scale).ok().filter(|scale| *scale <= FINEST);
    let scale = scale.ok_or_else(|| format!("a decimal of more than {FINEST} digits behind the point"))?;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    Ok(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// A float as the double of the same decimal digits: 0.1 stays 0.1.
pub(super) fn widened(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

/// A scalar as text, dates and times as the org spells them. Null stays null.
pub(super) fn text(value: Value) -> Value {
    Value::String(match value {
        Value::String(_) | Value::Null => return value,
        Value::Date(days) => format_date(days),
        Value::Time(millis) => format_time(millis),
        Value::Timestamp(millis) => format_datetime(millis),
        other => other.to_json().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_its_digits_and_its_scale() {
        for (bytes, scale, text) in [
            (&[][..], 0, "0"),
            (&[5], 2, "0.05"),
            (&[0xff], 1, "-0.1"),
            (&[0x04, 0xb5], 2, "12.05"),
            (&[0xfb, 0x4b], 2, "-12.05"),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], 0, "18446744073709551616"),
        ] {
            assert_eq!(decimal(bytes, scale), Ok(text.to_owned()));
        }
        assert!(decimal(&[1; 17], 0).is_err());
        assert!(decimal(&[1], 65).is_err());
    }

    #[test]
    fn a_float_keeps_the_digits_that_it_was_written_with() {
        for (float, double) in
            [(0.1_f32, 0.1), (-2.5, -2.5), (16_777_216.0, 16_777_216.0), (f32::MAX, 3.402_823_5e38)]
        {
            assert_eq!(widened(float).to_bits(), f64::to_bits(double));
        }
        assert!(widened(f32::NAN).is_nan() && widened(f32::INFINITY).is_infinite());
    }

    #[test]
    fn scalars_are_spelled_as_the_org_reads_them() {
        let spelled = |value| text(value).as_str().map(str::to_owned);
        assert_eq!(spelled(Value::Int32(42)).as_deref(), Some("42"));
        assert_eq!(spelled(Value::Boolean(true)).as_deref(), Some("true"));
        assert_eq!(spelled(Value::Date(1)).as_deref(), Some("1970-01-02"));
        assert_eq!(spelled(Value::Timestamp(1_000)).as_deref(), Some("1970-01-01T00:00:01.000Z"));
        assert_eq!(spelled(Value::Null), None);
    }
}
