"""A certificate in a file: whether its source is still the same, and whether it holds.

Apart from traces, which rest on nothing of it.
"""

from __future__ import annotations

from tellverify.evidence import certificate as listed
from tellverify.evidence.recheck.coherence import check_certificate
from tellverify.evidence.recheck.every_size import every_size_of
from tellverify.evidence.recheck.evidence_files import check_sources, load


def recheck_certificate(path: str) -> str:
    """What a certificate shows, in words. Raises Rejected."""
    found = load(path, listed.Certificate, listed.CERTIFICATE_SCHEMA, listed.write_certificate)
    check_sources(path, [(found.source, found.sha256), *found.imported], found.protocol)
    check_certificate(found)
    if found.every:
        members = [member for group in found.every for member in group]
        word = "member" if len(members) == 1 else "members"
        sizes = every_size_of(found.every, found.instances)
        return f"implementable for {sizes} (graph), by generic {word} {', '.join(members)}"
    names = [part.instance for part in found.instances if part.instance]
    return "implementable" + (f" for {'; '.join(names)}" if names else "")
