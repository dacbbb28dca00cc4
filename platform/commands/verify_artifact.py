"""`verify-artifact`: check a published package against its statement, offline."""
import argparse
from pathlib import Path

from platform.commands.common import add_json, show
from platform.publish.verify import Signed, Verified, verify_artifact
from platform.signing.keys import public_key

_WORDS = {Signed.VERIFIED: "signed by the given key",
          Signed.UNSIGNED: "not signed: the origin is not proved",
          Signed.UNCHECKED: "signed, but not checked: give --public-key"}
_SHOWN = (
    "artifact_name",
    "package_sha256",
    "tenant_id",
    "work_order_id",
    "step_id",
    "deliverable_id",
    "module_id",
    "module_version",
    "task_hash",
    "inputs_digest",
    "transaction_item_id",
    "idempotency_key",
    "run_id",
    "finished_at",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="FILE.zip", help="a package from a release")
    parser.add_argument("statement", metavar="FILE.intoto.json", nargs="?", default="",
                        help="its statement (default: the package's name with .intoto.json added)")
    parser.add_argument("--public-key", default="", metavar="KEY",
                        help="the signer's public key: base64, or a file with the key in base64 or "
                             "PEM")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0 if the package matches its statement; 13 if it does not, or if the key did not
    sign it."""
    key = public_key(arguments.public_key) if arguments.public_key else None
    statement = arguments.statement or f"{arguments.package}.intoto.json"
    found = verify_artifact(Path(arguments.package), Path(statement), key)
    show(
        arguments,
        {**found.claims, "signature": found.signed, "keyids": list(found.keyids)},
        _text(found),
    )
    return 0


def _text(found: Verified) -> str:
    width = max(map(len, _SHOWN))
    lines = [f"  {name:<{width}}  {found.claims[name]}" for name in _SHOWN]
    lines += [f"  {'material':<{width}}  {one['name']} {name} {digest}"
              for one in found.claims["materials"]
              for name, digest in one["digest"].items()]
    return "\n".join(["the package matches its statement", f"  {'signature':<{width}}  "
                                                           f"{_WORDS[found.signed]}",
                      *lines])
