//! Archives in the ZIP format: written in one way only, and read only if they are written in that way.
//!
//! The way through: [`Archive`] writes entry after entry to a sink that only takes bytes at its end; [`Index::read`] reads an archive of stored entries.
//!
//! What holds:
//!
//! - the same entries give the same bytes: no time, no attributes of files, no extra fields;
//! - every byte of an archive that [`Index::read`] takes is determined by names and contents of its entries: whatever is changed in it, in a header as
//!   in a content, is a [`Fault`] that names where; nothing stands before, between or behind the entries;
//! - names are plain: no way out of the folder into which somebody unpacks it.
//!
//! Not here: ZIP64; an archive ends at 4 GiB and 65,534 entries.
//!
//! Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};

/// 1 January 1980, the first day of the format.
const DATE: u16 = 0x21;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// Sizes and checksum stand behind the content.
const SIZES_BEHIND: u16 = 1 << 3;
const VERSION: u16 = 20;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const BEHIND: [u8; 4] = *b"PK\x07\x08";
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
/// Most entries.
pub const MOST_ENTRIES: usize = 65_534;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 200;

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, with slashes.
    pub name: String,
    /// Bytes of its content.
    pub size: u32,
    crc: u32,
    offset: u32,
    packed: u32,
    method: u16,
    flags: u16,
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("an archive ends at 4 GiB and {MOST_ENTRIES} entries; ask for less at once"),
    )
}

/// Whether an entry may have this name.
fn is_plain(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it))
    };
    name.len() <= LONGEST_NAME && name.split('/').all(is_part)
}

impl Entry {
    /// What stands before the content, and in the directory: version, flags, method, time, checksum, sizes, length of the name.
    fn common(&self, has_sizes: bool) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(26);
        let (crc, packed, size) =
            if has_sizes { (self.crc, self.packed, self.size) } else { (0, 0, 0) };
        for word in [VERSION, self.flags, self.method, 0, DATE] {
            bytes.extend(word.to_le_bytes());
        }
        for word in [crc, packed, size] {
            bytes.extend(word.to_le_bytes());
        }
        let length = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    fn local(&self) -> Vec<u8> {
        let common = self.common(self.flags & SIZES_BEHIND == 0);
        [&LOCAL[..], &common, self.name.as_bytes()].concat()
    }

    fn central(&self) -> Vec<u8> {
        let made_by = VERSION.to_le_bytes();
        let rest = [0; 10];
        let offset = self.offset.to_le_bytes();
        let common = self.common(true);
        [&CENTRAL[..], &made_by, &common, &rest, &offset, self.name.as_bytes()].concat()
    }
}

/// What stands at the end of an archive.
fn end(entries: usize, directory: u32, offset: u32) -> Vec<u8> {
    let count = u16::try_from(entries).unwrap_or(u16::MAX).to_le_bytes();
    let (directory, offset) = (directory.to_le_bytes(), offset.to_le_bytes());
    [&END[..], &[0; 4], &count, &count, &directory, &offset, &[0; 2]].concat()
}

/// A sink that counts and sums what goes through it.
struct Counting<W> {
    inner: W,
    bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Size and checksum of what was written.
struct Summed<W> {
    inner: W,
    crc: Crc,
    bytes: u64,
}

impl<W: Write> Summed<W> {
    fn new(inner: W) -> Self {
        Self { inner, crc: Crc::new(), bytes: 0 }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The size and checksum of a content, before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    size: u64,
    crc: u32,
}

impl Sum {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(bytes);
        Self { size: bytes.len() as u64, crc: crc.sum() }
    }
}

/// A sink that only sums.
pub struct Summing(Summed<io::Sink>);

impl Default for Summing {
    fn default() -> Self {
        Self(Summed::new(io::sink()))
    }
}

impl Summing {
    /// The sum of all that was written.
    #[must_use]
    pub fn finish(self) -> Sum {
        Sum { size: self.0.bytes, crc: self.0.crc.sum() }
    }
}

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive that is written.
pub struct Archive<W: Write> {
    sink: Counting<W>,
    entries: Vec<Entry>,
}

/// The content of an entry that is being compressed.
pub struct Deflating<W: Write>(Summed<DeflateEncoder<Counting<W>>>);

impl<W: Write> Write for Deflating<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive of which one entry is open: its content is compressed as it comes.
pub struct OpenEntry<W: Write> {
    /// Takes the content.
    pub content: Deflating<W>,
    entries: Vec<Entry>,
    begin: u64,
}

impl<W: Write> OpenEntry<W> {
    /// Ends the entry.
    ///
    /// # Errors
    ///
    /// If the sink takes no more.
    pub fn end(self) -> io::Result<Archive<W>> {
        let Self { content: Deflating(summed), mut entries, begin } = self;
        let (crc, size) = (summed.crc.sum(), summed.bytes);
        let mut sink = summed.inner.finish()?;
        let packed = sink.bytes - begin;
        let entry = entries.last_mut().ok_or_else(too_large)?;
        entry.crc = crc;
        entry.size = u32::try_from(size).map_err(|_| too_large())?;
        entry.packed = u32::try_from(packed).map_err(|_| too_large())?;
        let words = [entry.crc, entry.packed, entry.size].map(u32::to_le_bytes).concat();
        sink.write_all(&BEHIND)?;
        sink.write_all(&words)?;
        Ok(Archive { sink, entries })
    }
}

impl<W: Write> Archive<W> {
    /// An empty archive.
    pub fn new(sink: W) -> Self {
        Self { sink: Counting { inner: sink, bytes: 0 }, entries: Vec::new() }
    }

    fn entry(&self, name: &str, method: u16, flags: u16) -> io::Result<Entry> {
        let offset = u32::try_from(self.sink.bytes).map_err(|_| too_large())?;
        if self.entries.len() >= MOST_ENTRIES {
            return Err(too_large());
        }
        let (size, crc, packed) = (0, 0, 0);
        Ok(Entry { name: name.to_owned(), size, crc, offset, packed, method, flags })
    }

    /// Begins an entry whose content is compressed; sizes stand behind it.
    ///
    /// # Errors
    ///
    /// If the sink takes no more, or the archive is full.
    pub fn deflate(mut self, name: &str) -> io::Result<OpenEntry<W>> {
        let entry = self.entry(name, DEFLATED, UTF8 | SIZES_BEHIND)?;
        self.sink.write_all(&entry.local())?;
        self.entries.push(entry);
        let begin = self.sink.bytes;
        let encoder = DeflateEncoder::new(self.sink, Compression::fast());
        let content = Deflating(Summed::new(encoder));
        Ok(OpenEntry { content, entries: self.entries, begin })
    }

    /// Adds an entry as it is.
    ///
    /// # Errors
    ///
    /// If the sink takes no more, the archive is full, or the name is not plain.
    pub fn store(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.begin_stored(name, Sum::of(content))?;
        self.sink.write_all(content)
    }

    /// Begins an entry whose content follows as it is, through [`Archive::content`].
    ///
    /// # Errors
    ///
    /// As [`Archive::store`].
    pub fn begin_stored(&mut self, name: &str, sum: Sum) -> io::Result<()> {
        if !is_plain(name) || self.entries.iter().any(|entry| entry.name == name) {
            let problem = format!("got an entry `{name}`, expected a plain name, each once");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let mut entry = self.entry(name, STORED, UTF8)?;
        entry.size = u32::try_from(sum.size).map_err(|_| too_large())?;
        (entry.packed, entry.crc) = (entry.size, sum.crc);
        self.sink.write_all(&entry.local())?;
        self.entries.push(entry);
        Ok(())
    }

    /// Takes the content of a stored entry.
    pub fn content(&mut self) -> &mut (dyn Write + Send)
    where
        W: Send,
    {
        &mut self.sink
    }

    /// Writes the directory.
    ///
    /// # Errors
    ///
    /// If the sink takes no more, or the archive is too long.
    pub fn finish(mut self) -> io::Result<W> {
        let begin = u32::try_from(self.sink.bytes).map_err(|_| too_large())?;
        for entry in &self.entries {
            self.sink.write_all(&entry.central())?;
        }
        let behind = u32::try_from(self.sink.bytes).map_err(|_| too_large())?;
        self.sink.write_all(&end(self.entries.len(), behind - begin, begin))?;
        self.sink.flush()?;
        Ok(self.sink.inner)
    }
}

/// What is wrong with an archive, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry, or `the end of the archive`.
    pub entry: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.entry, self.problem)
    }
}

/// The entries of an archive of which every header is as [`Archive`] writes it.
#[derive(Debug)]
pub struct Index<R> {
    source: R,
    entries: Vec<Entry>,
}

/// Why an archive cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// It was changed, or somebody else's program wrote it.
    Fault(Fault),
    /// It cannot be read at all.
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn fault<T>(entry: &str, problem: impl Into<String>) -> Result<T, ReadError> {
    Err(ReadError::Fault(Fault { entry: entry.to_owned(), problem: problem.into() }))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_le_bytes)
}

fn short(bytes: &[u8], at: usize) -> u16 {
    let bytes = bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u16::from_le_bytes)
}

/// Where the directory of an archive is, and the end of all.
const END_OF_ARCHIVE: &str = "the end of the archive";

impl<R: Read + Seek> Index<R> {
    /// Reads the headers; contents are compared with their checksums when they are read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] with the first header that is not as it must be.
    pub fn read(mut source: R) -> Result<Self, ReadError> {
        let length = source.seek(SeekFrom::End(0))?;
        if length < END_BYTES as u64 || length > u64::from(u32::MAX) {
            return fault(END_OF_ARCHIVE, format!("got {length} bytes, expected a whole archive"));
        }
        let last = read_at(&mut source, length - END_BYTES as u64, END_BYTES)?;
        let (count, directory, begin) =
            (usize::from(short(&last, 8)), word(&last, 12), word(&last, 16));
        let is_end = last == end(count, directory, begin)
            && u64::from(begin) + u64::from(directory) + END_BYTES as u64 == length
            && count <= MOST_ENTRIES;
        if !is_end {
            return fault(END_OF_ARCHIVE, "it is not as it was written");
        }
        let listed = read_at(&mut source, u64::from(begin), directory as usize)?;
        let (mut entries, mut rest, mut at) = (Vec::with_capacity(count), &listed[..], 0);
        for number in 0..count {
            let entry = next_entry(&mut rest, number, at)?;
            let local = entry.local();
            let found =
                read_at(&mut source, u64::from(at), local.len().min((begin - at) as usize))?;
            if found != local {
                let name = found.get(LOCAL_BYTES..).map(String::from_utf8_lossy);
                let name = name.filter(|name| **name != entry.name).unwrap_or_default();
                let other = if name.is_empty() {
                    String::new()
                } else {
                    format!("; there it is called {}", ledger::text::escaped(&name))
                };
                let problem = format!("its header differs from the one before its content{other}");
                // The directory may name it wrongly: the number tells which it is.
                let shown = format!("{} (entry {number} of the directory)", entry.name);
                return fault(&shown, problem);
            }
            let behind = u64::from(at) + local.len() as u64 + u64::from(entry.size);
            at = match u32::try_from(behind) {
                Ok(behind) if behind <= begin => behind,
                _ => return fault(&entry.name, "it ends behind the end of all contents"),
            };
            if entries.iter().any(|other: &Entry| other.name == entry.name) {
                return fault(&entry.name, "it is there twice");
            }
            entries.push(entry);
        }
        if at != begin || !rest.is_empty() {
            return fault(END_OF_ARCHIVE, "something stands between the entries and it");
        }
        Ok(Self { source, entries })
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The content of an entry, in pieces.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it does not have its checksum, after all pieces were given.
    pub fn content(
        &mut self,
        entry: &Entry,
        mut piece: impl FnMut(&[u8]),
    ) -> Result<(), ReadError> {
        self.source.seek(SeekFrom::Start(u64::from(entry.offset) + entry.local().len() as u64))?;
        let mut left = u64::from(entry.size);
        let (mut crc, mut room) = (Crc::new(), vec![0; 64 * 1024]);
        while left > 0 {
            let most = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.source.read_exact(&mut room[..most])?;
            crc.update(&room[..most]);
            piece(&room[..most]);
            left -= most as u64;
        }
        if crc.sum() == entry.crc {
            return Ok(());
        }
        fault(&entry.name, "it was changed: its content does not have the checksum in its header")
    }

    /// The whole content of an entry.
    ///
    /// # Errors
    ///
    /// As [`Index::content`]; if it has more than `most` bytes.
    pub fn whole(&mut self, entry: &Entry, most: u32) -> Result<Vec<u8>, ReadError> {
        if entry.size > most {
            let problem = format!("got {} bytes, expected at most {most}", entry.size);
            return fault(&entry.name, problem);
        }
        let mut bytes = Vec::with_capacity(entry.size as usize);
        self.content(entry, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }
}

/// The next entry of the directory, which must be as it is written.
fn next_entry(rest: &mut &[u8], number: usize, at: u32) -> Result<Entry, ReadError> {
    let named = format!("entry {number} of the directory");
    if rest.len() < CENTRAL_BYTES {
        return fault(&named, "it is cut off");
    }
    let length = usize::from(short(rest, 28));
    let Some((own, behind)) = rest.split_at_checked(CENTRAL_BYTES + length) else {
        return fault(&named, "its name is cut off");
    };
    let name = String::from_utf8_lossy(&own[CENTRAL_BYTES..]).into_owned();
    let entry = Entry {
        size: word(own, 24),
        crc: word(own, 16),
        offset: at,
        packed: word(own, 24),
        method: STORED,
        flags: UTF8,
        name,
    };
    let shown = format!("{} ({named})", ledger::text::escaped(&entry.name));
    if !is_plain(&entry.name) {
        return fault(&shown, "expected a plain name");
    }
    if own != entry.central() {
        return fault(&shown, "its entry in the directory is not as it was written");
    }
    *rest = behind;
    Ok(entry)
}

fn read_at<R: Read + Seek>(source: &mut R, at: u64, length: usize) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
