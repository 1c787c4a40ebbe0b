//! The few ways in which the table is read and written, each bounded.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, KeysAndAttributes, Put, PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure,
    Select, TransactWriteItem, WriteRequest,
};
use syncline_ports::{Entropy, ErrorKind, Lease, PortError};

use crate::OsEntropy;
use crate::fault::{THROTTLED_FOR, fault, kind_of, unbuilt};
use crate::keys::{self, Key, Range};
use crate::rows::{FENCE, Item, number, text};

/// BatchGetItem takes no more keys.
const GET_BATCH: usize = 100;
/// BatchWriteItem takes no more rows.
const WRITE_BATCH: usize = 25;
/// TransactWriteItems takes no more writes; one is the check of the fence.
pub(crate) const LEASED_WRITES: usize = 99;
/// How often what a batch left undone is sent again.
const BATCH_TRIES: u32 = 8;
/// How often a write that met another on the same row is tried.
const CONFLICT_TRIES: u32 = 6;
/// How many pages (of up to 1 MB) one listing may have.
const QUERY_PAGES: u32 = 500;
/// The wait before the first repetition; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    client: Client,
    name: String,
}

/// What became of a conditional write.
pub(crate) enum Changed {
    /// It happened; the row as it is now.
    Done(Item),
    /// The condition did not hold; the row as it is, if there is one.
    Refused(Option<Item>),
}

/// How a range is listed.
#[derive(Default)]
pub(crate) struct Listing {
    /// Backwards.
    pub(crate) descending: bool,
    /// At most so many rows.
    pub(crate) limit: Option<u32>,
    /// Only rows with this attribute.
    pub(crate) having: Option<&'static str>,
}

impl Table {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    // Reading: always consistent, for a session must see what it has just written.

    pub(crate) async fn get(&self, op: &'static str, key: &Key) -> Result<Option<Item>, PortError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault(op, &error))?;
        Ok(answer.item)
    }

    /// Those of these rows that are there, in no order.
    pub(crate) async fn get_many(&self, op: &'static str, keys: BTreeSet<Key>) -> Result<Vec<Item>, PortError> {
        let keys: Vec<Item> = keys.iter().map(Key::attributes).collect();
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(GET_BATCH) {
            let mut left = chunk.to_vec();
            for attempt in 0..BATCH_TRIES {
                pause(attempt).await;
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(left))
                    .consistent_read(true)
                    .build()
                    .map_err(|error| unbuilt(op, error))?;
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.name, request)
                    .send()
                    .await
                    .map_err(|error| fault(op, &error))?;
                found.extend(answer.responses.into_iter().flatten().flat_map(|(_, rows)| rows));
                let unprocessed = answer.unprocessed_keys.into_iter().flatten();
                left = unprocessed.flat_map(|(_, rest)| rest.keys).collect();
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(throttled(op));
            }
        }
        Ok(found)
    }

    /// A range, page by page to its end (or the limit).
    pub(crate) async fn list(&self, op: &'static str, range: Range, listing: Listing) -> Result<Vec<Item>, PortError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("PK = :pk AND begins_with(SK, :prefix)")
            .expression_attribute_values(":pk", text(range.pk))
            .expression_attribute_values(":prefix", text(range.prefix))
            .scan_index_forward(!listing.descending)
            .set_filter_expression(listing.having.map(|name| format!("attribute_exists({name})")));
        self.pages(op, query, listing.limit).await
    }

    /// How many rows a range has.
    pub(crate) async fn count(&self, op: &'static str, range: &Range) -> Result<u32, PortError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .select(Select::Count)
            .key_condition_expression("PK = :pk AND begins_with(SK, :prefix)")
            .expression_attribute_values(":pk", text(&range.pk))
            .expression_attribute_values(":prefix", text(&range.prefix));
        let mut start = None;
        let mut sum = 0_u32;
        for _ in 0..QUERY_PAGES {
            let page = query.clone().set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| fault(op, &error))?;
            sum = sum.saturating_add(u32::try_from(page.count).unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(sum);
            }
        }
        Err(endless(op))
    }

    /// The users of a shard who are due, the longest due first. An index is never read consistently.
    pub(crate) async fn due(
        &self,
        op: &'static str,
        shard: u32,
        now: jiff::Timestamp,
        limit: u32,
    ) -> Result<Vec<Item>, PortError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(keys::DUE_INDEX)
            .key_condition_expression("DUE = :shard AND NEXT_DUE <= :now")
            .expression_attribute_values(":shard", text(keys::due_shard(shard)))
            .expression_attribute_values(":now", crate::rows::time(now));
        self.pages(op, query, Some(limit)).await
    }

    async fn pages(
        &self,
        op: &'static str,
        query: aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder,
        limit: Option<u32>,
    ) -> Result<Vec<Item>, PortError> {
        let most = limit.map_or(usize::MAX, |limit| limit as usize);
        let mut start = None;
        let mut rows = Vec::new();
        if most == 0 {
            return Ok(rows);
        }
        for _ in 0..QUERY_PAGES {
            let left = limit.map(|_| i32::try_from(most - rows.len()).unwrap_or(i32::MAX));
            let page = query
                .clone()
                .set_exclusive_start_key(start)
                .set_limit(left)
                .send()
                .await
                .map_err(|error| fault(op, &error))?;
            rows.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() || rows.len() >= most {
                return Ok(rows);
            }
        }
        // A part of a listing must not be taken for the whole.
        Err(endless(op))
    }

    // Writing.

    pub(crate) async fn put(&self, op: &'static str, row: Item) -> Result<(), PortError> {
        self.client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row))
            .send()
            .await
            .map_err(|error| fault(op, &error))?;
        Ok(())
    }

    pub(crate) async fn delete(&self, op: &'static str, key: &Key) -> Result<(), PortError> {
        self.client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .send()
            .await
            .map_err(|error| fault(op, &error))?;
        Ok(())
    }

    /// Deletes a row if this attribute holds this text.
    pub(crate) async fn delete_if(
        &self,
        op: &'static str,
        key: &Key,
        name: &'static str,
        value: &str,
    ) -> Result<(), PortError> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .condition_expression(format!("{name} = :value"))
            .expression_attribute_values(":value", text(value))
            .send()
            .await;
        match answer.map_err(|error| fault(op, &error)) {
            Err(error) if error.kind != ErrorKind::Conflict => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Rows that depend on nothing, in batches.
    pub(crate) async fn put_many(&self, op: &'static str, rows: Vec<Item>) -> Result<(), PortError> {
        let mut writes = Vec::with_capacity(rows.len());
        for row in rows {
            let put = PutRequest::builder().set_item(Some(row)).build();
            let put = put.map_err(|error| unbuilt(op, error))?;
            writes.push(WriteRequest::builder().put_request(put).build());
        }
        for chunk in writes.chunks(WRITE_BATCH) {
            let mut left = chunk.to_vec();
            for attempt in 0..BATCH_TRIES {
                pause(attempt).await;
                let answer = self
                    .client
                    .batch_write_item()
                    .request_items(&self.name, left)
                    .send()
                    .await
                    .map_err(|error| fault(op, &error))?;
                let unprocessed = answer.unprocessed_items.into_iter().flatten();
                left = unprocessed.flat_map(|(_, rest)| rest).collect();
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(throttled(op));
            }
        }
        Ok(())
    }

    /// A change of one row, to be completed with expressions and handed to [`Table::apply`].
    pub(crate) fn change(&self, key: &Key) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    pub(crate) async fn apply(&self, op: &'static str, change: UpdateItemFluentBuilder) -> Result<Changed, PortError> {
        for attempt in 0..CONFLICT_TRIES {
            pause(attempt).await;
            let error = match change.clone().send().await {
                Ok(answer) => return Ok(Changed::Done(answer.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                    return Ok(Changed::Refused(refusal.item.clone()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) => {}
                _ => return Err(fault(op, &error)),
            }
        }
        Err(contended(op))
    }

    /// Writes all of it, if the lease still stands; none of it otherwise: then the error is `Conflict`,
    /// with the code `fence` and `lost` for its operation.
    pub(crate) async fn leased(
        &self,
        [op, lost]: [&'static str; 2],
        lease: &Lease,
        writes: Vec<TransactWriteItem>,
    ) -> Result<(), PortError> {
        let key = keys::stream(&lease.user, lease.stream);
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .condition_expression(format!("{FENCE} = :fence"))
            .expression_attribute_values(":fence", number(lease.fence))
            .build()
            .map_err(|error| unbuilt(op, error))?;
        let mut all = vec![TransactWriteItem::builder().condition_check(check).build()];
        all.extend(writes);
        match self.transact(op, all).await {
            Err(error) if error.kind == ErrorKind::Conflict => {
                Err(PortError::new(ErrorKind::Conflict, lost).code("fence"))
            }
            other => other,
        }
    }

    /// All or nothing; `Conflict` if a condition did not hold.
    pub(crate) async fn transact(&self, op: &'static str, writes: Vec<TransactWriteItem>) -> Result<(), PortError> {
        for attempt in 0..CONFLICT_TRIES {
            pause(attempt).await;
            // The SDK gives each call a token, so that its own repetitions are one transaction.
            let answer = self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = answer else { return Ok(()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
            else {
                return Err(fault(op, &error));
            };
            let reasons = cancelled.cancellation_reasons().iter();
            let codes: BTreeSet<&str> =
                reasons.filter_map(|reason| reason.code()).filter(|code| *code != "None").collect();
            if codes.contains("ConditionalCheckFailed") {
                return Err(PortError::new(ErrorKind::Conflict, op));
            }
            if !codes.contains("TransactionConflict") {
                let code = codes.first().copied().unwrap_or_default();
                return Err(PortError::new(kind_of(code, 400), op).code(code));
            }
        }
        Err(contended(op))
    }

    pub(crate) fn putting(&self, op: &'static str, row: Item) -> Result<TransactWriteItem, PortError> {
        let put = Put::builder().table_name(&self.name).set_item(Some(row));
        let put = put.build().map_err(|error| unbuilt(op, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(crate) fn deleting(&self, op: &'static str, key: &Key) -> Result<TransactWriteItem, PortError> {
        let delete = Delete::builder().table_name(&self.name).set_key(Some(key.attributes()));
        let delete = delete.build().map_err(|error| unbuilt(op, error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// The mark by which a conditional write knows its own first attempt, whose answer was lost.
pub(crate) fn nonce() -> String {
    OsEntropy.token()
}

/// Nothing before the first attempt; then longer each time, and never two writers in step.
async fn pause(attempt: u32) {
    let Some(repetition) = attempt.checked_sub(1) else {
        return;
    };
    let longest = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(repetition)).min(LONGEST_PAUSE);
    let chance = OsEntropy.bytes()[0];
    tokio::time::sleep(longest.mul_f32(0.5 + f32::from(chance) / 510.0)).await;
}

fn throttled(op: &'static str) -> PortError {
    let after = THROTTLED_FOR;
    PortError::new(ErrorKind::Throttled { after }, op).code("unprocessed")
}

fn contended(op: &'static str) -> PortError {
    PortError::new(ErrorKind::Transient, op).code("TransactionConflict")
}

fn endless(op: &'static str) -> PortError {
    PortError::new(ErrorKind::Rejected, op)
        .code("too_many_rows")
        .because(format!("more than {QUERY_PAGES} pages of rows"))
}
