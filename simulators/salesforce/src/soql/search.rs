//! SOSL, and searches by parameters: words looked for in many fields of many objects.

mod term;

use jiff::SignedDuration;
use serde_json::Value;

use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Kind, Object};

use super::bind::{Asker, Binder, Bound, Standing};
use super::parse::Parser;
use super::run::Run;
use super::token::Token;
use super::{From, Item, Path, Query, Select, Totals, bind, render, wrong};
use term::Term;

/// How many records an answer has at most.
const MOST: usize = 2000;

/// In which fields is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Name,
    Email,
    Phone,
    Sidebar,
}

impl Scope {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let scopes = [
            ("ALL", Self::All),
            ("NAME", Self::Name),
            ("EMAIL", Self::Email),
            ("PHONE", Self::Phone),
            ("SIDEBAR", Self::Sidebar),
        ];
        scopes.into_iter().find(|(word, _)| name.eq_ignore_ascii_case(word)).map(|(_, scope)| scope)
    }

    fn holds(self, field: &Field) -> bool {
        let email = matches!(field.kind, Kind::Email(_));
        let phone = matches!(field.kind, Kind::Phone(_));
        match self {
            Self::Name => field.is_name,
            Self::Email => email,
            Self::Phone => phone,
            Self::Sidebar => field.is_name || email || phone || field.id_lookup,
            Self::All => field.kind.is_text(),
        }
    }
}

/// A search that can be run.
#[derive(Debug)]
pub(crate) struct Search {
    term: Term,
    scope: Scope,
    /// Each selects, filters and orders the rows found of its object.
    targets: Vec<Bound>,
    limit: usize,
}

/// Objects asked for by parameters instead of in SOSL.
#[derive(Debug, Default)]
pub(crate) struct Target {
    pub name: String,
    pub fields: Vec<String>,
    /// What stands behind `WHERE`, `ORDER BY`, `LIMIT` and `OFFSET`.
    pub condition: Option<String>,
    pub order: Option<String>,
    pub limit: Option<usize>,
    pub offset: Option<usize>,
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "MALFORMED_SEARCH", message)
}

/// What is wrong with a query is here wrong with a search.
fn of_search(refusal: Refusal) -> Refusal {
    let code = if refusal.code == "MALFORMED_QUERY" { "MALFORMED_SEARCH" } else { refusal.code };
    Refusal { code, ..refusal }
}

impl Search {
    /// Reads `FIND {..} IN .. FIELDS RETURNING ..`.
    pub(crate) fn sosl(asker: &Asker<'_>, sosl: &str) -> Result<Self, Refusal> {
        let (words, end) = braced(sosl)?;
        let term = Term::read(words)?;
        let mut parser = Parser::new(sosl, end).map_err(of_search)?;
        let scope = scope(&mut parser, sosl)?;
        let binder = Binder { asker, soql: sosl };
        let mut targets = Vec::new();
        if parser.skip_word("RETURNING") {
            loop {
                targets.push(target(&mut parser, &binder).map_err(of_search)?);
                if !parser.skip_symbol(",") {
                    break;
                }
            }
        } else {
            for object in searchable(asker) {
                targets.push(binder.query(&plain_query(object.name, 0), object, Standing::Searched)?);
            }
        }
        if parser.skip_word("WITH") {
            parser.expect_word("SPELL_CORRECTION").map_err(of_search)?;
            parser.expect_symbol("=").map_err(of_search)?;
            if !parser.skip_word("TRUE") {
                parser.expect_word("FALSE").map_err(of_search)?;
            }
        }
        let limit = parser.limit().map_err(of_search)?;
        parser.tail().map_err(of_search)?;
        if *parser.peek() != Token::End {
            return Err(of_search(parser.unexpected()));
        }
        Ok(Self { term, scope, targets, limit: limit.unwrap_or(MOST).min(MOST) })
    }

    /// Puts a search together from parameters. Without targets every object is searched, and gives those
    /// of the `fields` that it has.
    pub(crate) fn of_parameters(
        asker: &Asker<'_>,
        words: &str,
        scope: Scope,
        fields: &[String],
        targets: &[Target],
        limit: Option<usize>,
    ) -> Result<Self, Refusal> {
        let term = Term::read(words)?;
        let mut bound = Vec::new();
        for target in targets {
            let fields = if target.fields.is_empty() { fields } else { &target.fields };
            bound.push(bind(asker, &target.soql(fields)).map_err(of_search)?);
            if !bound.last().is_some_and(|target| target.object.searchable) {
                return Err(unsearchable(&target.name));
            }
        }
        if targets.is_empty() {
            for object in searchable(asker) {
                let fields: Vec<String> = fields.iter().filter(|name| object.field(name).is_some()).cloned().collect();
                let target = Target { name: object.name.to_owned(), ..Target::default() };
                bound.push(bind(asker, &target.soql(&fields)).map_err(of_search)?);
            }
        }
        Ok(Self { term, scope, targets: bound, limit: limit.unwrap_or(MOST).min(MOST) })
    }

    /// The records found. What was written less than `lag` ago is not in the index yet.
    pub(crate) fn run(&self, run: &Run<'_>, lag: SignedDuration) -> Vec<Value> {
        let indexed_until = run.now.checked_sub(lag).unwrap_or(run.now);
        let mut records = Vec::new();
        for target in &self.targets {
            let object = target.object;
            let ids = run.found(target, |row| {
                row.indexed(indexed_until).is_some_and(|version| {
                    let fields = object.fields().filter(|field| self.scope.holds(field));
                    let texts = fields.filter_map(|field| version.values.get(field.name)?.as_str());
                    let texts: Vec<Vec<String>> = texts.map(term::words).collect();
                    self.term.is_in(&texts)
                })
            });
            records.extend(render(run, target, &ids));
        }
        records.truncate(self.limit);
        records
    }
}

impl Target {
    fn soql(&self, fields: &[String]) -> String {
        let fields = if fields.is_empty() { "Id".to_owned() } else { fields.join(", ") };
        let clauses = [
            self.condition.as_ref().map(|text| format!("WHERE {text}")),
            self.order.as_ref().map(|text| format!("ORDER BY {text}")),
            self.limit.map(|number| format!("LIMIT {number}")),
            self.offset.map(|number| format!("OFFSET {number}")),
        ];
        let soql = [format!("SELECT {fields} FROM {}", self.name)].into_iter().chain(clauses.into_iter().flatten());
        soql.collect::<Vec<_>>().join(" ")
    }
}

fn searchable(asker: &Asker<'_>) -> impl Iterator<Item = &'static Object> {
    asker.schema.objects().iter().filter(|object| object.searchable)
}

fn unsearchable(name: &str) -> Refusal {
    Refusal::new(400, "INVALID_TYPE", format!("sObject type '{name}' is not supported for search."))
}

/// What stands in the braces behind `FIND`, and where it ends.
fn braced(sosl: &str) -> Result<(&str, usize), Refusal> {
    let rest = sosl.trim_start();
    let start = sosl.len() - rest.len();
    let find = rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("FIND"));
    if !find {
        let word = rest.split_whitespace().next().unwrap_or("<EOF>");
        return Err(wrong(sosl, start, "MALFORMED_SEARCH", &format!("unexpected token: '{word}'")));
    }
    let after = rest.get(4..).unwrap_or_default();
    let Some(inside) = after.trim_start().strip_prefix('{') else {
        return Err(malformed("No search term found. The search term must be enclosed in braces."));
    };
    let begin = sosl.len() - inside.len();
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => return Err(wrong(sosl, begin + at, "MALFORMED_SEARCH", "unexpected token: '{'")),
            '}' => return Ok((inside.get(..at).unwrap_or_default(), begin + at + 1)),
            _ => {}
        }
    }
    Err(wrong(sosl, sosl.len(), "MALFORMED_SEARCH", "unexpected token: '<EOF>'"))
}

fn scope(parser: &mut Parser<'_>, sosl: &str) -> Result<Scope, Refusal> {
    if !parser.skip_word("IN") {
        return Ok(Scope::All);
    }
    let name = parser.named().map_err(of_search)?;
    let refused =
        |at: usize, word: &str| Err(wrong(sosl, at, "MALFORMED_SEARCH", &format!("Malformed search token: {word}")));
    let Some(scope) = Scope::named(&name.text) else {
        return refused(name.at, &name.text);
    };
    if parser.skip_word("FIELDS") {
        return Ok(scope);
    }
    refused(parser.at(), &parser.peek().shown())
}

fn plain_query(name: &str, at: usize) -> Query {
    let id = Path { function: None, parts: vec!["Id".to_owned()], at };
    Query {
        select: Select::Items(vec![Item::Field(id, None)]),
        from: From { parts: vec![name.to_owned()], at, alias: None },
        ways: Vec::new(),
        scope: None,
        filter: None,
        group: Vec::new(),
        totals: Totals::None,
        having: None,
        order: Vec::new(),
        limit: None,
        offset: None,
    }
}

/// `Contact(Id, Name WHERE .. ORDER BY .. LIMIT ..)`
fn target(parser: &mut Parser<'_>, binder: &Binder<'_>) -> Result<Bound, Refusal> {
    let name = parser.named()?;
    let mut query = plain_query(&name.text, name.at);
    if parser.skip_symbol("(") {
        let mut items = vec![Item::Field(parser.path()?, None)];
        while parser.skip_symbol(",") {
            items.push(Item::Field(parser.path()?, None));
        }
        query.select = Select::Items(items);
        if parser.skip_word("WHERE") {
            query.filter = Some(parser.condition()?);
        }
        query.order = parser.order_by()?;
        query.limit = parser.limit()?;
        if parser.skip_word("OFFSET") {
            query.offset = Some(parser.count()?);
        }
        parser.expect_symbol(")")?;
    }
    let object = binder.asker.schema.object(&name.text).ok_or_else(|| binder.unknown_type(&name.text, name.at))?;
    if !object.searchable {
        return Err(unsearchable(object.name));
    }
    binder.query(&query, object, Standing::Searched)
}
