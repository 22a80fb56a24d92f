//! Who is asked, and by which files.

use std::net::SocketAddr;

use tempfile::TempDir;

use crate::free;

/// Someone who answers.
pub struct Proxy {
    pub name: &'static str,
    pub address: SocketAddr,
    /// `None`: the server itself.
    pub command: Option<Vec<String>>,
    /// With whom it's compared.
    pub beside: &'static str,
}

/// All, before this server. Their files are in this folder.
pub fn all(server: SocketAddr, folder: &TempDir) -> anyhow::Result<Vec<Proxy>> {
    let mut proxies = vec![Proxy {
        name: "direct",
        address: server,
        command: None,
        beside: "nginx",
    }];
    let mut add = |name, beside, file: fn(&Places) -> String, command: fn(&str) -> Vec<String>| {
        let places = Places {
            listen: free()?,
            page: free()?,
            server,
            folder: folder.path().display().to_string(),
        };
        let path = folder.path().join(name);
        std::fs::write(&path, file(&places))?;
        let mut command = command(&path.display().to_string());
        if command[0] == OURS {
            command.extend(["--listen".to_owned(), places.page.to_string()]);
        }
        proxies.push(Proxy {
            name,
            address: places.listen,
            command: Some(command),
            beside,
        });
        anyhow::Ok(())
    };
    add("nginx", "nginx", |it| nginx(it, ""), run_nginx)?;
    add("HAProxy", "nginx", haproxy, run_haproxy)?;
    add(
        "gateway, passing through",
        "nginx",
        |it| ours(it, ""),
        run_ours,
    )?;
    add(
        "gateway, all layers",
        "nginx",
        |it| ours(it, LAYERS),
        run_ours,
    )?;
    add(
        "nginx, from its cache",
        "nginx, from its cache",
        |it| nginx(it, "proxy_cache c; proxy_cache_valid 200 10m;"),
        run_nginx,
    )?;
    add(
        "gateway, from its cache",
        "nginx, from its cache",
        |it| ours(it, "cache = true"),
        run_ours,
    )?;
    Ok(proxies)
}

struct Places {
    listen: SocketAddr,
    page: SocketAddr,
    server: SocketAddr,
    folder: String,
}

const OURS: &str = env!("CARGO_BIN_EXE_gateway");

const LAYERS: &str = "rate = { per_second = 10000000, burst = 10000000 }\nat_once = 100000\n\
    request = { set = { x-a = \"b\" } }\nanswer = { set = { x-c = \"d\" }, remove = [\"server\"] }";

fn ours(places: &Places, route: &str) -> String {
    format!(
        "listen = \"{}\"\n[upstream.shop]\nservers = [{{ address = \"{}\" }}]\n\
         [[route]]\nname = \"all\"\npath = \"/\"\nupstream = \"shop\"\n{route}\n",
        places.listen, places.server
    )
}

fn run_ours(file: &str) -> Vec<String> {
    [OURS, "--log", "warn", "run", file]
        .map(str::to_owned)
        .to_vec()
}

fn nginx(places: &Places, location: &str) -> String {
    let Places {
        listen,
        server,
        folder,
        ..
    } = places;
    format!(
        "daemon off; user root; worker_processes auto; error_log stderr crit;\n\
         pid {folder}/pid{port};\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; keepalive_requests 100000000;\n\
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
         proxy_cache_path {folder}/cache{port} keys_zone=c:10m;\n\
         upstream shop {{ server {server}; keepalive 64; keepalive_requests 100000000; }}\n\
         server {{ listen {listen} reuseport; location / {{ proxy_pass http://shop;\n\
         proxy_http_version 1.1; proxy_set_header Connection \"\"; {location} }} }} }}\n",
        port = listen.port()
    )
}

fn run_nginx(file: &str) -> Vec<String> {
    ["nginx", "-c", file].map(str::to_owned).to_vec()
}

fn haproxy(places: &Places) -> String {
    format!(
        "global\n  maxconn 4096\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 10s\n\
         \u{20} timeout server 10s\n  http-reuse always\nfrontend f\n  bind {}\n  default_backend b\n\
         backend b\n  server s {}\n",
        places.listen, places.server
    )
}

fn run_haproxy(file: &str) -> Vec<String> {
    ["haproxy", "-db", "-f", file].map(str::to_owned).to_vec()
}
