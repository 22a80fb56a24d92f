//! Rules, and the items they make.

use scraper::Html;
use serde_json::Value;
use web_scraper::address::Address;
use web_scraper::rules::{Missing, Rules};

const RULES: &str = r#"
    [[rule]]
    name = "product"
    pages = "/p/[0-9]+"
    [rule.fields]
    title = { select = "h1", required = true }
    price = { select = ".price", pattern = "([0-9.]+)", number = true }
    image = { select = "img", attribute = "src" }
    tags = { select = ".tag", list = true }
    stock = { select = ".stock", default = "unknown" }
"#;

fn extract(address: &str, page: &str) -> Result<Option<Value>, Missing> {
    let address = Address::parse(address).expect("an address");
    let rules = Rules::parse(RULES).expect("rules");
    rules.extract(&address, &Html::parse_document(page))
}

#[test]
fn a_page_becomes_an_item() {
    let page = "<h1> Green\n <b>tea</b></h1><p class=price>EUR 4.50 each</p>\
                <img src=/t.png><i class=tag>a</i><i class=tag>b</i>";
    let item = extract("http://a.example/p/7", page)
        .expect("a title")
        .expect("it fits");
    let wanted = serde_json::json!({
        "url": "http://a.example/p/7", "rule": "product", "title": "Green tea",
        "price": 4.5, "image": "/t.png", "tags": ["a", "b"], "stock": "unknown",
    });
    assert_eq!(item, wanted);
}

#[test]
fn what_is_required_is_asked_for_by_name() {
    let missing = extract("http://a.example/p/7", "<p>gone").expect_err("no title");
    assert_eq!(missing.to_string(), "rule product: the page has no title");
    assert_eq!(extract("http://a.example/about", "<p>us"), Ok(None));
}

#[test]
fn mistakes_in_a_file_are_named() {
    let with = |from: &str, to: &str| Rules::parse(&RULES.replace(from, to));
    let error = |rules: Result<Rules, toml::de::Error>| rules.expect_err("wrong").to_string();
    let wrong = error(with("\"h1\"", "\"h1[\""));
    assert!(
        wrong.contains("title = ") && wrong.contains("\"h1[\" can't be read: "),
        "{wrong}"
    );
    assert!(error(with("default", "defautl")).contains("unknown field `defautl`"));
    assert!(error(with("/p/[0-9]+", "/p/[")).contains("unclosed character class"));
}
