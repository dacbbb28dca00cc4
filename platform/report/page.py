"""The HTML pages: one file each, readable without network, scripts or colour.

The templates escape all text (Jinja2 autoescape), and share one style. A Content-Security-Policy in
each prevents loading files and running scripts, whatever a text contains.
"""
from collections.abc import Callable
from pathlib import Path

from platform.model.words import counted, in_credits


def rendered(name: str, filters: dict[str, Callable[..., object]], **values: object) -> str:
    """The page of a template in this package. Undefined values are errors."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(in_credits=in_credits, counted=counted, **filters)
    return environment.get_template(name).render(**values) + "\n"
