"""Profiles of the property tests: fixed seeds by default, more examples with `deep`.

What a test writes does not depend on how the terminal around it is declared.
"""

import os
import signal
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("deep", settings.get_profile("default"), max_examples=5_000)
settings.load_profile("default")

for variable in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
    os.environ.pop(variable, None)

# No test reads or fills the cache of whoever runs it.
_CACHE = tempfile.TemporaryDirectory(prefix="tellverify-tests-")
os.environ["XDG_CACHE_HOME"] = _CACHE.name


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Processes of the test heed INT and HUP, also where the tests run under `nohup` or with `&`.

    A process inherits what its parent ignores, and the tool leaves an ignored signal ignored.
    """
    defaults = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
