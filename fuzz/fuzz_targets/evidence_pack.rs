//! Evidence packs: whatever the bytes are, none proves anything to a policy that knows nobody, and an archive that is taken is written again the same.
#![no_main]

use std::io::Cursor;

use export::pack::{Outcome, verify};
use export::zip::{Archive, Index, ReadError};
use ledger::policy::Policy;
use libfuzzer_sys::fuzz_target;

/// The archive of the same entries; none if a content does not have its checksum.
fn again(bytes: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
    let mut index = Index::read(Cursor::new(bytes))?;
    let mut archive = Archive::new(Vec::new());
    for entry in index.entries().to_vec() {
        match index.whole(&entry, u32::MAX) {
            Ok(content) => archive.store(&entry.name, &content)?,
            Err(ReadError::Fault(fault)) => {
                fuzz::contract::reason(&fault.to_string());
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(archive.finish()?))
}

fuzz_target!(|bytes: &[u8]| {
    let report =
        verify(Cursor::new(bytes), &Policy::default()).expect("bytes in memory can be read");
    assert_ne!(report.outcome, Outcome::Proved);
    match again(bytes) {
        Ok(Some(same)) => assert_eq!(same, bytes),
        Ok(None) => assert_eq!(report.outcome, Outcome::Refuted),
        Err(ReadError::Fault(fault)) => {
            fuzz::contract::reason(&fault.to_string());
            assert_eq!(report.outcome, Outcome::Refuted);
        }
        Err(ReadError::Io(error)) => panic!("{error}"),
    }
});
