//! What an M6E Nano says while three tags lie before it: fifteen seconds made of recorded frames, and the recording
//! itself where the foreign data are there.
//!
//! What holds: both have the same three tags, read in turns about every 40 ms each.
//!
//! Source: `SparkFun`'s communication logs of the M6E Nano; the three frames are retyped.

/// A tag and a frame that reads it.
const TAGS: [(&str, &str); 3] = [
    (
        "000000000000000000001545",
        "FF2822000010001B01FF0101CD110E08300000000A00000500000F00803000000000000000000000001545E94A0237",
    ),
    ("596F596F", "FF2022000010001B01FF0101C7110E08300000000F00000500000F00401000596F596FF3138990"),
    (
        "E2001026760E017915907125",
        "FF2822000010001B01FF0101C9110E08300000001300000500000F00803000E2001026760E01791590712519855797",
    ),
];
/// A sign of life between the tags.
const KEEP_ALIVE: &str = "FF0022040084E0";

/// How often each tag is read.
pub type Counts = [(&'static str, u64); 3];

/// Frames, each with the milliseconds at which it came.
pub type Timed = Vec<(f64, Vec<u8>)>;

fn frame(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("hex")
}

/// Frames on the line, one after the other, and the reads in them.
pub fn stream() -> (Vec<u8>, Counts) {
    let round = |number: u64| {
        let tags = TAGS.iter().flat_map(|(_, hex)| frame(hex));
        let alive = if number.is_multiple_of(25) { frame(KEEP_ALIVE) } else { Vec::new() };
        alive.into_iter().chain(tags)
    };
    ((0..375).flat_map(round).collect(), TAGS.map(|(epc, _)| (epc, 375)))
}

/// Frames with their times, and the reads in them.
pub fn timed() -> (Timed, Counts) {
    let round = |number: u32| {
        let places = (0_u32..).zip(TAGS);
        places.map(move |(place, (_, hex))| (f64::from(number * 40 + place * 13), frame(hex)))
    };
    ((0..375).flat_map(round).collect(), TAGS.map(|(epc, _)| (epc, 375)))
}

const COUNTS: Counts = [(TAGS[0].0, 375), (TAGS[1].0, 376), (TAGS[2].0, 371)];

/// [`stream`] as recorded; nothing without the foreign data.
#[track_caller]
pub fn recorded_stream(adds: &str) -> Option<(Vec<u8>, Counts)> {
    let folder = foreign::folder("sparkfun-m6e", adds)?;
    let text = std::fs::read_to_string(folder.join("frames.hex")).expect("the recording");
    Some((text.lines().flat_map(|line| frame(line.trim())).collect(), COUNTS))
}

/// [`timed`] as recorded; nothing without the foreign data.
#[track_caller]
pub fn recorded_timed(adds: &str) -> Option<(Timed, Counts)> {
    let folder = foreign::folder("sparkfun-m6e", adds)?;
    let text = std::fs::read_to_string(folder.join("tagreads.csv")).expect("the recording");
    let line = |line: &str| {
        let (millis, hex) = line.split_once(',').expect("two columns");
        (millis.parse().expect("milliseconds"), frame(hex))
    };
    Some((text.lines().skip(1).map(line).collect(), COUNTS))
}
