//! What the load test is asked for.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use demo::traffic::{Pace, Shape};

/// Longest time over which rates rise.
const RAMP: Duration = Duration::from_secs(5);

/// Sends captures and scans at a rate, then checks that nothing was lost.
///
/// Without --config and --ingest it starts a private installation (PostgreSQL,
/// ingest, trace-api) in the folder of --data, loads that, and stops it. Against
/// an installation of your own it records goods that do not exist, so use one that
/// is made for tests: what is in a ledger stays there.
///
/// Examples:
///
///   chopmark-demo load
///       200 captures and 50 scans a second, one minute
///   chopmark-demo load --captures max --scans 0
///       how many captures there can be
///   chopmark-demo load --minutes 10 --chaos ingest
///       ten minutes; ingest is killed in the middle
///   chopmark-demo load --config chopmark.toml --token TOKEN
///       the installation of that file
///
/// Exit status: 0 every check held, 1 a check failed, 2 it could not run.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Documents a second, or `max`: as fast as they are answered; 0 sends none
    #[arg(long, value_name = "N|max", default_value = "200")]
    pub captures: Rate,
    /// Scans a second, or `max`; 0 sends none
    #[arg(long, value_name = "M|max", default_value = "50")]
    pub scans: Rate,
    /// How long, in minutes; fractions are possible
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    pub minutes: f64,
    /// Events of each document
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub events: u64,
    /// Items of each event that names items
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub items: u64,
    /// Most requests of a kind on their way at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub connections: u16,
    /// The installation's configuration file: where its processes listen, its policy, its database
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where ingest listens: `http://127.0.0.1:8081`
    #[arg(long, value_name = "URL")]
    pub ingest: Option<String>,
    /// Where trace-api answers the public; without it nothing is scanned
    #[arg(long, value_name = "URL")]
    pub trace: Option<String>,
    /// Where trace-api answers its operator; without it neither items nor scans can be counted
    #[arg(long, value_name = "URL")]
    pub operator: Option<String>,
    /// A partner's token, from `chopmark keys partner`; several share the documents
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CHOPMARK_TOKEN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub token: Vec<String>,
    /// Company prefix of the goods; one for all tokens, or one for each in their order
    #[arg(long, value_name = "DIGITS", default_value = "9521141", value_delimiter = ',')]
    pub prefix: Vec<String>,
    /// The policy for the audit at the end, if it is not the one of --config
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Others use the installation as well: ledgers and counters may have grown by more than what was sent
    #[arg(long)]
    pub shared: bool,
    /// Kills this in the middle and starts it again; in a private installation
    #[arg(long, value_name = "WHAT", value_enum)]
    pub chaos: Option<Victim>,
    /// Decides the serial numbers; a run against the same ledgers needs another one. Default: the time
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where the report is written. Default: `load.html` in the folder of --data
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Folder of the private installation and of the report; emptied if an earlier run made it
    #[arg(long, value_name = "FOLDER", default_value = "./var/load")]
    pub data: PathBuf,
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Victim {
    /// The process that records.
    Ingest,
    /// PostgreSQL, as a power cut would end it.
    Database,
}

impl Victim {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Database => "PostgreSQL",
        }
    }
}

/// A rate that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// So many a second.
    PerSecond(f64),
    /// As fast as they are answered.
    Max,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let known = text.parse().ok().filter(|rate| (0.0..=1_000_000.0).contains(rate));
        known
            .map(Self::PerSecond)
            .ok_or_else(|| format!("got `{text}`, expected a number from 0 to 1000000, or `max`"))
    }
}

impl Rate {
    /// The pace of the driver; none if nothing is sent.
    pub fn pace(self, ramp: Duration) -> Option<Pace> {
        match self {
            Self::Max => Some(Pace::AsAnswered),
            Self::PerSecond(per_second) => {
                (per_second > 0.0).then_some(Pace::Rate { per_second, ramp })
            }
        }
    }

    /// For people: `200/s` or `max`.
    pub fn words(self) -> String {
        match self {
            Self::Max => "max".to_owned(),
            Self::PerSecond(rate) => format!("{rate}/s"),
        }
    }
}

impl Arguments {
    /// Checks what clap cannot.
    ///
    /// # Errors
    ///
    /// With what was got and what was expected.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            (0.05..=10_000.0).contains(&self.minutes),
            "--minutes: got {}, expected a number from 0.05 to 10000",
            self.minutes
        );
        let is_foreign = self.is_foreign();
        anyhow::ensure!(
            is_foreign
                || (self.token.is_empty() && self.trace.is_none() && self.operator.is_none()),
            "--token, --trace, --operator: got no --config and no --ingest, expected one of them: \
             without them a private installation is started, which has its own"
        );
        anyhow::ensure!(
            !is_foreign || !self.token.is_empty(),
            "--token: got none, expected the token of a partner of the installation; `chopmark keys partner` makes one, \
             and its SHA-256 goes into a [[partner]] of the configuration"
        );
        anyhow::ensure!(
            self.chaos.is_none() || !is_foreign,
            "--chaos: got an installation that this program did not start, expected none: kill its processes yourself"
        );
        anyhow::ensure!(
            self.prefix.len() == 1 || self.prefix.len() == self.token.len(),
            "--prefix: got {}, expected one, or one for each of the {} tokens",
            self.prefix.len(),
            self.token.len()
        );
        anyhow::ensure!(
            self.events * self.items <= 100_000,
            "--events and --items: got {} items a document, expected at most 100000",
            self.events * self.items
        );
        Ok(())
    }

    /// Whether an installation is named.
    pub fn is_foreign(&self) -> bool {
        self.config.is_some() || self.ingest.is_some()
    }

    /// How long is sent.
    pub fn lasting(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }

    /// Over how long rates rise: a tenth of the time, at most 5 s.
    pub fn ramp(&self) -> Duration {
        RAMP.min(self.lasting() / 10)
    }

    /// How large documents are.
    pub fn shape(&self) -> Shape {
        Shape { events: self.events, items: self.items }
    }

    /// The seed, or the time in place of it.
    pub fn seed(&self) -> u64 {
        let now = jiff::Timestamp::now().as_millisecond();
        self.seed.unwrap_or_else(|| u64::try_from(now).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn read(words: &str) -> Result<Arguments, String> {
        let line = Line::try_parse_from(std::iter::once("load").chain(words.split_whitespace()));
        let arguments = line.map_err(|error| error.to_string())?.arguments;
        arguments.check().map_err(|error| error.to_string())?;
        Ok(arguments)
    }

    #[test]
    fn rates_are_numbers_or_max_and_what_is_neither_is_said() {
        let known = read("--captures max --scans 12.5 --minutes 0.5").unwrap();
        assert_eq!(known.captures, Rate::Max);
        assert_eq!(known.lasting(), Duration::from_secs(30));
        let pace = known.scans.pace(known.ramp()).unwrap();
        assert_eq!(pace, Pace::Rate { per_second: 12.5, ramp: Duration::from_secs(3) });
        assert_eq!(read("--scans 0").unwrap().scans.pace(RAMP), None);
        for words in ["--captures many", "--scans -1", "--scans NaN", "--captures inf"] {
            let error = read(words).unwrap_err();
            assert!(
                error.contains("expected a number from 0 to 1000000, or `max`")
                    || error.contains("unexpected argument"),
                "{error}"
            );
        }
        assert!(read("--minutes 0").unwrap_err().contains("expected a number from 0.05"));
    }

    #[test]
    fn what_an_installation_needs_and_what_only_a_private_one_can_do_is_said() {
        for (words, expected) in [
            ("--ingest http://127.0.0.1:1", "--token: got none, expected the token of a partner"),
            ("--token t", "got no --config and no --ingest"),
            ("--config c --token t --chaos ingest", "kill its processes yourself"),
            (
                "--config c --token a,b,c --prefix 9521141,9521142",
                "got 2, expected one, or one for each of the 3",
            ),
            ("--events 10000 --items 10000", "expected at most 100000"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(expected), "{words}: {error}");
        }
    }
}
