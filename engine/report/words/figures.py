"""The words of figures and of their alternative texts, in English and Chinese."""

from __future__ import annotations

from engine.report.words.sentences import Language

FIGURES: dict[str, tuple[str, str]] = {
    "simulated": ("SIMULATED: nobody in these records is real", "模拟数据：记录中的人均非真实"),
    "all": ("all", "合计"),
    "range": ("{estimate} ({low} to {high})", "{estimate} ({low} 至 {high})"),
    "next": ("; ", "；"),
    "end": (".", "。"),
    "and_more": ("; and {n} more", "；另有 {n} 项"),
    "named": ("{name}: {what}", "{name}：{what}"),
    "in_group": ("{title}, {group}", "{title}，{group}"),
    "inequality": ("{outcome} by {rank}", "{outcome}按{rank}"),
    # flow
    "flow": ("People after each rule of the sample", "各样本规则之后的人数"),
    "step": ("{rule}: {n}", "{rule}：{n}"),
    "step_less": ("{rule}: {n}, {less} fewer", "{rule}：{n}，少 {less}"),
    # equiplot
    "per_cent_of_people": ("{outcome}, per cent of people", "{outcome}，占人数的 %"),
    "by": ("{outcome} by {factor}", "{outcome}，按{factor}"),
    "ends": (
        "{group}: {first} in '{lowest}', {last} in '{highest}', {apart} between them",
        "{group}：“{lowest}”{first}，“{highest}”{last}，相差 {apart}",
    ),
    "points": ("{n} points", "{n} 个百分点"),
    # curve
    "lowest_first": ("per cent of people, lowest {rank} first", "人口累计 %，从{rank}最低者起"),
    "band": ("per cent of: {outcome}, {level} % band", "{outcome}的累计 %，{level}% 置信带"),
    "deviation_band": (
        "points above an equal share, {level} % band",
        "高于相等份额的百分点，{level}% 置信带",
    ),
    "curve": ("Concentration of {what}", "{what}的集中曲线"),
    "deviation": ("Deviation from equality of {what}", "{what}偏离相等线的程度"),
    "half": (
        "{group}: the {share} % of people with the lowest {rank} hold {held} %{band}",
        "{group}：{rank}最低的 {share}% 的人占 {held}%{band}",
    ),
    "half_band": (" (band {low} to {high})", "（置信带 {low} 至 {high}）"),
    "above": (", above the line of equality", "，在相等线之上"),
    "below": (", below the line of equality", "，在相等线之下"),
    "crosses": (", crosses the line of equality", "，与相等线相交"),
    "not significant": (", not told apart from the line of equality", "，与相等线无法区分"),
    # indices and measures
    "index": ("Inequality in {what}", "{what}的不平等"),
    "differences": ("Differences in inequality in {what}", "{what}的不平等之差"),
    "index_axis": ("index with {level} % interval", "指数与 {level}% 区间"),
    "difference_axis": ("difference with {level} % interval", "差与 {level}% 区间"),
    "disparity": ("Disparity in {what}", "{what}的差异"),
    "ratio_axis": ("ratio with {level} % interval", "比与 {level}% 区间"),
    "gap_axis": ("absolute measure with {level} % interval", "绝对测量与 {level}% 区间"),
    "share_axis": ("per cent with {level} % interval", "%，附 {level}% 区间"),
    "relative_axis": ("index with {level} % interval", "指数与 {level}% 区间"),
    "entropy_axis": ("index with {level} % interval", "指数与 {level}% 区间"),
    "variance_axis": ("variance with {level} % interval", "方差与 {level}% 区间"),
    "financing": ("Distribution of {what}", "{what}的分布"),
    "shares": ("Shares of {what}", "{what}的份额"),
    "shares_held": ("per cent of the total, with {level} % intervals", "占总量的 %，附 {level}% 区间"),
    "poorest_hold": (
        "{name}: the poorest {share} % of people hold {held} %",
        "{name}：最贫困的 {share}% 的人占 {held}%",
    ),
    "held_axis": ("per cent with {level} % interval", "%，附 {level}% 区间"),
    "catastrophic_axis": ("per cent with {level} % interval", "%，附 {level}% 区间"),
    "poverty_axis": ("per cent with {level} % interval", "%，附 {level}% 区间"),
    "poverty_gap_axis": (
        "in the unit of resources, with {level} % interval",
        "以资源的单位计，附 {level}% 区间",
    ),
    "achievement_axis": (
        "in the unit of the outcome, with {level} % interval",
        "以结果的单位计，附 {level}% 区间",
    ),
    "rif": ("Regression of the {index} of {what}", "{what}的{index}的回归"),
    "rif_axis": ("change of the index with {level} % interval", "指数的变化与 {level}% 区间"),
    "coefficients": (
        "{n} coefficients; the intervals of {clear} leave out 0. Farthest from 0: {named}.",
        "{n} 个系数，其中 {clear} 个的区间不含 0。离 0 最远：{named}。",
    ),
    # contributions
    "behind": ("What is behind the inequality in {what}", "{what}的不平等的构成"),
    "changed": ("What changed in the inequality in {what}", "{what}的不平等变化的构成"),
    "contribution_axis": ("contribution with {level} % interval", "贡献与 {level}% 区间"),
    "change_axis": ("change of the contribution with {level} % interval", "贡献的变化与 {level}% 区间"),
    "need": ("Need", "需要"),
    "other": ("Other covariates", "其他协变量"),
    "covariates": ("Covariates", "协变量"),
    "rest": ("Rest", "其余"),
    "residual": ("residual", "残差"),
    "index_is": ("Index {value}. ", "指数 {value}。"),
    "change_is": ("Change of the index {value}. ", "指数的变化 {value}。"),
    # forest plot
    "crude": ("crude", "粗"),
    "adjusted": ("adjusted", "调整"),
    "odds_axis": ("odds ratio with {level} % interval", "比值比与 {level}% 区间"),
    "rate_axis": ("incidence rate ratio with {level} % interval", "发病率比与 {level}% 区间"),
    "rate_forest": ("Incidence rate ratios of {outcome}, {analysis}", "{outcome}的发病率比，{analysis}"),
    "odds_forest": ("Odds ratios of {outcome}, {analysis}", "{outcome}的比值比，{analysis}"),
    "reference": ("1 (Ref)", "1（参照）"),
    "rate_ratios": (
        "{n} {which} rate ratios; the intervals of {clear} leave out 1. Farthest from 1: {named}.",
        "{n} 个{which}发病率比，其中 {clear} 个的区间不含 1。离 1 最远：{named}。",
    ),
    "odds_ratios": (
        "{n} {which} odds ratios; the intervals of {clear} leave out 1. Farthest from 1: {named}.",
        "{n} 个{which}比值比，其中 {clear} 个的区间不含 1。离 1 最远：{named}。",
    ),
    # caterpillar
    "effects": ("Effects of {level} on {outcome}, {analysis}", "{level}对{outcome}的效应，{analysis}"),
    "from_smallest": ("{level}, from the smallest effect", "{level}，从效应最小者起"),
    "log_odds": ("effect on the log odds, with interval", "对数比值上的效应与区间"),
    "effect": ("effect", "效应"),
    "without_0": ("interval without 0", "区间不含 0"),
    "with_0": ("interval with 0", "区间含 0"),
    "clusters": (
        "{n} clusters, effects from {low} to {high} on the log odds; the intervals of {clear} leave out 0.",
        "{n} 个群组，对数比值上的效应从 {low} 到 {high}；其中 {clear} 个的区间不含 0。",
    ),
    # history
    "run": ("run", "运行"),
    "moved": ("estimate, with its interval where it moved; {method}", "估计值，变动处附区间；{method}"),
    "over_runs": ("{title} over {n} runs", "{title}，{n} 次运行"),
    "over_run": ("{title} over 1 run", "{title}，1 次运行"),
    "first_last": (
        "{group}: run {first} {before}, run {last} {after}",
        "{group}：运行 {first} 为 {before}，运行 {last} 为 {after}",
    ),
    "rate_of": ("Rate of {outcome} ({analysis})", "{outcome}的率（{analysis}）"),
    "index_of": ("{index} of {what} ({analysis})", "{what}的{index}（{analysis}）"),
}


def figure_text(language: Language, key: str, **parts: object) -> str:
    """Return a text of a figure.

    Examples
    --------
    >>> figure_text("en", "by", outcome="Ill", factor="income")
    'Ill by income'
    """
    return FIGURES[key][language == "zh"].format(**parts)
