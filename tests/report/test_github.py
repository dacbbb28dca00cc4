"""Annotations and summaries hold what people wrote as text: no command, no cell and no markup can come of it."""
import pytest

from platform.model.problem import Problem, SourcePosition
from platform.report.github import MOST_ROWS, FailureLine, OrderLine, annotation, cell, summary

PROBLEM = Problem(
    SourcePosition("tenants/a,b:c.yml", 3, 7),
    "not-allowed",
    "`mode` cannot be 100%\r\n::stop-commands::x",
    "write it",
)


def test_a_problem_is_one_workflow_command_whatever_is_in_it() -> None:
    assert annotation(PROBLEM) == (
        "::error file=tenants/a%2Cb%3Ac.yml,line=3,col=7,title=not-allowed::"
        "`mode` cannot be 100%25%0D%0A::stop-commands::x; write it")


def test_a_warning_is_a_warning_and_the_folder_in_the_workspace_is_put_before_the_file() -> None:
    draft = Problem(SourcePosition("config/x.csv"), "csv-header", "a", "b", warning=True)
    assert annotation(draft, "repo/") == "::warning file=repo/config/x.csv,line=1,col=1,title=csv-header::a; b"


@pytest.mark.parametrize(("text", "shown"), [
    ("a | b", r"a \| b"), ("a\nb\r\nc", "a b c"), ("<img src=x>", r"\<img src=x\>"),
    ("[x](http://y)", r"\[x\](http\://y)"),
    ("a_b*c*`d`~~e~~", r"a\_b\*c\*\`d\`\~\~e\~\~"), ("x\\|y", r"x\\\|y"), ("&amp; @all", r"\&amp; &#64;&#8288;all"),
    ("see #12 and GH-3", "see &#35;&#8288;12 and GH-&#8288;3"), ("WWW.tea.example", "WWW&#46;tea.example"),
    ("_www.t", r"\_www&#46;t"),
    ("$a_b$ $`x`$", r"&#36;a\_b&#36; &#36;\`x\`&#36;"), ("a@b.example", "a&#64;&#8288;b.example"),
    ("![x](y)", r"!\[x\](y)"), ("a \u202e\u2066 b", "a ?? b"),
    ("\x1b[31m", r"?\[31m"),
    ("x" * 400, "x" * 297 + "..."),
])
def test_text_in_a_cell_is_text(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_a_summary_has_orders_then_failures_then_problems() -> None:
    orders = [OrderLine("t/good", "Tea | milk", "COMPLETED", "", 2, 2, 9),
              OrderLine("t/bad", "", "PARTIAL", "module_failed", 1, 2, 7),
              OrderLine("t/torn", "", "INVALID", "", 0, 0, 0, ("f.yml:1:1: error[file-empty]: is empty; write it",))]
    failures = [FailureLine("t/bad/two", "FAILED", "module_failed", "no\ntea", "runtime/t/bad/two/log.txt")]
    assert summary(orders, failures, "orders: 1 COMPLETED") == r"""### PLATFORM

orders: 1 COMPLETED

| order | status | steps completed | price in credits | what it is |
| --- | --- | --- | --- | --- |
| t/bad | PARTIAL module\_failed | 1 of 2 | 7 |  |
| t/torn | INVALID | 0 of 0 | 0 |  |
| t/good | COMPLETED | 2 of 2 | 9 | Tea \| milk |

#### Steps that did not complete

| step | state | reason | message | log |
| --- | --- | --- | --- | --- |
| t/bad/two | FAILED | module\_failed | no tea | runtime/t/bad/two/log.txt |

#### Invalid input

| order | problem |
| --- | --- |
| t/torn | f.yml:1:1: error\[file-empty\]: is empty; write it |

"""


def test_of_very_many_orders_the_first_are_shown_and_the_others_counted() -> None:
    text = summary([OrderLine(f"t/o{n}", "", "COMPLETED", "", 1, 1, 1) for n in range(MOST_ROWS + 5)], [], "done")
    assert text.count("\n| t/o") == MOST_ROWS
    assert "\n\nand 5 more\n" in text
