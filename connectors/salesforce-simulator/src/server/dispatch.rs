//! The way of a request: counted, met by a fault or not, answered by the part of the org its path names.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{Request, Response};
use rand::Rng as _;

use super::answer::Answer;
use super::connection::Cut;
use super::request::Call;
use crate::calls::CallKind;
use crate::data::Refusal;
use crate::fault::Effect;
use crate::tenant::Tenant;
use crate::timestamp::Timestamp;
use crate::{admin, auth, bayeux, rest, soap};

/// A year of 365 days.
const YEAR_SECONDS: i64 = 31_536_000;

/// Everything an org serves.
pub(crate) fn router(tenant: Arc<Tenant>) -> Router {
    Router::new().fallback(serve).with_state(tenant)
}

async fn serve(
    State(tenant): State<Arc<Tenant>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request<Body>,
) -> Response<Body> {
    if bayeux::wants_upgrade(&tenant, &request) {
        let date = tenant.clock.now().http();
        let uri = request.uri().to_string();
        tenant.calls.count(CallKind::Other);
        let text = |text: &str| uri.contains(text);
        match meet(&tenant, &[CallKind::Other], Some(CallKind::Cometd), text).await {
            None => {}
            Some(effect) => return play(&[CallKind::Other], effect, &cut).into_response(&date),
        }
        return bayeux::upgrade(&tenant, request)
            .await
            .unwrap_or_else(|refused| refused.into_response(&date));
    }
    let now = tenant.clock.now();
    let answer = match Call::read(request).await {
        Ok(call) => {
            let answer = {
                let _under_way = tenant.exchanges.begin(&call);
                answer(&tenant, &call, &cut).await
            };
            // Events are many and urgent: they go out as they are, with the cookies of their sessions alone.
            if call.path.first().is_some_and(|first| first == "cometd") {
                return answer.into_response(&tenant.clock.now().http());
            }
            let answer = answer.packed_for(&call.headers);
            if knows_browser(&call) { answer } else { answer.with("set-cookie", browser_id(now)) }
        }
        Err(answer) => answer,
    };
    answer.into_response(&tenant.clock.now().http())
}

/// Whether the client has been here before.
fn knows_browser(call: &Call) -> bool {
    let mut cookies = call.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    cookies.any(|cookies| cookies.split(';').any(|cookie| cookie.trim().starts_with("BrowserId=")))
}

/// The cookie that every new client gets. It has no domain: clients of a simulated org are not at salesforce.com.
fn browser_id(now: Timestamp) -> String {
    let id = rand::rng().sample_iter(rand::distr::Alphanumeric).take(22).map(char::from);
    let expires = Timestamp::from_millis(now.millis() + 1000 * YEAR_SECONDS).http();
    let id: String = id.collect();
    format!("BrowserId={id}; path=/; expires={expires}; Max-Age={YEAR_SECONDS}")
}

async fn answer(tenant: &Arc<Tenant>, call: &Call, cut: &Cut) -> Answer {
    let segments = call.segments();
    if let ["simulator", rest @ ..] = segments.as_slice() {
        return admin::answer(tenant, call, rest);
    }
    let kinds = kinds(call, &segments);
    for kind in &kinds {
        tenant.calls.count(*kind);
    }
    let effect = meet(tenant, &kinds, family(&segments), |text| call.contains(text)).await;
    match effect {
        Some(Effect::CutAfter) | None => {}
        Some(effect) => return play(&kinds, effect, cut),
    }
    let answer = match route(tenant, call, &segments).await {
        Ok(answer) => answer,
        Err(effect) => return play(&kinds, effect, cut),
    };
    if effect == Some(Effect::CutAfter) {
        cut.now();
    }
    answer
}

/// What a call of these kinds meets, after the time that it is made to wait.
async fn meet(
    tenant: &Tenant,
    kinds: &[CallKind],
    family: Option<CallKind>,
    text: impl Fn(&str) -> bool,
) -> Option<Effect> {
    let kinds: Vec<CallKind> = kinds.iter().copied().chain(family).collect();
    tokio::select! {
        () = tenant.faults.stand_still(&kinds, &text) => {}
        () = tenant.stop.cancelled() => {}
    }
    let (delay, effect) = tenant.faults.on_call(&kinds, text);
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = tenant.stop.cancelled() => {}
        }
    }
    effect
}

/// The kind that a fault means all calls below one path by. It is never counted.
fn family(segments: &[&str]) -> Option<CallKind> {
    match segments {
        ["services", "data", _, ..] => Some(CallKind::Rest),
        ["cometd", ..] => Some(CallKind::Cometd),
        _ => None,
    }
}

/// What a call is for; a Bayeux call has one kind for each message, and never none.
fn kinds(call: &Call, segments: &[&str]) -> Vec<CallKind> {
    match segments {
        ["services", "oauth2", "token"] => vec![CallKind::Token],
        ["services", "Soap", ..] => soap::kinds(call),
        ["services", "data", _, rest @ ..] => rest::kinds(&call.method, rest),
        ["cometd", ..] => {
            let kinds = bayeux::kinds(call);
            if kinds.is_empty() { vec![CallKind::Other] } else { kinds }
        }
        _ => vec![CallKind::Other],
    }
}

async fn route(tenant: &Arc<Tenant>, call: &Call, segments: &[&str]) -> Result<Answer, Effect> {
    Ok(match segments {
        ["services", "oauth2", "token"] => auth::token(tenant, call),
        ["services", "oauth2", "revoke"] => auth::revoke(tenant, call),
        ["services", "oauth2", "authorize"] => auth::authorize(tenant, call),
        ["services", "oauth2", "introspect"] => auth::introspect(tenant, call),
        ["services", "oauth2", "userinfo"] => auth::userinfo(tenant, call),
        ["id", org, user] => auth::identity(tenant, call, org, user),
        ["services", "Soap", letter @ ("u" | "c"), version, ..] => {
            soap::answer(tenant, call, letter, version)
        }
        ["services", "Soap", letter, ..] => soap::other(letter),
        ["services", "async", ..] => soap::bulk_1(call),
        ["services", "data"] => rest::versions(),
        ["services", "data", version, rest @ ..] => rest::answer(tenant, call, version, rest),
        ["cometd", ..] => return bayeux::answer(tenant, call).await,
        _ => rest::refused(&Refusal::not_found()),
    })
}

/// The answer of a call that is not executed.
fn play(kinds: &[CallKind], effect: Effect, cut: &Cut) -> Answer {
    let Effect::Answer { status, code, message } = effect else {
        cut.now();
        return Answer::empty(503);
    };
    match kinds.first() {
        Some(CallKind::Token) => auth::oauth_error(status, &code, &message),
        Some(CallKind::Soap) => soap::Dialect::Partner.fault(status, &code, &message),
        _ => rest::refused(&Refusal::new(status, &code, message)),
    }
}
