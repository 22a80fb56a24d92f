//! Who may do what: sessions, origins, rooms by invitation, bans, and text that stays text.

use std::time::Duration;

use chat::client::{Connection, log_in};
use chat::wire::{Ask, LONGEST_TEXT, Refusal, Told};
use serde_json::{Value, json};
use service::client::Client;
use tokio::time::{sleep, timeout};

use crate::framing::upgrade;
use crate::support::{PATIENCE, Server, end, join, joined, line, name, next, say};

async fn refused(connection: &mut Connection) -> Refusal {
    let refused = |told| match told {
        Told::Refused { why, .. } => Some(why),
        _ => None,
    };
    next(connection, refused).await
}

#[tokio::test]
async fn a_page_of_another_origin_is_not_upgraded() {
    let server = Server::start().await;
    let token = server.person("ann").await.token;
    let own = server.url.clone();
    let host = &own["http://".len()..];
    for (origin, status) in [
        (own.clone(), 101),
        ("https://evil.example".to_owned(), 403),
        (format!("http://evil{host}"), 403),
        (format!("http://{host}.evil.example"), 403),
        ("null".to_owned(), 403),
    ] {
        let headers = format!("Origin: {origin}\r\nCookie: chat={token}\r\n");
        assert_eq!(
            upgrade(server.address(), &headers).await.0,
            status,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn without_a_session_there_is_no_upgrade() {
    let server = Server::start().await;
    for headers in ["", "Cookie: chat=\r\n", "Cookie: chat=a.b.c\r\n"] {
        assert_eq!(upgrade(server.address(), headers).await.0, 401, "{headers}");
    }
}

#[tokio::test]
async fn a_session_that_expires_ends_the_connection() {
    let server = Server::with(|options| options.session = Duration::from_secs(1)).await;
    let key = server.person("ann").await.key;
    let come = async {
        loop {
            let session = log_in(&server.url, &name("ann"), Some(&key)).await.unwrap();
            // On a busy machine a session may be over before its connection begins.
            if let Ok(ann) = Connection::open(&server.url, &session.token).await {
                return ann;
            }
        }
    };
    let mut ann = timeout(PATIENCE, come).await.expect("she gets in");
    assert_eq!(end(&mut ann).await, "closed: 4001: log in again");
}

#[tokio::test]
async fn a_name_belongs_to_the_one_with_its_key() {
    let server = Server::start().await;
    let ann = server.person("ann").await;
    assert!(log_in(&server.url, &name("ann"), None).await.is_err());
    assert!(
        log_in(&server.url, &name("Ann"), Some("a guess"))
            .await
            .is_err()
    );
    let again = log_in(&server.url, &name("ann"), Some(&ann.key)).await;
    assert_eq!(again.unwrap().name, ann.name);
}

#[tokio::test]
async fn a_room_by_invitation_is_for_the_invited_and_unknown_to_others() {
    let server = Server::start().await;
    let [ann, ben] = [server.person("ann").await, server.person("ben").await];
    let client = |token| Client::new(&server.url, Some(token), PATIENCE).unwrap();
    let owner = client(ann.token);
    let new = json!({ "name": "den", "invited_only": true });
    owner
        .send(
            owner
                .request("POST".parse().unwrap(), "/api/rooms")
                .json(&new),
        )
        .await
        .unwrap();

    let mut connection = Connection::open(&server.url, &ben.token).await.unwrap();
    connection.ask(&join("den", 0, 0)).await.unwrap();
    assert_eq!(refused(&mut connection).await, Refusal::NoSuchRoom);
    connection.ask(&say("den", "b1", "Tea?")).await.unwrap();
    assert_eq!(refused(&mut connection).await, Refusal::NotInRoom);
    let guest = client(ben.token);
    assert!(guest.get::<Value>("/api/rooms/den/lines").await.is_err());
    let rooms: Value = guest.get("/api/rooms").await.unwrap();
    assert!(!rooms.to_string().contains("den"), "{rooms}");
    assert!(stand(&guest, "den", "ben", "invited").await.is_err());

    stand(&owner, "den", "ben", "invited").await.unwrap();
    connection.ask(&join("den", 0, 0)).await.unwrap();
    joined(&mut connection).await;
    assert!(
        stand(&guest, "den", "cleo", "invited").await.is_err(),
        "not his room"
    );
}

#[tokio::test]
async fn one_who_is_banned_hears_nothing_more_and_cannot_come_back() {
    let server = Server::start().await;
    let [ann, ben] = [server.person("ann").await, server.person("ben").await];
    let owner = Client::new(&server.url, Some(ann.token.clone()), PATIENCE).unwrap();
    let new = json!({ "name": "den" });
    owner
        .send(
            owner
                .request("POST".parse().unwrap(), "/api/rooms")
                .json(&new),
        )
        .await
        .unwrap();
    let mut loud = Connection::open(&server.url, &ann.token).await.unwrap();
    let mut out = Connection::open(&server.url, &ben.token).await.unwrap();
    for connection in [&mut loud, &mut out] {
        connection.ask(&join("den", 0, 0)).await.unwrap();
        joined(connection).await;
    }
    stand(&owner, "den", "ben", "banned").await.unwrap();
    assert_eq!(refused(&mut out).await, Refusal::Banned);
    loud.ask(&say("den", "a1", "Has he gone?")).await.unwrap();
    line(&mut loud).await;
    out.ask(&join("den", 0, 0)).await.unwrap();
    assert_eq!(refused(&mut out).await, Refusal::Banned);
    out.ask(&join("lobby", 0, 0)).await.unwrap();
    let told = next(&mut out, |told| {
        (!matches!(told, Told::Here { .. })).then_some(told)
    })
    .await;
    assert!(
        matches!(told, Told::Joined { .. }),
        "and no line of the den: {told:?}"
    );
}

async fn stand(client: &Client, room: &str, who: &str, standing: &str) -> anyhow::Result<()> {
    let path = format!("/api/rooms/{room}/people");
    let body = json!({ "name": who, "standing": standing });
    let request = client.request("POST".parse().unwrap(), &path).json(&body);
    client.send(request).await?;
    Ok(())
}

#[tokio::test]
async fn a_script_in_a_line_is_text_and_in_a_name_is_refused() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    let script = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    ann.ask(&say("lobby", "a1", script)).await.unwrap();
    assert_eq!(line(&mut ann).await.text, script);
    let client = Client::new(&server.url, None, PATIENCE).unwrap();
    let answer = client
        .post::<Value>("/api/session", &json!({ "name": "<b>ann" }))
        .await;
    assert!(
        answer.unwrap_err().to_string().contains("a name has"),
        "it is refused"
    );
    let page = client
        .send(client.request("GET".parse().unwrap(), "/"))
        .await
        .unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn texts_and_ids_have_a_longest() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    for (id, text) in [
        ("1", ""),
        ("2", "  "),
        ("3", &"x".repeat(LONGEST_TEXT + 1)),
        ("", "x"),
        ("4", "a NUL \0 inside"),
    ] {
        ann.ask(&say("lobby", id, text)).await.unwrap();
        assert_eq!(refused(&mut ann).await, Refusal::TooLong, "{id}");
    }
    let longest = "\u{1}".repeat(LONGEST_TEXT); // six bytes each in JSON
    ann.ask(&say("lobby", "5", &longest)).await.unwrap();
    assert_eq!(line(&mut ann).await.text, longest);
}

#[tokio::test]
async fn a_flood_is_refused_and_then_ended() {
    let server = Server::start().await;
    let mut ann = server.enter("ann").await;
    let flood = async {
        loop {
            let typing = Ask::Typing {
                room: name("lobby"),
            };
            if ann.ask(&typing).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, flood)
        .await
        .expect("it is ended");
    sleep(Duration::from_millis(10)).await;
}

#[tokio::test]
async fn one_connection_has_so_many_rooms() {
    let server = Server::start().await;
    let ann = server.person("ann").await;
    let owner = Client::new(&server.url, Some(ann.token.clone()), PATIENCE).unwrap();
    let mut connection = Connection::open(&server.url, &ann.token).await.unwrap();
    for number in 0..=chat::desk::MOST_ROOMS {
        let room = format!("r{number}");
        let new = json!({ "name": room });
        let request = owner
            .request("POST".parse().unwrap(), "/api/rooms")
            .json(&new);
        owner.send(request).await.unwrap();
        sleep(Duration::from_millis(20)).await; // within the rate of a client
        connection.ask(&join(&room, 0, 0)).await.unwrap();
        if number < chat::desk::MOST_ROOMS {
            joined(&mut connection).await;
        }
    }
    assert_eq!(refused(&mut connection).await, Refusal::TooManyRooms);
}
