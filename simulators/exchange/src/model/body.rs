//! The text of an item, as HTML and as plain text.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `bodyPreview` holds this many characters.
const PREVIEW_CHARS: usize = 255;
/// Lines are only broken where the author broke them, up to this width.
const LINE_WIDTH: usize = 2000;

/// The text of an item as its author gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) is_text: bool,
    pub(crate) content: String,
}

impl Body {
    /// HTML, made a whole page as Exchange does.
    pub(crate) fn html(content: &str) -> Self {
        Self { is_text: false, content: page(content) }
    }

    pub(crate) fn text(content: &str) -> Self {
        Self { is_text: true, content: content.to_owned() }
    }

    /// The `body` property: HTML unless text is preferred.
    pub(crate) fn render(&self, as_text: bool) -> Value {
        if as_text {
            json!({"contentType": "text", "content": self.plain()})
        } else if self.is_text {
            json!({"contentType": "html", "content": page(&escape(&self.content))})
        } else {
            json!({"contentType": "html", "content": self.content})
        }
    }

    /// What is this item's own: without the message that it answers.
    pub(crate) fn without_quoted(&self) -> Self {
        let quoted = self.content.find("id=\"divRplyFwdMsg\"");
        let rule = quoted.and_then(|at| self.content.get(..at)?.rfind("<hr"));
        match rule.and_then(|at| self.content.get(..at)) {
            Some(own) if !self.is_text => {
                Self { is_text: false, content: format!("{}\r\n</body>\r\n</html>\r\n", own.trim_end()) }
            }
            _ => self.clone(),
        }
    }

    /// The text without markup.
    pub(crate) fn plain(&self) -> String {
        if self.is_text {
            return self.content.clone();
        }
        let config =
            html2text::config::plain_no_decorate().no_table_borders().no_link_wrapping().allow_width_overflow();
        let text = config.string_from_read(self.content.as_bytes(), LINE_WIDTH).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\r\n").trim().to_owned()
    }

    pub(crate) fn preview(&self) -> String {
        self.plain().trim().chars().take(PREVIEW_CHARS).collect()
    }
}

fn page(content: &str) -> String {
    if content.is_empty() || content.to_ascii_lowercase().contains("<html") {
        return content.to_owned();
    }
    format!(
        "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n</head>\r\n\
         <body>\r\n{content}\r\n</body>\r\n</html>\r\n"
    )
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace("\r\n", "\n").replace('\n', "<br>\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_out_as_it_came_in_and_html_becomes_text() {
        let cases = [
            (Body::text("a < b\nc"), true, "a < b\nc"),
            (Body::html("<p>Hello <b>Mia</b></p><p>Bye</p>"), true, "Hello Mia\r\n\r\nBye"),
            (Body::default(), false, ""),
        ];
        for (body, as_text, expected) in cases {
            assert_eq!(body.render(as_text)["content"], expected, "{body:?}");
        }
        let html = Body::text("a < b\nc").render(false)["content"].to_string();
        assert!(html.contains("a &lt; b<br>") && html.contains("<body>"), "{html}");
    }

    #[test]
    fn the_preview_is_cut() {
        assert_eq!(Body::text(&"x".repeat(400)).preview().len(), 255);
    }
}
