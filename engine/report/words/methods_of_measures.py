"""The sentences of the methods paragraph about standardisation, disparity, payments and benefits."""

from __future__ import annotations

METHODS_OF_MEASURES: dict[str, tuple[str, str]] = {
    "standardised": (
        (
            "Direct standardisation by {factors}: each group gets the shares of the cells of the standard "
            "population in the study ({cells} cells); the errors take these shares as known [{cited}]."
        ),
        (
            "按{factors}直接标准化：各组采用研究所给标准人口的构成（{cells} 格）；误差以该构成为已知 [{cited}]。"
        ),
    ),
    "of_groups": (
        (
            "Disparity between the levels of {groups}: {measures}, from the groups' means and shares; the errors "
            "count those of both [{cited}]."
        ),
        "{groups}各水平之间的差异：{measures}，由各组均值与份额算出；误差计入两者的误差 [{cited}]。",
    ),
    "along_rank": (
        "Disparity along {ranks}: {measures}; the errors count that ranks are estimated [{cited}].",
        "沿{ranks}的差异：{measures}；误差计入秩的估计 [{cited}]。",
    ),
    "slope": (
        (
            "Slope and relative index of inequality: difference and ratio of what a model of the outcome on the "
            "rank ({links}) predicts at its two ends [{cited}]."
        ),
        "不平等斜率指数与相对指数：以秩建立结果的模型（{links}），取两端预测值之差与比 [{cited}]。",
    ),
    "between_people": (
        "Inequality of amounts between people: {measures} [{cited}].",
        "人与人之间数额的不平等：{measures} [{cited}]。",
    ),
    "parts": (
        (
            "By {factors} it is split: the part between groups is the measure if all people had the mean of their "
            "group, the part within groups is the rest [{cited}]."
        ),
        "按{factors}分解：组间部分为人人取其组均值时的测量值，其余为组内部分 [{cited}]。",
    ),
    "payments": (
        "Payments: {outcomes}, against {resources}, by which people are also ranked [{cited}].",
        "支付：{outcomes}，与{resources}比较，并按后者排序 [{cited}]。",
    ),
    "benefits": (
        (
            "Benefits: the use of {outcomes} times a public cost of {cost} a unit{fee}, against {resources}, by "
            "which people are also ranked [{cited}]."
        ),
        "受益：{outcomes}的使用量乘以每单位公共成本 {cost}{fee}，与{resources}比较，并按后者排序 [{cited}]。",
    ),
    "fee": (" less {fee}, never below 0", "，减去{fee}，不低于 0"),
    "progressivity": (
        (
            "The Kakwani index is the concentration index of a payment or benefit less the Gini index of "
            "resources [{cited}]."
        ),
        "Kakwani 指数为支付或受益的集中指数减去资源的基尼系数 [{cited}]。",
    ),
    "redistribution": (
        (
            "The redistributive effect is the Gini index of resources before less that after; the "
            "Reynolds-Smolensky index keeps the ranks of before, and reranking is the difference of the two "
            "[{cited}]."
        ),
        (
            "再分配效应为支付或受益之前资源的基尼系数减去之后者；Reynolds-Smolensky 指数保持之前的秩，"
            "再排序为两者之差 [{cited}]。"
        ),
    ),
    "catastrophic": (
        "Payments are catastrophic above {thresholds} per cent of {capacities} [{cited}].",
        "支付超过{capacities}的 {thresholds}% 为灾难性 [{cited}]。",
    ),
    "poverty": (
        (
            "The poverty line is {line} in the unit of resources; an impact is the measure after less that before "
            "the payment or benefit [{cited}]."
        ),
        "贫困线为 {line}，以资源的单位计；影响为支付或受益之后的测量值减去之前者 [{cited}]。",
    ),
    "achievement": (
        "Achievement is the mean times one less the extended index with aversion {value} [{cited}].",
        "成就指数为均值乘以（1 减去厌恶参数为 {value} 的扩展指数）[{cited}]。",
    ),
}
