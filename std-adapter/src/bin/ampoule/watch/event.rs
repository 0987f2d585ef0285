//! What a host has to tell, in words.

use ampoule_std::{Event, EventKind};

/// An event in a few words; none for what the watcher tells too, with more to it.
pub(super) fn words(event: &Event) -> Option<String> {
    Some(match event.what {
        EventKind::Refused { code, .. } => format!("a new version was refused: {code}"),
        EventKind::Committed { version, .. } => {
            format!("version {version} has passed its probation")
        }
        EventKind::Reverted { code, .. } if !code.is_empty() => {
            format!("the new version has failed: {code}")
        }
        EventKind::Faulted { code } => format!("a call was ended: {code}"),
        EventKind::DestroyFailed { code } => format!("the old version didn't end well: {code}"),
        EventKind::Tripped { until } => {
            let seconds = until.saturating_sub(event.at).div_ceil(1_000_000);
            format!("too many failures: no calls for {seconds} s")
        }
        EventKind::Closed => "is called again".to_owned(),
        EventKind::Quarantined => "isn't called until somebody lifts that".to_owned(),
        EventKind::Lifted => "its breaker was lifted".to_owned(),
        EventKind::Lost { events } => format!("{events} events before this one were lost"),
        _ => return None,
    })
}
