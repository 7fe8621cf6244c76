//! `GET /`: who is logged in, with which roles and limits, and until when.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use sql::sessions::LoggedInBy;

use crate::failure::Failure;
use crate::pages::html;
use crate::shell::{Granted, Shell, granted};
use crate::visitor::Visitor;
use crate::words::home::{HOME_EN, HOME_ZH, HomeTexts, KEY};
use crate::words::{HOME, roles};

#[derive(Template)]
#[template(path = "home.html")]
struct Page {
    shell: Shell,
    texts: &'static HomeTexts,
    by: String,
    roles: Vec<RoleView>,
}

/// A role, with what it sees.
struct RoleView {
    granted: Granted,
    sees: &'static str,
}

/// `GET /`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let lang = visitor.language;
    let by = match &visitor.by {
        LoggedInBy::Key(prefix) => format!("{} {prefix}…", lang.of(KEY)),
        LoggedInBy::Provider(issuer) => issuer.clone(),
    };
    let roles = visitor.identity.grants.iter().map(|grant| RoleView {
        granted: granted(grant, lang),
        sees: lang.of(roles::sees(grant.role())),
    });
    html(&Page {
        shell: Shell::of(&visitor, &request, HOME),
        texts: lang.of((&HOME_ZH, &HOME_EN)),
        by,
        roles: roles.collect(),
    })
}
