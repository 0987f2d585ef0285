//! Services that are whatever a module imports, and refuse all that they are asked.

use crate::{by_service, types};
use alloc::{boxed::Box, vec::Vec};
use ampoule::{Form, Import, Operation, Service, ValueType};

pub(crate) struct Anything {
    name: &'static str,
    operations: &'static [Operation],
}

impl Anything {
    /// A service for each that is imported. What they are made of is never given back: it is made once for
    /// a module, before anything is measured.
    pub(crate) fn of(imports: &[Import]) -> Vec<Box<dyn Service>> {
        let services = by_service(imports).into_iter();
        services
            .map(|(name, imports)| {
                let operations: Vec<_> = imports.into_iter().filter_map(operation).collect();
                let service = Self { name: kept(name), operations: Vec::leak(operations) };
                Box::new(service) as Box<dyn Service>
            })
            .collect()
    }
}

fn operation(import: &Import) -> Option<Operation> {
    const MESSAGE: ([ValueType; 4], [ValueType; 1]) = ([ValueType::I32; 4], [ValueType::I32]);
    let (params, results) = types(import)?;
    let form = if (params, results) == (&MESSAGE.0, &MESSAGE.1) {
        Form::Message
    } else {
        Form::Scalar { params: Vec::leak(params.to_vec()), result: results.first().copied() }
    };
    Some(Operation { name: kept(&import.operation), form, base_fuel: 1, byte_fuel: 1 })
}

fn kept(name: &str) -> &'static str {
    Box::leak(Box::from(name))
}

impl Service for Anything {
    fn name(&self) -> &'static str {
        self.name
    }

    fn operations(&self) -> &'static [Operation] {
        self.operations
    }
}
