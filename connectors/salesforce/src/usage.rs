//! How much of an org's API allocation is used. Comes free with every answer, in `Sforce-Limit-Info`.

/// Calls in the last 24 hours, by all clients of the org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiUsage {
    /// Calls made.
    pub used: u64,
    /// Calls allowed.
    pub max: u64,
}

impl ApiUsage {
    /// Reads `api-usage=18/5000`, also where more parts follow, such as `; per-app-api-usage=17/250(appName=x)`.
    pub fn parse(header: &str) -> Option<Self> {
        let value = header.split([';', ',']).find_map(|part| part.trim().strip_prefix("api-usage="))?;
        let (used, max) = value.split_once('/')?;
        Some(Self { used: used.trim().parse().ok()?, max: max.trim().parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_org_wide_usage_is_read_from_every_form_of_the_header() {
        let usage = |used, max| Some(ApiUsage { used, max });
        for (header, expected) in [
            ("api-usage=123/100000", usage(123, 100_000)),
            ("api-usage=18/5000; per-app-api-usage=17/250(appName=sample-app)", usage(18, 5_000)),
            ("per-app-api-usage=17/250(appName=sample-app); api-usage=18/5000", usage(18, 5_000)),
            ("per-app-api-usage=17/250(appName=sample-app)", None),
            ("api-usage=a/b", None),
            ("", None),
        ] {
            assert_eq!(ApiUsage::parse(header), expected, "{header}");
        }
    }
}
