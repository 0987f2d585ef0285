//! `ampoule serve`: the plugins of a directory, over HTTP.

use crate::{
    grant::sinks,
    manifest::policy_file,
    output,
    problem::{Problem, Status},
    serve_args::Serve,
};
use ampoule_std::{
    read_capped,
    serve::{ServeError, ServeOptions, Server, TOKEN_VARIABLE, Tell, Token},
    watch::WatchEvent,
};
use std::{env, sync::Arc};

/// More than any token has, with line ends.
const MAX_TOKEN_FILE_BYTES: u32 = 4096;

pub(crate) fn serve(args: &Serve) -> Result<Status, Problem> {
    let policy = args.policy.as_deref().map(policy_file).transpose()?.map(Arc::new);
    let options = ServeOptions { token: token(args)?, policy, ..args.options() };
    let mut server = Server::bind(&args.dir, options, tell())?;
    server.stop_on_signals()?;
    output::plain(&format!("listening on {}\n", server.address()))?;
    server.run()?;
    Ok(Status::Done)
}

/// The token of the file that is given, or else of the environment.
fn token(args: &Serve) -> Result<Option<Token>, Problem> {
    let not_text = ServeError::Token { reason: "isn't text" };
    if let Some(path) = &args.token_file {
        let bytes = read_capped(path, MAX_TOKEN_FILE_BYTES)?;
        let text = core::str::from_utf8(&bytes).map_err(|_| not_text)?;
        return Ok(Some(Token::new(text)?));
    }
    let Some(text) = env::var_os(TOKEN_VARIABLE) else { return Ok(None) };
    let text = text.to_str().ok_or(not_text)?;
    Ok(Some(Token::new(text)?))
}

fn tell() -> Tell {
    let (log, event) = sinks(|line| output::styled_aside(&line));
    Tell {
        log: Box::new(log),
        event: Box::new(event),
        watch: Box::new(|event: &WatchEvent| output::styled_aside(&format!("{event}\n"))),
    }
}
