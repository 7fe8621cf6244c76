//! The bytes of LLRP as a reader writes and reads them, composed here by hand and not with the bridge's codec.
//!
//! The way through: [`take_message`] cuts a client's message off a stream, [`parameters`] walks what is in it;
//! the other functions each write one message or parameter.
//!
//! What holds: a message or parameter that does not end where its length says is none.
//!
//! Not here: when which of them is sent (`super::session`).
//!
//! Source: LLRP 1.0.1 sections 16.1 and 16.2; Impinj Octane LLRP, parameters 50, 51, 53, 55 and 57.

/// Impinj's number in IANA's list of enterprises.
pub const IMPINJ: u32 = 25_882;
/// The number of a maker without extensions.
pub const PLAIN: u32 = 161;

/// Inputs that every reader has.
pub const INPUTS: u16 = 4;

/// A message of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its type.
    pub number: u16,
    /// Its number.
    pub id: u32,
    /// What is in it.
    pub body: Vec<u8>,
}

/// Cuts the first whole message off what has arrived.
///
/// # Errors
///
/// If it is no message: then nothing behind it can be found.
pub fn take_message(pending: &mut Vec<u8>) -> Result<Option<Message>, String> {
    let Some((head, _)) = pending.split_first_chunk::<10>() else { return Ok(None) };
    let [a, b, l0, l1, l2, l3, i0, i1, i2, i3] = *head;
    let first = u16::from_be_bytes([a, b]);
    let version = first >> 10 & 7;
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    if !(1..=2).contains(&version) || !(10..=1 << 20).contains(&length) {
        return Err(format!("got version {version} and length {length}, expected version 1 or 2"));
    }
    if pending.len() < length {
        return Ok(None);
    }
    let whole: Vec<u8> = pending.drain(..length).collect();
    let body = whole.get(10..).unwrap_or_default().to_vec();
    let id = u32::from_be_bytes([i0, i1, i2, i3]);
    Ok(Some(Message { number: first & 0x3FF, id, body }))
}

/// The parameters with a long header in `bytes`, one behind the other: number and content. What follows a
/// parameter that is cut or has a short header is left out.
#[must_use]
pub fn parameters(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    while let Some(([a, b, c, d], _)) = bytes.split_first_chunk::<4>() {
        let number = u16::from_be_bytes([*a, *b]) & 0x3FF;
        let length = usize::from(u16::from_be_bytes([*c, *d]));
        let Some(content) = bytes.get(4..length) else { break };
        found.push((number, content));
        bytes = bytes.get(length..).unwrap_or_default();
    }
    found
}

/// The first parameter with this number.
#[must_use]
pub fn find(bytes: &[u8], number: u16) -> Option<&[u8]> {
    parameters(bytes).into_iter().find(|(found, _)| *found == number).map(|(_, content)| content)
}

/// The subtype of one of Impinj's own parameters, if it is one.
#[must_use]
pub fn impinj_subtype(content: &[u8]) -> Option<u32> {
    let (vendor, rest) = content.split_first_chunk::<4>()?;
    let (subtype, _) = rest.split_first_chunk::<4>()?;
    (u32::from_be_bytes(*vendor) == IMPINJ).then(|| u32::from_be_bytes(*subtype))
}

/// A message of version 1.0.1.
#[must_use]
pub fn message(number: u16, id: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 10).unwrap_or(u32::MAX);
    let head = (1 << 10 | number).to_be_bytes();
    [&head[..], &length.to_be_bytes(), &id.to_be_bytes(), body].concat()
}

/// A parameter with a long header.
#[must_use]
pub fn parameter(number: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 4).unwrap_or(u16::MAX);
    [&number.to_be_bytes()[..], &length.to_be_bytes(), content].concat()
}

/// A parameter with a short header.
fn short(number: u8, content: &[u8]) -> Vec<u8> {
    [&[0x80 | number][..], content].concat()
}

/// One of Impinj's own parameters.
fn impinj(subtype: u32, content: &[u8]) -> Vec<u8> {
    parameter(1023, &[&IMPINJ.to_be_bytes()[..], &subtype.to_be_bytes(), content].concat())
}

/// A status: 0 is success, 101 a wrong field.
#[must_use]
pub fn status(code: u16, words: &str) -> Vec<u8> {
    let length = u16::try_from(words.len()).unwrap_or(0);
    parameter(287, &[&code.to_be_bytes()[..], &length.to_be_bytes(), words.as_bytes()].concat())
}

/// A notification of something that happened at `micros` microseconds since 1970.
#[must_use]
pub fn event(id: u32, micros: u64, what: &[u8]) -> Vec<u8> {
    let time = parameter(128, &micros.to_be_bytes());
    message(63, id, &parameter(246, &[&time[..], what].concat()))
}

/// What becomes of an attempt to connect: 0 success, 2 another client is connected, 4 another one tried.
#[must_use]
pub fn attempt(status: u16) -> Vec<u8> {
    parameter(256, &status.to_be_bytes())
}

/// The reader ends the connection.
#[must_use]
pub fn closing() -> Vec<u8> {
    parameter(257, &[])
}

/// A `ROSpec` has ended, and none took its place.
#[must_use]
pub fn job_ended(id: u32) -> Vec<u8> {
    parameter(249, &[&[1][..], &id.to_be_bytes(), &[0; 4]].concat())
}

/// An antenna is there or gone.
#[must_use]
pub fn antenna_event(port: u16, is_there: bool) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    parameter(255, &[u8::from(is_there), high, low])
}

/// An input changed.
#[must_use]
pub fn input_event(port: u16, is_active: bool) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    parameter(248, &[high, low, u8::from(is_active) << 7])
}

/// What the reader can do.
#[must_use]
pub fn capabilities(vendor: u32, ports: u16, firmware: &str) -> Vec<u8> {
    let is_impinj = vendor == IMPINJ;
    // It has a clock; the model is 42; one level of sensitivity.
    let general = [
        &ports.to_be_bytes()[..],
        &[0x40, 0x00],
        &vendor.to_be_bytes(),
        &42_u32.to_be_bytes(),
        &u16::try_from(firmware.len()).unwrap_or(0).to_be_bytes(),
        firmware.as_bytes(),
        &parameter(139, &[0, 1, 0, 0]),
        &parameter(141, &[INPUTS.to_be_bytes(), [0, 4]].concat()),
    ]
    .concat();
    // Impinj's warn of a full buffer and hold reports back.
    let flags = if is_impinj { 0x48 } else { 0x00 };
    let limits = [&[flags, 1, 0, 0][..], &[0, 0, 0, 1].repeat(5)].concat();
    // 10.00 to 32.50 dBm in steps of a quarter.
    let levels: Vec<u8> = (1_u16..=91)
        .flat_map(|level| {
            let cdbm = 975 + 25 * level;
            parameter(145, &[level.to_be_bytes(), cdbm.to_be_bytes()].concat())
        })
        .collect();
    let frequencies = if is_impinj {
        let table = [&[1, 0, 0, 2][..], &902_750_u32.to_be_bytes(), &915_250_u32.to_be_bytes()];
        parameter(146, &[&[0x80][..], &parameter(147, &table.concat())].concat())
    } else {
        let table = [&[0, 1][..], &866_900_u32.to_be_bytes()].concat();
        parameter(146, &[&[0x00][..], &parameter(148, &table)].concat())
    };
    let band = parameter(144, &[levels, frequencies].concat());
    let regulatory = [&[0x03, 0x48, 0, 1][..], &band].concat();
    [status(0, ""), parameter(137, &general), parameter(142, &limits), parameter(143, &regulatory)]
        .concat()
}

/// Which antennas are connected: port and whether.
#[must_use]
pub fn antennas(ports: &[(u16, bool)]) -> Vec<u8> {
    let one = |(port, is_there): &(u16, bool)| {
        let [high, low] = port.to_be_bytes();
        parameter(221, &[u8::from(*is_there) << 7, high, low, 0, 0])
    };
    [status(0, ""), ports.iter().flat_map(one).collect()].concat()
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Impinj's signal strength in hundredths.
    pub fine_rssi: bool,
    /// Impinj's TID.
    pub serialized_tid: bool,
    /// The result of a read operation with this number.
    pub operation: Option<u16>,
}

/// One read of a tag.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its EPC bank.
    pub epc: &'a [u8],
    /// Its TID bank.
    pub tid: &'a [u8],
    /// The port that read it.
    pub antenna: u16,
    /// Hundredths of a dBm.
    pub rssi_cdbm: i16,
    /// When, in microseconds since 1970.
    pub micros: u64,
}

/// The report of one read.
#[must_use]
pub fn report(seen: &Seen<'_>, wanted: Wanted) -> Vec<u8> {
    // An EPC of 96 bits has a parameter of its own; any other says how long it is.
    let epc = if seen.epc.len() == 12 {
        short(13, seen.epc)
    } else {
        let bits = u16::try_from(seen.epc.len() * 8).unwrap_or(u16::MAX);
        parameter(241, &[&bits.to_be_bytes()[..], seen.epc].concat())
    };
    let whole = i8::try_from(seen.rssi_cdbm / 100).unwrap_or(i8::MIN);
    let mut parts = vec![
        epc,
        short(1, &seen.antenna.to_be_bytes()),
        short(6, &whole.to_be_bytes()),
        short(7, &[0, 1]),
        short(2, &seen.micros.to_be_bytes()),
        short(4, &seen.micros.to_be_bytes()),
        short(8, &[0, 1]),
    ];
    let words = u16::try_from(seen.tid.len() / 2).unwrap_or(0).to_be_bytes();
    if let Some(operation) = wanted.operation {
        parts.push(short(16, &1_u32.to_be_bytes()));
        let [high, low] = operation.to_be_bytes();
        // Six words are read: a shorter bank is overrun.
        let result = if seen.tid.len() < 12 {
            vec![4, high, low, 0, 0]
        } else {
            [&[0, high, low][..], &words, seen.tid].concat()
        };
        parts.push(parameter(349, &result));
    }
    if wanted.fine_rssi {
        parts.push(impinj(57, &seen.rssi_cdbm.to_be_bytes()));
    }
    if wanted.serialized_tid {
        parts.push(impinj(55, &[&words[..], seen.tid].concat()));
    }
    parameter(240, &parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cut_at_any_byte_is_taken_when_it_is_whole() {
        let whole = message(20, 7, &[1, 2, 3]);
        assert_eq!(hex::encode(&whole), "04140000000d00000007010203");
        for cut in 0..whole.len() {
            assert_eq!(take_message(&mut whole[..cut].to_vec()), Ok(None), "{cut}");
        }
        let mut two = whole.repeat(2);
        let expected = Message { number: 20, id: 7, body: vec![1, 2, 3] };
        assert_eq!(take_message(&mut two), Ok(Some(expected)));
        assert_eq!(two, whole);
        assert!(take_message(&mut b"GET / HTTP/1.1".to_vec()).is_err());
    }

    #[test]
    fn reports_are_those_of_the_standard_and_of_impinj() {
        let mut seen =
            Seen { epc: &[0x30; 12], tid: &[0xE2, 0x80], antenna: 3, rssi_cdbm: -5798, micros: 1 };
        let fine = Wanted { fine_rssi: true, serialized_tid: true, operation: None };
        let times = "82000000000000000184000000000000000188";
        assert_eq!(
            hex::encode(report(&seen, fine)),
            format!(
                "00f0004c8d{}81000386c7870001{times}000103ff000e0000651a00000039e95a\
                 03ff00100000651a000000370001e280",
                "30".repeat(12)
            )
        );
        seen.epc = &[0x33; 16];
        let read = Wanted { fine_rssi: false, serialized_tid: false, operation: Some(7171) };
        assert_eq!(
            hex::encode(report(&seen, read)),
            format!(
                "00f0004500f100160080{}81000386c7870001{times}00019000000001\
                 015d0009041c030000",
                "33".repeat(16)
            )
        );
        seen.tid = &[0xE2; 12];
        assert_eq!(
            hex::encode(report(&seen, read)),
            format!(
                "00f0005100f100160080{}81000386c7870001{times}00019000000001\
                 015d0015001c030006{}",
                "33".repeat(16),
                "e2".repeat(12)
            )
        );
    }
}
