"""Door 2: what metrics hand over as `Cells` leaves as `ProtectedTable`s with a proof that no hidden
cell can be worked out."""

from genlib.disclosure.audit import exposed, intervals
from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Measure
from genlib.disclosure.counting import tabulate
from genlib.disclosure.ledger import Ledger
from genlib.disclosure.pattern import Pattern, verify
from genlib.disclosure.policy import Policy
from genlib.disclosure.population import Population
from genlib.disclosure.protect import protect
from genlib.disclosure.search import suppress
from genlib.disclosure.system import System, make_system
from genlib.disclosure.table import Protected, ProtectedTable, Shown

__all__ = [
    "PEOPLE",
    "Cells",
    "Dimension",
    "Ledger",
    "Measure",
    "Pattern",
    "Policy",
    "Population",
    "Protected",
    "ProtectedTable",
    "Shown",
    "System",
    "exposed",
    "intervals",
    "make_system",
    "protect",
    "suppress",
    "tabulate",
    "verify",
]
