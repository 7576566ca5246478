//! What the file says of records that are refused.

use orgstream_salesforce_sink::{Action, Fate};

use super::*;

fn sink(keys: &str) -> String {
    file(&format!(
        "  crm:
    source: {{ org: a, topic: 'a.${{object}}' }}
    sink: {{ org: b, {keys} }}
    objects:
      Lead: {{ external_id: OrgA_Id__c }}
"
    ))
}

#[test]
fn what_is_done_with_refused_records_is_read_by_code() {
    let text = sink(
        "on_error: { default: stop, STRING_TOO_LONG: skip, SOME_NEW_CODE_OF_SALESFORCE: retry, \
         UNABLE_TO_LOCK_ROW: reject, TOMBSTONE: skip }, stop_after: { rejected: 3, of: 50 }",
    );
    let config = load_text(&text).expect("the file is good");
    let failures = config.pipelines[0].sink_config(None).expect("a sink").failures;
    let codes: Vec<_> =
        failures.on_error.codes.iter().map(|(code, action)| (code.as_str(), *action)).collect();
    assert_eq!(
        codes,
        [
            ("SOME_NEW_CODE_OF_SALESFORCE", Action::Retry),
            ("STRING_TOO_LONG", Action::End(Fate::Skip)),
            ("TOMBSTONE", Action::End(Fate::Skip)),
            ("UNABLE_TO_LOCK_ROW", Action::End(Fate::Reject)),
        ]
    );
    assert_eq!(failures.on_error.default, Fate::Stop);
    let stop_after = failures.stop_after.expect("it is set");
    assert_eq!((stop_after.rejected.get(), stop_after.of.get()), (3, 50));
    let config = load_text(&sink("operation: sync")).expect("the file is good");
    let failures = config.pipelines[0].sink_config(None).expect("a sink").failures;
    assert_eq!((failures.on_error.default, failures.stop_after), (Fate::Reject, None));
}

#[test]
fn a_code_that_is_nearly_a_known_one_is_named_with_it() {
    let fault =
        |entry: &str, part: &str| assert_fault(&sink(&format!("on_error: {{ {entry} }}")), "10:", part);
    fault("STRING_TO_LONG: skip", "sink.on_error.STRING_TO_LONG: `STRING_TO_LONG` is no code that is known");
    fault("STRING_TO_LONG: skip", "did you mean `STRING_TOO_LONG`?");
    fault("duplicate_value: skip", "did you mean `DUPLICATE_VALUE`?");
    fault("TOMBSTON: skip", "did you mean `TOMBSTONE`?");
    fault("defalt: stop", "did you mean `default`?");
    fault("Oops: stop", "neither `default` nor an error code");
    fault("REQUEST_LIMIT_EXCEEDED: reject", "trouble of the whole org");
    fault("TOMBSTONE: retry", "which no further attempt changes");
    fault("STRING_TOO_LONG: ignore", "`ignore` is not one of `retry`, `reject`, `skip`, `stop`");
    fault("default: retry", "`retry` is not one of `dead_letter`, `skip`, `stop`");
}

#[test]
fn a_window_that_is_smaller_than_what_it_counts_is_refused() {
    let text = sink("stop_after: { rejected: 5, of: 4 }");
    assert_fault(&text, "10:", "never 5 rejections among 4 records");
    assert_fault(&sink("stop_after: { rejected: 5 }"), "10:", "stop_after.of: this key is missing");
    assert_fault(&sink("stop_after: { rejected: 0, of: 4 }"), "10:", "0 is not between 1 and 100000");
}

#[test]
fn reports_have_topics_of_their_own() {
    let text =
        sink("reports: { success: '${pipeline}-success', error: '${connector}-error', body: 'response.id' }");
    let config = load_text(&text).expect("the file is good");
    let reports = config.pipelines[0].sink.as_ref().expect("a sink").reports.as_ref().expect("reports");
    assert_eq!(reports.topics().collect::<Vec<_>>(), ["crm-success", "crm-error"]);
    let fault = |keys: &str, part: &str| assert_fault(&sink(&format!("reports: {{ {keys} }}")), "10:", part);
    fault("body: 'response.id'", "names no topic");
    fault("success: 'a.Lead'", "a topic of records");
    fault("success: '${pipeline}.dead_letters'", "orgstream keeps for itself");
    fault("error: '_orgstream.ids'", "orgstream keeps for itself");
    fault("error: 'x-${object}'", "`${object}` is not known here");
    fault("error: 'a b'", "has the character ` `");
    fault("success: x, body: 'respons.id'", "`respons` is not known");
    fault("success: x, body: 'response.nope'", "`response` has no `nope`; it has `success`");
    fault("success: x, body: 'event.kind'", "`event` has no `kind`; it has `type`");
}

#[test]
fn a_fallback_owner_is_a_user_or_a_queue() {
    let config = load_text(&sink("fallback_owner: '0055g00000AbCdE'")).expect("the file is good");
    let owner = config.pipelines[0].sink_config(None).expect("a sink").failures.fallback_owner;
    assert_eq!(owner.expect("it is set").key_prefix(), "005");
    assert_fault(&sink("fallback_owner: '0015g00000AbCdE'"), "10:", "the id of no user and of no queue");
    assert_fault(&sink("fallback_owner: 'me'"), "10:", "fallback_owner");
}
