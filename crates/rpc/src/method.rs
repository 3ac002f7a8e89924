//! The table of methods: one entry per name feeds dispatch, `system.listMethods`, `system.methodHelp`,
//! `system.methodSignature` and the manual.

mod arguments;
mod table;

pub use arguments::Arguments;
pub use table::METHODS;

/// What a method does; aliases share it. Dispatch matches on this exhaustively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is documented by its entry in the table")]
pub enum Procedure {
    GetApiVersion,
    GetSupervisorVersion,
    GetIdentification,
    GetImplementation,
    GetState,
    GetPid,
    ReadLog,
    ClearLog,
    Shutdown,
    Restart,
    ReloadConfig,
    AddProcessGroup,
    RemoveProcessGroup,
    StartProcess,
    StartProcessGroup,
    StartAllProcesses,
    StopProcess,
    StopProcessGroup,
    StopAllProcesses,
    SignalProcess,
    SignalProcessGroup,
    SignalAllProcesses,
    GetAllConfigInfo,
    GetProcessInfo,
    GetAllProcessInfo,
    ReadProcessStdoutLog,
    ReadProcessStderrLog,
    TailProcessStdoutLog,
    TailProcessStderrLog,
    ClearProcessLogs,
    ClearAllProcessLogs,
    SendProcessStdin,
    SendRemoteCommEvent,
    ListMethods,
    MethodHelp,
    MethodSignature,
    Multicall,
}

/// The type of a parameter or a result, as `methodSignature` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    String,
    /// A number.
    Int,
    /// A truth value.
    Boolean,
    /// A list.
    Array,
    /// A record.
    Struct,
}

impl Kind {
    /// The name in a signature.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Struct => "struct",
        }
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// May be left out; all after it may, too.
    pub optional: bool,
    /// What it means.
    pub help: &'static str,
}

/// One method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The full name, such as `supervisor.getState`.
    pub name: &'static str,
    /// The name this is another spelling of.
    pub alias_of: Option<&'static str>,
    /// What it does.
    pub procedure: Procedure,
    /// Its parameters, the optional ones last.
    pub parameters: &'static [Parameter],
    /// The type of its result.
    pub returns: Kind,
    /// What the result means.
    pub result: &'static str,
    /// What it does, in sentences.
    pub help: &'static str,
    /// Answers also while supervisord stops; the others then answer fault 6.
    pub during_shutdown: bool,
    /// A method of ours that upstream does not have.
    pub extension: bool,
}

impl Method {
    /// The part before the dot: `supervisor` or `system`.
    pub fn namespace(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// How many parameters a call must have, and how many it may have.
    pub fn arity(&self) -> std::ops::RangeInclusive<usize> {
        let required = self.parameters.iter().filter(|parameter| !parameter.optional).count();
        required..=self.parameters.len()
    }

    /// The answer of `system.methodSignature`: the result's type, then the parameters'.
    pub fn signature(&self) -> Vec<&'static str> {
        let parameters = self.parameters.iter().map(|parameter| parameter.kind.name());
        std::iter::once(self.returns.name()).chain(parameters).collect()
    }

    /// The answer of `system.methodHelp`: the sentences, then parameters and result in the tags that
    /// documentation tools of Supervisor read.
    pub fn help_text(&self) -> String {
        let mut text = String::from(self.help);
        if let Some(name) = self.alias_of {
            text = format!("{text}\n\nAnother name of {name}.");
        }
        text.push('\n');
        for parameter in self.parameters {
            let Parameter { name, kind, optional, help } = parameter;
            let default = if *optional { " (may be left out)" } else { "" };
            text = format!("{text}\n@param {} {name} {help}{default}", kind.name());
        }
        format!("{text}\n@return {} result {}", self.returns.name(), self.result)
    }
}

/// The method of this full name.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.binary_search_by(|method| method.name.cmp(name)).ok().map(|at| &METHODS[at])
}

/// The names `system.listMethods` answers, sorted. `has_supervisor` says whether the configuration has the
/// `[rpcinterface:supervisor]` section, without which only `system.*` exists.
pub fn list(has_supervisor: bool) -> impl Iterator<Item = &'static str> {
    METHODS
        .iter()
        .filter(move |method| has_supervisor || method.namespace() == "system")
        .map(|method| method.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_aliases_agree_with_what_they_name() {
        assert!(METHODS.is_sorted_by(|one, next| one.name < next.name));
        for method in METHODS {
            let Some(target) = method.alias_of else { continue };
            let target = find(target).unwrap();
            assert_eq!((target.procedure, target.alias_of), (method.procedure, None), "{}", method.name);
            assert_eq!(target.signature(), method.signature(), "{}", method.name);
        }
    }

    #[test]
    fn upstreams_forty_one_names_are_listed_and_ours_besides() {
        let upstream = METHODS.iter().filter(|method| !method.extension);
        let (system, supervisor): (Vec<&Method>, Vec<&Method>) =
            upstream.partition(|method| method.namespace() == "system");
        assert_eq!((system.len(), supervisor.len()), (4, 37));
        assert!(list(true).any(|name| name == "supervisor.getImplementation"));
    }

    /// RPC-15
    #[test]
    fn without_the_interface_section_only_system_is_listed() {
        let names: Vec<_> = list(false).collect();
        assert_eq!(
            names,
            ["system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"]
        );
    }

    /// RPC-49
    #[test]
    fn signatures_are_flat_and_start_with_the_result() {
        let signature = |name| find(name).unwrap().signature().join(",");
        assert_eq!(signature("supervisor.startProcess"), "boolean,string,boolean");
        assert_eq!(signature("supervisor.getAllProcessInfo"), "array");
        assert_eq!(signature("supervisor.readLog"), "string,int,int");
        assert_eq!(signature("system.multicall"), "array,array");
        assert!(find("supervisor.nope").is_none());
    }

    #[test]
    fn every_method_is_explained_with_its_parameters() {
        for method in METHODS {
            let text = method.help_text();
            assert!(!method.help.is_empty() && text.contains("@return"), "{}", method.name);
            assert_eq!(text.matches("@param").count(), method.parameters.len(), "{}", method.name);
        }
    }

    /// RPC-48: what answers during shutdown.
    #[test]
    fn only_a_few_methods_answer_during_shutdown() {
        let names: Vec<_> = METHODS.iter().filter(|m| m.during_shutdown).map(|m| m.name).collect();
        assert_eq!(
            names,
            [
                "supervisor.getImplementation",
                "supervisor.sendRemoteCommEvent",
                "system.listMethods",
                "system.methodHelp",
                "system.methodSignature",
                "system.multicall",
            ]
        );
    }
}
