"""The survey design: weights, strata, sampling units, clusters of multilevel models, replicate weights."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.study.balance import BalanceSpec
from engine.study.base import Spec
from engine.study.calibration import CalibrationSpec


class ReplicateWeightsSpec(Spec):
    """Replicate weights that come with the data: v = scale * sum_r rscales_r (theta_r - centre)^2.

    They are full weights, and they stand for the whole design: where a study has them, every error comes from
    them. ``centre = "estimate"`` is ``mse = TRUE`` of R's `svrepdesign`, and ``"mean"`` its default.
    """

    columns: Annotated[
        str | tuple[str, ...], Field(description="Column names, or one pattern such as 'rw_*'")
    ]
    method: Literal["brr", "fay", "jk1", "jk2", "jkn", "bootstrap", "successive-difference", "other"]
    fay: Annotated[float, Field(ge=0, lt=1, description="Fay's factor, for method 'fay'")] = 0.0
    scale: Annotated[
        float | None,
        Field(gt=0, description="Overall factor; default: that of the method, 1/(R - 1) for 'bootstrap'"),
    ] = None
    rscales: Annotated[
        tuple[float, ...] | None, Field(description="Factor of each replicate, for the methods jkn and other")
    ] = None
    centre: Annotated[Literal["estimate", "mean"], Field(description="What replicates are compared with")] = (
        "estimate"
    )


class DesignSpec(Spec):
    """The survey design. Without it every row is drawn with equal probability."""

    weight: Annotated[str | dict[str, str] | None, Field(description="Column, or a table wave -> column")] = (
        None
    )
    stratum: Annotated[
        str | dict[str, str] | None, Field(description="Column, or a table wave -> column")
    ] = None
    cluster: Annotated[
        str | dict[str, str] | None,
        Field(description="Primary sampling unit: column, or a table wave -> column"),
    ] = None
    levels: Annotated[
        dict[str, str | dict[str, str]],
        Field(description="Clusters of multilevel models: name -> column, or a table wave -> column"),
    ] = Field(default_factory=dict)
    level_weights: Annotated[
        dict[str, str | dict[str, str]],
        Field(description="Weights of these clusters: name -> column, or a table wave -> column"),
    ] = Field(default_factory=dict)
    nested: Annotated[bool, Field(description="Cluster ids repeat across strata")] = False
    independent_waves: Annotated[bool, Field(description="Waves share no stratum and no cluster")] = False
    single_psu: Literal["fail", "adjust", "certainty"] = "fail"
    population: Annotated[
        str | None, Field(description="Column with the stratum's number of PSUs in the population (fpc)")
    ] = None
    replicate_weights: ReplicateWeightsSpec | None = None
    calibration: CalibrationSpec | None = None
    balance: BalanceSpec | None = None

    @property
    def adjustment(self) -> Literal["calibration", "balance"] | None:
        """The table that adjusts the weights of the records, None if they stay as they are."""
        if self.calibration is not None:
            return "calibration"
        return None if self.balance is None else "balance"

    def column_of(self, role: str, wave: str | None) -> str | None:
        """Return the column of ``weight``, ``stratum`` or ``cluster`` in a wave, None without one."""
        given = getattr(self, role)
        return None if given is None else _in_wave(given, wave)

    def of_wave(self, wave: str | None) -> dict[str, object]:
        """Return the columns of the design in a file of this wave, ready for JSON."""
        return {
            **self.model_dump(mode="json", include={"population", "replicate_weights"}),
            **{role: self.column_of(role, wave) for role in ("weight", "stratum", "cluster")},
            "levels": {name: self.level_of(name, wave) for name in self.levels},
            "level_weights": {name: self.weight_of_level(name, wave) for name in self.level_weights},
        }

    def level_of(self, name: str, wave: str | None) -> str:
        """Return the column of a level in a file of this wave."""
        return _in_wave(self.levels[name], wave)

    def weight_of_level(self, name: str, wave: str | None) -> str:
        """Return the column with the weights of a level in a file of this wave."""
        return _in_wave(self.level_weights[name], wave)


def _in_wave(given: str | dict[str, str], wave: str | None) -> str:
    return str(given.get(str(wave), "?")) if isinstance(given, dict) else given
