//! Commands that wait for their turn, one at a time.
//!
//! The way through: [`Queue::push`] adds a command, [`Queue::poll`] gives the next one's bytes when the one
//! before is answered or given up, [`Queue::answered`] handles an answer, [`Queue::given_up`] gives what was not
//! answered.
//!
//! What holds: nothing is written twice. The line is TCP, so a command that is not answered was not lost, and
//! a second `ADD_ROSPEC` would be refused; that is why the handshake of the serial readers is not used here.
//! A command without answer is given up after eight seconds, or four as long as the reader has answered nothing
//! at all, and the next one goes out.
//!
//! Not here: what answers mean (`super`).
//!
//! Source: LLRP 1.0.1, section 16.1 (message numbers, and which message answers which).

use std::collections::VecDeque;
use std::time::Duration;

use reads::{Finding, code};

use super::message::Message;
use super::parameter::Node;

/// Time that a reader has to answer: some write a configuration to flash first. A line that is silent for ten
/// seconds is opened again, and unanswered commands must have been reported before.
const PATIENCE: Duration = Duration::from_secs(8);
/// Time that it has for its first answer, after the wait for its greeting.
const FIRST_PATIENCE: Duration = Duration::from_secs(4);

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The message.
    pub node: Node,
    /// What it is called when it fails.
    pub name: &'static str,
    /// Type number of its answer; none if there is no answer.
    pub answer: Option<u16>,
    /// The consequence of a refusal.
    pub refusal: Refusal,
}

/// The consequence of a refused command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing: to delete what is not there may be refused.
    Harmless,
    /// Something is missing; it is reported.
    Reported,
    /// Nothing can be read; all commands that start the reading are sent again.
    Retried,
}

impl Command {
    /// A command that must succeed.
    #[must_use]
    pub fn must(node: Node, answer: u16) -> Self {
        Self::new(node, Some(answer), Refusal::Reported)
    }

    /// A command that may be refused.
    #[must_use]
    pub fn may(node: Node, answer: Option<u16>) -> Self {
        Self::new(node, answer, Refusal::Harmless)
    }

    /// A command without which nothing is read.
    #[must_use]
    pub fn job(node: Node, answer: u16) -> Self {
        Self::new(node, Some(answer), Refusal::Retried)
    }

    fn new(node: Node, answer: Option<u16>, refusal: Refusal) -> Self {
        Self { name: node.definition.name, node, answer, refusal }
    }

    /// The command, with a name that distinguishes it from others of its type.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }
}

#[derive(Debug)]
struct Pending {
    about: Answered,
    id: u32,
    answer: Option<u16>,
    since: Duration,
}

/// What was answered, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Name of the command.
    pub name: &'static str,
    /// The consequence of a refusal.
    pub refusal: Refusal,
}

/// Commands that wait.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Command>,
    pending: Option<Pending>,
    /// The last command that has no answer: an error message may still name it.
    unanswered: Option<(u32, Answered)>,
    last_id: u32,
    has_answered: bool,
    given_up: Vec<(Answered, Finding)>,
}

impl Queue {
    /// Adds a command at the end.
    pub fn push(&mut self, command: Command) {
        self.waiting.push_back(command);
    }

    /// Whether nothing waits, neither to be written nor to be answered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.pending.is_none()
    }

    /// A number for a message that no other has on this connection.
    pub fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    /// What to write now.
    pub fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        if let Some(pending) = &self.pending {
            let patience = if self.has_answered { PATIENCE } else { FIRST_PATIENCE };
            if now.saturating_sub(pending.since) < patience {
                return None;
            }
            let text = format!(
                "the reader did not answer {} within {} s; if it answers nothing at all, restart it",
                pending.about.name,
                patience.as_secs()
            );
            self.given_up.push((pending.about, Finding { code: code::NO_ANSWER, text }));
            self.pending = None;
            return None;
        }
        while let Some(command) = self.waiting.pop_front() {
            let id = self.next_id();
            let Command { node, name, answer, refusal } = command;
            let about = Answered { name, refusal };
            let bytes = match Message::new(id, node).to_bytes() {
                Ok(bytes) => bytes,
                Err(error) => {
                    let text = format!("{name} cannot be sent: {error}");
                    self.given_up.push((about, Finding { code: code::REFUSED, text }));
                    continue;
                }
            };
            if answer.is_some() {
                self.pending = Some(Pending { about, id, answer, since: now });
            } else {
                self.unanswered = Some((id, about));
            }
            return Some(bytes);
        }
        None
    }

    /// A message of type `number` arrived; what it answers, if it is the answer that is waited for.
    pub fn answered(&mut self, number: u16) -> Option<Answered> {
        let pending = self.pending.take_if(|pending| pending.answer == Some(number))?;
        self.has_answered = true;
        Some(pending.about)
    }

    /// An error message with this number arrived; what it is about, if that is known.
    pub fn failed(&mut self, id: u32) -> Option<Answered> {
        if let Some((_, answered)) = self.unanswered.take_if(|(unanswered, _)| *unanswered == id) {
            return Some(answered);
        }
        // A reader that could not parse the header cannot name the message: some send 0.
        let pending = self.pending.take_if(|pending| pending.id == id || id == 0)?;
        self.has_answered = true;
        Some(pending.about)
    }

    /// What was given up since the last call, and why.
    pub fn given_up(&mut self) -> Vec<(Answered, Finding)> {
        std::mem::take(&mut self.given_up)
    }

    /// Forgets commands that wait and may fail; those without an answer stay.
    pub fn give_up(&mut self) {
        self.waiting.retain(|command| command.answer.is_none());
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.pending = None;
        self.unanswered = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::definitions as d;
    use super::super::parameter::Value;
    use super::*;

    fn delete() -> Command {
        Command::must(Node::new(&d::DELETE_ROSPEC, vec![Value::Number(0)], vec![]), 31)
    }

    #[test]
    fn a_command_without_answer_is_written_once_and_given_up_and_the_first_one_sooner() {
        let mut queue = Queue::default();
        let seconds = Duration::from_secs;
        for (from, until) in [(0, 4), (4, 12)] {
            queue.push(delete());
            assert!(queue.poll(seconds(from)).is_some());
            for second in from..until {
                assert_eq!(queue.poll(seconds(second)), None);
                assert!(queue.given_up().is_empty());
            }
            assert_eq!(queue.poll(seconds(until)), None);
            let given_up = queue.given_up();
            assert_eq!((given_up.len(), given_up[0].1.code), (1, code::NO_ANSWER));
            let words = format!("DELETE_ROSPEC within {} s", until - from);
            assert!(given_up[0].1.text.contains(&words), "{}", given_up[0].1.text);
            queue.push(delete());
            assert!(queue.poll(seconds(until)).is_some());
            assert_eq!(queue.answered(30), None);
            assert!(queue.answered(31).is_some() && queue.is_idle());
        }
    }

    #[test]
    fn an_error_message_names_its_command_by_number_or_by_zero() {
        for (named, right) in [(1, true), (0, true), (2, false)] {
            let mut queue = Queue::default();
            queue.push(delete());
            queue.poll(Duration::ZERO);
            assert_eq!(queue.failed(named).is_some(), right, "{named}");
            assert_eq!(queue.is_idle(), right);
        }
    }

    #[test]
    fn a_command_that_cannot_be_written_is_reported_and_skipped() {
        let mut queue = Queue::default();
        queue.push(Command::must(Node::new(&d::DELETE_ROSPEC, vec![], vec![]), 31));
        queue.push(delete());
        assert!(queue.poll(Duration::ZERO).is_some());
        assert!(queue.given_up()[0].1.text.contains("got 0 values, expected 1"));
    }
}
