//! The JSON objects of a payload, parsed in one pass where nothing is wrong.
//!
//! What holds: a payload is one object, an array of objects, or objects that follow one another; any other, and any
//! object that is not of the wanted form, gives none at all: then [`super::json_records`] finds each record's own text,
//! so that what is wrong is refused with it and the others are taken.
//!
//! Not here: that slower way.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// An object: without this, an array of the members' values would be one too.
struct Object<T>(T);

impl<'a, T: Deserialize<'a>> Deserialize<'a> for Object<T> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'a, T: Deserialize<'a>> Visitor<'a> for Members<T> {
            type Value = T;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'a>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        from.deserialize_map(Members(PhantomData)).map(Object)
    }
}

/// The objects of a payload, in order, if it has nothing else and all of them are of this form; none of an empty one.
pub(crate) fn json_objects<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Option<Vec<T>> {
    let objects: Vec<Object<T>> = match payload.trim_ascii_start().first()? {
        b'{' => serde_json::Deserializer::from_slice(payload)
            .into_iter()
            .collect::<Result<_, _>>()
            .ok()?,
        b'[' => serde_json::from_slice(payload).ok()?,
        _ => return None,
    };
    Some(objects.into_iter().map(|Object(object)| object).collect())
}
