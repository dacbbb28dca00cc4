"""The delivery flow as a table: what the provider knows before, what the upload says, what it knows after."""
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from platform.delivery.flow import KnownDelivery, deliver
from platform.delivery.receipt import receipt_of
from platform.ports.provider import Broken, Declined, Parcel, Presence, Sighting

THERE, ABSENT, DIFFERENT, UNKNOWN = Presence.THERE, Presence.ABSENT, Presence.DIFFERENT, Presence.UNKNOWN
TAKEN = Sighting(THERE, "taken")
BROKEN, DECLINED = Broken("the line went dead"), Declined("no such mailbox", "delivery_failed")


@dataclass
class Told:
    """A provider that says what it is told to, and counts."""

    before: Presence
    upload: Sighting | Exception
    after: Presence = UNKNOWN
    name: str = "told"
    recorded: bool = False
    puts: int = 0

    def look(self, parcel: Parcel) -> Sighting:
        return Sighting(self.after if self.puts else self.before, "looked")

    def put(self, parcel: Parcel) -> Sighting:
        self.puts += 1
        if isinstance(self.upload, Exception):
            raise self.upload
        return self.upload


def now() -> datetime:
    return datetime(2026, 11, 24, 10, tzinfo=UTC)


#  before     upload    after      completed  reason                            receipt says              puts
TABLE = [
    (THERE,     TAKEN,    THERE,     True,  "",                               "already_exists_verified", 0),
    (THERE,     BROKEN,   UNKNOWN,   True,  "",                               "already_exists_verified", 0),
    (ABSENT,    TAKEN,    THERE,     True,  "",                               "verified",                1),
    (ABSENT,    TAKEN,    UNKNOWN,   True,  "",                               "unverified",              1),
    (ABSENT,    TAKEN,    ABSENT,    False, "delivery_failed",                None,                      1),
    (ABSENT,    TAKEN,    DIFFERENT, False, "delivery_failed",                None,                      1),
    (ABSENT,    BROKEN,   THERE,     True,  "verified_after_transient_error", "verified",                1),
    (ABSENT,    BROKEN,   ABSENT,    False, "delivery_failed",                None,                      1),
    (ABSENT,    BROKEN,   DIFFERENT, False, "delivery_failed",                None,                      1),
    (ABSENT,    BROKEN,   UNKNOWN,   False, "unverified",                     "unverified",              1),
    (ABSENT,    DECLINED, UNKNOWN,   False, "delivery_failed",                None,                      1),
    (UNKNOWN,   TAKEN,    UNKNOWN,   True,  "",                               "unverified",              1),
    (UNKNOWN,   BROKEN,   UNKNOWN,   False, "unverified",                     "unverified",              1),
    (UNKNOWN,   BROKEN,   ABSENT,    False, "delivery_failed",                None,                      1),
    (DIFFERENT, TAKEN,    THERE,     True,  "",                               "verified",                1),
    (DIFFERENT, BROKEN,   DIFFERENT, False, "delivery_failed",                None,                      1),
]


@pytest.mark.parametrize(("before", "upload", "after", "completed", "reason", "status", "puts"), TABLE)
def test_a_delivery_says_only_what_is_known(parcel, before, upload, after, completed, reason, status, puts):
    provider = Told(before, upload, after)
    delivery = deliver(provider, parcel, now)
    said = delivery.receipt.verification_status if delivery.receipt else None
    assert (delivery.completed, delivery.reason_slug, said, provider.puts) == (completed, reason, status, puts)


def test_after_unverified_the_next_run_finds_it_and_sends_nothing(parcel):
    lost = Told(ABSENT, BROKEN, UNKNOWN)
    assert deliver(lost, parcel, now).reason_slug == "unverified"
    again = Told(THERE, TAKEN)
    assert deliver(again, parcel, now).completed
    assert again.puts == 0


@pytest.mark.parametrize(("before", "reason"), [(UNKNOWN, "unverified"), (ABSENT, "delivery_failed")])
def test_a_refusal_after_an_unverified_try_proves_nothing_unless_the_provider_can_tell(parcel, before, reason):
    delivery = deliver(Told(before, DECLINED), parcel, now, KnownDelivery(doubtful=True))
    assert (delivery.completed, delivery.reason_slug) == (False, reason)


@pytest.mark.parametrize(("before", "puts", "reason"), [(UNKNOWN, 0, "already_delivered"), (ABSENT, 1, ""),
                                                        (DIFFERENT, 1, ""), (THERE, 0, "")])
def test_a_receipt_of_before_stands_only_where_the_provider_cannot_tell(parcel, before, puts, reason):
    """Who can look and does not find it knows better than any receipt."""
    earlier = deliver(Told(UNKNOWN, TAKEN), parcel, lambda: datetime(2026, 11, 1, tzinfo=UTC)).receipt
    provider = Told(before, TAKEN, THERE)
    delivery = deliver(provider, parcel, now, KnownDelivery(delivered=earlier))
    assert (delivery.completed, delivery.reason_slug, provider.puts) == (True, reason, puts)
    assert (delivery.receipt == earlier) is (before is UNKNOWN)
    assert receipt_of(earlier.as_json()) == earlier


def test_a_declined_delivery_keeps_the_providers_reason(parcel):
    full = Declined("too large", "package_too_large_for_email")
    delivery = deliver(Told(ABSENT, full), parcel, now)
    assert (delivery.reason_slug, delivery.message) == ("package_too_large_for_email", "too large")


def test_the_log_tells_what_was_asked_and_answered(parcel):
    delivery = deliver(Told(ABSENT, BROKEN, THERE), parcel, now)
    assert [(event.event, event.outcome) for event in delivery.events] == [
        ("look", "absent"), ("put", "broken"), ("look", "there")]
    assert {event.at for event in delivery.events} == {"2026-11-24T10:00:00Z"}


def test_a_receipt_names_the_providers_id_or_the_path_and_no_empty_field(parcel):
    by_path = deliver(Told(ABSENT, TAKEN, THERE), parcel, now).receipt.as_json()
    assert by_path == {
        "provider": "told", "delivered_at": "2026-11-24T10:00:00Z", "remote_path": parcel.remote_path,
        "bytes": parcel.bytes, "sha256": parcel.sha256, "verification_status": "verified", "note": "taken"}
    by_id = deliver(Told(ABSENT, Sighting(UNKNOWN, "queued", "id-7"), UNKNOWN), parcel, now).receipt.as_json()
    assert by_id["remote_object_id"] == "id-7"
    assert "remote_path" not in by_id
