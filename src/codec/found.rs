//! Finds the schemas of records that somebody else has registered.

use super::error::CodecError;
use super::format::Language;
use super::history::History;
use super::protobuf::Numbers;
use super::registering::Wanted;
use super::registry::Registry;
use super::trouble::Trouble;
use super::writer::Source;

impl Registry {
    /// The schema in its language, and the id that the registry has it under.
    pub(super) async fn find(&self, wanted: Wanted<'_>) -> Result<(Source, u32), CodecError> {
        let mut newest = None;
        for source in self.texts(wanted).await? {
            match self.look_up(wanted, &source).await {
                Ok((_, Some(id))) => return Ok((source, id)),
                Ok((_, None)) => {
                    return Err(self.missing(wanted, &source, "its answer names no id".to_owned()));
                }
                Err(Trouble::Unknown(reason)) => {
                    newest.get_or_insert((source, reason));
                }
                Err(trouble) => return Err(self.refused(wanted, trouble)),
            }
        }
        let (source, reason) = newest.ok_or_else(|| wanted.unencodable("it has no text".to_owned()))?;
        Err(self.missing(wanted, &source, reason))
    }

    /// What the schema may have been registered as, the newest first. In Protobuf that is a text for each version that it may
    /// have been registered after: later versions only add to what is reserved.
    async fn texts(&self, wanted: Wanted<'_>) -> Result<Vec<Source>, CodecError> {
        if wanted.language != Language::Protobuf {
            return Ok(vec![wanted.source(&Numbers::default())?]);
        }
        let mut history = History::default();
        self.catch_up(wanted, &mut history).await?;
        let mut texts: Vec<Source> = Vec::new();
        let mut made = Ok(());
        let learnt = history.learn(|numbers| match wanted.source(numbers) {
            Ok(source) if texts.last().is_some_and(|last| last.text == source.text) => {}
            Ok(source) => texts.push(source),
            Err(error) => made = Err(error),
        });
        learnt.map_err(|reason| wanted.unencodable(reason))?;
        made?;
        texts.reverse();
        Ok(texts)
    }

    fn missing(&self, wanted: Wanted<'_>, source: &Source, reason: String) -> CodecError {
        let Wanted { subject, schema, .. } = wanted;
        tracing::warn!(subject, schema = source.text, "this schema is wanted, and is not registered");
        CodecError::Unregistered {
            registry: self.address().1.to_owned(),
            subject: subject.to_owned(),
            name: schema.name().to_owned(),
            reason,
        }
    }
}
