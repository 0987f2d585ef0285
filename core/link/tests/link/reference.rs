//! Frames as `docs/link.md` tells them, done the plain way and without the crates that the link uses.

/// CRC-32 (ISO-HDLC), bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    })
}

/// COBS between zeros, as the page tells it.
pub(crate) fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    let mut blocks = bytes.split(|byte| *byte == 0).peekable();
    while let Some(block) = blocks.next() {
        let mut full = block.chunks_exact(254);
        for block in full.by_ref() {
            out.push(255);
            out.extend(block);
        }
        let rest = full.remainder();
        // A full block at the very end has no empty one behind it.
        if !rest.is_empty() || block.is_empty() || blocks.peek().is_some() {
            out.push(rest.len() as u8 + 1);
            out.extend(rest);
        }
    }
    out.push(0);
    out
}

pub(crate) fn unstuffed(frame: &[u8]) -> Vec<u8> {
    let mut rest = frame.strip_prefix(&[0]).unwrap().strip_suffix(&[0]).unwrap();
    let mut out = Vec::new();
    while let Some((&code, tail)) = rest.split_first() {
        let (block, tail) = tail.split_at(usize::from(code) - 1);
        out.extend(block);
        if code != 255 && !tail.is_empty() {
            out.push(0);
        }
        rest = tail;
    }
    out
}
