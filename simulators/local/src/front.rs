//! What the HTTP API is to the functions: one address for `webhook` and `console`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lambda_http::Body;
use syncline_runtime::House;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The largest request that is taken in, bytes; API Gateway takes 10 MB, and nothing here needs that.
const BODY_LIMIT: usize = 1024 * 1024;

/// Serves both functions until stopped.
pub fn serve(listener: TcpListener, house: Arc<House>, stop: watch::Receiver<bool>) {
    tokio::spawn(async move {
        loop {
            let mut stopped = stop.clone();
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stop| *stop) => return,
            };
            let Ok((stream, peer)) = accepted else { continue };
            let _ = stream.set_nodelay(true);
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                let service = service_fn(|request| answer(&house, request, peer));
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}

async fn answer(
    house: &House,
    request: http::Request<Incoming>,
    _peer: SocketAddr,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refused);
    };
    let body = match body.to_bytes() {
        empty if empty.is_empty() => Body::Empty,
        bytes => match String::from_utf8(bytes.to_vec()) {
            Ok(text) => Body::Text(text),
            Err(broken) => Body::Binary(broken.into_bytes()),
        },
    };
    let request = http::Request::from_parts(parts, body);
    let response = if request.uri().path().starts_with("/graph") {
        syncline_webhook::handle(house, &request).await
    } else {
        syncline_console::handle(house, &request).await
    };
    let (parts, body) = response.into_parts();
    let bytes = match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    };
    Ok(Response::from_parts(parts, Full::new(bytes)))
}
