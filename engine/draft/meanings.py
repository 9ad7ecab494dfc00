"""What names and labels of survey files usually mean, in English and Chinese: guesses, never decisions."""

from __future__ import annotations

import re

_SKIPPED = re.compile(r"not appl|inapplic|\bskip|not asked|legitimate|不适用|跳过|未问", re.IGNORECASE)
_NOT_SURE = re.compile(
    r"don'?t know|do not know|not sure|unsure|undecided|不清楚|不知道|说不清|不确定", re.IGNORECASE
)
_MISSING = re.compile(
    r"refus|missing|no answer|not stated|not ascertained|not answered|unanswered|invalid|"
    r"拒绝|拒答|缺失|未回答|无回答|没有回答|未填",
    re.IGNORECASE,
)
_NO_VALUE = {"na", "n/a", ".", "-", "nan", "null", "none", "无", "缺失"}
ROLES: dict[str, re.Pattern[str]] = {
    "weight": re.compile(r"weight|wgt|(^|_)wt|^w_|^pw$|^w$|权重|加权", re.IGNORECASE),
    "stratum": re.compile(r"strat|分层|抽样层", re.IGNORECASE),
    "cluster": re.compile(
        r"\bpsu|cluster|village|communit|居/?村|村委|居委|社区|居住地代码|样本点", re.IGNORECASE
    ),
    "outcome": re.compile(
        r"health|disease|doctor|hospital|vaccin|insur|symptom|\bill|smok|obes|"
        r"健康|患病|疾病|就诊|住院|医疗|疫苗|保险|吸烟",
        re.IGNORECASE,
    ),
    "rank": re.compile(r"incom|expend|wealth|consum|earn|asset|收入|支出|消费|财富|资产", re.IGNORECASE),
    "wave": re.compile(r"^(wave|year|survey_?year|round|年份|调查年|调查年份)$", re.IGNORECASE),
    "birth": re.compile(r"birth.?y|birt_y|year of birth|出生年", re.IGNORECASE),
}


def reason_of(label: str) -> str | None:
    """Return why a code with this label is no value: skipped, not_sure or missing; None if it is a value.

    Examples
    --------
    >>> [reason_of(label) for label in ("Refused", "Don't know", "不适用", "Yes", "已经建立")]
    ['missing', 'not_sure', 'skipped', None, None]
    """
    for reason, pattern in (("skipped", _SKIPPED), ("not_sure", _NOT_SURE), ("missing", _MISSING)):
        if pattern.search(label):
            return reason
    return None


def is_no_value(text: str) -> bool:
    """Whether a text among numbers only says that there is none.

    Examples
    --------
    >>> is_no_value("NA"), is_no_value("none of them")
    (True, False)
    """
    return text.casefold() in _NO_VALUE or reason_of(text) is not None


def has_role(role: str, *texts: str) -> bool:
    """Whether a name or a label sounds like a role, such as "weight".

    Examples
    --------
    >>> has_role("weight", "w_l", "权重"), has_role("rank", "famincom_m"), has_role("weight", "sex", "性别")
    (True, True, False)
    """
    return any(ROLES[role].search(text) for text in texts)
