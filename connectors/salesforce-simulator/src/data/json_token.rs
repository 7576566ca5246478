//! JSON values as the Jackson parser of REST names them in its complaints.

use serde_json::Value as Json;

/// The token that a value begins with, and the text of that token.
pub(crate) fn json_token(json: &Json) -> (&'static str, String) {
    match json {
        Json::Null => ("VALUE_NULL", "null".to_owned()),
        Json::Bool(true) => ("VALUE_TRUE", "true".to_owned()),
        Json::Bool(false) => ("VALUE_FALSE", "false".to_owned()),
        Json::Number(number) if number.is_f64() => ("VALUE_NUMBER_FLOAT", number.to_string()),
        Json::Number(number) => ("VALUE_NUMBER_INT", number.to_string()),
        Json::String(text) => ("VALUE_STRING", text.clone()),
        Json::Array(_) => ("START_ARRAY", "[".to_owned()),
        Json::Object(_) => ("START_OBJECT", "{".to_owned()),
    }
}
