"""Run the README's offline sequence in temporary directories.

A second run must not add a byte to the journal.

It uses neither the real ledger nor a real outbox and publishes nothing, whatever the profile says.
"""
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platform.model.ids import OrderId
from platform.verify.command_check import CLI, command_check, script
from platform.verify.verdict import Check


def everything(root: Path, profile: Path, asserted: OrderId) -> Iterator[Check]:
    """All orders of a repository; chaining and idempotency are checked for one of them."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        places = _places(Path(folder), profile)
        yield command_check("consistency-validate", [*CLI, "consistency-validate", *places], root)
        yield from _run(root, Path(folder), places, [], [])
        yield from _asserted(root, places, asserted)
        yield command_check("integrity-validate", [*CLI, "integrity-validate", *places], root)
        yield command_check("ledger audit", [*CLI, "ledger", "audit", *places], root)


def one_order(root: Path, profile: Path, order: OrderId, price_credits: int,
              topup_method_id: str) -> Iterator[Check]:
    """One order, paid by a top-up of its price, and compared with its quote."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        places = _places(Path(folder), profile)
        tenant, asked = ["--tenant-id", order.tenant_id], [
            "--tenant-id", order.tenant_id, "--work-order-id", order.work_order_id]
        quote = str(Path(folder, "quote.json"))
        if price_credits and topup_method_id:
            top_up = [*CLI, "admin-topup", *places, *tenant, "--amount-credits", str(price_credits),
                      "--topup-method-id", topup_method_id, "--reference", "verification"]
            yield command_check("top-up", top_up, root)
        yield command_check("quote", [*CLI, "quote", *places, str(order), "--save", quote], root)
        yield from _run(root, Path(folder), places, [*asked, "--quote", quote], asked)
        yield from _asserted(root, places, order)
        integrity = [*CLI, "integrity-validate", *places, *asked]
        yield command_check("integrity-validate", integrity, root)
        yield command_check("ledger audit", [*CLI, "ledger", "audit", *places], root)


def _run(
    root: Path, folder: Path, places: list[str], first: list[str], again: list[str]
) -> Iterator[Check]:
    billing = _billing(folder)
    publish = [
        *script("publish_artifacts_release"),
        *places,
        *again[:2],
        "--since",
        "1970-01-01T00:00:00Z",
        "--no-publish",
    ]
    yield command_check("orchestrator, first run", [*CLI, "orchestrator", *places, *first], root)
    second = [*CLI, "orchestrator", *places, *again]
    yield command_check("orchestrator, second run", second, root, billing)
    yield command_check("publish, first run", publish, root)
    yield command_check("publish, second run", publish, root, billing)


def _asserted(root: Path, places: list[str], order: OrderId) -> Iterator[Check]:
    asked = ["--tenant-id", order.tenant_id, "--work-order-id", order.work_order_id]
    yield command_check("chaining", [*script("e2e_assert_chaining"), *places, *asked], root)
    yield command_check("idempotency", [*script("e2e_assert_idempotency"), *places, *asked], root)


def _billing(folder: Path) -> Path:
    return folder / "billing"


def _places(folder: Path, profile: Path) -> list[str]:
    return ["--runtime-profile", str(_throw_away_profile(profile, folder)), "--billing-state-dir",
            str(_billing(folder)), "--runtime-dir", str(folder / "runtime")]


def _throw_away_profile(profile: Path, folder: Path) -> Path:
    """The profile with delivery directories inside the temporary one, and no release store."""
    import yaml

    value = yaml.safe_load(profile.read_text(encoding="utf-8"))
    for provider, settings in value.get("delivery", {}).items():
        settings |= {name: str(folder / provider) for name in settings if name.endswith("_dir")}
    value["release_store"] = {"type": "none"}
    value.get("billing_state", {}).pop("release", None)
    target = folder / "profile.yml"
    target.write_text(yaml.safe_dump(value), encoding="utf-8")
    return target
