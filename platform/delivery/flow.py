"""The delivery flow, written once for every provider: look, put, look again, and say only what is known.

    looked     put            looked again   outcome
    there      -              -              COMPLETED, already_exists_verified
    unknown    -              -              COMPLETED, already_delivered, where the ledger has a receipt (`delivered`)
    different  -              -              the same, where no record here says what was delivered (`lost`)
    else       -              -              COMPLETED, settled_as_arrived, where a person says so (`settled`)
    absent     not allowed    -              FAILED look_absent     } `look_only`: the caller decides what
    unknown    not allowed    -              FAILED look_unknown    } becomes of it, and nothing was sent
    else       acknowledged   there          COMPLETED, verified
    else       acknowledged   unknown        COMPLETED, unverified: the provider took it and nobody can look
    else       acknowledged   absent         FAILED delivery_failed
    else       broken         there          COMPLETED, verified, reason verified_after_transient_error
    else       broken         absent         FAILED delivery_failed
    else       broken         unknown        FAILED unverified: keeps its charge, the next run looks first
    else       declined       -              FAILED with the provider's reason; but `unverified` when the provider could
                                             not tell before either and an earlier try may have arrived (`doubtful`): a
                                             refund for this refusal would give back what that try may have delivered
    else       any            different      FAILED delivery_failed: what is there is an earlier package

A FAILED delivery is refundable exactly when non-delivery is certain; only `unverified` is not.
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
LOOK_ABSENT, LOOK_UNKNOWN = "look_absent", "look_unknown"  # of a look only; no record ever ends with them
# A certain refusal of one attempt says nothing about the one before it.
EARLIER = ("this attempt certainly delivered nothing, but an earlier try may have arrived, and the provider cannot say "
           "whether it did")
FAILED = "delivery_failed"
UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a delivery. `reason_slug` may stand on a completed one too (`AFTER_ERROR`, `BEFORE`)."""

    completed: bool
    reason_slug: str = ""
    message: str = ""
    receipt: Receipt | None = None  # None: certainly nothing was delivered
    events: tuple[Event, ...] = ()


def decide(after: Presence, broken: bool) -> tuple[Verification | None, str]:
    """Pure: what it means that an upload was acknowledged or broken, and what was seen after it.

    A verification status (None: certainly not delivered) and the reason slug.
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
    """What the ledger says before a try. `doubtful`: an earlier try of this delivery ended `unverified`, so that this
    one's failure alone proves nothing. `delivered`: the receipt of an earlier try that arrived, for a provider that
    cannot say so itself; `lost`: no record here says what was delivered then. `settled`: a person says that it arrived,
    in words. `look_only`: nothing may be sent."""

    doubtful: bool = False
    delivered: Receipt | None = None
    lost: bool = False
    settled: str = ""
    look_only: bool = False


NOTHING = KnownDelivery()


def deliver(
    provider: Provider, parcel: Parcel, now: Callable[[], datetime], known: KnownDelivery = NOTHING
) -> Delivery:
    """Deliver a parcel, at most once where the provider can tell. Never raises for what a provider does."""
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
        return talk.failed(LOOK_UNKNOWN if unknown else LOOK_ABSENT, f"{provider.name}: {before.detail}")
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
    """What was said between us and a provider about one parcel, as it happened."""

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
        """Under the provider's own id where it has one, and its path otherwise."""
        return Receipt(
            provider=self._provider.name, delivered_at=utc_text(self._now()),
            remote_path="" if sighting.remote_object_id else self._parcel.remote_path,
            remote_object_id=sighting.remote_object_id, bytes=self._parcel.bytes, sha256=self._parcel.sha256,
            verification_status=status, recorded=self._provider.recorded, note=sighting.detail)

    def completed(self, receipt: Receipt, slug: str = "", message: str = "") -> Delivery:
        return Delivery(True, slug, message, receipt, tuple(self._events))

    def remembered(self, receipt: Receipt) -> Delivery:
        """The receipt as it was: what this run knows beyond it stands in the log."""
        same = receipt.sha256 == self._parcel.sha256
        which = "this package" if same else f"another package, of SHA-256 {receipt.sha256},"
        told = f"{which} was delivered at {receipt.delivered_at} as the ledger's evidence says"
        self._note("ledger", "delivered", f"{told}; nothing was sent, and the log of then is not kept")
        return self.completed(receipt, BEFORE, told)

    def settled(self, sighting: Sighting, words: str) -> Delivery:
        """A receipt that says whose word it is."""
        self._note("ledger", "delivered", f"{words}; nothing was sent")
        receipt = replace(self.receipt(Verification.UNVERIFIED, sighting), note=words)
        return self.completed(receipt, SETTLED, words)

    def failed(self, slug: str, message: str, receipt: Receipt | None = None) -> Delivery:
        return Delivery(False, slug, message, receipt, tuple(self._events))
