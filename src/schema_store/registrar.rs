//! Decides whether a schema becomes a version of a subject.
//!
//! Texts are understood and compared on threads of their own: a schema that takes long, or that brings down its
//! parser, must not keep the database's thread from everything else. What was decided counts only if nothing changed
//! meanwhile; otherwise it is decided anew.

use axum::http::StatusCode;
use orgstream_api::StoreError;
use rusqlite::Connection;

use super::catalog::versions::{self, Shown, Stored, Version, Wanted};
use super::catalog::{changes, references, settings};
use super::compatibility::Reach;
use super::schema::{Document, Reference, SchemaType, Source};
use super::{Compatibility, Given, Mode, Refusal};
use crate::store::Database;

/// A schema as a request brings it.
#[derive(Debug, Clone)]
pub(super) struct Submitted {
    pub(super) schema_type: SchemaType,
    pub(super) text: String,
    pub(super) references: Vec<Reference>,
}

/// Which versions a schema is to be tested with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Against {
    /// Those that its registration would be held to.
    Level,
    /// One.
    One(Wanted),
}

/// The way into the database for everything that needs more than one step.
#[derive(Debug, Clone)]
pub(super) struct Registrar {
    database: Database,
    given: Given,
}

/// A submitted schema that was understood.
struct Understood {
    source: Source,
    document: Document,
}

/// What a decision is made on.
struct View {
    revision: i64,
    known: Option<Version>,
    mode: Mode,
    level: Compatibility,
    earlier: Vec<(u32, Result<Source, references::Unresolved>)>,
}

impl Registrar {
    pub(super) fn new(database: Database, given: Given) -> Self {
        Self { database, given }
    }

    /// Runs `work` on the database's thread. `what` completes the sentence "cannot …".
    pub(super) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.database.run(what, work).await?)
    }

    /// The version of `subject` that holds the schema; a new one when there is none and the schema may become one.
    pub(super) async fn register(&self, subject: &str, submitted: Submitted) -> Result<Version, Refusal> {
        let mut new = self.understand(submitted).await?;
        loop {
            let View { revision, known, mode, level, earlier } =
                self.view(subject, &new, Against::Level).await?;
            if let Some(known) = known {
                return Ok(known);
            }
            if mode == Mode::ReadOnly {
                return Err(Refusal::NotPermitted(format!("subject `{subject}` is in read-only mode")));
            }
            let (back, reasons) = compare(new, level, earlier).await?;
            new = back;
            if !reasons.is_empty() {
                let level = level.as_str();
                tracing::warn!(subject, level, ?reasons, "A schema is refused as incompatible.");
                return Err(Refusal::Incompatible { subject: subject.to_owned(), level, reasons });
            }
            let (key, source) = (subject.to_owned(), new.source.clone());
            let canonical = new.document.canonical().to_owned();
            let given = self.given.clone();
            let added = self
                .run("register a schema", move |db| {
                    let added = changes::add(db, &key, &source, &canonical, revision)?;
                    // On the database's thread, which may block.
                    Ok(added.map(|added| given.note(added.schema.id).map(|()| added)))
                })
                .await?;
            if let Some(added) = added {
                return added.map_err(|source| not_noted(source).into());
            }
        }
    }

    /// The version of `subject` that holds the schema.
    pub(super) async fn find(
        &self,
        subject: &str,
        submitted: Submitted,
        shown: Shown,
    ) -> Result<Version, Refusal> {
        let subject = subject.to_owned();
        let key = subject.clone();
        let any = self.run("read a subject", move |db| versions::numbers(db, &key, shown)).await?;
        if any.is_empty() {
            return Err(Refusal::SubjectNotFound(subject));
        }
        let Understood { source, document } = self.understand(submitted).await?;
        self.run("look up a schema", move |db| {
            versions::holding(
                db,
                &subject,
                source.schema_type,
                document.canonical(),
                &source.references,
                shown,
            )
        })
        .await?
        .ok_or(Refusal::SchemaNotFound)
    }

    /// What stands between the schema and versions of `subject`. Nothing when they are compatible.
    pub(super) async fn test(
        &self,
        subject: &str,
        submitted: Submitted,
        against: Against,
    ) -> Result<Vec<String>, Refusal> {
        let new = self.understand(submitted).await?;
        let view = self.view(subject, &new, against).await?;
        if let (Against::One(Wanted::Number(number)), true) = (against, view.earlier.is_empty()) {
            return Err(Refusal::VersionNotFound(number.to_string()));
        }
        Ok(compare(new, view.level, view.earlier).await?.1)
    }

    /// A stored schema in the form that a client asks for: `serialized` for compiled Protobuf, else as registered.
    pub(super) async fn formatted(&self, schema: Stored, format: Option<&str>) -> Result<Stored, Refusal> {
        match (format.unwrap_or_default(), schema.schema_type) {
            ("", _) => Ok(schema),
            ("serialized", SchemaType::Protobuf) => {
                let key = schema.clone();
                let source = self.run("resolve references", |db| references::source(db, key)).await?;
                let source = source.map_err(|unresolved| Refusal::InvalidSchema(unresolved.to_string()))?;
                let text = aside(move || {
                    let document = Document::parse(&source)?;
                    document
                        .serialized()
                        .map(str::to_owned)
                        .ok_or_else(|| "it has no compiled form".to_owned())
                });
                Ok(Stored { text: text.await?.map_err(Refusal::InvalidSchema)?, ..schema })
            }
            (format, schema_type) => {
                let message = format!(
                    "the format `{format}` is not offered for schemas of type {}",
                    schema_type.as_str()
                );
                Err(Refusal::Request(StatusCode::UNPROCESSABLE_ENTITY, message))
            }
        }
    }

    async fn understand(&self, submitted: Submitted) -> Result<Understood, Refusal> {
        let Submitted { schema_type, text, references } = submitted;
        if text.trim().is_empty() {
            return Err(Refusal::InvalidSchema("it is empty".to_owned()));
        }
        let resolved = self
            .run("resolve references", move |db| {
                let references = match references::resolve(db, references)? {
                    Ok(references) => references,
                    Err(unresolved) => return Ok(Err(unresolved)),
                };
                Ok(references::texts(db, &references)?.map(|texts| (references, texts)))
            })
            .await?;
        let (references, referenced) =
            resolved.map_err(|unresolved| Refusal::InvalidSchema(unresolved.to_string()))?;
        let source = Source { schema_type, text, references, referenced };
        let (source, document) = aside(move || {
            let document = Document::parse(&source);
            (source, document)
        })
        .await?;
        Ok(Understood { source, document: document.map_err(Refusal::InvalidSchema)? })
    }

    async fn view(&self, subject: &str, new: &Understood, against: Against) -> Result<View, Refusal> {
        let subject = subject.to_owned();
        let (schema_type, references) = (new.source.schema_type, new.source.references.clone());
        let canonical = new.document.canonical().to_owned();
        self.run("read the versions of a subject", move |db| {
            let known = versions::holding(db, &subject, schema_type, &canonical, &references, Shown::Live)?;
            let level: Compatibility = settings::effective(db, &subject)?;
            let earlier = match against {
                Against::One(wanted) => Vec::from_iter(versions::version(db, &subject, wanted, Shown::Live)?),
                Against::Level => match level.reach() {
                    Reach::None => Vec::new(),
                    Reach::Latest => {
                        Vec::from_iter(versions::version(db, &subject, Wanted::Latest, Shown::Live)?)
                    }
                    Reach::All => versions::history(db, &subject)?,
                },
            };
            let earlier = earlier
                .into_iter()
                .map(|Version { version, schema, .. }| Ok((version, references::source(db, schema)?)));
            Ok(View {
                revision: changes::revision(db)?,
                known,
                mode: settings::effective(db, &subject)?,
                level,
                earlier: earlier.collect::<rusqlite::Result<_>>()?,
            })
        })
        .await
    }
}

/// The schema is registered, and cannot be told to be.
pub(super) fn not_noted(source: std::io::Error) -> StoreError {
    StoreError { what: "cannot keep which schema ids are given out".to_owned(), source: Some(source.into()) }
}

/// Compares a schema with earlier ones; gives it back with what stands between.
async fn compare(
    new: Understood,
    level: Compatibility,
    earlier: Vec<(u32, Result<Source, references::Unresolved>)>,
) -> Result<(Understood, Vec<String>), Refusal> {
    aside(move || {
        let mut reasons = Vec::new();
        for (version, source) in earlier {
            let document = source.map_err(|unresolved| unresolved.to_string());
            match document.and_then(|source| Document::parse(&source)) {
                Ok(document) => reasons.extend(level.obstacles(&new.document, &document, version)),
                // What cannot be compared is not compatible.
                Err(reason) => reasons.push(format!("version {version} cannot be compared: {reason}")),
            }
        }
        (new, reasons)
    })
    .await
}

/// A schema that breaks its parser is no schema: it breaks it every time.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Refusal::InvalidSchema(format!("its parser does not come to an end: {error}")))
}
