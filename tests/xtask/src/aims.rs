//! What the firmware may take at most on the main board.

use crate::Result;

/// On chips of half a megabyte (an STM32F401, F411 or F446 of the larger kind) this leaves 52 KiB for what else a firmware
/// does: the one here has a whole. Two thirds of it are the engine.
const FLASH_BYTES: u64 = 460 * 1024;
/// A plugin that is loaded and idle, its own 2 KiB of memory included: eight of them in 96 KiB.
const ECHO_BYTES: u64 = 12 * 1024;
/// The line that tells it.
const ECHO: &str = "# echo: ";

/// Compares what was built and what it printed with that.
pub(crate) fn check(flash: u64, printed: &str) -> Result<()> {
    let echo = printed.lines().find_map(|line| line.strip_prefix(ECHO)?.split(' ').next());
    let echo = echo.and_then(|bytes| bytes.parse().ok()).ok_or("echo's heap isn't told")?;
    for (what, bytes, most) in
        [("the image's flash", flash, FLASH_BYTES), ("echo's heap", echo, ECHO_BYTES)]
    {
        if bytes > most {
            return Err(format!("{what} is {bytes} bytes, {most} at most").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FLASH_BYTES, check};

    #[test]
    fn what_is_over_an_aim_fails() {
        for (flash, heap, fine) in [
            (FLASH_BYTES, "12288", true),
            (FLASH_BYTES + 1, "12288", false),
            (FLASH_BYTES, "12289", false),
            (FLASH_BYTES, "many", false),
        ] {
            let printed = format!("echo: loaded\n# echo: {heap} bytes of heap\n# echo: 1 back\n");
            assert_eq!(check(flash, &printed).is_ok(), fine, "{flash} {heap}");
        }
        assert!(check(0, "").is_err());
    }
}
