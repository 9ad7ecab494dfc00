"""Notes, rows and cells of tables in Chinese; titles, headings and measures stand in `tables`."""

from __future__ import annotations

TABLE_NOTES: dict[str, str] = {
    "Balance: standardised differences from {word}": "平衡：与{word}的标准化差",
    "{group}, before": "{group}，调整前",
    "{group}, after": "{group}，调整后",
    "effective size": "有效样本量",
    "Differences and sizes are those of the first imputation.": "差异与样本量以第一次插补为准。",
    "Some rows: {status}.": "部分行：{status}。",
    "Withheld: numbers of fewer than {n} people, and others from which these could be computed.": (
        "不公布：不足 {n} 人的数字，以及可据以推算出这些数字的其他数字。"
    ),
    "{label}: groups of equal weight, ties by mid-rank.": "{label}：权重相等的各组，同值按中位秩。",
    "{label}: groups of equal weight, ties as with Stata's xtile, up to each cut point.": (
        "{label}：权重相等的各组，同值如 Stata 的 xtile，归入各分界点以下。"
    ),
    "The records where {where}; the design is that of all records.": "{where} 的记录；设计为全部记录的设计。",
    "{name}: the records where {where}; the design is that of all records.": (
        "{name}：{where} 的记录；设计为全部记录的设计。"
    ),
    "{name}: {n} missing values ({share} %) are replaced by the mean.": (
        "{name}：{n} 个缺失值（{share}%）以均值代替。"
    ),
    "{name}: {n} values are imputed, {m} times each; the people are those of the first imputation.": (
        "{name}：插补 {n} 个值，各 {m} 次；人数以第一次插补为准。"
    ),
    "Pooled from {n} imputations by Rubin's rules; missing information up to {share} %.": (
        "按 Rubin 规则由 {n} 次插补合并；缺失信息比例至多 {share}%。"
    ),
    "Intervals: {method}, {n} replicates.": "区间：{method}，{n} 个重复样本。",
    "With simultaneous bands; dominance at 19 points, multiple comparison rule.": (
        "同时置信带；在 19 个点检验占优，多重比较规则。"
    ),
    "{pair}: above.": "{pair}：在其上。",
    "{pair}: below.": "{pair}：在其下。",
    "{pair}: crosses.": "{pair}：相交。",
    "{pair}: not significant.": "{pair}：不显著。",
    "above": "在其上",
    "below": "在其下",
    "crosses": "相交",
    "not significant": "不显著",
    "Effects with the second elasticity and the first index; the other weighting is in results.parquet.": (
        "以后组弹性与前组指数计算；另一种加权见 results.parquet。"
    ),
    "{model}: {method} errors; n = {n}, {events} with the event.": (
        "{model}：{method}误差；n = {n}，其中 {events} 人有事件。"
    ),
    "{model}: {method} errors; n = {n}.": "{model}：{method}误差；n = {n}。",
    "Multilevel regression ({level} intervals) of {outcome}": "{outcome}的多水平回归（{level} 区间）",
    "against a regression without": "与无随机效应的回归比较",
    "Regression ({level} intervals) of {outcome}": "{outcome}的回归（{level} 区间）",
    "{term}: Rao-Scott F({df}) = {value}, p {p}.": "{term}：Rao-Scott F({df}) = {value}，p {p}。",
    "r squared": "R²",
    "residual sd": "残差标准差",
    "dispersion": "离散度",
    "(alpha)": "（离散参数 α）",
    "(threshold)": "（切点）",
    "{method}; n = {n}.": "{method}；n = {n}。",
    "above {level}: a multilevel model is advised": "大于 {level}：建议多水平模型",
    "against a logit without": "与无随机效应的 logit 比较",
    "of one person": "仅一人的群组",
    "quadrature points: {level}": "求积点：{level}",
    "log-likelihood with more points": "求积点更多时的对数似然",
    "variance of {level} with more points, per cent": "求积点更多时的{level}方差，%",
    "chi2 = {value}, p {p}": "χ² = {value}，p {p}",
    "F = {value}, p {p}": "F = {value}，p {p}",
    "aic": "AIC",
    "bic": "BIC",
    "n parameters": "参数个数",
    "null log likelihood": "空模型对数似然",
    "(all terms)": "（全部项）",
    "(constant)": "（常数）",
    "Effects of {level} on {label}, log odds, from the smallest": "{level}对{label}的效应，对数比值，从最小者起",
    "{n} of {m}": "{m} 个中第 {n} 个",
    "All intervals: {title}": "全部区间：{title}",
    "{n} more are in scorecard.parquet.": "另有 {n} 个见 scorecard.parquet。",
    "Mean of {outcome}": "{outcome}的均值",
    "{measure}, within {factor}": "{measure}，{factor}各组之内",
    "{measure}, between {factor}": "{measure}，{factor}各组之间",
    "erreygers": "Erreygers",
    "wagstaff": "Wagstaff",
    "modified": "修正",
    "extended": "扩展",
    "symmetric": "对称",
    "generalized extended": "广义扩展",
    "generalized symmetric": "广义对称",
}
