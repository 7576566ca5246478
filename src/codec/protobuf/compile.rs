//! Compiles schemas. A text is either the source of a `.proto` file or, from clients that have compiled it themselves, its
//! descriptor in base64.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::{Compiler, Error};

use super::known;

/// What the schema itself is called while it is compiled.
const MAIN: &str = "_schema.proto";
/// How deep brackets may nest. The compiler recurses, and the stack is finite.
const DEEPEST: usize = 64;

/// Compiles a text together with what it imports, which comes as names and texts. The text's own file is the last one.
pub(crate) fn compile<'a>(
    text: &str,
    imports: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<FileDescriptorSet, String> {
    let mut files = Files(HashMap::new());
    for (name, text) in imports {
        let named = |error| format!("the reference `{name}`: {error}");
        files.0.insert(name.to_owned(), file(name, text).map_err(named)?);
    }
    files.0.insert(MAIN.to_owned(), file(MAIN, text)?);
    let mut resolver = ChainFileResolver::new();
    resolver.add(files);
    resolver.add(Known);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler.open_file(MAIN).map_err(|error| error.to_string())?;
    Ok(compiler.file_descriptor_set())
}

struct Files(HashMap<String, File>);

impl FileResolver for Files {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        self.0.get(name).cloned().ok_or_else(|| Error::file_not_found(name))
    }
}

struct Known;

impl FileResolver for Known {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        let text = known::text(name).ok_or_else(|| Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}

fn file(name: &str, text: &str) -> Result<File, String> {
    if let Some(mut descriptor) = decoded(text) {
        descriptor.name = Some(name.to_owned());
        return Ok(File::from_file_descriptor_proto(descriptor));
    }
    let mut depth = 0_usize;
    for character in text.bytes() {
        match character {
            b'{' | b'[' | b'(' | b'<' => depth += 1,
            b'}' | b']' | b')' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("it nests more than {DEEPEST} levels deep"));
        }
    }
    File::from_source(name, text).map_err(|error| error.to_string())
}

/// A descriptor in base64; no source of a `.proto` file looks like one, since it has at least a semicolon or a brace.
fn decoded(text: &str) -> Option<FileDescriptorProto> {
    FileDescriptorProto::decode(STANDARD.decode(text.trim()).ok()?.as_slice()).ok()
}
