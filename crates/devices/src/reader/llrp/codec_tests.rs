//! Behaviour of the codec: golden messages typed from the standard, hostile lengths, any bytes.
//!
//! The way through: each golden message is hex, what it must decode to, and the same hex again.
//!
//! What holds: nothing outside this file is needed.
//!
//! Not here: whole captures (`super::bodies_tests`), the handshake (`super::tests`).
//!
//! Source: LLRP 1.0.1, section 16.

use proptest::prelude::*;

use super::definitions as d;
use super::message::*;
use super::parameter::*;

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn one(text: &str) -> Message {
    let bytes = bytes(text);
    let mut framed = Framer::default().feed(&bytes);
    assert_eq!(framed.len(), 1, "{framed:?}");
    let Some(Framed::Message(message)) = framed.pop() else { panic!("{framed:?}") };
    assert_eq!(hex::encode(message.to_bytes().unwrap()), hex::encode(bytes));
    message
}

#[test]
fn a_tag_report_with_short_long_and_custom_parameters_is_told_apart() {
    let message =
        one("043D 00000046 00000007 00F0003C 8D30143639F84191AD22901607 810003 86C9 870011 \
         820005A9E4BEF862E0 840005A9E4BEF862E1 880001 03FF000E 0000651A 00000039 E95A");
    let tag = message.node().unwrap().child(&d::TAG_REPORT_DATA).unwrap();
    let numbers: Vec<u16> = tag
        .children
        .iter()
        .map(|child| match child {
            Parameter::Known(node) => node.definition.number,
            Parameter::Raw { .. } => panic!("{child:?}"),
        })
        .collect();
    assert_eq!(numbers, [13, 1, 6, 7, 2, 4, 8, 1023]);
    assert_eq!(tag.child(&d::PEAK_RSSI).unwrap().signed("PeakRSSI"), Some(-55));
    assert_eq!(tag.child(&d::ANTENNA_ID).unwrap().short("AntennaID"), Some(3));
    let seen = tag.child(&d::LAST_SEEN_TIMESTAMP_UTC).unwrap();
    assert_eq!(seen.number("Microseconds"), Some(0x0005_A9E4_BEF8_62E1));
}

#[test]
fn bits_and_text_come_out_as_written_and_reserved_bits_are_kept() {
    let message = one("040B 0000002D 00000001 011F0008 0000 0000 \
         0089001B 0004 4001 0000651A 001E88AA 0009 352E31342E302E3234");
    let general = message.node().unwrap().child(&d::GENERAL_DEVICE_CAPABILITIES).unwrap();
    assert_eq!(general.number("CanSetAntennaProperties"), Some(0));
    assert_eq!(general.number("HasUTCClockCapability"), Some(1));
    assert_eq!(general.number("reserved"), Some(1));
    assert_eq!(general.number("ModelName"), Some(2_001_066));
    assert_eq!(general.text("ReaderFirmwareVersion").as_deref(), Some("5.14.0.24"));
}

#[test]
fn lists_and_bit_strings_have_the_length_they_count() {
    let message = one("0414 00000023 00000001 00B10019 00000001 00 00 \
         00B7000F 0002 0001 0003 01F40005 AA");
    let spec = message.node().unwrap().child(&d::RO_SPEC).unwrap().child(&d::AI_SPEC).unwrap();
    assert_eq!(spec.field("AntennaIDs"), Some(&Value::Numbers(vec![1, 3])));
    let message = one("043D 00000016 00000001 00F0000C 00F10008 000B FFE0");
    let tag = message.node().unwrap().child(&d::TAG_REPORT_DATA).unwrap();
    let right = Value::Bits { count: 11, bytes: vec![0xFF, 0xE0] };
    assert_eq!(tag.child(&d::EPC_DATA).unwrap().field("EPC"), Some(&right));
}

#[test]
fn what_the_table_does_not_know_at_a_place_is_kept_raw() {
    // A parameter of no known number, a known one where it has no business, and a short one likewise.
    for (parameter, number, is_short, content) in [
        ("01F40006BEEF", 500, false, "beef"),
        ("00B90004", 185, false, ""),
        ("0005 0004", 5, false, ""),
        ("860A", 6, true, "0a"),
    ] {
        let parameter = bytes(parameter);
        let length = 10 + parameter.len();
        let message = one(&format!("043D {length:08X} 00000001 {}", hex::encode(&parameter)));
        let right = Parameter::Raw { number, is_short, bytes: bytes(content) };
        assert_eq!(message.node().unwrap().children, [right]);
    }
    let message = one("07FE 0000000C 00000001 CAFE");
    assert_eq!(message.body, Body::Raw { number: 1022, bytes: vec![0xCA, 0xFE] });
}

#[test]
fn parameters_that_cannot_be_are_refused_with_their_reason() {
    let decode = |text: &str| decode_list(&d::RO_ACCESS_REPORT, &bytes(text)).unwrap_err();
    let length = |number, length, available| DecodeError::Length { number, length, available };
    assert_eq!(decode("00F00003"), length(240, 3, 4));
    assert_eq!(decode("00F00000"), length(240, 0, 4));
    assert_eq!(decode("00F00005"), length(240, 5, 4));
    assert_eq!(decode("00F0FF"), length(240, 4, 3));
    assert_eq!(decode("00"), length(0, 4, 1));
    assert_eq!(decode("04F00004"), DecodeError::Header(4));
    assert_eq!(decode("7F"), DecodeError::Header(0x7F));
    assert_eq!(decode("FF00"), DecodeError::UnknownShort(127));
    assert_eq!(
        decode("00F0000A8D3000000000"),
        DecodeError::Truncated { name: "EPC_96", field: "value", missing: 7 }
    );
    assert_eq!(
        decode("00F00009 00F1000500"),
        DecodeError::Truncated { name: "EPCData", field: "EPC", missing: 1 }
    );
    assert_eq!(
        decode("00F0000B 00F10007 0011 FF"),
        DecodeError::Truncated { name: "EPCData", field: "EPC", missing: 2 }
    );
}

/// `ParameterError` may hold itself: the only way down that does not end by itself.
fn nested(depth: usize) -> Vec<u8> {
    let mut inner = Vec::new();
    for _ in 1..depth {
        let length = u16::try_from(inner.len() + 8).unwrap();
        inner = [&bytes("0121")[..], &length.to_be_bytes(), &bytes("00B100C9"), &inner].concat();
    }
    let length = u16::try_from(inner.len() + 8).unwrap();
    [&bytes("011F")[..], &length.to_be_bytes(), &bytes("00640000"), &inner].concat()
}

#[test]
fn nesting_is_taken_to_sixteen_levels_and_no_deeper() {
    assert!(decode_node(&d::ERROR_MESSAGE, &nested(16)).is_ok());
    assert_eq!(decode_node(&d::ERROR_MESSAGE, &nested(17)), Err(DecodeError::Depth));
    assert_eq!(decode_node(&d::ERROR_MESSAGE, &nested(5000)), Err(DecodeError::Depth));
}

#[test]
fn a_message_of_nothing_but_tiny_parameters_is_refused_before_it_fills_the_memory() {
    let tag = [bytes("00F0FFFE"), [0x86, 0xC9].repeat(32_765)].concat();
    let error = decode_node(&d::RO_ACCESS_REPORT, &tag.repeat(5)).unwrap_err();
    assert_eq!(error, DecodeError::Count);
    assert!(decode_node(&d::RO_ACCESS_REPORT, &tag.repeat(3)).is_ok());
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_messages() {
    let stream = bytes("043E 0000000A 00000001 0448 0000000A 00000002 07FE 0000000C 00000003 CAFE");
    let whole = Framer::default().feed(&stream);
    assert_eq!(whole.len(), 3);
    for cut in 0..=stream.len() {
        let mut framer = Framer::default();
        let mut parts = framer.feed(&stream[..cut]);
        parts.extend(framer.feed(&stream[cut..]));
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

#[test]
fn a_header_that_cannot_be_breaks_the_stream_once_and_for_all() {
    for (head, right) in [
        ("00", FrameError::Version(0)),
        ("0C", FrameError::Version(0x0C)),
        ("24", FrameError::Version(0x24)),
        ("48545450", FrameError::Version(0x48)),
        ("043D 00000009 00000001", FrameError::Length(9)),
        ("043D 00100001 00000001", FrameError::Length(0x10_0001)),
        ("043D FFFFFFFF 00000001", FrameError::Length(u32::MAX)),
    ] {
        let head = bytes(head);
        let mut framer = Framer::default();
        assert_eq!(framer.feed(&bytes("043E 0000000A 00000001")).len(), 1);
        assert_eq!(framer.feed(&head), [Framed::Broken(right)]);
        assert!(framer.is_broken());
        assert_eq!(framer.feed(&bytes("043E 0000000A 00000001")), []);
        assert_eq!(framer.garbage(), head.len() as u64 + 10);
        assert_eq!(framer.garbage(), 0);
    }
}

#[test]
fn wrong_content_costs_its_own_message_only() {
    let stream = bytes("043D 0000000E 00000001 00F00005 043E 0000000A 00000002");
    let framed = Framer::default().feed(&stream);
    assert!(matches!(framed[0], Framed::Wrong { number: 61, length: 14, .. }), "{framed:?}");
    assert!(matches!(framed[1], Framed::Message(_)), "{framed:?}");
}

#[test]
fn a_tree_made_by_hand_must_fit_its_definition() {
    let refused = |node: Node| Message::new(1, node).to_bytes().unwrap_err().to_string();
    let node = |fields| Node::new(&d::DELETE_ROSPEC, fields, vec![]);
    assert_eq!(refused(node(vec![])), "`DELETE_ROSPEC` got 0 values, expected 1");
    assert!(refused(node(vec![Value::Number(1 << 32)])).contains("`ROSpecID`"));
    assert!(refused(node(vec![Value::Signed(1)])).contains("does not fit"));
    let long = Node::new(&d::AI_SPEC, vec![Value::Numbers(vec![1; 40_000])], vec![]);
    let spec = Node::new(&d::RO_SPEC, vec![1_u32.into(), 0_u8.into(), 0_u8.into()], vec![long]);
    let text = refused(Node::new(&d::ADD_ROSPEC, vec![], vec![spec]));
    assert_eq!(text, "`AISpec` needs 80006 bytes, expected at most 65535");
    for (number, is_short) in [(128, true), (1024, false)] {
        let raw = Parameter::Raw { number, is_short, bytes: vec![] };
        let error = encode_list(&[raw], &mut vec![]).unwrap_err();
        assert_eq!(error, EncodeError::Number(number));
    }
}

/// Any value of a field.
fn value(kind: d::Kind) -> BoxedStrategy<Value> {
    use d::Kind;
    let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
    match kind {
        Kind::Bits(count) => (0..1_u64 << count).prop_map(Value::Number).boxed(),
        Kind::U8 => any::<u8>().prop_map(Value::from).boxed(),
        Kind::U16 => any::<u16>().prop_map(Value::from).boxed(),
        Kind::U32 => any::<u32>().prop_map(Value::from).boxed(),
        Kind::U64 => any::<u64>().prop_map(Value::from).boxed(),
        Kind::I8 => any::<i8>().prop_map(|number| Value::Signed(number.into())).boxed(),
        Kind::I16 => any::<i16>().prop_map(|number| Value::Signed(number.into())).boxed(),
        Kind::U96 => any::<[u8; 12]>().prop_map(|bytes| Value::Bytes(bytes.to_vec())).boxed(),
        Kind::BitString => (bytes(), 0..8_u16)
            .prop_map(|(bytes, less)| {
                let count = (u16::try_from(bytes.len()).unwrap() * 8).saturating_sub(less);
                Value::Bits { count, bytes }
            })
            .boxed(),
        Kind::Bytes | Kind::Text | Kind::Rest => bytes().prop_map(Value::Bytes).boxed(),
        Kind::Words => proptest::collection::vec(any::<u16>().prop_map(u32::from), 0..9)
            .prop_map(Value::Numbers)
            .boxed(),
        Kind::Longs => {
            proptest::collection::vec(any::<u32>(), 0..9).prop_map(Value::Numbers).boxed()
        }
    }
}

/// Any node of a definition, with sub-parameters down to `depth`.
fn node(definition: &'static d::Definition, depth: u32) -> BoxedStrategy<Node> {
    let fields: Vec<_> = definition.fields.iter().map(|field| value(field.kind)).collect();
    let children = if depth == 0 || definition.children.is_empty() {
        Just(Vec::new()).boxed()
    } else {
        let child = (0..definition.children.len())
            .prop_flat_map(move |place| node(definition.children[place], depth - 1));
        proptest::collection::vec(child, 0..4).boxed()
    };
    (fields, children)
        .prop_map(move |(fields, children)| Node::new(definition, fields, children))
        .boxed()
}

proptest! {
    #[test]
    fn every_tree_comes_back_from_its_bytes(
        tree in (0..d::MESSAGES.len()).prop_flat_map(|place| node(d::MESSAGES[place], 4)),
        id in any::<u32>(),
    ) {
        let message = Message::new(id, tree);
        let bytes = message.to_bytes().unwrap();
        prop_assert_eq!(Framer::default().feed(&bytes), [Framed::Message(message)]);
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        tree in (0..d::MESSAGES.len()).prop_flat_map(|place| node(d::MESSAGES[place], 3)),
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = Message::new(1, tree).to_bytes().unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        for framed in Framer::default().feed(&bytes) {
            if let Framed::Message(message) = framed {
                let again = message.to_bytes().unwrap();
                prop_assert_eq!(&again[..], &bytes[..again.len()]);
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(any_bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        Framer::default().feed(&any_bytes);
        for definition in d::MESSAGES {
            if let Ok(node) = decode_node(definition, &any_bytes) {
                let mut again = Vec::new();
                encode_node(&node, &mut again).unwrap();
                prop_assert_eq!(&again, &any_bytes);
            }
        }
    }
}
