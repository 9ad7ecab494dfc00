"""The sentences of the findings, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Language = Literal["en", "zh"]

SENTENCES: dict[str, tuple[str, str]] = {
    "group": ("{group}: {numbers}", "{group}：{numbers}"),
    "alone": ("{numbers}", "{numbers}"),
    "value": ("{index} {estimate} ({low} to {high})", "{index} {estimate}（{low} 至 {high}）"),
    "index": ("{name} index", "{name}指数"),
    "and": ("; ", "；"),
    "everywhere": (" in every group", "（各组均如此）"),
    "lower": (
        "{outcome}: concentrated among people with lower {rank}{where} ({values}).",
        "{outcome}集中于{rank}较低的人群{where}（{values}）。",
    ),
    "higher": (
        "{outcome}: concentrated among people with higher {rank}{where} ({values}).",
        "{outcome}集中于{rank}较高的人群{where}（{values}）。",
    ),
    "none": (
        "{outcome}: no inequality by {rank} was found ({values}).",
        "{outcome}：未发现按{rank}的不平等（{values}）。",
    ),
    "mixed": (
        "{outcome}: the direction by {rank} differs between groups or indices, or is not sure ({values}).",
        "{outcome}：按{rank}的方向在各组或各指数之间不同，或不确定（{values}）。",
    ),
    "fifths": (
        (
            "{outcome}: {low} per cent in the group with the lowest {rank}, {high} per cent in that with the "
            "highest{group}: {points} points {direction} at the top, {ratio} times the rate."
        ),
        (
            "{outcome}{group}：{rank}最低组为 {low}%，最高组为 {high}%；"
            "最高组{direction} {points} 个百分点，为最低组的 {ratio} 倍。"
        ),
    ),
    "more": ("more", "高"),
    "less": ("less", "低"),
    "shares": (
        (
            "The fifth of people with the lowest {rank} has {low} per cent of {outcome}, the fifth with the "
            "highest has {high} per cent{group}."
        ),
        "{rank}最低的五分之一人口占{outcome}的 {low}%，最高的五分之一占 {high}%{group}。",
    ),
    "in": (" ({group})", "（{group}）"),
    "change": ("{outcome}, {pair}: {parts}.", "{outcome}，{pair}：{parts}。"),
    "moved": ("the {index} changed by {difference}{meaning}", "{index}变化 {difference}{meaning}"),
    "unmoved": ("no difference found in the {index}, {difference}", "{index}未发现差异，{difference}"),
    "towards": (", towards equality", "，趋向平等"),
    "away": (", away from equality", "，偏离平等"),
    "decomposition": (
        (
            "Of the {index} of {outcome} ({estimate}{group}), {terms}; {residual} per cent is not "
            "explained by the covariates."
        ),
        "{outcome}的{index}（{estimate}{group}）中，{terms}；协变量未解释的部分占 {residual}%。",
    ),
    "account": ("{share} per cent goes with {term}", "{term}占 {share}%"),
    "against": ("{term} works against it ({share} per cent)", "{term}起相反作用（{share}%）"),
    "of_group": (", {group}", "，{group}"),
    "inequity": (
        (
            "{outcome}{group}: after need ({need}) is allowed for, horizontal inequity is "
            "{estimate} ({low} to {high})."
        ),
        "{outcome}{group}：考虑需要（{need}）之后，水平不公平为 {estimate}（{low} 至 {high}）。",
    ),
    "no_inequity": (
        (
            "{outcome}{group}: after need ({need}) is allowed for, no horizontal inequity was found: "
            "{estimate} ({low} to {high})."
        ),
        "{outcome}{group}：考虑需要（{need}）之后，未发现水平不公平：{estimate}（{low} 至 {high}）。",
    ),
    "disparity": (
        "{outcome}: differs by {rank} ({values}).",
        "{outcome}按{rank}存在差异（{values}）。",
    ),
    "no_disparity": (
        "{outcome}: no disparity by {rank} was found ({values}).",
        "{outcome}：未发现按{rank}的差异（{values}）。",
    ),
    "disparity_mixed": (
        "{outcome}: one measure shows a disparity by {rank}, the other is not sure ({values}).",
        "{outcome}：一个测量显示按{rank}的差异，另一个不确定（{values}）。",
    ),
    "people_differ": (
        "{outcome}, inequality between people: {values}.",
        "{outcome}，人与人之间的不平等：{values}。",
    ),
    "progressive": (
        (
            "{outcome}{group}: progressive. On the whole, people with higher {rank} pay a larger share of it "
            "than they hold of {rank} ({values})."
        ),
        "{outcome}{group}：累进。总体上，{rank}较高的人群支付的份额大于其占{rank}的份额（{values}）。",
    ),
    "regressive": (
        (
            "{outcome}{group}: regressive. On the whole, people with lower {rank} pay a larger share of it "
            "than they hold of {rank} ({values})."
        ),
        "{outcome}{group}：累退。总体上，{rank}较低的人群支付的份额大于其占{rank}的份额（{values}）。",
    ),
    "proportional": (
        "{outcome}{group}: no departure from payment in proportion to {rank} was found ({values}).",
        "{outcome}{group}：未发现支付偏离与{rank}成比例（{values}）。",
    ),
    "benefit_progressive": (
        (
            "{outcome}{group}: a progressive benefit. On the whole, people with lower {rank} get a larger "
            "share of it than they hold of {rank} ({values})."
        ),
        "{outcome}{group}：累进的受益。总体上，{rank}较低的人群受益的份额大于其占{rank}的份额（{values}）。",
    ),
    "benefit_regressive": (
        (
            "{outcome}{group}: a regressive benefit. On the whole, people with higher {rank} get a larger "
            "share of it than they hold of {rank} ({values})."
        ),
        "{outcome}{group}：累退的受益。总体上，{rank}较高的人群受益的份额大于其占{rank}的份额（{values}）。",
    ),
    "benefit_proportional": (
        "{outcome}{group}: no departure from benefit in proportion to {rank} was found ({values}).",
        "{outcome}{group}：未发现受益偏离与{rank}成比例（{values}）。",
    ),
    "catastrophic": (
        "{outcome}{group}: {share} per cent of people pay more than {threshold} per cent of {capacity}{who}.",
        "{outcome}{group}：{share}% 的人支付超过{capacity}的 {threshold}%{who}。",
    ),
    "who_lower": (
        ", more often people with lower {rank} (concentration index {index})",
        "，{rank}较低的人群更常见（集中指数 {index}）",
    ),
    "who_higher": (
        ", more often people with higher {rank} (concentration index {index})",
        "，{rank}较高的人群更常见（集中指数 {index}）",
    ),
    "who_none": (
        "; no difference by {rank} was found (concentration index {index})",
        "；未发现按{rank}的差异（集中指数 {index}）",
    ),
    "poverty_more": (
        "{outcome}{group}: {points} points more of the people are below the poverty line {when}.",
        "{outcome}{group}：{when}，贫困线以下的人口增加 {points} 个百分点。",
    ),
    "poverty_less": (
        "{outcome}{group}: {points} points fewer of the people are below the poverty line {when}.",
        "{outcome}{group}：{when}，贫困线以下的人口减少 {points} 个百分点。",
    ),
    "poverty_same": (
        (
            "{outcome}{group}: no difference found in the share of people below the poverty line {when}, "
            "{points} points."
        ),
        "{outcome}{group}：{when}，未发现贫困线以下人口比例的差异，{points} 个百分点。",
    ),
    "less_unequal": (
        "{outcome}{group}: {rank} is less unequal {when} ({values}).",
        "{outcome}{group}：{when}，{rank}的不平等较小（{values}）。",
    ),
    "more_unequal": (
        "{outcome}{group}: {rank} is more unequal {when} ({values}).",
        "{outcome}{group}：{when}，{rank}的不平等较大（{values}）。",
    ),
    "as_unequal": (
        "{outcome}{group}: no difference found in the inequality of {rank} {when} ({values}).",
        "{outcome}{group}：{when}，未发现{rank}不平等的差异（{values}）。",
    ),
    "after_payment": ("after the payment", "支付之后"),
    "with_benefit": ("with the benefit", "加上受益之后"),
    "distribution": ("{outcome} by {rank}{group}: {values}.", "{outcome}按{rank}{group}：{values}。"),
    "rif": (
        (
            "{outcome}: of the covariates, the {index} by {rank} goes most clearly with {term}: coefficient "
            "{coefficient}."
        ),
        "{outcome}：各协变量中，按{rank}的{index}与{term}的关系最明显：系数为 {coefficient}。",
    ),
    "odds": (
        (
            "{outcome}: with the other covariates held fixed, the odds differ most by {term}: odds ratio "
            "{ratio} for {level} against {reference}."
        ),
        "{outcome}：在其他协变量不变时，{term}的差别最大：{level}相对{reference}的比值比为 {ratio}。",
    ),
    "regression": (
        (
            "{outcome}: with the other covariates held fixed, it goes most clearly with {term}: {what} "
            "{estimate}."
        ),
        "{outcome}：在其他协变量不变时，与{term}的关系最明显：{what}为 {estimate}。",
    ),
    "of_coefficient": ("difference", "差"),
    "of_incidence_rate_ratio": ("rate ratio", "发病率比"),
    "of_odds_ratio": ("odds ratio", "比值比"),
    "level_against": ("{level} against {reference}", "{level}相对{reference}"),
    "clusters": (
        (
            "{outcome}: {share} per cent of the variation in the underlying tendency lies between clusters "
            "({level}; ICC {icc})."
        ),
        "{outcome}：潜在倾向的变异有 {share}% 在群组之间（{level}；ICC {icc}）。",
    ),
    "clusters_linear": (
        "{outcome}: {share} per cent of the variation that covariates leave lies between clusters ({level}; ICC {icc}).",
        "{outcome}：协变量之外的变异有 {share}% 在群组之间（{level}；ICC {icc}）。",
    ),
    "scorecard": (
        (
            "Of {total} numbers printed by {publication}, {same} come out the same or within a last digit, "
            "{near} lie within the published interval, {differ} differ ({open} without a known reason)."
        ),
        (
            "{publication} 刊出的 {total} 个数字中，{same} 个相同或仅末位不同，{near} 个在已刊区间之内，"
            "{differ} 个不同（其中 {open} 个原因未知）。"
        ),
    ),
    "people": (
        "{n} people are in the sample; this run holds no estimate of inequality.",
        "样本共 {n} 人；本次运行没有不平等的估计值。",
    ),
}

INDEX_NAMES = {
    "standard": "标准集中",
    "generalized": "广义集中",
    "erreygers": "Erreygers",
    "wagstaff": "Wagstaff",
    "modified": "修正集中",
    "extended": "扩展集中",
    "symmetric": "对称",
    "generalized_extended": "广义扩展",
    "generalized_symmetric": "广义对称",
}


def language_of(manifest: Mapping[str, Any]) -> Language:
    """Return the language that the study in a manifest asks for."""
    asked = manifest["study"].get("asked", {}).get("study", {})
    return "zh" if asked.get("language") == "zh" else "en"


def sentence(language: Language, key: str, **parts: object) -> str:
    """Return a sentence with its numbers.

    Examples
    --------
    >>> sentence("en", "in", group="2014")
    ' (2014)'
    """
    return SENTENCES[key][language == "zh"].format(**parts)


def index_name(language: Language, measure: str) -> str:
    """Return what an index is called in a sentence.

    Examples
    --------
    >>> index_name("en", "erreygers"), index_name("en", "standard")
    ('Erreygers index', 'standard index')
    """
    known = {"erreygers": "Erreygers", "wagstaff": "Wagstaff"}.get(measure, measure.replace("_", " "))
    return sentence(language, "index", name=INDEX_NAMES.get(measure, known) if language == "zh" else known)
