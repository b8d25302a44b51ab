"""A small register of contacts for a reviewer: customer 1 was written to twice without a consent, 2
once with one and once held out, 3 called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from small import LONG_AGO, Small


def contact(number: int, customer: int, month: int, **other: Any) -> dict[str, Any]:
    at = LONG_AGO.replace(year=2026, month=month, day=5)
    usual = {
        "arm": "contacted",
        "channel": "email",
        "sent_at": at,
        "delivered_at": at,
        "bounced": False,
    }
    return {"id": number, "campaign_id": month, "customer_id": customer, **usual, **other}


def write_contacts(home: Path) -> Small:
    made = Small(home).people(6)
    day = LONG_AGO.date()
    for month, name in ((9, "Syysetu"), (10, "Talvietu")):
        made.add(
            "campaign",
            {
                "id": month,
                "code": f"2026-{month}",
                "name": name,
                "kind": "DM",
                "starts_on": day.replace(year=2026, month=month),
                "ends_on": day.replace(year=2026, month=month),
                "holdout_share": 0.1,
                "cost_cents": 1,
            },
        )
    made.add(
        "permission",
        {"id": 1, "customer_id": 2, "act": "consent", "scope": "email", "received_via": "web"},
    )
    held = {"arm": "holdout", "sent_at": None, "delivered_at": None}
    made.add(
        "campaign_contact",
        contact(1, 1, 9),
        contact(2, 1, 10),
        contact(3, 2, 9),
        contact(4, 2, 10, **held),
        contact(5, 3, 10, channel="call"),
    )
    return made
