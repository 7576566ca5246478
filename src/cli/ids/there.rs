//! Whether the records of a link are there: an id of another org, or of another object, looks like any other.

use orgstream_salesforce::{Disposition, Org, SalesforceId};

use super::catalog::Catalog;
use super::place::Place;
use crate::cli::exit::Failure;
use crate::cli::output;
use crate::cli::reached::Reached;
use crate::store::LinkKey;

/// Refuses a link to or from a record that its org does not have. What cannot be looked at is said.
pub(super) async fn must_be_there(
    place: &Place,
    catalog: &Catalog,
    key: &LinkKey,
    [source, target]: [SalesforceId; 2],
) -> Result<(), Failure> {
    let Some(config) = &place.config else {
        output::note(
            "Whether the orgs have these records is not looked at: name the configuration, which says where they are.",
        );
        return Ok(());
    };
    let reached = Reached::of(config, &place.state).await?;
    let mut faults = Vec::new();
    for (org_id, id) in [(&key.source_org, source), (&key.target_org, target)] {
        let name = catalog.name(org_id);
        let Some(address) = reached.configs.get(name) else {
            let org: &str = if org_id.is_empty() { "the org that it is of" } else { org_id };
            output::note(&format!("Whether {id} is there is not looked at: {org} is none of the file's."));
            continue;
        };
        match Org::connect(address.clone()).await {
            Ok(org) => match org.retrieve(&key.object, &[id], &[]).await {
                Ok(rows) if rows.iter().any(Option::is_some) => {}
                Ok(_) => faults.push(absent(name, &key.object, id)),
                Err(error) if matches!(error.disposition(), Disposition::Reject | Disposition::Gone) => {
                    faults.push(absent(name, &key.object, id));
                }
                Err(error) => output::note(&format!("Whether {id} is there is not known: {error}.")),
            },
            Err(error) => output::note(&format!("Whether {id} is there is not known: {error}.")),
        }
    }
    reached.leave().await;
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!("{}\nNothing is changed.", faults.join("\n"))))
}

fn absent(org: &str, object: &str, id: SalesforceId) -> String {
    format!(
        "org `{org}` has no {object} {id} that its user sees; the id of the source comes first, that of the target second"
    )
}
