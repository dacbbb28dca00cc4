"""Explains a YAML parser's errors to people who write YAML by hand."""
import yaml

from platform.model.problem import Problem, SourcePosition

# Part of the parser's message -> (code, what, fix).
_MEANINGS = (
    (
        "found character that cannot start any token",
        "yaml-syntax",
        "this character cannot begin a value",
        "put the value in quotes",
    ),
    (
        "mapping values are not allowed",
        "yaml-syntax",
        "a colon is not allowed here",
        "indent the line like its neighbours, or put a text with a colon in quotes",
    ),
    (
        "could not find expected ':'",
        "yaml-syntax",
        "a field has no colon",
        "write it as `name: value`",
    ),
    (
        "did not find expected key",
        "yaml-indentation",
        "this line does not fit the lines above it",
        "indent it like its neighbours, and put text with quotes or brackets in quotes",
    ),
    (
        "did not find expected '-' indicator",
        "yaml-indentation",
        "this line does not fit the list above it",
        "indent it like its neighbours and begin it with `- `",
    ),
    (
        "block sequence entries are not allowed",
        "yaml-indentation",
        "a list cannot begin here",
        "begin it on its own line",
    ),
    (
        "found unexpected end of stream",
        "yaml-syntax",
        "a quote or bracket is never closed",
        "close it",
    ),
    (
        "did not find expected ',' or",
        "yaml-syntax",
        "a bracket is not closed here, or a comma is missing",
        "write `, ` between values and close the bracket",
    ),
    (
        "found unknown escape character",
        "yaml-syntax",
        "a backslash in double quotes begins an unknown escape",
        "use single quotes, or write the backslash twice",
    ),
    (
        "found undefined tag handle",
        "yaml-tag",
        "there is a tag",
        "remove it; put text that begins with ! in quotes",
    ),
    ("found undefined alias", "yaml-alias", "there is an alias", "write the value out"),
    (
        "found incompatible YAML document",
        "yaml-directive",
        "there is a %YAML directive",
        "remove it",
    ),
    (
        "did not find expected <document start>",
        "yaml-syntax",
        "the file continues after the end of its value",
        "indent the line like its neighbours",
    ),
    (
        "did not find expected node content",
        "yaml-syntax",
        "a value is missing here",
        "write it, or close the bracket",
    ),
    # libyaml 0.2.6 and later has its own limit, far beyond ours
    (
        "exceeded maximum nesting depth",
        "yaml-too-deep",
        "is nested deeper than 32 levels",
        "flatten it",
    ),
    ("directive", "yaml-directive", "there is a % directive", "remove it"),
)


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The problem of a parser's error, at the parser's place."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = SourcePosition(file, mark.line + 1, mark.column + 1) if mark else SourcePosition(file)
    if mark and _tab_indents(text, mark.line, mark.column):
        return Problem(place, "yaml-tab", "a tab is used for indentation", "use spaces")
    message = str(getattr(error, "problem", None) or "not YAML")
    for part, code, what, fix in _MEANINGS:
        if part in message:
            return Problem(place, code, what, fix)
    return Problem(place, "yaml-syntax", " ".join(message.split())[:120], "correct the YAML here")


def _tab_indents(text: str, line: int, column: int) -> bool:
    """Whether a tab is in the indentation of this line or the one before, or at this place."""
    lines = text.split("\n")
    near = lines[max(line - 1, 0):line + 1]
    begins = any("\t" in row[:len(row) - len(row.lstrip())] for row in near)
    return begins or (line < len(lines) and lines[line][column:column + 1] == "\t")
