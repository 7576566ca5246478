//! Values that were written with a JSON Schema of the registry.
//!
//! Who wrote a value has validated it; here the schema only says what the value means: which numbers are dates, what is
//! bytes, what is a map. So a value is followed through its schema, and where the schema says nothing, JSON itself does.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{Schema, Struct, Value};
use serde_json::Value as Json;

use super::subschema::{At, meaning};
use super::tree::Node;
use super::typed::Typed;
use super::{number, plain};
use crate::codec::writer::Referenced;

/// Steps through a schema, beside those that the length of a value allows. Schemas may lead to themselves without an end.
const STEPS: usize = 10_000;
/// Steps for each byte of a value.
const STEPS_A_BYTE: usize = 64;

/// A schema with those it refers to.
#[derive(Debug)]
pub(in crate::codec) struct JsonSchema {
    root: Json,
    referenced: HashMap<String, Json>,
    /// Where the schema says the type of every member.
    typed: Option<Typed>,
}

/// The way of one value through a schema.
struct Walk<'s> {
    schema: &'s JsonSchema,
    left: Cell<usize>,
}

impl JsonSchema {
    /// Understands a text and those it refers to, each by the name that a `$ref` gives it.
    pub(in crate::codec) fn parse(text: &str, referenced: &[Referenced]) -> Result<Self, String> {
        let json =
            |text: &str| serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"));
        let named = |other: &Referenced| {
            let read =
                json(&other.text).map_err(|error| format!("the reference `{}`: {error}", other.name))?;
            Ok((other.name.clone(), read))
        };
        let referenced: Result<_, String> = referenced.iter().map(named).collect();
        let root = json(text)?;
        let typed = Typed::parse(&root);
        Ok(Self { root, referenced: referenced?, typed })
    }

    /// The schema of the records, where it says the type of every member.
    pub(in crate::codec) fn typed(&self) -> Option<Arc<Schema>> {
        self.typed.as_ref().map(|typed| Arc::clone(typed.schema()))
    }

    /// The record half that `bytes` are; `None` for null.
    pub(in crate::codec) fn decode(&self, bytes: &[u8]) -> Result<Option<Struct>, String> {
        let node = Node::parse(bytes)?;
        if let Some(read) = self.typed.as_ref().and_then(|typed| typed.read(&node)) {
            return Ok(Some(read));
        }
        let at = At::root(&self.root);
        let walk = Walk { schema: self, left: Cell::new(STEPS + STEPS_A_BYTE * bytes.len()) };
        let found = walk.value(at, at.text("title").unwrap_or("json"), &node)?;
        Ok(plain::half(found))
    }
}

impl<'s> Walk<'s> {
    fn value(&self, at: At<'s>, name: &str, node: &Node<'_>) -> Result<Value, String> {
        let all = self.all(at)?;
        if *node == Node::Null {
            let taken = self.takes_null(&all)?;
            return if taken {
                Ok(Value::Null)
            } else {
                Err("it is null, which its schema refuses".to_owned())
            };
        }
        if let Some(alternatives) = all.iter().find_map(|at| at.alternatives()) {
            return self.alternative(&alternatives, name, node);
        }
        if let Some(meaning) = all.iter().find_map(|at| meaning(*at, node)) {
            return meaning;
        }
        if let Some(other) = all.iter().find(|at| !at.allows(node)) {
            return Err(format!("{node} is no {}", other.types().join(" or ")));
        }
        match node {
            Node::Object(members) => self.object(&all, name, members),
            Node::List(items) => {
                let of = all.iter().find_map(|at| at.child("items"));
                let value =
                    |item| of.map_or_else(|| plain::value(name, item), |of| self.value(of, name, item));
                Ok(plain::list(items.iter().map(value).collect::<Result<_, _>>()?))
            }
            Node::Number(spelled) if all.iter().any(|at| at.is_integer()) => {
                number::integer(spelled).map(Value::Int64).ok_or_else(|| format!("{spelled} is no integer"))
            }
            scalar => plain::value(name, scalar),
        }
    }

    /// The first alternative that the value is one of.
    fn alternative(&self, all: &[At<'s>], name: &str, node: &Node<'_>) -> Result<Value, String> {
        let mut refused: Vec<String> = Vec::new();
        for at in all {
            match self.value(*at, name, node) {
                Ok(value) => return Ok(value),
                Err(error) => refused.push(error),
            }
        }
        // The most particular of them says most.
        let longest = refused.into_iter().max_by_key(String::len);
        Err(longest.unwrap_or_else(|| format!("{node} is none of no alternatives")))
    }

    fn object(
        &self,
        all: &[At<'s>],
        name: &str,
        members: &[(Cow<'_, str>, Node<'_>)],
    ) -> Result<Value, String> {
        let mut required = all.iter().flat_map(At::required);
        if let Some(missing) = required.find(|name| !members.iter().any(|(own, _)| own == name)) {
            return Err(format!("field {missing}: it is missing, and its schema requires it"));
        }
        let values = members.iter().map(|(name, member)| {
            let own = all.iter().find_map(|at| at.property(name));
            let own = own.or_else(|| all.iter().find_map(|at| at.child("additionalProperties")));
            let own = own.map_or_else(|| plain::value(name, member), |own| self.value(own, name, member));
            Ok((name.as_ref(), own.map_err(|error| format!("field {name}: {error}"))?))
        });
        let title = all.iter().find_map(|at| at.text("title")).unwrap_or(name);
        let found = Value::Struct(plain::object(title, values)?);
        let is_map = all.iter().any(|at| at.text("connect.type") == Some("map"));
        Ok(if is_map { Value::String(found.to_json().to_string()) } else { found })
    }

    fn takes_null(&self, all: &[At<'s>]) -> Result<bool, String> {
        for at in all {
            let own = match at.alternatives() {
                Some(alternatives) => {
                    let mut takes = false;
                    for alternative in alternatives {
                        takes = takes || self.takes_null(&self.all(alternative)?)?;
                    }
                    takes
                }
                None => at.allows(&Node::Null),
            };
            if !own {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The schema that stands here and those that hold beside it.
    fn all(&self, at: At<'s>) -> Result<Vec<At<'s>>, String> {
        let at = self.resolved(at)?;
        let mut all = vec![at];
        for part in at.parts() {
            all.extend(self.all(part)?);
        }
        Ok(all)
    }

    /// The schema that a `$ref` stands for.
    fn resolved(&self, at: At<'s>) -> Result<At<'s>, String> {
        let endless = || "its schema refers to itself without an end".to_owned();
        let left = self.left.get().checked_sub(1).ok_or_else(endless)?;
        self.left.set(left);
        let at = at.deeper().ok_or_else(endless)?;
        let Some(target) = at.text("$ref") else { return Ok(at) };
        let found = self.target(at, target);
        self.resolved(found.ok_or_else(|| format!("its schema refers to `{target}`, which is not there"))?)
    }

    fn target(&self, at: At<'s>, target: &str) -> Option<At<'s>> {
        let referenced = &self.schema.referenced;
        if let Some(document) = referenced.get(target) {
            return Some(at.in_document(document, document));
        }
        let (name, fragment) = target.split_once('#')?;
        let document = if name.is_empty() { at.document() } else { referenced.get(name)? };
        Some(at.in_document(document, document.pointer(fragment)?))
    }
}
