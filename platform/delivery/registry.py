"""The providers by name that need no settings of their module: adapters of the port `ports/provider.py`.

`deliver_email` makes its provider itself, because its stop list decides too.
"""
from collections.abc import Callable
from pathlib import Path

from platform.delivery.folder import FolderProvider
from platform.ports.provider import Declined, DeliveryRequest, Provider


def _folder(request: DeliveryRequest) -> Provider:
    root = request.settings.get("root_dir")
    if not root:
        raise Declined("the profile names no folder; set delivery.folder.root_dir")
    return FolderProvider(Path(root))


PROVIDERS: dict[str, Callable[[DeliveryRequest], Provider]] = {"folder": _folder}
