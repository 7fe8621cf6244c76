//! Raw windows: what is read back is byte for byte what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reads::Window;

fuzz_target!(|bytes: &[u8]| {
    match Window::parse(bytes) {
        Ok(reads) => {
            let mut window = Window::default();
            for read in &reads {
                window.push(read);
            }
            assert_eq!(window.bytes(), bytes);
            assert_eq!(window.len(), reads.len() as u64);
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
});
