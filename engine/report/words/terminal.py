"""The words around the tables in the terminal, in English and Chinese."""

from __future__ import annotations

from engine.report.words.sentences import Language

TERMINAL: dict[str, tuple[str, str]] = {
    "estimated": (
        "{people} people; {results} results of {names}.",
        "{people} 人；{names}：{results} 个结果。",
    ),
    "report": ("Report: {path}", "报告：{path}"),
    "all_tables": ("All tables: equirank show {path}", "全部表格：equirank show {path}"),
    "directory": ("Run directory: {path}", "运行目录：{path}"),
    "continued": ("{title} (continued)", "{title}（续）"),
    "note": ("Note: {warning}.", "注意：{warning}。"),
}


def terminal_text(language: Language, key: str, **parts: object) -> str:
    """Return a text of the terminal.

    Examples
    --------
    >>> terminal_text("en", "report", path="run/report.html")
    'Report: run/report.html'
    """
    return TERMINAL[key][language == "zh"].format(**parts)
