//! `/config` and `/mode`: one form for both.

use axum::extract::{Path, Query as Asked, State};
use axum::routing::{MethodRouter, get};
use serde_json::{Map, Value as Json};

use super::answer::Answer;
use super::query::Query;
use super::request::{Body, SettingRequest};
use crate::schema_store::catalog::settings::{self, Setting};
use crate::schema_store::registrar::Registrar;
use crate::schema_store::{Compatibility, Mode, Refusal};

/// A setting as the paths show it.
pub(super) trait Shown: Setting {
    /// The key in a request and in its answer.
    const KEY: &'static str;
    /// The key where the setting is asked for.
    const READ_KEY: &'static str;
    fn invalid(word: String) -> Refusal;
    fn not_set(subject: String) -> Refusal;
}

impl Shown for Compatibility {
    const KEY: &'static str = "compatibility";
    const READ_KEY: &'static str = "compatibilityLevel";
    fn invalid(word: String) -> Refusal {
        Refusal::InvalidLevel(word)
    }
    fn not_set(subject: String) -> Refusal {
        Refusal::NoLevel(subject)
    }
}

impl Shown for Mode {
    const KEY: &'static str = "mode";
    const READ_KEY: &'static str = "mode";
    fn invalid(word: String) -> Refusal {
        Refusal::InvalidMode(word)
    }
    fn not_set(subject: String) -> Refusal {
        Refusal::NoMode(subject)
    }
}

type Word = Answer<Map<String, Json>>;

/// `/config` or `/mode`
pub(super) fn of_the_store<S: Shown>() -> MethodRouter<Registrar> {
    get(read_store::<S>).put(write_store::<S>).delete(forget_store::<S>)
}

/// `/config/{subject}` or `/mode/{subject}`
pub(super) fn of_a_subject<S: Shown>() -> MethodRouter<Registrar> {
    get(read_subject::<S>).put(write_subject::<S>).delete(forget_subject::<S>)
}

async fn read_store<S: Shown>(State(registrar): State<Registrar>) -> Result<Word, Refusal> {
    let own = registrar.run("read a setting", |db| settings::own::<S>(db, None)).await?;
    Ok(answer(S::READ_KEY, own.unwrap_or_default()))
}

async fn read_subject<S: Shown>(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Asked(query): Asked<Query>,
) -> Result<Word, Refusal> {
    let key = subject.clone();
    let (own, effective) = registrar
        .run("read a setting", move |db| {
            Ok((settings::own::<S>(db, Some(&key))?, settings::effective::<S>(db, &key)?))
        })
        .await?;
    let found = if query.default_to_global { Some(effective) } else { own };
    Ok(answer(S::READ_KEY, found.ok_or_else(|| S::not_set(subject))?))
}

async fn write_store<S: Shown>(
    State(registrar): State<Registrar>,
    Body(request): Body<SettingRequest>,
) -> Result<Word, Refusal> {
    write::<S>(&registrar, None, request).await
}

async fn write_subject<S: Shown>(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
    Body(request): Body<SettingRequest>,
) -> Result<Word, Refusal> {
    write::<S>(&registrar, Some(subject), request).await
}

async fn forget_store<S: Shown>(State(registrar): State<Registrar>) -> Result<Word, Refusal> {
    let before: Option<S> = forget(&registrar, None).await?;
    Ok(answer(S::READ_KEY, before.unwrap_or_default()))
}

async fn forget_subject<S: Shown>(
    State(registrar): State<Registrar>,
    Path(subject): Path<String>,
) -> Result<Word, Refusal> {
    let before: Option<S> = forget(&registrar, Some(subject.clone())).await?;
    Ok(answer(S::READ_KEY, before.ok_or(Refusal::SubjectNotFound(subject))?))
}

async fn write<S: Shown>(
    registrar: &Registrar,
    subject: Option<String>,
    request: SettingRequest,
) -> Result<Word, Refusal> {
    let word = request.word(S::KEY)?;
    let value = S::named(&word).ok_or_else(|| S::invalid(word))?;
    registrar.run("keep a setting", move |db| settings::set(db, subject.as_deref(), Some(value))).await?;
    Ok(answer(S::KEY, value))
}

/// Forgets a setting and answers what it was.
async fn forget<S: Shown>(registrar: &Registrar, subject: Option<String>) -> Result<Option<S>, Refusal> {
    registrar
        .run("forget a setting", move |db| {
            let before = settings::own::<S>(db, subject.as_deref())?;
            settings::set::<S>(db, subject.as_deref(), None)?;
            Ok(before)
        })
        .await
}

fn answer<S: Shown>(key: &str, value: S) -> Word {
    Answer(Map::from_iter([(key.to_owned(), value.word().into())]))
}
