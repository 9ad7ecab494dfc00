"""The sentences of the methods paragraph and the works that it cites."""

from __future__ import annotations

METHODS: dict[str, tuple[str, str]] = {
    "data": (
        "Data: {files}, {rows} records; {people} of them are in the sample after {rules} rules.",
        "数据：{files}，共 {rows} 条记录；经 {rules} 条规则后样本为 {people} 人。",
    ),
    "design": (
        (
            "Design: {parts}. A sample rule, a wave and a group are domains: the design of the whole survey "
            "still counts in their errors [{binder}]."
        ),
        "设计：{parts}。样本规则、轮次与组均作为子域：其误差仍按整个调查的设计计算 [{binder}]。",
    ),
    "no_design": (
        "Design: the study names no weights, strata or clusters; every record counts once.",
        "设计：研究未指定权重、层或群；每条记录计一次。",
    ),
    "weight": ("weights in {name}", "权重 {name}"),
    "stratum": ("strata in {name}", "层 {name}"),
    "cluster": ("primary sampling units in {name}", "初级抽样单位 {name}"),
    "ranks": (
        "Ranks: weighted mid-ranks by {ranks}; people with the same value share one rank.",
        "排序：按{ranks}的加权中位秩；同值者共享同一秩。",
    ),
    "indices": (
        (
            "Indices: {indices}, each twice the covariance of outcome and rank under its own normalisation "
            "[{cited}]. Bounds are theoretical: 0 and 1 for an event, otherwise those that the study gives."
        ),
        (
            "指数：{indices}，均为结果与秩的协方差的两倍，按各自方式标准化 [{cited}]。"
            "界限为理论值：事件为 0 与 1，其余由研究给出。"
        ),
    ),
    "errors": (
        "Standard errors without replicates are linearised through influence values; intervals use Student's t.",
        "无重复样本的标准误由影响值线性化得到；区间使用 t 分布。",
    ),
    "replicates": (
        (
            "Replicates: {method}, {n} of them, seed {seed}. The Monte-Carlo error of a standard error is about "
            "{of_error} per cent of it; that of a limit of a 95 % percentile interval is about {of_limit} "
            "standard errors, if the estimate is near normal [{rao_wu}]."
        ),
        (
            "重复样本：{method}，{n} 个，种子 {seed}。标准误的蒙特卡罗误差约为其 {of_error}%；"
            "若估计近似正态，95% 百分位区间端点的误差约为 {of_limit} 个标准误 [{rao_wu}]。"
        ),
    ),
    "failed": (
        "Up to {n} replicates of an analysis were undefined and are left out.",
        "某项分析最多有 {n} 个重复样本无定义而被略去。",
    ),
    "decomposition": (
        (
            "Decomposition: the effect of a covariate times its generalized index, rescaled so that "
            "contributions and residual add up to the index ({methods}) [{cited}]. Effects are no causes."
        ),
        (
            "分解：协变量的效应乘以其广义指数，再换算，使各贡献与残差之和等于指数（{methods}）[{cited}]。"
            "效应并非因果。"
        ),
    ),
    "need": (
        "Need is {need}; horizontal inequity is the index less the contributions of need [{cited}].",
        "需要为{need}；水平不公平为指数减去需要的贡献 [{cited}]。",
    ),
    "curve": (
        "Concentration curves: bands hold simultaneously; dominance is tested at 19 points [{cited}].",
        "集中曲线：置信带为同时带；在 19 个点检验占优 [{cited}]。",
    ),
    "logit": (
        "Logistic regressions: maximum likelihood with {methods} errors; crude and adjusted ratios are shown.",
        "Logistic 回归：最大似然，{methods} 误差；列出粗比值比与调整比值比。",
    ),
    "multilevel": (
        "Multilevel logits: {methods}; the ICC is on the latent scale.",
        "多水平 logit：{methods}；ICC 为潜在尺度。",
    ),
    "rates": (
        "Rates: design-based intervals on the logit scale.",
        "率：基于设计、logit 尺度的区间。",
    ),
    "missing": (
        "Missing values are left out of what needs them{imputed}; each table tells the people behind its numbers.",
        "缺失值在需要该变量处略去{imputed}；各表给出数字背后的人数。",
    ),
    "imputed": (
        "; {names} takes the mean of its wave where it is missing",
        "；{names} 缺失处取该轮次均值",
    ),
    "software": ("Software: equirank {version} ({libraries}).", "软件：equirank {version}（{libraries}）。"),
}

WORKS: dict[str, str] = {
    "strobe": (
        "von Elm E, Altman DG, Egger M, et al. The Strengthening the Reporting of Observational Studies in "
        "Epidemiology (STROBE) statement. PLoS Medicine 2007;4(10):e296."
    ),
    "equity": (
        "Dewidar O, Shamseer L, Melendez-Torres GJ, et al. Improving the reporting on health equity in "
        "observational research (STROBE-Equity). BMJ 2025. doi:10.1136/bmj-2024-083882."
    ),
    "binder": "Binder DA. On the variances of asymptotically normal estimators from complex surveys. "
    "International Statistical Review 1983;51:279-292.",
    "kakwani": "Kakwani N, Wagstaff A, van Doorslaer E. Socioeconomic inequalities in health: measurement, "
    "computation, and statistical inference. Journal of Econometrics 1997;77:87-103.",
    "erreygers": "Erreygers G. Correcting the concentration index. Journal of Health Economics 2009;28:504-515.",
    "wagstaff": "Wagstaff A. The bounds of the concentration index when the variable of interest is binary, with "
    "an application to immunization inequality. Health Economics 2005;14:429-432.",
    "extended": "Wagstaff A. Inequality aversion, health inequalities and health achievement. Journal of Health "
    "Economics 2002;21:627-641.",
    "symmetric": "Erreygers G, Clarke P, Van Ourti T. Mirror, mirror, on the wall, who in this land is fairest of "
    "all? Journal of Health Economics 2012;31:257-270.",
    "rao-wu": "Rao JNK, Wu CFJ, Yue K. Some recent work on resampling methods for complex surveys. Survey "
    "Methodology 1992;18:209-217.",
    "efron": "Efron B, Tibshirani RJ. An Introduction to the Bootstrap. Chapman & Hall 1993.",
    "decomposition": "Wagstaff A, van Doorslaer E, Watanabe N. On decomposing the causes of health sector "
    "inequalities with an application to malnutrition inequalities in Vietnam. Journal of Econometrics "
    "2003;112:207-223.",
    "need": "Wagstaff A, van Doorslaer E. Measuring and testing for inequity in the delivery of health care. "
    "Journal of Human Resources 2000;35:716-733.",
    "curve": "O'Donnell O, van Doorslaer E, Wagstaff A, Lindelow M. Analyzing Health Equity Using Household "
    "Survey Data. World Bank 2008.",
}
