//! What the demo prints: numbered steps, what is being done, checks, how long it took.
//!
//! The way through: [`Voice`] makes the lines, [`super::screen`] puts them where they are seen; a thread keeps the line
//! at the bottom of a terminal moving.
//!
//! What holds: a check is printed as held only after it held; after a request to stop nothing new is begun.
//!
//! Not here: the sentences ([`super::words`]).

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::screen::{Paint, Screen};
use super::stop;
use super::words::Lang;
use crate::recording::Recorder;

/// Time between two movements of the line at the bottom.
const TICK: Duration = Duration::from_millis(120);
/// What is no terminal gets one line for this many of what is counted.
const PLAIN_EVERY: usize = 6;

/// Prints what the demo does, and counts its checks.
#[derive(Debug)]
pub struct Voice {
    /// The language of every line.
    pub lang: Lang,
    screen: Arc<Mutex<Screen>>,
    ticker: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
    started: Instant,
    checks: usize,
}

/// A step in progress; until it is dropped, a terminal shows what is being done.
#[derive(Debug)]
pub struct Step {
    screen: Arc<Mutex<Screen>>,
}

fn locked(screen: &Mutex<Screen>) -> MutexGuard<'_, Screen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Voice {
    /// Starts the clock.
    ///
    /// - `recording`: a file that gets everything that a terminal is sent.
    ///
    /// # Errors
    ///
    /// If the recording cannot be written.
    pub fn new(lang: Lang, recording: Option<&Path>) -> anyhow::Result<Self> {
        let screen = Screen::new(recording.map(Recorder::create).transpose()?);
        let is_watched = screen.is_watched();
        let screen = Arc::new(Mutex::new(screen));
        let is_over = Arc::new(AtomicBool::new(false));
        let ticker = is_watched.then(|| {
            let (screen, is_over) = (Arc::clone(&screen), Arc::clone(&is_over));
            std::thread::spawn(move || tick(lang, &screen, &is_over))
        });
        Ok(Self { lang, screen, ticker, is_over, started: Instant::now(), checks: 0 })
    }

    /// Announces a step; keep the returned value while it works.
    ///
    /// # Errors
    ///
    /// If the demo was asked to stop.
    pub fn step(&self, number: &str, title: &str) -> anyhow::Result<Step> {
        stop::check()?;
        self.line("");
        self.line(&format!(" {}  {}", Paint::Strong.on(number), Paint::Strong.on(title)));
        self.work(&self.lang.starting())
    }

    /// Announces a part of a step.
    ///
    /// # Errors
    ///
    /// If the demo was asked to stop.
    pub fn part(&self, letter: &str, title: &str) -> anyhow::Result<Step> {
        stop::check()?;
        self.line(&format!("  {letter} {}", Paint::Strong.on(title)));
        self.work(&self.lang.starting())
    }

    /// Shows that something is being done; keep the returned value while it is.
    ///
    /// # Errors
    ///
    /// If the demo was asked to stop.
    pub fn work(&self, text: &str) -> anyhow::Result<Step> {
        self.doing(text)?;
        Ok(Step { screen: Arc::clone(&self.screen) })
    }

    /// Shows what is being done now.
    ///
    /// # Errors
    ///
    /// If the demo was asked to stop.
    pub fn doing(&self, text: &str) -> anyhow::Result<()> {
        stop::check()?;
        locked(&self.screen).begin(text, None);
        Ok(())
    }

    /// Shows how much of something is done.
    ///
    /// # Errors
    ///
    /// If the demo was asked to stop.
    pub fn progress(&self, text: &str, done: usize, all: usize) -> anyhow::Result<()> {
        stop::check()?;
        let is_live = {
            let mut screen = locked(&self.screen);
            screen.begin(text, Some((done, all)));
            screen.is_live()
        };
        if !is_live && (done.is_multiple_of(PLAIN_EVERY) || done == all) && done > 0 {
            self.say(text);
        }
        Ok(())
    }

    /// Says something that was done.
    pub fn say(&self, text: &str) {
        self.line(&Paint::Dim.on(&format!("    · {text}")));
    }

    /// Prints a line as it is.
    pub fn line(&self, text: &str) {
        locked(&self.screen).line(text);
    }

    /// Notes a check; fails the demo if it does not hold.
    ///
    /// # Errors
    ///
    /// If it does not hold, with its text; or if the demo was asked to stop.
    pub fn check(&mut self, holds: bool, text: &str) -> anyhow::Result<()> {
        stop::check()?;
        if holds {
            self.checks += 1;
            self.line(&format!("    {} {text}", Paint::Good.on("✓")));
            return Ok(());
        }
        self.line(&format!("    {} {text}", Paint::Bad.on("✗")));
        anyhow::bail!("check failed: {text}")
    }

    /// How many checks held, and the seconds since the start.
    pub fn account(&self) -> (usize, u64) {
        (self.checks, self.started.elapsed().as_secs())
    }
}

/// Keeps the line at the bottom moving until the demo is over.
fn tick(lang: Lang, screen: &Mutex<Screen>, is_over: &AtomicBool) {
    let mut is_stopping = false;
    while !is_over.load(Ordering::Relaxed) {
        if stop::is_requested() && !is_stopping {
            is_stopping = true;
            locked(screen).begin(&lang.stopping(), None);
        }
        locked(screen).tick();
        std::thread::park_timeout(TICK);
    }
    locked(screen).end();
}

impl Drop for Step {
    fn drop(&mut self) {
        // Whoever stopped the demo sees that until its end.
        if !stop::is_requested() {
            locked(&self.screen).end();
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            ticker.join().ok();
        }
    }
}
