//! What a sensor measures and in which unit, as people write it.
//!
//! What holds: every measurement type of the GS1 Web Vocabulary that a record may have is named in both languages; what
//! is not known is shown as it was recorded, never as something else.
//!
//! Sources: GS1 Web Vocabulary, measurement types; UN/ECE Recommendation 20, unit codes.

use epcis::vocabulary::Vocabulary;
use ledger::text::escaped;

/// Measurement type, Chinese, English.
const MEASURES: [(&str, &str, &str); 72] = [
    ("AbsoluteHumidity", "绝对湿度", "absolute humidity"),
    ("AbsorbedDose", "吸收剂量", "absorbed dose"),
    ("AbsorbedDoseRate", "吸收剂量率", "absorbed dose rate"),
    ("Acceleration", "加速度", "acceleration"),
    ("Radioactivity", "放射性活度", "radioactivity"),
    ("Altitude", "海拔", "altitude"),
    ("AmountOfSubstance", "物质的量", "amount of substance"),
    ("AmountOfSubstancePerUnitVolume", "物质的量浓度", "amount of substance per volume"),
    ("Angle", "角度", "angle"),
    ("AngularAcceleration", "角加速度", "angular acceleration"),
    ("AngularMomentum", "角动量", "angular momentum"),
    ("AngularVelocity", "角速度", "angular velocity"),
    ("Area", "面积", "area"),
    ("Capacitance", "电容", "capacitance"),
    ("Conductance", "电导", "conductance"),
    ("Conductivity", "电导率", "conductivity"),
    ("Count", "计数", "count"),
    ("Density", "密度", "density"),
    ("Dimensionless", "无量纲数值", "number without unit"),
    ("DoseEquivalent", "剂量当量", "dose equivalent"),
    ("DoseEquivalentRate", "剂量当量率", "dose equivalent rate"),
    ("DynamicViscosity", "动力黏度", "dynamic viscosity"),
    ("ElectricCharge", "电荷", "electric charge"),
    ("ElectricCurrent", "电流", "electric current"),
    ("ElectricCurrentDensity", "电流密度", "electric current density"),
    ("ElectricFieldStrength", "电场强度", "electric field strength"),
    ("Energy", "能量", "energy"),
    ("Exposure", "照射量", "exposure"),
    ("Force", "力", "force"),
    ("Frequency", "频率", "frequency"),
    ("Illuminance", "照度", "illuminance"),
    ("Inductance", "电感", "inductance"),
    ("Irradiance", "辐照度", "irradiance"),
    ("KinematicViscosity", "运动黏度", "kinematic viscosity"),
    ("Length", "长度", "length"),
    ("LinearMomentum", "动量", "linear momentum"),
    ("Luminance", "亮度", "luminance"),
    ("LuminousFlux", "光通量", "luminous flux"),
    ("LuminousIntensity", "发光强度", "luminous intensity"),
    ("MagneticFlux", "磁通量", "magnetic flux"),
    ("MagneticFluxDensity", "磁感应强度", "magnetic flux density"),
    ("MagneticVectorPotential", "磁矢势", "magnetic vector potential"),
    ("Mass", "质量", "mass"),
    ("MassConcentration", "质量浓度", "mass concentration"),
    ("MassFlowRate", "质量流量", "mass flow rate"),
    ("MassPerAreaTime", "单位面积时间质量", "mass per area and time"),
    ("MemoryCapacity", "存储容量", "memory capacity"),
    ("MolalityOfSolute", "质量摩尔浓度", "molality of solute"),
    ("MolarEnergy", "摩尔能量", "molar energy"),
    ("MolarMass", "摩尔质量", "molar mass"),
    ("MolarVolume", "摩尔体积", "molar volume"),
    ("Power", "功率", "power"),
    ("Pressure", "压力", "pressure"),
    ("RadiantFlux", "辐射通量", "radiant flux"),
    ("RadiantIntensity", "辐射强度", "radiant intensity"),
    ("RelativeHumidity", "相对湿度", "relative humidity"),
    ("Resistance", "电阻", "resistance"),
    ("Resistivity", "电阻率", "resistivity"),
    ("SolidAngle", "立体角", "solid angle"),
    ("SpecificVolume", "比容", "specific volume"),
    ("Speed", "速度", "speed"),
    ("SurfaceDensity", "面密度", "surface density"),
    ("SurfaceTension", "表面张力", "surface tension"),
    ("Temperature", "温度", "temperature"),
    ("Time", "时间", "time"),
    ("Torque", "扭矩", "torque"),
    ("Voltage", "电压", "voltage"),
    ("Volume", "体积", "volume"),
    ("VolumeFlowRate", "体积流量", "volume flow rate"),
    ("VolumeFraction", "体积分数", "volume fraction"),
    ("VolumetricFlux", "体积通量", "volumetric flux"),
    ("Wavenumber", "波数", "wavenumber"),
];

/// UN/ECE code, and the sign that people write in both languages.
const UNITS: [(&str, &str); 75] = [
    ("CEL", "°C"),
    ("FAH", "°F"),
    ("KEL", "K"),
    ("P1", "%"),
    ("59", "ppm"),
    ("VLT", "V"),
    ("2Z", "mV"),
    ("KVT", "kV"),
    ("AMP", "A"),
    ("4K", "mA"),
    ("OHM", "Ω"),
    ("FAR", "F"),
    ("SIE", "S"),
    ("D10", "S/m"),
    ("COU", "C"),
    ("81", "H"),
    ("WEB", "Wb"),
    ("D33", "T"),
    ("WTT", "W"),
    ("KWT", "kW"),
    ("WHR", "W·h"),
    ("KWH", "kW·h"),
    ("JOU", "J"),
    ("KJO", "kJ"),
    ("PAL", "Pa"),
    ("A97", "hPa"),
    ("KPA", "kPa"),
    ("PS", "psi"),
    ("MPA", "MPa"),
    ("BAR", "bar"),
    ("MBR", "mbar"),
    ("LUX", "lx"),
    ("LUM", "lm"),
    ("CDL", "cd"),
    ("A24", "cd/m²"),
    ("D54", "W/m²"),
    ("KGM", "kg"),
    ("GRM", "g"),
    ("MGM", "mg"),
    ("TNE", "t"),
    ("LBR", "lb"),
    ("ONZ", "oz"),
    ("KMQ", "kg/m³"),
    ("A93", "g/m³"),
    ("GP", "mg/m³"),
    ("GQ", "µg/m³"),
    ("GL", "g/l"),
    ("M1", "mg/l"),
    ("MTR", "m"),
    ("CMT", "cm"),
    ("MMT", "mm"),
    ("KMT", "km"),
    ("INH", "in"),
    ("FOT", "ft"),
    ("MTK", "m²"),
    ("MTQ", "m³"),
    ("LTR", "l"),
    ("MLT", "ml"),
    ("MTS", "m/s"),
    ("KMH", "km/h"),
    ("MSK", "m/s²"),
    ("NEW", "N"),
    ("NU", "N·m"),
    ("C65", "Pa·s"),
    ("DD", "°"),
    ("C81", "rad"),
    ("SEC", "s"),
    ("MIN", "min"),
    ("HUR", "h"),
    ("HTZ", "Hz"),
    ("KHZ", "kHz"),
    ("2N", "dB"),
    ("BQL", "Bq"),
    ("A95", "Gy"),
    ("D13", "Sv"),
];

/// Longest name or code from outside that is shown, in characters.
const LONGEST: usize = 40;

/// The name of a measurement type, Chinese and English.
///
/// - `written`: as the record has it, `gs1:Temperature` or any other spelling; empty if it says nothing.
#[must_use]
pub fn measure(written: &str) -> (String, String) {
    if written.is_empty() {
        return ("数值".to_owned(), "value".to_owned());
    }
    let bare = written.strip_prefix("gs1:").unwrap_or(written);
    let word = Vocabulary::Measurement.word(bare);
    if let Some((_, zh, en)) = MEASURES.iter().find(|(known, ..)| *known == word) {
        return ((*zh).to_owned(), (*en).to_owned());
    }
    let shown = beginning(written);
    (format!("“{shown}”的数值"), format!("value of “{shown}”"))
}

/// A value with its unit: `9.2 °C`.
///
/// - `uom`: the UN/ECE code of the unit as the record has it, empty if it has none; an unknown one is shown as it is.
#[must_use]
pub fn value(number: &str, uom: &str) -> String {
    let number = beginning(number);
    // A number without a unit has the code C62, `one`.
    if matches!(uom, "" | "C62") {
        return number;
    }
    let known = UNITS.iter().find(|(code, _)| *code == uom).map(|(_, sign)| (*sign).to_owned());
    format!("{number} {}", known.unwrap_or_else(|| beginning(uom)))
}

fn beginning(text: &str) -> String {
    let mut out: String = text.chars().take(LONGEST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    escaped(&out)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_measurement_type_of_gs1_is_named_in_both_languages_and_in_every_spelling() {
        let known: BTreeSet<&str> = Vocabulary::Measurement.words().into_iter().collect();
        let named: BTreeSet<&str> = MEASURES.iter().map(|(word, ..)| *word).collect();
        assert_eq!(named, known);
        for (of, names) in [
            ("Chinese", MEASURES.iter().map(|(_, zh, _)| *zh).collect::<BTreeSet<_>>()),
            ("English", MEASURES.iter().map(|(.., en)| *en).collect()),
        ] {
            assert_eq!(names.len(), MEASURES.len(), "two measures have one name in {of}");
        }
        for spelling in
            ["RelativeHumidity", "gs1:RelativeHumidity", "https://ref.gs1.org/voc/RelativeHumidity"]
        {
            let expected = ("相对湿度".to_owned(), "relative humidity".to_owned());
            assert_eq!(measure(spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn a_measure_that_nobody_knows_is_shown_as_it_was_written() {
        assert_eq!(measure(""), ("数值".to_owned(), "value".to_owned()));
        let own = measure("https://voc.example/Ripeness\u{202e}");
        assert_eq!(own.0, r"“https://voc.example/Ripeness\u{202e}”的数值");
        assert_eq!(own.1, r"value of “https://voc.example/Ripeness\u{202e}”");
    }

    #[test]
    fn a_unit_is_written_as_people_write_it_and_an_unknown_code_as_it_is() {
        for (uom, shown) in [
            ("CEL", "9.2 °C"),
            ("P1", "9.2 %"),
            ("VLT", "9.2 V"),
            ("A97", "9.2 hPa"),
            ("PS", "9.2 psi"),
            ("LUX", "9.2 lx"),
            ("GRM", "9.2 g"),
            ("XYZ", "9.2 XYZ"),
            ("C62", "9.2"),
            ("", "9.2"),
        ] {
            assert_eq!(value("9.2", uom), shown, "{uom}");
        }
        let codes: BTreeSet<&str> = UNITS.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), UNITS.len(), "a code stands twice");
    }
}
