//! The parameters of a page: query and form body.

use std::collections::HashMap;
use supervisor_http::{Request, Status, form_pairs};

/// The parameters of a request to a page. The body overrides the query; of a repeated name the first counts in the query, the
/// last in the body. Invalid UTF-8 becomes U+FFFD, which no name contains.
#[derive(Debug, Default)]
pub(super) struct Form {
    values: HashMap<String, String>,
    /// The fields of the body in order; some of our own fields are repeated.
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads the parameters; the status of the refusal if the body is no form.
    pub(super) fn of(request: &Request) -> Result<Self, Status> {
        let mut form = Self::default();
        for (name, value) in form_pairs(&request.query) {
            form.values.entry(text(&name)).or_insert_with(|| text(&value));
        }
        if request.method == b"POST" {
            check_body(request)?;
            let pairs = form_pairs(&request.body);
            form.fields = pairs.iter().map(|(name, value)| (text(name), text(value))).collect();
            form.values.extend(form.fields.iter().cloned());
        }
        Ok(form)
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All values of a field of the body.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

fn check_body(request: &Request) -> Result<(), Status> {
    if request.headers.first("Content-Length").is_none() {
        return Err(Status::LengthRequired);
    }
    let kind = request.headers.first("Content-Type").unwrap_or_default();
    let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let is_form = kind.is_empty() || kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
    if is_form || request.body.is_empty() { Ok(()) } else { Err(Status::UnsupportedMediaType) }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
