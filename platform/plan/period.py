"""The period of a schedule: an order with `schedule_cron` is due once in each, so the period is in the task hash."""
from datetime import UTC, datetime, timedelta


def period(schedule_cron: str, now: datetime) -> str:
    """The start of the period that `now` lies in, as `2026-11-24T06:00Z`; empty without a schedule.

    Cron times are UTC. A period that went by while nobody ran is not made up for: the next run is for the period it
    runs in, and a tenant is never charged for work that was not done in time.
    """
    if not schedule_cron:
        return ""
    from cronsim import CronSim

    after_now = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)  # the search is exclusive
    return next(CronSim(schedule_cron, after_now, reverse=True)).strftime("%Y-%m-%dT%H:%MZ")
