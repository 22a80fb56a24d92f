//! XHTML as text. HTML forgives what XML does not: here every element is closed and every value quoted.

use std::borrow::Cow;

/// Elements that have no end tag in HTML.
const VOID: [&str; 4] = ["br", "hr", "img", "wbr"];

/// Text between tags, or the value of an attribute.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    Cow::Owned(text.replace('>', "&gt;").replace('"', "&quot;"))
}

/// Opens an element. Returns what closes it.
pub fn open(
    out: &mut String,
    name: &str,
    attributes: &[(impl AsRef<str>, impl AsRef<str>)],
) -> String {
    out.push('<');
    out.push_str(name);
    for (name, value) in attributes {
        let (name, value) = (name.as_ref(), escaped(value.as_ref()));
        out.push_str(&format!(" {name}=\"{value}\""));
    }
    if VOID.contains(&name) {
        out.push_str("/>");
        return String::new();
    }
    out.push('>');
    format!("</{name}>")
}

/// A whole file.
pub fn document(language: &str, title: &str, body: &str) -> String {
    let (language, title) = (escaped(language), escaped(title));
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" xml:lang="{language}">
<head>
<title>{title}</title>
<link rel="stylesheet" type="text/css" href="style.css"/>
</head>
<body>
{body}
</body>
</html>
"#
    )
}
