//! `GET /`: who is logged in, with which roles and limits, and until when; how much waits for the company that somebody speaks for.

use access::Act;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::inbox::Waiting;
use sql::sessions::LoggedInBy;

use crate::failure::Failure;
use crate::pages::html;
use crate::shell::{Granted, Shell, granted};
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::home::{HOME_EN, HOME_ZH, HomeTexts, KEY};
use crate::words::{self, HOME, roles};

#[derive(Template)]
#[template(path = "home.html")]
struct Page {
    shell: Shell,
    texts: &'static HomeTexts,
    by: String,
    waiting: Option<String>,
    roles: Vec<RoleView>,
}

/// A role, with what it sees.
struct RoleView {
    granted: Granted,
    sees: &'static str,
}

/// How much waits for the companies that a visitor speaks for; none if they speak for none.
async fn waiting(state: &DeskState, visitor: &Visitor) -> Result<Option<Waiting>, Failure> {
    let Ok(sight) = visitor.sight(Act::AnswerInquiries, state) else { return Ok(None) };
    let parties: Vec<&str> = sight.own_parties().into_iter().collect();
    Ok(Some(inquiry::inbox::waiting(&state.db, &parties).await?))
}

/// `GET /`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let lang = visitor.language;
    let by = match &visitor.by {
        LoggedInBy::Key(prefix) => format!("{} {prefix}…", lang.of(KEY)),
        LoggedInBy::Provider(issuer) => issuer.clone(),
    };
    let waiting = waiting(&state, &visitor).await?;
    let roles = visitor.identity.grants.iter().map(|grant| RoleView {
        granted: granted(grant, lang),
        sees: lang.of(roles::sees(grant.role())),
    });
    html(&Page {
        shell: Shell::of(&visitor, &request, HOME),
        texts: lang.of((&HOME_ZH, &HOME_EN)),
        by,
        waiting: waiting.and_then(|waiting| words::inbox::waiting(waiting, lang)),
        roles: roles.collect(),
    })
}
