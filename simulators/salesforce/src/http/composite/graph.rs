//! Graphs of calls on rows: each graph is done whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;

use super::super::{Answer, Call, ok};
use super::part::{Part, parts, segments};
use super::{reference, rolled_back, run, told};

const MOST_GRAPHS: usize = 75;
const MOST_NODES: usize = 500;
const DEEPEST: usize = 15;
const MOST_KINDS: usize = 15;
/// When more graphs than this have failed, no other is begun.
const MOST_FAILURES: usize = 14;
const LONGEST_NAME: usize = 40;

pub(in super::super) fn graphs(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let body = call.body()?;
    let Some(Value::Array(graphs)) = body.get("graphs") else {
        return Err(Refusal::json("The request needs a list 'graphs' at [line:1, column:1]").into());
    };
    let graphs = graphs.iter().map(|graph| {
        let id = graph.get("graphId").and_then(Value::as_str);
        let id = id.ok_or_else(|| Refusal::json("Each graph needs a graphId"))?;
        Ok((id.to_owned(), parts(graph.get("compositeRequest"))?))
    });
    let graphs = graphs.collect::<Result<Vec<_>, Refusal>>()?;
    check(&graphs)?;
    let (mut answers, mut failures) = (Vec::new(), 0);
    for (id, parts) in graphs {
        let (responses, failed) = if failures > MOST_FAILURES {
            (parts.iter().map(|part| told(&part.reference, rolled_back())).collect(), true)
        } else {
            run(org, call, parts, true)
        };
        org.end_transaction();
        failures += usize::from(failed);
        let graph = json!({ "compositeResponse": Value::Array(responses) });
        answers.push(json!({ "graphId": id, "graphResponse": graph, "isSuccessful": !failed }));
    }
    Ok(ok(&json!({ "graphs": answers })))
}

/// Refuses what is too much, or no graph.
fn check(graphs: &[(String, Vec<Part>)]) -> Result<(), Refusal> {
    let too_much = |what: String| Err(Refusal::new(400, "LIMIT_EXCEEDED", what));
    let wrong = |what: String| Err(Refusal::new(400, "INVALID_INPUT", what));
    let nodes = || graphs.iter().flat_map(|(_, parts)| parts);
    if graphs.len() > MOST_GRAPHS || nodes().count() > MOST_NODES {
        return too_much(format!("at most {MOST_GRAPHS} graphs with {MOST_NODES} nodes in all"));
    }
    let mut names = BTreeSet::new();
    for (id, parts) in graphs {
        let plain = id.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && !id.contains('.');
        if !plain || id.len() >= LONGEST_NAME || !names.insert(id) {
            return wrong(format!("graphId '{id}' is used twice, too long, or begins with no letter or digit"));
        }
        if depth(parts) > DEEPEST {
            return too_much(format!("graph {id}: at most {DEEPEST} nodes that each refer to the one before"));
        }
    }
    let mut kinds = BTreeSet::new();
    for node in nodes() {
        match kind_of(node) {
            Some(kind) => kinds.insert(kind),
            None => return wrong(format!("node {}: only calls on rows are allowed in a graph", node.reference)),
        };
    }
    if kinds.len() > MOST_KINDS {
        return too_much(format!("at most {MOST_KINDS} different nodes"));
    }
    Ok(())
}

/// By what nodes differ: version, method and object. `None` for what is no call on a row.
fn kind_of(node: &Part) -> Option<(String, String, String)> {
    let segments = segments(&node.url);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["services", "data", version, "sobjects", object, rest @ ..] = segments.as_slice() else {
        return None;
    };
    let on_row = match (node.method.as_str(), rest) {
        (_, ["describe" | "updated" | "deleted", ..]) => false,
        ("POST", []) | ("GET" | "PATCH" | "DELETE", [_]) | ("GET" | "POST" | "PATCH" | "DELETE", [_, _]) => true,
        _ => false,
    };
    on_row.then(|| ((*version).to_owned(), node.method.to_string(), object.to_lowercase()))
}

/// How many nodes the longest chain of references has.
fn depth(parts: &[Part]) -> usize {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for part in parts {
        let body = part.body.to_string();
        let before = reference::names(&part.url).chain(reference::names(&body));
        let depth = before.filter_map(|name| depths.get(name)).max().map_or(1, |depth| depth + 1);
        depths.insert(&part.reference, depth);
    }
    depths.into_values().max().unwrap_or(0)
}
