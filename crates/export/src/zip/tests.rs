//! Archives are read as they were written, and not if anything in them was changed.

use std::io::Cursor;

use super::*;

fn archive() -> Vec<u8> {
    let mut archive = Archive::new(Vec::new());
    archive.store("README.txt", b"read me").unwrap();
    archive.store("bundles/a.json", b"{}").unwrap();
    archive.store("empty", b"").unwrap();
    archive.finish().unwrap()
}

/// The first thing that is wrong, of headers and contents.
fn wrong(bytes: &[u8]) -> Option<Fault> {
    let mut index = match Index::read(Cursor::new(bytes)) {
        Ok(index) => index,
        Err(ReadError::Fault(fault)) => return Some(fault),
        Err(ReadError::Io(error)) => panic!("{error}"),
    };
    for entry in index.entries().to_vec() {
        if let Err(ReadError::Fault(fault)) = index.content(&entry, |_| {}) {
            return Some(fault);
        }
    }
    None
}

#[test]
fn an_archive_is_read_as_it_was_written() {
    let bytes = archive();
    assert_eq!(wrong(&bytes), None);
    let mut index = Index::read(Cursor::new(&bytes[..])).unwrap();
    let names: Vec<&str> = index.entries().iter().map(|entry| &*entry.name).collect();
    assert_eq!(names, ["README.txt", "bundles/a.json", "empty"]);
    let first = index.entries()[0].clone();
    assert_eq!(index.whole(&first, 7).unwrap(), b"read me");
    assert!(matches!(index.whole(&first, 6), Err(ReadError::Fault(_))));
    assert_eq!(bytes, archive());
}

#[test]
fn every_bit_of_an_archive_counts_and_the_fault_names_its_entry() {
    let bytes = archive();
    let begin = bytes.len() - END_BYTES;
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let fault = wrong(&changed).unwrap_or_else(|| panic!("bit {bit} was changed unseen"));
        if bit / 8 >= begin {
            continue;
        }
        // The first entry: header and content, and its part of the directory.
        if bit / 8 < LOCAL_BYTES + "README.txt".len() + "read me".len() {
            let text = fault.to_string();
            assert!(text.contains("README.txt"), "bit {bit}: {text}");
        }
    }
}

#[test]
fn nothing_stands_before_between_or_behind_the_entries() {
    let bytes = archive();
    for at in [0, 47, bytes.len() - END_BYTES, bytes.len()] {
        let mut changed = bytes.clone();
        changed.insert(at, 0);
        assert!(wrong(&changed).is_some(), "a byte at {at} was not seen");
    }
    for length in 0..bytes.len() {
        assert!(wrong(&bytes[..length]).is_some(), "{length} bytes were taken for all");
    }
}

#[test]
fn names_that_lead_out_of_a_folder_are_neither_written_nor_read() {
    for name in ["../x", "/x", "a//b", "a/../b", "", "a\\b", "c:x", ".x", "a b", &"x".repeat(201)] {
        assert!(Archive::new(Vec::new()).store(name, b"").is_err(), "{name}");
    }
    let mut archive = Archive::new(Vec::new());
    archive.store("ab/cd", b"x").unwrap();
    let bytes = archive.finish().unwrap();
    let text = bytes.windows(5).map(|it| if it == b"ab/cd" { b'.' } else { it[0] });
    let evil: Vec<u8> = text.chain(bytes[bytes.len() - 4..].iter().copied()).collect();
    assert_eq!(evil.len(), bytes.len());
    assert!(wrong(&evil).unwrap().problem.contains("plain name"));
}
