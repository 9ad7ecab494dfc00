"""The sentences of the methods paragraph."""

from __future__ import annotations

METHODS: dict[str, tuple[str, str]] = {
    "data": (
        "Data: {files}, {rows} records; {people} of them are in the sample after {rules} rules.",
        "数据：{files}，共 {rows} 条记录；经 {rules} 条规则后样本为 {people} 人。",
    ),
    "data_withheld": (
        "Data: {files}; {people} of their records are in the sample.",
        "数据：{files}；其中 {people} 条记录在样本中。",
    ),
    "disclosure": (
        (
            "Disclosure control: numbers of fewer than {n} people are withheld, and as many others as it takes "
            "that no linear program can find such a number within fewer than {n} people.{rounding}"
        ),
        "披露控制：不足 {n} 人的数字不公布；另隐去其他数字，使线性规划推算此类数字的区间不窄于 {n} 人。{rounding}",
    ),
    "rounding": (
        " Counts are rounded to multiples of {base}, other numbers to as many digits as such counts have.",
        "计数取 {base} 的倍数，其他数字只保留与之相当的位数。",
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
    "calibration": (
        (
            "Weights: {method} to known totals of {margins}{source}, in {steps} steps; the factors lie between "
            "{low} and {high}. Every error counts the adjustment: linearised errors use the residuals of the "
            "calibration regression, and the weights of every replicate are adjusted to the same totals [{cited}]."
        ),
        (
            "权重：按 {margins} 的已知总数{source}作{method}，{steps} 步；调整系数介于 {low} 与 {high} 之间。"
            "误差均计入此调整：线性化误差使用校准回归的残差，各重复样本的权重均调整至相同总数 [{cited}]。"
        ),
    ),
    "balance": (
        (
            "Weights: adjusted so that the levels of {by} have the {variables} of {to}, by {method} [{cited}]; the "
            "factors lie between {low} and {high}. The largest standardised difference was {before} before and is "
            "{after} after. Every error counts that the factors are estimated: linearised errors through their "
            "influence values, and the weights of every replicate are balanced again."
        ),
        (
            "权重：经{method}调整，使 {by} 各水平的 {variables} 与{to}相同 [{cited}]；调整系数介于 {low} 与 {high} 之间。"
            "最大标准化差由 {before} 变为 {after}。误差均计入系数的估计：线性化误差经其影响值计入，"
            "各重复样本的权重均重新平衡。"
        ),
    ),
    "entropy": ("entropy balancing", "熵平衡"),
    "ipw": ("inverse probability weighting", "逆概率加权"),
    "balance_all": ("all levels together", "全体"),
    "balance_level": ("{name}", "{name} "),
    "calibration_source": (" ({name})", "（{name}）"),
    "post-stratification": ("post-stratification", "事后分层"),
    "raking": ("raking", "迭代比例调整"),
    "linear": ("linear calibration", "线性校准"),
    "errors": (
        "Standard errors without replicates are linearised through influence values; intervals use Student's t.",
        "无重复样本的标准误由影响值线性化得到；区间使用 t 分布。",
    ),
    "replicates": (
        (
            "Replicates: {method}, {n} of them, seed {seed}. The Monte-Carlo error of a standard error is about "
            "{of_error} per cent of it; that of a limit of a 95 % percentile interval is about {of_limit} "
            "standard errors, if the estimate is near normal [{cited}]."
        ),
        (
            "重复样本：{method}，{n} 个，种子 {seed}。标准误的蒙特卡罗误差约为其 {of_error}%；"
            "若估计近似正态，95% 百分位区间端点的误差约为 {of_limit} 个标准误 [{cited}]。"
        ),
    ),
    "enough": (
        (
            "The number of replicates of {names} was not fixed beforehand: they go on until the Monte-Carlo error "
            "of every limit of an interval is at most 2 per cent of the standard error, or until there are {most} "
            "[{cited}]."
        ),
        (
            "{names} 的重复样本数未事先固定：重复至各区间端点的蒙特卡罗误差不超过标准误的 2%，或达到 {most} 个 "
            "[{cited}]。"
        ),
    ),
    "jackknife": (
        "Jackknife: {method}; each unit is left out once, and nothing is drawn at random [{cited}].",
        "刀切法：{method}；各单位依次剔除一次，不作随机抽取 [{cited}]。",
    ),
    "replicate_weights": (
        (
            "Replicate weights in {columns} ({method}) came with the data and stand for the whole design; the "
            "standard errors come from them, around the {centre} [{cited}]."
        ),
        "数据自带的重复权重 {columns}（{method}）代表整个设计；标准误由其得到，以{centre}为中心 [{cited}]。",
    ),
    "centre_estimate": ("estimate", "估计值"),
    "centre_mean": ("mean of the replicates", "各重复估计的均值"),
    "population": (
        "Finite population correction from {name}.",
        "按 {name} 作有限总体校正。",
    ),
    "single_adjust": (
        "A sampling unit alone in its stratum is compared with the mean of all units.",
        "层内仅有的抽样单位与全部单位的均值比较。",
    ),
    "single_certainty": (
        "A sampling unit alone in its stratum adds nothing to a variance.",
        "层内仅有的抽样单位对方差无贡献。",
    ),
    "unweighted": ("Computed without weights: {names}.", "未加权计算：{names}。"),
    "describe": (
        "Characteristics: counts of people are unweighted; per cents, means and standard deviations are weighted.",
        "特征：人数未加权；百分比、均值与标准差已加权。",
    ),
    "parameter": ("The parameter of {names} is {value}.", "{names} 的参数为 {value}。"),
    "compare": (
        (
            "Differences between groups allow for the covariance of the two estimates; that all groups are equal "
            "is tested by an adjusted Wald F."
        ),
        "组间之差计入两个估计的协方差；各组全部相等以调整 Wald F 检验。",
    ),
    "conindex": (
        "Beside our errors stand those that Stata's conindex prints [{cited}].",
        "本程序的误差之旁列出 Stata 的 conindex 所给的误差 [{cited}]。",
    ),
    "failed": (
        "Up to {n} replicates of an analysis were undefined and are left out.",
        "某项分析最多有 {n} 个重复样本无定义而被略去。",
    ),
    "decomposition": (
        (
            "Decomposition: the effect of a covariate times its generalized index, rescaled so that "
            "contributions and residual add up to the index ({methods}{effects}) [{cited}]. Effects are no causes."
        ),
        (
            "分解：协变量的效应乘以其广义指数，再换算，使各贡献与残差之和等于指数（{methods}{effects}）[{cited}]。"
            "效应并非因果。"
        ),
    ),
    "need": (
        "Need is {need}; horizontal inequity is the index less the contributions of need [{cited}].",
        "需要为{need}；水平不公平为指数减去需要的贡献 [{cited}]。",
    ),
    "effect_average": (", average effects", "，平均效应"),
    "effect_at-means": (", effects at the means", "，均值处效应"),
    "effect_discrete": (", discrete changes", "，离散变化"),
    "decomposition_change": (
        (
            "The change of an index between groups is split into the change of elasticities and that of the "
            "inequality of covariates, with both weightings [{cited}]."
        ),
        "组间指数的变化分为弹性的变化与协变量不平等的变化，列出两种加权 [{cited}]。",
    ),
    "curve": (
        "Concentration curves: bands hold simultaneously; dominance is tested at 19 points [{cited}].",
        "集中曲线：置信带为同时带；在 19 个点检验占优 [{cited}]。",
    ),
    "logit": (
        "Logistic regressions: maximum likelihood with {methods} errors; crude and adjusted ratios are shown.",
        "Logistic 回归：最大似然，{methods}误差；列出粗比值比与调整比值比。",
    ),
    "adjusted_logit": (
        "Logistic regressions: maximum likelihood with {methods} errors; adjusted ratios are shown.",
        "Logistic 回归：最大似然，{methods}误差；列出调整比值比。",
    ),
    "regression": (
        (
            "Regressions of numbers, counts and ordered categories: least squares and maximum likelihood "
            "({methods} errors) [{cited}]."
        ),
        "数值、计数与有序分类的回归：最小二乘与最大似然（{methods}误差）[{cited}]。",
    ),
    "multilevel": (
        "Multilevel logits: {methods}; the ICC is on the latent scale.",
        "多水平 logit：{methods}；ICC 为潜在尺度。",
    ),
    "linear_multilevel": (
        (
            "Linear multilevel models: random intercepts, maximum likelihood in closed form; without "
            "weights, errors of variances come from the expected information; the ICC is given the covariates "
            "[{cited}]."
        ),
        "线性多水平模型：随机截距，闭式最大似然；无权重时方差的标准误来自期望信息，ICC 为给定协变量之值 [{cited}]。",
    ),
    "scaled": (
        "The weights of {names} are scaled to the size of each innermost cluster [{cited}].",
        "{names} 的权重换算为最内层各群的规模 [{cited}]。",
    ),
    "effective": (
        "The weights of {names} are scaled to the effective size of each innermost cluster [{cited}].",
        "{names} 的权重换算为最内层各群的有效规模 [{cited}]。",
    ),
    "unscaled": (
        "The weights of {names} are those of people given their cluster; they are not scaled [{cited}].",
        "{names} 的权重为群内个人的条件权重，不作换算 [{cited}]。",
    ),
    "level_weights": (
        "The clusters of {levels} have weights of their own.",
        "{levels} 各群另有权重。",
    ),
    "rif": (
        (
            "Regression of an index: the recentered influence function of the {indices} is regressed on the "
            "covariates; a coefficient is the change of the index, to first order, with the covariate's mean "
            "[{cited}]. Coefficients are no causes."
        ),
        (
            "指数的回归：以协变量回归{indices}的再中心化影响函数；系数为协变量均值变化时指数的一阶变化 [{cited}]。"
            "系数并非因果。"
        ),
    ),
    "rates": (
        "Rates: design-based intervals, {scales}; rates of 0 and 100 per cent have exact limits [{cited}].",
        "率：基于设计的区间，{scales}；0 与 100% 的率用精确限 [{cited}]。",
    ),
    "headcount_limits": (
        "Limits of the headcounts of {names}: {scales} [{cited}].",
        "{names} 的发生率的区间：{scales} [{cited}]。",
    ),
    "rao_scott": (
        "Tests of {names}: Pearson's chi-square with Rao and Scott's second-order correction, as an F test [{cited}].",
        "{names} 的检验：Pearson 卡方经 Rao 与 Scott 二阶校正，作为 F 检验 [{cited}]。",
    ),
    "scale_logit": ("on the logit scale", "logit 尺度"),
    "scale_normal": ("with normal limits", "正态限"),
    "scale_beta": ("with exact limits for every rate", "所有率均用精确限"),
    "missing": (
        "Missing values are left out of what needs them{imputed}; each table tells the people behind its numbers.",
        "缺失值在需要该变量处略去{imputed}；各表给出数字背后的人数。",
    ),
    "imputed": (
        "; {names} takes the mean of its wave where it is missing",
        "；{names} 缺失处取该轮次均值",
    ),
    "imputations": (
        (
            "Multiple imputation: {m} completed data sets; imputed are {variables}. Every estimate is computed in "
            "each of them with its design-based error, and Rubin's rules pool them, with the degrees of freedom of "
            "Barnard and Rubin; ratios and variances are pooled as logarithms. Missing information is {share} per "
            "cent at most [{cited}]."
        ),
        (
            "多重插补：{m} 个完整数据集；插补的变量为{variables}。各估计在每个数据集中计算并附设计误差，"
            "按 Rubin 规则合并，自由度按 Barnard 与 Rubin；比与方差取对数后合并。缺失信息比例至多 {share}% [{cited}]。"
        ),
    ),
    "imputed_variable": ("{name} ({n} values)", "{name}（{n} 个值）"),
    "imputed_tests": (
        "Test statistics of the data sets are pooled by the rule D2 [{cited}].",
        "各数据集的检验统计量按 D2 规则合并 [{cited}]。",
    ),
    "imputed_replicates": (
        (
            "Replicates are drawn within each completed data set, with the same seed; their intervals are those of "
            "Student's t around the pooled estimate."
        ),
        "重复样本在各完整数据集内以同一种子抽取；区间为合并估计的 t 区间。",
    ),
    "software": ("Software: equirank {version} ({libraries}).", "软件：equirank {version}（{libraries}）。"),
}
