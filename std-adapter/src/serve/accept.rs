//! Connections: taken, bounded, and ended.

use super::{
    Shared, dispatch,
    listen::{Listener, Pipe},
    stop::{self, Signals},
};
use axum::Router;
use core::{pin::pin, time::Duration};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::sync::Arc;
use tokio::{sync::oneshot, task::JoinSet, time};
use tokio_io_timeout::TimeoutStream;

/// The most bytes of a request's line and headers.
const HEAD_BYTES: usize = 16 * 1024;

/// The most headers of a request.
const MAX_HEADERS: usize = 64;

/// How long to rest when no connection can be taken, as for want of files.
const BREATHER: Duration = Duration::from_millis(100);

/// How long answers may take to go out after the last call was cancelled.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves until it is stopped. False if the plugins' thread has ended before that.
pub(super) async fn serve(
    listener: Listener,
    shared: Arc<Shared>,
    mut ended: oneshot::Receiver<()>,
    signals: Option<Signals>,
) -> bool {
    let stopper = shared.stopper.clone();
    let signals = tokio::spawn(stop::follow(signals, stopper.clone()));
    let mut connections = JoinSet::new();
    let is_over = tokio::select! {
        () = stopper.stopped(1) => true,
        _ = &mut ended => false,
        () = accept(&listener, &shared, &mut connections) => true,
    };
    drop(listener);
    if is_over {
        tokio::select! {
            () = drain(&mut connections) => {}
            () = time::sleep(shared.options.grace) => {}
            () = stopper.stopped(2) => {}
        }
    }
    shared.desk.stop();
    // Those whose calls have just been cancelled are told so.
    let _ = time::timeout(LAST_WORDS, drain(&mut connections)).await;
    signals.abort();
    is_over
}

async fn accept(listener: &Listener, shared: &Arc<Shared>, connections: &mut JoinSet<()>) {
    let router = dispatch::router(Arc::clone(shared));
    loop {
        let has_room = || {
            while connections.try_join_next().is_some() {}
            connections.len() < shared.options.max_connections
        };
        match listener.accept(has_room).await {
            Ok(Some(pipe)) => {
                connections.spawn(converse(pipe, router.clone(), Arc::clone(shared)));
            }
            Ok(None) => {}
            Err(_) => time::sleep(BREATHER).await,
        }
    }
}

async fn drain(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

/// One connection, from its first request to its last.
async fn converse(pipe: Box<dyn Pipe>, router: Router, shared: Arc<Shared>) {
    let mut pipe = TimeoutStream::new(pipe);
    pipe.set_write_timeout(Some(shared.options.write_time));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(shared.options.read_time)
        .max_headers(MAX_HEADERS)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(2 * HEAD_BYTES);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Box::pin(pipe)), service));
    // What is wrong with a connection is the client's to know.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = shared.stopper.stopped(1) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
