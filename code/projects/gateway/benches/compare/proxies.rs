//! Who is asked, and by which files.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use testbed::install;
use testbed::machine::free_port;

/// What is asked for.
#[derive(Clone, Copy, PartialEq)]
pub enum Trial {
    Small,
    Cached,
    Large,
    Tls,
}

/// Someone who answers.
pub struct Proxy {
    pub name: &'static str,
    pub trial: Trial,
    pub address: SocketAddr,
    pub url: String,
    /// Empty: the server itself.
    pub command: Vec<String>,
}

/// How a proxy is started, and its file.
type Start = fn(&Places) -> (Vec<String>, String);

/// All, before this server. Their files are in this folder.
pub fn all(server: SocketAddr, folder: &Path) -> anyhow::Result<Vec<Proxy>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    fs::write(folder.join("both.pem"), format!("{certificate}{key}"))?;
    fs::write(folder.join("certificate.pem"), certificate)?;
    fs::write(folder.join("key.pem"), key)?;
    let direct = |trial, path| Proxy {
        name: "direct",
        trial,
        address: server,
        url: format!("http://{server}{path}"),
        command: Vec::new(),
    };
    let mut proxies = vec![direct(Trial::Small, "/"), direct(Trial::Large, "/large")];
    let pingora = install::cargo("pingora", "pingora-peer", &install::folder("gateway")?);
    let pingora = pingora.unwrap_or_else(|error| {
        eprintln!("pingora isn't built: {error}");
        words(&["pingora-peer"])
    });
    let started: [(&'static str, Trial, Start); 14] = [
        ("nginx", Trial::Small, |it| nginx(it, "", "")),
        ("HAProxy", Trial::Small, |it| haproxy(it, "")),
        ("pingora 0.9.1", Trial::Small, pass),
        ("gateway", Trial::Small, |it| ours(it, "", "")),
        ("gateway, all layers", Trial::Small, |it| {
            ours(it, "", LAYERS)
        }),
        ("nginx", Trial::Cached, |it| nginx(it, "", "proxy_cache c;")),
        ("gateway", Trial::Cached, |it| ours(it, "", "cache = true")),
        ("nginx", Trial::Large, |it| nginx(it, "", "")),
        ("HAProxy", Trial::Large, |it| haproxy(it, "")),
        ("pingora 0.9.1", Trial::Large, pass),
        ("gateway", Trial::Large, |it| ours(it, "", "")),
        ("nginx", Trial::Tls, |it| nginx(it, "ssl", "")),
        ("HAProxy", Trial::Tls, |it| {
            haproxy(it, "ssl crt FOLDER/both.pem")
        }),
        ("gateway", Trial::Tls, |it| ours(it, OUR_TLS, "")),
    ];
    for (name, trial, start) in started {
        let places = Places {
            listen: (Ipv4Addr::LOCALHOST, free_port()).into(),
            page: (Ipv4Addr::LOCALHOST, free_port()).into(),
            server,
            folder: folder.display().to_string(),
            pingora: pingora.concat(),
        };
        let (command, file) = start(&places);
        fs::write(places.file(), file)?;
        let (scheme, path) = match trial {
            Trial::Tls => ("https", "/"),
            Trial::Large => ("http", "/large"),
            _ => ("http", "/"),
        };
        proxies.push(Proxy {
            name,
            trial,
            address: places.listen,
            url: format!("{scheme}://{}{path}", places.listen),
            command,
        });
    }
    Ok(proxies)
}

/// Of the peers that are installed.
pub fn versions() -> String {
    let version = |program: &str, option: &str| {
        let output = Command::new(program).arg(option).output().ok()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).ok()?;
        let word = said.split(|c: char| c.is_whitespace() || c == '/');
        let mut numbers = word.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        Some(numbers.next()?.split(['-', '+']).next()?.to_owned())
    };
    let peers = [("nginx", "nginx"), ("HAProxy", "haproxy")];
    let peers = peers.map(|(name, program)| match version(program, "-v") {
        Some(version) => format!("{name} {version}"),
        None => format!("no {name}"),
    });
    peers.join(", ")
}

struct Places {
    listen: SocketAddr,
    page: SocketAddr,
    server: SocketAddr,
    folder: String,
    /// The program that pingora is in.
    pingora: String,
}

impl Places {
    fn file(&self) -> String {
        format!("{}/{}.conf", self.folder, self.listen.port())
    }
}

const OUR_TLS: &str = "[tls]\ncertificate = \"FOLDER/certificate.pem\"\nkey = \"FOLDER/key.pem\"";

const LAYERS: &str = "rate = { per_second = 10000000, burst = 10000000 }\nat_once = 100000\n\
    request = { set = { x-a = \"b\" } }\nanswer = { set = { x-c = \"d\" }, remove = [\"server\"] }";

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|word| (*word).to_owned()).collect()
}

fn ours(places: &Places, top: &str, route: &str) -> (Vec<String>, String) {
    let Places { listen, server, .. } = places;
    let file = format!(
        "listen = \"{listen}\"\n{top}\n[upstream.shop]\nservers = [{{ address = \"{server}\" }}]\n\
         [[route]]\nname = \"all\"\npath = \"/\"\nupstream = \"shop\"\n{route}\n"
    );
    let page = places.page.to_string();
    let program = env!("CARGO_BIN_EXE_gateway");
    let run = [
        program,
        "--log",
        "warn",
        "--listen",
        &page,
        "run",
        &places.file(),
    ];
    (words(&run), file.replace("FOLDER", &places.folder))
}

/// pingora has no file: what it does is in its program.
fn pass(places: &Places) -> (Vec<String>, String) {
    let (listen, server) = (places.listen.to_string(), places.server.to_string());
    (words(&[&places.pingora, &listen, &server]), String::new())
}

fn nginx(places: &Places, listens: &str, location: &str) -> (Vec<String>, String) {
    let Places {
        listen,
        server,
        folder,
        ..
    } = places;
    let port = listen.port();
    let file = format!(
        "daemon off; user root; worker_processes auto; error_log stderr crit;\n\
         pid {folder}/{port}.pid;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 100000000;\n\
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
         proxy_cache_path {folder}/cache{port} keys_zone=c:10m;\n\
         ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;\n\
         upstream shop {{ server {server}; keepalive 64; keepalive_requests 100000000; }}\n\
         server {{ listen {listen} {listens} reuseport; location / {{ proxy_pass http://shop;\n\
         proxy_http_version 1.1; proxy_set_header Connection \"\"; {location} }} }} }}\n"
    );
    (words(&["nginx", "-c", &places.file()]), file)
}

fn haproxy(places: &Places, binds: &str) -> (Vec<String>, String) {
    let Places {
        listen,
        server,
        folder,
        ..
    } = places;
    let file = format!(
        "global\n  maxconn 4096\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 10s\n\
         \u{20} timeout server 10s\n  http-reuse always\nfrontend f\n  bind {listen} {binds}\n\
         \u{20} default_backend b\nbackend b\n  server s {server}\n"
    );
    let file = file.replace("FOLDER", folder);
    (words(&["haproxy", "-db", "-f", &places.file()]), file)
}
