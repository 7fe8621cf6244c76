//! The R200, YRM100, `MagicRF` M100 and QM100 family: serial, 115200 baud.
//!
//! A frame: `BB`, type (00 host, 01 response, 02 notice), command, length of parameters (two bytes), the
//! parameters, checksum (sum of type to last parameter, modulo 256), `7E`.
//!
//! An inventory notice (type 02, command 22) has as parameters: RSSI (signed, dBm), protocol control word
//! (two bytes), the EPC bank, the tag's own CRC (two bytes). The upper five bits of the control word are the
//! length of the EPC in words and must fit.
//!
//! What holds: parsed by length, not by end mark, since `7E` may stand in an EPC; after a bad frame the next
//! `BB` is tried, so at most one good frame is lost with it. The reader gives no time and no antenna.
//!
//! Source: `M5Stack`'s documentation of the UHF unit (JRD-4035), command tables of the YRM100 development kit.

use std::time::Duration;

use jiff::Timestamp;
use reads::Read;

use super::{Dialect, Fed};

const HEAD: u8 = 0xBB;
const END: u8 = 0x7E;
/// Longest parameters taken: the longest documented response is a memory read of 255 words.
const MAX_PARAMETERS: usize = 600;
/// Silence after which multi-poll is asked for again: it ends by itself after 10,000 rounds.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// 0 host, 1 response, 2 notice.
    pub kind: u8,
    /// Command.
    pub command: u8,
    /// Parameters.
    pub parameters: Vec<u8>,
}

impl Frame {
    /// The frame as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = u16::try_from(self.parameters.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut out = vec![HEAD, self.kind, self.command, length[0], length[1]];
        out.extend_from_slice(&self.parameters);
        out.push(checksum(&out[1..]));
        out.push(END);
        out
    }

    /// A command of the host.
    #[must_use]
    pub fn host(command: u8, parameters: &[u8]) -> Self {
        Self { kind: 0, command, parameters: parameters.to_vec() }
    }
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
}

impl Framer {
    /// Takes bytes and gives the frames that are whole now.
    pub fn feed(&mut self, bytes: &[u8], fed: &mut Fed) -> Vec<Frame> {
        self.buffer.extend_from_slice(bytes);
        let mut frames = Vec::new();
        let mut at = 0;
        loop {
            let rest = &self.buffer[at..];
            let skip = rest.iter().position(|byte| *byte == HEAD).unwrap_or(rest.len());
            fed.garbage_bytes += skip as u64;
            at += skip;
            let rest = &self.buffer[at..];
            let [_, kind, command, high, low, ..] = rest else { break };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if *kind > 2 || length > MAX_PARAMETERS {
                fed.bad_frames += 1;
                at += 1;
                continue;
            }
            let Some(frame) = rest.get(..length + 7) else { break };
            let is_right =
                frame[length + 5] == checksum(&frame[1..length + 5]) && frame[length + 6] == END;
            if !is_right {
                fed.bad_frames += 1;
                at += 1;
                continue;
            }
            fed.frames += 1;
            frames.push(Frame {
                kind: *kind,
                command: *command,
                parameters: frame[5..length + 5].to_vec(),
            });
            at += length + 7;
        }
        self.buffer.drain(..at);
        frames
    }
}

/// The tag in an inventory notice; none if its length does not fit its control word.
fn tag(parameters: &[u8]) -> Option<(i32, Vec<u8>)> {
    let [rssi, pc_high, _, rest @ ..] = parameters else { return None };
    let epc = rest.get(..rest.len().checked_sub(2)?)?;
    let words = usize::from(pc_high >> 3);
    #[expect(clippy::cast_possible_wrap, reason = "the byte is a signed number")]
    let rssi = i32::from(*rssi as i8);
    (epc.len() == words * 2).then(|| (rssi * 100, epc.to_vec()))
}

/// The driver.
#[derive(Debug)]
pub struct R200 {
    framer: Framer,
    /// Transmit power, hundredths of a dBm.
    power_cdbm: u16,
    version: Option<String>,
}

impl R200 {
    /// A driver that sets the given power, in hundredths of a dBm.
    #[must_use]
    pub fn new(power_cdbm: u16) -> Self {
        Self { framer: Framer::default(), power_cdbm, version: None }
    }

    fn multi_poll() -> Vec<u8> {
        // 0x2710 rounds, the most that the command takes.
        Frame::host(0x27, &[0x22, 0x27, 0x10]).to_bytes()
    }
}

impl Dialect for R200 {
    fn start(&mut self) -> Vec<Vec<u8>> {
        vec![
            self.stop(),
            Frame::host(0x03, &[0x00]).to_bytes(),
            Frame::host(0xB6, &self.power_cdbm.to_be_bytes()).to_bytes(),
            Self::multi_poll(),
        ]
    }

    fn feed(&mut self, bytes: &[u8], at: Timestamp, reads: &mut Vec<Read>) -> Fed {
        let mut fed = Fed::default();
        for frame in self.framer.feed(bytes, &mut fed) {
            match (frame.kind, frame.command) {
                (2, 0x22) => match tag(&frame.parameters) {
                    Some((rssi_cdbm, epc)) => reads.push(Read {
                        epc,
                        tid: None,
                        antenna: 0,
                        rssi_cdbm,
                        at,
                        reader_time: None,
                    }),
                    None => fed.bad_frames += 1,
                },
                (1, 0x03) => {
                    let text = frame.parameters.get(1..).unwrap_or_default();
                    self.version = Some(String::from_utf8_lossy(text).into_owned());
                }
                // Rounds without a tag (error 15) and answers to commands: signs of life.
                _ => {}
            }
        }
        fed
    }

    fn idle(&mut self, silent: Duration) -> Option<Vec<u8>> {
        (silent >= ASK_AGAIN).then(Self::multi_poll)
    }

    fn stop(&self) -> Vec<u8> {
        Frame::host(0x28, &[]).to_bytes()
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTICE: &str = "BB02220011C9340030751FEB705C5904E3D50D703A76EF7E";

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    fn feed_all(parts: &[&[u8]]) -> (Vec<Read>, Fed) {
        let mut driver = R200::new(2000);
        let mut reads = Vec::new();
        let mut sum = Fed::default();
        for part in parts {
            let fed = driver.feed(part, Timestamp::UNIX_EPOCH, &mut reads);
            sum.frames += fed.frames;
            sum.bad_frames += fed.bad_frames;
            sum.garbage_bytes += fed.garbage_bytes;
        }
        (reads, sum)
    }

    #[test]
    fn the_documented_commands_come_out_byte_for_byte() {
        let mut driver = R200::new(2000);
        let sent: Vec<String> = driver.start().iter().map(hex::encode_upper).collect();
        assert_eq!(
            sent,
            [
                "BB00280000287E",
                "BB00030001000 47E".replace(' ', "").as_str(),
                "BB00B6000207D08F7E",
                "BB00270003222710837E"
            ]
        );
    }

    #[test]
    fn a_notice_gives_rssi_and_epc() {
        let (reads, fed) = feed_all(&[&bytes(NOTICE)]);
        assert_eq!(hex::encode_upper(&reads[0].epc), "30751FEB705C5904E3D50D70");
        assert_eq!(reads[0].rssi_cdbm, -5500);
        assert_eq!(fed, Fed { frames: 1, bad_frames: 0, garbage_bytes: 0 });
    }

    #[test]
    fn frames_cut_at_every_byte_are_put_together() {
        let stream = [bytes(NOTICE), bytes("BB01FF000115167E"), bytes(NOTICE)].concat();
        for cut in 0..=stream.len() {
            let (reads, fed) = feed_all(&[&stream[..cut], &stream[cut..]]);
            assert_eq!((reads.len(), fed.frames, fed.bad_frames), (2, 3, 0), "cut at {cut}");
        }
        let one_by_one: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(feed_all(&one_by_one).0.len(), 2);
    }

    #[test]
    fn malformed_frames_from_public_documents_are_refused_and_the_next_frame_is_found() {
        for bad in [
            // A frame with a missing length byte, one with a wrong length and checksum, one with a wrong checksum.
            "BB000D000D7E",
            "BB01220003E8003000E20042007380601706 8E0440D242987E",
            "BB01030010004D31303020323664426D2056312E30227E",
        ] {
            let (reads, fed) = feed_all(&[&bytes(bad), &bytes(NOTICE), &bytes(NOTICE)]);
            assert!(fed.bad_frames + fed.garbage_bytes > 0, "{bad}");
            assert!(!reads.is_empty(), "{bad}");
        }
    }

    #[test]
    fn an_epc_that_does_not_fit_its_control_word_is_refused() {
        let mut frame = bytes(NOTICE);
        frame[6] = 0x3C;
        let sum = checksum(&frame[1..frame.len() - 2]);
        let place = frame.len() - 2;
        frame[place] = sum;
        assert_eq!(feed_all(&[&frame]).1.bad_frames, 1);
    }

    #[test]
    fn the_version_is_remembered() {
        let mut driver = R200::new(2000);
        driver.feed(
            &bytes("BB01030010004D31303020323664426D2056312E30927E"),
            Timestamp::UNIX_EPOCH,
            &mut vec![],
        );
        assert_eq!(driver.version(), Some("M100 26dBm V1.0"));
    }

    proptest! {
        #[test]
        fn garbage_never_panics_and_never_swallows_more_than_it_must(
            garbage in proptest::collection::vec(any::<u8>().prop_filter("no head", |b| *b != HEAD), 0..200),
        ) {
            let (reads, _) = feed_all(&[&garbage, &bytes(NOTICE)]);
            prop_assert_eq!(reads.len(), 1);
        }

        #[test]
        fn any_bytes_are_survived(any_bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            feed_all(&[&any_bytes]);
        }
    }
}
