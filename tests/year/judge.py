"""What must hold at the end of every day, whatever happened on it."""
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from platform.ledger.rules.attempts import LIMIT
from platform.model.digest import derived_id, sha256_hex
from tests.year.clone import Clone
from tests.year.world import World


def faults(world: World, at: datetime) -> list[str]:
    """What does not hold, in words; nothing on a good day."""
    return [*state(world, at), *balances(world), *mails(world)]


def state(world: World, at: datetime) -> list[str]:
    """Each clone's journal is sound and all its credits are explained."""
    asked = [(clone, words) for clone in world.clones for words in (("ledger", "verify"), ("ledger", "audit"))]
    with ThreadPoolExecutor(len(asked)) as at_once:
        answers = list(at_once.map(lambda each: each[0].run(at, *each[1]), asked))
    return [f"{clone.root.name}: {' '.join(words)} ends with {status}: {said[-1500:]}"
            for (clone, words), (status, said) in zip(asked, answers, strict=True) if status]


def balances(world: World) -> list[str]:
    """No balance is below zero, and each is the sum of its rows."""
    found = []
    for clone in world.clones:
        sums: Counter[str] = Counter()
        for row in world.rows(clone, "transactions.csv"):
            sums[row["tenant_id"]] += int(row["amount_credits"])
        for row in world.rows(clone, "tenants_credits.csv"):
            balance = int(row["credits_available"])
            if balance < 0 or balance != sums[row["tenant_id"]]:
                found.append(f"{clone.root.name}: {row['tenant_id']} has {balance}, its rows come to "
                             f"{sums[row['tenant_id']]}")
    return found


def mails(world: World) -> list[str]:
    """Nobody gets a mail more often than it may be sent; what the ledger calls delivered has arrived."""
    receiver = world.receiver
    found = [f"mail {name} arrived {count} times:\n{told(world, name)}" for name, count in receiver.arrived.items()
             if count > min(receiver.doubtful[name] + 1, LIMIT + world.resends)]
    for clone in world.clones:
        for row in world.rows(clone, "transaction_items.csv"):
            if row["deliverable_id"] != "__delivery_evidence__" or row["module_id"] != "deliver_email":
                continue
            evidence = json.loads(row["metadata_json"]).get("evidence", {})
            name = str(evidence.get("remote_object_id", "")).strip("<>")
            if evidence.get("verification_status") != "unverified" or "decided" in str(evidence.get("note", "")):
                continue
            if world.receiver.arrived[name] == 0:
                found.append(f"{clone.root.name}: the ledger says that mail {name} was delivered, and it never arrived")
    return found


def told(world: World, name: str) -> str:
    """What the mail server saw of a mail, and what each clone's journal says of its delivery."""
    seen = world.receiver.of(name)
    lines = [f"  {each}" for each in seen]
    package = seen[-1]["package"] if seen else ""
    for clone in world.clones:
        rows = world.rows(clone, "journal.csv")
        works = {work for row in rows for work in _works(json.loads(row["body"])) if _mail_of(work, package) == name}
        lines += [f"  {clone.root.name}: {row['seq']} {row['ts']} {row['kind']} {row['body'][:600]}" for row in rows
                  if any(task in row["body"] for task, _ in works)]
    return "\n".join(lines)


def _works(body: Any) -> set[tuple[str, int]]:
    """The deliveries (task hash, refund epoch) that a post is about."""
    told = [body["metadata"], *body["items"]]
    return {(each["task_hash"], each["refund_epoch"]) for each in told if "task_hash" in each}


def _mail_of(work: tuple[str, int], package: str) -> str:
    """The Message-ID of a delivery's mail."""
    key = derived_id(f"delivery:{work[0]}:{work[1]}")
    return f"{sha256_hex(f'{key}:{package}'.encode())[:40]}@platform.example"


def quoted(clone: Clone, at: datetime) -> int:
    """What the next run would charge."""
    return int(clone.asked(at, "quote")["total_credits"])


def spent(world: World, clone: Clone) -> int:
    """What all charges of a clone's ledger come to so far."""
    return -sum(int(row["amount_credits"]) for row in world.rows(clone, "transactions.csv") if row["type"] == "SPEND")
