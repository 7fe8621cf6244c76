//! Values and units as text.
#![no_main]

use devices::sensor::quantity::{Measure, Unit, known, measure};
use fuzz::{Choices, contract};
use libfuzzer_sys::fuzz_target;
use reads::SensorKind;

const QUANTITIES: [SensorKind; 5] = [
    SensorKind::Temperature,
    SensorKind::RelativeHumidity,
    SensorKind::Pressure,
    SensorKind::Illuminance,
    SensorKind::Voltage,
];
const UNITS: [Option<Unit>; 11] = [
    None,
    Some(Unit::Celsius),
    Some(Unit::Fahrenheit),
    Some(Unit::Kelvin),
    Some(Unit::PerCent),
    Some(Unit::Pascal),
    Some(Unit::Hectopascal),
    Some(Unit::Kilopascal),
    Some(Unit::Lux),
    Some(Unit::Volt),
    Some(Unit::Millivolt),
];

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let quantity = QUANTITIES[usize::from(choices.byte()) % QUANTITIES.len()];
    let unit = UNITS[usize::from(choices.byte()) % UNITS.len()];
    let text = String::from_utf8_lossy(choices.0);
    let _ = known(&text);
    match measure(Measure { quantity, unit }, &text) {
        Ok(measured) => {
            let own = Measure { quantity, unit: None };
            let again = measure(own, &measured.value).expect("an own value is a value");
            assert_eq!((&again.value, &again.reported), (&measured.value, &None));
            let number: f64 = measured.value.parse().expect("decimal text");
            assert!(number.is_finite());
            if let (None, Ok(said)) = (unit, text.trim().parse::<f64>()) {
                assert!((number - said).abs() <= said.abs() * 1e-15, "{said} became {number}");
            }
            contract::readings(&[reads::SensorReading {
                sensor: fuzz::format::SENSOR.to_owned(),
                kind: quantity,
                value: measured.value,
                unit: quantity.unit().to_owned(),
                at: fuzz::format::arrival(),
                timeless: false,
                stale: false,
                reported: measured.reported,
            }]);
        }
        Err(reason) => contract::reason(&reason),
    }
});
