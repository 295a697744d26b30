"""Faults of the workflows that comments of choreographies hold, without deciding them."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics.directives import UNREADABLE_DIRECTIVE
from tellverify.language.files.inputs import ReadFile
from tellverify.language.workspace import Workspace
from tellverify.obligations.options import Options
from tellverify.verdict.run import Input
from tellverify.verification.checked import FileResult
from tellverify.workflows.plan import file_plan
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.reading import commented_workflows


def comment_faults(
    files: Sequence[ReadFile], options: Options, confined: str = ""
) -> list[FileResult]:
    """A result for each file with a workflow that is unreadable or names something undeclared.

    The results have findings and no reports. Comments of no known form are left out, since the
    check of the file reports them. What phases name lies below the folder `confined`, unless that
    is empty.
    """
    found: list[FileResult] = []
    for file in files:
        for document, faults in commented_workflows(Workspace([file], options.dialect)):
            said = [one for one in faults if one.code is not UNREADABLE_DIRECTIVE]
            protocols = ProtocolFiles(document.path, (), options, confined=confined)
            said += [one for w in file_plan(document, protocols).workflows for one in w.said]
            if said:
                read = Input(file.path, file.sha256)
                found.append(FileResult(read, file.source(), [], said, [], [], {}, {}))
    return found


def workflow_names(files: Sequence[ReadFile], options: Options) -> list[tuple[str, list[str]]]:
    """The files whose comments hold workflows that can be read, each with their names."""
    return [
        (document.path, [one.name for one in document.workflows])
        for file in files
        for document, _ in commented_workflows(Workspace([file], options.dialect))
        if document.workflows
    ]
