//! Names of objects and fields.

/// Whether `name` has the form of an API name: letters, digits and underscores, a letter first.
pub(super) fn is_api_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
