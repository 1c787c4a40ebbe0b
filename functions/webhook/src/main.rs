//! The webhook function, as Lambda starts it.

use std::convert::Infallible;

use lambda_http::{Error, Request, service_fn};
use syncline_runtime::House;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let house = &House::start().await?;
    lambda_http::run(service_fn(|request: Request| async move {
        Ok::<_, Infallible>(syncline_webhook::handle(house, &request).await)
    }))
    .await
}
