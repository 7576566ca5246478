//! Resources that real orgs have and the simulator does not: a client learns that, and not that its path is wrong.

use super::resource::Resource;
use crate::data::Refusal;

/// First words of a path below the version.
const RESOURCES: [&str; 47] = [
    "actions",
    "analytics",
    "appMenu",
    "asset-management",
    "async-queries",
    "chatter",
    "commerce",
    "compactLayouts",
    "connect",
    "consent",
    "contact-tracing",
    "dedupe",
    "domino",
    "eclair",
    "einstein",
    "emailConnect",
    "fingerprint",
    "folders",
    "graphql",
    "iot",
    "jsonxform",
    "knowledgeManagement",
    "licensing",
    "localizedvalue",
    "loyalty",
    "metadata",
    "mobile",
    "nouns",
    "parameterizedSearch",
    "payments",
    "prechatForms",
    "process",
    "quickActions",
    "recent",
    "scheduling",
    "search",
    "serviceTemplates",
    "sfdc_cms",
    "smartdatadiscovery",
    "sobject-relationship",
    "ssot",
    "support",
    "tabs",
    "theme",
    "tokenizer",
    "ui-api",
    "wave",
];

/// First words of a path below `tooling/`; `sobjects` without an object is the list of all.
const TOOLING: [&str; 10] = [
    "apexManifest",
    "completions",
    "composite",
    "executeAnonymous",
    "parameterizedSearch",
    "queryAll",
    "quickActions",
    "runTestsAsynchronous",
    "runTestsSynchronous",
    "search",
];

/// What follows an object.
const OF_OBJECT: [&str; 6] =
    ["defaultValues", "listviews", "platformAction", "quickActions", "relatedLists", "suggested"];

/// Refuses a path that a real org would answer and the simulator cannot. `rest` is the path behind the version.
pub(super) fn check(resource: &Resource<'_>, rest: &[&str]) -> Result<(), Refusal> {
    let known = |words: &[&str], word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let absent = match rest {
        ["sobjects", "relevantItems"] | ["sobjects", "Global", "describe", ..] => true,
        ["sobjects", object, "describe", _, ..] | ["sobjects", object, _, "richTextImageFields", ..] => {
            resource.named(object).map(|_| true)?
        }
        ["sobjects", object, word, ..] if known(&OF_OBJECT, word) => resource.named(object).map(|_| true)?,
        ["sobjects", object, _, "password"] => object.eq_ignore_ascii_case("User"),
        ["sobjects", ..] => false,
        ["tooling", "sobjects"] => true,
        ["tooling", "sobjects", object, of @ ..] => match resource.schema.named(object, Refusal::not_found) {
            _ if object.eq_ignore_ascii_case("CustomField") => of.first().is_some_and(|of| *of == "describe"),
            Ok(_) => true,
            Err(refusal) => return Err(refusal),
        },
        ["tooling", word, ..] => known(&TOOLING, word),
        [word, ..] => known(&RESOURCES, word),
        [] => false,
    };
    if absent {
        return Err(Refusal::not_simulated(&format!("the resource {}/{}", resource.base, rest.join("/"))));
    }
    Ok(())
}
