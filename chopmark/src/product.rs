//! `chopmark product`: what pages say of products: name, brand, picture, features of the pack, what to do about a recall, links by type.
//!
//! The way through: `list` and `show` read what trace-api would read; `set`, `unset`, `link`, `unlink` and `remove` change the file that
//! `[trace_api] products` names (`file.rs`), which trace-api reads again at SIGHUP.
//!
//! What holds: a change that trace-api would refuse changes nothing; comments and other keys of the file stay. What stands in the configuration
//! file itself is shown and never changed.
//!
//! Not here: names that partners state ([`crate::master`]), labels ([`crate::labels`]). Nothing here is signed, and no verdict follows from it.
//!
//! Sources: docs/decisions 0051, 0079.

mod file;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::{Subcommand, ValueEnum};
use ledger::json::{Json, object};
use process::config::Installation;
use toml_edit::{Array, ArrayOfTables, Item, Table, value};
use trace_api::links::{Link, kind_of};
use trace_api::names::{Names, Product, Source};
use trace_api::pictures::Picture;

use self::file::ProductFile;
use crate::terminal::{self, out};

/// Subcommands of `chopmark product`.
#[derive(Subcommand)]
pub enum Command {
    /// Lists the products that pages name
    ///
    /// With --json one object a line, as `show --json` prints it.
    ///
    /// Example: chopmark product list --config chopmark.toml
    List {
        /// Prints one JSON object for each product, one a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Shows all that pages say of a product
    ///
    /// Example: chopmark product show 9521141123454 --config chopmark.toml
    Show {
        /// GTIN, 8 to 14 digits
        #[arg(value_parser = gtin)]
        gtin: String,
        /// Prints one JSON object: `gtin`, `name_zh`, `name_en`, `brand_zh`, `brand_en`, `pack_zh`, `pack_en`, `picture`, `recall_url`,
        /// `markets`, `asks_for_tokens`, `has_hidden_codes`, `links` (list of `type`, `href`, `title`, `lang`, `media`)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Adds a product, or changes what is given of it
    ///
    /// A new product needs both names. The picture (PNG, JPEG, WebP or SVG, at most 100,000 bytes) is copied beside the file of products, so
    /// yours may be moved. Each sentence of --pack-zh and --pack-en is one feature that people compare by eye.
    ///
    /// Exit status: 0 changed, 2 nothing was changed.
    ///
    /// Examples:
    ///   chopmark product set 9521141123454 --name-zh 冷泡绿茶 --name-en 'Cold-brewed green tea' --brand-en 'Lin Tea' --picture tea.png
    ///   chopmark product set 9521141123454 --pack-en 'Dark green cap. Raised seal on the neck.' --pack-zh '瓶盖为墨绿色。瓶颈有凸起的封条。'
    ///   chopmark product set 9521141123454 --market CN --market SG
    ///   chopmark product set 9521141123454 --code-key code.key
    #[command(verbatim_doc_comment)]
    Set(Box<Changes>),
    /// Takes back what `set` said of a product
    ///
    /// Example: chopmark product unset 9521141123454 picture markets
    Unset {
        /// GTIN, 8 to 14 digits
        #[arg(value_parser = gtin)]
        gtin: String,
        /// What is taken back
        #[arg(required = true, value_enum)]
        keys: Vec<Key>,
        #[command(flatten)]
        place: Place,
    },
    /// Says where more is said about a product, by type of link
    ///
    /// A link of the same type, language and media type is replaced. Types are names of GS1's vocabulary, such as `gs1:pip` (product
    /// information page), `gs1:recallStatus`, `gs1:instructions`, or addresses that begin with `https://`.
    #[command(
        after_long_help = "Example: chopmark product link 9521141123454 gs1:pip https://brand.example/tea --title 'Green tea' --lang en"
    )]
    Link {
        /// GTIN, 8 to 14 digits
        #[arg(value_parser = gtin)]
        gtin: String,
        /// Type
        #[arg(value_name = "TYPE")]
        kind: String,
        /// Where it leads, `https://…`
        href: String,
        /// For people
        #[arg(long)]
        title: String,
        /// Language of what is there, such as `zh`; without it it is for readers of any language
        #[arg(long)]
        lang: Option<String>,
        /// Media type of what is there, such as `text/html`
        #[arg(long)]
        media: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Removes links of a product by type
    ///
    /// Example: chopmark product unlink 9521141123454 gs1:pip --lang en
    Unlink {
        /// GTIN, 8 to 14 digits
        #[arg(value_parser = gtin)]
        gtin: String,
        /// Type
        #[arg(value_name = "TYPE")]
        kind: String,
        /// Only the link of this language
        #[arg(long)]
        lang: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Removes a product: its pages show the GTIN then, or what partners call it
    ///
    /// Example: chopmark product remove 9521141123454
    Remove {
        /// GTIN, 8 to 14 digits
        #[arg(value_parser = gtin)]
        gtin: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the products are.
#[derive(clap::Args)]
pub struct Place {
    /// The configuration file, whose `[trace_api]` names the file of products
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
}

/// What `set` changes.
#[derive(clap::Args)]
pub struct Changes {
    /// GTIN, 8 to 14 digits
    #[arg(value_parser = gtin)]
    gtin: String,
    /// Name in Chinese
    #[arg(long, value_name = "TEXT")]
    name_zh: Option<String>,
    /// Name in English
    #[arg(long, value_name = "TEXT")]
    name_en: Option<String>,
    /// Name of the brand in Chinese, shown above the product's
    #[arg(long, value_name = "TEXT")]
    brand_zh: Option<String>,
    /// Name of the brand in English
    #[arg(long, value_name = "TEXT")]
    brand_en: Option<String>,
    /// Features of the pack in Chinese; each sentence is one
    #[arg(long, value_name = "TEXT")]
    pack_zh: Option<String>,
    /// Features of the pack in English; each sentence is one
    #[arg(long, value_name = "TEXT")]
    pack_en: Option<String>,
    /// Picture of the product
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Where you say what to do about a recall, `https://…`
    #[arg(long, value_name = "URL")]
    recall_url: Option<String>,
    /// Country where it is to be sold, two capitals (ISO 3166-1); once for each country, and all of them at once
    #[arg(long = "market", value_name = "CODE")]
    markets: Vec<String>,
    /// File with the secret of the tokens of its items: a serial number alone shows nothing of an item then. It stays where it is
    #[arg(long, value_name = "FILE")]
    token_key: Option<PathBuf>,
    /// File with the secret of the hidden codes of its items: pages take these codes then, and register owners. It stays where it is
    #[arg(long, value_name = "FILE")]
    code_key: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum Key {
    /// The brand in Chinese
    BrandZh,
    /// The brand in English
    BrandEn,
    /// The features of the pack in Chinese
    PackZh,
    /// The features of the pack in English
    PackEn,
    /// The picture
    Picture,
    /// Where to read about a recall
    RecallUrl,
    /// The markets
    Markets,
    /// The secret of tokens: a serial number alone shows an item again
    #[value(name = "token-key")]
    Tokens,
    /// The secret of hidden codes: no code is taken any more
    #[value(name = "code-key")]
    HiddenCodes,
}

impl Key {
    /// Its name in the file.
    fn name(self) -> &'static str {
        match self {
            Self::BrandZh => "brand_zh",
            Self::BrandEn => "brand_en",
            Self::PackZh => "pack_zh",
            Self::PackEn => "pack_en",
            Self::Picture => "picture",
            Self::RecallUrl => "recall_url",
            Self::Markets => "markets",
            Self::Tokens => "token_key",
            Self::HiddenCodes => "code_key",
        }
    }

    /// Whether the file must have it, if empty.
    fn is_required(self) -> bool {
        matches!(self, Self::PackZh | Self::PackEn)
    }
}

/// A GTIN of 8 to 14 digits as 14.
fn gtin(text: &str) -> Result<String, String> {
    let is_number =
        matches!(text.len(), 8 | 12 | 13 | 14) && text.bytes().all(|c| c.is_ascii_digit());
    let whole = format!("{text:0>14}");
    if is_number && epc::check_digit::is_valid(&whole) {
        return Ok(whole);
    }
    Err("expected 8, 12, 13 or 14 digits with their check digit, such as 9521141123454".to_owned())
}

/// Runs the command.
///
/// # Errors
///
/// If the configuration or the file cannot be read, or a change is refused: then nothing was changed.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { json, place } => list(place, *json)?,
        Command::Show { gtin, json, place } => show(place, gtin, *json)?,
        Command::Set(changes) => set(changes)?,
        Command::Unset { gtin, keys, place } => change(place, gtin, |product| {
            for key in keys {
                product.remove(key.name());
                if key.is_required() {
                    product.insert(key.name(), value(""));
                }
            }
            Ok(())
        })?,
        Command::Link { gtin, kind, href, title, lang, media, place } => {
            let (lang, media) = (lang.as_deref(), media.as_deref());
            change(place, gtin, |product| {
                let links = links_of(product)?;
                links.retain(|link| {
                    !is_of_type(link, kind)
                        || has(link, "lang") != lang
                        || has(link, "media") != media
                });
                let mut link = Table::new();
                let optional = [("lang", lang), ("media", media)];
                let keys = [("type", kind.as_str()), ("href", href), ("title", title)];
                let optional = optional.iter().filter_map(|(key, text)| Some((*key, (*text)?)));
                for (key, text) in keys.into_iter().chain(optional) {
                    link.insert(key, value(text));
                }
                links.push(link);
                Ok(())
            })?;
        }
        Command::Unlink { gtin, kind, lang, place } => change(place, gtin, |product| {
            let links = links_of(product)?;
            let before = links.len();
            links.retain(|link| {
                let is_other = lang.is_some() && has(link, "lang") != lang.as_deref();
                !is_of_type(link, kind) || is_other
            });
            ensure!(links.len() < before, "the product has no such link of type {kind}");
            Ok(())
        })?,
        Command::Remove { gtin, place } => {
            let mut file = ProductFile::open(&place.installation()?)?;
            if !file.remove(gtin)? {
                bail!("{} has no product {gtin}", file.path().display());
            }
            done(file)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Place {
    fn installation(&self) -> anyhow::Result<Installation> {
        Ok(Installation::read(&self.config)?)
    }

    /// What trace-api would read now.
    fn names(&self) -> anyhow::Result<Names> {
        let installation = self.installation()?;
        let section = installation.trace_api.as_ref();
        let section =
            section.context("the configuration has no [trace_api], whose products these are")?;
        Ok(Source::of(&installation, section).load()?)
    }
}

/// Changes a product that is in the file.
fn change(
    place: &Place,
    gtin: &str,
    edit: impl FnOnce(&mut Table) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut file = ProductFile::open(&place.installation()?)?;
    let path = file.path().display().to_string();
    let (product, was_there) = file.product(gtin)?;
    ensure!(was_there, "{path} has no product {gtin}; `chopmark product set` adds one");
    edit(product)?;
    done(file)
}

fn set(changes: &Changes) -> anyhow::Result<()> {
    let mut file = ProductFile::open(&changes.place.installation()?)?;
    let picture = changes.picture.as_deref().map(|from| file.keep_picture(from)).transpose()?;
    let key = |path: &Option<PathBuf>| path.as_deref().map(|path| file.named(path)).transpose();
    let (token_key, code_key) = (key(&changes.token_key)?, key(&changes.code_key)?);
    let (product, was_there) = file.product(&changes.gtin)?;
    let texts = [
        ("name_zh", &changes.name_zh),
        ("name_en", &changes.name_en),
        ("brand_zh", &changes.brand_zh),
        ("brand_en", &changes.brand_en),
        ("pack_zh", &changes.pack_zh),
        ("pack_en", &changes.pack_en),
        ("picture", &picture),
        ("recall_url", &changes.recall_url),
        ("token_key", &token_key),
        ("code_key", &code_key),
    ];
    let is_nothing = texts.iter().all(|(_, text)| text.is_none()) && changes.markets.is_empty();
    ensure!(!is_nothing, "got nothing to set; `chopmark help product set` lists what can be said");
    if !was_there {
        let has_names = changes.name_zh.is_some() && changes.name_en.is_some();
        ensure!(has_names, "the product {} is new: it needs --name-zh and --name-en", changes.gtin);
        product.insert("pack_zh", value(""));
        product.insert("pack_en", value(""));
    }
    for (key, text) in texts {
        if let Some(text) = text {
            product.insert(key, value(text));
        }
    }
    if !changes.markets.is_empty() {
        product.insert("markets", value(changes.markets.iter().collect::<Array>()));
    }
    done(file)
}

fn links_of(product: &mut Table) -> anyhow::Result<&mut ArrayOfTables> {
    let empty = || Item::ArrayOfTables(ArrayOfTables::new());
    let links = product.entry("link").or_insert_with(empty);
    links.as_array_of_tables_mut().context("`link` is something else than [[product.link]]")
}

/// The text of a key of a link.
fn has<'a>(link: &'a Table, key: &str) -> Option<&'a str> {
    link.get(key).and_then(Item::as_str)
}

/// Whether a link is of this type, in any spelling.
fn is_of_type(link: &Table, kind: &str) -> bool {
    let own = has(link, "type").unwrap_or_default();
    own == kind || kind_of(own).is_some_and(|own| Some(own) == kind_of(kind))
}

fn done(file: ProductFile) -> anyhow::Result<()> {
    let path = file.path().display().to_string();
    file.replace()?;
    out!(
        "{path} was changed. Pages follow when trace-api reads it again: `systemctl reload chopmark-trace-api`, or SIGHUP to"
    );
    out!("`chopmark up`.");
    Ok(())
}

fn list(place: &Place, json: bool) -> anyhow::Result<()> {
    let names = place.names()?;
    let mut products: Vec<&Product> = names.configured().collect();
    products.sort_by(|one, other| one.gtin.cmp(&other.gtin));
    if products.is_empty() && !json {
        out!("no product is named; `chopmark product set` names one");
    }
    for product in products {
        if json {
            terminal::json(&as_json(product).canonical());
        } else {
            out!("{}  {}  {}", product.gtin, product.name_en, product.name_zh);
        }
    }
    Ok(())
}

fn show(place: &Place, gtin: &str, json: bool) -> anyhow::Result<()> {
    let names = place.names()?;
    let product = names.configured().find(|product| product.gtin == gtin);
    let product = product.with_context(|| format!("no product {gtin} is named"))?;
    if json {
        terminal::json(&as_json(product).canonical());
        return Ok(());
    }
    let picture = product.picture.as_ref().map(|picture| {
        let bytes = picture.body.len();
        format!("{}, {bytes} bytes", picture.media_type)
    });
    let both = |zh: &str, en: &str| match (en.is_empty(), zh.is_empty()) {
        (true, _) => zh.to_owned(),
        (_, true) => en.to_owned(),
        _ => format!("{en} / {zh}"),
    };
    let tokens = product.token_key.as_ref().map(|_| "asked for".to_owned());
    let codes = product.code_key.as_ref().map(|_| "taken".to_owned());
    let lines = [
        ("GTIN", product.gtin.clone()),
        ("name", both(&product.name_zh, &product.name_en)),
        ("brand", both(&product.brand_zh, &product.brand_en)),
        ("pack", both(&product.pack_zh, &product.pack_en)),
        ("picture", picture.unwrap_or_default()),
        ("recall", product.recall_url.clone().unwrap_or_default()),
        ("markets", product.markets.join(" ")),
        ("tokens", tokens.unwrap_or_default()),
        ("codes", codes.unwrap_or_default()),
    ];
    for (what, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        out!("{what:<8} {text}");
    }
    for link in &product.links {
        let of = [link.lang.as_deref(), link.media.as_deref()];
        let of: Vec<&str> = of.into_iter().flatten().collect();
        let of = if of.is_empty() { String::new() } else { format!(" ({})", of.join(", ")) };
        out!("{:<8} {} {} \"{}\"{of}", "link", link.kind, link.href, link.title);
    }
    Ok(())
}

fn as_json(product: &Product) -> Json {
    let optional = |text: Option<&str>| text.map_or(Json::Null, Json::from);
    let link = |link: &Link| {
        object([
            ("type", Json::from(link.kind.as_str())),
            ("href", Json::from(link.href.as_str())),
            ("title", Json::from(link.title.as_str())),
            ("lang", optional(link.lang.as_deref())),
            ("media", optional(link.media.as_deref())),
        ])
    };
    let picture = product.picture.as_ref().map(Picture::path);
    let markets = product.markets.iter().map(|code| Json::from(code.as_str())).collect();
    object([
        ("gtin", Json::from(product.gtin.as_str())),
        ("name_zh", Json::from(product.name_zh.as_str())),
        ("name_en", Json::from(product.name_en.as_str())),
        ("brand_zh", Json::from(product.brand_zh.as_str())),
        ("brand_en", Json::from(product.brand_en.as_str())),
        ("pack_zh", Json::from(product.pack_zh.as_str())),
        ("pack_en", Json::from(product.pack_en.as_str())),
        ("picture", optional(picture.as_deref())),
        ("recall_url", optional(product.recall_url.as_deref())),
        ("markets", Json::Array(markets)),
        ("asks_for_tokens", Json::Bool(product.token_key.is_some())),
        ("has_hidden_codes", Json::Bool(product.code_key.is_some())),
        ("links", Json::Array(product.links.iter().map(link).collect())),
    ])
}

#[cfg(test)]
mod tests {
    use super::gtin;

    #[test]
    fn a_gtin_of_any_length_becomes_fourteen_digits_and_a_wrong_one_is_refused() {
        for (text, whole) in [
            ("9521141123454", "09521141123454"),
            ("09521141123454", "09521141123454"),
            ("96385074", "00000096385074"),
        ] {
            assert_eq!(gtin(text).as_deref(), Ok(whole));
        }
        for text in ["", "9521141123455", "952114112345", "952114112345x", "9521141123454 "] {
            assert!(gtin(text).is_err(), "{text}");
        }
    }
}
