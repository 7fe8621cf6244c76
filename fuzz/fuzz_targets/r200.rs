//! Bytes of a reader of the R200 family: framer and driver.
#![no_main]

use devices::reader::FrameData;
use devices::reader::cutter::Cutter;
use devices::reader::r200::frame::{Frame, Frames, Received};
use devices::reader::r200::{R200, Region, Settings};
use fuzz::dialect::{Arrival, talk};
use fuzz::{Choices, framed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let arrival = Arrival::choose(&mut choices);
    let which = choices.byte();
    let stream = if arrival.is_framed {
        framed(choices.0, |part| match part {
            [kind, command, parameters @ ..] => {
                let (kind, command) = (kind & 3, *command);
                Frame { kind, command, parameters: parameters.to_vec() }.to_bytes()
            }
            other => other.to_vec(),
        })
    } else {
        choices.0.to_vec()
    };
    frames_are_bytes_of_the_stream(&stream);
    let settings = Settings {
        power_cdbm: 2000,
        region: (which & 1 != 0).then_some(Region::Europe),
        session: (which & 2 != 0).then_some(1),
        only: if which & 4 != 0 { vec![0x30] } else { Vec::new() },
        read_tid: which & 8 != 0,
    };
    talk(|| Box::new(R200::new(settings.clone())), arrival, &stream);
});

fn frames_are_bytes_of_the_stream(stream: &[u8]) {
    let mut fed = FrameData::default();
    Cutter::new(Frames).feed(stream, &mut fed, |frame, _| {
        let Received { kind, command, parameters } = frame;
        let bytes = Frame { kind, command, parameters: parameters.to_vec() }.to_bytes();
        assert!(stream.windows(bytes.len()).any(|window| window == bytes));
    });
}
