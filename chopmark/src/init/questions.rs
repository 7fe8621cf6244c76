//! Asks the person at the terminal what no flag has said.
//!
//! What holds: an answer that is not usable is asked for again, with what was expected; a flag that is not usable ends the
//! command; without a terminal and without `--yes` nothing is guessed.

use std::io::{BufRead as _, IsTerminal as _};

use crate::language::Lang;
use crate::terminal::{self, problem};

/// What an answer must be: the answer as it is kept, or what was expected.
pub type Check<'c> = &'c dyn Fn(&str) -> Result<String, String>;

/// Something to know.
pub struct Question<'q> {
    /// The flag that answers it, without its dashes.
    pub flag: &'q str,
    /// The question, Chinese and English.
    pub text: (&'q str, &'q str),
    /// The answer if nothing is typed.
    pub default: String,
    /// Whether the default is an example that a real installation replaces.
    pub is_example: bool,
}

/// Asks, or takes defaults.
pub struct Asker {
    asks: bool,
    lang: Lang,
    /// Flags whose answer is an example.
    examples: Vec<String>,
}

impl Asker {
    /// Asks unless `yes`.
    ///
    /// # Errors
    ///
    /// If it should ask and nobody is there.
    pub fn new(yes: bool, lang: Lang) -> anyhow::Result<Self> {
        let is_watched = std::io::stdin().is_terminal() && terminal::is_watched();
        anyhow::ensure!(
            yes || is_watched,
            "standard input is no terminal, so nobody can be asked; expected --yes, and flags for what is not to be an example \
             (chopmark help init)"
        );
        Ok(Self { asks: !yes, lang, examples: Vec::new() })
    }

    /// The language in which it asks.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// The flags whose answer is an example.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }

    /// One answer: the flag's, or the person's, or the default.
    ///
    /// # Errors
    ///
    /// If the flag's is not usable, or the input ends.
    pub fn answer(
        &mut self,
        given: Option<&str>,
        question: &Question<'_>,
        check: Check<'_>,
    ) -> anyhow::Result<String> {
        if let Some(given) = given {
            return check(given).map_err(|expected| {
                anyhow::anyhow!("--{}: got {}, expected {expected}", question.flag, shown(given))
            });
        }
        if !self.asks {
            if question.is_example {
                self.examples.push(question.flag.to_owned());
            }
            return Ok(question.default.clone());
        }
        loop {
            let typed = self.ask(question)?;
            let typed = if typed.is_empty() { &question.default } else { &typed };
            match check(typed) {
                Ok(answer) => return Ok(answer),
                Err(expected) => problem!("got {}, expected {expected}", shown(typed)),
            }
        }
    }

    /// One of several.
    ///
    /// # Errors
    ///
    /// If the input ends.
    pub fn choose(
        &mut self,
        text: (&str, &str),
        choices: &[(&str, (&str, &str))],
    ) -> anyhow::Result<usize> {
        if !self.asks {
            return Ok(0);
        }
        for (number, (name, about)) in choices.iter().enumerate() {
            problem!("  {}  {name:<9} {}", number + 1, self.lang.of(*about));
        }
        let question = Question { flag: "kind", text, default: "1".to_owned(), is_example: false };
        let place = |typed: &str| choices.iter().position(|(name, _)| *name == typed);
        let number = |typed: &str| {
            typed.parse::<usize>().ok().filter(|number| (1..=choices.len()).contains(number))
        };
        let check = |typed: &str| {
            place(typed)
                .or_else(|| number(typed).map(|number| number - 1))
                .map(|place| place.to_string())
                .ok_or_else(|| format!("1 to {}", choices.len()))
        };
        Ok(self.answer(None, &question, &check)?.parse()?)
    }

    fn ask(&self, question: &Question<'_>) -> anyhow::Result<String> {
        let text = self.lang.of(question.text);
        let default = &question.default;
        let shown =
            if default.is_empty() { format!("{text}: ") } else { format!("{text} [{default}]: ") };
        terminal::status(&shown);
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line)?;
        anyhow::ensure!(
            read > 0,
            "the input ended before every question was answered; nothing was written"
        );
        Ok(line.trim().to_owned())
    }
}

/// What was given, but for an address, which may hold a password.
fn shown(given: &str) -> String {
    if given.contains("://") || given.contains('@') {
        return "an address (not repeated, it may hold a password)".to_owned();
    }
    format!("`{given}`")
}
