"""The outbox: it writes mails to a directory as .eml files, and sends nothing.

A profile without a mail server uses it. Its receipts have `recorded`. The file name contains the
delivery key and the package's digest, so a mail is found again, and a changed package is another
mail, as with a mail server.
"""
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

from platform.confined import read_file
from platform.delivery.email import Mail, message_bytes, message_id
from platform.errors import StorageError
from platform.owned import write
from platform.ports.provider import Broken, Parcel, Presence, Sighting

_LARGEST = 1 << 30  # bytes
_NOTE = "written to the outbox, sent to nobody"


class Outbox:
    """Writes <outbox_dir>/<tenant>/<delivery key>-<sha256 of the package, 12 digits>.eml."""

    name = "email"
    recorded = True

    def __init__(self, mail: Mail, folder: Path, now: Callable[[], datetime]) -> None:
        self._mail, self._folder, self._now = mail, folder, now

    def look(self, parcel: Parcel) -> Sighting:
        """THERE if the .eml file has an attachment with the package's bytes."""
        identity = message_id(self._mail, parcel)
        try:
            message = message_from_bytes(read_file(self._file(parcel), _LARGEST))
        except FileNotFoundError:
            return Sighting(Presence.ABSENT, "the mail does not exist in the outbox", identity)
        except OSError as error:
            return Sighting(
                Presence.UNKNOWN, f"the outbox cannot be read ({error.strerror})", identity
            )
        attached = [part.get_payload(decode=True) for part in message.walk() if part.get_filename()]
        if any(
            isinstance(data, bytes) and hashlib.sha256(data).hexdigest() == parcel.sha256
            for data in attached
        ):
            return Sighting(Presence.THERE, _NOTE, identity)
        return Sighting(Presence.DIFFERENT,
                        f"{self._file(parcel).name} in the outbox has other contents", identity)

    def put(self, parcel: Parcel) -> Sighting:
        try:
            write(self._folder, *self._file(parcel).relative_to(self._folder).parts,
                  data=message_bytes(self._mail, parcel, self._now()), durable=True)
        except StorageError as error:
            raise Broken(str(error)) from error
        return Sighting(Presence.THERE, _NOTE, message_id(self._mail, parcel))

    def _file(self, parcel: Parcel) -> Path:
        key = re.sub("[^0-9A-Za-z._-]", "_", parcel.delivery_key)
        return self._folder / parcel.tenant_id / f"{key}-{parcel.sha256[:12]}.eml"
