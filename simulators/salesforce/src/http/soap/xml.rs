//! Reading and writing the elements of an envelope.

use roxmltree::Node;

/// The first child element of that local name, whatever its prefix.
pub(super) fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// The text of the first child element of that local name; empty if there is none.
pub(super) fn text(node: Node<'_, '_>, name: &str) -> String {
    let child = node.children().find(|child| child.is_element() && child.tag_name().name() == name);
    let texts = child.into_iter().flat_map(|child| child.children().filter(Node::is_text));
    texts.filter_map(|text| text.text()).collect::<String>().trim().to_owned()
}

/// An element with a text.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// A text as it stands in an element; what XML has no way to write is left out.
pub(in crate::http) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // As it is, a reader would take it for a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => escaped.push(letter),
            _ => {}
        }
    }
    escaped
}
