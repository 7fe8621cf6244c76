//! Words of the vocabulary: XML writes them as CBV URNs, web URIs or with a prefix, JSON as bare words.
//!
//! What holds: a word of another authority stays what it is; a prefix keeps the namespace that the XML gives it.
//!
//! Source: CBV 2.0 section 7; JSON schema of EPCIS 2.0.

use ledger::json::Json;

use super::names::{is_scheme, standard_prefix};
use super::reading::{Node, Reading};
use crate::context::Context;
use crate::vocabulary::Vocabulary;

/// The JSON form of the word `text` that stands in `node`.
pub(super) fn word(
    reading: &mut Reading,
    node: Node<'_>,
    text: &str,
    vocabulary: Vocabulary,
) -> Json {
    let Some((prefix, local)) = text.split_once(':').filter(|(prefix, _)| !is_scheme(prefix))
    else {
        return Json::String(vocabulary.word(text));
    };
    // Many senders use `gs1:` and `cbv:` without declaring them.
    let standard = Context::default();
    let namespace = node
        .lookup_namespace_uri(Some(prefix))
        .or_else(|| standard.namespace(prefix).filter(|_| matches!(prefix, "gs1" | "cbv")));
    let Some(namespace) = namespace else { return Json::from(text) };
    let known = standard_prefix(namespace).and_then(|prefix| standard.namespace(prefix));
    let uri = format!("{}{local}", known.unwrap_or(namespace));
    let word = vocabulary.word(&uri);
    if word != uri {
        return Json::String(word);
    }
    match reading.names.prefix(namespace, Some(prefix)) {
        Some(prefix) => Json::String(format!("{prefix}:{local}")),
        None => Json::String(uri),
    }
}
