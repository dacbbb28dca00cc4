"""The page about schemas is right: its examples together are a repository without a problem."""
import re
import shutil
from pathlib import Path

from platform.config.schema import schema

PAGE = (Path(__file__).resolve().parents[2] / "docs/schemas.md").read_text()
EXAMPLES = dict(re.findall(r"^```(?:yaml|csv)\n# (\S+)\n(.*?)^```$", PAGE, flags=re.M | re.S))


def test_the_examples_together_are_a_repository_whose_only_fault_is_that_most_reasons_are_left_out(small):
    shutil.rmtree(small.root / "modules")
    shutil.rmtree(small.root / "tenants")
    for file, text in EXAMPLES.items():
        small.put(file, text)
        if file.startswith("modules/"):
            small.put(str(Path(file).with_name("src")) + "/run.py", "")
    small.put("tenants/nxlkGI/assets/ignore.txt", "the\n")
    assert {problem.code for problem in small.problems()} == {"reason-missing"}
    repo = small.load()
    assert [str(order) for order in repo.orders] == ["nxlkGI/count-words"]
    assert set(repo.contracts) == {"word_count", "pack_files", "send_files"}


def test_every_field_of_the_files_that_people_write_is_on_the_page():
    for name in ("tenant", "tenants", "workorder", "module", "module_prices", "promotions", "topup_methods",
                 "payments"):
        missing = [field for field in schema(name)["properties"] if f"`{field}" not in PAGE and f"{field}:" not in PAGE]
        assert missing == []
    for part in ("step", "binding"):
        fields = schema("workorder")["$defs"][part]["properties"]
        assert [field for field in fields if f"`{field}`" not in PAGE] == []
