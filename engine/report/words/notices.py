"""Lines that runs store in English (warnings, changes, reasons of a quarantine), in Chinese."""

from __future__ import annotations

import re
from functools import cache

from engine.report.words.measures import measure_name
from engine.report.words.method_names import method_name
from engine.report.words.phrasebook import Phrasebook
from engine.report.words.sentences import Language
from engine.report.words.statuses import status_name

NOTICES: dict[str, str] = {
    # files
    "## Files": "## 文件",
    "## Study and versions": "## 研究与版本",
    "## Analyses": "## 分析",
    "## Results": "## 结果",
    "as before": "与前次相同",
    "{n} as before": "{n} 项与前次相同",
    "{file} is in quarantine: {reason}": "{file} 已被隔离：{reason}",
    "{file}: IN QUARANTINE. {reason}": "{file}：已隔离。{reason}",
    "{file}: new, {n} rows": "{file}：新文件，{n} 行",
    "{file}: changed, {n} rows": "{file}：内容有变，{n} 行",
    "{file}: accepted, {n} rows": "{file}：已接受，{n} 行",
    "{file}: new, {reason}": "{file}：新文件，{reason}",
    "{file}: changed, {reason}": "{file}：内容有变，{reason}",
    "{file}: duplicate, {reason}": "{file}：重复，{reason}",
    "{file}: withdrawn": "{file}：已撤回",
    "its rows are not told": "行数不公布",
    "the same content as {file}": "内容与 {file} 相同",
    # study and versions
    "{key}: {value}, added": "{key}：{value}，新增",
    "{key}: added": "{key}：新增",
    "{key}: removed": "{key}：删除",
    "{key}: in another order": "{key}：次序不同",
    "versions: the code of equirank": "版本：equirank 的代码",
    "versions: {change}": "版本：{change}",
    # analyses
    "{task}: computed ({inputs})": "{task}：已计算（{inputs}）",
    "{task}: WAITING: {reason}": "{task}：等待：{reason}",
    "{task}: FAILED: {reason}": "{task}：失败：{reason}",
    "{n} analysis, first run": "{n} 项分析，首次运行",
    "{n} analyses, first run": "{n} 项分析，首次运行",
    "wave {waves} is not there yet": "轮次 {waves} 尚未到",
    # results
    (
        "Estimates that moved: {moved}; errors or counts alone: {errors}; new rows: {new}; gone: {gone}; "
        "the same: {same}."
    ): "{moved} 个估计值有变，{errors} 个仅误差或计数有变，新增 {new} 行，消失 {gone} 行，{same} 行相同。",
    "and {n} more; `equirank diff` shows all.": "另有 {n} 项；`equirank diff` 可全部显示。",
    "| New: analysis | of | measure | value |": "| 新增：分析 | 组 | 测量 | 值 |",
    "| Gone: analysis | of | measure | value |": "| 消失：分析 | 组 | 测量 | 值 |",
    "| Moved: analysis | of | measure | before | after | change in std. errors |": (
        "| 有变：分析 | 组 | 测量 | 之前 | 之后 | 变化，标准误倍数 |"
    ),
    # warnings
    "a warning is withheld: it counts few people": "一条警告不公布：其计数人数很少",
    "all numbers are those of the release before: few people make the difference": (
        "全部数字沿用上次发布的结果：差别只涉及少数人"
    ),
    "analysis {task} failed, it has no rows: {reason}": "分析 {task} 失败，没有结果：{reason}",
    "analysis {task} failed, its rows are those of an earlier night: {reason}": (
        "分析 {task} 失败，沿用早先的结果：{reason}"
    ),
    "analysis {task}: {n} result with status '{status}'": "分析 {task}：1 个结果的状态为“{status}”",
    "analysis {task}: {n} results with status '{status}'": "分析 {task}：{n} 个结果的状态为“{status}”",
    "analysis {task}: up to {n} replicates were undefined": "分析 {task}：最多有 {n} 个重复样本无定义",
    "analysis {task}: {n} interval may hold the true value too seldom: {doubt}": (
        "分析 {task}：1 个区间包含真值的比例可能偏低：{doubt}"
    ),
    "analysis {task}: {n} intervals may hold the true value too seldom: {doubt}": (
        "分析 {task}：{n} 个区间包含真值的比例可能偏低：{doubt}"
    ),
    "analysis {task}: {n} quadrature points for {level}": "分析 {task}：{level} 用 {n} 个求积点",
    "analysis {task}: {reason}": "分析 {task}：{reason}",
    "{name}: {share} of all records are missing (not counting skipped questions)": (
        "{name}：全部记录的 {share} 缺失（不计跳答）"
    ),
    "{n} records have no wave: they count in overall results only": "{n} 条记录没有轮次：只计入合计",
    "replicate weights without design.weight: estimates are unweighted, their replicates are not": (
        "有重复权重而无 design.weight：估计值未加权，重复样本已加权"
    ),
    "one record has more than half of all weights: the estimates are nearly those of one person": (
        "一条记录的权重超过总和的一半：估计值几乎只反映一个人"
    ),
    (
        "weights vary by {share} and count as fewer than {n} equal ones: intervals of skewed amounts may hold the "
        "true value too seldom"
    ): "权重的变异为 {share}，其作用不及 {n} 个相等的权重：偏态数额的区间包含真值的比例可能偏低",
    "{name}: no value differs between the {n} imputations": "{name}：{n} 次插补的值全部相同",
    "{name}: up to {n} of {m} values are missing in an imputation too": (
        "{name}：插补后仍缺失，{m} 个值中至多 {n} 个"
    ),
    "imputed values decide who is in the sample: {n} to {m} people": "插补值决定谁在样本中：{n} 至 {m} 人",
    "interrupted: the last analysis rests on the replicates that were done": (
        "中断：最后一项分析以已完成的重复样本为准"
    ),
    "interrupted: the last analysis rests on the replicates that were done; not run: {tasks}": (
        "中断：最后一项分析以已完成的重复样本为准；未运行：{tasks}"
    ),
}
DOUBTS = {
    "dispersion between groups, with a standard error above a quarter of it": "组间离散程度，其标准误大于估计值的四分之一",
    "percentile intervals of dispersion between groups": "组间离散程度的百分位区间",
    "ratios of percentiles by the jackknife, which does not suit percentiles": "用刀切法的百分位数之比，刀切法不适合百分位数",
    "quantiles of replicates that draw fewer than 16 clusters": "重复样本的分位数，抽取的群不足 16 个",
    "inequality of amounts with fewer than 100 degrees of freedom": "数额的不平等，自由度不足 100",
    "entropy that a few large amounts decide, with fewer than 1,000 degrees of freedom": (
        "由少数大数额决定的熵指数，自由度不足 1,000"
    ),
    "catastrophic payments of few people": "少数人的灾难性支出",
    "reranking, with a standard error above an eighth of it": "再排序，其标准误大于估计值的八分之一",
}
RULES: dict[str, str] = {
    "lie outside the range; expected numbers inside. List the codes under missing, or widen range.": (
        "超出 range；应在其内。请把编码列入 missing，或放宽 range。"
    ),
    (
        "hold nothing; expected a value somewhere. Is it the wrong column, or should the study say blank = "
        "'skipped'?"
    ): "全部为空；应有值。是否列名有误，或研究应写 blank = 'skipped'？",
    "share their key with another row; expected every record once. Is the file joined twice?": (
        "与另一行的键相同；每条记录应只出现一次。文件是否合并了两次？"
    ),
    (
        "share the key of an aggregate with rows of another file; expected each household in one file. Put a "
        "wave's records into one file."
    ): "与另一文件的行同属一个汇总单位；每户应在一个文件中。请把一个轮次的记录放入一个文件。",
    "have no key; expected one for every record. Correct source.key.": "没有键；每条记录应有键。请更正 source.key。",
    (
        "of the sample have no weight of 0 or more; expected finite weights. Correct the file, or add a sample "
        "rule."
    ): "样本行没有不小于 0 的权重；权重应为有限数。请更正文件，或增加样本规则。",
    "of the sample have no id; expected one for every record. Correct the file, or add a sample rule.": (
        "样本行没有编号；每条记录应有编号。请更正文件，或增加样本规则。"
    ),
    (
        "of the sample have no replicate weight of 0 or more; expected finite weights. Correct the file."
    ): "样本行没有不小于 0 的重复权重；权重应为有限数。请更正文件。",
    (
        "of the version before are missing; expected a version that is not much shorter. If it is right: "
        "--accept-revision."
    ): "在早先版本中有而现在缺少；新版本不应短很多。如果无误：--accept-revision。",
    (
        "have other labels than before; expected the labels of the files before. Use levels_by_wave, or labels "
        "= 'any'."
    ): "的标签与之前不同；应与之前的文件相同。请用 levels_by_wave，或 labels = 'any'。",
}
INPUTS = {
    "new": "新",
    "lost": "结果丢失",
    "data": "数据",
    "study": "研究",
    "seed": "种子",
    "the code of equirank": "equirank 的代码",
}
PARTS = {
    "all": "全部",
    "total": "合计",
    "need": "需要",
    "non-need": "非需要",
    "all terms": "全部项",
    "all equal": "全部相等",
    "diagonal": "对角线",
    "above": "在其上",
    "below": "在其下",
    "crosses": "相交",
    "not significant": "不显著",
    "(constant)": "（常数）",
    "(all terms)": "（全部项）",
    "(random effects)": "（随机效应）",
    "(valid)": "（有值）",
    "(blank)": "（空白）",
    "(missing)": "（缺失）",
    "(skipped)": "（跳答）",
    "(not sure)": "（不确定）",
}
RULE_NAMES = {
    "range": "范围",
    "values": "有值",
    "unique key": "键唯一",
    "key of one file": "键在一个文件中",
    "key": "键",
    "weight": "权重",
    "id": "编号",
    "replicate weight": "重复权重",
    "rows": "行数",
    "labels": "标签",
    "count": "行数",
}
STATES = {"accepted": "已接受", "quarantined": "已隔离", "duplicate": "重复"}


def notice(language: Language, text: str) -> str:
    """Return a stored line in a language; what is unknown stays.

    Examples
    --------
    >>> notice("zh", "analysis rates: 2 results with status 'undefined'")
    '分析 rates：2 个结果的状态为“无定义”'
    """
    return text if language == "en" else "\n".join(map(_line, text.split("\n")))


def _line(text: str) -> str:
    bare = text.removeprefix("- ").lstrip(" ")
    known = _notices().chinese(bare)
    if known is not None:
        return text[: len(text) - len(bare)] + known
    return _table_line(text) if text.startswith("| ") else text


def is_told(text: str) -> bool:
    """Whether a reason is Chinese once it has been through `notice`."""
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def file_state(language: Language, state: str) -> str:
    """Return the state of a file of the inbox."""
    return STATES.get(state, state) if language == "zh" else state


def rule_name(language: Language, rule: str) -> str:
    """Return the name of a rule that a file breaks."""
    return RULE_NAMES.get(rule, rule) if language == "zh" else rule


@cache
def _notices() -> Phrasebook:
    rules = {
        f"{{place}}: {{n}} {what} {rule}": f"{{place}}：{{n}} {unit}{chinese}"
        for rule, chinese in RULES.items()
        for what, unit in (("rows", "行"), ("codes", "个编码"))
    }
    return Phrasebook(
        {**NOTICES, **rules},
        {
            "reason": lambda text: notice("zh", text),
            "status": status_name,
            "inputs": _inputs,
            "doubt": _doubt,
        },
    )


def _doubt(text: str) -> str:
    return DOUBTS.get(text, text)


def _inputs(text: str) -> str:
    return "，".join(INPUTS.get(part, part) for part in text.split(", "))


def _table_line(text: str) -> str:
    """Return a row of the tables of changes: its cells tell analysis, group and what, measure and method."""
    cells = text.split(" | ")
    if len(cells) > 2:
        measure, _, method = cells[2].partition(", ")
        method = "" if method == "None" else method_name("zh", method)
        cells[1] = ", ".join(_part(part) for part in cells[1].split(", "))
        cells[2] = "，".join(part for part in (measure_name("zh", measure), method) if part)
    return " | ".join(cells)


def _part(text: str) -> str:
    for english, chinese in (("within ", "各组之内"), ("between ", "各组之间")):
        if text.startswith(english):
            return text.removeprefix(english) + chinese
    return PARTS.get(text, text)
