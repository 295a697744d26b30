"""`tellverify manifest`: what a runtime is told about a protocol, and whether a stored one fits."""

from __future__ import annotations

import click

from tellverify.admission.convergence import Sourced
from tellverify.admission.manifest import Manifest, Provenance
from tellverify.admission.manifest_file import (
    drift_findings,
    drifts,
    read_manifest,
    to_json,
)
from tellverify.cli.complaints import Stopped, complain, say
from tellverify.cli.exit import Exit
from tellverify.cli.policies import (
    load_policy,
    policy_option,
    policy_path_of,
    print_findings,
    protocols_under,
    sources_of,
)
from tellverify.diagnostics.wording import counted
from tellverify.report.escape import tame


@click.command("manifest")
@click.argument("file")
@policy_option
@click.option("--protocol", metavar="NAME", help="The protocol, in a file with several.")
@click.option("--json", "as_json", is_flag=True, help="The manifest as JSON, with provenance.")
@click.option("--check", "stored", metavar="M.json", help="Compare a stored manifest with FILE.")
def manifest(
    file: str, policy_path: str | None, protocol: str | None, as_json: bool, stored: str | None
) -> int:
    """Derive the composition manifest of a protocol from its source.

    The id, the plain capabilities and the determinism policy are from the policy, where there is
    one. Exit codes: 0 done, 1 the source has errors or the stored manifest differs, 2 wrong usage.
    """
    try:
        policy = load_policy(policy_path) if policy_path_of(policy_path) else None
        found, is_fine, _ = protocols_under(policy, [file], [file])
    except Stopped as stop:
        return stop.code
    if not is_fine:
        return Exit.REFUTED
    chosen = _chosen(found, protocol)
    if chosen is None:
        complain("there is no such protocol" if protocol else "the file has no protocol")
        return Exit.NOTHING_SELECTED
    derived = chosen.derived
    sources = sources_of([derived], policy)
    if derived.diagnostics:
        print_findings(derived.diagnostics, sources, err=True)
        return Exit.REFUTED
    if stored is None:
        click.echo(
            to_json(derived) if as_json else _text(derived.manifest, derived.provenance), nl=False
        )
        return Exit.OK
    kept = read_manifest(stored)
    if not isinstance(kept, Manifest):
        say([kept], {})
        return Exit.USAGE
    differing = drifts(kept, derived)
    if as_json:
        import msgspec

        rows = [
            {"field": d.field, "kind": d.kind, "missing": d.missing, "extra": d.extra}
            for d in differing
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        print_findings(drift_findings(differing, derived), sources)
        fields = counted(len(differing), "field")
        said = f"differs from its source in {fields}" if differing else "is that of its source"
        click.echo(f"{tame(stored)} {said}")
    return Exit.REFUTED if differing else Exit.OK


def _chosen(found: list[Sourced], name: str | None) -> Sourced | None:
    for one in found:
        manifest = one.derived.manifest
        if name in (None, manifest.protocol_name, manifest.protocol_qualified_name):
            return one
    return None


def _text(manifest: Manifest, provenance: tuple[Provenance, ...]) -> str:
    """Every field with its entries, and behind each entry where it is from."""
    places: dict[tuple[str, str], str] = {}
    for one in provenance:
        if one.line:
            places.setdefault((one.field, one.entry), f"{one.path}:{one.line}")

    def row(field: str, title: str, entry: str, shown: str = "") -> str:
        place = places.get((field, entry), "")
        return f"{title:<36} {tame(shown or entry):<44} {tame(place)}".rstrip()

    def listed(field: str, entries: tuple[str, ...]) -> list[str]:
        if not entries:
            return [f"{field:<36} -"]
        return [row(field, field if i == 0 else "", entry) for i, entry in enumerate(entries)]

    lines = []
    for field, text in (
        ("protocol_name", manifest.protocol_name),
        ("protocol_namespace", manifest.protocol_namespace or "-"),
        ("protocol_qualified_name", manifest.protocol_qualified_name),
        ("protocol_id", manifest.protocol_id),
    ):
        lines.append(row(field, field, text))
    lines += listed("role_names", manifest.role_names)
    lines += listed("required_capabilities", manifest.required_capabilities)
    for pack in manifest.theorem_packs:
        words = [pack.name, *([pack.version] if pack.version else [])]
        words += [pack.issuer] if pack.issuer else []
        words += [f"constraint {one}" for one in pack.constraints]
        lines.append(row("theorem_packs", "theorem_packs", pack.name, ", ".join(words)))
        for key in pack.capabilities:
            lines.append(row("theorem_packs", "", f"{pack.name}.{key}", f"  {key}"))
    if not manifest.theorem_packs:
        lines.append(f"{'theorem_packs':<36} -")
    lines += listed("required_theorem_packs", manifest.required_theorem_packs)
    lines += listed(
        "required_theorem_pack_capabilities", manifest.required_theorem_pack_capabilities
    )
    lines += listed("guard_capabilities", manifest.guard_capabilities)
    lines.append(
        row(
            "determinism_policy_ref",
            "determinism_policy_ref",
            manifest.determinism_policy_ref or "-",
        )
    )
    specs = [
        f"{link.role}: {link.bundle_id} exports {', '.join(link.exports) or '-'}"
        f" imports {', '.join(link.imports) or '-'}"
        for link in manifest.link_specs
    ]
    linked = [f"{one.path}:{one.line}" for one in provenance if one.field == "link_specs"]
    for index, spec in enumerate(specs):
        title = "link_specs" if index == 0 else ""
        lines.append(f"{title:<36} {tame(spec)}  {tame(linked[index])}")
    if not specs:
        lines.append(f"{'link_specs':<36} -")
    lines.append(f"{'delegation_constraints':<36} -")
    return "\n".join(lines) + "\n"
