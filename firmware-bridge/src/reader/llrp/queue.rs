//! Commands that wait for their turn, one at a time.
//!
//! The way through: [`Queue::push`] adds a command, [`Queue::poll`] gives the next one's bytes when the one
//! before is answered or given up, [`Queue::answered`] takes an answer.
//!
//! What holds: nothing is written twice. The line is TCP, so a command that is not answered was not lost, and
//! a second `ADD_ROSPEC` would be refused; that is why the handshake of the serial readers is not used here.
//! A command without answer becomes a finding after ten seconds and the next one goes out.
//!
//! Not here: what answers mean (`super`).
//!
//! Source: LLRP 1.0.1, section 16.1 (message numbers, and which message answers which).

use std::collections::VecDeque;
use std::time::Duration;

use super::message::Message;
use super::parameter::Node;
use crate::reader::{Finding, code};

/// Time that a reader has to answer: some write a configuration to flash first.
const PATIENCE: Duration = Duration::from_secs(10);

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The message.
    pub node: Node,
    /// Type number of its answer; none if no answer comes.
    pub answer: Option<u16>,
    /// Whether a refusal is worth telling: to delete what is not there may be refused, and does no harm.
    pub must_succeed: bool,
}

impl Command {
    /// A command that must succeed.
    #[must_use]
    pub fn must(node: Node, answer: u16) -> Self {
        Self { node, answer: Some(answer), must_succeed: true }
    }

    /// A command that may be refused.
    #[must_use]
    pub fn may(node: Node, answer: Option<u16>) -> Self {
        Self { node, answer, must_succeed: false }
    }
}

#[derive(Debug)]
struct Pending {
    name: &'static str,
    id: u32,
    answer: Option<u16>,
    must_succeed: bool,
    since: Duration,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Name of the command.
    pub name: &'static str,
    /// Whether a refusal is worth telling.
    pub must_succeed: bool,
}

/// Commands that wait.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Command>,
    pending: Option<Pending>,
    /// The last command that has no answer: an error message may still name it.
    unanswered: Option<(u32, Answered)>,
    last_id: u32,
    findings: Vec<Finding>,
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
            if now.saturating_sub(pending.since) < PATIENCE {
                return None;
            }
            let text = format!(
                "the reader did not answer {} within {} s; if it answers nothing at all, restart it",
                pending.name,
                PATIENCE.as_secs()
            );
            self.findings.push(Finding { code: code::NO_ANSWER, text });
            self.pending = None;
        }
        while let Some(command) = self.waiting.pop_front() {
            let id = self.next_id();
            let Command { node, answer, must_succeed } = command;
            let name = node.definition.name;
            let bytes = match Message::new(id, node).to_bytes() {
                Ok(bytes) => bytes,
                Err(error) => {
                    let text = format!("{name} cannot be asked for: {error}");
                    self.findings.push(Finding { code: code::REFUSED, text });
                    continue;
                }
            };
            if answer.is_some() {
                self.pending = Some(Pending { name, id, answer, must_succeed, since: now });
            } else {
                self.unanswered = Some((id, Answered { name, must_succeed }));
            }
            return Some(bytes);
        }
        None
    }

    /// A message of type `number` arrived; what it answers, if it is the answer that is waited for.
    pub fn answered(&mut self, number: u16) -> Option<Answered> {
        let pending = self.pending.take_if(|pending| pending.answer == Some(number))?;
        Some(Answered { name: pending.name, must_succeed: pending.must_succeed })
    }

    /// An error message with this number arrived; what it is about, if that is known.
    pub fn failed(&mut self, id: u32) -> Option<Answered> {
        if let Some((_, answered)) = self.unanswered.take_if(|(unanswered, _)| *unanswered == id) {
            return Some(answered);
        }
        // A reader that could not read the header cannot name the message: some say 0.
        let pending = self.pending.take_if(|pending| pending.id == id || id == 0)?;
        Some(Answered { name: pending.name, must_succeed: pending.must_succeed })
    }

    /// What was found since the last call.
    pub fn findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
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
    fn a_command_without_answer_is_written_once_and_reported_after_ten_seconds() {
        let mut queue = Queue::default();
        queue.push(delete());
        queue.push(delete());
        let seconds = Duration::from_secs;
        assert!(queue.poll(seconds(0)).is_some());
        for second in 0..10 {
            assert_eq!(queue.poll(seconds(second)), None);
        }
        assert!(queue.poll(seconds(10)).is_some());
        let findings = queue.findings();
        assert_eq!((findings.len(), findings[0].code), (1, code::NO_ANSWER));
        assert!(findings[0].text.contains("DELETE_ROSPEC"), "{}", findings[0].text);
        assert_eq!(queue.answered(30), None);
        assert!(queue.answered(31).is_some() && queue.is_idle());
        assert!(queue.findings().is_empty());
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
        assert!(queue.findings()[0].text.contains("0 values; 1 would be right"));
    }
}
