//! What a value must be: forms, lists of them, and the tables of objects.
//!
//! Source: JSON schema of EPCIS 2.0.

use crate::vocabulary::Vocabulary;

/// What a URI may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// One thing, place or party, but no class.
    One,
    /// A class of things.
    Class,
    /// Whatever has a key, or nothing that has one.
    Any,
    /// A page, a file, a definition: an address is not read as a key, since its path may look like one by chance.
    Resource,
}

/// The form that a value must have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Any JSON; what is in it is checked elsewhere or belongs to others.
    Any,
    /// Contexts; they are read before.
    Context,
    /// Any text.
    Text,
    Number,
    /// A number that is not negative.
    Quantity,
    /// True or false.
    Truth,
    /// Hexadecimal digits.
    Hex,
    /// A text, a number or an object: the value of a master data attribute.
    Attribute,
    /// A version of EPCIS that is read here.
    Version,
    /// A time with offset, RFC 3339.
    Time,
    /// An offset from UTC: `+08:00`.
    Offset,
    /// ADD, OBSERVE or DELETE.
    Action,
    /// A unit of UN/CEFACT Recommendation 20.
    Unit,
    Uri(Names),
    /// One resource, or a list of them.
    Resources,
    Word(Vocabulary),
    List(&'static List),
    Object(&'static Shape),
}

impl Form {
    /// What is expected, for people.
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Context => {
                "the address of the EPCIS 2.0 context, alone or in an array with prefixes"
            }
            Self::Text => "a text",
            Self::Number | Self::Quantity => "a number, without quotes",
            Self::Truth => "true or false, without quotes",
            Self::Hex => "hexadecimal digits, at least one",
            Self::Attribute => "a text, a number or an object",
            Self::Version => "\"2.0\", with quotes",
            Self::Time => crate::date_time::EXPECTED,
            Self::Offset => "`+hh:mm` or `-hh:mm`, at most 14:00",
            Self::Action => "ADD, OBSERVE or DELETE",
            Self::Unit => "a UN/ECE unit code of 2 or 3 capital letters and digits, such as KGM",
            Self::Uri(Names::One) => "the URI of one thing",
            Self::Uri(Names::Class) => "the URI of a class",
            Self::Uri(Names::Any | Names::Resource) => {
                "an absolute URI in ASCII without white space, at most 2048 bytes"
            }
            Self::Resources => "a URI, or an array of URIs",
            Self::Word(_) => "a word of the standard's vocabulary, or a URI of your own",
            Self::List(list) => list.what,
            Self::Object(shape) => shape.what,
        }
    }
}

/// A list of values of one form.
#[derive(Debug)]
pub(crate) struct List {
    /// What it is, for people: `an array of business transactions`.
    pub what: &'static str,
    pub of: Form,
    /// Whether it has at least one element.
    pub is_filled: bool,
    /// Whether nothing may be in it twice.
    pub has_each_once: bool,
}

impl List {
    pub(super) const fn of(what: &'static str, of: Form) -> Self {
        Self { what, of, is_filled: false, has_each_once: false }
    }

    pub(super) const fn filled(mut self) -> Self {
        self.is_filled = true;
        self
    }

    pub(super) const fn each_once(mut self) -> Self {
        self.has_each_once = true;
        self
    }
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    pub name: &'static str,
    pub form: Form,
    pub is_required: bool,
}

/// A member that may be absent.
pub(super) const fn may(name: &'static str, form: Form) -> Member {
    Member { name, form, is_required: false }
}

/// A member that may not be absent.
pub(super) const fn must(name: &'static str, form: Form) -> Member {
    Member { name, form, is_required: true }
}

/// Members of an object that its table does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// None.
    Refused,
    /// Those whose name is a URI or has a declared prefix.
    Extensions,
    /// All.
    Free,
}

/// The table of one kind of object.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it is, for people: `an error declaration`.
    pub what: &'static str,
    /// The members, in groups.
    pub groups: &'static [&'static [Member]],
    pub others: Others,
}

impl Shape {
    /// All members.
    pub fn members(&self) -> impl Iterator<Item = &'static Member> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The member `name`.
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members().find(|member| member.name == name)
    }
}
