//! The whole file, as one value.

use std::path::{Path, PathBuf};

use crate::config::anchor::AnchorSection;
use crate::config::bridge::FirmwareBridgeSection;
use crate::config::database::DatabaseSection;
use crate::config::desk::DeskSection;
use crate::config::ingest::{BridgeSection, IngestSection, PartnerSection};
use crate::config::ledger::LedgerSection;
use crate::config::log::LogSection;
use crate::config::oidc::OidcSection;
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
    /// `[log]`: what the processes log, and how.
    pub log: LogSection,
    /// `[[ledger]]`: the ledgers of the installation.
    pub ledgers: Vec<LedgerSection>,
    /// `[[bridge]]`: bridges that may deliver to ingest.
    pub bridges: Vec<BridgeSection>,
    /// `[[partner]]`: partners that may send documents to ingest.
    pub partners: Vec<PartnerSection>,
    /// `[[oidc]]`: providers whose tokens say who somebody is.
    pub oidc: Vec<OidcSection>,
    /// `[ingest]`: the process that records.
    pub ingest: Option<IngestSection>,
    /// `[anchor]`: the worker that writes the hub and publishes it.
    pub anchor: Option<AnchorSection>,
    /// `[trace_api]`: the process that answers the public.
    pub trace_api: Option<TraceApiSection>,
    /// `[desk]`: the process that shows pages to people who log in.
    pub desk: Option<DeskSection>,
    /// `[firmware_bridge]`: a bridge and its readers.
    pub firmware_bridge: Option<FirmwareBridgeSection>,
}

impl Installation {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its syntax, names and types, with lines.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        Self::parse(path, &Self::text(path)?)
    }

    /// The text of the file at `path`.
    ///
    /// # Errors
    ///
    /// [`Problem::File`].
    pub fn text(path: &Path) -> Result<String, Problem> {
        std::fs::read_to_string(path)
            .map_err(|error| Problem::File { path: path.to_owned(), cause: error.to_string() })
    }

    /// Parses the text of the file at `path`, without reading anything.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        let (installation, problems) = Self::parse_repaired(path, text)?;
        problems.unless_any(Some(installation))
    }

    /// As [`Self::parse`], but gives what could be read beside what is wrong, for finding more problems: wrong keys have
    /// their defaults there, and missing ones the value nothing. Never start anything with it.
    ///
    /// # Errors
    ///
    /// If the text is not TOML.
    pub fn parse_repaired(path: &Path, text: &str) -> Result<(Self, Problems), Problems> {
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
            oidc: sections.list("oidc"),
            ingest: sections.take("ingest"),
            anchor: sections.take("anchor"),
            trace_api: sections.take("trace_api"),
            desk: sections.take("desk"),
            firmware_bridge: sections.take("firmware_bridge"),
        };
        Ok((installation, sections.finish()))
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
    fn every_wrong_key_of_every_section_is_reported_with_its_place_and_the_nearest_name() {
        let found = problems(
            "[log]\nformat = \"yaml\"\nlevle = \"info\"\n\n[databse]\nurl = \"x\"\n\n[[partner]]\nname = \"erp\"\n\
             \n[[partner]]\nname = \"till\"\ntoken_sha265 = \"abc\"\nledger = 7\n\n[ingest]\nlisten = 8081\n\
             max_body_bytes = \"x\"\nbody_within_s = -1\n",
        );
        let expected = [
            "line 2, column 10: [log] format: unknown variant `yaml`, expected `text` or `json`",
            "line 3, column 1: [log] levle: unknown field `levle`, expected one of `format`, `level`, `otlp`; \
             did you mean `level`?",
            "line 5, column 2: [databse] section: got section `databse`, expected one of data_dir, database,",
            "line 8, column 1: [[partner]] `erp` token_sha256: missing field `token_sha256`, which has no default",
            "line 8, column 1: [[partner]] `erp` ledger: missing field `ledger`",
            "line 11, column 1: [[partner]] `till` token_sha256: missing field `token_sha256`",
            "line 13, column 1: [[partner]] `till` token_sha265: unknown field `token_sha265`, expected",
            "line 14, column 10: [[partner]] `till` ledger: invalid type: integer `7`, expected a string",
            "line 17, column 10: [ingest] listen: invalid type: integer `8081`, expected socket address",
            "line 18, column 18: [ingest] max_body_bytes: invalid type: string \"x\", expected usize",
            "line 19, column 17: [ingest] body_within_s: invalid value: integer `-1`, expected u64",
        ];
        for words in expected {
            let words = format!("site/chopmark.toml, {words}");
            assert!(found.iter().any(|one| one.starts_with(&words)), "{words}: {found:#?}");
        }
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        assert!(found.iter().any(|one| one.ends_with("did you mean `database`?")), "{found:#?}");
    }

    #[test]
    fn what_is_wrong_deep_in_one_entry_does_not_hide_the_next_entry() {
        let found = problems(
            "[firmware_bridge]\nid = \"b\"\nkey = \"k\"\ningest_url = \"u\"\nledger = \"l\"\n\
             [[firmware_bridge.reader]]\nid = \"one\"\nread_point = \"r\"\ndevice.r200 = { prt = \"x\", baud = true }\n\
             [[firmware_bridge.reader]]\nid = \"two\"\ndevice.r2000.port = \"x\"\n\
             [[firmware_bridge.reader]]\nread_point = \"r\"\ndevice.llrp = { address = 5 }\nsettle.preset = \"dor\"\n",
        );
        for words in [
            "line 9, column 17: [[firmware_bridge.reader]] `one` device.r200.prt: unexpected keys in table: prt, available keys: port",
            "line 9, column 35: [[firmware_bridge.reader]] `one` device.r200.baud: invalid type: boolean `true`",
            "[[firmware_bridge.reader]] `one` device.r200.port: missing field `port`",
            "line 12, column 8: [[firmware_bridge.reader]] `two` device.r2000: unknown variant `r2000`",
            "line 10, column 1: [[firmware_bridge.reader]] `two` read_point: missing field `read_point`",
            "line 15, column 27: [[firmware_bridge.reader]] device.llrp.address: invalid type: integer `5`",
            "line 16, column 17: [[firmware_bridge.reader]] settle.preset: unknown variant `dor`",
            "line 13, column 1: [[firmware_bridge.reader]] id: missing field `id`",
        ] {
            assert!(found.iter().any(|one| one.contains(words)), "{words}: {found:#?}");
        }
    }

    #[test]
    fn no_message_repeats_a_password_or_the_key_of_a_provider() {
        for text in [
            "[database]\nembedded = \"postgresql://u:hunter2@db/x\"\n",
            "[database]\nurll = \"postgresql://u:hunter2@db/x\"\n",
            "[database]\nurl = \"postgresql://u:hunter2@db/x\n",
            "[database]\nurl = postgresql://u:hunter2@db/x\n",
            "[anchor]\nchain_id = \"https://rpc.example/v3/hunter2\"\n",
            "[anchor]\nrpc = 5\nchain_id = 1\nrcp = \"https://rpc.example/hunter2\"\n",
        ] {
            let found = problems(text).join("\n");
            assert!(!found.contains("hunter2"), "{found}");
            assert!(found.contains("line "), "{found}");
        }
    }

    #[test]
    fn whatever_a_file_holds_reading_it_ends() {
        let many: Vec<String> = (0..2000).map(|number| format!("key_{number} = 1\n")).collect();
        let many = many.concat();
        assert!(problems(&format!("[ingest]\n{many}")).len() >= 400);
        for text in ["ledger = 5", "ledger = [5, {}]", "data_dir = {}", "[[ingest]]"] {
            assert!(!problems(text).is_empty(), "{text}");
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
