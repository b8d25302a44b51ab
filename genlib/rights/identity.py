"""When somebody's identity must be known before a request is carried out, and why.

The notice asks for it before data is given (clause 9), and before a correction where it is needed
(clause 10): where an answer or an address would go to whoever asks, or nothing can be undone. What
only lessens the use of data - a restriction, an objection - needs none.
"""

from __future__ import annotations

from collections.abc import Collection

from genlib.errors import Refused
from genlib.rights.requests import Request

REACHING = {"personal_id", "phone", "email", "street_address", "postal_code", "country"}
"""Whoever changes one of these receives what is meant for another."""


def find_rule(kind: str, columns: Collection[str] = ()) -> str:
    """Why a request of this kind, for a correction of these columns, needs an identity check: the
    rule's code, or nothing."""
    if kind in {"inspection", "portability"}:
        return "data_is_given"
    if kind == "erasure":
        return "cannot_be_undone"
    if kind == "correction" and REACHING & set(columns):
        return "address_changes"
    return ""


def check_identity(request: Request, columns: Collection[str] = ()) -> str:
    """The rule that made a check necessary, if any; Refused while the check is missing or did not
    confirm who asks."""
    rule = find_rule(request.kind, columns)
    if rule and request.identity_result is None:
        raise Refused(
            f"request {request.id} needs an identity check first ({rule}): genlib subject "
            f"identify {request.id} --by MEANS"
        )
    if rule and request.identity_result != "confirmed":
        raise Refused(
            f"request {request.id}: identity was not confirmed, so nothing is given or changed; "
            f"check it again, or refuse it: genlib subject refuse {request.id} --ground "
            "unidentified"
        )
    return rule
