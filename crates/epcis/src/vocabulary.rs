//! Vocabulary of the Core Business Vocabulary (CBV): converts each spelling of an element to its web URI.
//!
//! What holds: converting a word does not check it; [`Vocabulary::check`] does (`words.rs`).
//!
//! Source: CBV 2.0 section 7.

/// Namespace of the Core Business Vocabulary.
pub const CBV: &str = "https://ref.gs1.org/cbv/";
/// Namespace of the GS1 Web Vocabulary.
pub const GS1: &str = "https://ref.gs1.org/voc/";

/// A vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// Business steps.
    BizStep,
    /// Dispositions.
    Disposition,
    /// Business transaction types.
    BizTransactionType,
    /// Source and destination types.
    SourceDestType,
    /// Error reasons.
    ErrorReason,
    /// Sensor components.
    Component,
    /// Measurement types, of the GS1 Web Vocabulary.
    Measurement,
    /// Exceptions of a sensor, of the GS1 Web Vocabulary.
    Exception,
}

impl Vocabulary {
    /// Namespace and prefix of the web URIs.
    fn web(self) -> (&'static str, &'static str) {
        match self {
            Self::BizStep => (CBV, "BizStep-"),
            Self::Disposition => (CBV, "Disp-"),
            Self::BizTransactionType => (CBV, "BTT-"),
            Self::SourceDestType => (CBV, "SDT-"),
            Self::ErrorReason => (CBV, "ER-"),
            Self::Component => (CBV, "Comp-"),
            Self::Measurement | Self::Exception => (GS1, ""),
        }
    }

    /// The web URI of a vocabulary element.
    ///
    /// - `word`: a bare word (`shipping`) or a CBV URN (`urn:epcglobal:cbv:bizstep:shipping`); any other URI is
    ///   returned unchanged.
    #[must_use]
    pub fn expand(self, word: &str) -> String {
        if let Some(uri) = expand_urn(word) {
            return uri;
        }
        if word.contains(':') {
            return word.to_owned();
        }
        let (namespace, prefix) = self.web();
        format!("{namespace}{prefix}{word}")
    }

    /// The bare word that `text` is in any spelling of a record: bare, CBV URN, web URI, or with the prefix `cbv:`; a
    /// URI of another vocabulary is returned unchanged.
    #[must_use]
    pub fn word(self, text: &str) -> String {
        // No document can give the prefix `cbv` another namespace.
        let uri = match text.strip_prefix("cbv:") {
            Some(local) => format!("{CBV}{local}"),
            None => self.expand(text),
        };
        self.shorten(&uri).to_owned()
    }

    /// The bare word of a web URI of this vocabulary; any other text is returned unchanged.
    #[must_use]
    pub fn shorten(self, uri: &str) -> &str {
        let (namespace, prefix) = self.web();
        uri.strip_prefix(namespace).and_then(|rest| rest.strip_prefix(prefix)).unwrap_or(uri)
    }
}

/// Converts `urn:epcglobal:cbv:bizstep:x`, or the URN of another CBV vocabulary, to its web URI; `None` for any other
/// text.
#[must_use]
pub fn expand_urn(uri: &str) -> Option<String> {
    let (kind, word) = uri.strip_prefix("urn:epcglobal:cbv:")?.split_once(':')?;
    let prefix = match kind {
        "bizstep" => "BizStep-",
        "disp" => "Disp-",
        "btt" => "BTT-",
        "sdt" => "SDT-",
        "er" => "ER-",
        _ => return None,
    };
    Some(format!("{CBV}{prefix}{word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_word_becomes_one_uri() {
        let uri = "https://ref.gs1.org/cbv/BizStep-shipping";
        for spelling in ["shipping", "urn:epcglobal:cbv:bizstep:shipping", uri] {
            assert_eq!(Vocabulary::BizStep.expand(spelling), uri);
        }
        assert_eq!(Vocabulary::BizStep.shorten(uri), "shipping");
        assert_eq!(
            Vocabulary::Measurement.expand("Temperature"),
            "https://ref.gs1.org/voc/Temperature"
        );
    }
}
