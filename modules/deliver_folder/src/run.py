"""Deliver a package into the directory that the profile names. `platform.delivery` has the flow."""
from pathlib import Path

from platform.delivery.step import run_delivery


def run(params, outputs_dir):
    return run_delivery(params, Path(outputs_dir), "folder")
