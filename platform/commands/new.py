"""`new tenant|workorder|module`: create files that are valid and whose comments say what to fill
in.

It never overwrites a file."""
import argparse
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from platform import called
from platform.app.snapshot import Snapshot
from platform.app.tool import with_own_schemas
from platform.app.workspace import Workspace
from platform.check.money import PRICES
from platform.check.words import suggestion
from platform.commands.common import add_json, add_named, named, root, show
from platform.commands.copied_module import NewModule, copied_module
from platform.commands.parser import Parser
from platform.config.csv import read_csv
from platform.config.modules import module_places
from platform.config.read import read_yaml
from platform.config.schema import problems_of, schema, schema_faults
from platform.config.tables import TENANTS
from platform.confined import Folder, create
from platform.errors import ConflictError, InputError, StorageError, UsageError
from platform.files import write_atomic
from platform.model import ids
from platform.model.contract import Contract
from platform.model.order import Kind
from platform.model.repo import Repo
from platform.model.tenant import TenantStatus
from platform.scaffold.module import module_files, price_rows
from platform.scaffold.tenant import tenant_id_for, tenant_text
from platform.scaffold.text import GIT_ATTRIBUTES
from platform.scaffold.workorder import work_order_id_for, workorder_text


def add_arguments(parser: Parser) -> None:
    tenant = parser.add_command("tenant", "a tenant: tenants/<tenant_id>/tenant.yml")
    tenant.add_argument("--name", required=True, metavar="TEXT", help="the display name")
    tenant.add_argument("--tenant-id", default="", metavar="ID",
                        help="6 letters or digits (default: derived from the name)")
    order = parser.add_command(
        "workorder", "a draft of a work order, with every input of its module"
    )
    add_named(order, "the tenant and the id of the work order; the same as the options",
              "TENANT[/ORDER]")
    order.add_argument("--tenant-id", default="", metavar="ID",
                       help="the tenant of the work order")
    order.add_argument("--work-order-id", default="", metavar="ID",
                       help="8 letters or digits, or 3 to 64 letters, digits, _ and - (default: an "
                            "unused id)")
    order.add_argument("--module-id", default="seed_text", metavar="ID",
                       help="the module of its step (default: %(default)s)")
    module = parser.add_command(
        "module", "a module that passes its self-test: contract, code, README, test, prices")
    module.add_argument("--module-id", required=True, metavar="ID",
                        help="a lowercase letter, then lowercase letters, digits and _")
    module.add_argument(
        "--kind",
        choices=[kind.value for kind in Kind],
        metavar="KIND",
        help="transform, packaging, delivery or other; not with --from",
    )
    module.add_argument("--from", default="", metavar="MODULE", dest="source",
                        help="copy this module, with its contract, code, tests and prices")
    module.add_argument("--name", default="", metavar="TEXT",
                        help="the display name (default: derived from the id)")
    for command, run_it in ((tenant, _tenant), (order, _workorder), (module, _module)):
        add_json(command)
        command.set_defaults(make=run_it)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the files are written.
    * 2: an id is invalid.
    * 10: a name has characters that a file cannot contain.
    * 11: the tenant, work order or module already exists."""
    arguments.make(arguments)
    return 0


def _tenant(arguments: argparse.Namespace) -> None:
    tenant_id = arguments.tenant_id or tenant_id_for(arguments.name)
    _of_form(ids.TENANT, tenant_id, "--tenant-id", "6 letters or digits")
    file = f"tenants/{tenant_id}/tenant.yml"
    if (root(arguments) / file).parent.exists():
        raise ConflictError(f"tenants/{tenant_id} already exists; give another --tenant-id, or "
                            f"edit {file}")
    text = tenant_text(tenant_id, arguments.name, _today().isoformat())
    _must_conform(text, file, "tenant")
    files = {file: text.encode(), f"tenants/{tenant_id}/.gitattributes": GIT_ATTRIBUTES}
    _write(root(arguments), files)
    added = _add_terms(root(arguments) / TENANTS.file, tenant_id)
    _show_written(
        arguments, list(files), {"tenant_id": tenant_id},
        f"{'added to ' if added else 'no row in '} {TENANTS.file}, where the operator suspends and "
        "limits tenants\n"
        f"next: {called.command(f'new workorder --tenant-id {tenant_id}')}")


def _add_terms(path: Path, tenant_id: str) -> bool:
    """Add an `active` row for the tenant to the operator's table, and return whether it was added.

    Nothing is added if the table is missing or has errors, or already has a row for the tenant."""
    if not path.is_file():
        return False
    data = path.read_bytes()
    rows, problems = read_csv(data, TENANTS.file, schema(TENANTS.name))
    if problems or any(row.values.get("tenant_id") == tenant_id for row in rows):
        return False
    header = data.splitlines()[0].decode("utf-8-sig").split(",")
    given = {"tenant_id": tenant_id, "status": TenantStatus.ACTIVE.value}
    line = ",".join(given.get(name.strip('"'), "") for name in header)
    write_atomic(path, data.rstrip(b"\r\n") + f"\n{line}\n".encode())
    return True


def _workorder(arguments: argparse.Namespace) -> None:
    asked, module_id = named(arguments, most=2), arguments.module_id
    tenant_id = asked.tenant_id
    if not tenant_id:
        raise UsageError("name the tenant: TENANT[/ORDER] or --tenant-id TENANT")
    repo = Snapshot(Workspace.open(root(arguments))).repo
    if tenant_id not in repo.tenant_ids:
        raise UsageError(f"tenant {tenant_id!r} does not exist; "
                         f"{suggestion(tenant_id, repo.tenant_ids, 'see tenants/')}")
    contract = repo.contracts.get(module_id)
    if contract is None:
        raise UsageError(f"module {module_id!r} does not exist or has errors; "
                         f"{suggestion(module_id, repo.contracts, 'see modules/')}")
    folder = f"tenants/{tenant_id}/workorders"
    work_order_id = asked.work_order_id or _free_id(
        root(arguments) / folder, tenant_id, module_id
    )
    _of_form(ids.WORK_ORDER, work_order_id, "--work-order-id",
             "8 letters or digits, or 3 to 64 letters, digits, _ and -")
    file = f"{folder}/{work_order_id}.yml"
    package, delivery = (
        _one_of(repo, Kind.PACKAGING, "package_std"),
        _one_of(repo, Kind.DELIVERY, "deliver_folder"),
    )
    text = workorder_text(tenant_id, work_order_id, contract, package, delivery)
    _must_conform(text, file, "workorder")
    _write(root(arguments), {file: text.encode()})
    _show_written(arguments, [file], {"tenant_id": tenant_id, "work_order_id": work_order_id},
                  f"fill it in, then: {called.command('consistency-validate')}")


def _free_id(folder: Path, tenant_id: str, module_id: str) -> str:
    """The first derived id that no file uses. Names that differ only in case count as the same."""
    taken = {path.stem.casefold() for path in folder.glob("*.yml")}
    tries = (work_order_id_for(tenant_id, module_id, number) for number in range(len(taken) + 1))
    return next(name for name in tries if name.casefold() not in taken)


def _one_of(repo: Repo, kind: Kind, favourite: str) -> Contract | None:
    """The module of this kind that a draft uses: the favourite if it exists, else the first."""
    known = [contract for contract in repo.contracts.values() if contract.kind is kind]
    return next(
        (contract for contract in known if contract.module_id == favourite), next(iter(known), None)
    )


def _module(arguments: argparse.Namespace) -> None:
    if bool(arguments.source) == bool(arguments.kind):
        raise UsageError("a copy has the kind of its source; remove --kind" if arguments.source
                         else "name the kind of the module with --kind, or a module to copy with "
                              "--from")
    module_id = arguments.module_id
    _of_form(ids.MODULE, module_id, "--module-id",
             "a lowercase letter, then lowercase letters, digits and _")
    if (root(arguments) / "modules" / module_id).exists():
        raise ConflictError(f"modules/{module_id} already exists; give another --module-id")
    with Folder.at(root(arguments)) as top:
        if places := module_places(root(arguments), top).places.get(module_id):
            raise ConflictError(f"{module_id} is already a module of {places[0].owner} "
                                f"({places[0].shown}); give another --module-id")
    name = arguments.name or module_id.replace("_", " ").capitalize()
    if arguments.source:
        made = copied_module(root(arguments), arguments.source, module_id, name, _today())
    else:
        kind = Kind(arguments.kind)
        made = NewModule(module_files(module_id, kind, name),
                            price_rows(module_id, kind, _today()), ())
    files = {f"modules/{module_id}/{path}": data for path, data in made.files.items()}
    contract = f"modules/{module_id}/module.yml"
    _must_conform(files[contract].decode(), contract, "module")
    _write(root(arguments), files)
    added = bool(made.rows) and _add_prices(root(arguments) / PRICES, module_id, made.rows)
    result = {"module_id": module_id, "price_rows": made.rows.splitlines() if added else []}
    _show_written(arguments, list(files), result, "\n".join([
        f"{'added to' if added else 'unchanged'} {PRICES}", *made.hints,
        f"next: {called.command(f'verify-module --module-id {module_id}')}"]))


def _add_prices(path: Path, module_id: str, rows: str) -> bool:
    """Add the price rows, unless the table has prices of the module, and return whether they were
    added. InputError if the table is missing."""
    if not path.is_file():
        raise InputError([f"{PRICES} is missing; create it with these rows:\n{rows.rstrip()}"])
    data = path.read_bytes()
    if any(line.split(b",")[0] == module_id.encode() for line in data.splitlines()):
        return False
    write_atomic(path, data.rstrip(b"\r\n") + b"\n" + rows.encode())
    return True


def _today() -> date:
    return datetime.now(UTC).date()


def _of_form(form: str, text: str, option: str, words: str) -> None:
    if not ids.matches(form, text):
        raise UsageError(f"{option} {text[:60]!r} is not an id; write {words}")


def _must_conform(text: str, file: str, kind: str) -> None:
    """InputError if the text, which contains names from the command line, is not a valid file."""
    document = read_yaml(text.encode("utf-8", "surrogateescape"), file)
    faults = schema_faults(kind, document.value) if document.complete else []
    problems = [*document.problems, *problems_of(faults, document.source)]
    if problems:
        raise InputError(problems)


def _write(repository: Path, files: Mapping[str, bytes]) -> None:
    """Create the files, with headers that lead to the schemas of this version. ConflictError if one
    already exists, StorageError for an error of the disk; then nothing is left."""
    made: list[Path] = []
    for file, data in with_own_schemas(repository, files).items():
        path = repository / file
        made += [above for above in reversed(path.parents) if not os.path.lexists(above)]
        try:
            with Folder.at(repository) as top:
                create(top, file, data)
            made.append(path)
        except FileExistsError as error:
            _remove(made)
            raise ConflictError(f"{file} already exists and was not changed; choose another "
                                "id") from error
        except OSError as error:
            _remove(made)
            raise StorageError(f"{file}: cannot be written ({error.strerror}); nothing was left; "
                               "fix the cause, then try again") from error


def _remove(made: list[Path]) -> None:
    """Remove files and directories that this command made. What cannot be removed stays."""
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def _show_written(arguments: argparse.Namespace, files: list[str], result: dict[str, object],
                  then: str) -> None:
    show(arguments, {**result, "written": files},
         "\n".join([*(f"written  {file}" for file in files), then]))
