//! Answers of Modbus sensors.
#![no_main]

use devices::sensor::modbus::{Register, Sensor, framed};
use devices::sensor::quantity::Measure;
use devices::sensor::unit::Unit;
use fuzz::format::{SENSOR, arrival};
use fuzz::{Choices, contract};
use libfuzzer_sys::fuzz_target;
use reads::SensorKind;

/// A sensor with a register of each kind.
fn any_sensor(places: u32) -> Sensor {
    let measures = |quantity, unit| Some(Measure { quantity, unit });
    let registers = vec![
        Register {
            measures: measures(SensorKind::Temperature, Some(Unit::Fahrenheit)),
            places,
            signed: true,
        },
        Register { measures: None, places, signed: true },
        Register { measures: measures(SensorKind::Pressure, None), places, signed: false },
    ];
    Sensor { function: 3, first: 300, registers, ..Sensor::xy_md02(SENSOR, 17) }
}

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let which = choices.byte();
    let sensor = if which & 1 == 0 {
        Sensor::xy_md02(SENSOR, 1)
    } else {
        any_sensor(u32::from(which >> 1) % 5)
    };
    sensor.check().expect("a sensor");
    let body = choices.0;
    for answer in [body.to_vec(), framed(body)] {
        match sensor.answer(&answer, arrival()) {
            Ok(taken) => {
                contract::taken(&taken);
                assert!(answer.len() >= sensor.answer_bytes());
                assert!(sensor.is_whole(&answer));
                assert!(taken.readings.len() + taken.findings.len() <= sensor.registers.len());
            }
            Err(reason) => contract::reason(&reason),
        }
    }
});
