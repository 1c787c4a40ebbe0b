//! The mirror function, as Lambda starts it.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use syncline_runtime::{House, deadline};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let house = &House::start().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| async move {
        let deadline = deadline::before(event.context.deadline());
        syncline_mirror::handle(house, &event.payload, deadline).await.map_err(Error::from)
    }))
    .await
}
