"""The providers by name: adapters of the port `ports/provider.py`."""
from collections.abc import Callable
from pathlib import Path

from platform.delivery.folder import FolderProvider
from platform.ports.provider import Declined, DeliveryRequest, Provider


def _folder(request: DeliveryRequest) -> Provider:
    root = request.settings.get("root_dir")
    if not root:
        raise Declined("the profile does not name a folder; set delivery.folder.root_dir")
    return FolderProvider(Path(root))


def _email(request: DeliveryRequest) -> Provider:
    from platform.delivery.email_provider import email_provider  # only a mail needs its imports

    return email_provider(request)


PROVIDERS: dict[str, Callable[[DeliveryRequest], Provider]] = {"email": _email, "folder": _folder}
