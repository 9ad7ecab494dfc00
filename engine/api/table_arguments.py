"""The arguments of `rates`, `describe`, `rif` and `regression`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.api.arguments import Arguments, OutcomeArguments, RankedArguments, RegressionArguments
from engine.api.tables import StandardTable
from engine.study.base import as_tuple
from engine.study.indices import IndexName

Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


class RatesArguments(OutcomeArguments):
    """The arguments of `rates`."""

    function = "rates"

    rows: Names = ()
    interval: Literal["logit", "normal", "beta"] = "logit"
    test: bool = False
    standardise: StandardTable = None


class DescribeArguments(Arguments):
    """The arguments of `describe`."""

    function = "describe"

    variables: Annotated[Names, Field(min_length=1)]
    test: bool = False


class RifArguments(RankedArguments, RegressionArguments):
    """The arguments of `rif`."""

    function = "rif"

    index: IndexName = "standard"
