//! Values and units as text.
#![no_main]

use devices::sensor::quantity::{Measure, Statement, known, measure};
use devices::sensor::unit::Unit;
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

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let quantity = QUANTITIES[usize::from(choices.byte()) % QUANTITIES.len()];
    let unit = Unit::all().nth(usize::from(choices.byte() % 16));
    let text = String::from_utf8_lossy(choices.0);
    let _ = known(&text);
    let about = Statement { by_device: Some(&text), is_configured: true };
    let _ = measure(Measure { quantity, unit }, about, "20.5");
    match measure(Measure { quantity, unit }, Statement::default(), &text) {
        Ok(measured) => {
            let own = Measure { quantity, unit: None };
            let again = measure(own, Statement::default(), &measured.value)
                .expect("an own value is a value");
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
