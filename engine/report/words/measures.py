"""The names of the column `measure`, which English lists of changes print as they are, in Chinese."""

from __future__ import annotations

from engine.report.disparity_table import NAMES as OF_DISPARITY
from engine.report.financing_table import NAMES as OF_FINANCING
from engine.report.words.sentences import INDEX_NAMES, Language, index_name
from engine.report.words.tables import phrase

MEASURES: dict[str, str] = {
    "count": "人数",
    "percent": "%",
    "weighted_count": "加权人数",
    "weighted_percent": "加权 %",
    "mean": "均值",
    "sd": "标准差",
    "rate": "率",
    "standardised_rate": "标准化率",
    "standardised_mean": "标准化均值",
    "difference": "差",
    "ratio": "比",
    "wald_f": "Wald F",
    "rao_scott_f": "Rao-Scott F",
    "lr_chi2": "似然比卡方",
    "dominance": "占优",
    "concentration_curve": "集中曲线",
    "concentration_index": "集中指数",
    "contribution": "贡献",
    "contribution_change": "贡献的变化",
    "elasticity": "弹性",
    "elasticity_effect": "因弹性",
    "inequality_effect": "因不平等",
    "effect": "效应",
    "share": "份额",
    "residual": "残差",
    "residual_change": "残差的变化",
    "index_change": "指数的变化",
    "horizontal_inequity": "水平不公平",
    "coefficient": "系数",
    "rif_coefficient": "RIF 系数",
    "odds_ratio": "比值比",
    "crude_odds_ratio": "粗比值比",
    "prevalence_ratio": "现患比",
    "marginal_effect": "边际效应",
    "incidence_rate_ratio": "发病率比",
    "threshold": "切点",
    "alpha": "离散参数 α",
    "dispersion": "离散度",
    "r_squared": "R²",
    "residual_sd": "残差标准差",
    "variance": "方差",
    "icc": "ICC",
    "conditional_mode": "群的效应",
    "n_clusters": "群数",
    "one_person_clusters": "仅一人的群",
    "n_parameters": "参数个数",
    "points": "求积点",
    "points_check": "求积点的检验",
    "log_likelihood": "对数似然",
    "null_log_likelihood": "空模型对数似然",
    "pseudo_r2": "伪 R²",
    "aic": "AIC",
    "bic": "BIC",
    "vif": "VIF",
    "headcount": "灾难性支出发生率",
    "overshoot": "灾难性支出平均超出",
    "mean_positive_overshoot": "发生者平均超出",
    "headcount_concentration": "发生率的集中指数",
    "overshoot_concentration": "超出的集中指数",
    "weighted_headcount": "按排序加权的发生率",
    "weighted_overshoot": "按排序加权的超出",
    "achievement": "成就指数",
    "lorenz": "占资源的份额",
    "poorest_share": "最贫困者所占份额",
    "richest_share": "最富裕者所占份额",
    "interval_share": "百分位之间的份额",
    "percentile_ratio": "资源的百分位比",
}


def measure_name(language: Language, measure: str) -> str:
    """Return a name of the column `measure` in words of a language; what is unknown stays.

    Examples
    --------
    >>> measure_name("zh", "odds_ratio"), measure_name("zh", "kakwani"), measure_name("zh", "erreygers")
    ('比值比', 'Kakwani 指数', 'Erreygers指数')
    """
    if language == "en":
        return measure
    if measure in MEASURES:
        return MEASURES[measure]
    if measure in INDEX_NAMES:
        return index_name(language, measure)
    named = OF_FINANCING.get(measure, OF_DISPARITY.get(measure, measure))
    return phrase(named)
