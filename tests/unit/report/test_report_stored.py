"""Stored runs: read back without loss, refused when damaged or when they contradict themselves."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from report_samples import RUN, SOURCES

from tellverify.obligations.options import Options
from tellverify.report.html import write_html
from tellverify.report.kinds import KINDS, writer
from tellverify.report.run_file import StoredError, write_json
from tellverify.report.stored_run import read_run
from tellverify.verdict.run import Run
from tellverify.verification.drawings import with_drawings
from tellverify.verification.pipeline import Checked, check_paths, check_text

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden" / "expected" / "run.json"

PROTOCOL = """\
protocol Offer =
  roles Buyer, Seller, Courier
  choice Buyer at
    | Order =>
        Buyer -> Seller : Order
        Seller -> Courier : Parcel
    | Cancel =>
        Buyer -> Seller : Cancel
"""


def _drawn(checked: Checked) -> Run:
    return with_drawings(checked.run, checked.graphs)


def _again(text: str) -> str:
    stored = read_run(text.encode())
    return write_json(stored.run, stored.sources)


def test_the_golden_run_is_written_again_byte_for_byte() -> None:
    text = GOLDEN.read_text(encoding="utf-8")
    assert _again(text) == text


def test_a_run_made_by_hand_without_texts_keeps_its_places() -> None:
    text = write_json(RUN, SOURCES)
    stored = read_run(text.encode())
    assert set(stored.missing) == {one.path for one in RUN.inputs}
    assert write_json(stored.run, stored.sources) == text


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_format_of_a_stored_run_is_that_of_the_run(kind: str) -> None:
    checked = check_paths(
        [str(ROOT / "counterexamples" / "unknown_choice.tell")], Options(draw=True)
    )
    run = _drawn(checked)
    stored = read_run(write_json(run, checked.sources).encode())
    assert writer(kind)(stored.run, stored.sources) == writer(kind)(run, checked.sources)


@pytest.mark.parametrize("folder", ["counterexamples", "specs"])
def test_all_protocols_of_the_repository(folder: str) -> None:
    checked = check_paths([str(ROOT / folder)], Options(draw=True))
    text = write_json(_drawn(checked), checked.sources)
    assert _again(text) == text


def test_generated_protocols() -> None:
    for seed in range(150):
        checked = check_text(_random_text(random.Random(seed)), Options(draw=True))
        text = write_json(_drawn(checked), checked.sources)
        assert _again(text) == text, f"seed {seed}"


def _random_text(rng: random.Random) -> str:
    """A protocol with a choice, now and then with a fault in it."""
    roles = ["A", "B", "C", "D"][: rng.randint(2, 4)]
    lines = ["protocol P =", f"  roles {', '.join(roles)}"]
    decider = rng.choice(roles)
    lines.append(f"  choice {decider} at")
    for number in range(rng.randint(1, 3)):
        other = rng.choice([role for role in roles if role != decider])
        lines += [f"    | L{number} =>", f"        {decider} -> {other} : L{number}"]
        for step in range(rng.randint(0, 3)):
            sender, receiver = rng.sample(roles, 2)
            lines.append(f"        {sender} -> {receiver} : M{step}")
    if rng.random() < 0.2:
        lines.append("  Nobody -> A : Odd")
    return "\n".join(lines) + "\n"


def _value() -> dict[str, Any]:
    checked = check_text(PROTOCOL, Options(draw=True), "offer.tell")
    found: dict[str, Any] = json.loads(write_json(_drawn(checked), checked.sources))
    return found


def _refused(value: object) -> str:
    with pytest.raises(StoredError) as caught:
        read_run(json.dumps(value).encode())
    return str(caught.value)


def test_a_changed_status_contradicts_the_rest() -> None:
    value = _value()
    verdicts = value["protocols"][0]["verdicts"]
    bad = next(one for one in verdicts if one["outcome"]["status"] == "refuted")
    bad["outcome"]["status"] = "proved"
    assert "contradicts itself at `protocols[0]" in _refused(value)


def test_changed_counts_texts_and_places_are_noticed() -> None:
    value = _value()
    value["totals"]["proved"] += 1
    assert _refused(value) == "it contradicts itself at `totals.proved`"
    value = _value()
    value["inputs"][0]["text"] += " "
    assert "does not match its SHA-256" in _refused(value)
    value = _value()
    refuted = next(
        one["outcome"]
        for one in value["protocols"][0]["verdicts"]
        if "diagnostic" in one["outcome"]
    )
    refuted["diagnostic"]["primary"]["region"]["line"] = 99
    assert "has no line 99" in _refused(value)


def test_a_refutation_without_evidence_is_refused() -> None:
    value = _value()
    bad = next(v for v in value["protocols"][0]["verdicts"] if v["outcome"]["status"] == "refuted")
    del bad["outcome"]["evidence"]
    assert "not a run" in _refused(value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not"),
        (b"[]", "not a run"),
        (b'{"schema": "tellverify/run-9"}', "its schema is `tellverify/run-9`"),
        (b'{"schema": "tellverify/run-2"}', "not a run"),
        (b'{"schema": "tellverify/run-0"}', "its schema is `tellverify/run-0`"),
        (
            b'{"schema": "tellverify/run-1"}',
            "it is not a run: object missing required",
        ),
        (b"[" * 100_000, "no"),
    ],
)
def test_other_files_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(StoredError, match=reason):
        read_run(content)


def test_every_beginning_of_a_run_is_refused() -> None:
    text = GOLDEN.read_bytes()
    for length in range(0, len(text) - 2, 997):
        with pytest.raises(StoredError):
            read_run(text[:length])


def test_damaged_runs_are_refused_or_read_but_never_break() -> None:
    value = json.dumps(_value())
    for seed in range(300):
        rng = random.Random(seed)
        at = rng.randrange(len(value))
        piece = rng.choice(["", "0", "-1", '"', "null", "[]", "{}", "1e99", "true"])
        damaged = value[:at] + piece + value[at + rng.randint(0, 6) :]
        try:
            stored = read_run(damaged.encode())
        except StoredError:
            continue
        assert write_html(stored.run, stored.sources), f"seed {seed}"


def test_a_text_that_is_missing_is_read_from_its_file_if_it_is_the_same() -> None:
    value = _value()
    text = value["inputs"][0].pop("text")
    content = json.dumps(value).encode()
    assert hashlib.sha256(text.encode()).hexdigest() == value["inputs"][0]["sha256"]
    found = read_run(content, lambda path: text)
    assert not found.missing and found.sources["offer.tell"].text == text
    other = read_run(content, lambda path: text + "\n")
    assert other.missing == ("offer.tell",)
    assert "not available" in write_html(other.run, other.sources)
