//! Classic tags: published examples, truncation, padding, round trips.
//!
//! The way through: tables of hex and URI first, then generated tags.
//!
//! Source: TDS 2.x annex E.3.

use super::*;
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02X}"))
}

/// Tags of the annex in hex, without trailing zeros, and their URIs.
const EXAMPLES: [(&str, &str); 22] = [
    ("3074257BF7194E4000001A85", "sgtin-96:3.0614141.812345.6789"),
    ("3674257BF6B7A659B2C2BF1", "sgtin-198:3.0614141.712345.32a%2Fb"),
    ("3174257BF4499602D2", "sscc-96:3.0614141.1234567890"),
    ("311BA1B300CE0A6A83", "sscc-96:0.952012.03456789123"),
    ("3274257BF46072000000162E", "sgln-96:3.0614141.12345.5678"),
    ("3976451FD46072CD9615F88", "sgln-195:3.9521141.12345.32a%2Fb"),
    ("3374257BF40C0E400000162E", "grai-96:3.0614141.12345.5678"),
    ("3774257BF40C0E59B2C2BF1", "grai-170:3.0614141.12345.32a%2Fb"),
    ("3474257BF40000000000162E", "giai-96:3.0614141.5678"),
    ("3874257BF59B2C2BF1", "giai-202:3.0614141.32a%2Fb"),
    ("2D74257BF4499602D2", "gsrn-96:3.0614141.1234567890"),
    ("2E74257BF4499602D2", "gsrnp-96:3.0614141.1234567890"),
    ("2C74257BF46072000000162E", "gdti-96:3.0614141.12345.5678"),
    ("3E76451FD7039B061438997367D0C18B266D1AB66EE", "gdti-174:3.9521141.98765.ABCDefgh012345678"),
    ("3C76451FD400C0E680003039", "cpi-96:3.9521141.98765.12345"),
    ("3D76451FD75411DEF6B4CC00000003039", "cpi-var:3.9521141.5PQ7%2FZ43.12345"),
    ("3F76451FD612640000019907", "sgcn-96:3.9521141.67890.04711"),
    ("4076451FD40C0E40820000000F54", "itip-110:3.9521141.012345.01.02.981"),
    ("4176451FD40C0E4082DBDD8B36600", "itip-212:3.9521141.012345.01.02.mw133"),
    ("3500E86F8000A9E000000586", "gid-96:952056.2718.1414"),
    ("2F02032533139342DFDC1C35", "usdod-96:0.2S194.12345678901"),
    ("3B0E0CF5E76C9047759AD00373DC7602E7200", "adi-var:3.35962.PQ7VZ4.M37GXB92"),
];

fn trimmed(text: &str) -> &str {
    text.trim_end_matches('0')
}

#[test]
fn published_examples_decode_and_encode() {
    for (hex_text, uri) in EXAMPLES {
        let uri = format!("urn:epc:tag:{uri}");
        let bits = TagEpc::from_tag_uri(&uri).unwrap().encode().unwrap();
        assert_eq!(trimmed(&hex(&bits)), trimmed(hex_text), "{uri}");
        let padded = format!("{hex_text:0<width$}", width = bits.len() * 2);
        let tag = TagEpc::decode_hex(&padded).unwrap_or_else(|e| panic!("{uri}: {e}"));
        assert_eq!(tag.to_tag_uri(), uri);
    }
}

#[test]
fn every_truncation_and_the_reserved_partition_are_refused() {
    for (_, uri) in EXAMPLES {
        let tag = TagEpc::from_tag_uri(&format!("urn:epc:tag:{uri}")).unwrap();
        let used = tag.write().unwrap().len().div_ceil(8);
        let whole = tag.encode().unwrap();
        for length in 0..used {
            assert!(TagEpc::decode(&whole[..length]).is_err(), "{uri} {length}");
        }
        if tag.epc.scheme().is_gs1() {
            let mut bytes = vec![0; whole.len()];
            (bytes[0], bytes[1]) = (whole[0], 0b0001_1100);
            assert_eq!(TagEpc::decode(&bytes), Err(EpcError::Partition(7)), "{uri}");
        }
    }
}

#[test]
fn the_key_of_a_tag_is_its_digital_link() {
    for (uri, path) in [
        ("gsrn-96:3.9521141.1234567890", Some("8018/952114112345678906")),
        ("gsrnp-96:3.9521141.1234567890", Some("8017/952114112345678906")),
        ("gdti-96:3.9521141.98765.5678", Some("253/95211419876505678")),
        ("gdti-113:3.9521141.98765.005678", Some("253/9521141987650005678")),
        ("cpi-var:3.9521141.5PQ7%2FZ43.12345", Some("8010/95211415PQ7%2FZ43/8011/12345")),
        ("sgcn-96:3.9521141.67890.04711", Some("255/952114167890904711")),
        ("itip-212:3.9521141.012345.01.02.rif981", Some("8006/095211411234540102/21/rif981")),
        ("gid-96:952056.2718.1414", None),
        ("usdod-96:0.2S194.12345678901", None),
        ("adi-var:3.35962.PQ7VZ4.M37GXB92", None),
    ] {
        let tag = TagEpc::from_tag_uri(&format!("urn:epc:tag:{uri}")).unwrap();
        let link = path.map(|path| format!("https://id.gs1.org/{path}"));
        assert_eq!(tag.epc.link().map(|link| link.to_uri("id.gs1.org")), link, "{uri}");
        assert_eq!(crate::digital_link_key(&tag.epc.to_uri()), link, "{uri}");
        assert_eq!(tag.epc.to_digital_link(), link.unwrap_or_else(|| tag.epc.to_uri()));
    }
}

#[test]
fn a_serial_of_digits_keeps_its_zeros_and_one_without_the_leading_one_is_refused() {
    for uri in
        ["urn:epc:tag:gdti-113:0.0614141.12345.00099", "urn:epc:tag:sgcn-96:0.0614141.12345.0"]
    {
        let tag = TagEpc::from_tag_uri(uri).unwrap();
        let mut bytes = tag.encode().unwrap();
        assert_eq!(TagEpc::decode(&bytes).unwrap().to_tag_uri(), uri);
        // 41 bits of serial end a 96-bit tag; 58 bits a 113-bit one. All zeros is no serial.
        bytes[7..].fill(0);
        assert!(TagEpc::decode(&bytes).is_err(), "{uri}");
    }
}

#[test]
fn the_space_before_a_code_of_five_characters_is_removed() {
    for uri in [
        "urn:epc:tag:usdod-96:15.2S194.7",
        "urn:epc:tag:usdod-96:15.CB0194.7",
        "urn:epc:tag:adi-var:63.2S194..%23A-1%2F2",
        "urn:epc:tag:adi-var:63.W81X9C.P-1.7",
    ] {
        let tag = TagEpc::from_tag_uri(uri).unwrap();
        assert_eq!(TagEpc::decode(&tag.encode().unwrap()).unwrap().to_tag_uri(), uri);
    }
}

#[test]
fn padding_must_be_zero() {
    let tag = TagEpc::from_tag_uri("urn:epc:tag:sgtin-198:3.0614141.712345.32a%2Fb").unwrap();
    let mut bytes = tag.encode().unwrap();
    assert_eq!((tag.write().unwrap().len(), bytes.len()), (198, 26));
    assert!(TagEpc::decode(&bytes).is_ok());
    bytes[25] = 1;
    let error = TagEpc::decode(&bytes).unwrap_err().to_string();
    assert_eq!(error, "got bits after the last field `1`, expected zero bits only");
}

#[test]
fn identities_that_an_encoding_cannot_hold_are_refused() {
    for bad in [
        "urn:epc:tag:sgtin-96:3.0614141.812345.06789",
        "urn:epc:tag:sgtin-96:3.0614141.812345.274877906944",
        "urn:epc:tag:sgtin-96:3.0614141.812345.12a",
        "urn:epc:tag:sgtin-96:8.0614141.812345.1",
        "urn:epc:tag:sgtin-96:3.0614141.81234.1",
        "urn:epc:tag:sgtin-198:3.0614141.812345.123456789012345678901",
        "urn:epc:tag:sgln-96:3.0614141.12345.2199023255552",
        "urn:epc:tag:giai-96:3.0614141.0123",
        "urn:epc:tag:sgtin-97:3.0614141.812345.1",
        "urn:epc:tag:sgtin-96:03.0614141.812345.1",
        "urn:epc:tag:gdti-96:3.0614141.12345.05",
        "urn:epc:tag:gdti-113:3.0614141.12345.A",
        "urn:epc:tag:cpi-96:3.0614141.123456789.1",
        "urn:epc:tag:cpi-96:3.0614141.ABC.1",
        "urn:epc:tag:cpi-96:3.0614141.012.1",
        "urn:epc:tag:cpi-96:3.0614141.12.2147483648",
        "urn:epc:tag:itip-110:3.0614141.012345.04.04.A",
        "urn:epc:tag:giai-202:3.061414112345.1234567890123456789",
        "urn:epc:tag:gid-96:1.952056.2718.1414",
        "urn:epc:tag:usdod-96:16.2S194.7",
        "urn:epc:tag:adi-var:64.2S194..7",
        "urn:epc:tag:",
    ] {
        assert!(TagEpc::from_tag_uri(bad).is_err(), "{bad}");
    }
    assert!(TagEpc::from_tag_uri("urn:epc:tag:sgtin-96:3.0614141.812345.274877906943").is_ok());
}

#[test]
fn a_twelve_digit_prefix_leaves_an_empty_reference() {
    let uri = "urn:epc:tag:sgln-96:0.061414112345..7";
    let tag = TagEpc::from_tag_uri(uri).unwrap();
    assert_eq!(TagEpc::decode(&tag.encode().unwrap()).unwrap().to_tag_uri(), uri);
}

fn digits(count: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(0..10u8, count)
        .prop_map(|all| all.into_iter().map(|d| char::from(b'0' + d)).collect())
}

fn any_tag() -> impl Strategy<Value = String> {
    let gs1 = (6..=12usize, 0..8u8, 0..19usize).prop_flat_map(|(prefix, filter, scheme)| {
        // SGTIN and ITIP; SSCC, GSRN and GSRNP; SGLN, GRAI, GDTI and SGCN; GIAI and CPI.
        let total =
            [13, 13, 13, 13, 17, 17, 17, 12, 12, 12, 12, 12, 12, 12, 12, 0, 0, 0, 0][scheme];
        let reference = if total == 0 { 0 } else { total - prefix };
        let serials =
            (0..1u64 << 31, "[A-Za-z0-9!()*+,:;=_.-]{1,16}", "[0-9]{1,12}", "[A-Z0-9-]{1,18}");
        (digits(prefix), digits(reference), serials).prop_map(
            move |(prefix, reference, (number, text, digits, part))| {
                let small = number % 1000;
                let body = format!("{filter}.{prefix}.{reference}");
                let own = format!("{filter}.{prefix}");
                match scheme {
                    0 => format!("sgtin-96:{body}.{number}"),
                    1 => format!("sgtin-198:{body}.{text}"),
                    2 => format!("itip-110:{body}.01.12.{number}"),
                    3 => format!("itip-212:{body}.01.12.{text}"),
                    4 => format!("sscc-96:{body}"),
                    5 => format!("gsrn-96:{body}"),
                    6 => format!("gsrnp-96:{body}"),
                    7 => format!("sgln-96:{body}.{number}"),
                    8 => format!("sgln-195:{body}.{text}"),
                    9 => format!("grai-96:{body}.{number}"),
                    10 => format!("grai-170:{body}.{text}"),
                    11 => format!("gdti-96:{body}.{number}"),
                    12 => format!("gdti-113:{body}.{digits}"),
                    13 => format!("gdti-174:{body}.{text}"),
                    14 => format!("sgcn-96:{body}.{digits}"),
                    15 => format!("giai-96:{own}.{number}"),
                    16 => format!("giai-202:{own}.{text}"),
                    17 => format!("cpi-96:{own}.{small}.{number}"),
                    _ => format!("cpi-var:{own}.{part}.{number}"),
                }
            },
        )
    });
    let gid = (0..1u64 << 28, 0..1u64 << 24, 0..1u64 << 36)
        .prop_map(|(manager, class, serial)| format!("gid-96:{manager}.{class}.{serial}"));
    let usdod = (0..16u8, "[0-9A-HJ-NP-Z]{5,6}", 0..1u64 << 36)
        .prop_map(|(filter, cage, serial)| format!("usdod-96:{filter}.{cage}.{serial}"));
    let adi = (0..64u8, "[0-9A-HJ-NP-Z]{5,6}", "[0-9A-Z-]{0,32}", "(%23)?[0-9A-Z-]{1,29}")
        .prop_map(|(filter, cage, part, serial)| {
            format!("adi-var:{filter}.{cage}.{part}.{serial}")
        });
    prop_oneof![6 => gs1, 1 => gid, 1 => usdod, 1 => adi]
        .prop_map(|uri| format!("urn:epc:tag:{uri}"))
}

proptest! {
    #[test]
    fn every_tag_decodes_to_what_was_encoded(uri in any_tag()) {
        let tag = TagEpc::from_tag_uri(&uri).unwrap();
        let bytes = tag.encode().unwrap();
        prop_assert_eq!(bytes.len() % 2, 0);
        let again = TagEpc::decode(&bytes).unwrap();
        prop_assert_eq!(again.to_tag_uri(), uri);
        prop_assert_eq!(tag.epc.to_uri().parse::<Epc>().unwrap(), tag.epc);
    }

    #[test]
    fn whatever_decodes_encodes_to_the_same_bits(mut bytes in proptest::collection::vec(any::<u8>(), 12..=40), header in 0x2C..0x42u8) {
        bytes[0] = header;
        if let Ok(tag) = TagEpc::decode(&bytes) {
            let mut written = tag.encode().unwrap();
            let is_fixed = tag.encoding.layout().bits().is_some();
            prop_assert!(!is_fixed || written.len() == bytes.len());
            written.resize(bytes.len().max(written.len()), 0);
            prop_assert_eq!(written, bytes);
        }
    }
}
