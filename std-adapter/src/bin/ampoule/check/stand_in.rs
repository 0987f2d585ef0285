//! Services that stand in for a device's own: of each operation only its name is known, and that it takes
//! what the plugin gives is taken for granted. Nothing ever calls them.

use ampoule_abi::service::MAX_OPERATIONS;
use ampoule_std::{ExternKind, Form, Import, Operation, Service, Services, ValueType};

struct StandIn {
    name: &'static str,
    operations: &'static [Operation],
}

impl Service for StandIn {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operations(&self) -> &'static [Operation] {
        self.operations
    }
}

pub(super) fn none() -> Services {
    Services::none()
}

/// A service for each that is among the imports.
pub(super) fn services(imports: &[&Import]) -> Services {
    let mut services = Services::none();
    let mut names: Vec<&str> = imports.iter().map(|import| import.service.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let of_it = imports.iter().filter(|import| import.service == name);
        // What a host can't offer isn't found, and so is refused.
        let _ = services.offer(Box::new(stand_in(name, of_it.copied())));
    }
    services
}

/// Services are declared for as long as a program runs, and this one is over soon.
fn stand_in<'a>(name: &str, imports: impl Iterator<Item = &'a Import>) -> StandIn {
    let mut operations: Vec<Operation> = Vec::new();
    for import in imports.take(4 * MAX_OPERATIONS) {
        if operations.iter().all(|known| known.name != import.operation) {
            operations.extend(operation(import));
        }
    }
    StandIn { name: kept(name), operations: operations.leak() }
}

fn operation(import: &Import) -> Option<Operation> {
    let ExternKind::Function { params, results } = &import.kind else { return None };
    let is_message = params[..] == [ValueType::I32; 4] && results[..] == [ValueType::I32];
    let form = if is_message {
        Form::Message
    } else {
        Form::Scalar { params: params.clone().leak(), result: results.first().copied() }
    };
    Some(Operation { name: kept(&import.operation), form, base_fuel: 1, byte_fuel: 1 })
}

fn kept(name: &str) -> &'static str {
    Box::leak(Box::from(name))
}
