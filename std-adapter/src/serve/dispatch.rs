//! From a request to its answer.

use super::{Endpoint, RequestError, Shared, body, guard, stream};
use crate::{
    escaped,
    station::{Answer, Ask},
};
use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
    routing::{MethodFilter, on},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::sync::Arc;
use tokio::time;

type Params = Result<RawPathParams, RawPathParamsRejection>;

/// Every endpoint, and what is told where there is none.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for &endpoint in Endpoint::ALL {
        let filter = match endpoint.method() {
            "POST" => MethodFilter::POST,
            _ => MethodFilter::GET,
        };
        let handler = move |State(shared): State<Arc<Shared>>, params: Params, request: Request| async move {
            handle(shared, endpoint, params, request).await
        };
        router = router.route(endpoint.path(), on(filter, handler));
    }
    router.fallback(nothing).method_not_allowed_fallback(other_method).with_state(shared)
}

async fn nothing(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = escaped(request.uri().path()).to_string();
    astray(&shared, request, RequestError::NoEndpoint { path })
}

async fn other_method(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = escaped(request.uri().path()).to_string();
    let method = escaped(request.method().as_str()).to_string();
    astray(&shared, request, RequestError::Method { method, path })
}

fn astray(shared: &Shared, request: Request, error: RequestError) -> Response {
    let (head, _) = request.into_parts();
    let refused = guard::check(shared, None, &head).err();
    respond(refused.unwrap_or(error).into())
}

async fn handle(
    shared: Arc<Shared>,
    endpoint: Endpoint,
    params: Params,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    if let Err(error) = guard::check(&shared, Some(endpoint), &head) {
        return respond(error.into());
    }
    if endpoint == Endpoint::Events {
        return stream::events(&shared, &head.headers).map_or_else(|it| respond(*it), finished);
    }
    let limit = shared.options.request_time;
    let answer = time::timeout(limit, answer(&shared, endpoint, params, &head, body)).await;
    respond(match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => error.into(),
        Err(_) => RequestError::Time { millis: limit.as_millis() }.into(),
    })
}

async fn answer(
    shared: &Shared,
    endpoint: Endpoint,
    params: Params,
    head: &Parts,
    body: Body,
) -> Result<Answer, RequestError> {
    let params = params.map_err(|_| RequestError::Path {})?;
    let param = |wanted| {
        let mut found = params.iter().filter(|(name, _)| *name == wanted);
        found.next().map(|(_, text)| text.to_owned()).unwrap_or_default()
    };
    let name = param("name");
    let ask = match endpoint {
        Endpoint::Plugins => Ask::List,
        Endpoint::Plugin => Ask::Show(name),
        Endpoint::Call => {
            let body = read(shared, head, body).await?;
            Ask::Call { name, entry: param("entry"), context: body::read(&body)? }
        }
        Endpoint::Reload => Ask::Reload(name),
        Endpoint::Unload => Ask::Unload(name),
        Endpoint::Rollback => Ask::RollBack(name),
        Endpoint::Quarantine => Ask::Quarantine(name),
        Endpoint::Lift => Ask::Lift(name),
        Endpoint::Health | Endpoint::Events => Ask::Alive,
    };
    Ok(shared.desk.ask(ask).await)
}

/// Reads a body, within its limits of size and time.
async fn read(shared: &Shared, _: &Parts, body: Body) -> Result<Vec<u8>, RequestError> {
    let (allowed, limit) = (shared.options.body_bytes, shared.options.read_time);
    let too_large = RequestError::BodyTooLarge { allowed };
    // What says that it is too large isn't read at all.
    if body.size_hint().lower() > allowed as u64 {
        return Err(too_large);
    }
    match time::timeout(limit, Limited::new(body, allowed).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large),
        Ok(Err(_)) => Err(RequestError::BodyCut {}),
        Err(_) => Err(RequestError::BodyTooSlow { millis: limit.as_millis() }),
    }
}

fn respond(answer: Answer) -> Response {
    let Answer { status, retry_after, body } = answer;
    let mut response = Response::new(Body::from(body));
    // All of them are between 100 and 999.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    finished(response)
}

/// What every response has: nobody keeps it, and nobody guesses what it is.
fn finished(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
