"""Pages that follow from the program are up to date, and pages about CI say what there is."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tellverify.report.html import write_html
from tellverify.report.kinds import KINDS
from tellverify.verdict.run import Run

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROOT = DOCS.parent
PAGES = sorted([*DOCS.glob("ci/*.md"), DOCS / "reports.md"])


def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["certificates.md", "cli.md", "codes.md", "tellverify.1"])
def test_a_generated_page_is_up_to_date(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == build().PAGES[name](), "`python docs/build.py` writes the pages anew"


def test_each_proof_says_what_it_is_about() -> None:
    """Our rendering under a real id, and where it differs from the file of that id."""
    found = build()
    folders = [path.parent for path in (ROOT / "proofs").rglob("*.json")]
    for folder in dict.fromkeys(folders):
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert text == found.proof_page(folder), "`python docs/build.py` writes the pages anew"
        assert "our rendering" in " ".join(text.split())
    files = {path.name for path in (ROOT / "specs").glob("*.tell")}
    assert set(found.renderings()) <= files


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_the_manual_page_is_well_formed() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z", str(DOCS / "tellverify.1")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_yaml_is_yaml(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yaml.safe_load(block)
    for kind in re.findall(r"--report ([a-z]+)=", text):
        assert kind in KINDS
    assert len(text.splitlines()) < 200


def test_the_pages_name_inputs_that_the_action_has() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    text = (DOCS / "ci" / "github.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for step in re.findall(r"tellverify@\S+\n\s+with:\n((?:\s{10,}\S.*\n)+)", block):
            for name in re.findall(r"^\s{10}([a-z-]+):", step, re.MULTILINE):
                assert name in action["inputs"], name
    for name in (*action["inputs"], *action["outputs"]):
        assert f"`{name}`" in text, name


def test_the_glossary_has_the_terms_of_reports_in_their_order() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    names = re.findall(r'^<a id="[a-z-]+"></a>\*\*([a-z -]+)\*\*: ', text, re.MULTILINE)
    assert names == sorted(set(names), key=lambda name: name.replace(" ", "-"))
    page = write_html(Run((), (), (), 4, "nothing was checked"), {})
    told = re.findall(r"<dt>(?:<[^>]*>)?([a-z ]+)<", page[page.index('id="words"') :])
    assert {"proved", "run", "machine", "vacuous"} <= set(told)
    # Queues and counterexamples have other names there.
    assert set(told) - {"queue", "counterexample"} <= set(names)
