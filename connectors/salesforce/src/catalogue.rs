//! The error catalogue: every code orgstream knows, what a caller does about it, and what a person can do.
//!
//! Nothing else matches codes or messages to decide what happens next.

/// What to do about an error. One error has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The record meets passing trouble: try it again, on its own clock.
    Retry,
    /// The call got no usable answer, or too late a one: only a probe can tell the org's trouble from the call's ([`Org::report`](crate::Org::report)).
    /// As the error of a single record in a collection, it is as `Retry`.
    Probe,
    /// The org serves nobody for now (quota, maintenance, login): its breaker opens at once.
    Org,
    /// The token is no longer valid. The client has logged in anew and repeated the call already; to a caller it is as `Org`.
    Reauthenticate,
    /// It will never succeed as it is. For a call of many records: at least one of them is at fault, so halve it.
    Reject,
    /// The row is in the recycle bin, or gone. A delete that meets it is done; for other writes it is a refusal.
    Gone,
}

/// The code of an answer without a code of Salesforce's own, such as a proxy's page: `HTTP_` and the status.
pub fn status_code(status: u16) -> String {
    format!("HTTP_{status}")
}

/// What to do about `code`. The message is looked at only where Salesforce hides passing trouble behind the code
/// of a failed trigger. A code that is not in the table is a refusal: visible, never tried for ever.
pub fn disposition(code: &str, message: &str) -> Disposition {
    if code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        && (message.contains("UNABLE_TO_LOCK_ROW") || message.contains("Apex CPU time limit"))
    {
        return Disposition::Retry;
    }
    entry(code).map_or(Disposition::Reject, |(_, disposition, _)| *disposition)
}

/// What a person can do about `code`, where that is known.
pub fn advice(code: &str) -> Option<&'static str> {
    entry(code).map(|(_, _, advice)| *advice).filter(|advice| !advice.is_empty())
}

/// All codes of the table.
pub fn codes() -> impl Iterator<Item = &'static str> + Clone {
    CATALOGUE.iter().map(|(code, _, _)| *code)
}

type Entry = (&'static str, Disposition, &'static str);

fn entry(code: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|(known, _, _)| *known == code)
}

/// Code, disposition, advice.
const CATALOGUE: &[Entry] = &[
    // The token.
    ("INVALID_SESSION_ID", Disposition::Reauthenticate, "check that the user may use the API"),
    ("INVALID_AUTH_HEADER", Disposition::Reauthenticate, ""),
    // The org serves nobody for now.
    (
        "REQUEST_LIMIT_EXCEEDED",
        Disposition::Org,
        "wait for the 24-hour window to move on, or buy more API calls",
    ),
    ("EXCEEDED_QUOTA", Disposition::Org, "wait for the quota to free up"),
    ("STORAGE_LIMIT_EXCEEDED", Disposition::Org, "free data storage in the org; writing goes on by itself"),
    ("API_CURRENTLY_DISABLED", Disposition::Org, "wait, or ask Salesforce why the API is disabled"),
    ("API_DISABLED_FOR_ORG", Disposition::Org, "enable the API for the org and the user"),
    ("ORG_LOCKED", Disposition::Org, "ask Salesforce to unlock the org"),
    ("TRIAL_EXPIRED", Disposition::Org, "the org's trial is over"),
    ("ORG_IN_MAINTENANCE", Disposition::Org, "wait for the maintenance to end"),
    (
        "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
        Disposition::Org,
        "wait for the maintenance to end",
    ),
    ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", Disposition::Org, "set a new password for the user"),
    ("CLIENT_NOT_ACCESSIBLE_FOR_USER", Disposition::Org, "allow the connected app for the user"),
    ("rate_limit_exceeded", Disposition::Org, "wait: the user logged in too often within an hour"),
    ("HTTP_401", Disposition::Reauthenticate, ""),
    ("HTTP_429", Disposition::Org, "wait: the org refuses more calls for now"),
    // No usable answer, or one that came too late: a smaller call may pass.
    ("SERVER_UNAVAILABLE", Disposition::Probe, ""),
    ("REQUEST_RUNNING_TOO_LONG", Disposition::Probe, ""),
    ("QUERY_TIMEOUT", Disposition::Probe, ""),
    // The record's own passing trouble.
    ("UNABLE_TO_LOCK_ROW", Disposition::Retry, ""),
    ("COLLISION_DETECTED", Disposition::Retry, ""),
    ("TOO_MANY_APEX_REQUESTS", Disposition::Retry, ""),
    ("INTERNAL_ERROR", Disposition::Retry, ""),
    ("UNKNOWN_EXCEPTION", Disposition::Retry, "give Salesforce support the error id"),
    ("LIMIT_EXCEEDED", Disposition::Retry, ""),
    ("FUNCTIONALITY_TEMPORARILY_UNAVAILABLE", Disposition::Retry, ""),
    ("PLATFORM_EVENT_PUBLISHING_UNAVAILABLE", Disposition::Retry, ""),
    ("PLATFORM_EVENT_PUBLISH_FAILED", Disposition::Retry, ""),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", Disposition::Retry, ""),
    ("PROCESSING_HALTED", Disposition::Retry, ""),
    ("BATCH_PROCESSING_HALTED", Disposition::Retry, ""),
    // The row is not there.
    (
        "ENTITY_IS_DELETED",
        Disposition::Gone,
        "the record, or one that it points at, is deleted in this org: undelete it there, or have both sent again with `orgstream snapshot`",
    ),
    // The record, the request or the configuration is wrong.
    ("REQUIRED_FIELD_MISSING", Disposition::Reject, "give the field a value or a default"),
    ("INVALID_FIELD", Disposition::Reject, "check the field's name and whether the user may see it"),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", Disposition::Reject, "let the user edit the field, or ignore it"),
    ("INVALID_TYPE", Disposition::Reject, "check the object's name and whether the user may see it"),
    ("INVALID_TYPE_ON_FIELD_IN_RECORD", Disposition::Reject, "the field has another type in this org"),
    ("JSON_PARSER_ERROR", Disposition::Reject, ""),
    ("POST_BODY_PARSE_ERROR", Disposition::Reject, ""),
    ("XML_PARSER_ERROR", Disposition::Reject, ""),
    ("STRING_TOO_LONG", Disposition::Reject, "make the field longer, or ignore it"),
    ("NUMBER_OUTSIDE_VALID_RANGE", Disposition::Reject, "give the field more digits, or ignore it"),
    (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        Disposition::Reject,
        "add the value to the picklist, or ignore the field",
    ),
    ("INVALID_EMAIL_ADDRESS", Disposition::Reject, ""),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        Disposition::Reject,
        "a trigger or flow of the org refuses the record",
    ),
    (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        Disposition::Reject,
        "a validation rule of the org refuses the record",
    ),
    (
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        Disposition::Reject,
        "a lookup filter of the org refuses the record",
    ),
    ("FIELD_INTEGRITY_EXCEPTION", Disposition::Reject, ""),
    ("DUPLICATE_VALUE", Disposition::Reject, "another record has the same value in a unique field"),
    ("DUPLICATE_EXTERNAL_ID", Disposition::Reject, "merge the records that share the external id"),
    ("DUPLICATES_DETECTED", Disposition::Reject, "a duplicate rule of the org refuses the record"),
    (
        "ENTITY_IS_LOCKED",
        Disposition::Reject,
        "the record is locked in org B, as by an approval; unlock it and send the change again",
    ),
    ("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", Disposition::Reject, ""),
    ("NOT_FOUND", Disposition::Reject, "check the object's or field's name and whether the user may see it"),
    ("INVALID_CROSS_REFERENCE_KEY", Disposition::Reject, "the id names no record the user can see"),
    ("MALFORMED_ID", Disposition::Reject, ""),
    ("INVALID_ID_FIELD", Disposition::Reject, ""),
    (
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        Disposition::Reject,
        "let the user see the record referred to",
    ),
    ("INSUFFICIENT_ACCESS_OR_READONLY", Disposition::Reject, "let the user edit the record"),
    ("INSUFFICIENT_ACCESS", Disposition::Reject, "give the user the permission"),
    ("CANNOT_UPDATE_CONVERTED_LEAD", Disposition::Reject, "the lead was converted in this org"),
    ("CANNOT_REPARENT_RECORD", Disposition::Reject, ""),
    ("DELETE_FAILED", Disposition::Reject, ""),
    ("DEPENDENCY_EXISTS", Disposition::Reject, "other records depend on this one"),
    ("UNDELETE_FAILED", Disposition::Reject, "the record is no longer in the recycle bin"),
    ("MISSING_ARGUMENT", Disposition::Reject, ""),
    (
        "INACTIVE_OWNER_OR_USER",
        Disposition::Reject,
        "activate the user, or name another owner as `fallback_owner`",
    ),
    ("MALFORMED_QUERY", Disposition::Reject, ""),
    ("INVALID_QUERY_LOCATOR", Disposition::Reject, "the query's cursor is over; run the query anew"),
    ("INVALID_QUERY_FILTER_OPERATOR", Disposition::Reject, ""),
    ("ENTITY_NOT_QUERYABLE", Disposition::Reject, ""),
    ("EXCEEDED_ID_LIMIT", Disposition::Reject, ""),
    ("EXCEEDED_MAX_SIZE_REQUEST", Disposition::Reject, ""),
    ("INVALID_REPLICATION_DATE", Disposition::Reject, ""),
    ("METHOD_NOT_ALLOWED", Disposition::Reject, ""),
    (
        "UNSUPPORTED_API_VERSION",
        Disposition::Reject,
        "the org no longer serves this API version; use a newer orgstream",
    ),
    ("HTTP_302", Disposition::Reject, "use the org's My Domain URL"),
    ("HTTP_404", Disposition::Reject, "check the org's URL"),
    ("HTTP_413", Disposition::Reject, ""),
    ("HTTP_414", Disposition::Reject, "the query is too long for one URL"),
    ("HTTP_431", Disposition::Reject, "the query is too long for one URL"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// What each class of the reference's catalogue means to a caller, written down a second time on purpose.
    #[test]
    fn every_code_has_the_disposition_of_its_class() {
        let classes: &[(Disposition, &str)] = &[
            (Disposition::Reauthenticate, "INVALID_SESSION_ID INVALID_AUTH_HEADER HTTP_401"),
            (
                Disposition::Org,
                "REQUEST_LIMIT_EXCEEDED EXCEEDED_QUOTA STORAGE_LIMIT_EXCEEDED API_CURRENTLY_DISABLED \
                 API_DISABLED_FOR_ORG ORG_LOCKED TRIAL_EXPIRED ORG_IN_MAINTENANCE \
                 INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE INVALID_OPERATION_WITH_EXPIRED_PASSWORD \
                 CLIENT_NOT_ACCESSIBLE_FOR_USER rate_limit_exceeded HTTP_429",
            ),
            (Disposition::Probe, "SERVER_UNAVAILABLE REQUEST_RUNNING_TOO_LONG QUERY_TIMEOUT"),
            (
                Disposition::Retry,
                "UNABLE_TO_LOCK_ROW COLLISION_DETECTED TOO_MANY_APEX_REQUESTS INTERNAL_ERROR UNKNOWN_EXCEPTION LIMIT_EXCEEDED \
                 FUNCTIONALITY_TEMPORARILY_UNAVAILABLE PLATFORM_EVENT_PUBLISHING_UNAVAILABLE \
                 PLATFORM_EVENT_PUBLISH_FAILED ALL_OR_NONE_OPERATION_ROLLED_BACK PROCESSING_HALTED \
                 BATCH_PROCESSING_HALTED",
            ),
            (Disposition::Gone, "ENTITY_IS_DELETED"),
            (
                Disposition::Reject,
                "REQUIRED_FIELD_MISSING INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE INVALID_TYPE \
                 INVALID_TYPE_ON_FIELD_IN_RECORD JSON_PARSER_ERROR POST_BODY_PARSE_ERROR XML_PARSER_ERROR \
                 STRING_TOO_LONG NUMBER_OUTSIDE_VALID_RANGE INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST \
                 INVALID_EMAIL_ADDRESS CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY FIELD_CUSTOM_VALIDATION_EXCEPTION \
                 FIELD_FILTER_VALIDATION_EXCEPTION FIELD_INTEGRITY_EXCEPTION DUPLICATE_VALUE \
                 DUPLICATE_EXTERNAL_ID DUPLICATES_DETECTED ENTITY_IS_LOCKED \
                 ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE NOT_FOUND INVALID_CROSS_REFERENCE_KEY MALFORMED_ID \
                 INVALID_ID_FIELD INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY INSUFFICIENT_ACCESS_OR_READONLY \
                 INSUFFICIENT_ACCESS CANNOT_UPDATE_CONVERTED_LEAD CANNOT_REPARENT_RECORD DELETE_FAILED \
                 DEPENDENCY_EXISTS UNDELETE_FAILED MISSING_ARGUMENT INACTIVE_OWNER_OR_USER MALFORMED_QUERY \
                 INVALID_QUERY_LOCATOR INVALID_QUERY_FILTER_OPERATOR ENTITY_NOT_QUERYABLE EXCEEDED_ID_LIMIT \
                 EXCEEDED_MAX_SIZE_REQUEST INVALID_REPLICATION_DATE METHOD_NOT_ALLOWED UNSUPPORTED_API_VERSION \
                 HTTP_302 HTTP_404 HTTP_413 HTTP_414 HTTP_431",
            ),
        ];
        let mut listed = HashSet::new();
        for (expected, codes) in classes {
            for code in codes.split_whitespace() {
                assert_eq!(disposition(code, ""), *expected, "{code}");
                assert!(entry(code).is_some(), "{code} is in no row of the table");
                listed.insert(code);
            }
        }
        let table: HashSet<&str> = CATALOGUE.iter().map(|(code, _, _)| *code).collect();
        assert_eq!(table, listed);
        assert_eq!(table.len(), CATALOGUE.len(), "a code stands twice");
    }

    #[test]
    fn a_code_nobody_knows_is_a_refusal() {
        assert_eq!(disposition("SOMETHING_NEW", "UNABLE_TO_LOCK_ROW"), Disposition::Reject);
    }

    #[test]
    fn a_lock_met_by_a_trigger_is_the_records_passing_trouble() {
        let code = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY";
        let lock =
            "AccountTrigger: execution of BeforeInsert caused by: UNABLE_TO_LOCK_ROW, unable to obtain";
        assert_eq!(disposition(code, lock), Disposition::Retry);
        assert_eq!(disposition(code, "AccountTrigger: too bad"), Disposition::Reject);
    }
}
