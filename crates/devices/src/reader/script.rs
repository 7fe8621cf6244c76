//! The handshake that brings a reader from an unknown state to reading: commands one after the other.
//!
//! The way through: a dialect makes a [`Script`] of [`Step`]s when its line opens, sends what
//! [`Script::poll`] gives, and reports each answer with [`Script::answered`].
//!
//! What holds: the next command is sent only after the answer to the previous one, or after the timeout of its last
//! try; a step that is not answered becomes a finding, and the script continues: a reader that does not know a command
//! may still read.

use std::collections::VecDeque;
use std::time::Duration;

use reads::{Finding, code};

/// One command of a handshake.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is, for people: `set power`.
    pub name: &'static str,
    /// What is written.
    pub bytes: Vec<u8>,
    /// The command that the answer names; none if there is no answer.
    pub answer: Option<u16>,
}

/// Commands that are sent in turn.
#[derive(Debug, Default)]
pub struct Script {
    steps: VecDeque<Step>,
    /// When the first step was written last, and how often.
    written: Option<(Duration, u32)>,
    findings: Vec<Finding>,
}

/// Time that a reader has to answer: region and power are written to flash by some, which takes 300 ms.
const PATIENCE: Duration = Duration::from_millis(800);
/// How often a command is written.
const TRIES: u32 = 3;

impl Script {
    /// A script of these steps.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), ..Self::default() }
    }

    /// Adds a step at the end.
    pub fn push(&mut self, step: Step) {
        self.steps.push_back(step);
    }

    /// Adds a step before the last one, which usually starts the reading; at the end if there is none.
    pub fn push_before_last(&mut self, step: Step) {
        let place = self.steps.len().saturating_sub(1).max(usize::from(self.written.is_some()));
        self.steps.insert(place.min(self.steps.len()), step);
    }

    /// Whether every step is done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.steps.is_empty()
    }

    /// What to write now.
    pub fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        loop {
            let step = self.steps.front()?;
            match self.written {
                None => self.written = Some((now, 1)),
                Some((at, _)) if now.saturating_sub(at) < PATIENCE => return None,
                Some((_, tries)) if tries < TRIES => self.written = Some((now, tries + 1)),
                Some(_) => {
                    let text = format!(
                        "the reader did not answer `{}` in {TRIES} tries; if it answers nothing at all, check the baud rate and that the device is of this family",
                        step.name
                    );
                    self.findings.push(Finding { code: code::NO_ANSWER, text });
                    self.next();
                    continue;
                }
            }
            let step = self.steps.front()?;
            let bytes = step.bytes.clone();
            if step.answer.is_none() {
                self.next();
            }
            return Some(bytes);
        }
    }

    /// The reader answered command `answer`. True if that was the current step.
    pub fn answered(&mut self, answer: u16) -> bool {
        let is_this =
            self.written.is_some() && self.steps.front().is_some_and(|s| s.answer == Some(answer));
        if is_this {
            self.next();
        }
        is_this
    }

    /// The reader refused a command without naming it. Gives the name of the current step, none if there is none.
    pub fn refused(&mut self) -> Option<&'static str> {
        self.written?;
        let name = self.steps.front()?.name;
        self.next();
        Some(name)
    }

    /// What was found since the last call.
    pub fn findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    fn next(&mut self) {
        self.steps.pop_front();
        self.written = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, byte: u8, answer: Option<u16>) -> Step {
        Step { name, bytes: vec![byte], answer }
    }

    #[test]
    fn a_command_waits_for_the_answer_to_the_one_before() {
        let mut script =
            Script::new([step("a", 1, Some(1)), step("b", 2, None), step("c", 3, Some(3))]);
        let now = Duration::from_millis;
        assert_eq!(script.poll(now(0)), Some(vec![1]));
        assert_eq!(script.poll(now(100)), None);
        assert!(!script.answered(3));
        assert!(script.answered(1));
        assert_eq!(script.poll(now(110)), Some(vec![2]));
        assert_eq!(script.poll(now(110)), Some(vec![3]));
        assert!(script.answered(3) && script.is_over());
    }

    #[test]
    fn a_command_that_is_refused_is_named_and_not_tried_again() {
        let mut script = Script::new([step("a", 1, Some(1)), step("b", 2, Some(2))]);
        assert_eq!(script.refused(), None);
        assert_eq!(script.poll(Duration::ZERO), Some(vec![1]));
        assert_eq!(script.refused(), Some("a"));
        assert_eq!(script.poll(Duration::ZERO), Some(vec![2]));
        assert_eq!((script.refused(), script.refused()), (Some("b"), None));
        assert!(script.findings().is_empty());
    }

    #[test]
    fn a_command_without_answer_is_tried_three_times_and_then_reported() {
        let mut script = Script::new([step("version", 1, Some(1)), step("b", 2, None)]);
        let written: Vec<u8> = (0..100)
            .filter_map(|tick| script.poll(Duration::from_millis(tick * 50)))
            .map(|bytes| bytes[0])
            .collect();
        assert_eq!(written, [1, 1, 1, 2]);
        let findings = script.findings();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].text.contains("`version`"), "{}", findings[0].text);
        assert!(script.findings().is_empty());
    }
}
