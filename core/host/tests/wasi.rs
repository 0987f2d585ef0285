//! A host without the feature `wasi` refuses what imports WASI, by the rule for any service that it hasn't.

use ampoule::{AdmissionError, Command, Limits, NothingGranted, Services};

fn exits_with_7() -> Result<u32, AdmissionError> {
    let wasm = wat::parse_str(
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (call $exit (i32.const 7))))"#,
    )
    .expect("it is a module");
    let (limits, mut services) = (Limits::WORKSTATION, Services::none());
    let mut command = Command::load_with(&wasm, "seven", &limits, &NothingGranted, &services, &[])?;
    Ok(command.run(&mut services).expect("it ends"))
}

#[cfg(feature = "wasi")]
#[test]
fn what_imports_wasi_runs() {
    assert_eq!(exits_with_7(), Ok(7));
}

#[cfg(not(feature = "wasi"))]
#[test]
fn what_imports_wasi_is_refused_by_name() {
    let error = exits_with_7().unwrap_err();
    assert!(matches!(error, AdmissionError::ImportUnknown { .. }), "{error}");
    assert!(error.to_string().contains("wasi_snapshot_preview1.proc_exit"), "{error}");
}
