//! What can go wrong with a command itself, before or after the plugin has its turn.

ampoule::errors! {
    /// Why the `ampoule` command wasn't carried out, where neither file nor plugin is the cause.
    pub enum CommandError {
        Arguments { reason: String } = "U01",
            "{reason}",
            "`ampoule help` and `ampoule help COMMAND` tell what may be given";
        NoText { option: &'static str, given: String } = "U02",
            "{option} \"{given}\" is not a name, a = and a text",
            "write NAME=TEXT; an empty text is NAME=";
        Twice { option: &'static str, name: String } = "U03",
            "{option} {name} is given twice",
            "give each name once";
        EntryTypes { entry: String, request: String, reply: String } = "U04",
            "the entry {entry} takes {request} and answers {reply}",
            "this command calls entries that take a Context and answer an Outcome; bind others in a program, with these types";
        Output { reason: String } = "U05",
            "the output can't be written: {reason}",
            "look at where the output goes: a full disk, a closed pipe";
        OtherManifest { manifest: String, module: String } = "U06",
            "the manifest is for the plugin {manifest}, the module is {module}",
            "give the manifest of this plugin; its meta.name is the name that the module was built with";
    }
}
