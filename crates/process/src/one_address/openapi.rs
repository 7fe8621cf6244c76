//! Two descriptions of interfaces (`openapi.json`, version 3.1) as one.
//!
//! What holds: every path and method of both is in it; where both have one, the first one's counts; a component whose name
//! both use for different things gets another name.
//!
//! Source: the `OpenAPI` specification, 3.1.0.

use serde_json::{Map, Value};

/// What the components of the second one are called whose names the first one uses for something else.
const PREFIX: &str = "Capture-";

/// The description of both.
///
/// # Errors
///
/// If one of them is not JSON.
pub fn merged(first: &str, second: &str) -> Result<String, serde_json::Error> {
    let mut first: Value = serde_json::from_str(first)?;
    let mut second: Value = serde_json::from_str(second)?;
    for (kind, name) in clashing(&first, &second) {
        let (old, new) = (place(&kind, &name), place(&kind, &format!("{PREFIX}{name}")));
        point_elsewhere(&mut second, &old, &new);
        if kind == "securitySchemes" {
            rename_scheme(&mut second, &name);
        }
        if let Some(all) =
            second.pointer_mut(&format!("/components/{kind}")).and_then(Value::as_object_mut)
            && let Some(component) = all.remove(&name)
        {
            all.insert(format!("{PREFIX}{name}"), component);
        }
    }
    for part in ["paths", "components"] {
        let (Some(all), Some(more)) = (object(&mut first, part), object(&mut second, part)) else {
            continue;
        };
        for (name, members) in std::mem::take(more) {
            let known = all.entry(name).or_insert_with(|| Value::Object(Map::new()));
            let (Some(known), Value::Object(members)) = (known.as_object_mut(), members) else {
                continue;
            };
            for (key, value) in members {
                known.entry(key).or_insert(value);
            }
        }
    }
    serde_json::to_string(&first)
}

fn object<'a>(root: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    root.get_mut(name)?.as_object_mut()
}

fn place(kind: &str, name: &str) -> String {
    format!("#/components/{kind}/{name}")
}

/// Kind and name of the components that both have and that are not the same.
fn clashing(first: &Value, second: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (kind, members) in second["components"].as_object().into_iter().flatten() {
        for (name, value) in members.as_object().into_iter().flatten() {
            let other = first["components"][kind].get(name);
            if other.is_some_and(|other| other != value) {
                found.push((kind.clone(), name.clone()));
            }
        }
    }
    found
}

/// Changes every reference to `old`.
fn point_elsewhere(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "$ref" && value == old {
                    *value = new.into();
                } else {
                    point_elsewhere(value, old, new);
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| point_elsewhere(one, old, new)),
        _ => {}
    }
}

/// Changes the name of a scheme where operations ask for it.
fn rename_scheme(root: &mut Value, name: &str) {
    let paths = object(root, "paths").into_iter().flatten();
    let operations = paths.filter_map(|(_, path)| path.as_object_mut()).flatten();
    for asked in operations.filter_map(|(_, one)| one.get_mut("security")?.as_array_mut()).flatten()
    {
        if let Some(asked) = asked.as_object_mut()
            && let Some(scopes) = asked.remove(name)
        {
            asked.insert(format!("{PREFIX}{name}"), scopes);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_are_in_it_the_first_counts_and_names_that_mean_two_things_are_kept_apart() {
        let first = json!({
            "openapi": "3.1.0", "info": {"title": "first"},
            "paths": {"/a": {"get": {"x": 1}}, "/b": {"get": {"$ref": "#/components/schemas/S"}}},
            "components": {"schemas": {"S": {"type": "string"}, "T": {}}, "securitySchemes": {"k": {"a": 1}}},
        });
        let second = json!({
            "info": {"title": "second"},
            "paths": {"/a": {"get": {"x": 2}, "post": {"security": [{"k": []}], "y": [{"$ref": "#/components/schemas/S"}]}},
                      "/c": {"get": {"$ref": "#/components/schemas/T"}}},
            "components": {"schemas": {"S": {"type": "integer"}, "T": {}}, "headers": {"h": {}},
                           "securitySchemes": {"k": {"a": 2}}},
        });
        let text = merged(&first.to_string(), &second.to_string()).unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["info"]["title"], "first");
        assert_eq!(found["paths"]["/a"]["get"]["x"], 1);
        let post = &found["paths"]["/a"]["post"];
        assert_eq!(post["y"][0]["$ref"], "#/components/schemas/Capture-S");
        assert_eq!(post["security"], json!([{"Capture-k": []}]));
        assert_eq!(found["paths"]["/c"]["get"]["$ref"], "#/components/schemas/T");
        assert_eq!(found["components"]["schemas"]["S"]["type"], "string");
        assert_eq!(found["components"]["schemas"]["Capture-S"]["type"], "integer");
        assert_eq!(found["components"]["securitySchemes"]["Capture-k"]["a"], 2);
        assert!(found["components"]["headers"].get("h").is_some());
        assert!(merged("{", "{}").is_err());
    }
}
