//! A job and its file in one call: `multipart/form-data` with the parts `job` and `content`.

use crate::server::Call;

/// The two parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// JSON of the job.
    pub(super) job: &'a [u8],
    /// The file.
    pub(super) content: &'a [u8],
}

/// The boundary that the header of a multipart call names.
pub(super) fn boundary(call: &Call) -> Option<&str> {
    let content_type = call.header("content-type")?;
    if !content_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        return None;
    }
    let named = content_type.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    });
    Some(named.unwrap_or_default().trim_matches('"'))
}

/// Takes the body of a multipart call apart. `None` when one of the parts is missing.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Parts<'a>> {
    let delimiter = format!("--{boundary}");
    if boundary.is_empty() {
        return None;
    }
    let (mut job, mut content) = (None, None);
    for part in split(body, delimiter.as_bytes()).skip(1) {
        let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part);
        let (head, body) = split_once(part, b"\r\n\r\n").or_else(|| split_once(part, b"\n\n"))?;
        let head = String::from_utf8_lossy(head);
        // The line ending before a boundary belongs to the boundary.
        let body = body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n")).unwrap_or(body);
        match head.split(';').find_map(|word| word.trim().strip_prefix("name=")).map(part_name) {
            Some("job") => job = Some(body),
            Some("content") => content = Some(body),
            _ => {}
        }
        if job.is_some() && content.is_some() {
            break;
        }
    }
    Some(Parts { job: job?, content: content? })
}

/// The name in `"job"` or `job`, whatever follows in the header.
fn part_name(value: &str) -> &str {
    let value = value.lines().next().unwrap_or_default().trim();
    value.trim_matches('"')
}

fn split<'a, 'd>(bytes: &'a [u8], delimiter: &'d [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'd> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        match split_once(bytes, delimiter) {
            Some((before, after)) => {
                rest = Some(after);
                Some(before)
            }
            None => rest.take(),
        }
    })
}

fn split_once<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((bytes.get(..found)?, bytes.get(found + at.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_line_endings_and_either_quoting_are_understood() {
        let body = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n{}\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nA\n1\r\n--B--\r\n";
        let both = Parts { job: b"{}", content: b"A\n1" };
        assert_eq!(parts(body.as_bytes(), "B"), Some(both));
        let body = body.replace("\r\n", "\n").replace('"', "");
        assert_eq!(parts(body.as_bytes(), "B").map(|parts| parts.content), Some(&b"A\n1"[..]));
        assert_eq!(parts(b"--B\n\n--B--", "B"), None);
    }
}
