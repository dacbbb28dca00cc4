"""What the delivery flow asks of a provider, and the values that they exchange.

Rules:

* A provider names what it stores by the parcel's `identity` or `remote_path`. Both are equal for
  every attempt. It changes nothing under other names.
* It raises `Declined` only if it is certain that nothing was delivered, and otherwise `Broken`.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from platform.errors import RemoteError
from platform.model.digest import sha256_hex

PACKAGE_NAME = "package.zip"


class Listed(NamedTuple):
    """A file of a package, as its manifest lists it."""

    dest_path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is delivered, and the names under which it can be found again."""

    delivery_key: str  # one per distinct delivery, the same on every try
    remote_path: str  # <tenant>/<order>/<run>/<step>/<deliverable>/package.zip
    package: Path
    bytes: int
    sha256: str
    manifest: Path | None = None  # manifest.json, for providers that put it beside the package
    contents: tuple[Listed, ...] = ()  # what it lists, for providers that show it

    @property
    def tenant_id(self) -> str:
        """The first part of the remote path."""
        return self.remote_path.partition("/")[0]

    @property
    def identity(self) -> str:
        """One per distinct package of one delivery, 40 hexadecimal digits: after a repair of the
        code that makes it, a delivery may have another package, and that is another mail."""
        return sha256_hex(f"{self.delivery_key}:{self.sha256}".encode())[:40]


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """What a delivery module was asked to do: its parcel, its own inputs, and the profile's
    settings for it."""

    parcel: Parcel
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    timeout_s: float = 0.0  # what the step may take until the provider has everything; 0: no limit
    stopped_domains: tuple[str, ...] = ()  # mail domains that the module delivers nothing to


class Presence(StrEnum):
    """What a provider has under a parcel's name."""

    """What a provider has under a parcel's name."""

    THERE = "there"  # the provider has these very bytes
    ABSENT = "absent"  # the provider is certain that it has nothing under this name
    DIFFERENT = "different"  # other bytes are under this name: an earlier package of this delivery
    UNKNOWN = "unknown"  # the provider cannot tell, now or ever


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a provider knows about a parcel, and in words how."""

    presence: Presence
    detail: str = ""
    remote_object_id: str = ""


class Declined(RemoteError):
    """Certain: nothing was delivered. `reason_slug` says why (config/reasons.yml)."""

    def __init__(self, message: str, reason_slug: str = "delivery_failed") -> None:
        super().__init__(message)
        self.reason_slug = reason_slug


class Broken(RemoteError):
    """The upload broke: it may have arrived or not. The flow looks again."""


class Provider(Protocol):
    """A place that packages are delivered to."""

    @property
    def name(self) -> str:
        """The provider's slug in receipts: `email`, `folder`, ..."""

    @property
    def recorded(self) -> bool:
        """Whether a delivery is only recorded on this machine and not sent."""

    def look(self, parcel: Parcel) -> Sighting:
        """Whether the provider already has the parcel. It never raises if the service does not
        answer; that is UNKNOWN."""

    def put(self, parcel: Parcel) -> Sighting:
        """Deliver it. Returns what the provider acknowledged; raises Declined or Broken."""
