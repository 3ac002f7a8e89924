//! An answer: status, headers in the order they shall have on the wire, and a body.

use crate::Source;
use std::fmt;

/// The status codes in use, with the reasons upstream gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the registry of status codes")]
pub enum Status {
    Ok,
    MovedPermanently,
    SeeOther,
    NotModified,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    RequestTimeout,
    LengthRequired,
    ContentTooLarge,
    UnsupportedMediaType,
    HeadTooLarge,
    InternalServerError,
    NotImplemented,
    ServiceUnavailable,
}

impl Status {
    /// Number and reason phrase.
    const fn parts(self) -> (u16, &'static str) {
        match self {
            Self::Ok => (200, "OK"),
            Self::MovedPermanently => (301, "Moved Permanently"),
            Self::SeeOther => (303, "See Other"),
            Self::NotModified => (304, "Not Modified"),
            Self::BadRequest => (400, "Bad Request"),
            Self::Unauthorized => (401, "Unauthorized"),
            Self::Forbidden => (403, "Forbidden"),
            Self::NotFound => (404, "Not Found"),
            Self::RequestTimeout => (408, "Request Time-out"),
            Self::LengthRequired => (411, "Length Required"),
            Self::ContentTooLarge => (413, "Request Entity Too Large"),
            Self::UnsupportedMediaType => (415, "Unsupported Media Type"),
            Self::HeadTooLarge => (431, "Request Header Fields Too Large"),
            Self::InternalServerError => (500, "Internal Server Error"),
            Self::NotImplemented => (501, "Not Implemented"),
            Self::ServiceUnavailable => (503, "Service Unavailable"),
        }
    }

    /// The page upstream shows for this status, in its exact bytes.
    pub fn error_page(self) -> String {
        format!(
            "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
             <p>Error code {}.\r\n<p>Message: {}.\r\n</body>\r\n",
            self.code(),
            self.reason()
        )
    }

    /// The number, such as 404.
    pub const fn code(self) -> u16 {
        self.parts().0
    }

    /// Whether an answer of this status has a body at all.
    pub(crate) fn may_have_body(self) -> bool {
        self != Self::NotModified
    }

    /// The reason phrase, such as `Not Found`.
    pub const fn reason(self) -> &'static str {
        self.parts().1
    }
}

/// The body of an answer.
pub enum Body {
    /// All of it; `Content-Length` counts its bytes.
    Bytes(Vec<u8>),
    /// Chunks as they come, for as long as the source wants: chunked coding on HTTP/1.1, plain bytes up to
    /// the close of the connection on any other version.
    Stream(Box<dyn Source>),
    /// So many bytes, which the source gives piece by piece; `Content-Length` says how many. A source that ends before them
    /// ends the connection, which tells the client that the answer is not whole.
    Pieces(usize, Box<dyn Source>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.escape_ascii()),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Pieces(length, _) => write!(f, "Pieces({length})"),
        }
    }
}

impl Body {
    /// How many bytes it has, where that is known.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::Pieces(length, _) => Some(*length),
            Self::Stream(_) => None,
        }
    }
}

/// An answer. `Server` and `Date` come first on the wire and are not part of it.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: Status,
    headers: Vec<(&'static str, Vec<u8>)>,
    /// The body.
    pub body: Body,
}

impl Response {
    /// An empty answer with this status.
    pub fn new(status: Status) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    /// Upstream's error page for this status, in its exact bytes.
    pub fn error(status: Status) -> Self {
        Self::new(status).error_page()
    }

    /// Makes upstream's error page the body, with its two headers; headers given before stay in front.
    #[must_use]
    pub fn error_page(self) -> Self {
        let page = self.status.error_page();
        self.header("Content-Length", page.len().to_string()).header("Content-Type", "text/html").body(page)
    }

    /// Appends a header. Control characters in the value become blanks, so that no value can end its line.
    ///
    /// `Content-Length` is added after the last header if it is not given; give it only where it must stand
    /// elsewhere, with the length of the body.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        let mut value = value.into();
        for byte in &mut value {
            if byte.is_ascii_control() {
                *byte = b' ';
            }
        }
        self.headers.push((name, value));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(bytes.into());
        self
    }

    /// Makes the body a stream.
    #[must_use]
    pub fn stream(mut self, source: Box<dyn Source>) -> Self {
        self.body = Body::Stream(source);
        self
    }

    /// Makes the body one of this length that a source produces piece by piece.
    #[must_use]
    pub fn pieces(mut self, length: usize, source: Box<dyn Source>) -> Self {
        self.body = Body::Pieces(length, source);
        self
    }

    /// The headers in order, without those the server adds.
    pub fn headers(&self) -> &[(&'static str, Vec<u8>)] {
        &self.headers
    }

    /// The value of the first header of this name.
    pub fn first_header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_slice())
    }
}
