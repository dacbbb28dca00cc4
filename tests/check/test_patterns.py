"""Patterns and rules of a module's contract: they say the same as ever, and none of them takes for ever."""
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from platform.check.conform import faults, validator
from platform.check.values import value_faults
from platform.model.contract import InputPort
from platform.model.patterns import Pattern, compiled

ROOT = Path(__file__).resolve().parents[2]
CPU_S = 20  # a pattern that backtracks needs longer than the sun lasts; one that does not, milliseconds


def port(**schema):
    return InputPort("topic", "string", schema=schema)


def test_a_pattern_that_explodes_elsewhere_is_linear():
    """In a process of its own with a limit of processor time, so that a failure is one and no hanging test."""
    program = ("import _platform_boot; from tests.check.test_patterns import port, value_faults\n"
               "for pattern in ['^(a+)+$', '^(a|a)*$', '^(a*)*b$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$']:\n"
               "    assert value_faults(port(pattern=pattern), 'a' * 50_000 + '!')")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S)))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("pattern", "text", "holds"), [
    ("^a$", "a", True), ("^a$", "a\n", False), ("(^a$|b)", "a\n", False), ("a\\$", "a$", True), ("b", "abc", True),
    ("^[a-z]{2}$", "de", True), ("^[a-z]{2}$", "deu", False), ("^\\S", "x", True), ("^.$", "ß", True),
    ("^.$", "\n", False), ("\\p{Lu}", "Ä", True), ("", "", True), ("^$", "", True), ("x", "\ud800x", False)])
def test_what_a_pattern_holds_of(pattern, text, holds):
    assert bool(value_faults(port(pattern=pattern), text)) is not holds


REFUSED = ["(?=a)b", "(?<!a)b", "(a)\\1", "a++", "(", "[", "a{2000}", "((a{100}){100}){100}", "\\u00e4", "a" * 1001,
           "\\Z", "(?P=name)"]


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_pattern_that_cannot_be_used_is_an_error_where_it_stands(small, pattern):
    contract = (small.root / "modules/make/module.yml").read_text()
    line = "      - {id: ratio, type: number}"
    small.put("modules/make/module.yml", contract.replace(
        line, f"      - {{id: ratio, type: array, schema: {{items: {{pattern: {json.dumps(pattern)}}}}}}}"))
    at = contract[:contract.index(line)].count("\n") + 1
    (problem,) = small.problems()
    assert (problem.code, problem.subject) == ("bad-pattern", ("module", "make"))
    assert (problem.place.file, problem.place.line) == ("modules/make/module.yml", at)
    assert problem.place.column == len("      - {id: ratio, type: array, schema: {items: {pattern: ") + 1


def test_every_pattern_that_is_shipped_can_be_used():
    found = []

    def look(node):
        if isinstance(node, dict):
            found.extend(text for key, text in node.items() if key == "pattern" and isinstance(text, str))
            for item in node.values():
                look(item)
        elif isinstance(node, list):
            for item in node:
                look(item)

    for file in (ROOT / "schemas").glob("*.schema.json"):
        look(json.loads(file.read_bytes()))
    assert len(found) > 50
    assert [text for text in found if not isinstance(compiled(text), Pattern)] == []


@pytest.mark.parametrize(("value", "of", "holds"), [
    (10, 5, True), (11, 5, False), (0.3, 0.1, True), (0.35, 0.1, False), (10**400, 0.5, True), (10**400 + 1, 2, False),
    (1e308, 1e-300, True), (1.5, 1, False), (-4, 2, True), (True, 2, True), (5e-324, 1e308, False)])
def test_multiples_are_exact_and_none_is_too_large(value, of, holds):
    assert (faults(validator({"multipleOf": of}), value) == []) is holds


def test_many_rules_on_many_items_are_refused_and_not_begun():
    rules = {"items": {"allOf": [{"minLength": number} for number in range(5000)]}}
    many = InputPort("topics", "array", schema=rules)
    assert value_faults(many, ["x" * 5000] * 10) == []
    (fault,) = value_faults(many, ["x"] * 5000)
    assert fault.code == "too-complex"


def test_a_pattern_of_many_states_on_a_long_text_is_refused_and_not_begun():
    heavy = port(pattern="[ab]*a[ab]{900}x")
    assert [fault.code for fault in value_faults(heavy, "ab" * 1000)] == ["bad-form"]
    assert [fault.code for fault in value_faults(heavy, "ab" * 120_000)] == ["too-complex"]


def test_an_order_that_has_too_much_stops_and_the_others_do_not(small):
    contract = (small.root / "modules/make/module.yml").read_text()
    rules = ", ".join(f"{{minLength: {number}}}" for number in range(1000))
    small.put("modules/make/module.yml", contract.replace(
        "{id: options, type: object}", f"{{id: options, type: array, schema: {{items: {{anyOf: [{rules}]}}}}}}"))
    small.put("tenants/nxlkGI/workorders/UbjkpxZO.yml", "work_order_id: UbjkpxZO\nsteps:\n  - {step_id: a, module_id: "
              f"make, kind: transform, inputs: {{topic: x, options: [{', '.join(['a'] * 2000)}]}}}}\n")
    assert [(problem.code, problem.subject) for problem in small.problems()] == [
        ("too-complex", ("order", "nxlkGI", "UbjkpxZO"))]

