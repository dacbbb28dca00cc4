"""The period of a schedule: an order with `schedule_cron` is due once in each, so the period is in the task hash.

Cron times are UTC: no hour of the year comes twice or is left out, whatever clocks people live by. An order is due from
the moment its period begins until it has completed in it or the next one begins. A run that comes late is for the
period it runs in; a period that went by whole is not made up for, and a tenant is never charged for work that was not
done in time.
"""
from datetime import UTC, datetime, timedelta


def period(schedule_cron: str, now: datetime) -> str:
    """The start of the period that `now` (aware) lies in, as `2026-11-24T06:00Z`; empty without a schedule."""
    after_now = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)  # the search is exclusive
    return _time(schedule_cron, after_now, reverse=True)


def next_period(schedule_cron: str, now: datetime) -> str:
    """The start of the period after the one that `now` (aware) lies in; empty without a schedule."""
    return _time(schedule_cron, now.astimezone(UTC).replace(second=0, microsecond=0), reverse=False)


def _time(schedule_cron: str, start: datetime, *, reverse: bool) -> str:
    if not schedule_cron:
        return ""
    from cronsim import CronSim

    return next(CronSim(schedule_cron, start, reverse=reverse)).strftime("%Y-%m-%dT%H:%MZ")


def in_words(start: str, following: str) -> str:
    """A period as people read it, or nothing for an order without one."""
    return f"period {start}, next {following}" if start else ""
