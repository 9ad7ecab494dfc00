"""How to read each measure, a line each: for `show --explain` and the reference of the results."""

from __future__ import annotations

from collections.abc import Iterable

_SIGN = "Below 0: lower ranked people have more than an equal share; above 0: higher ranked people have"
READINGS = {
    "standard": f"{_SIGN}. Relative: it stays the same if everybody has twice as much.",
    "generalized": f"{_SIGN}. Absolute: in the unit of the outcome.",
    "erreygers": f"{_SIGN}. Absolute, between -1 and 1, for outcomes with bounds.",
    "wagstaff": f"{_SIGN}. Relative, between -1 and 1, for outcomes with bounds.",
    "modified": f"{_SIGN}. Relative, above the lower bound.",
    "extended": f"{_SIGN}. The lower ranks count more.",
    "symmetric": f"{_SIGN}. Both ends of the rank count more.",
    "generalized_extended": f"{_SIGN}. Absolute; the lower ranks count more.",
    "generalized_symmetric": f"{_SIGN}. Absolute; both ends of the rank count more.",
    "difference": "The second group less the first. The interval counts that both come from one survey.",
    "dominance": "Whether one curve lies above another, or above the diagonal, along the whole rank.",
    "concentration_curve": "The share of the outcome that people up to a rank hold.",
    "mean": "Weighted mean.",
    "effect": "Change of the outcome that the model gives for one more of the covariate.",
    "elasticity": "The effect times the mean of the covariate, divided by the mean of the outcome.",
    "concentration_index": "The index of a covariate along the same rank: how unequally it is spread.",
    "contribution": "The part of the index that the model assigns to a covariate. It is no cause.",
    "share": "A contribution in per cent of the index. It may be above 100 or below 0.",
    "residual": "The part of the index that no covariate explains.",
    "horizontal_inequity": "Index less what need explains. Above 0: higher ranks have more at equal need.",
    "coefficient": "Change for one more of the covariate: of the log odds, log rate of counts, or mean.",
    "incidence_rate_ratio": "Rate of the counted events against the reference level, with all else as it is.",
    "threshold": "Ordered outcome: log odds of the lower categories where all covariates are 0.",
    "alpha": "Counts vary by mu + alpha mu^2: 0 is the Poisson model.",
    "dispersion": "Near 1: counts vary as those of a Poisson model; above 1: take its errors as too small.",
    "r_squared": "Share of the outcome's variance that the covariates explain.",
    "residual_sd": "Standard deviation of what they leave.",
    "odds_ratio": "Odds of the event, or of a higher category; farther from 1 than a ratio of rates.",
    "prevalence_ratio": "Rate of the event against the reference level, with all else as it is.",
    "marginal_effect": "Average change of the probability of the event or category, or of the mean.",
    "variance": "Variance of the clusters' effects on the log odds; 0: the clusters do not differ.",
    "icc": "Share of the variance of the latent outcome that lies between clusters.",
    "conditional_mode": "How far one cluster lies from the others, drawn towards 0 where it has few people.",
    "rif_coefficient": "Change of the index for a small rise of the covariate's mean in the population.",
    "rate": "Weighted share of people with the event.",
    "standardised_rate": "The rate if people were spread over the cells as the standard population is.",
    "standardised_mean": "The mean if people were spread over the cells as the standard population is.",
    "kakwani": "Payments: progressive above 0, regressive below. Benefits: progressive below 0.",
    "redistributive_effect": "Gini index of resources before less after. Above 0: less unequal after.",
    "reynolds_smolensky": "The redistributive effect plus reranking: as if nobody changed places.",
    "headcount": "Share of people who pay more than the threshold.",
    "overshoot": "Mean over all people of the share of capacity paid beyond the threshold.",
    "headcount_concentration": "Below 0: payments beyond the threshold are more frequent among the poor.",
    "poverty_headcount_impact": "Share of people below the poverty line after payment, less that before.",
    "count": "People, without weights.",
    "percent": "Per cent of people, without weights.",
    "weighted_count": "Sum of weights.",
    "weighted_percent": "Weighted per cent.",
    "sd": "Standard deviation.",
    "aic": "To compare models of the same people: lower is better.",
    "bic": "To compare models of the same people: lower is better; more parameters cost more than with aic.",
    "vif": "How much other terms explain a term; near 1: little.",
    "wald_f": "Joint test.",
    "rao_scott_f": "Test that the shares are the same at every level or in every group.",
    "lr_chi2": "Joint test by the likelihood.",
}


def readings(measures: Iterable[str]) -> list[str]:
    """Return how to read some measures, a line each, in the order of the table.

    Examples
    --------
    >>> readings(["share", "nobody knows"])
    ['share: A contribution in per cent of the index. It may be above 100 or below 0.']
    """
    wanted = {*measures}
    return [f"{name}: {text}" for name, text in READINGS.items() if name in wanted]
