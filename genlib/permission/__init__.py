"""May this person be contacted, through this channel, for this kind of message, at this instant -
and why.

Allowed only if the notice and the law in force both allow it. `decide` is the rule; `state_at`
reads the recorded acts as of an instant; `verdicts` judges past contacts (a `Judge`: batch by
batch), `find_acts` names the act of will behind each verdict and `reach` says who can be reached
now. Whole columns at once, without any key.
"""

from genlib.permission.acts import state_at
from genlib.permission.deciding import find_acts
from genlib.permission.reasons import REASONS, Reason
from genlib.permission.rule import CHANNELS, KINDS, decide
from genlib.permission.switches import Switches
from genlib.permission.verdicts import JUDGED, Judge, reach, verdicts

__all__ = [
    "CHANNELS",
    "JUDGED",
    "KINDS",
    "REASONS",
    "Judge",
    "Reason",
    "Switches",
    "decide",
    "find_acts",
    "reach",
    "state_at",
    "verdicts",
]
