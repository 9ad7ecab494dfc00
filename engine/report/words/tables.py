"""Words of tables in Chinese. Tables are built in English; labels of the study are left as they are.

A phrase with places such as `{outcome}` stands for all texts that differ there only.
"""

from __future__ import annotations

from functools import cache, partial

from engine.report.model import Cell, Spanner, Table
from engine.report.words.method_names import method_name
from engine.report.words.phrasebook import Phrasebook
from engine.report.words.sentences import Language
from engine.report.words.statuses import status_name
from engine.report.words.table_notes import TABLE_NOTES

PHRASES: dict[str, str] = {
    "Sample": "样本",
    "all": "合计",
    "left out": "剔除",
    "All records": "全部记录",
    "Overall": "合计",
    "Total": "合计",
    "Missing values by variable": "各变量缺失值",
    "Of all records.": "占全部记录。",
    "value": "有值",
    "blank": "空白",
    "missing": "缺失",
    "skipped": "跳答",
    "not sure": "不确定",
    "(blank)": "（空白）",
    "(missing)": "（缺失）",
    "(skipped)": "（跳答）",
    "(not sure)": "（不确定）",
    "People": "人数",
    "people": "人数",
    "mean (SD)": "均值（标准差）",
    "Characteristics: n (weighted per cent); mean (SD)": "特征：人数（加权 %）；均值（标准差）",
    "Characteristics: n (per cent); mean (SD)": "特征：人数（%）；均值（标准差）",
    "Counts are unweighted; per cent, means and SD are weighted.": "人数未加权；百分比、均值与标准差已加权。",
    "What is missing stands in brackets, by its kind; it counts in the per cent.": "括号内为各类缺失，计入百分比。",
    "Rate of {outcome}, per cent": "{outcome}的率，%",
    "rate": "率",
    "With {level} design-based intervals.": "附 {level} 基于设计的区间。",
    "\N{DAGGER} fewer than {n} people: read with care.": "\N{DAGGER} 少于 {n} 人：请谨慎解读。",
    "Fewer than {n} people: {groups}; read with care.": "少于 {n} 人：{groups}；请谨慎解读。",
    "Concentration of {outcome} by {rank}": "{outcome}按{rank}的集中指数",
    "Relative and absolute inequality of {outcome} by {rank}": "{outcome}按{rank}的相对与绝对不平等",
    "Differences in the concentration of {outcome}": "{outcome}集中指数之差",
    "index": "指数",
    "estimate": "估计值",
    "std. error": "标准误",
    "interval": "区间",
    "{level} interval": "{level} 区间",
    "difference": "差",
    "all equal": "全部相等",
    "standard": "标准",
    "generalized": "广义",
    "standard (relative)": "标准（相对）",
    "extended (relative)": "扩展（相对）",
    "generalized (absolute)": "广义（绝对）",
    "erreygers (absolute)": "Erreygers（绝对）",
    "Intervals: {method}.": "区间：{method}。",
    "Concentration curve of {outcome} by {rank}: share of the outcome held": "{outcome}按{rank}的集中曲线：所占份额",
    "lowest {share} %": "最低 {share}%",
    "against the diagonal": "与对角线比较",
    "Decomposition of the concentration of {outcome} by {rank}": "{outcome}按{rank}集中指数的分解",
    "Change of the concentration of {outcome} by {rank}": "{outcome}按{rank}集中指数的变化",
    "contribution": "贡献",
    "share %": "份额 %",
    "mean": "均值",
    "effect": "效应",
    "elasticity": "弹性",
    "by elasticity": "因弹性",
    "by inequality": "因不平等",
    "All need": "需要合计",
    "All non-need": "非需要合计",
    "All terms": "全部项",
    "Residual": "残差",
    "Horizontal inequity": "水平不公平",
    "standardised": "标准化",
    "Change of the index": "指数变化",
    "Standard index": "标准集中指数",
    "Erreygers index": "Erreygers 指数",
    "Wagstaff index": "Wagstaff 指数",
    "Generalized index": "广义集中指数",
    "Contributions and residual add up to {total}; the index is {index}.": "贡献与残差之和为 {total}；指数为 {index}。",
    "Disparity in {outcome} by {rank}": "{outcome}按{rank}的差异",
    "Disparity in {outcome}": "{outcome}的差异",
    "Differences in the disparity in {outcome} by {rank}": "{outcome}按{rank}的差异之差",
    "Differences in the disparity in {outcome}": "{outcome}的差异之差",
    "measure": "测量",
    "ratio": "比",
    "between-group variance": "组间方差",
    "between-group standard deviation": "组间标准差",
    "coefficient of variation, %": "变异系数，%",
    "mean difference from best": "与最优组的平均差",
    "mean difference from best, weighted": "与最优组的平均差，加权",
    "mean difference from mean": "与均值的平均差",
    "mean difference from mean, weighted": "与均值的平均差，加权",
    "mean difference from reference": "与参照组的平均差",
    "mean difference from reference, weighted": "与参照组的平均差，加权",
    "index of disparity, %": "差异指数，%",
    "index of disparity, weighted, %": "差异指数，加权，%",
    "population attributable risk": "人群归因危险度",
    "population attributable fraction, %": "人群归因分值，%",
    "absolute concentration index": "绝对集中指数",
    "relative concentration index": "相对集中指数",
    "slope index of inequality": "不平等斜率指数",
    "relative index of inequality": "不平等相对指数",
    "Theil index": "泰尔指数",
    "mean log deviation": "平均对数离差",
    "Gini index": "基尼系数",
    "generalized entropy": "广义熵",
    "Atkinson index": "阿特金森指数",
    "Distribution of {outcome} by {rank}": "{outcome}按{rank}的分布",
    "Differences in the distribution of {outcome} by {rank}": "{outcome}按{rank}的分布之差",
    "Gini index of resources": "资源的基尼系数",
    "Gini index of net resources": "净资源的基尼系数",
    "concentration index": "集中指数",
    "concentration index of net resources": "净资源的集中指数",
    "share of resources": "占资源的份额",
    "Kakwani index": "Kakwani 指数",
    "Reynolds-Smolensky index": "Reynolds-Smolensky 指数",
    "redistributive effect": "再分配效应",
    "reranking": "再排序",
    "catastrophic headcount, above {level}": "灾难性支出发生率，超过 {level}",
    "catastrophic overshoot, above {level}": "灾难性支出平均超出，超过 {level}",
    "mean positive overshoot, above {level}": "发生者平均超出，超过 {level}",
    "concentration index of the headcount, above {level}": "发生率的集中指数，超过 {level}",
    "concentration index of the overshoot, above {level}": "超出的集中指数，超过 {level}",
    "rank-weighted headcount, above {level}": "按排序加权的发生率，超过 {level}",
    "rank-weighted overshoot, above {level}": "按排序加权的超出，超过 {level}",
    "achievement index, aversion {level}": "成就指数，厌恶参数 {level}",
    "poverty headcount": "贫困发生率",
    "poverty headcount, net": "贫困发生率，净",
    "poverty impact, headcount": "贫困影响，发生率",
    "poverty gap": "贫困差距",
    "poverty gap, net": "贫困差距，净",
    "poverty impact, gap": "贫困影响，差距",
    "poverty impact, gap by the line": "贫困影响，差距占贫困线",
    "share of resources, poorest {level} %": "占资源的份额，最贫困的 {level}%",
    "share of the poorest {level} %": "最贫困的 {level}% 所占份额",
    "share of the richest {level} %": "最富裕的 {level}% 所占份额",
    "share between percentiles {level}": "百分位 {level} 之间的份额",
    "percentile ratio of resources, {level}": "资源的百分位比，{level}",
    "RIF regression of {outcome} by {rank}, {group}: {word} index {value}": (
        "{outcome}按{rank}的 RIF 回归，{group}：{word}指数 {value}"
    ),
    "By how much the index changes, to first order, with the mean of a term.": (
        "变量均值变化时指数的一阶变化。"
    ),
    "Odds ratios ({level} intervals) of {outcome}": "{outcome}的比值比（{level} 区间）",
    "crude": "粗",
    "1 (Ref)": "1（参照）",
    "Fit and tests": "拟合与检验",
    "log likelihood": "对数似然",
    "pseudo r2": "伪 R²",
    "test of {word}": "{word} 的检验",
    "largest variance inflation": "最大方差膨胀",
    "prevalence ratio (interval)": "现患比（区间）",
    "marginal effect, points (interval)": "边际效应，百分点（区间）",
    "Prevalence ratios and average marginal effects on {outcome}": "{outcome}的现患比与平均边际效应",
    "Average marginal effects on {label}": "{label}的平均边际效应",
    "Random effects and fit of {label}": "{label}的随机效应与拟合",
    "constant (log odds)": "常数（对数比值）",
    "constant": "常数",
    "variance of {level}": "{level} 方差",
    "ICC of {level}": "{level} ICC",
    "clusters: {level}": "群组：{level}",
    "coefficient": "系数",
    "Scorecard: numbers printed by {publication}, and ours": "{publication} 刊出的数字与本次运行",
    "Numbers that differ by more than a last digit": "相差超过末位的数字",
    "same as printed": "与刊出相同",
    "differs by a last digit": "末位不同",
    "within the published interval": "在已刊区间内",
    "differs": "不同",
    "not in this run": "本次运行没有",
    "what": "项目",
    "printed": "刊出",
    "ours": "本次",
    "why": "原因",
    "yes": "是",
    "no": "否",
}


def translated(table: Table, language: Language) -> Table:
    """Return a table in a language; what has no translation stays."""
    if language == "en":
        return table
    return Table(
        title=phrase(table.title),
        columns=tuple(phrase(text) for text in table.columns),
        rows=tuple(tuple(_cell(cell) for cell in row) for row in table.rows),
        notes=tuple(phrase(text) for text in table.notes),
        spanners=tuple(
            Spanner(label=phrase(one.label), start=one.start, end=one.end) for one in table.spanners
        ),
    )


def _cell(cell: str) -> str:
    if not isinstance(cell, Cell):
        return phrase(cell)
    if " to " not in cell.pattern:
        return cell
    pattern = cell.pattern.replace(" to ", " 至 ")
    is_fixed = cell.digits is None
    return Cell(cell.values, cell.digits or 0, pattern, fixed=is_fixed, people=cell.people)


def phrase(text: str) -> str:
    """Return a text in Chinese if it is known, with the spaces before it.

    Examples
    --------
    >>> phrase("Rate of ill, per cent"), phrase("  mean (SD)"), phrase("unknown")
    ('ill的率，%', '  均值（标准差）', 'unknown')
    """
    bare = text.lstrip(" ")
    known = _book().chinese(bare) or _status_or_method(bare)
    return text if known is None else text[: len(text) - len(bare)] + known


def _status_or_method(text: str) -> str | None:
    """Return a note that is a status or a method alone, or that of one analysis, in Chinese."""
    name, _, rest = text.rpartition(": ")
    for told in (status_name, partial(method_name, "zh")):
        for before, bare in (("", text), (f"{name}：", rest)):
            chinese = told(bare.removesuffix("."))
            if chinese != bare.removesuffix("."):
                return before + chinese + ("。" if bare.endswith(".") else "")
    return None


@cache
def _book() -> Phrasebook:
    return Phrasebook(
        {**TABLE_NOTES, **PHRASES},
        {
            "method": lambda text: method_name("zh", text),
            "status": status_name,
            "word": _word,
            "measure": phrase,
            "group": _word,
            "title": phrase,
        },
    )


def _word(text: str) -> str:
    return {**PHRASES, **TABLE_NOTES}.get(text, text)
