//! The static files of the pages, compiled into the program. Pages link to them by a hash of their content, so that browsers
//! may cache them for good; they are served under upstream's names as well.

use super::compress;
use super::list::push;
use super::relative;
use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;
use supervisor_core::Wall;
use supervisor_http::{Request, Response, Status, parse_http_date};
use supervisor_sys::clock;

struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const STYLE: Asset = Asset {
    path: "stylesheets/supervisor.css",
    kind: "text/css",
    bytes: include_bytes!("assets/supervisor.css"),
};

const ICON: Asset =
    Asset { path: "images/icon.svg", kind: "image/svg+xml", bytes: include_bytes!("assets/icon.svg") };

/// A JavaScript module by its name.
macro_rules! script {
    ($name:literal) => {
        Asset {
            path: concat!("scripts/", $name),
            kind: "text/javascript;charset=utf-8",
            bytes: include_bytes!(concat!("assets/scripts/", $name)),
        }
    };
}

const LIST_SCRIPT: Asset = script!("status.js");
const LOG_SCRIPT: Asset = script!("log.js");

const ASSETS: [&Asset; 13] = [
    &STYLE,
    &ICON,
    &LIST_SCRIPT,
    &LOG_SCRIPT,
    &script!("page.js"),
    &script!("rows.js"),
    &script!("curve.js"),
    &script!("order.js"),
    &script!("select.js"),
    &script!("act.js"),
    &script!("keys.js"),
    &script!("ansi.js"),
    &script!("search.js"),
];

/// The script of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// None.
    None,
    /// That of the list of processes, which keeps it current.
    List,
    /// That of the log page, which follows the log.
    Log,
}

impl Script {
    /// The elements of the head that load it, and preload the modules it imports.
    pub(super) fn elements(self) -> String {
        let (main, modules): (&Asset, &[&str]) = match self {
            Self::None => return String::new(),
            Self::List => (
                &LIST_SCRIPT,
                &["page.js", "rows.js", "curve.js", "order.js", "select.js", "act.js", "keys.js"],
            ),
            Self::Log => (&LOG_SCRIPT, &["page.js", "ansi.js", "search.js"]),
        };
        let mut elements = format!("<script type=\"module\" src=\"{}\"></script>\n", address(main.path));
        for module in modules {
            let address = address(&format!("scripts/{module}"));
            push(&mut elements, format_args!("<link rel=\"modulepreload\" href=\"{address}\">\n"));
        }
        elements
    }
}

/// The icons of the pages, referenced as `#i-NAME`; one line of HTML.
pub(super) const SPRITE: &str = include_str!("assets/sprite.svg");

/// A hash of the content of all files.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for asset in ASSETS {
        hasher.write(asset.bytes);
    }
    format!("{:016x}", hasher.finish())
});

/// The address of the style sheet, relative to the pages.
pub(super) fn style_address() -> String {
    address(STYLE.path)
}

/// The address of the icon.
pub(super) fn icon_address() -> String {
    address(ICON.path)
}

fn address(path: &str) -> String {
    format!("assets/{}/{path}", *VERSION)
}

/// Answers with a file, a redirect, or 404. `since` is the modification time of all files.
pub(super) fn answer(request: &Request, since: Wall) -> Response {
    if request.method != b"GET" && request.method != b"HEAD" {
        return Response::error(Status::BadRequest);
    }
    let path = relative(&request.path);
    if let Some(asset) = versioned(path) {
        let response = Response::new(Status::Ok)
            .header("Content-Type", asset.kind)
            .header("Cache-Control", "public, max-age=31536000, immutable")
            .header("X-Content-Type-Options", "nosniff");
        return match compressed(asset).filter(|_| compress::is_accepted(request)) {
            Some(bytes) => response.header("Content-Encoding", "deflate").body(bytes),
            None => response.body(asset.bytes),
        };
    }
    if let Some(asset) = ASSETS.iter().find(|asset| asset.path.as_bytes() == path) {
        return if is_not_modified(request, asset, since) {
            Response::new(Status::NotModified)
        } else {
            whole(asset, since)
        };
    }
    if is_directory(path) {
        // Relative, because a proxy may serve us below a path of its own.
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let location = [b"./", name, b"/"].concat();
        return Response::new(Status::MovedPermanently).header("Location", location).error_page();
    }
    Response::error(Status::NotFound)
}

/// Whether a path is the address of a file in the pages of this version.
pub(super) fn exists(path: &[u8]) -> bool {
    versioned(relative(path)).is_some()
}

/// A file compressed, as most browsers accept it.
fn compressed(asset: &Asset) -> Option<&'static [u8]> {
    static COMPRESSED: LazyLock<Vec<Option<Vec<u8>>>> =
        LazyLock::new(|| ASSETS.iter().map(|asset| compress::compressed(asset.bytes)).collect());
    let at = ASSETS.iter().position(|known| known.path == asset.path)?;
    COMPRESSED[at].as_deref()
}

/// The file at an address in the pages of this version.
fn versioned(path: &[u8]) -> Option<&'static Asset> {
    let rest = path.strip_prefix(b"assets/")?.strip_prefix(VERSION.as_bytes())?.strip_prefix(b"/")?;
    ASSETS.into_iter().find(|asset| asset.path.as_bytes() == rest)
}

fn whole(asset: &Asset, since: Wall) -> Response {
    Response::new(Status::Ok)
        .header("Last-Modified", clock::http_date(since))
        .header("Content-Length", asset.bytes.len().to_string())
        .header("Content-Type", asset.kind)
        .body(asset.bytes)
}

/// Whether the client has this file cached: `If-Modified-Since: DATE[; length=N]`.
fn is_not_modified(request: &Request, asset: &Asset, since: Wall) -> bool {
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
