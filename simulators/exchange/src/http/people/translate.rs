//! `translateExchangeIds`: ids in another form.

use serde_json::{Value, json};
use sim_kit::Reply;

use crate::http::call::{Call, json as reply_json};
use crate::model::{Exchange, IdForm, unreadable};
use crate::refusal::Refusal;

/// Ids in one request.
const MAX_IDS: usize = 1000;

impl Exchange {
    /// An id that cannot be translated is told among the others.
    pub(super) fn translate_ids(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        if !call.is("POST") {
            return Err(Refusal::method_not_allowed());
        }
        let body = call.body()?;
        let given =
            |name: &str| body.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let form = |name: &str| {
            let text = given(name).and_then(Value::as_str).ok_or_else(|| unreadable(name))?;
            let unknown = || Refusal::unreadable(format!("Requested value '{text}' was not found."));
            IdForm::named(text).ok_or_else(unknown)
        };
        let (from, to) = (form("sourceIdType")?, form("targetIdType")?);
        let ids = given("inputIds").and_then(Value::as_array).ok_or_else(|| unreadable("inputIds"))?;
        if ids.is_empty() || ids.len() > MAX_IDS {
            let message = format!("The number of input ids must be from 1 to {MAX_IDS}.");
            return Err(Refusal::new(400, "ErrorInvalidParameter", message));
        }
        let ids = ids.iter().map(Value::as_str).collect::<Option<Vec<_>>>().ok_or_else(|| unreadable("inputIds"))?;
        let mailbox = &self.mailboxes[index];
        let translate = |id: &str| match mailbox.translate(id, from, to) {
            Ok(target) => json!({"sourceId": id, "targetId": target}),
            Err(why) => json!({"sourceId": id, "errorDetails": {"code": why.code, "message": why.message}}),
        };
        let value: Vec<Value> = ids.into_iter().map(translate).collect();
        let context = call.context_url("Collection(microsoft.graph.convertIdResult)");
        Ok(reply_json(200, &json!({"@odata.context": context, "value": value})))
    }
}
