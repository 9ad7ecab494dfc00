"""A report before any renderer: chapters of paragraphs, lists, tables and figures."""

from __future__ import annotations

from dataclasses import dataclass

from engine.report.model import Table
from engine.report.words.sentences import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure as SVG, with its title; the SVG holds its own alternative text."""

    title: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of a report.

    Attributes
    ----------
    key
        Its name in links.
    title
        Its heading.
    paragraphs, items
        What stands first: text, and a list.
    tables, pictures
        What follows.
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report.

    Attributes
    ----------
    title, subtitle
        Of the study.
    mark
        What stands on every page of simulated data; empty for real ones.
    language
        Of the fixed words.
    facts
        Names and values at the top.
    chapters
        The rest, in order.
    style
        What the pictures need in a style sheet.
    """

    title: str
    subtitle: str
    mark: str
    language: Language
    facts: tuple[tuple[str, str], ...]
    chapters: tuple[Chapter, ...]
    style: str = ""
