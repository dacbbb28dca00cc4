"""The delivery flow of every provider: look, put, look again, and report only what is certain.

    looked     put           looked again  outcome
    there      -             -             COMPLETED, already_exists_verified
    unknown    -             -             COMPLETED, already_delivered,
                                           if the ledger has a receipt (`delivered`)
    different  -             -             the same, if the record of the delivery is `lost`
    else       -             -             COMPLETED, settled_as_arrived,
                                           if a person decided so (`settled`)
    absent     not allowed   -             FAILED look_absent   } `look_only`: nothing was sent,
    unknown    not allowed   -             FAILED look_unknown  } and the caller decides
    else       acknowledged  there         COMPLETED, verified
    else       acknowledged  unknown       COMPLETED, unverified: the provider accepted it,
                                           and nobody can look
    else       acknowledged  absent        FAILED delivery_failed
    else       broken        there         COMPLETED, verified, verified_after_transient_error
    else       broken        absent        FAILED delivery_failed
    else       broken        unknown       FAILED unverified: it keeps its charge,
                                           and the next run looks first
    else       declined      -             FAILED with the provider's reason, except:
    unknown    declined      -             FAILED unverified, if an earlier try may have
                                           arrived (`doubtful`): a refund is not safe
    else       any           different     FAILED delivery_failed: an earlier package is there

A FAILED delivery is refunded only if it certainly did not arrive. Only `unverified` is not
refunded.
"""
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from platform.delivery.receipt import Event, Receipt, Verification
from platform.model.utc import utc_text
from platform.ports.provider import Broken, Declined, Parcel, Presence, Provider, Sighting

AFTER_ERROR = "verified_after_transient_error"
BEFORE = "already_delivered"
SETTLED = "settled_as_arrived"
LOOK_ABSENT, LOOK_UNKNOWN = "look_absent", "look_unknown"  # of a look only; never in a record
# A certain refusal of one attempt does not show whether the attempt before it arrived.
EARLIER = (
    "this attempt certainly delivered nothing, but an earlier try may have arrived, and the "
    "provider cannot say "
    "whether it did"
)
FAILED = "delivery_failed"
UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of a delivery. A completed one may have a `reason_slug`, too (`AFTER_ERROR`,
    `BEFORE`)."""

    completed: bool
    reason_slug: str = ""
    message: str = ""
    receipt: Receipt | None = None  # None: certainly nothing was delivered
    events: tuple[Event, ...] = ()


def decide(after: Presence, broken: bool) -> tuple[Verification | None, str]:
    """The meaning of an upload that was acknowledged or broke off, given the look after it. Pure.

    Returns:
        The verification status (None: certainly not delivered) and the reason slug.
    """
    match after, broken:
        case Presence.THERE, _:
            return Verification.VERIFIED, AFTER_ERROR if broken else ""
        case Presence.UNKNOWN, False:
            return Verification.UNVERIFIED, ""
        case Presence.UNKNOWN, True:
            return Verification.UNVERIFIED, UNVERIFIED
        case _:
            return None, FAILED


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """What the ledger knows before a try.

    * `doubtful`: an earlier try ended `unverified`, so a failure of this try alone proves nothing.
    * `delivered`: the receipt of an earlier try that arrived, for a provider that cannot look.
    * `lost`: no record on this machine says what that try delivered.
    * `settled`: the words of a person's decision that it arrived.
    * `look_only`: nothing may be sent."""

    doubtful: bool = False
    delivered: Receipt | None = None
    lost: bool = False
    settled: str = ""
    look_only: bool = False


NOTHING = KnownDelivery()


def deliver(
    provider: Provider, parcel: Parcel, now: Callable[[], datetime], known: KnownDelivery = NOTHING
) -> Delivery:
    """Deliver a parcel, at most once if the provider can look. Failures of the provider are
    values."""
    talk = _Talk(provider, parcel, now)
    before = talk.look()
    if before.presence is Presence.THERE:
        return talk.completed(talk.receipt(Verification.ALREADY_THERE, before))
    if known.delivered and (before.presence is Presence.UNKNOWN or known.settled
                            or (known.lost and before.presence is Presence.DIFFERENT)):
        return talk.remembered(known.delivered)
    if known.settled:
        return talk.settled(before, known.settled)
    if known.look_only:
        unknown = before.presence is Presence.UNKNOWN
        return talk.failed(
            LOOK_UNKNOWN if unknown else LOOK_ABSENT, f"{provider.name}: {before.detail}"
        )
    put = talk.put()
    if isinstance(put, Declined):
        if known.doubtful and before.presence is Presence.UNKNOWN:
            return talk.failed(UNVERIFIED, f"{put}; {EARLIER}")
        return talk.failed(put.reason_slug, str(put))
    broken = str(put) if isinstance(put, Broken) else ""
    after = talk.look()
    status, slug = decide(after.presence, bool(broken))
    if status is None:
        return talk.failed(slug, broken or f"{provider.name}: {after.detail}")
    if isinstance(put, Sighting):
        after = replace(after, detail=put.detail or after.detail,
                        remote_object_id=after.remote_object_id or put.remote_object_id)
    receipt = talk.receipt(status, after)
    if slug == UNVERIFIED:
        return talk.failed(slug, f"{broken}; nobody can tell whether it arrived", receipt)
    return talk.completed(receipt, slug, broken)


class _Talk:
    """The exchange with a provider about one parcel, with its events in order."""

    def __init__(self, provider: Provider, parcel: Parcel, now: Callable[[], datetime]) -> None:
        self._provider, self._parcel, self._now = provider, parcel, now
        self._events: list[Event] = []

    def _note(self, event: str, outcome: str, detail: str) -> None:
        self._events.append(Event(utc_text(self._now()), event, outcome, detail))

    def look(self) -> Sighting:
        sighting = self._provider.look(self._parcel)
        self._note("look", sighting.presence, sighting.detail)
        return sighting

    def put(self) -> Sighting | Declined | Broken:
        try:
            put = self._provider.put(self._parcel)
        except (Declined, Broken) as error:
            self._note("put", type(error).__name__.lower(), str(error))
            return error
        self._note("put", "acknowledged", put.detail)
        return put

    def receipt(self, status: Verification, sighting: Sighting) -> Receipt:
        """A receipt with the provider's id if it has one, otherwise with the remote path."""
        return Receipt(
            provider=self._provider.name,
            delivered_at=utc_text(self._now()),
            remote_path="" if sighting.remote_object_id else self._parcel.remote_path,
            remote_object_id=sighting.remote_object_id,
            bytes=self._parcel.bytes,
            sha256=self._parcel.sha256,
            verification_status=status,
            recorded=self._provider.recorded,
            note=sighting.detail,
        )

    def completed(self, receipt: Receipt, slug: str = "", message: str = "") -> Delivery:
        return Delivery(True, slug, message, receipt, tuple(self._events))

    def remembered(self, receipt: Receipt) -> Delivery:
        """Complete with the earlier receipt, unchanged. The log contains what this run adds."""
        same = receipt.sha256 == self._parcel.sha256
        which = "this package" if same else f"another package, of SHA-256 {receipt.sha256},"
        words = f"{which} was delivered at {receipt.delivered_at} as the ledger's evidence says"
        self._note("ledger", "delivered",
                   f"{words}; nothing was sent, and the log of that delivery is not kept")
        return self.completed(receipt, BEFORE, words)

    def settled(self, sighting: Sighting, words: str) -> Delivery:
        """Complete with a receipt that names the person who decided."""
        self._note("ledger", "delivered", f"{words}; nothing was sent")
        receipt = replace(self.receipt(Verification.UNVERIFIED, sighting), note=words)
        return self.completed(receipt, SETTLED, words)

    def failed(self, slug: str, message: str, receipt: Receipt | None = None) -> Delivery:
        return Delivery(False, slug, message, receipt, tuple(self._events))
