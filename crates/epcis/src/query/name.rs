//! Names of parameters: which criterion each one is.
//!
//! The way through: [`Parameter::read`] looks the name up among the fixed ones, then takes it apart: operator, `INNER_`,
//! place, field or unit.
//!
//! What holds: the query schema and the REST description differ, and both are accepted: `GE_errorDeclarationTime` and
//! `GE_errorDeclaration_Time`; every operator goes with every place, so `GT_readPoint_ex:zone` is accepted too, which neither
//! lists. `EQATTR_` is the spelling of the standard's text for `EQ_ATTR_`. The patterns of the published schema have two
//! backslashes too many and match no name; what they mean is clear.
//!
//! Not here: values (`value.rs`).
//!
//! Sources: EPCIS 2.0 section 8.2.7.1, query-schema.json and openapi.json of its REST bindings.

use super::key;
use super::operand::Side;
use super::scope::{Field, Scope};
use crate::context::{Context, UNDECLARED};
use crate::vocabulary::Vocabulary;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Compare(Side),
}

/// A time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeField {
    Event,
    Record,
    ErrorDeclaration,
    /// `time` of sensor metadata or of a sensor report.
    Sensor,
    SensorStart,
    SensorEnd,
}

/// A word of a vocabulary in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordField {
    BizStep,
    Disposition,
    Set,
    Unset,
    ErrorReason,
    SensorType,
}

impl WordField {
    pub fn vocabulary(self) -> Vocabulary {
        match self {
            Self::BizStep => Vocabulary::BizStep,
            Self::Disposition | Self::Set | Self::Unset => Vocabulary::Disposition,
            Self::ErrorReason => Vocabulary::ErrorReason,
            Self::SensorType => Vocabulary::Measurement,
        }
    }
}

/// A URI in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UriField {
    ReadPoint,
    BizLocation,
    TransformationId,
    DeviceId,
    DataProcessingMethod,
    Microorganism,
    ChemicalSubstance,
    BizRules,
    UriValue,
}

/// A place in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceField {
    ReadPoint,
    BizLocation,
}

/// Things or classes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThingField {
    Epc,
    ParentId,
    InputEpc,
    OutputEpc,
    AnyEpc,
    EpcClass,
    InputEpcClass,
    OutputEpcClass,
    AnyEpcClass,
}

/// A list of pairs of type and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairField {
    BizTransaction,
    Source,
    Destination,
}

impl PairField {
    pub fn vocabulary(self) -> Vocabulary {
        match self {
            Self::BizTransaction => Vocabulary::BizTransactionType,
            Self::Source | Self::Destination => Vocabulary::SourceDestType,
        }
    }
}

/// A part of an event that may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    ErrorDeclaration,
    SensorElementList,
}

/// A text in a sensor report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextField {
    StringValue,
    HexBinaryValue,
}

/// A number in a sensor report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Value,
    MinValue,
    MaxValue,
    MeanValue,
    StandardDeviation,
    PercValue,
    /// Without a unit.
    PercRank,
}

impl Measure {
    const WITH_UNIT: [Self; 6] = [
        Self::Value,
        Self::MinValue,
        Self::MaxValue,
        Self::MeanValue,
        Self::StandardDeviation,
        Self::PercValue,
    ];

    /// The member of a sensor report.
    pub fn member(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::MinValue => "minValue",
            Self::MaxValue => "maxValue",
            Self::MeanValue => "meanValue",
            Self::StandardDeviation => "sDev",
            Self::PercValue => "percValue",
            Self::PercRank => "percRank",
        }
    }
}

/// A field whose value is an element of a vocabulary, about which master data may say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attributed {
    Word(WordField),
    ReadPoint,
    BizLocation,
    Things(ThingField),
    Pair(PairField),
    Extension(Field),
}

/// What a parameter is, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parameter {
    EventType,
    Action,
    EventId,
    CorrectiveEventId,
    BooleanValue,
    OrderBy,
    OrderDirection,
    EventCountLimit,
    MaxEventCount,
    Time(TimeField, Side),
    Word(WordField),
    Uri(UriField),
    Within(PlaceField),
    Things(ThingField),
    Text(TextField),
    Exists(Part),
    Quantity(Option<String>, Operator),
    Measured(Measure, Option<String>, Operator),
    /// List, type as a web URI.
    Pair(PairField, String),
    Field(Field, Operator),
    FieldExists(Field),
    HasAttribute(Attributed),
    /// Field, name of the attribute.
    AttributeIs(Attributed, String),
}

/// Why a name is no parameter: the problem, and what is accepted.
pub(super) type Refusal = (String, String);

/// Prefix of the members that only a ledger writes.
pub(super) const LEDGER: &str = "chopmark:";

const UNKNOWN: &str = "no parameter of the query language";
const EXPECTED: &str = "a parameter of EPCIS 2.0 section 8.2.7.1 (docs/epcis-queries.md)";

fn unknown() -> Refusal {
    (UNKNOWN.to_owned(), EXPECTED.to_owned())
}

impl Parameter {
    /// Reads the name of a parameter.
    ///
    /// - `context`: the prefixes of the query.
    pub fn read(name: &str, context: &Context) -> Result<Self, Refusal> {
        if let Some(fixed) = fixed(name) {
            return Ok(fixed);
        }
        let (operator, rest) = name.split_once('_').ok_or_else(unknown)?;
        let side = match operator {
            "EXISTS" => return field(rest, context).map(Self::FieldExists),
            "HASATTR" => return attributed(rest, context).map(Self::HasAttribute),
            "EQATTR" => return attribute(rest, context),
            "EQ" => Operator::Equal,
            "GT" => Operator::Compare(Side::Greater),
            "GE" => Operator::Compare(Side::GreaterOrEqual),
            "LT" => Operator::Compare(Side::Less),
            "LE" => Operator::Compare(Side::LessOrEqual),
            _ => return Err(unknown()),
        };
        if let (Operator::Equal, Some(rest)) = (side, rest.strip_prefix("ATTR_")) {
            return attribute(rest, context);
        }
        if let (Operator::Equal, Some((list, kind))) = (side, pair(rest)) {
            let vocabulary = list.vocabulary();
            let uri = key::word(vocabulary, kind, context);
            check_word(vocabulary, kind, &uri)?;
            return Ok(Self::Pair(list, uri));
        }
        if let Some(measured) = number(rest, side) {
            return measured;
        }
        field(rest, context).map(|field| Self::Field(field, side))
    }
}

/// Checks a word in any spelling: `text` as it was written, `uri` its web URI.
pub(super) fn check_word(vocabulary: Vocabulary, text: &str, uri: &str) -> Result<(), Refusal> {
    vocabulary.check(uri).map_err(|error| {
        // The web URI of a bare word would only confuse.
        let nearest = vocabulary.check(text).err().unwrap_or(error);
        (nearest.problem.to_owned(), nearest.expected)
    })
}

/// The parameters without variable parts.
fn fixed(name: &str) -> Option<Parameter> {
    use Parameter as P;
    time(name).or_else(|| things(name)).or_else(|| {
        Some(match name {
            "eventType" => P::EventType,
            "EQ_action" => P::Action,
            "EQ_eventID" => P::EventId,
            "EQ_correctiveEventID" => P::CorrectiveEventId,
            "EQ_booleanValue" => P::BooleanValue,
            "orderBy" => P::OrderBy,
            "orderDirection" => P::OrderDirection,
            "eventCountLimit" => P::EventCountLimit,
            "maxEventCount" => P::MaxEventCount,
            "EQ_bizStep" => P::Word(WordField::BizStep),
            "EQ_disposition" => P::Word(WordField::Disposition),
            "EQ_persistentDisposition_set" => P::Word(WordField::Set),
            "EQ_persistentDisposition_unset" => P::Word(WordField::Unset),
            "EQ_errorReason" => P::Word(WordField::ErrorReason),
            "EQ_type" => P::Word(WordField::SensorType),
            "EQ_readPoint" => P::Uri(UriField::ReadPoint),
            "EQ_bizLocation" => P::Uri(UriField::BizLocation),
            "EQ_transformationID" => P::Uri(UriField::TransformationId),
            "EQ_deviceID" => P::Uri(UriField::DeviceId),
            "EQ_dataProcessingMethod" => P::Uri(UriField::DataProcessingMethod),
            "EQ_microorganism" => P::Uri(UriField::Microorganism),
            "EQ_chemicalSubstance" => P::Uri(UriField::ChemicalSubstance),
            "EQ_bizRules" => P::Uri(UriField::BizRules),
            "EQ_uriValue" => P::Uri(UriField::UriValue),
            "WD_readPoint" => P::Within(PlaceField::ReadPoint),
            "WD_bizLocation" => P::Within(PlaceField::BizLocation),
            "EQ_stringValue" => P::Text(TextField::StringValue),
            "EQ_hexBinaryValue" => P::Text(TextField::HexBinaryValue),
            "EXISTS_errorDeclaration" => P::Exists(Part::ErrorDeclaration),
            "EXISTS_sensorElementList" => P::Exists(Part::SensorElementList),
            _ => return None,
        })
    })
}

/// The parameters of times, which have a beginning that belongs to them and an end that does not.
fn time(name: &str) -> Option<Parameter> {
    let (side, rest) = match name.split_once('_')? {
        ("GE", rest) => (Side::GreaterOrEqual, rest),
        ("LT", rest) => (Side::Less, rest),
        _ => return None,
    };
    let field = match rest {
        "eventTime" => TimeField::Event,
        "recordTime" => TimeField::Record,
        "errorDeclarationTime" | "errorDeclaration_Time" => TimeField::ErrorDeclaration,
        "time" => TimeField::Sensor,
        "startTime" => TimeField::SensorStart,
        "endTime" => TimeField::SensorEnd,
        _ => return None,
    };
    Some(Parameter::Time(field, side))
}

fn things(name: &str) -> Option<Parameter> {
    let field = match name.strip_prefix("MATCH_")? {
        "epc" => ThingField::Epc,
        "parentID" => ThingField::ParentId,
        "inputEPC" => ThingField::InputEpc,
        "outputEPC" => ThingField::OutputEpc,
        "anyEPC" => ThingField::AnyEpc,
        "epcClass" => ThingField::EpcClass,
        "inputEPCClass" => ThingField::InputEpcClass,
        "outputEPCClass" => ThingField::OutputEpcClass,
        "anyEPCClass" => ThingField::AnyEpcClass,
        _ => return None,
    };
    Some(Parameter::Things(field))
}

/// List and type of `bizTransaction_TYPE`.
fn pair(rest: &str) -> Option<(PairField, &str)> {
    let lists = [
        ("bizTransaction_", PairField::BizTransaction),
        ("source_", PairField::Source),
        ("destination_", PairField::Destination),
    ];
    lists.into_iter().find_map(|(start, list)| Some((list, rest.strip_prefix(start)?)))
}

/// `quantity`, `quantity_KGM`, `value_CEL`, `percRank`; none if it is no number of the standard.
fn number(rest: &str, operator: Operator) -> Option<Result<Parameter, Refusal>> {
    match rest {
        "quantity" => return Some(Ok(Parameter::Quantity(None, operator))),
        "percRank" => return Some(Ok(Parameter::Measured(Measure::PercRank, None, operator))),
        _ => {}
    }
    let (member, unit) = rest.split_once('_')?;
    let measure = Measure::WITH_UNIT.into_iter().find(|measure| measure.member() == member);
    if measure.is_none() && member != "quantity" {
        return None;
    }
    let is_unit = (2..=4).contains(&unit.len())
        && unit.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !is_unit {
        let problem = format!("`{}` is no unit", unit.chars().take(20).collect::<String>());
        let expected =
            "a UN/ECE unit code of 2 to 4 capital letters and digits, such as CEL or KGM";
        return Some(Err((problem, expected.to_owned())));
    }
    let unit = Some(unit.to_owned());
    Some(Ok(match measure {
        Some(measure) => Parameter::Measured(measure, unit, operator),
        None => Parameter::Quantity(unit, operator),
    }))
}

/// `[INNER_][PLACE_]prefix:name`.
fn field(rest: &str, context: &Context) -> Result<Field, Refusal> {
    let (is_inner, rest) = match rest.strip_prefix("INNER_") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let found = Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::Event)
        .find_map(|scope| Some((scope, rest.strip_prefix(scope.name())?.strip_prefix('_')?)));
    let (scope, name) = found.unwrap_or((Scope::Event, rest));
    if !name.contains(':') {
        return Err(unknown());
    }
    Ok(Field { scope, is_inner, name: extension(name, context)? })
}

/// The whole name of an extension field or of an attribute with a prefix.
pub(super) fn extension(name: &str, context: &Context) -> Result<String, Refusal> {
    let local = name.split_once(':').map_or("", |(_, local)| local);
    let is_name = !local.is_empty()
        && !name.starts_with(':')
        && !name.chars().any(|c| c.is_whitespace() || c.is_control());
    if !is_name {
        let expected = "prefix, colon and name, such as example:myField";
        return Err(("not the name of an extension field".to_owned(), expected.to_owned()));
    }
    if let Some(whole) = key::expanded(name, context) {
        return Ok(whole);
    }
    // A prefix that nobody explains would select nothing without a word.
    let is_whole = name.contains("://") || name.starts_with("urn:") || name.starts_with(LEDGER);
    if is_whole || context.has_addresses() {
        return Ok(name.to_owned());
    }
    let prefix = name.split(':').next().unwrap_or_default();
    let prefix: String = prefix.chars().take(40).collect();
    let expected = format!(
        "`{prefix}` with its namespace in @context of the query or in the header GS1-Extensions"
    );
    Err((UNDECLARED.to_owned(), expected))
}

/// The field of `HASATTR_…`.
fn attributed(name: &str, context: &Context) -> Result<Attributed, Refusal> {
    if name.contains(':') {
        let name = extension(name, context)?;
        return Ok(Attributed::Extension(Field { scope: Scope::Event, is_inner: false, name }));
    }
    standard(name).ok_or_else(|| {
        let expected = "bizStep, disposition, readPoint, bizLocation, epcList, epcClass, parentID, childEPCs, \
                        inputEPCList, outputEPCList, bizTransaction, source, destination or an extension field";
        ("not a field with master data".to_owned(), expected.to_owned())
    })
}

fn standard(name: &str) -> Option<Attributed> {
    Some(match name {
        "bizStep" => Attributed::Word(WordField::BizStep),
        "disposition" => Attributed::Word(WordField::Disposition),
        "readPoint" => Attributed::ReadPoint,
        "bizLocation" => Attributed::BizLocation,
        "epc" | "epcList" | "childEPCs" => Attributed::Things(ThingField::Epc),
        "parentID" => Attributed::Things(ThingField::ParentId),
        "inputEPCList" => Attributed::Things(ThingField::InputEpc),
        "outputEPCList" => Attributed::Things(ThingField::OutputEpc),
        "epcClass" => Attributed::Things(ThingField::AnyEpcClass),
        "bizTransaction" => Attributed::Pair(PairField::BizTransaction),
        "source" => Attributed::Pair(PairField::Source),
        "destination" => Attributed::Pair(PairField::Destination),
        _ => return None,
    })
}

/// `FIELD_ATTRIBUTE`: the name of a standard field has no underscore; that of an extension field ends at the last one
/// before the attribute.
fn attribute(rest: &str, context: &Context) -> Result<Parameter, Refusal> {
    let malformed = || {
        let expected = "EQ_ATTR_FIELD_ATTRIBUTE, such as EQ_ATTR_bizLocation_cbvmda:countryCode";
        ("does not name a field and an attribute".to_owned(), expected.to_owned())
    };
    let standard = rest.split_once('_').filter(|(field, _)| standard(field).is_some());
    let (field, name) = standard.or_else(|| rest.rsplit_once('_')).ok_or_else(malformed)?;
    if name.is_empty() {
        return Err(malformed());
    }
    let field = attributed(field, context)?;
    Ok(Parameter::AttributeIs(field, attribute_name(name, context)?))
}

/// The whole name of an attribute; one without prefix is as it was written.
pub(super) fn attribute_name(name: &str, context: &Context) -> Result<String, Refusal> {
    if name.contains(':') { extension(name, context) } else { Ok(name.to_owned()) }
}
