//! Asks a person for a passphrase on the terminal, without showing it.
//!
//! What holds: the terminal shows what is typed again afterwards, whatever happened; nothing is read from standard input,
//! which may be a file or another program.
//!
//! Source: termios(3).

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::passphrase::{MOST_BYTES, Passphrase};
use crate::source::SourceError;

/// Asks for a passphrase.
///
/// - `what`: `passphrase of keys/factory.pem`.
///
/// # Errors
///
/// [`SourceError::Terminal`] if there is none.
pub fn ask(what: &str) -> Result<Passphrase, SourceError> {
    let mut terminal = terminal()?;
    ask_at(&mut terminal, what)
}

/// Asks for a new passphrase, twice.
///
/// # Errors
///
/// [`SourceError`], also if the two differ or it is too short.
pub fn ask_twice(what: &str) -> Result<Passphrase, SourceError> {
    let mut terminal = terminal()?;
    let first = ask_at(&mut terminal, &format!("new {what}"))?.for_encrypting()?;
    let second = ask_at(&mut terminal, &format!("{what} again"))?;
    if first.text() == second.text() { Ok(first) } else { Err(SourceError::Differ) }
}

fn terminal() -> Result<File, SourceError> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(SourceError::Terminal)
}

/// Shows what is typed again when it is dropped.
struct Silent<'t> {
    terminal: &'t File,
    before: Termios,
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        tcsetattr(self.terminal.as_fd(), SetArg::TCSANOW, &self.before).ok();
    }
}

fn ask_at(terminal: &mut File, what: &str) -> Result<Passphrase, SourceError> {
    let wrong = SourceError::Terminal;
    let reader = terminal.try_clone().map_err(wrong)?;
    let before = tcgetattr(reader.as_fd()).map_err(|error| wrong(error.into()))?;
    let mut quiet = before.clone();
    quiet.local_flags.remove(LocalFlags::ECHO);
    quiet.local_flags.insert(LocalFlags::ECHONL | LocalFlags::ICANON);
    tcsetattr(reader.as_fd(), SetArg::TCSAFLUSH, &quiet).map_err(|error| wrong(error.into()))?;
    let silent = Silent { terminal: &reader, before };
    write!(terminal, "{what}: ").and_then(|()| terminal.flush()).map_err(wrong)?;
    let typed = line(&reader).map_err(wrong);
    drop(silent);
    Ok(Passphrase::new(&typed?)?)
}

/// One line, without its end.
fn line(mut from: &File) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES + 1));
    let mut byte = [0];
    while bytes.len() <= MOST_BYTES && from.read(&mut byte)? == 1 && byte[0] != b'\n' {
        bytes.push(byte[0]);
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "expected UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_not_shown_and_the_terminal_is_as_before() {
        let pair = nix::pty::openpty(None, None).unwrap();
        let (mut person, mut terminal) = (File::from(pair.master), File::from(pair.slave));
        let flags = |terminal: &File| tcgetattr(terminal.as_fd()).unwrap().local_flags;
        let before = flags(&terminal);
        let mut seen = Vec::new();
        let typed = std::thread::scope(|scope| {
            let asking = scope.spawn(|| ask_at(&mut terminal, "passphrase"));
            // The question comes after the terminal went silent.
            while !seen.ends_with(b"passphrase: ") {
                let mut byte = [0];
                assert_eq!(person.read(&mut byte).unwrap(), 1);
                seen.push(byte[0]);
            }
            person.write_all(b"correct horse\n").unwrap();
            asking.join().unwrap().unwrap()
        });
        assert_eq!(typed.text(), "correct horse");
        drop(terminal.write_all(b"end"));
        while !seen.ends_with(b"end") {
            let mut byte = [0];
            assert_eq!(person.read(&mut byte).unwrap(), 1);
            seen.push(byte[0]);
        }
        let shown = String::from_utf8(seen).unwrap();
        assert!(!shown.contains("horse"), "{shown}");
        assert_eq!(flags(&terminal), before);
    }
}
