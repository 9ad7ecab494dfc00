"""Headings and fixed lines of a report, in English and Chinese."""

from __future__ import annotations

from engine.report.words.sentences import Language

HEADINGS: dict[str, tuple[str, str]] = {
    "mark": ("SIMULATED DATA: nobody in these records is real.", "模拟数据：记录中的人均非真实。"),
    "short_mark": ("SIMULATED", "模拟数据"),
    "contents": ("Contents", "目录"),
    "skip": ("Skip to the findings", "跳到主要发现"),
    "findings": ("Main findings", "主要发现"),
    "sample": ("Sample: people at every step", "样本：各步骤人数"),
    "missing": ("Missing values by variable", "各变量缺失值"),
    "warnings": ("What to be careful about", "注意事项"),
    "describe": ("Who is in the sample", "样本特征"),
    "rates": ("Rates", "率"),
    "concentration": ("Indices of inequality", "不平等指数"),
    "disparity": ("Measures of disparity", "差异测量"),
    "financing": ("Payments and benefits", "支付与受益"),
    "curve": ("Concentration curves", "集中曲线"),
    "decomposition": ("Decomposition", "分解"),
    "rif": ("Regression of an index", "指数的回归"),
    "logit": ("Logistic regressions", "Logistic 回归"),
    "regression": ("Regressions of numbers, counts and ordered categories", "数值、计数与有序分类的回归"),
    "multilevel": ("Multilevel regressions", "多水平回归"),
    "figures": ("Figures", "图"),
    "scorecard": ("Published numbers beside those of this run", "已发表数字与本次运行的比较"),
    "methods": ("Methods", "方法"),
    "references": ("References", "参考文献"),
    "strobe": ("STROBE checklist", "STROBE 清单"),
    "strobe-equity": ("STROBE-Equity checklist", "STROBE-Equity 清单"),
    "provenance": ("Provenance", "来源与重现"),
    "data": ("Data", "数据"),
    "waves": ("Waves", "轮次"),
    "people": ("People in the sample", "样本人数"),
    "computed": ("Computed", "计算时间"),
    "software": ("Software", "软件"),
    "no_figures": (
        "Without figures: {reason}",
        "无图：{reason}",
    ),
    "no_missing": ("No variable has missing values.", "各变量均无缺失值。"),
    "end": (".", "。"),
    "no_warnings": ("No warning.", "无。"),
    "reading": (
        (
            "An index below 0 means that the outcome is concentrated among people of low rank, above 0 among "
            "people of high rank. A relative index compares shares and does not move if every rate doubles; an "
            "absolute index compares differences. Where means differ, read both."
        ),
        (
            "指数小于 0 表示结果集中于排序较低的人群，大于 0 表示集中于排序较高的人群。相对指数比较份额，"
            "所有率同时加倍时不变；绝对指数比较差值。均值不同时应同时阅读两者。"
        ),
    ),
    "authors": ("for the authors", "由作者填写"),
    "partly": ("{where}; the rest is for the authors", "{where}；其余由作者填写"),
    "item": ("item", "条目"),
    "asks": ("what is asked for", "要求"),
    "where": ("where in this report", "本报告中的位置"),
    "equity_note": (
        (
            "The items say in our words what the extension asks for (Dewidar et al. 2025, "
            "doi 10.1136/bmj-2024-083882); submit the official form with its own wording."
        ),
        "条目以本程序的语言概述该扩展的要求（Dewidar 等 2025，doi 10.1136/bmj-2024-083882）；投稿时请使用官方表格。",
    ),
    "strobe_note": (
        "After von Elm et al. 2007, in our words; submit the official form with its own wording.",
        "据 von Elm 等 2007，以本程序的语言概述；投稿时请使用官方表格。",
    ),
    "again": (
        (
            "To get the same bytes of results.parquet again: install equirank {version} with the versions "
            "below, and run `equirank run {study}` on files with the hashes below with seed {seed}. "
            "`equirank diff` compares two runs."
        ),
        (
            "要得到 results.parquet 的相同字节：安装 equirank {version} 及下列版本，以种子 {seed} "
            "在具有下列哈希值的文件上运行 `equirank run {study}`。`equirank diff` 可比较两次运行。"
        ),
    ),
    "beside": (
        "Beside this page: the tables as {formats} in `tables/`, the figures as SVG in `figures/`.",
        "同目录下：`tables/` 中为 {formats} 格式的表，`figures/` 中为 SVG 格式的图。",
    ),
    "not_beside": (
        "Without {formats} in `tables/`: {name} is not installed.",
        "`tables/` 中无 {formats}：未安装 {name}。",
    ),
    "what": ("what", "项目"),
    "value": ("value", "值"),
    "study_hash": ("study, SHA-256", "研究文件 SHA-256"),
    "results_hash": ("results.parquet, SHA-256", "results.parquet SHA-256"),
    "method": ("version of the methods", "方法版本"),
    "seed": ("seed", "种子"),
    "file": ("file", "文件"),
}


def heading(language: Language, key: str, **parts: object) -> str:
    """Return a heading or fixed line.

    Examples
    --------
    >>> heading("en", "rates"), heading("zh", "rates")
    ('Rates', '率')
    """
    return HEADINGS[key][language == "zh"].format(**parts)
