//! Reads a document and keeps the stack of open elements.

use super::element::{Dialect, Node, Tag, close};
use super::{MAX_CALL_ELEMENTS, MAX_DEPTH, Malformed};
use crate::Value;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// What a document said, whatever its shape.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) method: Option<String>,
    pub(super) params: Option<Vec<Value>>,
    pub(super) fault: Option<Value>,
}

/// An element that has not been closed.
struct Open {
    tag: Tag,
    /// Text before the first child.
    text: String,
    children: Vec<Node>,
}

impl Open {
    /// Whether text here can matter.
    fn takes_text(&self) -> bool {
        self.children.is_empty() && self.tag.has_text()
    }
}

struct Evaluation {
    dialect: Dialect,
    stack: Vec<Open>,
    elements: usize,
    /// A root element was closed.
    is_complete: bool,
    document: Document,
}

pub(super) fn read(body: &[u8], dialect: Dialect) -> Result<Document, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::new("the body is not UTF-8"))?;
    refuse_forbidden_characters(text)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut evaluation = Evaluation {
        dialect,
        stack: Vec::new(),
        elements: 0,
        is_complete: false,
        document: Document::default(),
    };
    let mut is_first = true;
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let event = reader.read_event().map_err(|error| {
            Malformed::ill_formed(format!("malformed XML at byte {}: {error}", reader.error_position()))
        })?;
        match event {
            Event::Eof => return evaluation.finish(),
            Event::GeneralRef(reference) => evaluation
                .reference(&reference)
                .map_err(|what| Malformed::ill_formed(format!("{what}: {}", place(text, start))))?,
            event => evaluation.take(event, is_first)?,
        }
        is_first = false;
    }
}

impl Evaluation {
    fn take(&mut self, event: Event<'_>, is_first: bool) -> Result<(), Malformed> {
        match event {
            Event::Start(start) => self.open(&start),
            Event::Empty(start) => {
                self.open(&start)?;
                self.close()
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) if !self.stack.is_empty() => self.text(&text.xml10_content()),
            Event::CData(_) => Err(Malformed::ill_formed("text outside the root element")),
            Event::DocType(_) => Err(Malformed::new("a document type definition is not accepted")),
            Event::Decl(_) if !is_first => {
                Err(Malformed::ill_formed("the XML declaration is not at the start"))
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::GeneralRef(_) | Event::Eof => Ok(()),
        }
    }

    /// Attributes mean nothing, but must be written as XML wants them.
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Malformed> {
        if self.is_complete {
            return Err(Malformed::ill_formed("more than one root element"));
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(Malformed::new(format!("elements are nested more than {MAX_DEPTH} deep")));
        }
        self.elements += 1;
        if self.dialect == Dialect::Call && self.elements > MAX_CALL_ELEMENTS {
            return Err(Malformed::new(format!("more than {MAX_CALL_ELEMENTS} elements")));
        }
        if let Some(error) = start.attributes().find_map(Result::err) {
            return Err(Malformed::ill_formed(format!("malformed attribute: {error}")));
        }
        self.stack.push(Open {
            tag: Tag::of(start.name().as_ref()),
            text: String::new(),
            children: Vec::new(),
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Malformed> {
        let open = self.stack.pop().ok_or_else(|| Malformed::ill_formed("an end tag without a start tag"))?;
        let node = close(open.tag, open.text, open.children, self.dialect)?;
        let node = self.note(open.tag, node);
        match self.stack.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.is_complete = true,
        }
        Ok(())
    }

    /// Keeps what the document is about; nothing else ever reads these elements.
    fn note(&mut self, tag: Tag, node: Node) -> Node {
        match (tag, node.value) {
            (Tag::MethodName, Value::String(name)) => self.document.method = Some(name),
            (Tag::MethodName, _) => self.document.method = None,
            (Tag::Params, Value::Array(params)) => self.document.params = Some(params),
            (Tag::Fault, value) => self.document.fault = Some(value),
            (_, value) => return Node { value, children: node.children },
        }
        Value::Nil.into()
    }

    fn text(&mut self, text: &str) -> Result<(), Malformed> {
        match self.stack.last_mut() {
            Some(open) => {
                if open.takes_text() {
                    open.text.push_str(text);
                }
                Ok(())
            }
            None if text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() => Ok(()),
            None => Err(Malformed::ill_formed("text outside the root element")),
        }
    }

    /// One of the five names XML has of itself, or a character by its number; there are no others without
    /// a document type definition. The error is in the words of upstream's parser.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), &'static str> {
        let Some(open) = self.stack.last_mut() else { return Err("not well-formed (invalid token)") };
        let character = match reference.resolve_char_ref() {
            Ok(Some(character)) if is_xml_character(character) => character,
            Ok(Some(_)) | Err(_) => return Err("reference to invalid character number"),
            Ok(None) => match &**reference {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "apos" => '\'',
                "quot" => '"',
                _ => return Err("undefined entity"),
            },
        };
        if open.takes_text() {
            open.text.push(character);
        }
        Ok(())
    }

    fn finish(self) -> Result<Document, Malformed> {
        if !self.stack.is_empty() {
            return Err(Malformed::ill_formed("the document ends inside an element"));
        }
        if !self.is_complete {
            return Err(Malformed::ill_formed("the document has no element"));
        }
        Ok(self.document)
    }
}

/// Forbidden characters are no XML wherever they stand, also where nothing reads them.
fn refuse_forbidden_characters(text: &str) -> Result<(), Malformed> {
    match text.find(|character| !is_xml_character(character)) {
        Some(at) => {
            Err(Malformed::ill_formed(format!("not well-formed (invalid token): {}", place(text, at))))
        }
        None => Ok(()),
    }
}

/// Line and column of a place, as upstream's parser counts them.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text).replace("\r\n", "\n");
    let mut lines = before.rsplit(['\r', '\n']);
    let column = lines.next().map_or(0, |line| line.chars().count());
    format!("line {}, column {column}", 1 + lines.count())
}

/// The characters of XML 1.0.
fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}
