"""The files that are handed to a person, and the receipt of what was decided: whole on the disk
before the decision is kept.

Example: rights/5/ holds answer.html, answer.json and receipt.json with the digests of both. Whoever
is stopped before the decision runs the same command again, and the same names hold the new files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genlib.atomic import replacing
from genlib.notice import Notice
from genlib.private import make_common, remove
from genlib.register.vault import PseudonymKey
from genlib.rights import codes
from genlib.rights.copies import find_folder
from genlib.rights.requests import Case

RECEIPT = "receipt.json"
COMPLAINT = "Data Protection Ombudsman, tietosuoja.fi (GDPR 77)"
LAWS = {"inspection": "GDPR 15", "correction": "GDPR 16", "portability": "GDPR 20"}
"""Of kinds whose decision names no narrower one."""


@dataclass(frozen=True)
class Office:
    """Where answers are written and what they tell of: the folder (`home`) that the workbenches
    have in common, the `reports`, the `releases`, and the notice. `pseudonym`: the key that links
    coded copies, if whoever answers holds it."""

    home: Path
    reports: Path
    releases: Path
    notice: Notice
    pseudonym: PseudonymKey | None = None

    def find_folder(self, number: int) -> Path:
        """Where the files of a request lie."""
        return find_folder(self.home, number)


@dataclass(frozen=True)
class Decision:
    """What is decided of a request: the code, the ground if something is left out, and counts and
    codes of what is given."""

    code: str
    ground: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


def hand_over(
    case: Case,
    people: Sequence[int],
    office: Office,
    decision: Decision,
    files: Mapping[str, str],
) -> None:
    """Write the files and their receipt, for their owner only, then keep the decision. What lay
    there before goes: after a backup was restored a number comes again, of somebody else."""
    folder = office.find_folder(case.request.id)
    remove(folder)
    access = make_common(folder)
    contents = {name: text.encode() for name, text in files.items()}
    receipt = _make_receipt(case, decision, contents)
    for name, content in (*contents.items(), (RECEIPT, receipt)):
        with replacing(folder / name, access) as file:
            file.write(content)
    case.decide(decision.code, people, ground=decision.ground, detail=decision.detail)


def _make_receipt(case: Case, decision: Decision, files: Mapping[str, bytes]) -> bytes:
    request = case.request
    laws = [LAWS[request.kind]]
    if decision.ground:
        laws.append(codes.REFUSAL_GROUNDS[decision.ground].law)
    counts = {name: value for name, value in decision.detail.items() if name != "law"}
    receipt = {
        "request": request.id,
        "kind": request.kind,
        "received_at": request.received_at,
        "identity_check": request.identity_check,
        "decision": decision.code,
        "ground": decision.ground or None,
        "law": laws,
        "decided_at": case.officer.now,
        **counts,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "complaint": COMPLAINT,
    }
    return encode_receipt(receipt)


def encode_receipt(receipt: Mapping[str, Any]) -> bytes:
    """A receipt as it stands in its file."""
    return (json.dumps(receipt, indent=1, default=str) + "\n").encode()
