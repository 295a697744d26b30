"""Profiles of the property tests: fixed seeds by default, more examples with `deep`.

What a test writes does not depend on how the terminal around it is declared.
"""

import os
import tempfile

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
