"""The arguments of `logit` and `regression`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.api.arguments import RegressionArguments, products_in
from engine.errors import UsageError
from engine.study.regression import OF_COUNTS, RegressionModel


class CovarianceArguments(RegressionArguments):
    """The arguments of models whose errors can be chosen."""

    terms: Annotated[tuple[str | tuple[str, ...], ...], BeforeValidator(products_in), Field(min_length=1)]
    frequency: str | None = None
    covariance: Literal["model", "robust", "cluster", "design"] = "model"

    def refuse_covariance(self) -> None:
        """Refuse a covariance that the design does not carry."""
        if self.covariance == "cluster" and self.cluster is None:
            raise UsageError(
                "covariance: found 'cluster' without cluster; expected the column. Give cluster = '...'."
            )
        if self.replicate_weights is not None:
            if self.covariance != "design":
                raise UsageError(
                    f"covariance: found '{self.covariance}' with replicate_weights, which it does not use; "
                    "expected 'design'. Choose it, or drop the replicate weights."
                )
            return
        if self.frequency is not None and self.covariance in ("cluster", "design") and self.cluster is None:
            raise UsageError(
                "frequency: rows of several people are no sampling units; expected clusters with this "
                "covariance. Give cluster, or covariance = 'model' or 'robust'."
            )

    def refuse_scores(self, numbers: Sequence[str]) -> None:
        """Refuse products of scores of numbers, which have no levels."""
        for name in (name for pair in self.scores for name in pair):
            if name in numbers:
                raise UsageError(
                    f"scores: found the number '{name}'; expected factors. Put the product under terms."
                )


class LogitArguments(CovarianceArguments):
    """The arguments of `logit`."""

    function = "logit"

    crude: bool = False


class ModelArguments(CovarianceArguments):
    """The arguments of `regression`."""

    function = "regression"

    model: RegressionModel
    exposure: str | None = None
    constant: bool = True

    def refuse_missing_constant(self, factors: Sequence[str]) -> None:
        """Refuse a model without a constant that is not linear, or has factors, whose levels need one."""
        if self.constant:
            return
        if self.model != "linear":
            raise UsageError(
                f"constant: found False with model = '{self.model}'; expected model = 'linear'. Drop it."
            )
        for name in factors:
            raise UsageError(
                f"constant: found False with the factor '{name}'; expected terms that are numbers. Drop it, "
                "or name numbers only."
            )

    def refuse_exposure(self) -> None:
        """Refuse an exposure without counts."""
        if self.exposure is not None and self.model not in OF_COUNTS:
            raise UsageError(
                f"exposure: found '{self.exposure}' with model = '{self.model}'; expected a model of counts. "
                "Drop it, or use model = 'poisson'."
            )
