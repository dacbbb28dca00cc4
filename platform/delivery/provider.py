"""The names of the port `ports/provider.py` that a delivery module imports."""
from platform.ports.provider import (
    PACKAGE_NAME,
    Broken,
    Declined,
    DeliveryRequest,
    Listed,
    Parcel,
    Presence,
    Provider,
    Sighting,
)

__all__ = [
    "PACKAGE_NAME",
    "Broken",
    "Declined",
    "DeliveryRequest",
    "Listed",
    "Parcel",
    "Presence",
    "Provider",
    "Sighting",
]
