"""The period of a schedule: an order with `schedule_cron` is due once in each, so the period is in
the task hash.

Cron times are UTC, so no hour is repeated or skipped. An order is due from the start of its period
until it completes or the next period starts. A late run counts for the period in which it runs. A
missed period is skipped, so a tenant is never charged for work that was not done in time.
"""
from datetime import UTC, datetime, timedelta


def period(schedule_cron: str, now: datetime) -> str:
    """The start of the period that contains `now` (aware), such as `2026-11-24T06:00Z`; empty
    without a schedule."""
    # One minute later, because the search excludes its start.
    after_now = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return _time(schedule_cron, after_now, reverse=True)


def next_period(schedule_cron: str, now: datetime) -> str:
    """The start of the period after the one that contains `now` (aware), in the same form; empty
    without a schedule."""
    return _time(schedule_cron, now.astimezone(UTC).replace(second=0, microsecond=0), reverse=False)


def _time(schedule_cron: str, start: datetime, *, reverse: bool) -> str:
    if not schedule_cron:
        return ""
    from cronsim import CronSim

    return next(CronSim(schedule_cron, start, reverse=reverse)).strftime("%Y-%m-%dT%H:%MZ")


def in_words(start: str, following: str) -> str:
    """A period as text for people; empty for an order without a schedule."""
    return f"period {start}, next {following}" if start else ""
