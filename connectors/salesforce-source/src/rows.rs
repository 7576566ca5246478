//! Reads rows by id, whole and typed.
//!
//! The description of an object is cached. When a row no longer fits it, or a field of it is gone, the org is asked
//! again; only what does not fit the new description either stops the source.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use orgstream_api::record::field;
use orgstream_salesforce::{Page, Row, SalesforceId, soql};

use crate::batch_size::BatchSize;
use crate::described::Described;
use crate::descriptions::Descriptions;
use crate::error::{RowError, SourceError};
use crate::event::Event;
use crate::moment::Moment;
use crate::patience::{Attempt, Patience};
use crate::record::Image;

/// Ids that one retrieve call takes at most.
const RETRIEVE: usize = 2_000;

/// Ids in one query, whose URL has to stay below 16 KB.
const QUERY: usize = 300;

/// Which description reading goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The cached one.
    Known,
    /// One that was just read; what does not fit it never will.
    Anew,
}

/// The rows of one org.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    patience: Patience,
    /// Of retrieve calls.
    batch_size: BatchSize,
    descriptions: Descriptions,
}

impl Rows {
    /// The rows of the org behind `patience`, as records of the objects that `descriptions` are of.
    pub(crate) fn new(patience: Patience, descriptions: Descriptions) -> Self {
        Self { patience, batch_size: BatchSize::new(RETRIEVE), descriptions }
    }

    /// The same rows, read by calls that can wait when the org's calls run out.
    pub(crate) fn in_background(&self) -> Self {
        Self { patience: self.patience.in_background(), ..self.clone() }
    }

    /// The names of the objects, as the file has them.
    pub(crate) fn objects(&self) -> Vec<String> {
        self.descriptions.objects()
    }

    /// Whether the records of `object`, which was just described, can be as the file wants them, when it says anything of
    /// this object.
    pub(crate) async fn check(&self, object: &str) -> Result<(), SourceError> {
        if self.descriptions.has(object) {
            self.descriptions.described(self.patience.org().describe(object).await?)?;
        }
        Ok(())
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The images of `ids` that live and can be seen, by id.
    pub(crate) async fn images(
        &self,
        object: &str,
        ids: &[SalesforceId],
    ) -> Result<HashMap<SalesforceId, Image>, SourceError> {
        let mut images = HashMap::with_capacity(ids.len());
        let mut backoff = Patience::backoff();
        let mut left = ids;
        while !left.is_empty() {
            let (asked, later) = left.split_at(self.batch_size.rows().min(left.len()));
            match self.images_of_one_call(object, asked).await? {
                Attempt::Answered(read) => {
                    self.batch_size.answered(asked.len());
                    backoff.reset();
                    images.extend(read);
                    left = later;
                }
                Attempt::Blamed => {
                    self.batch_size.failed(asked.len());
                    tokio::time::sleep(backoff.pause()).await;
                }
            }
        }
        Ok(images)
    }

    async fn images_of_one_call(
        &self,
        object: &str,
        ids: &[SalesforceId],
    ) -> Result<Attempt<HashMap<SalesforceId, Image>>, SourceError> {
        let mut reading = Reading::Known;
        loop {
            let described = self.describe(object, reading).await?;
            let fields: Vec<String> =
                described.describe().fields.iter().map(|field| field.name.clone()).collect();
            let read = self.patience.attempt(|| self.patience.org().retrieve(object, ids, &fields)).await;
            let rows = match read {
                Ok(Attempt::Answered(rows)) => rows,
                Ok(Attempt::Blamed) => return Ok(Attempt::Blamed),
                // A field of the cached description is gone.
                Err(error) if error.code() == Some("INVALID_FIELD") && reading == Reading::Known => {
                    reading = Reading::Anew;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let images: Result<HashMap<_, _>, _> = ids
                .iter()
                .zip(&rows)
                .filter_map(|(id, row)| Some((id, row.as_ref()?)))
                .map(|(id, row)| match Image::of_row(&described, row) {
                    Ok(image) => Ok((*id, image)),
                    Err(source) => Err((*id, source)),
                })
                .collect();
            match images {
                Ok(images) => return Ok(Attempt::Answered(images)),
                Err((id, source)) => reading = again(reading, &described, id, source)?,
            }
        }
    }

    /// The image of the fields that an event carries itself.
    pub(crate) async fn image_of_event(
        &self,
        object: &str,
        id: SalesforceId,
        event: &Event,
    ) -> Result<Image, SourceError> {
        let mut reading = Reading::Known;
        loop {
            let described = self.describe(object, reading).await?;
            match Image::of_event(&described, id, event) {
                Ok(image) => return Ok(image),
                Err(source) => reading = again(reading, &described, id, source)?,
            }
        }
    }

    /// The image of a record that was deleted at `at`.
    pub(crate) async fn deleted(
        &self,
        object: &str,
        id: SalesforceId,
        at: Moment,
    ) -> Result<Image, SourceError> {
        let described = self.describe(object, Reading::Known).await?;
        Ok(Image::of_deleted(&described, id, at))
    }

    /// Those of `ids` that the org still knows, be it in the recycle bin.
    pub(crate) async fn known(
        &self,
        object: &str,
        ids: &[SalesforceId],
    ) -> Result<HashSet<SalesforceId>, SourceError> {
        let mut known = HashSet::new();
        for ids in ids.chunks(QUERY) {
            let soql = format!("SELECT Id FROM {object} WHERE Id IN {}", soql::list(ids));
            for row in self.query_all(&soql).await? {
                known.insert(id_of(&row).ok_or_else(|| unusable(object, &soql))?);
            }
        }
        Ok(known)
    }

    /// All rows of a query, the recycle bin included.
    pub(crate) async fn query_all(&self, soql: &str) -> Result<Vec<Row>, SourceError> {
        let org = self.patience.org();
        let page = self.patience.call(|| org.query_all(soql)).await?;
        self.all_pages(page).await
    }

    /// As [`Rows::query_all`], of an object that has no recycle bin.
    pub(crate) async fn query(&self, soql: &str) -> Result<Vec<Row>, SourceError> {
        let org = self.patience.org();
        let page = self.patience.call(|| org.query(soql)).await?;
        self.all_pages(page).await
    }

    async fn all_pages(&self, mut page: Page) -> Result<Vec<Row>, SourceError> {
        let org = self.patience.org();
        let mut rows = std::mem::take(&mut page.rows);
        while let Some(next) = page.next {
            page = self.patience.call(|| org.query_next(&next)).await?;
            rows.append(&mut page.rows);
        }
        Ok(rows)
    }

    /// What is known of an object.
    pub(crate) async fn describe(
        &self,
        object: &str,
        reading: Reading,
    ) -> Result<Arc<Described>, SourceError> {
        let org = self.patience.org();
        let describe = match reading {
            Reading::Known => self.patience.call(|| org.describe(object)).await,
            Reading::Anew => self.patience.call(|| org.describe_again(object)).await,
        }?;
        self.descriptions.described(describe)
    }
}

/// The id of a row.
pub(crate) fn id_of(row: &Row) -> Option<SalesforceId> {
    SalesforceId::parse(row.get(field::ID)?.as_str()?).ok()
}

/// An answer to a query of ours without what the query asks for.
pub(crate) fn unusable(object: &str, soql: &str) -> SourceError {
    SourceError::Query { object: object.to_owned(), soql: soql.chars().take(200).collect() }
}

/// How to go on with a row or an event that does not fit: with a new description, or without the field. Without an id or
/// a date there is no going on.
fn again(
    reading: Reading,
    described: &Described,
    id: SalesforceId,
    source: RowError,
) -> Result<Reading, SourceError> {
    let object = &described.describe().object;
    match (reading, source.field()) {
        (Reading::Known, _) => {
            tracing::info!(%object, %id, %source, "a row does not fit the description of its object; reading that anew");
            Ok(Reading::Anew)
        }
        (Reading::Anew, Some(field)) => {
            described.forgive(field);
            // It is forgiven as long as the description stays what it is.
            Ok(Reading::Known)
        }
        (Reading::Anew, None) => Err(SourceError::Row { object: object.clone(), id, source }),
    }
}
