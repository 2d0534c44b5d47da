//! JSON objects in the order and with the digits in which they were sent.
//!
//! A map of `serde_json` sorts names and turns numbers into floats; neither happens here.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of an object as they follow each other; a name may be there twice.
pub(crate) struct RawObject<'a> {
    pub(crate) members: Vec<RawMember<'a>>,
}

/// A name and the text of its value.
pub(crate) struct RawMember<'a> {
    pub(crate) name: String,
    pub(crate) value: &'a RawValue,
}

impl<'a> RawObject<'a> {
    /// The value of the first member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.members.iter().find(|member| member.name == name);
        found.map(|member| member.value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawObject<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let value = map.next_value::<&RawValue>()?;
                    members.push(RawMember { name, value });
                }
                Ok(RawObject { members })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The content of a string, or the digits of a number; `None` for any other value.
pub(crate) fn text_of(value: &RawValue) -> Option<String> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).ok(),
        Some(b'-' | b'0'..=b'9') => Some(text.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_stay() {
        let text = r#"{"b": 1.10, "a": "2.50", "\u0063": [1], "b": null}"#;
        let object: RawObject = serde_json::from_str(text).unwrap();
        let names: Vec<&str> = object.members.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["b", "a", "c", "b"]);
        let read = |name| object.get(name).and_then(text_of);
        assert_eq!(read("b").as_deref(), Some("1.10"));
        assert_eq!(read("a").as_deref(), Some("2.50"));
        assert_eq!(read("c"), None);
        assert!(serde_json::from_str::<RawObject>("[1]").is_err());
    }
}
