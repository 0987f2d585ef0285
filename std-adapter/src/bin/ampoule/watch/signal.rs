//! What wakes the command up, from the threads that wait for it.

use super::line::{self, Ask};
use ampoule_std::{escaped, watch::WatchCommandError};
use core::sync::atomic::{AtomicBool, Ordering};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::{
    io, process,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

/// Something that the command has to do something about.
#[derive(Debug)]
pub(super) enum Signal {
    /// A line of the input.
    Line(Result<Ask, WatchCommandError>),
    /// The input is over, by an error where there is one.
    InputEnd(Option<String>),
    Key(Key),
    /// A plugin has said something.
    Said(String),
    /// Somebody wants the metrics.
    Scrape(Sender<String>),
    Stop,
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Up,
    Down,
    Lift,
    RollBack,
    Quit,
    /// The terminal has another size, or was left and entered again.
    Redraw,
}

/// Lines that are read and not yet answered. They may be long.
const LINES: usize = 32;

/// Reads standard input, as fast as its lines are answered: for each, take something from the receiver.
pub(super) fn read_input(signals: Sender<Signal>) -> io::Result<Receiver<()>> {
    let (permits, answered) = mpsc::sync_channel(LINES);
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let read = line::read(io::stdin().lock(), |line, bytes| {
            let ask = bytes.and_then(|bytes| line::parse(line, &bytes));
            permits.send(()).is_ok() && signals.send(Signal::Line(ask)).is_ok()
        });
        let reason = read.err().map(|error| escaped(&error.to_string()).to_string());
        // Nobody listens any more.
        let _ = signals.send(Signal::InputEnd(reason));
    })?;
    Ok(answered)
}

/// Reads the keys of a terminal in raw mode.
pub(super) fn read_keys(signals: Sender<Signal>) -> io::Result<()> {
    let read = move || {
        while let Ok(event) = event::read() {
            if let Some(key) = meaning(&event)
                && signals.send(Signal::Key(key)).is_err()
            {
                return;
            }
        }
        // Without a terminal there is nobody to watch.
        let _ = signals.send(Signal::Stop);
    };
    thread::Builder::new().name("keys".to_owned()).spawn(read).map(drop)
}

/// What an event of the terminal means, if anything.
pub(crate) fn meaning(event: &Event) -> Option<Key> {
    let KeyEvent { code, modifiers, kind, .. } = match event {
        Event::Key(key) => *key,
        Event::Resize(..) | Event::FocusGained => return Some(Key::Redraw),
        _ => return None,
    };
    if kind == KeyEventKind::Release {
        return None;
    }
    match code {
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Char('q') => Some(Key::Quit),
        KeyCode::Char('l') => Some(Key::Lift),
        KeyCode::Char('r') => Some(Key::RollBack),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        _ => None,
    }
}

/// Has SIGINT, SIGTERM and SIGHUP end the command in good order, and the second of them at once: a service
/// may take its time.
pub(super) fn catch_stop(signals: Sender<Signal>) -> Result<(), ctrlc::Error> {
    let told = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if told.swap(true, Ordering::Relaxed) || signals.send(Signal::Stop).is_err() {
            super::screen::leave();
            process::exit(130);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Event, Key, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, meaning};

    #[test]
    fn keys_mean_what_the_help_says() {
        let key = |code, modifiers| meaning(&Event::Key(KeyEvent::new(code, modifiers)));
        for (code, expected) in [
            (KeyCode::Char('q'), Some(Key::Quit)),
            (KeyCode::Char('c'), None),
            (KeyCode::Char('l'), Some(Key::Lift)),
            (KeyCode::Char('r'), Some(Key::RollBack)),
            (KeyCode::Up, Some(Key::Up)),
            (KeyCode::Down, Some(Key::Down)),
            (KeyCode::Esc, None),
        ] {
            assert_eq!(key(code, KeyModifiers::NONE), expected, "{code:?}");
        }
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Key::Quit));
        let mut released = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(meaning(&Event::Key(released)), None);
        assert_eq!(meaning(&Event::Resize(1, 1)), Some(Key::Redraw));
        assert_eq!(meaning(&Event::Paste("q".to_owned())), None);
    }
}
