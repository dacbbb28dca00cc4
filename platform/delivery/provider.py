"""What a delivery module imports of the port: the words that its provider and the flow share."""
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
