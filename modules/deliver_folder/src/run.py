"""A package into a folder. The flow is `platform.delivery`'s; here is only where the folder is."""
from pathlib import Path

from platform.delivery.folder import FolderProvider
from platform.delivery.provider import Declined
from platform.delivery.step import run_delivery


def provider(request):
    root = request.settings.get("root_dir")
    if not root:
        raise Declined("the profile names no folder; set delivery.folder.root_dir")
    return FolderProvider(Path(root))


def run(params, outputs_dir):
    return run_delivery(params, Path(outputs_dir), "folder", provider)
