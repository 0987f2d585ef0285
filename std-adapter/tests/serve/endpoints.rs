//! Each endpoint, where all is well and where it isn't.

use crate::support::{Server, code, module, until};
use ampoule_std::serve::Endpoint;
use serde_json::json;

#[test]
fn plugins_are_listed_and_shown() {
    let server = Server::start(&[]);
    let list = server.get("/v1/plugins").json();
    assert_eq!(list["plugins"].as_array().unwrap().len(), 1);
    let plugin = &list["plugins"][0];
    assert_eq!((&plugin["name"], &plugin["version"]), (&json!("hello"), &json!("1.0.0")));
    assert_eq!((&plugin["id"], &plugin["state"]), (&json!("0.0"), &json!("committed")));
    assert_eq!(
        (&plugin["breaker"], &plugin["counters"]["calls"]),
        (&json!({"state": "closed"}), &json!(0))
    );

    assert_eq!(server.call("execute").status, 200);
    let all = server.get("/v1/plugins/hello").json();
    assert_eq!(all["meta"]["name"], "hello");
    assert!(all["entries"].as_array().unwrap().contains(&json!("execute")), "{all}");
    assert_eq!(
        (&all["counters"]["successes"], &all["versions"]["current"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&all["host_calls"], &all["counters"]["host_calls"]),
        (&json!({"clock": 0}), &json!(0))
    );
    let of = |name: &str| all["counters"][name].as_u64().unwrap();
    let [now, most] = [of("heap_bytes"), of("heap_most_bytes")];
    assert!(1_000 < now && now <= most, "{all}");
    assert_eq!(server.call("doze").status, 200);
    let all = server.get("/v1/plugins/hello").json();
    assert_eq!(
        (&all["host_calls"], &all["counters"]["host_calls"]),
        (&json!({"clock": 1}), &json!(1))
    );
    assert_eq!(server.get("/v1/health").json(), json!({"status": "ok"}));
}

#[test]
fn no_endpoint_knows_a_plugin_that_is_not_there() {
    let server = Server::start(&[]);
    for endpoint in Endpoint::ALL.iter().filter(|it| it.path().contains("{name}")) {
        let path = endpoint.path().replace("{entry}", "execute");
        for name in ["other", "..", "hello%2f..", "%2e%2e%2fhello", "hello%00", "%1b[2J", "Hello"] {
            let path = path.replace("{name}", name);
            let response = server.send(crate::support::request(endpoint.method(), &path, "", ""));
            assert_eq!(response.error(), code(404, "R07"), "{path}");
            assert!(!response.body.contains('\u{1b}'), "{path}");
        }
        let path = path.replace("{name}", "%ff");
        let response = server.send(crate::support::request(endpoint.method(), &path, "", ""));
        assert_eq!(response.error(), code(400, "R06"), "{path}");
    }
}

#[test]
fn other_paths_and_methods_are_told_so() {
    let server = Server::start(&[]);
    for path in [
        "/",
        "/v1",
        "/v1/plugins/",
        "/v2/plugins",
        "/v1/plugins/hello/call",
        "/v1//plugins",
        "/v1/plugins/../health",
        "/v1/plugins/hello/",
        "/%00",
    ] {
        assert_eq!(server.get(path).error(), code(404, "R04"), "{path}");
    }
    for endpoint in Endpoint::ALL {
        let other = if endpoint.method() == "GET" { "POST" } else { "GET" };
        let path = endpoint.path().replace("{name}", "hello").replace("{entry}", "execute");
        for method in [other, "DELETE", "OPTIONS", "TRACE"] {
            let response = server.send(crate::support::request(method, &path, "", ""));
            assert_eq!(response.error(), code(405, "R05"), "{method} {path}");
            assert!(response.header("allow").unwrap().contains(endpoint.method()));
            assert_eq!(response.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(server.get("/v1/health?x=1").status, 200);
}

#[test]
fn a_plugin_is_quarantined_and_lifted() {
    let server = Server::start(&[]);
    let plugin = server.post("/v1/plugins/hello/quarantine", "").json();
    assert_eq!(plugin["breaker"], json!({"state": "quarantined"}));
    let refused = server.call("execute");
    assert_eq!((refused.error(), refused.header("retry-after")), (code(503, "C09"), None));
    assert_eq!(server.post("/v1/plugins/hello/lift", "").json()["breaker"]["state"], "closed");
    assert_eq!(server.call("execute").status, 200);
}

#[test]
fn a_plugin_is_unloaded_and_comes_back_when_it_is_told_to() {
    let server = Server::start(&[]);
    let unloaded = server.post("/v1/plugins/hello/unload", "").json();
    assert_eq!(unloaded, json!({"name": "hello", "id": "0.0", "unloaded": true}));
    assert_eq!(server.call("execute").error(), code(404, "R07"));
    let reloaded = server.post("/v1/plugins/hello/reload", "");
    assert_eq!((reloaded.status, &reloaded.json()["events"][0]["what"]), (200, &json!("loaded")));
    assert_eq!(server.call("execute").status, 200);
}

#[test]
fn a_reload_reads_the_files_now_and_tells_what_is_wrong_with_them() {
    let server = Server::start(&[]);
    let nothing = server.post("/v1/plugins/hello/reload", "");
    assert_eq!((nothing.status, nothing.json()), (200, json!({"events": []})));

    server.folder.write("hello.wat", "(module");
    let refused = server.post("/v1/plugins/hello/reload", "");
    assert_eq!(refused.error(), code(409, "I07"));
    assert_eq!(server.call("execute").json()["data"], "hi");

    server.folder.write("hello.wat", &module("hello", "ho"));
    let events = server.post("/v1/plugins/hello/reload", "").json();
    let what = events["events"][0]["what"].as_str();
    // Unless the server has seen it by itself before.
    assert!([None, Some("reloaded")].contains(&what), "{events}");
    assert_eq!(server.call("execute").json()["data"], "ho");
    assert_eq!(server.get("/v1/plugins/hello").json()["state"], "probation");
}

#[test]
fn a_version_on_probation_is_rolled_back() {
    let server = Server::start(&[]);
    assert_eq!(server.post("/v1/plugins/hello/rollback", "").error(), code(409, "L06"));
    server.folder.write("hello.wat", &module("hello", "ho"));
    until("the new version", || server.call("execute").json()["data"] == "ho");
    let plugin = server.post("/v1/plugins/hello/rollback", "").json();
    assert_eq!(
        (&plugin["versions"]["current"], &plugin["state"]),
        (&json!(3), &json!("committed"))
    );
    assert_eq!(server.call("execute").json()["data"], "hi");
}
