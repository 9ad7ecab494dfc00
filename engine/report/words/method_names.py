"""The entries of the column `method`, which English tables print as they are, in Chinese."""

from __future__ import annotations

import re

from engine.report.words.sentences import Language

PARTS: dict[str, str] = {
    "linearised": "线性化",
    "replicate weights": "重复权重",
    "iid bootstrap": "iid 自助法",
    "iid bootstrap by cells": "iid 自助法（按格）",
    "cluster bootstrap": "整群自助法",
    "rao-wu bootstrap": "Rao-Wu 自助法",
    "poisson bootstrap": "泊松自助法",
    "delete-PSU jackknife": "逐一剔除初级抽样单位的刀切法",
    "delete-one jackknife": "逐一剔除个体的刀切法",
    "percentile": "百分位区间",
    "normal": "正态区间",
    "basic": "基本区间",
    "bca": "BCa 区间",
    "studentized": "学生化区间",
    "pointwise": "逐点",
    "simultaneous": "同时",
    "Korn-Graubard": "Korn-Graubard 区间",
    "exact binomial": "精确二项区间",
    "intersection-union": "交并检验",
    "multiple comparison": "多重比较",
    "linear": "线性",
    "linear without a constant": "无常数项的线性",
    "binomial-identity": "二项恒等",
    "poisson": "泊松",
    "negative-binomial": "负二项",
    "ordered-logit": "有序 logit",
    "least squares": "最小二乘",
    "maximum likelihood": "最大似然",
    "robust (HC1)": "稳健（HC1）",
    "clustered (HC1)": "整群（HC1）",
    "Rao-Scott": "Rao-Scott",
    "second order": "二阶",
    "boundary": "边界",
    "first elasticity": "前组弹性",
    "second index": "后组指数",
    "second elasticity": "后组弹性",
    "first index": "前组指数",
    "classical": "经典",
    "robust": "稳健",
    "cluster": "整群",
    "adjusted Wald": "调整 Wald",
    "likelihood ratio": "似然比",
    "likelihood": "似然",
    "design-based": "基于设计的",
    "model-based": "基于模型的",
    "adaptive quadrature": "自适应求积",
    "weights scaled to cluster size": "权重按群规模换算",
    "weights scaled to effective cluster size": "权重按群的有效规模换算",
    "weights as they are": "权重不换算",
    "robust errors times sqrt(J / (J - 1))": "稳健误差乘以 sqrt(J / (J - 1))",
    "Laplace": "拉普拉斯近似",
    "multiple imputation": "多重插补",
}


def method_name(language: Language, method: str) -> str:
    """Return an entry of the column `method` in words of a language; what is unknown stays.

    Examples
    --------
    >>> method_name("en", "linearised, logit"), method_name("zh", "linearised, logit")
    ('linearised, logit', '线性化，logit')
    >>> method_name("zh", "7-point adaptive quadrature, weights of level village")
    '7 点自适应求积，层 village 的权重'
    """
    if language == "en":
        return method
    parts = re.split(r"(, |; )", method)
    return "".join({", ": "，", "; ": "；"}.get(part) or _part(part) for part in parts)


def _part(part: str) -> str:
    if part.startswith("weights of level "):
        return f"层 {part.removeprefix('weights of level ')} 的权重"
    if part.endswith("-point adaptive quadrature"):
        return f"{part.partition('-')[0]} 点自适应求积"
    return PARTS.get(part, part)
