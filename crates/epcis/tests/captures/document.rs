//! A valid document with an event of each type, and changes to it.

use ledger::json::{Json, Limits, parse};

/// A valid document with all types of events and all their fields; the values are our own.
pub const WHOLE: &str = r#"{
  "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"maker": "https://ns.maker.example/", "farm": "https://ns.farm.example/"}],
  "id": "https://maker.example/documents/7", "type": "EPCISDocument", "schemaVersion": "2.0",
  "creationDate": "2026-11-20T09:00:00+08:00", "instanceIdentifier": "7", "sender": "maker", "receiver": "shop",
  "maker:note": "first",
  "epcisHeader": {"epcisMasterData": {"vocabularyList": [{"type": "urn:epcglobal:epcis:vtype:BusinessLocation",
    "vocabularyElementList": [{"id": "urn:epc:id:sgln:9521141.00001.0",
      "attributes": [{"id": "urn:epcglobal:cbv:mda#name", "attribute": "Plant 1"}],
      "children": ["urn:epc:id:sgln:9521141.00001.7"]}]}]}},
  "epcisBody": {"eventList": [
    {"type": "ObjectEvent", "action": "ADD", "eventID": "urn:uuid:6f0e0000-0000-4000-8000-000000000001",
      "eventTime": "2026-11-20T08:15:00.125+08:00", "recordTime": "2026-11-20T08:15:01Z", "eventTimeZoneOffset": "+08:00",
      "certificationInfo": ["https://certifier.example/7"],
      "errorDeclaration": {"declarationTime": "2026-11-21T00:00:00Z", "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:6f0e0000-0000-4000-8000-000000000002"], "maker:who": "x"},
      "epcList": ["urn:epc:id:sgtin:9521141.012345.1", "https://maker.example/01/09521141123454/21/2"],
      "quantityList": [{"epcClass": "urn:epc:class:lgtin:9521141.012345.L1", "quantity": 12.5, "uom": "KGM"}],
      "bizStep": "commissioning", "disposition": "active",
      "persistentDisposition": {"set": ["completeness_verified"], "unset": ["damaged"]},
      "readPoint": {"id": "urn:epc:id:sgln:9521141.00001.7", "maker:gate": "7"},
      "bizLocation": {"id": "https://maker.example/414/9521141000014"},
      "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:9521141000006:7"}],
      "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521141.00000"}],
      "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:9521142.00001.0"}],
      "sensorElementList": [{"sensorMetadata": {"time": "2026-11-20T00:00:00Z", "deviceID": "urn:epc:id:giai:9521141.7",
          "deviceMetadata": "https://maker.example/probe", "rawData": "https://maker.example/raw/2026/01/20260101",
          "startTime": "2026-11-20T00:00:00Z", "endTime": "2026-11-20T00:10:00Z",
          "dataProcessingMethod": "https://maker.example/mean", "bizRules": "https://maker.example/rules", "maker:x": 1},
        "sensorReport": [{"type": "Temperature", "exception": "ALARM_CONDITION", "value": -4.5, "minValue": -5,
          "maxValue": -4, "meanValue": -4.5, "sDev": 0.1, "percRank": 50, "percValue": -4.5, "uom": "CEL",
          "component": "x", "stringValue": "cold", "booleanValue": true, "hexBinaryValue": "0aFF",
          "uriValue": "https://maker.example/cold", "time": "2026-11-20T00:00:00Z", "deviceID": "urn:epc:id:giai:9521141.8",
          "deviceMetadata": "https://maker.example/probe", "rawData": "https://maker.example/raw",
          "dataProcessingMethod": "https://maker.example/mean", "bizRules": "https://maker.example/rules",
          "microorganism": "https://taxa.example/7", "chemicalSubstance": "https://substances.example/7",
          "coordinateReferenceSystem": "https://crs.example/4326", "maker:y": {"maker:z": [1]}}], "maker:w": true}],
      "ilmd": {"cbvmda:lotNumber": "L1", "maker:field": {"inner": 1}}, "maker:extra": {"bare": "kept"}},
    {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-20T08:20:00Z", "eventTimeZoneOffset": "+00:00",
      "epcList": ["urn:epc:id:sscc:9521141.0000000001"]},
    {"type": "AggregationEvent", "action": "ADD", "eventTime": "2026-11-20T08:25:00Z", "eventTimeZoneOffset": "-03:30",
      "parentID": "urn:epc:id:sscc:9521141.0000000001", "childEPCs": ["urn:epc:id:sgtin:9521141.012345.1"],
      "childQuantityList": [{"epcClass": "urn:epc:idpat:sgtin:9521141.012345.*", "quantity": 3}], "bizStep": "packing"},
    {"type": "TransactionEvent", "action": "ADD", "eventTime": "2026-11-20T08:30:00Z", "eventTimeZoneOffset": "+00:00",
      "bizTransactionList": [{"bizTransaction": "https://id.gs1.org/253/95211410000697"}],
      "parentID": "urn:epc:id:sscc:9521141.0000000001", "epcList": ["urn:epc:id:sgtin:9521141.012345.1"]},
    {"type": "TransformationEvent", "eventTime": "2026-11-20T08:35:00Z", "eventTimeZoneOffset": "+00:00",
      "inputEPCList": ["urn:epc:id:sgtin:9521141.012345.1"], "inputQuantityList": [{"epcClass": "https://id.gs1.org/01/09521141123454"}],
      "outputEPCList": ["urn:epc:id:sgtin:9521141.012345.3"], "outputQuantityList": [{"epcClass": "https://id.gs1.org/01/09521141123454/10/L2", "quantity": 0}],
      "transformationID": "urn:epc:id:gdti:9521141.00002.7", "ilmd": {"maker:batch": "B"}},
    {"type": "AssociationEvent", "action": "ADD", "eventTime": "2026-11-20T08:40:00Z", "eventTimeZoneOffset": "+00:00",
      "parentID": "urn:epc:id:grai:9521141.00003.7", "childEPCs": ["urn:epc:id:giai:9521141.7"]}
  ]}
}"#;

/// The document as JSON.
pub fn whole() -> Json {
    json(WHOLE)
}

/// Reads JSON of a test.
pub fn json(text: &str) -> Json {
    parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Puts `value` at `pointer`, or removes what is there. The last part of the pointer may be new; `-` is the end of a list.
pub fn change(json: &mut Json, pointer: &str, value: Option<Json>) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer with a slash");
    let name = name.replace("~1", "/");
    let mut place = json;
    for part in parent.split('/').skip(1) {
        let part = part.replace("~1", "/");
        place = match place {
            Json::Array(items) => &mut items[part.parse::<usize>().expect("an index")],
            other => other.get_mut(&part).unwrap_or_else(|| panic!("no {part} in {pointer}")),
        };
    }
    match (place, value) {
        (Json::Array(items), Some(value)) if name == "-" => items.push(value),
        (Json::Array(items), Some(value)) => {
            items[name.parse::<usize>().expect("an index")] = value;
        }
        (Json::Array(items), None) => drop(items.remove(name.parse().expect("an index"))),
        (object, Some(value)) => object.set(name, value),
        (object, None) => drop(object.remove(&name)),
    }
}
