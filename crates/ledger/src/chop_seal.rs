//! The mark of a party, drawn from its first key: a square seal in the manner of nine-fold seal script.
//!
//! The way through: [`ChopSeal::of_key`] takes 16 bytes of the key's SHA-256; `Canvas` places strokes on a lattice of
//! 7 × 7 nodes that a hand left uneven; `Canvas::glyph` folds head, body and foot about the middle, and
//! `Canvas::frame` draws the border with its nibs and chips.
//!
//! What holds:
//!
//! - integers only, so every implementation gives the same bytes;
//! - it proves nothing: about 19 bits can be seen, so anyone can search for a key whose seal looks alike. It stands beside
//!   name and key, and no rule compares seals.
//!
//! The picture is 1000 × 1000. Of each byte `b`: `b[0]` says relief or intaglio and the corners, `b[1]` to `b[3]` choose head,
//! body and foot, `b[4]` the stems between them, `b[6]` to `b[11]` how uneven the frame is, `b[12]` to `b[14]` where it is
//! chipped; all of them move the nodes.
//!
//! Not here: colours and sizes, which the page gives.
//!
//! Source: docs/formats/seal-v1.md.

use std::fmt::Write as _;

use crate::hash::sha256;

/// Strokes on the right half of a part, `30 31` from column 3, row 0 to column 3, row 1; strokes are divided by `|`.
const HEAD: [&str; 16] = [
    "00 30 31 01",
    "00 30 31|00 01",
    "10 11|01 31",
    "00 01|01 31 30",
    "01 31 30|10 11",
    "00 20 21 01|30 31",
    "10 20 21 31|00 01",
    "00 01|01 31|20 30",
    "00 30|00 01|20 21",
    "00 10 11 31",
    "01 11 10 30",
    "00 30 31|10 11",
    "10 30 31 11 10|00 01",
    "00 20|01 31",
    "00 30 31 11",
    "01 31 30 10",
];
/// The same for the body, three rows high.
const BODY: [&str; 16] = [
    "00 30 32 02|01 31",
    "00 30 32 02|01 31|00 02",
    "00 20 22 02|00 02|30 32",
    "00 30|01 21|02 32|00 02",
    "00 30|02 32|10 12",
    "00 30 32 02|01 11",
    "00 30 31 11 12 32",
    "02 32 31 11 10 30",
    "12 10 30 32|11 31",
    "00 30|00 02|20 22",
    "01 31|00 02|20 22",
    "10 30 31 11 12 32|00 02",
    "10 30 32 02|11 31",
    "00 30|02 32|00 02|21 31",
    "00 30 32 02|10 12",
    "00 10|01 21|02 32|30 31",
];
/// The same for the foot, two rows high.
const FOOT: [&str; 16] = [
    "10 11 31",
    "00 30 31 01|10 11",
    "01 31 30|00 01",
    "00 20|01 31|00 01",
    "10 11|30 31",
    "00 30 31|10 11",
    "00 20 21 01|30 31",
    "00 10 11 31",
    "01 11 10 30",
    "00 30|01 31",
    "01 31|00 01|20 21",
    "00 30 31|00 01",
    "00 30 31 11",
    "01 31 30 10",
    "00 30|20 21 31",
    "10 30 31 11 10|00 01",
];
/// What joins two parts; the first is nothing.
const STEM: [&str; 4] = ["", "00 01", "30 31", "20 21"];
/// How far a corner is cut, by its kind: square, round, cut, stepped.
const CUT: [i32; 4] = [18, 70, 104, 56];

/// A seal, as paths of SVG on a canvas of 1000 × 1000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChopSeal {
    /// The strokes are cut out of the field; otherwise they are drawn, and the frame is a border.
    pub is_intaglio: bool,
    /// The frame, to be filled by the even-odd rule.
    pub frame: String,
    /// The strokes, [`Self::stroke_width`] wide, joined round, ended square.
    pub glyph: String,
}

impl ChopSeal {
    /// The seal of a party.
    ///
    /// - `key`: 32 bytes of the Ed25519 public key in the first keyset that the directory holds for the party, so that a
    ///   rotated key keeps the seal.
    #[must_use]
    pub fn of_key(key: &[u8]) -> Self {
        let digest = sha256(key);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        Self::of_bytes(bytes)
    }

    /// The seal of these 16 bytes.
    #[must_use]
    pub fn of_bytes(bytes: [u8; 16]) -> Self {
        let canvas = Canvas(bytes.map(i32::from));
        let is_intaglio = bytes[0] & 1 == 1;
        let mut frame = canvas.edge(36, 14, true, 0);
        if !is_intaglio {
            frame += &canvas.edge(90, 10, false, 5);
        }
        Self { is_intaglio, frame, glyph: canvas.glyph() }
    }

    /// Width of a stroke.
    #[must_use]
    pub fn stroke_width(&self) -> u8 {
        if self.is_intaglio { 62 } else { 64 }
    }
}

/// The 16 bytes, as numbers.
struct Canvas([i32; 16]);

/// A node: column −3 to 3, row 0 to 6.
type Node = (i32, i32);

impl Canvas {
    /// How far a node is moved, −6 to 6.
    fn jitter(&self, k: i32) -> i32 {
        ((self.byte(k) ^ ((k * 29) & 255)) % 13) - 6
    }

    /// The byte at `k`, counted round.
    fn byte(&self, k: i32) -> i32 {
        // The mask leaves 0 to 15.
        self.0[usize::try_from(k & 15).unwrap_or_default()]
    }

    /// A choice among 16 or 4 by bits of a byte.
    fn choice(&self, k: i32, shift: u8, mask: i32) -> usize {
        usize::try_from((self.byte(k) >> shift) & mask).unwrap_or_default()
    }

    fn glyph(&self) -> String {
        let parts = [
            (HEAD[self.choice(1, 0, 15)], 0),
            (STEM[self.choice(4, 4, 3)], 1),
            (BODY[self.choice(2, 0, 15)], 2),
            (STEM[self.choice(4, 6, 3)], 4),
            (FOOT[self.choice(3, 0, 15)], 5),
        ];
        let strokes = parts.into_iter().flat_map(|(part, row)| {
            part.split('|').filter(|stroke| !stroke.is_empty()).map(move |stroke| (stroke, row))
        });
        strokes.fold(String::new(), |mut path, (stroke, row)| {
            self.stroke(&mut path, &points(stroke, row));
            path
        })
    }

    /// Draws a stroke and its mirror image.
    fn stroke(&self, path: &mut String, right: &[Node]) {
        let (Some(first), Some(last)) = (right.first(), right.last()) else { return };
        let left: Vec<Node> = right.iter().map(|(column, row)| (-column, *row)).collect();
        if right.iter().all(|(column, _)| *column == 0) {
            self.line(path, right, false);
        } else if first.0 == 0 {
            let mut whole: Vec<Node> = left[1..].iter().rev().copied().collect();
            whole.extend(right);
            let is_ring = last.0 == 0;
            self.line(path, &whole[usize::from(is_ring)..], is_ring);
        } else {
            let is_ring = first == last;
            let end = right.len() - usize::from(is_ring);
            self.line(path, &left[..end], is_ring);
            self.line(path, &right[..end], is_ring);
        }
    }

    fn line(&self, path: &mut String, nodes: &[Node], is_closed: bool) {
        let places = nodes.iter().map(|&(column, row)| {
            let k = row * 7 + column + 3;
            (500 + 110 * column + self.jitter(k), 170 + 110 * row + self.jitter(k + 49))
        });
        add_line(path, places, is_closed);
    }

    /// One border.
    ///
    /// - `inset`: how far from the edge of the canvas; `wobble`: how uneven; `salt`: what tells two borders apart.
    fn edge(&self, inset: i32, wobble: i32, has_chips: bool, salt: i32) -> String {
        let kind = self.choice(0, 1, 3);
        let cut = CUT[kind];
        let mut places = Vec::new();
        for side in 0..4 {
            let mut put =
                |along: i32, inwards: i32| places.push(turned(side, along, inset + inwards));
            match kind {
                1 => put(inset + 21, 21),
                3 => put(inset + cut, cut),
                _ => {}
            }
            put(inset + cut, 0);
            for i in 0..3 {
                let n = side * 3 + i;
                let along = 280 + 220 * i + 3 * self.jitter(n + salt);
                let nib = (self.byte(6 + (n >> 1)) >> ((n & 1) * 4)) & 15;
                put(along - 34, (nib * wobble) >> 4);
                let chip =
                    (12..15).map(|k| self.byte(k)).find(|value| has_chips && value % 12 == n);
                if let Some(value) = chip {
                    put(along, 22 + (value >> 4) * 2);
                }
                put(along + 34, ((15 - nib) * wobble) >> 4);
            }
            put(1000 - inset - cut, 0);
        }
        let mut path = String::new();
        add_line(&mut path, places.into_iter(), true);
        path
    }
}

/// A place on the first side, turned onto another.
fn turned(side: i32, along: i32, inwards: i32) -> (i32, i32) {
    match side {
        0 => (along, inwards),
        1 => (1000 - inwards, along),
        2 => (1000 - along, 1000 - inwards),
        _ => (inwards, 1000 - along),
    }
}

/// The nodes of a stroke in the tables above, each two digits.
fn points(stroke: &str, row: i32) -> Vec<Node> {
    let digit = |byte: Option<&u8>| byte.map_or(0, |byte| i32::from(byte - b'0'));
    let node = |point: &str| {
        let bytes = point.as_bytes();
        (digit(bytes.first()), digit(bytes.get(1)) + row)
    };
    stroke.split(' ').map(node).collect()
}

fn add_line(path: &mut String, places: impl Iterator<Item = (i32, i32)>, is_closed: bool) {
    for (at, (x, y)) in places.enumerate() {
        let sign = if at == 0 { 'M' } else { 'L' };
        // Writing to a string does not fail.
        _ = write!(path, "{sign}{x} {y}");
    }
    if is_closed {
        path.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seal: &ChopSeal) -> String {
        format!("{}\n{}", seal.frame, seal.glyph)
    }

    #[test]
    fn the_published_inputs_give_the_published_paths() {
        let ascending: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let key = [
            0x7c, 0x1e, 0x40, 0xba, 0x93, 0xd2, 0xe5, 0xa0, 0x11, 0xf7, 0x6c, 0x38, 0x09, 0xd4,
            0xb8, 0x2c,
        ];
        for (input, digest) in [
            ([0; 16], "ebde921178ac1159fe2b155a80af3f9e274abcb1665c7a1a86d69355e84056e7"),
            (ascending, "2f313320f0a790ffd7b90978653fa81581dc87fff42b662997cc8b53ef484e8c"),
            ([255; 16], "94ab3555f90aa17dab07dd8e8cd5241830b2ab1ee9c1f9977c8b82143f0d58b9"),
            (key, "cbff8745b15a3b03bac3e96bc7ded2f1505b2b191efb961a3a705e79951172d2"),
        ] {
            let seal = ChopSeal::of_bytes(input);
            assert_eq!(sha256(text(&seal).as_bytes()).to_string(), digest, "{input:?}");
        }
    }

    #[test]
    fn five_hundred_seals_are_those_of_the_reference() {
        let all: String = (0..500)
            .map(|number| text(&ChopSeal::of_key(format!("party{number}").as_bytes())) + "\n")
            .collect();
        let expected = "09211739057ed96ff209c3de33fb4ba081305d3c2196f26ec76ab207b2fc4d67";
        assert_eq!(sha256(all.as_bytes()).to_string(), expected);
    }

    #[test]
    fn every_stroke_stays_within_the_frame_and_is_mirrored_about_the_middle() {
        for number in 0..500 {
            let seal = ChopSeal::of_key(format!("party{number}").as_bytes());
            let xs: Vec<i32> = seal
                .glyph
                .split(['M', 'L', 'Z'])
                .filter_map(|place| place.split_once(' ')?.0.parse().ok())
                .collect();
            assert!(xs.iter().all(|x| (164..=836).contains(x)), "{number}: {xs:?}");
            // Left and right are uneven by at most 12 together, and each has as many points.
            let (left, right): (Vec<i32>, Vec<i32>) =
                xs.iter().filter(|x| (*x - 500).abs() > 6).partition(|x| **x < 500);
            assert_eq!(left.len(), right.len(), "{number}");
        }
    }
}
