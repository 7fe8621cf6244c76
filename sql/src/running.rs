//! Finds a private cluster that another process runs, so that a command can use it without stopping it.
//!
//! The way through: [`running_url`] reads what the server wrote about itself into its data folder.
//!
//! What holds: nothing is started, stopped or changed; a file that a killed server left behind is no running server.
//!
//! Source: PostgreSQL 15 source, `miscadmin.h` (lines of `postmaster.pid`: process, folder, start, port, folder of the socket).

use std::path::Path;

use crate::access::Access;
use crate::cluster::{is_postgres, url_at};

/// Where the database `chopmark` of the cluster in `folder` answers, if a process runs it; none otherwise.
#[must_use]
pub fn running_url(folder: &Path, access: Access) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("data").join("postmaster.pid")).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    let pid = lines.first()?.trim().parse().ok()?;
    let (port, socket) = (lines.get(3)?.trim().parse().ok()?, lines.get(4)?.trim());
    (is_postgres(pid) && !socket.is_empty())
        .then(|| url_at(Path::new(socket), port, "chopmark", access))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Cluster;

    #[test]
    fn a_cluster_is_found_while_it_runs_and_not_after() {
        let folder = std::env::temp_dir().join(format!("chopmark-running-{}", std::process::id()));
        let place = Cluster::place(&folder).unwrap();
        assert_eq!(running_url(&place, Access::Owner), None);
        let cluster = Cluster::start(&place).unwrap();
        assert_eq!(running_url(&place, Access::Owner).as_deref(), Some(cluster.url()));
        drop(cluster);
        assert_eq!(running_url(&place, Access::Owner), None);
        std::fs::remove_dir_all(&place).unwrap();
    }
}
