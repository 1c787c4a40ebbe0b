//! The table itself.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use syncline_ports::PortError;

use crate::fault::{fault, unbuilt};
use crate::keys;

const OP: &str = "dynamodb.create_table";

/// Makes the table with its due index and expiry, on demand; one that is there is left as it is. For
/// stand-ins, which have it at once; a deployment's template makes its own.
pub async fn create_table(client: &Client, table: &str) -> Result<(), PortError> {
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(keys::PK, KeyType::Hash)?)
        .key_schema(key(keys::SK, KeyType::Range)?);
    for name in [keys::PK, keys::SK, keys::DUE, keys::NEXT_DUE] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let attribute = attribute.build().map_err(|error| unbuilt(OP, error))?;
        request = request.attribute_definitions(attribute);
    }
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(keys::DUE_INDEX)
        .key_schema(key(keys::DUE, KeyType::Hash)?)
        .key_schema(key(keys::NEXT_DUE, KeyType::Range)?)
        .projection(keys_only)
        .build()
        .map_err(|error| unbuilt(OP, error))?;
    match request.global_secondary_indexes(index).send().await {
        Ok(_) => {}
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => return Ok(()),
            _ => return Err(fault(OP, &error)),
        },
    }
    let expiry = TimeToLiveSpecification::builder()
        .attribute_name(keys::TTL)
        .enabled(true)
        .build()
        .map_err(|error| unbuilt(OP, error))?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(expiry)
        .send()
        .await
        .map_err(|error| fault(OP, &error))?;
    Ok(())
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, PortError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(|error| unbuilt(OP, error))
}
