"""What the column `status` says of doubtful numbers, in Chinese."""

from __future__ import annotations

from engine.report.words.phrasebook import Phrasebook

STATUSES: dict[str, str] = {
    "undefined": "无定义",
    "reference": "参照",
    "withheld": "不公布",
    "no observations": "无观测",
    "no standard error": "无标准误",
    "no degrees of freedom": "无自由度",
    "too many undefined replicates": "无定义的重复样本过多",
    "{n} of {m} replicates undefined: no interval": "{m} 个重复样本中 {n} 个无定义：无区间",
    "few sampling units: limits cover less than their level": "抽样单位少：区间的覆盖率低于其水平",
    "share of a total near 0: no reliable limits": "接近 0 的总量的份额：区间不可靠",
    "at the boundary: 0 is the maximum": "位于边界：最大值在 0",
    "does not converge": "未收敛",
    "a further step leaves the maximum": "再迭代一步即偏离最大值",
    "separated: the estimate is plus infinity": "完全分离：估计值为正无穷",
    "separated: the estimate is minus infinity": "完全分离：估计值为负无穷",
    "separated: the covariates predict the outcome perfectly": "完全分离：协变量完全预测结果",
    "separated or a combination of other columns": "完全分离或为其他列的组合",
    "a combination of other columns": "为其他列的组合",
    "a level of one group only: all of it counts as elasticity": "只在一组出现的水平：全部计入弹性",
    "the groups compare with different reference levels": "各组的参照水平不同",
    "mean is zero": "均值为零",
    "mean not positive": "均值不为正",
    "negative values": "有负值",
    "undefined: nobody in {cells}": "无定义：以下各格无人：{cells}",
    "one level only": "仅一个水平",
    "nobody has this category": "无人属于该类别",
    "a single cluster": "仅一个群",
    "one person in every cluster": "每群仅一人",
    "not in every imputation": "并非每次插补都有",
    "not pooled: a number of one imputation": "不合并：只属于一次插补的数字",
}

_BOOK = Phrasebook(STATUSES)


def status_name(status: str) -> str:
    """Return a status in Chinese; what is unknown stays.

    Examples
    --------
    >>> status_name("undefined"), status_name("3 of 40 replicates undefined: no interval")
    ('无定义', '40 个重复样本中 3 个无定义：无区间')
    """
    return _BOOK.chinese(status) or status
