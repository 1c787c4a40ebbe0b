//! Many requests in one: Graph's `$batch`.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};
use syncline_ports::{ErrorKind, PortError};

use crate::client::{Ask, Client, IN_FLIGHT, PREFER};
use crate::failure::{self, Purpose, Refusal};

/// Parts of a batch (Graph documentation, JSON batching).
pub const BATCH_LIMIT: usize = 20;

/// One request of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) method: Method,
    /// Below Graph's version, such as `/me/events/..`.
    pub(crate) path: String,
    pub(crate) if_match: Option<String>,
    pub(crate) body: Option<Value>,
}

impl Part {
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, if_match: None, body: None }
    }

    fn to_wire(&self, index: usize, url: &str) -> Value {
        let mut headers = json!({ "Prefer": PREFER });
        if let Some(version) = &self.if_match {
            headers["If-Match"] = json!(version);
        }
        let mut wire = json!({ "id": index.to_string(), "method": self.method.as_str(), "url": url });
        if let Some(body) = &self.body {
            headers["Content-Type"] = json!("application/json");
            wire["body"] = body.clone();
        }
        wire["headers"] = headers;
        wire
    }
}

/// How a part was answered: its body, null if it has none.
pub(crate) type PartAnswer = Result<Value, Refusal>;

/// An item as it was read.
#[derive(Debug, PartialEq)]
pub(crate) enum Fetched {
    Item(Value),
    Gone,
    /// It could not be read, and why.
    Refused(String),
}

impl Client {
    /// At most [`BATCH_LIMIT`] parts in one request; an answer for each, in order. A part that the answer
    /// leaves out counts as failed with 504. Parts that are throttled for a short time are sent once more,
    /// and only they.
    pub(crate) async fn batch(
        &self,
        op: &'static str,
        purpose: Purpose,
        parts: &[Part],
    ) -> Result<Vec<PartAnswer>, PortError> {
        let mut answers = self.batch_once(op, purpose, parts.iter()).await?;
        let wait = |answer: &PartAnswer| answer.as_ref().err().and_then(|part| part.short_wait(purpose));
        let Some(longest) = answers.iter().filter_map(wait).max() else {
            return Ok(answers);
        };
        self.wait(op, longest).await;
        let throttled: Vec<(&Part, &mut PartAnswer)> =
            parts.iter().zip(&mut answers).filter(|(_, answer)| wait(answer).is_some()).collect();
        match self.batch_once(op, purpose, throttled.iter().map(|(part, _)| *part)).await {
            Ok(again) => throttled.into_iter().zip(again).for_each(|((_, answer), again)| *answer = again),
            // They may have been carried out this time.
            Err(error) if error.kind == ErrorKind::Unknown => {
                for (_, answer) in throttled {
                    *answer = Err(Refusal::new(504, None, &Value::Null));
                }
            }
            // They were not, and stay what they were: throttled.
            Err(_) => {}
        }
        Ok(answers)
    }

    async fn batch_once<'a>(
        &self,
        op: &'static str,
        purpose: Purpose,
        parts: impl Iterator<Item = &'a Part> + Send,
    ) -> Result<Vec<PartAnswer>, PortError> {
        let requests: Vec<Value> =
            parts.enumerate().map(|(index, part)| part.to_wire(index, &self.own(&part.path))).collect();
        let count = requests.len();
        let body = json!({ "requests": requests });
        let url = self.url("/$batch");
        // All places: Outlook itself works on four parts at once.
        let places = IN_FLIGHT;
        let ask = Ask { op, purpose, method: Method::POST, url, body: Some(&body), page_size: None, places };
        let answer = self.ask(&ask).await?;
        Ok(in_order(count, &answer))
    }

    /// Reads many things by their paths, in batches; an answer for each, in order. Throttled parts fail the
    /// call, since there is nothing to show for them. A part that fails otherwise is that item's problem,
    /// unless all fail alike: then it is the service's.
    pub(crate) async fn fetch(&self, op: &'static str, paths: &[String]) -> Result<Vec<Fetched>, PortError> {
        let mut answers = Vec::with_capacity(paths.len());
        for chunk in paths.chunks(BATCH_LIMIT) {
            let parts: Vec<Part> = chunk.iter().cloned().map(Part::get).collect();
            let chunk = self.batch(op, Purpose::Read, &parts).await?;
            let throttled = chunk
                .iter()
                .filter_map(|answer| answer.as_ref().err())
                .filter(|part| matches!(part.kind(Purpose::Read), ErrorKind::Throttled { .. }));
            if let Some(longest) = throttled.max_by_key(|part| part.retry_after) {
                return Err(longest.clone().into_error(Purpose::Read, op));
            }
            answers.extend(chunk);
        }
        let failed = |answer: &PartAnswer| {
            answer.as_ref().err().is_some_and(|part| part.kind(Purpose::Read) == ErrorKind::Transient)
        };
        if answers.iter().all(failed)
            && let Some(Err(part)) = answers.first()
        {
            return Err(part.clone().into_error(Purpose::Read, op));
        }
        Ok(answers.into_iter().map(fetched).collect())
    }
}

fn fetched(answer: PartAnswer) -> Fetched {
    match answer {
        Ok(item) => Fetched::Item(item),
        Err(part) if part.kind(Purpose::Read) == ErrorKind::Gone => Fetched::Gone,
        Err(part) => Fetched::Refused(format!("Graph does not show it: {} {}", part.status, part.code)),
    }
}

/// The answers by the parts' order; Graph gives them in any.
fn in_order(parts: usize, answer: &Value) -> Vec<PartAnswer> {
    let mut answers = vec![Err(Refusal::new(504, None, &Value::Null)); parts];
    let responses = answer.get("responses").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for response in responses {
        let index = response.get("id").and_then(Value::as_str).and_then(|id| id.parse::<usize>().ok());
        let status = response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let (Some(place), Some(status)) = (index.and_then(|index| answers.get_mut(index)), status) else {
            continue;
        };
        let body = response.get("body").unwrap_or(&Value::Null);
        *place = if (200..300).contains(&status) {
            Ok(body.clone())
        } else {
            Err(Refusal::new(status, response.get("headers").and_then(Value::as_object).and_then(retry_after), body))
        };
    }
    answers
}

fn retry_after(headers: &Map<String, Value>) -> Option<Duration> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    value.as_u64().map(Duration::from_secs).or_else(|| failure::retry_after(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_any_order_and_a_missing_one_counts_as_failed() {
        let answer = json!({"responses": [
            {"id": "2", "status": 429, "headers": {"retry-after": "3"}, "body": {"error": {"code": "ApplicationThrottled"}}},
            {"id": "0", "status": 204},
            {"id": "9", "status": 200},
            {"id": "x"},
        ]});
        let answers = in_order(3, &answer);
        assert_eq!(answers[0], Ok(Value::Null));
        assert_eq!(answers[1].as_ref().unwrap_err().status, 504);
        let throttled = answers[2].as_ref().unwrap_err();
        assert_eq!(
            (throttled.name().as_str(), throttled.retry_after),
            ("ApplicationThrottled", Some(Duration::from_secs(3)))
        );
        assert_eq!(in_order(1, &json!("?"))[0].as_ref().unwrap_err().status, 504);
    }

    #[test]
    fn every_part_asks_for_immutable_ids_and_a_body_says_what_it_is() {
        let part = Part {
            method: Method::PATCH,
            path: "/me/events/1".into(),
            if_match: Some("W/\"k\"".into()),
            body: Some(json!({})),
        };
        let wire = part.to_wire(4, "/users/a/events/1");
        assert_eq!(wire["url"], "/users/a/events/1");
        assert_eq!(wire["id"], "4");
        assert_eq!(wire["headers"]["Prefer"], PREFER);
        assert_eq!(wire["headers"]["If-Match"], "W/\"k\"");
        assert_eq!(wire["headers"]["Content-Type"], "application/json");
        assert_eq!(Part::get("/x".into()).to_wire(0, "/x")["headers"].as_object().unwrap().len(), 1);
    }
}
