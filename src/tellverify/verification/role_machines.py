"""The machines of the roles of a protocol with timeouts, for those who show them."""

from __future__ import annotations

from tellverify.search.timed_machines import TimedMachine as TimedMachine
from tellverify.search.timed_machines import TimedMove as TimedMove
from tellverify.search.timed_machines import timed_machine as timed_machine
