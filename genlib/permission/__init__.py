"""May this person be contacted, through this channel, for this kind of message, at this instant - and why.

Allowed only if the notice and the law in force both allow it. `decide` is the rule; `state_at` reads the recorded acts as of an instant;
`verdicts` judges past contacts and `reach` says who can be reached now. Everything is Polars, whole columns at once, and needs no key.
"""

from genlib.permission.acts import state_at
from genlib.permission.reasons import REASONS, Reason
from genlib.permission.rule import CHANNELS, KINDS, decide
from genlib.permission.switches import Switches
from genlib.permission.verdicts import reach, verdicts

__all__ = ["CHANNELS", "KINDS", "REASONS", "Reason", "Switches", "decide", "reach", "state_at", "verdicts"]
