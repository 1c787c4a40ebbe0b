//! Several requests in one call.

use jiff::Timestamp;
use serde_json::{Value, json};
use syncline_ports::PortError;

use crate::budget::Purpose;
use crate::client::{Call, Client, QueryPage, read_page};
use crate::soql::encoded;
use crate::trouble::{Effect, garbled, refused};

/// One request inside a call. At most 25 fit, of them 5 queries and collections (REST API guide,
/// "Composite"); no caller here sends more than 5.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its name in the answer.
    pub(crate) name: &'static str,
    /// How.
    pub(crate) method: &'static str,
    /// Below the API's version, with an encoded query string.
    pub(crate) rest: String,
    /// What is sent.
    pub(crate) body: Option<Value>,
    /// Besides those of the whole call.
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

impl Part {
    /// A query.
    pub(crate) fn query(name: &'static str, soql: &str) -> Self {
        Self { name, method: "GET", rest: format!("query?q={}", encoded(soql)), body: None, headers: &[] }
    }

    /// A query that sees archived and deleted records too.
    pub(crate) fn query_all(name: &'static str, soql: &str) -> Self {
        Self { name, method: "GET", rest: format!("queryAll?q={}", encoded(soql)), body: None, headers: &[] }
    }
}

/// The answers, by name.
#[derive(Debug)]
pub(crate) struct Parts {
    op: &'static str,
    effect: Effect,
    /// The server's time when it answered.
    pub(crate) date: Option<Timestamp>,
    answers: Vec<Value>,
}

impl Parts {
    /// The page that one part answered.
    pub(crate) fn page(&self, name: &str) -> Result<QueryPage, PortError> {
        read_page(self.op, self.of(name)?.clone(), self.date)
    }

    /// The answer to one part.
    pub(crate) fn of(&self, name: &str) -> Result<&Value, PortError> {
        let missing = || garbled(self.op, self.effect, "a part of the call has no answer");
        let named = |answer: &&Value| answer.get("referenceId").and_then(Value::as_str) == Some(name);
        let answer = self.answers.iter().find(named).ok_or_else(missing)?;
        let status = answer.get("httpStatusCode").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let status = status.ok_or_else(missing)?;
        let body = answer.get("body").unwrap_or(&Value::Null);
        if (200..300).contains(&status) { Ok(body) } else { Err(refused(self.op, status, body, None, self.effect)) }
    }
}

impl Client {
    /// Sends the parts as one call; they are carried out in this order, each whether the others succeed
    /// or not.
    pub(crate) async fn composite(
        &self,
        op: &'static str,
        effect: Effect,
        purpose: Purpose,
        parts: Vec<Part>,
    ) -> Result<Parts, PortError> {
        let requests: Vec<Value> = parts
            .into_iter()
            .map(|part| {
                let mut request = json!({
                    "method": part.method,
                    "url": self.path(&part.rest),
                    "referenceId": part.name,
                });
                if !part.headers.is_empty() {
                    request["httpHeaders"] = part.headers.iter().map(|(name, value)| (*name, *value)).collect();
                }
                if let Some(body) = part.body {
                    request["body"] = body;
                }
                request
            })
            .collect();
        // Without `collateSubrequests: false` Salesforce may change the order (default since v49.0).
        let body = json!({"allOrNone": false, "collateSubrequests": false, "compositeRequest": requests});
        let path = self.path("composite");
        let mut answer = self.send(Call { purpose, ..Call::post(op, path, body, effect) }).await?;
        match answer.body.get_mut("compositeResponse").map(Value::take) {
            Some(Value::Array(answers)) => Ok(Parts { op, effect, date: answer.date, answers }),
            _ => Err(garbled(op, effect, "the answer has no parts")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_ports::ErrorKind;

    #[test]
    fn each_part_has_its_own_answer() {
        let part =
            |name: &str, status: u16, body: Value| json!({"referenceId": name, "httpStatusCode": status, "body": body});
        let answers = vec![
            part("good", 200, json!([1])),
            part("bad", 400, json!([{"errorCode": "MALFORMED_QUERY"}])),
            part("broken", 500, Value::Null),
        ];
        let parts = Parts { op: "op", effect: Effect::Write, date: None, answers };
        assert_eq!(parts.of("good").unwrap(), &json!([1]));
        assert_eq!(parts.of("bad").unwrap_err().kind, ErrorKind::Rejected);
        assert_eq!(parts.of("broken").unwrap_err().kind, ErrorKind::Unknown);
        assert_eq!(parts.of("absent").unwrap_err().kind, ErrorKind::Unknown);
    }
}
