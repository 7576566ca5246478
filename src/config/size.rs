//! Sizes as people write them: `512KB`, `64MB`, `1GB`.

/// The text is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size; write a whole number and a unit (B, KB, MB, GB; 1 KB is 1024 B), such as 64MB")]
pub struct NotASize(pub String);

/// Reads a whole number with a unit, as bytes.
pub fn parse_size(text: &str) -> Result<u64, NotASize> {
    let wrong = || NotASize(text.to_owned());
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(digits);
    let unit: u64 = match unit.trim() {
        "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_unit_is_so_many_bytes() {
        for (text, bytes) in [("10B", 10), ("2KB", 2_048), ("64MB", 67_108_864), (" 1 GB ", 1_073_741_824)] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn text_without_a_unit_is_refused() {
        for text in ["", "64", "MB", "1.5MB", "-1MB", "64M", "18446744073709551615KB"] {
            assert_eq!(parse_size(text), Err(NotASize(text.to_owned())), "{text}");
        }
    }
}
