"""The templates of the page's shell, and what a value becomes in them. The home of jinja2.

Text is escaped as everywhere in reports: only what was made as `Html` stands in a page as it is.
"""

from __future__ import annotations

from importlib.resources import files

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tellverify.diagnostics.wording import grouped
from tellverify.report.tags import Html, escaped, prose


class Section(msgspec.Struct, frozen=True):
    """A numbered section; `count` stands beside its title in the contents."""

    name: str
    title: str
    count: int | None
    content: Markup


def rendered(name: str, html: dict[str, Html], **values: object) -> Html:
    """The template `name` with markup from `html` and all other values as text.

    Raises jinja2's UndefinedError for a name that has no value.
    """
    environment = Environment(
        autoescape=True,
        finalize=_text,
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
    )
    environment.filters["prose"] = lambda text: Markup(prose(text))
    environment.filters["grouped"] = grouped
    template = environment.get_template(f"{name}.html.j2")
    return Html(template.render(**values, **{key: Markup(part) for key, part in html.items()}))


def markup(part: Html) -> Markup:
    """Markup within a list of values."""
    return Markup(part)


def _source(name: str) -> str:
    """A template with its lines joined, so that indentation does not get into the page."""
    text = files("tellverify.report.html").joinpath("templates", name).read_text(encoding="utf-8")
    return "".join(line.strip() for line in text.splitlines())


def _text(value: object) -> object:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return Markup(escaped(value))
