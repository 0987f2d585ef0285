//! The stream of events.

use super::{RequestError, Shared};
use crate::station::{Answer, Read};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use core::{convert::Infallible, time::Duration};
use futures_util::stream;
use std::sync::Arc;
use tokio::{
    sync::{SemaphorePermit, watch},
    time,
};

/// How often something is sent, so that the end of either side is noticed.
const BREATH: Duration = Duration::from_secs(15);

/// A client that follows, and what it reads next.
struct Reader {
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
    next: u64,
    /// What is sent first.
    first: Option<Bytes>,
}

/// Answers a stream of events: from the one after `Last-Event-ID`, or those that are to come.
pub(super) fn events(shared: &Arc<Shared>, headers: &HeaderMap) -> Result<Response, Box<Answer>> {
    let busy = |_| Box::new(Answer::from(RequestError::Busy {}));
    shared.streams.try_acquire().map_err(busy).map(SemaphorePermit::forget)?;
    let place = Place(Arc::clone(shared));
    // An id that is no text is of no event.
    let last = headers.get("last-event-id").map(|last| last.to_str().unwrap_or(""));
    let (next, lost) = shared.ring.begin(last);
    let reader = Reader {
        shared: Arc::clone(shared),
        news: shared.ring.news(),
        next,
        first: Some(first(lost)),
    };
    let stream = stream::unfold((reader, place), |(mut reader, place)| async {
        let text = reader.read().await?;
        Some((Ok::<_, Infallible>(text), (reader, place)))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Sent at once, so that the client sees that it is connected.
fn first(lost: u64) -> Bytes {
    if lost == 0 {
        return Bytes::from_static(b": events\n\n");
    }
    format!("event: lost\ndata: {{\"events\":{lost}}}\n\n").into()
}

impl Reader {
    /// The next events. `None` ends the stream: the server stops, or this reader is too slow.
    async fn read(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            self.news.mark_unchanged();
            match self.shared.ring.read(self.next) {
                Read::Some { text, next } => {
                    self.next = next;
                    return Some(text);
                }
                Read::Lost => return None,
                Read::Nothing => {}
            }
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                () = self.shared.stopper.stopped(1) => return None,
                () = time::sleep(BREATH) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }
}

/// A place among the streams, given back when the stream goes.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.add_permits(1);
    }
}
