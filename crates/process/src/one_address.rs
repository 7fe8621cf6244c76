//! One address for two roles of a process: a guest's interface is answered at its host's address.
//!
//! The way through: `chopmark up` puts a [`OneAddress`] into the [`crate::Context`] of both roles. The guest offers its
//! application and waits until it is answered no more ([`OneAddress::lend`]); the host waits for the offer
//! ([`OneAddress::borrowed`]), listens, and gives each request to one of the two applications ([`Joined`]).
//!
//! What holds:
//!
//! - each application keeps its own guards, limits and metrics: a request reaches one of them, whole, in this process;
//! - which requests are the guest's is a table of paths and methods ([`Interface`]); everything else is the host's;
//! - the guest's readiness and metrics are not at the address that is shared, but at the host's own for its operator;
//! - neither role waits for one that has failed, and the guest ends after the last request to it was answered.
//!
//! Not here: what the roles answer (`ingest`, `trace-api`), two descriptions as one (`openapi.rs`).

pub mod openapi;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Poller, Poll};

use actix_http::Request;
use actix_service::boxed::{BoxService, BoxServiceFactory, factory};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _};
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::ServiceConfig;
use tokio::sync::watch;

/// An application of a worker, not yet started.
pub type Application = BoxServiceFactory<AppConfig, Request, ServiceResponse<BoxBody>, Error, ()>;
type Started = BoxService<Request, ServiceResponse<BoxBody>, Error>;
type Soon<T, E> = Pin<Box<dyn Future<Output = Result<T, E>>>>;

/// The methods of a path that two roles have, in the guest's hands.
#[derive(Debug, Clone, Copy)]
pub struct Divided {
    /// The path.
    pub path: &'static str,
    /// The methods that are the guest's.
    pub methods: &'static [&'static str],
}

/// What a guest has.
#[derive(Debug, Clone, Copy)]
pub struct Interface {
    /// Paths that are the guest's, with everything below them.
    pub paths: &'static [&'static str],
    /// Paths of which some methods are the guest's.
    pub divided: &'static [Divided],
    /// Its description, an `openapi.json` of version 3.1.
    pub openapi: &'static str,
}

impl Interface {
    /// Whether a request is the guest's.
    ///
    /// - `is_divided`: whether the host has the divided paths at all.
    #[must_use]
    pub fn takes(&self, method: &Method, path: &str, is_divided: bool) -> bool {
        let is_below = |own: &str| {
            path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.paths.iter().any(|own| is_below(own))
            || self
                .of(path)
                .is_some_and(|one| !is_divided || one.methods.contains(&method.as_str()))
    }

    /// What the guest has of a path that both have.
    fn of(&self, path: &str) -> Option<&'static Divided> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.divided.iter().find(|one| one.path == path)
    }
}

/// What a guest lends to its host. Clones share it.
#[derive(Clone)]
pub struct Guest {
    /// Makes its application, once for each worker.
    pub application: Arc<dyn Fn() -> Application + Send + Sync>,
    /// Adds what the operator is shown of it to the host's address for that.
    pub operator: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
    /// What it has.
    pub interface: Interface,
}

impl fmt::Debug for Guest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Guest").field("paths", &self.interface.paths).finish_non_exhaustive()
    }
}

/// Where the two roles meet. Clones are the same place.
#[derive(Debug, Clone)]
pub struct OneAddress(Arc<Place>);

#[derive(Debug)]
struct Place {
    offered: Mutex<Option<Guest>>,
    stage: watch::Sender<Stage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Offered,
    /// The host answers no more.
    Ended,
}

impl Default for OneAddress {
    fn default() -> Self {
        let place = Place { offered: Mutex::default(), stage: watch::Sender::new(Stage::Waiting) };
        Self(Arc::new(place))
    }
}

/// The host's end of it: when it is dropped, the guest is told that it is answered no more.
#[derive(Debug)]
#[must_use]
pub struct Hosting(OneAddress);

impl Drop for Hosting {
    fn drop(&mut self) {
        self.0.0.stage.send_replace(Stage::Ended);
    }
}

impl OneAddress {
    /// Says that the host runs; to be kept until its servers have ended.
    pub fn hosting(&self) -> Hosting {
        Hosting(self.clone())
    }

    fn taken(&self) -> Option<Guest> {
        self.0.offered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Lends an application, and waits until its host has ended, or must end before it took it.
    pub async fn lend(&self, guest: Guest, mut shutdown: watch::Receiver<bool>) {
        *self.0.offered.lock().unwrap_or_else(PoisonError::into_inner) = Some(guest);
        let mut stage = self.0.stage.subscribe();
        self.0.stage.send_if_modified(|stage| {
            let is_awaited = *stage == Stage::Waiting;
            if is_awaited {
                *stage = Stage::Offered;
            }
            is_awaited
        });
        let is_stopping = tokio::select! {
            _ = stage.wait_for(|stage| *stage == Stage::Ended) => false,
            _ = shutdown.wait_for(|stop| *stop) => true,
        };
        // What was not taken yet is taken back; what was taken is answered to the end.
        if is_stopping && self.taken().is_none() {
            stage.wait_for(|stage| *stage == Stage::Ended).await.ok();
        }
        // Nothing that the host left may keep the application alive.
        drop(self.taken());
    }

    /// What the guest lends; none if the process must end before that.
    pub async fn borrowed(&self, mut shutdown: watch::Receiver<bool>) -> Option<Guest> {
        let mut stage = self.0.stage.subscribe();
        tokio::select! {
            _ = stage.wait_for(|stage| *stage != Stage::Waiting) => self.taken(),
            _ = shutdown.wait_for(|stop| *stop) => None,
        }
    }
}

/// An application, as it is lent and joined.
pub fn application<I, S, B>(app: I) -> Application
where
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    factory(app.into_factory().map(ServiceResponse::map_into_boxed_body))
}

/// A host's application and, if there is one, its guest's.
pub struct Joined {
    host: Application,
    guest: Option<(Application, Interface)>,
    is_divided: bool,
}

impl Joined {
    /// - `is_divided`: whether the host has the divided paths; if not, they are the guest's.
    #[must_use]
    pub fn new(host: Application, guest: Option<&Guest>, is_divided: bool) -> Self {
        let guest = guest.map(|guest| ((guest.application)(), guest.interface));
        Self { host, guest, is_divided }
    }
}

impl ServiceFactory<Request> for Joined {
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Config = AppConfig;
    type Service = JoinedService;
    type InitError = ();
    type Future = Soon<JoinedService, ()>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let guest = self.guest.as_ref().map(|(guest, interface)| {
            let interface = *interface;
            (guest.new_service(config.clone()), interface)
        });
        let (host, is_divided) = (self.host.new_service(config), self.is_divided);
        Box::pin(async move {
            let guest = match guest {
                Some((guest, interface)) => Some((guest.await?, interface)),
                None => None,
            };
            Ok(JoinedService { host: host.await?, guest, is_divided })
        })
    }
}

/// [`Joined`], started.
pub struct JoinedService {
    host: Started,
    guest: Option<(Started, Interface)>,
    is_divided: bool,
}

impl Service<Request> for JoinedService {
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = Soon<ServiceResponse<BoxBody>, Error>;

    fn poll_ready(&self, poller: &mut Poller<'_>) -> Poll<Result<(), Error>> {
        if let Some((guest, _)) = &self.guest
            && guest.poll_ready(poller)?.is_pending()
        {
            return Poll::Pending;
        }
        self.host.poll_ready(poller)
    }

    fn call(&self, request: Request) -> Self::Future {
        let Some((guest, interface)) = &self.guest else { return self.host.call(request) };
        if interface.takes(request.method(), request.path(), self.is_divided) {
            return guest.call(request);
        }
        let also = interface.of(request.path()).map_or(&[][..], |one| one.methods);
        let answered = self.host.call(request);
        if also.is_empty() {
            return answered;
        }
        Box::pin(async move { answered.await.map(|answer| allowing(answer, also)) })
    }
}

/// The answer, which names these methods among those that are allowed.
fn allowing(mut answer: ServiceResponse<BoxBody>, also: &[&str]) -> ServiceResponse<BoxBody> {
    let said = answer.headers().get(ALLOW).and_then(|value| value.to_str().ok());
    let Some(said) = said.map(str::to_owned) else { return answer };
    let all = also.iter().fold(said, |all, method| format!("{all}, {method}"));
    if let Ok(value) = HeaderValue::from_str(&all) {
        answer.headers_mut().insert(ALLOW, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use actix_web::test::{TestRequest, read_body};
    use actix_web::{App, HttpRequest, HttpResponse, web};

    use super::*;

    const INTERFACE: Interface = Interface {
        paths: &["/capture"],
        divided: &[Divided { path: "/events", methods: &["POST"] }],
        openapi: "{}",
    };

    fn guest(counted: &Arc<AtomicUsize>) -> Guest {
        let counted = Arc::clone(counted);
        Guest {
            application: Arc::new(move || {
                let counted = Arc::clone(&counted);
                application(App::new().default_service(web::to(move || {
                    counted.fetch_add(1, Ordering::Relaxed);
                    async { HttpResponse::Accepted().body("guest") }
                })))
            }),
            operator: Arc::new(|_| {}),
            interface: INTERFACE,
        }
    }

    fn host() -> Application {
        application(App::new().default_service(web::to(|request: HttpRequest| async move {
            crate::problem::method_not_allowed(&request, "GET, HEAD")
        })))
    }

    #[actix_web::test]
    async fn a_request_reaches_the_application_whose_it_is_and_methods_of_both_are_named() {
        let counted = Arc::default();
        let joined = Joined::new(host(), Some(&guest(&counted)), true);
        let service = joined.new_service(AppConfig::default()).await.unwrap();
        for (method, path, is_guests) in [
            (Method::POST, "/capture", true),
            (Method::GET, "/capture/", true),
            (Method::GET, "/capture/1/document?a=b", true),
            (Method::POST, "/events", true),
            (Method::GET, "/captured", false),
            (Method::GET, "/events", false),
            (Method::POST, "/events/1", false),
            (Method::GET, "/", false),
            (Method::POST, "//capture", false),
        ] {
            let before = counted.load(Ordering::Relaxed);
            let request = TestRequest::with_uri(path).method(method.clone()).to_request();
            let answer = service.call(request).await.unwrap();
            assert_eq!(counted.load(Ordering::Relaxed) > before, is_guests, "{method} {path}");
            let allowed = answer.headers().get(ALLOW).map(|value| value.to_str().unwrap());
            let expected = if path == "/events" { "GET, HEAD, POST" } else { "GET, HEAD" };
            assert_eq!(allowed, (!is_guests).then_some(expected), "{method} {path}");
            assert_eq!(&read_body(answer).await[..] == b"guest", is_guests);
        }
    }

    #[actix_web::test]
    async fn a_divided_path_that_the_host_has_not_is_the_guests_and_without_a_guest_all_is_the_hosts()
     {
        let counted = Arc::default();
        let joined = Joined::new(host(), Some(&guest(&counted)), false);
        let service = joined.new_service(AppConfig::default()).await.unwrap();
        service.call(TestRequest::with_uri("/events").to_request()).await.unwrap();
        assert_eq!(counted.load(Ordering::Relaxed), 1);
        let alone =
            Joined::new(host(), None, true).new_service(AppConfig::default()).await.unwrap();
        let answer = alone.call(TestRequest::with_uri("/capture").to_request()).await.unwrap();
        assert_eq!(answer.status(), 405);
    }

    #[actix_web::test]
    async fn the_guest_is_told_when_its_host_has_ended_and_neither_waits_for_the_other_at_a_stop() {
        let counted = Arc::default();
        let (stop, stopped) = watch::channel(false);
        let place = OneAddress::default();
        let hosting = place.hosting();
        let lent = actix_web::rt::spawn({
            let (place, guest, stopped) = (place.clone(), guest(&counted), stopped.clone());
            async move { place.lend(guest, stopped).await }
        });
        let borrowed = place.borrowed(stopped.clone()).await.expect("it was lent");
        stop.send(true).unwrap();
        tokio::task::yield_now().await;
        assert!(!lent.is_finished(), "what was taken is answered to the end");
        drop((borrowed, hosting));
        lent.await.unwrap();
        // A host that never comes, and a guest that never comes.
        let place = OneAddress::default();
        place.lend(guest(&counted), stopped.clone()).await;
        assert!(OneAddress::default().borrowed(stopped).await.is_none());
        // A host that failed before it asked.
        let (_stop, running) = watch::channel(false);
        drop(place.hosting());
        place.lend(guest(&counted), running).await;
    }
}
