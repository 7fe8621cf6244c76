//! The whole file, as one value.

use std::path::{Path, PathBuf};

use crate::config::anchor::AnchorSection;
use crate::config::bridge::FirmwareBridgeSection;
use crate::config::database::DatabaseSection;
use crate::config::ingest::{BridgeSection, IngestSection, PartnerSection};
use crate::config::ledger::LedgerSection;
use crate::config::log::LogSection;
use crate::config::problem::{Problem, Problems};
use crate::config::toml_file::Sections;
use crate::config::trace_api::TraceApiSection;

/// Everything that the configuration file of an installation says.
#[derive(Debug, Clone, Default)]
pub struct Installation {
    /// The file itself.
    pub path: PathBuf,
    /// `data_dir`: folder that relative paths start from. Default: the folder of the file; a relative one starts
    /// from there.
    pub data_dir: PathBuf,
    /// `[database]`: where the ledgers are kept. The bridge alone needs none.
    pub database: Option<DatabaseSection>,
    /// `[log]`.
    pub log: LogSection,
    /// `[[ledger]]`: the ledgers of the installation.
    pub ledgers: Vec<LedgerSection>,
    /// `[[bridge]]`: bridges that may deliver to ingest.
    pub bridges: Vec<BridgeSection>,
    /// `[[partner]]`: partners that may send documents to ingest.
    pub partners: Vec<PartnerSection>,
    /// `[ingest]`.
    pub ingest: Option<IngestSection>,
    /// `[anchor]`.
    pub anchor: Option<AnchorSection>,
    /// `[trace_api]`.
    pub trace_api: Option<TraceApiSection>,
    /// `[firmware_bridge]`.
    pub firmware_bridge: Option<FirmwareBridgeSection>,
}

impl Installation {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its syntax, names and types, with lines.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Problem::File { path: path.to_owned(), cause: error.to_string() })?;
        Self::parse(path, &text)
    }

    /// Parses the text of the file at `path`, without reading anything.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut sections = Sections::parse(path, text)?;
        let installation = Self {
            path: path.to_owned(),
            data_dir: folder.join(sections.take::<PathBuf>("data_dir").unwrap_or_default()),
            database: sections.take("database"),
            log: sections.take("log").unwrap_or_default(),
            ledgers: sections.list("ledger"),
            bridges: sections.list("bridge"),
            partners: sections.list("partner"),
            ingest: sections.take("ingest"),
            anchor: sections.take("anchor"),
            trace_api: sections.take("trace_api"),
            firmware_bridge: sections.take("firmware_bridge"),
        };
        sections.finish(installation)
    }

    /// A path of the file: relative ones start from `data_dir`.
    #[must_use]
    pub fn at(&self, path: &Path) -> PathBuf {
        self.data_dir.join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let path = Path::new("site/chopmark.toml");
        Installation::parse(path, text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_wrong_section_is_reported_with_its_line_and_the_known_names() {
        let found = problems(
            "[log]\nformat = \"yaml\"\n\n[databse]\nurl = \"x\"\n\n[[partner]]\nname = \"erp\"\n\n\
             [[partner]]\nname = \"till\"\ntoken = \"abc\"\n",
        );
        assert_eq!(found.len(), 4, "{found:#?}");
        for (words, problem) in [
            (["line 2", "`yaml`, expected `text` or `json`"], 0),
            (["line 7", "missing field `token_sha256`"], 1),
            (["line 12", "unknown field `token`, expected one of `name`, `token_sha256`"], 2),
            (["line 4: got section `databse`", "data_dir, database, log, ledger"], 3),
        ] {
            for word in words {
                assert!(found[problem].contains(word), "`{word}` is not in: {}", found[problem]);
            }
            assert!(found[problem].starts_with("site/chopmark.toml: "), "{}", found[problem]);
        }
    }

    #[test]
    fn every_syntax_error_is_reported() {
        let found = problems("[log\nlevel = \"info\"\n[ingest]\nlisten = \n");
        assert!(found.len() >= 2, "{found:#?}");
        assert!(found.iter().any(|problem| problem.contains("line 1")), "{found:#?}");
        assert!(found.iter().any(|problem| problem.contains("line 4")), "{found:#?}");
    }

    #[test]
    fn relative_paths_start_from_data_dir_and_that_from_the_file() {
        let parse = |text| Installation::parse(Path::new("/etc/site/chopmark.toml"), text).unwrap();
        for (text, expected) in [
            ("", "/etc/site/keys/hub.pem"),
            ("data_dir = \"var\"", "/etc/site/var/keys/hub.pem"),
            ("data_dir = \"/srv\"", "/srv/keys/hub.pem"),
        ] {
            assert_eq!(parse(text).at(Path::new("keys/hub.pem")), Path::new(expected));
        }
    }
}
