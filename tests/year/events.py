"""What can happen on a day. Each event is a function of the world; `EVENTS` says how often each happens."""
from collections.abc import Callable
from datetime import timedelta

from tests.year.receiver import DROPS, REFUSES
from tests.year.world import World

Event = Callable[[World], str]


def edit_text(world: World) -> str:
    """A tenant orders something else."""
    found = world.any_order()
    if not found:
        return "no order to edit"
    tenant, order_id = found
    tenant.orders[order_id]["steps"][0]["inputs"] = {"text": f"text {world.chance.randrange(10**6)}"}
    world.write_order(tenant, order_id)
    return f"edit {tenant.tenant_id}/{order_id}"


def break_step(world: World) -> str:
    """A tenant's step fails, for a reason that gives its charge back or one that does not."""
    found = world.any_order()
    if not found:
        return "no order to break"
    tenant, order_id = found
    reason = world.chance.choice(["bad_input_format", "external_api_error", "module_failed"])
    tenant.orders[order_id]["steps"][0]["inputs"] = {"text": "x", "fail": reason}
    world.write_order(tenant, order_id)
    return f"break {tenant.tenant_id}/{order_id} ({reason})"


def move_draft(world: World) -> str:
    """An order becomes a draft, or is one no longer."""
    found = world.any_order()
    if not found:
        return "no order to disable"
    tenant, order_id = found
    tenant.orders[order_id]["enabled"] = not tenant.orders[order_id]["enabled"]
    world.write_order(tenant, order_id)
    return f"enabled: {tenant.orders[order_id]['enabled']} {tenant.tenant_id}/{order_id}"


def delete_order(world: World) -> str:
    found = world.any_order()
    if not found:
        return "no order to delete"
    world.delete_order(*found)
    return f"delete {found[0].tenant_id}/{found[1]}"


def new_order(world: World) -> str:
    tenant = world.chance.choice(world.tenants)
    return f"new {tenant.tenant_id}/{world.new_order(tenant)}"


def suspend(world: World) -> str:
    """The operator suspends a tenant, or lets it go on."""
    tenant = world.chance.choice(world.tenants)
    tenant.suspended = not tenant.suspended
    world.write_tenants()
    return f"suspended: {tenant.suspended} {tenant.tenant_id}"


def change_price(world: World) -> str:
    """A price that starts tomorrow."""
    module, deliverable = world.chance.choice([("say", "__run__"), ("say", "said"), ("package_std", "__run__"),
                                               ("deliver_email", "__run__"), ("deliver_folder", "__run__")])
    start = world.day + timedelta(days=1)
    text = (world.clones[0].root / "config/module_prices.csv").read_text()
    if f"{module},{deliverable},{0}".rpartition(",")[0] in text and f",{start}," in text:
        return "prices change tomorrow already"
    world.append("config/module_prices.csv", f"{module},{deliverable},{world.chance.randint(1, 9)},{start},,true,\n")
    return f"price of {module} {deliverable} from {start}"


def fix_code(world: World) -> str:
    """The operator changes a module's code and not its version: work is done again, and nobody is charged."""
    for clone in world.clones:
        file = clone.root / "modules/say/src/run.py"
        file.write_text(file.read_text() + f"# {world.day}\n")
    return "fix say's code"


def top_up(world: World) -> str:
    """By command, in one clone; on some days sent twice."""
    tenant = world.chance.choice(world.tenants)
    world.topups += 1
    words = ("admin-topup", "--tenant-id", tenant.tenant_id, "--amount-credits", str(world.chance.randint(50, 150)),
             "--topup-method-id", "bank-wire", "--reference", f"t-{world.topups}", "--note", "by the year")
    clone = world.chance.choice(world.clones)
    for _ in range(world.chance.choice([1, 1, 2])):
        status, said = clone.run(world.now, *words)
        assert status == 0, said
    return f"top up {tenant.tenant_id}"


def pay(world: World) -> str:
    """A row of config/payments.csv."""
    tenant = world.chance.choice(world.tenants)
    world.topups += 1
    world.append("config/payments.csv", f"pay-{world.topups},{tenant.tenant_id},bank-wire,"
                 f"{world.chance.randint(50, 150)},p-{world.topups},CONFIRMED,{world.day}T00:00:00Z,\n")
    return f"payment of {tenant.tenant_id}"


def adjust(world: World) -> str:
    """The operator corrects a top-up, or moves credits, as far as the balance goes."""
    one, other = world.chance.sample(world.tenants, 2)
    world.topups += 1
    clone = world.chance.choice(world.clones)
    status, said = clone.run(world.now, "admin-transfer", "--from", one.tenant_id, "--to", other.tenant_id,
                             "--amount-credits", "5", "--reference", f"x-{world.topups}", "--note", "by the year")
    assert status in (0, 12), said
    return f"move 5 credits from {one.tenant_id} to {other.tenant_id}: {status}"


def lose_runtime(world: World) -> str:
    clone = world.chance.choice(world.clones)
    clone.lose_runtime()
    return f"{clone.root.name} loses its runtime directory"


def drop_mails(world: World) -> str:
    world.receiver.mode = DROPS
    return "the mail server takes mails and says nothing"


def refuse_mails(world: World) -> str:
    world.receiver.mode = REFUSES
    return "the mail server refuses mails"


EVENTS: dict[Event, float] = {
    edit_text: 0.5, break_step: 0.12, move_draft: 0.1, delete_order: 0.04, new_order: 0.12, suspend: 0.06,
    change_price: 0.06, fix_code: 0.03, top_up: 0.25, pay: 0.15, adjust: 0.08, lose_runtime: 0.06, drop_mails: 0.1,
    refuse_mails: 0.05,
}
