//! Handles: whose they are, and how many.

use crate::{
    Asker, NOT_FOUND, TCP, UDP, done,
    server::{echo, serve, udp_echo},
};
use ampoule_abi::Status;
use ampoule_std::net::NetLimits;

#[test]
fn handles_are_a_plugins_own() {
    let mut plugin = Asker::local();
    let handle = plugin.connect(TCP, serve(echo));
    plugin.plugin = "other";
    assert_eq!(plugin.exchange(handle, b"hello", 16), NOT_FOUND);
    assert_eq!(plugin.close(handle), NOT_FOUND);
    plugin.plugin = "test";
    assert_eq!(plugin.exchange(handle, b"hello", 16), Ok(b"hello".to_vec()));
    for stranger in [0, handle + 1, u32::MAX] {
        assert_eq!(plugin.exchange(stranger, b"hello", 16), NOT_FOUND);
        assert_eq!(plugin.close(stranger), NOT_FOUND);
    }
}

#[test]
fn a_plugin_has_so_many_handles_and_idle_ones_make_room() {
    let port = udp_echo();
    let mut plugin = Asker::local();
    let most = NetLimits::WORKSTATION.handles;
    let handles: Vec<_> = (0..most).map(|_| plugin.connect(UDP, port)).collect();
    for _ in 0..10_000 {
        assert_eq!(plugin.try_connect(UDP, "127.0.0.1", port), Err(Status::Busy));
    }
    plugin.plugin = "other";
    let others = plugin.connect(UDP, port);
    plugin.plugin = "test";
    // Up to the limit nothing is closed; nor behind it, as long as there is room.
    let idle = u64::try_from(NetLimits::WORKSTATION.idle.as_micros()).unwrap();
    plugin.now = idle;
    assert_eq!(plugin.try_connect(UDP, "127.0.0.1", port), Err(Status::Busy));
    assert_eq!(plugin.exchange(handles[1], b"used", 16), Ok(b"used".to_vec()));
    plugin.now = idle + 1;
    let new = plugin.connect(UDP, port);
    assert!(!handles.contains(&new));
    for (at, handle) in handles.iter().enumerate() {
        let told = if at == 1 { Ok(b"x".to_vec()) } else { NOT_FOUND };
        assert_eq!(plugin.exchange(*handle, b"x", 16), told);
    }
    plugin.plugin = "other";
    assert_eq!(plugin.exchange(others, b"x", 16), Ok(b"x".to_vec()), "not in anybody's way");
}

/// Says what is open in a process that does nothing else.
#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_connections_leave_nothing_open() {
    const PORT: &str = "AMPOULE_TEST_PORT";
    let Ok(port) = std::env::var(PORT) else {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listener.incoming().for_each(drop));
        crate::alone(
            "handles::ten_thousand_connections_leave_nothing_open",
            &[(PORT, &port.to_string())],
        );
        return;
    };
    let (port, mut plugin) = (port.parse().unwrap(), Asker::local());
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    for _ in 0..10_000 {
        let handle = plugin.connect(TCP, port);
        // Who closes first keeps the port for a while, so let it be the server.
        assert_eq!(plugin.exchange(handle, b"", 1), done());
        assert_eq!(plugin.close(handle), done());
    }
    assert_eq!(open(), before);
    // Bounded where nothing is closed, and nothing outlives the service.
    let held = (0..10_000).filter(|_| plugin.try_connect(TCP, "127.0.0.1", port).is_ok()).count();
    assert_eq!(held, NetLimits::WORKSTATION.handles);
    assert_eq!(open(), before + held);
    drop(plugin);
    assert_eq!(open(), before);
}
