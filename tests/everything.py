"""A person with something in every table, and another whose values are in no answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from asking import add_person, add_rows

from genlib.register import audit, suppression, tombstones
from genlib.register.database import Register
from genlib.register.schema import table
from genlib.register.vault import IdentityKey
from genlib.rights.people import to_series

OWN, OTHER = 17, 23
TWIN = 18
"""A second row of the same person."""
BOUGHT = 40
"""Somebody who gave nothing: an address service sent the row."""
HOUSEMATE = 41
"""Somebody else at the address of the person."""
MOVED = dt.datetime(2026, 5, 5, 12, tzinfo=dt.UTC)
"""When the housemate forbade post."""
CROWD = range(50, 56)
"""So many that nobody is alone in a release."""
SPRING = dt.datetime(2026, 3, 4, 10, 5, tzinfo=dt.UTC)
SUMMER = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
MARKS = {OWN: "Ominainen", OTHER: "Vieraskas"}
"""Stands in every free text of a person."""


def fill(register: Register, key: IdentityKey, now: dt.datetime) -> None:
    """Campaigns, a survey, and rows of both people in every table."""
    _add_common(register)
    for number, mark in MARKS.items():
        _add_one(register, number, mark)
    add_person(register, TWIN, personal_id="010180-900T", family_name=f"{MARKS[OWN]}-Kaksonen")
    add_person(register, BOUGHT, source="ADDRESS_SERVICE")
    add_person(register, HOUSEMATE, street_address=f"{MARKS[OWN]}kuja 5", postal_code="00100")
    forbidden = {"act": "prohibition", "scope": "post", "given_at": MOVED}
    add_rows(register, "permission", {"id": 1, "customer_id": HOUSEMATE, **forbidden})
    for number in CROWD:
        add_person(register, number)
    with audit.told(register, key) as (connection, tell):
        suppression.hold(register, connection, key, to_series([OWN, OTHER, HOUSEMATE]), at=now)
        _add_records(connection)
        marks = tombstones.make_marks(register, key, [OWN])
        tombstones.add_tombstones(connection, 1, marks, SPRING)
        tell(audit.Event("customer_service", "find", 2, [OWN, 171], user="Virkailija", at=SPRING))
        tell(audit.Event("billing", "find", 1, [OTHER], user="Virkailija", at=SUMMER))


def _add_common(register: Register) -> None:
    day = SPRING.date()
    campaign = {"kind": "DM", "starts_on": day, "ends_on": day, "holdout_share": 0.1}
    add_rows(
        register,
        "campaign",
        {"id": 1, "code": "K1", "name": "Kevätkirje", "cost_cents": 987654, **campaign},
        {"id": 2, "code": "K2", "name": "Vieraskampanja", "cost_cents": 1, **campaign},
    )
    survey = {"kind": "satisfaction", "promise": "confidential", "opened_on": day}
    add_rows(register, "survey", {"id": 1, "code": "S1", "name": "Kevätkysely", **survey})
    question = {"survey_id": 1, "code": "nps", "scale": "nps_0_10", "text_fi": "Suosittelisitko?"}
    texts = {"text_sv": "Rekommenderar du?", "text_en": "Recommend?"}
    add_rows(register, "survey_question", {"id": 1, **question, **texts})
    processor = {"name": "Palvelin Oy", "service": "Hosting", "country": "FI", "contract": "H-1"}
    add_rows(register, "processor", {"id": 1, **processor})


def _add_one(register: Register, number: int, mark: str) -> None:
    own = {"customer_id": number, "id": number}
    codes = {OWN: "010180-900T", OTHER: "020280-901H"}
    company = {"id": number, "name": f"{mark} Oy", "business_id": f"900000{number}-1"}
    add_rows(register, "company", company)
    add_person(
        register,
        number,
        company_id=number,
        given_names=f"{mark} Aino",
        family_name=f"{mark}nen",
        street_address=f"{mark}kuja 5",
        postal_code="00100",
        personal_id=codes[number],
    )
    said = {"act": "prohibition", "scope": "post", "given_at": SPRING + dt.timedelta(days=number)}
    add_rows(register, "permission", own | said | {"evidence": f"{mark} 12", "received_via": "web"})
    sent = {"arm": "contacted", "sent_at": SUMMER, "bounced": False, "channel": "post"}
    campaign = 1 if number == OWN else 2
    add_rows(register, "campaign_contact", own | sent | {"campaign_id": campaign})
    billed = {"due_on": SUMMER.date(), "product_line": "device", "issued_on": SPRING.date()}
    bill = {"amount_cents": 123456 + number, "reference": f"77700{number}"}
    add_rows(register, "invoice", own | billed | bill)
    add_rows(register, "interaction", own | {"occurred_at": SPRING, "kind": "order"})
    invited = {"survey_id": 1, "channel": "email", "sent_at": SPRING, "delivered": True}
    add_rows(register, "survey_invitation", own | invited)
    answered = {"invitation_id": number, "question_id": 1, "score": 9}
    add_rows(register, "survey_answer", answered | {"comment": f"{mark} kiittää"})
    fed = {"received_at": SPRING, "channel": "email", "topic": "billing"}
    add_rows(register, "feedback", own | fed | {"comment": f"{mark} <moittii> & kysyy"})
    given = {"disclosed_at": SPRING, "country": "FI", "basis": "contract", "evidence": "PS-1"}
    why = {"purpose": "billing", "data_categories": "nimi", "recipient": f"{mark} Perintä Oy"}
    add_rows(register, "disclosure", {"id": number, **given, **why})
    add_rows(register, "disclosure_customer", {"disclosure_id": number, "customer_id": number})


def _add_records(connection: sa.Connection) -> None:
    """What the register itself writes of the people's rows."""
    for number, mark in MARKS.items():
        image = f'{{"id": {number}, "topic": "{mark}aihe"}}'
        rows: dict[str, dict[str, Any]] = {
            "follow_up": {"contact_id": number, "listed_at": SUMMER},
            "held_back": {
                "customer_id": number,
                "table": "permission",
                "column": "ended_at",
                "rule": f"{mark}_rule",
                "since": SUMMER,
            },
            "source_key": {
                "source": f"{mark}shop",
                "table": "customer",
                "key": f"{mark}key",
                "id": number,
                "run": 1,
            },
            "missing_row": {
                "feed": f"{mark}feed",
                "table": "invoice",
                "row_id": number,
                "since": SUMMER,
                "decision": "stays",
                "decided_at": SUMMER,
            },
            "refresh_row": {"run": 1, "table": "feedback", "row_id": number, "before": image},
        }
        for name, row in rows.items():
            connection.execute(table(name).insert().values(**row))
