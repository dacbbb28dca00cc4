"""What mkdocs calls for each page: where Graphviz drew the architecture, the site shows that
picture."""
import re
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "architecture.svg"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page's Markdown, with the Mermaid block of the architecture replaced by the picture."""
    if page.file.src_uri != "architecture.md" or not PICTURE.is_file():
        return markdown
    image = "![The packages of PLATFORM and what each imports](reference/architecture.svg)"
    return re.sub(r"```mermaid\n.*?```", image, markdown, count=1, flags=re.DOTALL)
