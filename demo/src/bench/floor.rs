//! The bare server that capture and verdict are compared with, as a process of its own on the same PostgreSQL.
//!
//! The way through: [`Floor::start`] runs this program again as `bench-floor`, which is [`serve`].
//!
//! | route | what it does |
//! |---|---|
//! | `POST /row` | inserts the body as one row, in a transaction of its own, and answers 200 after the commit |
//! | `GET /rows/{keys}` | fetches the records that name these items by one prepared query; answers their number and bytes |
//!
//! What holds: as many HTTP workers as our own processes have, and no fewer connections to the database; it ends with its
//! standard input.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use actix_web::web::{self, Bytes, Data, Path, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context as _;

use crate::web::is_ok;
use crate::world::free_address;

/// Connections of the floor to the database.
const CONNECTIONS: usize = 32;

/// How the floor serves.
#[derive(clap::Args)]
pub struct Arguments {
    /// Address to listen on
    #[arg(long)]
    listen: SocketAddr,
    /// The database
    #[arg(long)]
    database: String,
}

/// Serves until standard input ends.
///
/// # Errors
///
/// If the address cannot be used.
pub fn serve(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut settings = sql::Settings::new(&arguments.database);
    settings.connections = CONNECTIONS;
    actix_web::rt::System::new().block_on(async {
        let db = Data::new(sql::Db::connect(&settings).await?);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(db.clone())
                .app_data(PayloadConfig::new(1 << 20))
                .route("/readyz", web::get().to(HttpResponse::Ok))
                .route("/row", web::post().to(insert))
                .route("/rows/{keys}", web::get().to(rows))
        });
        let server = server.workers(2).disable_signals().bind(arguments.listen)?.run();
        let handle = server.handle();
        std::thread::spawn(move || {
            std::io::stdin().read_to_end(&mut Vec::new()).ok();
            drop(handle.stop(false));
        });
        anyhow::Ok(server.await?)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn failed(error: &sql::Error) -> actix_web::Error {
    actix_web::error::ErrorInternalServerError(error.to_string())
}

async fn insert(db: Data<sql::Db>, body: Bytes) -> actix_web::Result<HttpResponse> {
    sql::floors::insert(&db, &body).await.map_err(|error| failed(&error))?;
    Ok(HttpResponse::Ok().finish())
}

async fn rows(db: Data<sql::Db>, keys: Path<String>) -> actix_web::Result<String> {
    let keys: Result<Vec<i64>, _> = keys.split(',').map(str::parse).collect();
    let keys = keys.map_err(actix_web::error::ErrorBadRequest)?;
    let found = sql::floors::rows_naming(&db, &keys).await;
    let (rows, bytes) = found.map_err(|error| failed(&error))?;
    Ok(format!("{rows} records, {bytes} bytes"))
}

/// The running floor.
#[derive(Debug)]
pub struct Floor {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Floor {
    /// Starts it on the database of this URL.
    ///
    /// # Errors
    ///
    /// If it does not answer within ten seconds.
    pub fn start(database: &str) -> anyhow::Result<Self> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["bench-floor", "--listen", &address.to_string(), "--database", database])
            .stdin(Stdio::piped())
            .spawn()
            .context("could not start the floor")?;
        let floor = Self { child, address };
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_ok(&format!("http://{address}/readyz")) {
            anyhow::ensure!(Instant::now() < deadline, "the floor does not answer at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(floor)
    }
}

impl Floor {
    /// Number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("while stopping the floor: {error}");
        }
    }
}
