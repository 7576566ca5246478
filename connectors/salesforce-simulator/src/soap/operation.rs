//! The calls of the WSDL: what they take, and which of them are there.
//!
//! A call with an element that it does not take, or without one that it needs, is refused as a whole: what is not
//! understood would otherwise seem to be done.

use super::element::Element;
use super::fault::Fault;
use crate::data::Refusal;

/// How often an element comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occurs {
    Once,
    /// Once or more often.
    Some,
    /// As often as one likes.
    Any,
}

/// What a call takes: names of elements, and how often each comes.
type Takes = &'static [(&'static str, Occurs)];

/// The calls that are there.
const THERE: [(&str, Takes); 19] = [
    ("login", &[("username", Occurs::Once), ("password", Occurs::Once)]),
    ("logout", &[]),
    ("getServerTimestamp", &[]),
    ("getUserInfo", &[]),
    ("create", &[("sObjects", Occurs::Any)]),
    ("update", &[("sObjects", Occurs::Any)]),
    ("upsert", &[("externalIDFieldName", Occurs::Once), ("sObjects", Occurs::Any)]),
    ("delete", &[("ids", Occurs::Any)]),
    ("undelete", &[("ids", Occurs::Some)]),
    ("emptyRecycleBin", &[("ids", Occurs::Some)]),
    ("query", &[("queryString", Occurs::Once)]),
    ("queryAll", &[("queryString", Occurs::Once)]),
    ("queryMore", &[("queryLocator", Occurs::Once)]),
    ("retrieve", &[("fieldList", Occurs::Once), ("sObjectType", Occurs::Once), ("ids", Occurs::Any)]),
    ("describeGlobal", &[]),
    ("describeSObject", &[("sObjectType", Occurs::Once)]),
    ("describeSObjects", &[("sObjectType", Occurs::Any)]),
    ("getUpdated", REPLICATION),
    ("getDeleted", REPLICATION),
];

const REPLICATION: Takes =
    &[("sObjectType", Occurs::Once), ("startDate", Occurs::Once), ("endDate", Occurs::Once)];

/// Further calls of a real org.
const ABSENT: [&str; 44] = [
    "changeOwnPassword",
    "convertLead",
    "deleteByExample",
    "describeAllTabs",
    "describeAppMenu",
    "describeApprovalLayout",
    "describeAvailableQuickActions",
    "describeCompactLayouts",
    "describeDataCategoryGroupStructures",
    "describeDataCategoryGroups",
    "describeDataCategoryMappings",
    "describeGlobalTheme",
    "describeKnowledgeSettings",
    "describeLayout",
    "describeNouns",
    "describePathAssistants",
    "describePrimaryCompactLayouts",
    "describeQuickActions",
    "describeQuickActionsForRecordType",
    "describeSObjectListViews",
    "describeSearchLayouts",
    "describeSearchScopeOrder",
    "describeSearchableEntities",
    "describeSoftphoneLayout",
    "describeSoqlListViews",
    "describeTabs",
    "describeTheme",
    "describeVisualForce",
    "executeListView",
    "findDuplicates",
    "findDuplicatesByIds",
    "invalidateSessions",
    "merge",
    "performQuickActions",
    "process",
    "renderEmailTemplate",
    "renderStoredEmailTemplate",
    "resetPassword",
    "retrieveMassQuickActionTemplates",
    "retrieveQuickActionTemplates",
    "search",
    "sendEmail",
    "sendEmailMessage",
    "setPassword",
];

/// Whether the WSDL of a real org has this call.
pub(crate) fn is_known(name: &str) -> bool {
    ABSENT.contains(&name) || takes(name).is_some()
}

/// Refuses a call that is not there, or is not as the WSDL has it.
pub(crate) fn check(operation: &Element) -> Result<(), Fault> {
    let name = operation.name.as_str();
    let Some(takes) = takes(name) else {
        return Err(Refusal::not_simulated(&format!("the SOAP call {name}()")).into());
    };
    for (nth, child) in operation.children.iter().enumerate() {
        let known = takes.iter().find(|(known, _)| *known == child.name);
        let again = || operation.children.iter().take(nth).any(|earlier| earlier.name == child.name);
        if known.is_none_or(|(_, occurs)| *occurs == Occurs::Once && again()) {
            return Err(Fault::misplaced(child));
        }
        // All others are plain values.
        if let Some(inner) = child.children.first().filter(|_| child.name != "sObjects") {
            return Err(Fault::misplaced(inner));
        }
    }
    let needed = takes.iter().filter(|(_, occurs)| *occurs != Occurs::Any);
    match needed.map(|(needed, _)| *needed).find(|needed| operation.child(needed).is_none()) {
        Some(missing) => {
            let namespace = &operation.namespace;
            Err(Fault::Request(format!("Required element {{{namespace}}}{missing} is missing in {name}")))
        }
        None => Ok(()),
    }
}

fn takes(name: &str) -> Option<Takes> {
    THERE.iter().find(|(there, _)| *there == name).map(|(_, takes)| *takes)
}
