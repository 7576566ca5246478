//! Numbers of a JSON text, without loss: an integer, a double that has exactly these digits, or the digits themselves.

use orgstream_api::Value;

/// The most zeros that an exponent may stand for.
const LONGEST: usize = 400;

/// The value of a number.
pub(super) fn value(spelled: &str) -> Result<Value, String> {
    if let Ok(integer) = spelled.parse() {
        return Ok(Value::Int64(integer));
    }
    let decimal = decimal(spelled)?;
    if let Ok(integer) = decimal.parse() {
        return Ok(Value::Int64(integer));
    }
    let double = decimal.parse::<f64>().ok().filter(|double| double.is_finite());
    Ok(match double.filter(|double| digits(&double.to_string()) == digits(&decimal)) {
        Some(double) => Value::Float64(double),
        None => Value::String(decimal),
    })
}

/// The integer that a number is, also as `42.0`; `None` for another number.
pub(super) fn integer(spelled: &str) -> Option<i64> {
    spelled.parse().ok().or_else(|| {
        let decimal = decimal(spelled).ok()?;
        let whole = match decimal.split_once('.') {
            Some((whole, fraction)) => fraction.bytes().all(|digit| digit == b'0').then_some(whole)?,
            None => &decimal,
        };
        whole.parse().ok()
    })
}

/// The number without an exponent.
pub(super) fn decimal(spelled: &str) -> Result<String, String> {
    let Some((mantissa, exponent)) = spelled.split_once(['e', 'E']) else { return Ok(spelled.to_owned()) };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().map_err(|_| out_of_bounds(spelled))?;
    let zeros = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    if zeros > LONGEST {
        return Err(out_of_bounds(spelled));
    }
    let zeros = "0".repeat(zeros);
    // The digits with enough zeros on the side to which the point moves, and the place of the point in them.
    let (digits, point) = if exponent < 0 {
        (format!("{zeros}{whole}{fraction}"), whole.len())
    } else {
        (format!("{whole}{fraction}{zeros}"), whole.len() + zeros.len())
    };
    let (whole, fraction) = digits.split_at(point);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = fraction.trim_end_matches('0');
    Ok(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

fn out_of_bounds(spelled: &str) -> String {
    format!("{spelled:.60} is beyond every field of an org")
}

/// What two spellings of one number have in common: sign, whole part and fraction, without the zeros that say nothing.
fn digits(decimal: &str) -> (bool, &str, &str) {
    let (negative, digits) = decimal.strip_prefix('-').map_or((false, decimal), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    (negative, whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
}
