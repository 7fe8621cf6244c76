//! What an installation is called, where it is, and whom it talks to: flags, answers, defaults.
//!
//! What holds: every answer is checked before anything is written, by the rules of the processes that will read it.

use std::path::{Path, PathBuf};

use anchor::rpc::{UrlError, check_url};
use ledger::note::is_key_name;
use ledger::policy::Policy;

use super::kind::Kind;
use super::questions::{Asker, Question};

/// The answer for a private PostgreSQL.
const EMBEDDED: &str = "embedded";
/// GS1's company prefix for examples.
const EXAMPLE_PREFIX: &str = "9521141";
/// Where the Debian package has the start page's reader of codes.
const SCANNER: &str = "/usr/share/chopmark/scanner";

/// Answers that flags give.
#[derive(Default, clap::Args)]
pub struct Given {
    /// Name of the company, as people read it
    #[arg(long, value_name = "NAME")]
    party: Option<String>,
    /// A domain of the company; ledgers are named after it: spring.example gives spring.example/site-1
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// GS1 company prefix, 6 to 12 digits; identifiers of company and places are made from it
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    /// Name of the site's ledger, for ever. Default: DOMAIN/site-1
    #[arg(long)]
    origin: Option<String>,
    /// Name of the hub's ledger, for ever. Default: DOMAIN/hub
    #[arg(long, value_name = "ORIGIN")]
    hub: Option<String>,
    /// Identifier of the company, urn:epc:id:pgln:…. Default: made from the prefix
    #[arg(long, value_name = "URI")]
    pgln: Option<String>,
    /// The site, urn:epc:id:sgln:…. Default: made from the prefix
    #[arg(long, value_name = "URI")]
    location: Option<String>,
    /// The first read point, urn:epc:id:sgln:…. Default: made from the prefix
    #[arg(long, value_name = "URI")]
    read_point: Option<String>,
    /// Name of the bridge. Default: bridge-1
    #[arg(long, value_name = "ID")]
    bridge: Option<String>,
    /// `embedded` for a private PostgreSQL, or `postgresql://USER@HOST/DATABASE`; as `chopmark_ingest` it is ingest's alone
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Where the bridge finds ingest, https://…
    #[arg(long, value_name = "URL")]
    ingest_url: Option<String>,
    /// Address under which people reach trace-api: `https://id.example.com`
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Endpoint of the chain; give two of different operators. Default: none, and anchors can be added later
    #[arg(long, value_name = "URL")]
    rpc: Vec<String>,
    /// Id of the chain (EIP-155)
    #[arg(long, value_name = "ID")]
    chain_id: Option<u64>,
    /// Address of the contract, if `chopmark anchor deploy` has printed it already
    #[arg(long, value_name = "0x…")]
    contract: Option<String>,
    /// File with lines of a policy: keys of sites for a hub, the hub's lines for a site or a verifier
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Folder of the start page's reader of codes, the npm package zxing-wasm. Default: that of the Debian package, if it is there
    #[arg(long, value_name = "FOLDER")]
    scanner: Option<PathBuf>,
}

/// Everything that is to be written.
pub struct Answers {
    pub kind: Kind,
    pub party: String,
    /// The party's id in the directory: the first label of its domain.
    pub party_id: String,
    pub origin: String,
    pub hub: String,
    pub directory: String,
    pub prefix: String,
    pub pgln: String,
    pub location: String,
    pub read_point: String,
    pub bridge: String,
    pub database: String,
    pub ingest_url: String,
    pub public_url: String,
    pub chain: Chain,
    /// Folder of the start page's reader of codes.
    pub scanner: Option<PathBuf>,
    /// Lines of a policy that others gave.
    pub policy: String,
}

/// Where anchors are published.
pub struct Chain {
    pub rpc: Vec<String>,
    /// Its id (EIP-155).
    pub id: Option<u64>,
    pub contract: Option<String>,
}

impl Chain {
    /// Whether everything is known that the anchor worker needs.
    pub fn is_complete(&self) -> bool {
        !self.rpc.is_empty() && self.id.is_some() && self.contract.is_some()
    }
}

/// The folder that was given, which must be there, or that of the Debian package if it is.
fn scanner(given: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let Some(given) = given else {
        return Ok(Some(PathBuf::from(SCANNER)).filter(|folder| folder.is_dir()));
    };
    anyhow::ensure!(
        given.is_dir(),
        "--scanner: got {}, expected a folder with the npm package zxing-wasm",
        given.display()
    );
    Ok(Some(std::path::absolute(given)?))
}

impl Answers {
    /// Takes the flags and asks for the others.
    ///
    /// # Errors
    ///
    /// If an answer is not usable or the input ends.
    pub fn collect(given: &Given, kind: Kind, asker: &mut Asker) -> anyhow::Result<Self> {
        let policy = policy(given, kind, asker)?;
        let mut answers = Self::of_names(given, kind, asker)?;
        answers.policy = policy;
        if kind.records() || kind.answers_people() {
            answers.database = ask(
                asker,
                given.database.as_deref(),
                (
                    "database",
                    "数据库：embedded 表示自带的私有 PostgreSQL，或填 URL",
                    "Database: embedded for a private PostgreSQL, or a URL",
                ),
                (EMBEDDED, false),
                &|text| database(text, kind),
            )?;
        }
        if kind.has_bridge() {
            answers.of_bridge(given, asker)?;
        }
        if kind.answers_people() {
            answers.public_url = ask(
                asker,
                given.public_url.as_deref(),
                ("public-url", "公众访问的地址", "Address under which people reach the pages"),
                ("http://127.0.0.1:8084", true),
                &web_address,
            )?;
            answers.chain = chain(given, asker)?;
        }
        Ok(answers)
    }

    /// Party, ledgers and places.
    fn of_names(given: &Given, kind: Kind, asker: &mut Asker) -> anyhow::Result<Self> {
        let is_named = kind.records() || kind.answers_people();
        let mut named = |given: &Option<String>, text, default, check: &Checker<'_>| {
            if is_named {
                ask(asker, given.as_deref(), text, default, check)
            } else {
                Ok(default.0.to_owned())
            }
        };
        let party = named(
            &given.party,
            ("party", "公司名称", "Name of the company, as people read it"),
            ("Example Party", true),
            &prose,
        )?;
        let domain = named(
            &given.domain,
            (
                "domain",
                "公司域名（账本以它命名）",
                "A domain of the company; its ledgers are named after it",
            ),
            ("party.example", true),
            &domain,
        )?;
        let prefix = named(
            &given.prefix,
            ("prefix", "GS1 厂商识别代码，6 至 12 位", "GS1 company prefix, 6 to 12 digits"),
            (EXAMPLE_PREFIX, true),
            &company_prefix,
        )?;
        let origin = Self::of_site(given, kind, &domain, asker)?;
        let hub = format!("{domain}/hub");
        let hub = if kind.answers_people() {
            let text = ("hub", "枢纽账本的名称（永久不变）", "Name of the hub's ledger, for ever");
            ask(asker, given.hub.as_deref(), text, (&hub, false), &self::origin)?
        } else {
            hub
        };
        Self::named(given, kind, [party, domain, prefix, origin, hub])
    }

    fn of_site(
        given: &Given,
        kind: Kind,
        domain: &str,
        asker: &mut Asker,
    ) -> anyhow::Result<String> {
        let site = format!("{domain}/site-1");
        if !kind.records() && kind != Kind::Bridge {
            return Ok(site);
        }
        let text = ("origin", "站点账本的名称（永久不变）", "Name of the site's ledger, for ever");
        let is_example = kind == Kind::Bridge;
        ask(asker, given.origin.as_deref(), text, (&site, is_example), &origin)
    }

    /// What follows from these names, and from nothing else.
    fn named(
        given: &Given,
        kind: Kind,
        [party, domain, prefix, origin, hub]: [String; 5],
    ) -> anyhow::Result<Self> {
        Ok(Self {
            kind,
            party_id: domain.split('.').next().unwrap_or("party").to_owned(),
            directory: format!("{domain}/directory"),
            pgln: flag("pgln", given.pgln.as_deref(), gln("pgln", &prefix, 0), &party_uri)?,
            location: flag(
                "location",
                given.location.as_deref(),
                gln("sgln", &prefix, 1) + ".0",
                &place_uri,
            )?,
            read_point: flag(
                "read-point",
                given.read_point.as_deref(),
                gln("sgln", &prefix, 1) + ".1",
                &place_uri,
            )?,
            party,
            origin,
            hub,
            prefix,
            bridge: String::new(),
            database: String::new(),
            ingest_url: String::new(),
            public_url: String::new(),
            chain: Chain { rpc: Vec::new(), id: None, contract: None },
            scanner: scanner(given.scanner.as_deref())?,
            policy: String::new(),
        })
    }

    fn of_bridge(&mut self, given: &Given, asker: &mut Asker) -> anyhow::Result<()> {
        self.bridge = ask(
            asker,
            given.bridge.as_deref(),
            ("bridge", "网桥名称", "Name of the bridge"),
            ("bridge-1", false),
            &name,
        )?;
        "http://127.0.0.1:8081".clone_into(&mut self.ingest_url);
        if self.kind == Kind::Bridge {
            self.ingest_url = ask(
                asker,
                given.ingest_url.as_deref(),
                ("ingest-url", "ingest 的地址", "Address of ingest"),
                ("https://ingest.example", true),
                &web_address,
            )?;
        }
        Ok(())
    }
}

type Checker<'c> = dyn Fn(&str) -> Result<String, String> + 'c;

/// Asks for one answer.
///
/// - `text`: flag, question in Chinese, question in English.
/// - `default`: the default, and whether it is an example.
fn ask(
    asker: &mut Asker,
    given: Option<&str>,
    text: (&str, &str, &str),
    default: (&str, bool),
    check: &Checker<'_>,
) -> anyhow::Result<String> {
    let question = Question {
        flag: text.0,
        text: (text.1, text.2),
        default: default.0.to_owned(),
        is_example: default.1,
    };
    asker.answer(given, &question, check)
}

/// An answer that is not asked for.
fn flag(
    name: &str,
    given: Option<&str>,
    default: String,
    check: &Checker<'_>,
) -> anyhow::Result<String> {
    let Some(given) = given else { return Ok(default) };
    check(given).map_err(|expected| anyhow::anyhow!("--{name}: got `{given}`, expected {expected}"))
}

/// Which kind of installation it is.
///
/// - `given`: what the flag says.
///
/// # Errors
///
/// If the input ends.
pub fn kind(given: Option<Kind>, asker: &mut Asker) -> anyhow::Result<Kind> {
    if let Some(kind) = given {
        return Ok(kind);
    }
    let choices = Kind::ALL.map(|kind| (kind.name(), kind.about()));
    let text = ("安装的种类", "Which kind of installation");
    let place = asker.choose(text, &choices)?;
    Ok(Kind::ALL.get(place).copied().unwrap_or(Kind::All))
}

/// Lines of the policy that somebody else gave.
fn policy(given: &Given, kind: Kind, asker: &mut Asker) -> anyhow::Result<String> {
    let read = |path: &str| -> Result<String, String> {
        if path.is_empty() {
            return Ok(String::new());
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("a file that can be read ({error})"))?;
        text.parse::<Policy>().map_err(|error| format!("a policy ({error})"))?;
        Ok(text)
    };
    let path = given.policy.as_ref().map(|path| path.display().to_string());
    if kind == Kind::Bridge || kind == Kind::All && path.is_none() {
        return Ok(String::new());
    }
    let text = (
        "policy",
        "别人给你的策略文件（没有就直接回车）",
        "File with lines of a policy that others gave you (empty: none)",
    );
    ask(asker, path.as_deref(), text, ("", false), &read)
}

/// Where anchors are published, if that is known.
fn chain(given: &Given, asker: &mut Asker) -> anyhow::Result<Chain> {
    let endpoint = |url: &str| -> Result<String, String> {
        let all = url.split([' ', ',']).filter(|url| !url.is_empty());
        all.clone()
            .try_for_each(|url| check_url(url).map_err(|_| UrlError::EXPECTED.to_owned()))?;
        Ok(all.collect::<Vec<_>>().join(" "))
    };
    let joined = given.rpc.join(" ");
    let given_rpc = (!given.rpc.is_empty()).then_some(joined.as_str());
    let text = (
        "rpc",
        "链的端点，两个用空格隔开（没有就直接回车，以后再配）",
        "Endpoints of the chain, a space between them (empty: later)",
    );
    // What is typed may hold a provider's key, so that a wrong flag is not repeated.
    anyhow::ensure!(
        given_rpc.is_none_or(|text| endpoint(text).is_ok()),
        "--rpc: expected {}",
        UrlError::EXPECTED
    );
    let rpc = ask(asker, given_rpc, text, ("", false), &endpoint)?;
    let rpc: Vec<String> = rpc.split_whitespace().map(str::to_owned).collect();
    let id = given.chain_id.map(|id| id.to_string());
    let (mut chain_id, mut contract) = (id.clone(), given.contract.clone());
    if !rpc.is_empty() || id.is_some() {
        let text = ("chain-id", "链的编号（EIP-155）", "Id of the chain (EIP-155)");
        chain_id = Some(ask(asker, id.as_deref(), text, ("1", true), &number)?);
    }
    if !rpc.is_empty() || contract.is_some() {
        let text = (
            "contract",
            "合约地址（还没有部署就直接回车）",
            "Address of the contract (empty: not deployed yet)",
        );
        let found = ask(asker, contract.as_deref(), text, ("", false), &address)?;
        contract = Some(found).filter(|text| !text.is_empty());
    }
    Ok(Chain { rpc, id: chain_id.and_then(|id| id.parse().ok()), contract })
}

fn prose(text: &str) -> Result<String, String> {
    let is_fine =
        !text.is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control);
    is_fine.then(|| text.to_owned()).ok_or_else(|| "1 to 200 characters".to_owned())
}

fn domain(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_fine = text.len() <= 200 && text.contains('.') && text.split('.').all(is_label);
    is_fine.then(|| text.to_lowercase()).ok_or_else(|| "a domain such as spring.example".to_owned())
}

fn company_prefix(text: &str) -> Result<String, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_fine = is_number && (6..=12).contains(&text.len());
    is_fine.then(|| text.to_owned()).ok_or_else(|| "6 to 12 digits".to_owned())
}

fn origin(text: &str) -> Result<String, String> {
    let is_fine = is_key_name(text) && !text.contains(['"', '\\', '`', '\'']);
    is_fine.then(|| text.to_owned()).ok_or_else(|| {
        "a name such as spring.example/site-1, without spaces, quotes and `+`".to_owned()
    })
}

fn name(text: &str) -> Result<String, String> {
    let is_fine = reads::is_name(text) && !text.contains(['"', '\\', '\'', ',']);
    is_fine
        .then(|| text.to_owned())
        .ok_or_else(|| "visible ASCII characters without spaces, such as bridge-1".to_owned())
}

fn place_uri(text: &str) -> Result<String, String> {
    let is_fine = epc::Epc::from_uri(text).is_ok_and(|epc| epc.scheme() == epc::Scheme::Sgln);
    is_fine
        .then(|| text.to_owned())
        .ok_or_else(|| "a location such as urn:epc:id:sgln:0614141.00777.0".to_owned())
}

/// By the rule of the directory, which has the same identifiers.
fn party_uri(text: &str) -> Result<String, String> {
    let is_fine = text.starts_with("urn:epc:id:pgln:") && epc::licence_digits(text).is_some();
    is_fine
        .then(|| text.to_owned())
        .ok_or_else(|| "a party identifier such as urn:epc:id:pgln:9521141.00000".to_owned())
}

fn database(text: &str, kind: Kind) -> Result<String, String> {
    if text == EMBEDDED {
        return Ok(text.to_owned());
    }
    let checked = sql::Settings::new(text).check();
    // The cause names a parameter or a file, and never the password.
    checked
        .map_err(|error| format!("`{EMBEDDED}` or postgresql://USER@HOST/DATABASE ({error})"))?;
    if is_of_ingest(text) && kind != Kind::Site {
        return Err(format!(
            "the URL of the schema's owner: `{}` may not do all that this kind does (--kind site)",
            sql::Access::Ingest.role_name()
        ));
    }
    Ok(text.to_owned())
}

/// Whether a URL is that of ingest's own role.
fn is_of_ingest(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let user = rest.split(['@', ':', '/', '?']).next().unwrap_or_default();
    user == sql::Access::Ingest.role_name()
}

fn web_address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_fine = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\');
    is_fine.then(|| text.trim_end_matches('/').to_owned()).ok_or_else(|| "https://…".to_owned())
}

fn number(text: &str) -> Result<String, String> {
    text.parse::<u64>().map(|number| number.to_string()).map_err(|_| "a number".to_owned())
}

fn address(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let line = format!("chain 1 {text}");
    line.parse::<Policy>().map_err(|_| "0x and 40 hex digits".to_owned())?;
    Ok(text.to_owned())
}

/// An identifier under a prefix: its digits and those of the prefix are twelve.
fn gln(scheme: &str, prefix: &str, number: u8) -> String {
    let width = 12 - prefix.len();
    let reference = if width == 0 { String::new() } else { format!("{number:0width$}") };
    format!("urn:epc:id:{scheme}:{prefix}.{reference}")
}

impl Answers {
    /// Whether the database is a private PostgreSQL.
    pub fn is_embedded(&self) -> bool {
        self.database == EMBEDDED
    }

    /// The key of `[database]` that the URL belongs to: the owner's, who migrates, or ingest's own.
    pub fn database_key(&self) -> &'static str {
        if is_of_ingest(&self.database) { "ingest_url" } else { "url" }
    }

    /// Whether this installation may migrate.
    pub fn has_owner(&self) -> bool {
        self.is_embedded() || self.database_key() == "url"
    }

    /// The item of the first event, serial 1: a URI.
    pub fn first_item(&self) -> String {
        let width = 13 - self.prefix.len();
        let reference = if width == 1 { "0".to_owned() } else { format!("{:0width$}", 1) };
        format!("urn:epc:id:sgtin:{}.{reference}.1", self.prefix)
    }

    /// Its GTIN, 14 digits.
    pub fn first_gtin(&self) -> String {
        epc::Epc::from_uri(&self.first_item()).ok().and_then(|epc| epc.gtin14()).unwrap_or_default()
    }
}
