"""Tables as a LaTeX document: booktabs and longtable; each table can be copied into a paper."""

from __future__ import annotations

import re

from engine.report.render.lines import Line, Lines, lines_of
from engine.report.render.table_set import TableSet

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "\u2212": "$-$",
    "×": r"$\times$",
    "\N{DAGGER}": r"\textdagger{}",
    "²": r"\textsuperscript{2}",
    "\u2007": r"\phantom{0}",
    "\u2008": r"\phantom{.}",
}
CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
HEAD = r"""% Compile with {engine}, three times: the columns of long tables settle then.
% A table can be copied into a paper that loads booktabs and longtable.{more}
\documentclass[10pt]{{article}}
\usepackage[a4paper,landscape,margin=15mm]{{geometry}}
\usepackage{{booktabs,longtable}}
{packages}
\setlength{{\tabcolsep}}{{4pt}}
\setlength{{\LTleft}}{{0pt}}
\begin{{document}}
\small
\section*{{{title}}}
{mark}"""
WITH_CHINESE = (
    "\n% It holds Chinese text: the package ctex and a Chinese font are needed, and pdflatex will not do."
)


def latex(tables: TableSet) -> bytes:
    """Return tables as a LaTeX document."""
    body = "\n".join(_longtable(lines_of(table)) for table in tables.tables)
    is_cjk = CJK.search(f"{tables.title}{body}") is not None
    head = HEAD.format(
        engine="xelatex or lualatex" if is_cjk else "pdflatex, xelatex or lualatex",
        more=WITH_CHINESE if is_cjk else "",
        packages=r"\usepackage{ctex}" if is_cjk else "\\usepackage[T1]{fontenc}\n\\usepackage{lmodern}",
        title=escaped(tables.title),
        mark=f"\\textbf{{{escaped(tables.mark)}}}\\par\\bigskip\n" if tables.mark else "",
    )
    return f"{head}{body}\n\\end{{document}}\n".encode()


def escaped(text: str) -> str:
    """Return a text in which no character commands LaTeX.

    Examples
    --------
    >>> len(escaped("50 %"))
    5
    """
    return "".join(SPECIAL.get(letter, letter) for letter in text)


def _longtable(table: Lines) -> str:
    columns = len(table.columns)
    width = f"p{{{0.92 / columns:.2f}\\linewidth}}"
    kinds = width * columns if table.is_text else "".join("l" if left else "r" for left in table.left)
    head = "\n".join([*_above(table), _row([escaped(column) for column in table.columns]), r"\midrule"])
    lines = [
        rf"\pagebreak[3]\noindent\textbf{{{escaped(table.title)}}}\par",
        f"\\begin{{longtable}}{{{kinds}}}",
        f"\\toprule\n{head}\n\\endhead",
        "\\bottomrule\n\\endfoot",
        *(_line(line, columns) for line in table.lines),
        r"\end{longtable}",
        *(rf"\noindent{{\footnotesize {escaped(note)}}}\par" for note in table.notes),
        r"\bigskip",
    ]
    return "\n".join(lines)


def _above(table: Lines) -> list[str]:
    """Return the headings above columns with their rules."""
    if not table.above:
        return []
    cells, rules, place = [""], [], 2
    for cell in table.above:
        cells.append(rf"\multicolumn{{{cell.width}}}{{c}}{{{escaped(cell.label)}}}")
        if cell.label:
            rules.append(rf"\cmidrule(lr){{{place}-{place + cell.width - 1}}}")
        place += cell.width
    return [_row(cells), "".join(rules)]


def _line(line: Line, columns: int) -> str:
    name = escaped(line.name)
    if line.is_group:
        return rf"\multicolumn{{{columns}}}{{l}}{{\textbf{{{name}}}}}\\"
    return _row([rf"\quad {name}" if line.inside else name, *(escaped(cell) for cell in line.cells)])


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
