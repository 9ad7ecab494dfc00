"""STROBE and STROBE-Equity: what each item asks for, and the chapter of a report that answers it.

An item is (number, what it asks for, the same in Chinese, chapters, whether the chapters answer all of it).
Without a chapter the item is for the authors. The wording is ours.
"""

from __future__ import annotations

Item = tuple[str, str, str, tuple[str, ...], bool]

STROBE: tuple[Item, ...] = (
    ("1a", "Design named in title or abstract", "题目或摘要中说明研究设计", (), False),
    ("1b", "Balanced summary of what was done and found", "摘要概述所做与所得", ("findings",), False),
    ("2", "Background and rationale", "背景与理由", (), False),
    ("3", "Objectives and hypotheses", "目的与假设", (), False),
    ("4", "Key elements of the design", "研究设计要点", ("methods",), False),
    ("5", "Setting, places, dates of collection", "场所、地点、收集日期", (), False),
    ("6", "Eligibility and selection of participants", "入选标准与选择", ("sample",), False),
    ("7", "Definition of outcomes, exposures, confounders", "结局、暴露与混杂的定义", ("methods",), False),
    ("8", "Sources of data and how variables were measured", "数据来源与测量", ("provenance",), False),
    ("9", "Efforts against bias", "对偏倚的处理", (), False),
    ("10", "How the study size came about", "样本量的来由", ("sample",), False),
    ("11", "How quantitative variables were handled", "定量变量的处理", ("methods",), False),
    ("12a", "Statistical methods, control of confounding", "统计方法与混杂控制", ("methods",), True),
    ("12b", "Methods for subgroups and interactions", "亚组与交互的方法", ("methods",), False),
    ("12c", "How missing data were addressed", "缺失数据的处理", ("methods", "sample"), True),
    ("12d", "Sampling strategy in the analysis", "分析中的抽样设计", ("methods",), True),
    ("12e", "Sensitivity analyses", "敏感性分析", (), False),
    ("13a", "Numbers at each stage", "各阶段人数", ("sample",), True),
    ("13b", "Reasons for leaving people out", "排除原因", ("sample",), True),
    ("13c", "Flow diagram", "流程图", ("figures",), True),
    ("14a", "Characteristics of participants", "参与者特征", ("describe",), True),
    ("14b", "Missing data of each variable", "各变量缺失数", ("sample",), True),
    ("15", "Numbers of outcome events", "结局事件数", ("rates",), True),
    (
        "16a",
        "Unadjusted and adjusted estimates with precision",
        "未调整与调整估计值及精度",
        ("logit", "regression", "multilevel"),
        True,
    ),
    ("16b", "Boundaries of categories of continuous variables", "连续变量分组界限", ("methods",), False),
    ("16c", "Relative risks as absolute risks", "相对风险转为绝对风险", ("logit", "rates"), False),
    ("17", "Other analyses", "其他分析", ("concentration", "disparity", "decomposition"), True),
    ("18", "Key results", "主要结果", ("findings",), True),
    ("19", "Limitations", "局限", ("warnings",), False),
    ("20", "Cautious interpretation", "谨慎解释", (), False),
    ("21", "Generalisability", "外推性", (), False),
    ("22", "Funding", "资助", (), False),
)

STROBE_EQUITY: tuple[Item, ...] = (
    ("title, abstract", "People who face inequities named", "点明面临不公平的人群", (), False),
    (
        "introduction",
        "Why differences here are inequities; theory behind it",
        "说明差异为何属于不公平及理论依据",
        (),
        False,
    ),
    ("objectives", "Objectives that concern equity", "与公平有关的目的", (), False),
    (
        "participants",
        "How people who face inequities were found, reached and kept",
        "面临不公平人群的纳入与保持",
        (),
        False,
    ),
    (
        "variables",
        "Social factors, how they were defined and measured",
        "社会因素的定义与测量",
        ("methods", "describe"),
        False,
    ),
    ("involvement", "Part of the people concerned in the research", "相关人群参与研究的情况", (), False),
    ("methods", "How inequality between groups was estimated", "组间不平等的估计方法", ("methods",), True),
    (
        "methods",
        "Absolute and relative measures",
        "绝对与相对测量",
        ("concentration", "disparity", "rates"),
        True,
    ),
    ("participants", "Numbers and losses by social group", "按社会群体的人数与缺失", ("describe",), False),
    ("descriptive data", "Characteristics by social group", "按社会群体的特征", ("describe",), False),
    (
        "results",
        "Outcomes by social group, with precision",
        "按社会群体的结局及精度",
        ("rates", "concentration"),
        True,
    ),
    ("results", "What goes with the inequality", "与不平等相关的因素", ("decomposition",), True),
    ("discussion", "Meaning for equity, and limits of it", "对公平的意义及其局限", (), False),
    (
        "ethics",
        "Consent, ownership of data, positions of the authors",
        "知情同意、数据归属与作者立场",
        (),
        False,
    ),
)

SECTIONS = {
    "title, abstract": "标题、摘要",
    "introduction": "引言",
    "objectives": "目的",
    "participants": "参与者",
    "variables": "变量",
    "involvement": "参与研究",
    "methods": "方法",
    "descriptive data": "描述性资料",
    "results": "结果",
    "discussion": "讨论",
    "ethics": "伦理",
}
"""The items of STROBE-Equity, which have names in place of numbers, in Chinese."""
