"""The steps of the action and of the GitLab job, run in a shell on a scratch project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = ROOT / "tests" / "golden" / "protocols"
GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n  B -> A : Pong\n"
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that sees the libraries of this one, but has no tellverify of its own."""
    folder = tmp_path_factory.mktemp("kit") / "venv"
    venv.create(folder, with_pip=True)
    packages = sysconfig.get_path("purelib")
    (target,) = folder.glob("lib/python*/site-packages")
    (target / "libraries.pth").write_text(f"{packages}\n", encoding="utf-8")
    return folder / "bin"


def steps() -> list[dict[str, object]]:
    """The steps of the composite action."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    for output in action["outputs"].values():
        assert re.fullmatch(r"\$\{\{ steps\.check\.outputs\.[a-z-]+ \}\}", output["value"])
    found: list[dict[str, object]] = action["runs"]["steps"]
    return found


def run_step(
    step: dict[str, object], folder: Path, programs: Path, inputs: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """One step as the runner does it: `env` with expressions replaced, then bash with `-e`."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    values = {f"inputs.{name}": str(one["default"]) for name, one in action["inputs"].items()}
    values |= {f"inputs.{name}": value for name, value in inputs.items()}
    values["github.action_path"] = str(ROOT)
    given = step["env"]
    assert isinstance(given, dict)
    environment = {
        name: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text)
        for name, text in given.items()
    }
    script = step["run"]
    assert isinstance(script, str) and "${{" not in script
    assert step["shell"] == "bash" and BASH is not None
    return subprocess.run(
        [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env={
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONIOENCODING": "utf-8",
            **{key: value for key, value in os.environ.items() if key.startswith("PIP_")},
            "GITHUB_OUTPUT": str(folder / "output.txt"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            **environment,
        },
    )


@pytest.fixture(scope="module")
def installed(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment after the first step of the action."""
    done = run_step(steps()[0], tmp_path_factory.mktemp("install"), programs, {})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tellverify ")
    return programs


def outputs(folder: Path) -> dict[str, str]:
    lines = (folder / "output.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_action_reports_and_fails(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(PROTOCOLS, tmp_path / "my protocols")
    (tmp_path / "summary.md").write_text("earlier\n", encoding="utf-8")
    done = run_step(steps()[1], tmp_path, installed, {"paths": "my protocols\n"})
    assert done.returncode == 1, done.stderr
    assert "::error file=my protocols/escrow.tell," in done.stdout
    found = outputs(tmp_path)
    assert found["exit-code"] == "1"
    log = json.loads((tmp_path / found["sarif"]).read_text(encoding="utf-8"))
    assert log["version"] == "2.1.0"
    run = json.loads((tmp_path / found["json"]).read_text(encoding="utf-8"))
    assert run["exitCode"] == 1
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("earlier\n<!-- tellverify:report:default -->")
    assert list((tmp_path / found["evidence"]).rglob("*.itf.json"))


def test_the_action_passes_arguments_and_may_go_on(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "good.tell").write_text(GOOD, encoding="utf-8")
    inputs = {"arguments": "--property\nno-deadlock", "fail": "false"}
    done = run_step(steps()[1], tmp_path, installed, inputs)
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / outputs(tmp_path)["json"]).read_text(encoding="utf-8"))
    names = [one["property"] for protocol in run["protocols"] for one in protocol["verdicts"]]
    assert names == ["no-deadlock"]
    wrong = run_step(steps()[1], tmp_path, installed, {"arguments": "--nonsense", "fail": "false"})
    assert wrong.returncode == 0
    assert outputs(tmp_path)["exit-code"] == "2"


def test_inputs_are_no_shell_code(installed: Path, tmp_path: Path) -> None:
    inputs = {"paths": '$(touch broken); "; touch broken #', "fail": "true"}
    done = run_step(steps()[1], tmp_path, installed, inputs)
    assert done.returncode == 1
    assert not (tmp_path / "broken").exists()


def test_a_path_is_no_option_and_no_comment_of_a_change_counts(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.tell").write_text(GOOD, encoding="utf-8")
    (tmp_path / "tellverify.toml").write_text("[bounds]\nqueue = 1\n", encoding="utf-8")
    done = run_step(steps()[1], tmp_path, installed, {"paths": "--exit-zero\ngood.tell"})
    assert done.returncode == 1
    assert "--exit-zero" in done.stdout
    assert "`--strict` uses the default" in done.stdout


@pytest.mark.parametrize("link", ["tellverify-reports", "tellverify-reports/tellverify.sarif"])
def test_no_link_of_the_repository_leads_a_report_elsewhere(tmp_path: Path, link: str) -> None:
    """Stops before the check: nothing is installed for it."""
    target = tmp_path / "profile"
    target.write_text("mine")
    (tmp_path / "tree" / link).parent.mkdir(parents=True)
    (tmp_path / "tree" / link).symlink_to(target)
    done = run_step(steps()[1], tmp_path / "tree", tmp_path, {})
    assert (done.returncode, target.read_text()) == (2, "mine")
    assert "below a link" in done.stdout


@pytest.mark.parametrize(
    "reports", ["out", "out/", "out//", "out/.", "out/a", "./out/a/b", "HERE/out/a"]
)
def test_no_link_around_the_folder_of_the_reports_leads_them_elsewhere(
    tmp_path: Path, reports: str
) -> None:
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    tree.mkdir()
    elsewhere.mkdir()
    (tree / "out").symlink_to(elsewhere)
    inputs = {"reports": reports.replace("HERE", str(tree))}
    done = run_step(steps()[1], tree, tmp_path, inputs)
    assert (done.returncode, list(elsewhere.iterdir())) == (2, [])
    assert "below a link" in done.stdout


def test_a_folder_of_reports_outside_of_the_tree_may_be_below_a_link(tmp_path: Path) -> None:
    """As the temporary folder of some systems is; no change under review has made that link."""
    tree, real = tmp_path / "tree", tmp_path / "real"
    tree.mkdir()
    real.mkdir()
    (tmp_path / "temporary").symlink_to(real)
    inputs = {"reports": f"{tmp_path}/temporary/reports", "commands": "none"}
    done = run_step(steps()[1], tree, tmp_path, inputs)
    assert "below a link" not in done.stdout
    assert (real / "reports").is_dir()


JOB = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))["tellverify"]


def gitlab(
    folder: Path, programs: Path | None = None, shell: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the last step of the GitLab job in a folder, in bash as GitLab does by default."""
    assert BASH is not None
    words = [shell, "-e"] if shell else [BASH, "-e", "-o", "pipefail"]
    path = [str(programs)] if programs is not None else []
    return subprocess.run(
        [*words, "-c", JOB["script"][-1]],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env={
            "PATH": os.pathsep.join([*path, os.environ["PATH"]]),
            "PYTHONIOENCODING": "utf-8",
            **JOB["variables"],
            **variables,
        },
    )


def test_no_link_leads_a_report_of_the_gitlab_job_elsewhere(tmp_path: Path) -> None:
    """Links are removed, also below the folder of the evidence; nothing is installed for this."""
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    (tree / "tellverify-evidence" / "deep").mkdir(parents=True)
    elsewhere.mkdir()
    links = ["tellverify.html", "tellverify-evidence/P", "tellverify-evidence/deep/x.json"]
    for link in links:
        (tree / link).symlink_to(elsewhere)
    (tree / "tellverify-evidence" / "kept.json").write_text("{}")
    done = gitlab(tree, TELL_COMMANDS="none")
    assert done.returncode == 2
    assert not any((tree / link).is_symlink() for link in links)
    assert (tree / "tellverify-evidence" / "kept.json").exists() and elsewhere.is_dir()


def test_no_module_of_the_repository_is_run_in_place_of_pip() -> None:
    """`python -m` looks in the working folder first, unless it is told not to."""
    for name in ("action.yml", "ci/gitlab.yml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.count("python -P -m pip") == text.count(" pip install") > 0


def test_the_gitlab_job_writes_its_reports(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(PROTOCOLS, tmp_path / "my protocols")
    paths = "my protocols\n$(touch broken)*"
    asked = {"TELL_PATHS": paths, "TELL_ARGUMENTS": "--require bounded", "TELL_STRICT": "false"}
    done = gitlab(tmp_path, installed, **asked)
    assert done.returncode == 1, done.stderr
    assert not (tmp_path / "broken").exists()
    for kind in ("junit", "codequality"):
        assert (tmp_path / JOB["artifacts"]["reports"][kind]).stat().st_size > 0
    for path in JOB["artifacts"]["paths"]:
        assert (tmp_path / path).exists()


OTA = (ROOT / "specs" / "ota_activation.tell").read_text("utf-8")
FACTS = (
    '#[domain_fact(type_id = "t", schema_version = 1)]\n'
    "pub enum NoteFact { Sent { at: PhysicalTime } }\n"
)
COMMANDS = "check lint admit accept facts"


def tree(folder: Path) -> None:
    """Two protocols, of which the configuration includes one, and facts in Rust."""
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    (folder / "in" / "ota.tell").write_text(OTA, encoding="utf-8")
    (folder / "in" / "facts.rs").write_text(FACTS, encoding="utf-8")
    race = ROOT / "counterexamples" / "race_of_senders.tell"
    shutil.copy(race, folder / "out" / "race.tell")
    text = 'include = ["in/*.tell"]\npolicy = "aura"\nexclude = ["out"]\n'
    (folder / "tellverify.toml").write_text(text, encoding="utf-8")


def test_the_action_runs_the_commands_as_configured(installed: Path, tmp_path: Path) -> None:
    tree(tmp_path)
    inputs = {"commands": COMMANDS, "strict": "false"}
    done = run_step(steps()[1], tmp_path, installed, inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("1 admitted", "1 accepted", "`NoteFact` version 1"):
        assert said in done.stdout
    (tmp_path / "in" / "facts.rs").write_text(FACTS.replace("= 1", "= X"), encoding="utf-8")
    done = run_step(steps()[1], tmp_path, installed, {**inputs, "fail": "false"})
    assert done.returncode == 0
    assert outputs(tmp_path)["exit-code"] == "1"
    done = run_step(steps()[1], tmp_path, installed, {**inputs, "commands": "check push"})
    assert done.returncode == 2
    assert "::error::" in done.stdout


def test_the_gitlab_job_runs_the_commands_as_configured(installed: Path, tmp_path: Path) -> None:
    tree(tmp_path)
    for shell, text, code in (("", FACTS, 0), ("sh", FACTS.replace("= 1", "= X"), 1)):
        (tmp_path / "in" / "facts.rs").write_text(text, encoding="utf-8")
        done = gitlab(tmp_path, installed, shell, TELL_COMMANDS=COMMANDS, TELL_STRICT="false")
        assert done.returncode == code, done.stdout + done.stderr
        assert "1 admitted" in done.stdout
        assert "1 accepted" in done.stdout


BREAKS = GOOD.replace("Ping", "Probe")
WIDENS = (
    "protocol Good =\n  roles A, B\n  choice A at\n    | Ping =>\n        A -> B : Ping\n"
    "        B -> A : Pong\n    | Stop =>\n        A -> B : Stop\n"
)


def repository(folder: Path, now: str) -> None:
    """A work tree whose only protocol differs from the commit."""
    (folder / "good.tell").write_text(GOOD, encoding="utf-8")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)
    (folder / "good.tell").write_text(now, encoding="utf-8")


@pytest.mark.parametrize(("now", "code", "verdict"), [(BREAKS, 1, "major"), (WIDENS, 0, "minor")])
def test_the_action_compares_with_a_revision(
    installed: Path, tmp_path: Path, now: str, code: int, verdict: str
) -> None:
    repository(tmp_path, now)
    inputs = {"compare-against": "HEAD", "base": "HEAD"}
    done = run_step(steps()[1], tmp_path, installed, inputs)
    assert done.returncode == code, done.stdout + done.stderr
    run = json.loads((tmp_path / outputs(tmp_path)["json"]).read_text(encoding="utf-8"))
    (found,) = run["versions"]["protocols"]
    assert (run["versions"]["against"], found["verdict"]) == ("HEAD", verdict)
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "Versions against `HEAD`" in summary
    unknown = {**inputs, "compare-against": "--output=broken", "fail": "false"}
    run_step(steps()[1], tmp_path, installed, unknown)
    assert outputs(tmp_path)["exit-code"] == "2"
    assert not (tmp_path / "broken").exists()


@pytest.mark.parametrize(("now", "code"), [(BREAKS, 1), (WIDENS, 0)])
def test_the_gitlab_job_compares_with_a_revision(
    installed: Path, tmp_path: Path, now: str, code: int
) -> None:
    repository(tmp_path, now)
    done = gitlab(tmp_path, installed, TELL_COMPARE_AGAINST="HEAD")
    assert done.returncode == code, done.stdout + done.stderr
    assert f"against HEAD: {'major' if code else 'minor'}" in done.stdout


@pytest.mark.parametrize(("strict", "code"), [({}, 1), ({"TELL_STRICT": "false"}, 0)])
@pytest.mark.parametrize("base", ["TELL_BASE", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_COMMIT_SHA"])
def test_no_merge_request_asks_the_gitlab_job_for_less(
    installed: Path, tmp_path: Path, strict: dict[str, str], code: int, base: str
) -> None:
    stuck = (ROOT / "counterexamples" / "stuck_after_stop.tell").read_text("utf-8")
    repository(tmp_path, stuck.partition("\n")[2])
    for name in ("no-stuck-role", "can-terminate"):
        with (tmp_path / "tellverify.toml").open("a", encoding="utf-8") as file:
            file.write(f'require.{name} = "nothing"\n')
    done = gitlab(tmp_path, installed, **{base: "HEAD"}, **strict)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(("now", "code"), [(BREAKS, 1), (WIDENS, 0)])
def test_the_hook_compares_with_the_last_commit(tmp_path: Path, now: str, code: int) -> None:
    repository(tmp_path, now)
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (hook,) = (one for one in hooks if one["id"] == "tellverify-compare")
    assert not hook["pass_filenames"]
    command = [sys.executable, "-m", *hook["entry"].split(), *hook["args"]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr


def test_the_hooks_are_commands_there_are() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        words = [*hook["entry"].split(), *hook.get("args", []), "--help"]
        assert words[0] == "tellverify"
        command = [sys.executable, "-m", *words]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
