//! Gets what is at a URL, from the network hosts that it is granted.
//!
//! Its manifest asks for `net.http` and names the hosts. What the host refuses is a failure with a code of the
//! plugin's own, see [`code`].
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{
    Context, Failure, Meta, Plugin, Schema, Status, export_plugin,
    services::net::{self, Answer},
};
use serde::{Deserialize, Serialize, Serializer};

/// What the codes of this plugin's failures mean.
pub mod code {
    use ampoule_guest::failure_code::FIRST_OF_PLUGIN;

    /// The URL's host isn't granted.
    pub const NOT_GRANTED: u32 = FIRST_OF_PLUGIN;
    /// It took too long, or the page is larger than [`MAX_PAGE_BYTES`](super::MAX_PAGE_BYTES) with its headers,
    /// or a rate is used up.
    pub const BUSY: u32 = FIRST_OF_PLUGIN + 1;
    /// There is no such host.
    pub const NOT_FOUND: u32 = FIRST_OF_PLUGIN + 2;
    /// That is no URL, or one that is too long.
    pub const BAD_URL: u32 = FIRST_OF_PLUGIN + 3;
    /// Nobody is there, or it isn't who it says, or it speaks no HTTP.
    pub const FAILED: u32 = FIRST_OF_PLUGIN + 4;
}

/// The largest page, its headers included.
pub const MAX_PAGE_BYTES: usize = 4096;

/// What is at a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Page<'a> {
    /// The status of HTTP: 200 if all is well.
    #[serde(serialize_with = "wide")]
    pub status: u16,
    /// Its bytes.
    pub body: &'a [u8],
}

/// Writes a u16 as a u32. On the wire it is the same; postcard's own way keeps a panic in the module, and with
/// it 2 KiB of `core::fmt`.
fn wide<S: Serializer>(number: &u16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32((*number).into())
}

/// The plugin.
pub struct Fetcher {
    place: [u8; MAX_PAGE_BYTES],
}

impl Plugin for Fetcher {
    const META: Meta<'static> = Meta {
        name: "fetcher",
        version: "1.0.0",
        description: "Gets what is at a URL",
        author: "Ampoule",
    };

    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self { place: [0; MAX_PAGE_BYTES] })
    }
}

impl Fetcher {
    /// Gets what is at a URL. A status such as 404 is an answer, too; a redirect isn't followed.
    ///
    /// # Errors
    /// Those of [`code`].
    pub fn fetch(&mut self, url: &str) -> Result<Page<'_>, Failure<'static>> {
        let Answer { status, body, .. } = net::get(url, &[], &mut self.place).map_err(failure)?;
        Ok(Page { status, body })
    }
}

fn failure(status: Status) -> Failure<'static> {
    let (code, message) = match status {
        Status::NotGranted => (code::NOT_GRANTED, "the host is not granted"),
        Status::Busy | Status::TooSmall => (code::BUSY, "it takes too long or is too much"),
        Status::NotFound => (code::NOT_FOUND, "there is no such host"),
        Status::Invalid => (code::BAD_URL, "that is no URL"),
        _ => (code::FAILED, "the server can not be talked to"),
    };
    Failure { code, message }
}

export_plugin! {
    Fetcher {
        mailbox: 512,
        // A page's body and its length take no more than with the headers.
        reply: MAX_PAGE_BYTES,
        entries: [fetch],
    }
}

#[cfg(test)]
mod tests {
    use super::{Fetcher, MAX_PAGE_BYTES, Page, code};
    use ampoule_guest::{
        Decode, Pairs, Status,
        testing::{Guest, encoded, offer},
    };

    /// A network with one page; answers what doesn't fit as the host does.
    fn offer_page(body: Vec<u8>) {
        offer("net", move |operation, request| {
            assert_eq!(operation, "http");
            let ((method, url), rest) = <(u8, &str)>::decode_prefix(request).unwrap();
            let (headers, rest) = Pairs::decode_prefix(rest).unwrap();
            let (sent, most): (&[u8], u32) = Decode::decode(rest).unwrap();
            assert_eq!((method, headers.len(), sent), (0, 0, &[][..]));
            if url != "http://example.com/" {
                return Err(Status::NotGranted);
            }
            let answer = encoded(&(200_u16, &[("server", "test")][..], body.as_slice()));
            if answer.len() > most as usize { Err(Status::Busy) } else { Ok(answer) }
        });
    }

    #[test]
    fn a_page_is_fetched() {
        offer_page(b"hello".into());
        let mut guest = Guest::<Fetcher>::started();
        let page = guest.call(Fetcher::fetch, "http://example.com/");
        assert_eq!(page, Ok(Page { status: 200, body: b"hello" }));
    }

    #[test]
    fn the_largest_page_fits() {
        // Status, headers, and the length of the body.
        let most = MAX_PAGE_BYTES - 2 - (1 + 7 + 5) - 2;
        for (bytes, expected) in [(most, Ok(most)), (most + 1, Err(code::BUSY))] {
            offer_page(vec![7; bytes]);
            let mut guest = Guest::<Fetcher>::started();
            let page = guest.call(Fetcher::fetch, "http://example.com/");
            assert_eq!(page.map(|page| page.body.len()).map_err(|it| it.code), expected);
        }
    }

    #[test]
    fn each_refusal_has_a_code() {
        for (status, code) in [
            (Status::NotGranted, code::NOT_GRANTED),
            (Status::TooSmall, code::BUSY),
            (Status::Invalid, code::BAD_URL),
            (Status::Busy, code::BUSY),
            (Status::NotFound, code::NOT_FOUND),
            (Status::Failed, code::FAILED),
        ] {
            offer("net", move |_, _| Err(status));
            let mut guest = Guest::<Fetcher>::started();
            let failure = guest.call(Fetcher::fetch, "http://example.com/").unwrap_err();
            assert_eq!(failure.code, code, "{status:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_the_url_and_nothing_else() {
        offer_page(vec![]);
        let mut guest = Guest::<Fetcher>::started();
        for (url, code) in [
            ("http://elsewhere.example/", code::NOT_GRANTED),
            ("http://example.com/x", code::NOT_GRANTED),
            (&*"x".repeat(508), code::BAD_URL),
        ] {
            let failure = guest.call(Fetcher::fetch, url).unwrap_err();
            assert_eq!(failure.code, code, "{url}");
        }
    }

    #[test]
    fn an_answer_that_is_none_is_a_failure() {
        offer("net", |_, _| Ok(vec![200, 1, 0, 9]));
        let mut guest = Guest::<Fetcher>::started();
        let failure = guest.call(Fetcher::fetch, "http://example.com/").unwrap_err();
        assert_eq!(failure.code, code::FAILED);
    }
}
