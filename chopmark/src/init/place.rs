//! Where the files of an installation go, and what the user who makes them should know about that.
//!
//! What holds: the configuration is in the folder that was named; everything that it names by a relative path is in the data
//! folder, which is the same one unless `--data-dir` says otherwise.

use std::path::{Path, PathBuf};

use sql::cluster::Cluster;

use super::answers::Answers;
use super::plan::File;

/// The two folders.
pub struct Place {
    folder: PathBuf,
    data: Option<PathBuf>,
}

impl Place {
    /// - `data`: what `--data-dir` says.
    ///
    /// # Errors
    ///
    /// If the path cannot be made absolute.
    pub fn new(folder: &Path, data: Option<&Path>) -> anyhow::Result<Self> {
        let data = data.map(std::path::absolute).transpose()?;
        Ok(Self { folder: folder.to_owned(), data })
    }

    /// Where a file goes.
    pub fn of(&self, file: File) -> PathBuf {
        if file == File::Config { &self.folder } else { self.data() }.join(file.path())
    }

    /// The folder of the configuration.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of everything else.
    pub fn data(&self) -> &Path {
        self.data.as_deref().unwrap_or(&self.folder)
    }

    /// What the configuration says of the data folder; none if it is the configuration's own.
    pub fn data_dir(&self) -> Option<String> {
        self.data.as_ref().map(|data| data.display().to_string())
    }

    /// The configuration as commands name it that are typed in the data folder.
    pub fn config(&self) -> String {
        let name = File::Config.path();
        if self.data.is_none() {
            return name.to_owned();
        }
        let path = self.folder.join(name);
        std::path::absolute(&path).unwrap_or(path).display().to_string()
    }
}

/// What root should know before it goes on, Chinese and English; nothing for others.
///
/// - `is_root`: whether the files will be root's.
pub fn notes_for(is_root: bool, answers: &Answers, place: &Place) -> Vec<(String, String)> {
    if !is_root {
        return Vec::new();
    }
    let data = place.data().display();
    let mut notes = vec![(
        format!(
            "这些文件属于 root，别的用户读不到密钥。若由服务运行，请用该服务的用户执行 init，或：chown -R 用户 {data}"
        ),
        format!(
            "These files belong to root, and no other user can read the keys. If a service is to run, run `chopmark init` as its user, or: chown -R USER {data}"
        ),
    )];
    let database = place.data().join("postgres");
    if let (true, Err(error)) = (answers.is_embedded(), Cluster::check_place(&database)) {
        notes.push((
            format!("自带的 PostgreSQL 在这里无法启动：{error}"),
            format!("The private PostgreSQL cannot start here: {error}"),
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::answers::Given;
    use super::super::kind::Kind;
    use super::super::questions::Asker;
    use super::*;
    use crate::language::Lang;

    #[test]
    fn root_is_told_whose_the_files_are_and_that_postgresql_cannot_start_where_its_user_may_not_go()
    {
        let folder = tempfile::tempdir().unwrap();
        let closed = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), closed).unwrap();
        let place = Place::new(folder.path(), Some(&folder.path().join("deep"))).unwrap();
        let mut asker = Asker::new(true, Lang::En).unwrap();
        let answers = Answers::collect(&Given::default(), Kind::All, &mut asker).unwrap();
        assert!(notes_for(false, &answers, &place).is_empty());
        let notes = notes_for(true, &answers, &place);
        assert!(notes[0].1.contains("chown -R USER "), "{notes:?}");
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        assert!(notes[1].1.contains("cannot enter"), "{notes:?}");
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        assert_eq!(notes_for(true, &answers, &place).len(), 1);
    }
}
