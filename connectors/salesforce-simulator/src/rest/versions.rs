//! `/services/data`, which needs no token, and the list of resources of one version.

use serde_json::{Value as Json, json};

use super::resource::Resource;
use crate::server::Answer;

const FIRST: u32 = 31;
const LAST: u32 = 66;
/// The version of Winter '24; three follow each year.
const WINTER_24: u32 = 59;

/// All versions.
pub(crate) fn versions() -> Answer {
    let versions: Vec<Json> = (FIRST..=LAST)
        .map(|version| {
            json!({"label": label(version), "url": format!("/services/data/v{version}.0"), "version": format!("{version}.0")})
        })
        .collect();
    Answer::json(200, &versions)
}

/// The resources of one version.
pub(crate) fn resources(resource: &Resource<'_>) -> Answer {
    let base = &resource.base;
    let identity = &resource.tenant.identity;
    let host = resource.call.base_url(resource.tenant.url());
    Answer::json(
        200,
        &json!({
            "sobjects": format!("{base}/sobjects"),
            "query": format!("{base}/query"),
            "queryAll": format!("{base}/queryAll"),
            "composite": format!("{base}/composite"),
            "limits": format!("{base}/limits"),
            "identity": format!("{host}/id/{}/{}", identity.org_id, identity.user_id),
        }),
    )
}

/// Three releases a year, named after the season.
fn label(version: u32) -> String {
    // Counted from Winter '13 (26.0), before every version served.
    let since = version + 3 - (WINTER_24 - 33 + 3);
    let year = 13 + since / 3;
    match since % 3 {
        0 => format!("Winter '{year}"),
        1 => format!("Spring '{year}"),
        _ => format!("Summer '{year}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_their_real_names() {
        for (version, name) in
            [(59, "Winter '24"), (60, "Spring '24"), (61, "Summer '24"), (66, "Spring '26")]
        {
            assert_eq!(label(version), name);
        }
    }
}
