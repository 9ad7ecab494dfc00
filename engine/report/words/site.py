"""The words of a store's pages, in English and Chinese."""

from __future__ import annotations

from engine.report.words.sentences import Language

SITE: dict[str, tuple[str, str]] = {
    "skip": ("Skip to the content", "跳到正文"),
    "simulated_data": ("SIMULATED DATA:", "模拟数据："),
    "nobody": ("nobody in these records is real.", "记录中的人均非真实。"),
    "pages": ("Pages", "页面"),
    "overview": ("Overview", "总览"),
    "newest_run": ("Newest run", "最新运行"),
    "quarantine": ("Quarantine", "隔离"),
    "quarantine_n": ("Quarantine ({n})", "隔离（{n}）"),
    "foot": (
        "Run {n}, published {published} UTC, equirank {version}.",
        "运行 {n}，发布于 {published} UTC，equirank {version}。",
    ),
    "run": ("Run {n}", "运行 {n}"),
    "run_of": ("Run {n}: {title}", "运行 {n}：{title}"),
    "page_of": ("{page}: {title}", "{page}：{title}"),
    "published": ("Published", "发布"),
    "published_at": ("Published {published} UTC.", "发布于 {published} UTC。"),
    "before": ("Run {n} before it", "前一次：运行 {n}"),
    "after": ("Run {n} after it", "后一次：运行 {n}"),
    "stop": (".", "。"),
    "report": ("The report of this run", "本次运行的报告"),
    "report_holds": (": findings, all tables, methods, checklists.", "：主要发现、全部表格、方法、清单。"),
    "changed": ("What it changed, and why", "变化及原因"),
    "changed_by": ("What run {n} changed, and why", "运行 {n} 的变化及原因"),
    "careful": ("Be careful with", "注意"),
    "headlines": ("Headline estimates", "主要估计值"),
    "table": ("Table: {name}", "表：{name}"),
    "estimate": ("estimate", "估计值"),
    "of": ("of", "组"),
    "value": ("value (interval)", "值（区间）"),
    "estimate_interval": ("estimate (interval)", "估计值（区间）"),
    "people": ("people", "人数"),
    "people_heading": ("People", "人数"),
    "change": ("change, std. errors", "变化，标准误倍数"),
    "change_here": ("change in this run, std. errors", "本次变化，标准误倍数"),
    "over_runs": ("over the runs", "历次运行"),
    "none": ("none", "无"),
    "moved": ("moved", "有变化"),
    "figures": ("Figures", "图"),
    "in_words": ("In words", "文字说明"),
    "files": ("Files", "文件"),
    "file": ("file", "文件"),
    "state": ("state", "状态"),
    "rows": ("rows", "行数"),
    "used": ("{n} used,", "使用 {n} 个，"),
    "set_aside": ("{n} in quarantine", "隔离 {n} 个"),
    "analyses": ("Analyses", "分析"),
    "origin": ("Where the numbers come from", "数字的来源"),
    "study": ("Study", "研究文件"),
    "methods": ("Methods", "方法"),
    "results": ("Results", "结果"),
    "seed": ("Seed", "种子"),
    "verify": ("computes this run again and compares every bit.", "重新计算本次运行并逐位比较。"),
    "runs": ("Runs", "运行"),
    "no_file": ("No file is set aside.", "没有被隔离的文件。"),
    "one_aside": (
        "1 file is set aside. The results do not use it; an earlier version of a file stays in use.",
        "隔离了 1 个文件。结果不使用它；文件的早先版本仍在使用。",
    ),
    "many_aside": (
        "{n} files are set aside. The results do not use them; an earlier version of a file stays in use.",
        "隔离了 {n} 个文件。结果不使用它们；文件的早先版本仍在使用。",
    ),
    "since": ("Set aside since", "隔离始于"),
    "since_run": ("run {n}", "运行 {n}"),
    "earlier": ("An earlier version with {n} rows is in use.", "正在使用其 {n} 行的早先版本。"),
    "no_version": ("No version of it is in use.", "未使用它的任何版本。"),
    "broken": ("Broken rules of {file}", "{file} 违反的规则"),
    "place": ("place in the study", "研究文件中的位置"),
    "rule": ("rule", "规则"),
    "analysis": ("Analysis", "分析"),
    "method": ("Method: {method}.", "方法：{method}。"),
    "published_utc": ("published (UTC)", "发布（UTC）"),
    "a_run": ("run", "运行"),
    "one_same": ("1 run without a change is left out.", "略去 1 次无变化的运行。"),
    "many_same": ("{n} runs without a change are left out.", "略去 {n} 次无变化的运行。"),
    "spark": ("From {first} to {last} over {n} runs", "{n} 次运行中从 {first} 到 {last}"),
    "hours": (" (${hours} hours ago)", "（${hours} 小时前）"),
    "days": (" (${days} days ago)", "（${days} 天前）"),
    "moved_estimates": ("Table: estimates that moved", "表：有变化的估计值"),
    "per_cent": ("per cent", "%"),
}


def site_text(language: Language, key: str, **parts: object) -> str:
    """Return a text of the pages.

    Examples
    --------
    >>> site_text("en", "run", n=3), site_text("zh", "run", n=3)
    ('Run 3', '运行 3')
    """
    text = SITE[key][language == "zh"]
    return text.format(**parts) if parts else text
