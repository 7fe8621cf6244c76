//! What the demo prints: numbered steps, checks, how long it took.
//!
//! What holds: a check is printed as held only after it held; on a terminal a step shows its seconds while it runs,
//! in a file it does not.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Prints what the demo does, and counts its checks.
#[derive(Debug)]
pub struct Voice {
    is_terminal: bool,
    started: Instant,
    checks: usize,
}

/// A step in progress; on a terminal its seconds are shown until it is dropped.
#[derive(Debug)]
pub struct Step {
    stop: Arc<AtomicBool>,
    ticker: Option<std::thread::JoinHandle<()>>,
}

impl Voice {
    /// Starts the clock.
    pub fn new() -> Self {
        Self { is_terminal: std::io::stdout().is_terminal(), started: Instant::now(), checks: 0 }
    }

    /// Announces a step; keep the returned value while it works.
    pub fn step(&self, number: &str, title: &str) -> Step {
        out!();
        out!("{}  {}", self.strong(number), self.strong(title));
        let stop = Arc::new(AtomicBool::new(false));
        let ticker = self.is_terminal.then(|| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let begun = Instant::now();
                while !stop.load(Ordering::Relaxed) {
                    print!("\r   … {:.0} s\u{1b}[K", begun.elapsed().as_secs_f64());
                    std::io::stdout().flush().ok();
                    std::thread::park_timeout(Duration::from_millis(500));
                }
                print!("\r\u{1b}[K");
                std::io::stdout().flush().ok();
            })
        });
        Step { stop, ticker }
    }

    /// Says something that was done.
    pub fn say(&self, text: &str) {
        self.line("   ", text);
    }

    /// Notes a check; fails the demo if it does not hold.
    ///
    /// # Errors
    ///
    /// If it does not hold; with its text.
    pub fn check(&mut self, holds: bool, text: &str) -> anyhow::Result<()> {
        if holds {
            self.checks += 1;
            self.line(if self.is_terminal { "   \u{1b}[32m✓\u{1b}[0m " } else { "   ✓ " }, text);
            return Ok(());
        }
        self.line(if self.is_terminal { "   \u{1b}[31m✗\u{1b}[0m " } else { "   ✗ " }, text);
        anyhow::bail!("check failed: {text}")
    }

    /// How many checks held, and the seconds since the start.
    pub fn account(&self) -> (usize, f64) {
        (self.checks, self.started.elapsed().as_secs_f64())
    }

    fn line(&self, lead: &str, text: &str) {
        if self.is_terminal {
            print!("\r\u{1b}[K");
        }
        out!("{lead}{text}");
    }

    fn strong(&self, text: &str) -> String {
        if self.is_terminal { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            ticker.join().ok();
        }
    }
}
