//! The file of products, changed in place: comments, order and keys that a change does not concern stay as they are.
//!
//! The way through: [`ProductFile::open`] finds the file that `[trace_api] products` names and holds it; the caller edits
//! [`ProductFile::product`]; [`ProductFile::replace`] has trace-api's own rules check what came out, and renames it into the place of the
//! old file.
//!
//! What holds: a file with anything wrong is never put in place; the old one is whole until the new one is; two commands at the same time
//! do not overwrite each other's change, because the second finds the first one's unfinished file and stops.
//!
//! Not here: what is wrong with a product (`trace_api::names`), when trace-api reads the file again (at SIGHUP).

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use process::config::Installation;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};
use trace_api::names::Source;
use trace_api::pictures::Picture;

/// Folder of the pictures, beside the file.
const PICTURES: &str = "pictures";

/// The file of products, held while it is changed.
pub struct ProductFile {
    path: PathBuf,
    /// The file that is to be put in its place, which nobody else has.
    unfinished: PathBuf,
    source: Source,
    /// Where paths in it begin.
    folder: PathBuf,
    document: DocumentMut,
    /// Whether the unfinished file is still ours: once it is put in place, another command may have one of this name.
    is_held: bool,
}

impl ProductFile {
    /// Finds the file and holds it; one that is named and does not exist yet is empty.
    ///
    /// # Errors
    ///
    /// If the configuration names none, it is no TOML, or another command changes it.
    pub fn open(installation: &Installation) -> anyhow::Result<Self> {
        let section = installation.trace_api.as_ref();
        let section =
            section.context("the configuration has no [trace_api], whose products these are")?;
        let named = section.products_file.as_ref().context(
            "[trace_api] names no file of products: add `products = \"products.toml\"` and restart trace-api once",
        )?;
        let path = installation.at(named);
        // A link stays a link.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            other => other.with_context(|| format!("could not read {}", path.display()))?,
        };
        let document = text.parse().with_context(|| format!("{} is no TOML", path.display()))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let unfinished = path.with_file_name(name);
        let source = Source::of(installation, section).with_products(&unfinished);
        let created = OpenOptions::new().write(true).create_new(true).open(&unfinished);
        created.with_context(|| {
            format!(
                "could not make {}: another command changes the products, or one was interrupted; if none runs, remove it",
                unfinished.display()
            )
        })?;
        let folder = installation.at(Path::new(""));
        Ok(Self { path, unfinished, source, folder, document, is_held: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn products(&mut self) -> anyhow::Result<&mut ArrayOfTables> {
        let empty = || Item::ArrayOfTables(ArrayOfTables::new());
        let products = self.document.entry("product").or_insert_with(empty);
        products.as_array_of_tables_mut().context("`product` is something else than [[product]]")
    }

    /// The product with this GTIN, and whether it was there: otherwise it is new and has only its GTIN.
    ///
    /// # Errors
    ///
    /// If `product` is no list of sections.
    pub fn product(&mut self, gtin: &str) -> anyhow::Result<(&mut Table, bool)> {
        let products = self.products()?;
        let found = products.iter().position(|product| has_gtin(product, gtin));
        let place = found.unwrap_or_else(|| {
            let mut product = Table::new();
            product.insert("gtin", toml_edit::value(gtin));
            products.push(product);
            products.len() - 1
        });
        Ok((products.get_mut(place).context("it was just there")?, found.is_some()))
    }

    /// Takes the product with this GTIN out; whether it was there.
    ///
    /// # Errors
    ///
    /// If `product` is no list of sections.
    pub fn remove(&mut self, gtin: &str) -> anyhow::Result<bool> {
        let products = self.products()?;
        let before = products.len();
        products.retain(|product| !has_gtin(product, gtin));
        Ok(products.len() < before)
    }

    /// Copies a picture beside the file, under a name that follows from its content; gives its path as the file names it.
    ///
    /// # Errors
    ///
    /// If it is no picture that pages can show, or cannot be copied.
    pub fn keep_picture(&self, from: &Path) -> anyhow::Result<String> {
        let picture = match Picture::read(from) {
            Ok(picture) => picture,
            Err(cause) => bail!("the picture {}: {cause}", from.display()),
        };
        let folder = self.path.with_file_name(PICTURES);
        let path = folder.join(&picture.name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, &picture.body))
            .with_context(|| format!("could not write {}", path.display()))?;
        self.relative(&path)
    }

    /// The path of a file that stays where it is, as the file of products names it.
    ///
    /// # Errors
    ///
    /// If it is not there, or its path is not UTF-8.
    pub fn named(&self, path: &Path) -> anyhow::Result<String> {
        let path =
            fs::canonicalize(path).with_context(|| format!("could not read {}", path.display()))?;
        self.relative(&path)
    }

    /// A path as seen from where paths in the file begin, if it is below.
    fn relative(&self, path: &Path) -> anyhow::Result<String> {
        let is_here = self.folder.as_os_str().is_empty();
        let folder = if is_here { Path::new(".") } else { &*self.folder };
        let base = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let named = path.strip_prefix(&base).unwrap_or(path);
        let named = named.to_str().with_context(|| format!("{} is not UTF-8", named.display()))?;
        Ok(named.to_owned())
    }

    /// Checks all of it as trace-api does, and puts it in the place of the old file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, or if it cannot be written; the old file is as it was.
    pub fn replace(mut self) -> anyhow::Result<()> {
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&self.unfinished)?;
            file.write_all(self.document.to_string().as_bytes())?;
            if let Ok(old) = fs::metadata(&self.path) {
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()
        };
        write().with_context(|| format!("could not write {}", self.unfinished.display()))?;
        if let Err(problems) = self.source.load() {
            bail!(
                "nothing was changed, because pages could not be made of what came out:\n{problems}"
            );
        }
        fs::rename(&self.unfinished, &self.path)
            .with_context(|| format!("could not replace {}", self.path.display()))?;
        self.is_held = false;
        Ok(())
    }
}

impl Drop for ProductFile {
    /// Gives the file free.
    fn drop(&mut self) {
        if self.is_held {
            fs::remove_file(&self.unfinished).ok();
        }
    }
}

fn has_gtin(product: &Table, gtin: &str) -> bool {
    product.get("gtin").and_then(Item::as_str) == Some(gtin)
}
