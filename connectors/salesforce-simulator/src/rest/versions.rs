//! `/services/data`, which needs no token, which versions there are, and the list of resources of one version.

use serde_json::{Value as Json, json};

use super::resource::Resource;
use crate::server::Answer;

const FIRST: u32 = 37;
const LAST: u32 = 67;
/// The oldest version that a REST client ever called.
const OLDEST: u32 = 20;
/// The version of Winter '24; three follow each year.
const WINTER_24: u32 = 59;

/// Whether a version is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// 59.0 is 590.
    Yes(u32),
    /// It was once.
    Retired,
    /// It is none, or not yet.
    Never,
}

/// What became of the version of a path, such as `v59.0`.
pub(crate) fn served(text: &str) -> Served {
    let major =
        text.strip_prefix('v').and_then(|text| text.strip_suffix(".0")).and_then(|text| text.parse().ok());
    match major {
        Some(major) if (FIRST..=LAST).contains(&major) => Served::Yes(major * 10),
        Some(major) if (OLDEST..FIRST).contains(&major) => Served::Retired,
        _ => Served::Never,
    }
}

/// All versions.
pub(crate) fn versions() -> Answer {
    let versions: Vec<Json> = (FIRST..=LAST)
        .map(|version| {
            json!({"label": label(version), "url": format!("/services/data/v{version}.0"), "version": format!("{version}.0")})
        })
        .collect();
    Answer::json(200, &versions)
}

/// The resources of one version, in the order of a real org; those that the simulator lacks are left out.
pub(crate) fn resources(resource: &Resource<'_>) -> Answer {
    let base = &resource.base;
    let identity = &resource.tenant.identity;
    let host = resource.call.base_url(resource.tenant.url());
    Answer::json(
        200,
        &json!({
            "tooling": format!("{base}/tooling"),
            "queryAll": format!("{base}/queryAll"),
            "identity": format!("{host}/id/{}/{}", identity.org_id, identity.user_id),
            "composite": format!("{base}/composite"),
            "event": format!("{base}/event"),
            "limits": format!("{base}/limits"),
            "query": format!("{base}/query"),
            "jobs": format!("{base}/jobs"),
            "sobjects": format!("{base}/sobjects"),
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
        for (version, name) in [
            (37, "Summer '16"),
            (59, "Winter '24"),
            (60, "Spring '24"),
            (61, "Summer '24"),
            (67, "Summer '26"),
        ] {
            assert_eq!(label(version), name);
        }
    }

    #[test]
    fn only_whole_versions_between_the_first_and_the_last_are_served() {
        assert_eq!((served("v37.0"), served("v67.0")), (Served::Yes(370), Served::Yes(670)));
        assert_eq!((served("v36.0"), served("v20.0")), (Served::Retired, Served::Retired));
        for text in ["v68.0", "v19.0", "59.0", "v59", "v59.5", "v-1.0", "latest"] {
            assert_eq!(served(text), Served::Never, "{text}");
        }
    }
}
