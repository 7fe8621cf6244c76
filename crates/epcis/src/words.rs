//! The words of each vocabulary, and which of them is nearest to a word that is not in it.
//!
//! The way through: [`Vocabulary::check`] says whether a text is a word of the vocabulary in any spelling, or a URI of
//! another authority's vocabulary.
//!
//! What holds: a text in a namespace of CBV or of the GS1 Web Vocabulary must be one of their words; a URI of another
//! authority is accepted and never taken for a word of CBV, whatever its last part is.
//!
//! Not here: business steps and dispositions as types ([`BizStep`], [`Disposition`]).
//!
//! Sources: CBV 2.0 section 7; JSON schema of EPCIS 2.0; GS1 Web Vocabulary, measurement types.

use crate::biz_step::BizStep;
use crate::context::{Context, UNDECLARED};
use crate::disposition::Disposition;
use crate::uri::is_uri;
use crate::vocabulary::{CBV, GS1, Vocabulary};

static STEPS: [BizStep; 41] = BizStep::ALL;
static DISPOSITIONS: [Disposition; 33] = Disposition::ALL;

const BIZ_TRANSACTION_TYPES: &str =
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt";
const SOURCE_DEST_TYPES: &str = "owning_party possessing_party location";
const ERROR_REASONS: &str = "did_not_occur incorrect_data";
const COMPONENTS: &str = "x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting \
                          northing latitude longitude altitude";
const EXCEPTIONS: &str = "ALARM_CONDITION ERROR_CONDITION";
const MEASUREMENTS: &str = "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude \
    AmountOfSubstance AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity \
    Area Capacitance Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate \
    DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure \
    Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance \
    LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass \
    MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass \
    MolarVolume Power Pressure RadiantFlux RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle \
    SpecificVolume Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate \
    VolumeFraction VolumetricFlux Wavenumber";

/// Longest word that a nearest one is looked for.
const LONGEST: usize = 80;

/// Why a text is no element of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordError {
    /// The problem: `not a word of CBV 2.0`.
    pub problem: &'static str,
    /// What is accepted, with the nearest word where there is one.
    pub expected: String,
}

impl Vocabulary {
    /// All words of the vocabulary.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::BizStep => STEPS.iter().map(BizStep::word).collect(),
            Self::Disposition => DISPOSITIONS.iter().map(Disposition::word).collect(),
            Self::BizTransactionType => BIZ_TRANSACTION_TYPES.split(' ').collect(),
            Self::SourceDestType => SOURCE_DEST_TYPES.split(' ').collect(),
            Self::ErrorReason => ERROR_REASONS.split(' ').collect(),
            Self::Component => COMPONENTS.split(' ').collect(),
            Self::Exception => EXCEPTIONS.split(' ').collect(),
            Self::Measurement => MEASUREMENTS.split_whitespace().collect(),
        }
    }

    /// Checks that `text` is an element as JSON has it: a bare word of the vocabulary or its web URI, or a URI of another
    /// authority. URNs of the vocabulary are spellings of XML and are refused.
    ///
    /// # Errors
    ///
    /// [`WordError`], with the nearest word of the vocabulary.
    pub fn check(self, text: &str) -> Result<(), WordError> {
        self.check_within(text, &Context::default())
    }

    /// As [`Vocabulary::check`], where `context` defines further prefixes.
    pub(crate) fn check_within(self, text: &str, context: &Context) -> Result<(), WordError> {
        const OWN: &str = "a bare word, or the prefix `cbv:` or `gs1:` of the standard";
        if !text.contains(':') {
            return self.check_word(text, text);
        }
        if !is_uri(text) {
            return Err(WordError { problem: "not a URI", expected: self.suggestion(text) });
        }
        self.check_spelling(text)?;
        let Some((namespace, local)) = context.split(text) else {
            if context.knows(text) {
                return self.check_uri(text);
            }
            let prefix = text.split(':').next().unwrap_or_default();
            let expected = format!("`{prefix}` with its namespace in @context, or a whole URI");
            return Err(WordError { problem: UNDECLARED, expected });
        };
        let uri = format!("{namespace}{local}");
        let is_standard = text.starts_with("cbv:") || text.starts_with("gs1:");
        // Whoever reads the record later would need the document's context to see what is meant.
        let is_of_standard =
            uri.starts_with(CBV) || uri.starts_with(GS1) || self.check_spelling(&uri).is_err();
        if !is_standard && is_of_standard {
            let problem = "spells a word of the standard with a prefix of its own";
            return Err(WordError { problem, expected: OWN.to_owned() });
        }
        self.check_uri(&uri)
    }

    /// Refuses the spellings that JSON does not have: the URNs of XML, and the addresses that the vocabularies had before
    /// the standard was ratified.
    fn check_spelling(self, text: &str) -> Result<(), WordError> {
        const OLDER: [&str; 6] = [
            "https://ns.gs1.org/cbv/",
            "http://ns.gs1.org/cbv/",
            "https://gs1.org/voc/",
            "http://gs1.org/voc/",
            "https://www.gs1.org/voc/",
            "http://www.gs1.org/voc/",
        ];
        let problem = if text.starts_with("urn:epcglobal:cbv") {
            "spells a word of the standard as a URN, which is the spelling of XML"
        } else if OLDER.iter().any(|older| text.starts_with(older)) {
            "spells a word of the standard with an older address"
        } else {
            return Ok(());
        };
        Err(WordError { problem, expected: self.suggestion(text) })
    }

    fn check_uri(self, uri: &str) -> Result<(), WordError> {
        const FORM: &str = "not a URI of this vocabulary";
        if !uri.starts_with(CBV) && !uri.starts_with(GS1) {
            return Ok(());
        }
        match self.shorten(uri) {
            word if word != uri => self.check_word(word, word),
            _ => Err(WordError { problem: FORM, expected: self.suggestion(uri) }),
        }
    }

    fn check_word(self, word: &str, shown: &str) -> Result<(), WordError> {
        if self.words().contains(&word) {
            return Ok(());
        }
        let problem = "not a word of the standard's vocabulary";
        Err(WordError { problem, expected: self.suggestion(shown) })
    }

    /// What is accepted in place of `text`.
    fn suggestion(self, text: &str) -> String {
        const OWN: &str = "or a URI of your own vocabulary";
        let word = text.rsplit(['/', ':', '-']).next().unwrap_or(text);
        let words = self.words();
        match self.nearest(word) {
            Some(nearest) => format!("`{nearest}`, the nearest word, {OWN}"),
            None if words.len() <= 15 => format!("one of {}, {OWN}", words.join(", ")),
            None => format!("a word of the vocabulary, {OWN}"),
        }
    }

    /// The word of the vocabulary that is nearest to `word`; `None` if more than half of it would have to change.
    #[must_use]
    pub fn nearest(self, word: &str) -> Option<&'static str> {
        nearest(word, self.words())
    }
}

/// The one of `known` that is nearest to `word`; `None` if more than half of it would have to change.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let with_distance =
        known.into_iter().map(|known| (distance(&lower, &known.to_lowercase()), known));
    let (changes, nearest) = with_distance.min_by_key(|(changes, _)| *changes)?;
    (changes * 2 <= nearest.len().max(word.len())).then_some(nearest)
}

/// How many characters have to be inserted, removed or replaced to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_accepted_in_each_spelling_and_only_in_its_own_vocabulary() {
        for word in Vocabulary::BizStep.words() {
            for spelling in [
                word.to_owned(),
                format!("https://ref.gs1.org/cbv/BizStep-{word}"),
                format!("cbv:BizStep-{word}"),
            ] {
                assert_eq!(Vocabulary::BizStep.check(&spelling), Ok(()), "{spelling}");
            }
        }
        for (vocabulary, text) in [
            (Vocabulary::Measurement, "gs1:Temperature"),
            (Vocabulary::Measurement, "https://ref.gs1.org/voc/Temperature"),
            (Vocabulary::Component, "cbv:Comp-latitude"),
            (Vocabulary::Exception, "ALARM_CONDITION"),
            (Vocabulary::SourceDestType, "https://ref.gs1.org/cbv/SDT-owning_party"),
            (Vocabulary::ErrorReason, "did_not_occur"),
            (Vocabulary::BizTransactionType, "desadv"),
            (Vocabulary::Disposition, "https://voc.example/steps/recalled"),
            (Vocabulary::BizTransactionType, "urn:gs1:epcisapp:rail:btt:passage"),
        ] {
            assert_eq!(vocabulary.check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_word_that_does_not_exist_is_refused_in_each_spelling_and_the_nearest_is_named() {
        for (vocabulary, text, nearest) in [
            (Vocabulary::BizStep, "comissioning", "`commissioning`"),
            (Vocabulary::BizStep, "Shipping", "`shipping`"),
            (Vocabulary::BizStep, "urn:epcglobal:cbv:bizstep:recieving", "`receiving`"),
            (Vocabulary::BizStep, "urn:epcglobal:cbv:bizstep:receiving", "`receiving`"),
            (Vocabulary::BizStep, "https://ns.gs1.org/cbv/BizStep-receiving", "`receiving`"),
            (Vocabulary::Measurement, "https://gs1.org/voc/Temperature", "`Temperature`"),
            (Vocabulary::BizStep, "https://ref.gs1.org/cbv/BizStep-recieving", "`receiving`"),
            (Vocabulary::BizStep, "urn:epcglobal:cbv:disp:shipping", "`shipping`"),
            (Vocabulary::BizStep, "https://ref.gs1.org/cbv/Disp-packing", "`packing`"),
            (Vocabulary::Disposition, "recaled", "`recalled`"),
            (Vocabulary::BizTransactionType, "desavd", "`desadv`"),
            (Vocabulary::SourceDestType, "owner_party", "`owning_party`"),
            (Vocabulary::ErrorReason, "did_not_ocur", "`did_not_occur`"),
            (Vocabulary::Measurement, "Temprature", "`Temperature`"),
            (Vocabulary::Measurement, "gs1:Temprature", "`Temperature`"),
            (Vocabulary::Component, "longtude", "`longitude`"),
            (Vocabulary::Exception, "ALARM", "`ALARM_CONDITION`"),
        ] {
            let found = vocabulary.check(text).map_err(|error| error.expected);
            let names = found.as_ref().is_err_and(|expected| expected.contains(nearest));
            assert!(names || text == "ALARM" && found.is_err(), "{text}: {found:?}");
        }
        for far in
            ["", "qqqqqqqqqqqqqqqqqqqqqqqqqqq", &"x".repeat(10_000), ":recalled", "1:x", "::"]
        {
            assert!(Vocabulary::Disposition.check(far).is_err(), "{far}");
        }
    }

    #[test]
    fn a_distance_counts_insertions_removals_and_replacements() {
        for (a, b, count) in
            [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("packing", "picking", 1)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (count, count), "{a} {b}");
        }
    }
}
