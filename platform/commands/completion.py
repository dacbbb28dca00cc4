"""`completion bash|zsh`: print a script that completes commands, options and ids.

The script is derived from the parsers of the commands. To load it:

    eval "$(python -m platform.cli completion bash)"

It completes `platform ...` and `python -m platform.cli ...`. For task names, use
`doit tabcompletion`. Ids are the names of directories and files. The script looks them up in the
current directory when the user presses the key.
"""
import argparse
import shlex
import sys
from collections.abc import Iterator

from platform.commands.parser import Parser
from platform.model.codes import CODES
from platform.model.named import METAVAR, ORDER_OR_STEP
from platform.toolfiles import MODULES

_BY_METAVAR = {"CODE": sorted(CODES)}  # positional arguments with a known list of values
# Of the workspace, and the built-in ones. An installed package's modules are not looked up.
_MODULES = f"_platform_ids modules/*/ {shlex.quote(str(MODULES))}/*/"
_LOOK_UP = {  # the shell command that lists the values of an option
    "--tenant-id": "_platform_ids tenants/*/",
    "--module-id": _MODULES,
    "--work-order-id": "_platform_ids tenants/*/workorders/*.yml",
    # a positional argument, by its metavar
    "MODULE": _MODULES,
    **dict.fromkeys(("TENANT", "TENANT[/ORDER]"), "_platform_ids tenants/*/"),
    **dict.fromkeys((METAVAR, ORDER_OR_STEP, "TASK"),
                    "_platform_names tenants/*/ tenants/*/workorders/*.yml"),
}
_FILES = ("FILE", "DIR")  # a path: of an option, or a positional argument
_ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
_SCRIPT = r"""# Completion for PLATFORM's commands. `python -m platform.cli completion` writes it.
_platform_words() {  # what may follow a command: subcommands, options, words
    case "$1" in
@WORDS@
    esac
}
_platform_values() {  # the values of an option; `<files>` for a path, nothing if it takes no value
    case "$1" in
@VALUES@
    esac
}
_platform_ids() {  # the ids at the end of paths; skips other names: compgen -W would expand them
    local path
    for path in "$@"; do
        path="${path%/}" path="${path##*/}" path="${path%.yml}"
        case "$path" in *[!0-9A-Za-z_-]*) ;; *) echo "$path" ;; esac
    done
}
_platform_names() {  # TENANT and TENANT/ORDER, from the same paths
    local path
    for path in "$@"; do
        path="${path#tenants/}" path="${path%/}" path="${path%.yml}" path="${path/workorders\//}"
        case "$path" in *[!0-9A-Za-z_/-]*) ;; *) echo "$path" ;; esac
    done
}
_platform() {
    local cur="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    local command="" next="" values="" i=1
    COMPREPLY=()
    if [ "${COMP_WORDS[0]##*/}" != platform ]; then
        [ "${COMP_WORDS[1]}" = -m ] && [ "${COMP_WORDS[2]}" = platform.cli ] || return 0
        i=3
        [ "$COMP_CWORD" -ge 3 ] || return 0
    fi
    while [ "$i" -lt "$COMP_CWORD" ]; do
        next="${command:+$command }${COMP_WORDS[i]}"
        [ -z "$(_platform_words "$next")" ] || command="$next"
        i=$((i + 1))
    done
    values="$(_platform_values "$command $previous")"
    case "$values" in
        "<files>") COMPREPLY=($(compgen -f -- "$cur")) ;;
        "<text>") ;;
        "")
            values="$(_platform_words "$command")"
            COMPREPLY=($(compgen -W "${values/"<files>"/}" -- "$cur"))
            case "$values" in *"<files>"*) COMPREPLY+=($(compgen -f -- "$cur")) ;; esac ;;
        *) COMPREPLY=($(compgen -W "$values" -- "$cur")) ;;
    esac
}
complete -F _platform platform
# `default`: for another program, words stay file names.
complete -o bashdefault -o default -F _platform python python3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh"], help="the shell to write for")


def run(arguments: argparse.Namespace) -> int:
    """Exit status: always 0. `arguments.whole` builds the parser of all commands."""
    script = completion(arguments.whole())
    sys.stdout.write((_ZSH if arguments.shell == "zsh" else "") + script)
    return 0


def completion(parser: Parser) -> str:
    """The completion script for this parser. Pure."""
    tree = list(_commands(parser, ""))
    words = [
        f"        {_quoted(path)}) echo {_quoted(' '.join(_words(command)))}{_ids(command)} ;;"
        for path, command in tree
    ]
    values = [f"        {_quoted(f'{path} {name}')}) {listed} ;;" for path, command in tree
              for name, listed in _values(command)]
    return _SCRIPT.replace("@WORDS@", "\n".join(words)).replace("@VALUES@", "\n".join(values))


def _commands(parser: Parser, path: str) -> Iterator[tuple[str, Parser]]:
    yield path, parser
    for name, command in parser.commands.items():
        yield from _commands(command, f"{path} {name}".strip())


def _words(parser: Parser) -> list[str]:
    """The subcommands. Without subcommands: the positional values and the options; `<files>` stands
    for all paths."""
    if parser.commands:
        return [*parser.commands, "--help"]
    free = [word for action in parser.actions() if not action.option_strings
            for word in action.choices or _BY_METAVAR.get(str(action.metavar)) or ()]
    files = {"<files>" for action in parser.actions()
             if not action.option_strings and action.metavar in _FILES}
    return [*map(str, free), *files, *parser.options()]


def _ids(parser: Parser) -> str:
    """The shell commands that list the ids which a positional argument can be."""
    names = [str(action.metavar) for action in parser.actions() if not action.option_strings]
    return "".join(f"; {_LOOK_UP[name]}" for name in names if name in _LOOK_UP)


def _values(parser: Parser) -> Iterator[tuple[str, str]]:
    """Each option that takes a value, and the shell command that lists its values."""
    for action in parser.actions():
        for name in action.option_strings if action.nargs != 0 else []:
            if action.choices:
                yield name, f"echo {_quoted(' '.join(map(str, action.choices)))}"
            else:
                yield (
                    name,
                    _LOOK_UP.get(name)
                    or f"echo {_quoted('<files>' if action.metavar in _FILES else '<text>')}",
                )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
