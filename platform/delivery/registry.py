"""The providers by name: adapters of the port `ports/provider.py` that need no module settings.

`deliver_email` creates its own provider, because the provider also needs the module's stop list.
"""
from collections.abc import Callable
from pathlib import Path

from platform.delivery.folder import FolderProvider
from platform.ports.provider import Declined, DeliveryRequest, Provider


def _folder(request: DeliveryRequest) -> Provider:
    root = request.settings.get("root_dir")
    if not root:
        raise Declined("the profile does not name a folder; set delivery.folder.root_dir")
    return FolderProvider(Path(root))


PROVIDERS: dict[str, Callable[[DeliveryRequest], Provider]] = {"folder": _folder}
