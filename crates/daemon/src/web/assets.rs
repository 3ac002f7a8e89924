//! The files the pages need; they are part of the program.

use super::relative;
use supervisor_core::Wall;
use supervisor_http::{Request, Response, Status, parse_http_date};
use supervisor_sys::clock;

struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[Asset {
    path: "stylesheets/supervisor.css",
    kind: "text/css",
    bytes: include_bytes!("assets/supervisor.css"),
}];

/// Answers with a file, with where it is, or that there is none. `since` is their common age.
pub(super) fn answer(request: &Request, since: Wall) -> Response {
    if request.method != b"GET" && request.method != b"HEAD" {
        return Response::error(Status::BadRequest);
    }
    let path = relative(&request.path);
    if let Some(asset) = ASSETS.iter().find(|asset| asset.path.as_bytes() == path) {
        return if is_known(request, asset, since) {
            Response::new(Status::NotModified)
        } else {
            whole(asset, since)
        };
    }
    if is_directory(path) {
        let location = [b"/", path, b"/"].concat();
        return Response::new(Status::MovedPermanently).header("Location", location).error_page();
    }
    Response::error(Status::NotFound)
}

fn whole(asset: &Asset, since: Wall) -> Response {
    Response::new(Status::Ok)
        .header("Last-Modified", clock::http_date(since))
        .header("Content-Length", asset.bytes.len().to_string())
        .header("Content-Type", asset.kind)
        .body(asset.bytes)
}

/// Whether the client has this very file: `If-Modified-Since: DATE[; length=N]`.
fn is_known(request: &Request, asset: &Asset, since: Wall) -> bool {
    let Some(value) = request.headers.first("If-Modified-Since") else { return false };
    let value = String::from_utf8_lossy(value);
    let (date, length) = value.split_once(';').map_or((&*value, None), |(date, rest)| (date, Some(rest)));
    let length = length.and_then(|rest| rest.trim().strip_prefix("length=")?.parse::<usize>().ok());
    length.is_none_or(|length| length == asset.bytes.len())
        && parse_http_date(date.trim()).is_some_and(|known| known >= since.seconds())
}

fn is_directory(path: &[u8]) -> bool {
    !path.is_empty()
        && ASSETS
            .iter()
            .any(|asset| asset.path.as_bytes().strip_prefix(path).is_some_and(|rest| rest.starts_with(b"/")))
}
