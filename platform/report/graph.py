"""Orders as graphs with the state and price of each step, as mermaid, Graphviz (dot) or text. Pure.

The values are the `OrderState`s that `status` shows. Text from tenants is quoted for each format.
Each node shows its state as a word and as a colour.
"""
from collections.abc import Mapping, Sequence

from platform.model.characters import one_line
from platform.model.words import in_credits
from platform.report.status import OrderState, StepState, heading, what_became

_LONGEST_TITLE = 60
_NAMED_UPSTREAM = 4  # in a line of text; the line counts the rest
# Characters that end a label, or have a meaning in Markdown, Mermaid or HTML. The entities have
# names, because Mermaid decodes numbers (#35;) only in a node's label, not in a frame's title.
_MERMAID_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "#": "&num;",
        "`": "&grave;",
        "\\": "&bsol;",
        "*": "&ast;",
        "%": "&percnt;",
        "@": "&commat;",
        "$": "&dollar;",
        "[": "&lsqb;",
        "]": "&rsqb;",
        "{": "&lcub;",
        "}": "&rcub;",
        "|": "&vert;",
    }
)
_FILLS = {
    "COMPLETED": "#d9f2df",
    "FAILED": "#f8d7da",
    "SKIPPED": "#fdf0c8",
    "NEEDS_DECISION": "#ead7f7",
    "RUNNING": "#cfe8fc",
    "DUE": "#ffffff",
}

_DOT_STYLE = (
    '  bgcolor="transparent"; rankdir=TB; ranksep=0.35; nodesep=0.25;',
    '  graph [fontname="Helvetica,Arial,sans-serif", fontsize=13, color="#999999"];',
    '  node [fontname="Helvetica,Arial,sans-serif", fontsize=12, shape=box,'
    ' style="rounded,filled",',
    '        margin="0.15,0.08", color="#444444"];',
    '  edge [color="#666666", arrowsize=0.7];',
)


def mermaid(orders: Sequence[OrderState], refused: Mapping[str, Sequence[str]]) -> str:
    """A flowchart for Markdown. Renderers draw at most 500 arrows unless the page sets maxEdges."""
    lines = ["flowchart TD"]
    for number, order in enumerate(orders):
        names = _names(order, number)
        lines.append(f'  subgraph o{number}["{_mermaid([", ".join(_title(order))])}"]')
        lines += [f'    {names[step.step_id]}["{_mermaid(_label(step))}"]:::{step.state.lower()}'
                  for step in order.steps]
        lines += [
            f"    {names[above]} --> {names[step.step_id]}"
            for step in order.steps
            for above in step.upstream
        ]
        lines.append("  end")
    lines += [
        f'  r{number}["{_mermaid(["INVALID", name])}"]:::failed'
        for number, name in enumerate(refused)
    ]
    lines += [
        f"  classDef {state.lower()} fill:{fill},stroke:#444,color:#111"
        for state, fill in _FILLS.items()
    ]
    return "\n".join(lines)


def dot(
    orders: Sequence[OrderState], refused: Mapping[str, Sequence[str]], *, titles: bool = True
) -> str:
    """A digraph for Graphviz. With `titles`, each order has a frame with its name."""
    lines = ["digraph orders {", *_DOT_STYLE]
    for number, order in enumerate(orders):
        names = _names(order, number)
        if titles:
            lines += [
                f"  subgraph cluster_o{number} {{",
                f'    label="{_dot(_title(order))}"; labeljust=l;',
            ]
        lines += [_dot_node(names[step.step_id], _label(step), step.state) for step in order.steps]
        lines += [
            f"    {names[above]} -> {names[step.step_id]};"
            for step in order.steps
            for above in step.upstream
        ]
        lines += ["  }"] if titles else []
    lines += [
        _dot_node(f"r{number}", ("INVALID", name), "FAILED") for number, name in enumerate(refused)
    ]
    return "\n".join([*lines, "}"])


def text(orders: Sequence[OrderState], refused: Mapping[str, Sequence[str]]) -> str:
    """One line per step, after the steps that it waits for. It stays readable at any size, and
    `grep` works on it."""
    lines = []
    for order in orders:
        lines.append(heading(order))
        states, width, modules = (max((len(words) for words in column), default=0) for column in (
            [step.state for step in order.steps], [step.step_id for step in order.steps],
            [step.module_id for step in order.steps]))
        digits = len(str(len(order.steps)))
        lines += [
            f"  {number:>{digits}}  {step.state:<{states}}  {step.step_id:<{width}}  "
            f"{step.module_id:<{modules}}  {in_credits(step.credits):>11}  {_ending(step)}".rstrip()
            for number, step in enumerate(order.steps, 1)
        ]
    lines += [line for name, problems in refused.items()
              for line in (f"INVALID    {name}", *(f"  {problem}" for problem in problems))]
    return "\n".join(lines) or "no enabled work orders"


def _ending(step: StepState) -> str:
    named = ", ".join(step.upstream[:_NAMED_UPSTREAM])
    more = len(step.upstream) - _NAMED_UPSTREAM
    after = f"after {named}" + (f" and {more} more" if more > 0 else "") if step.upstream else ""
    why = what_became(step) if step.state != "DUE" else ""
    return "  ".join(filter(None, (after, f"({why})" if why else "")))


def _names(order: OrderState, number: int) -> dict[str, str]:
    """Node names without special characters: a step id may be `end` or begin with a dash."""
    return {step.step_id: f"o{number}s{index}" for index, step in enumerate(order.steps)}


def _title(order: OrderState) -> tuple[str, ...]:
    title = one_line(order.title)
    short = title if len(title) <= _LONGEST_TITLE else title[:_LONGEST_TITLE - 3] + "..."
    state = f"{order.state} {order.reason}".strip()
    return tuple(filter(None, (f"{order}, {state}, {in_credits(order.credits)}", short)))


def _label(step: StepState) -> tuple[str, ...]:
    says_why = step.reason and step.state in ("FAILED", "SKIPPED", "NEEDS_DECISION")
    state = f"{step.state} {step.reason}" if says_why else step.state
    return (step.step_id, step.module_id, f"{one_line(state)}, {in_credits(step.credits)}")


def _mermaid(lines: Sequence[str]) -> str:
    return "<br>".join(line.translate(_MERMAID_ENTITIES) for line in lines)


def _dot_node(name: str, label: Sequence[str], state: str) -> str:
    return (
        f'    {name} [label="{_dot(label)}", class="{state.lower()}", fillcolor="{_FILLS[state]}"];'
    )


def _dot(lines: Sequence[str]) -> str:
    """A label in double quotes, without dot's escapes (`\\N`) and without HTML entities, which dot
    would replace."""
    return "\\n".join(
        line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines
    )
