"""Questions that no index along a rank answers: the analysis to paste, with reason and source."""

from __future__ import annotations

from typing import Literal

Subject = Literal["payments", "benefits", "parts", "rates", "models", "clusters", "missing"]

_PAYMENTS = """\
kind = "financing": payments are compared with what people have.

[[analysis]]
name = "payments"
kind = "financing"
outcome = "..."     # what people pay, a number
resources = "..."     # income or consumption before payments; people are ranked by it
measure = ["concentration", "kakwani", "redistributive_effect", "headcount", "headcount_concentration"]
threshold = [0.1, 0.25]     # payments above these shares of resources are catastrophic

A Kakwani index above 0 is progressive: people with more pay a larger share of payments than of
resources. Add capacity = "..." for shares of what is left after food. For impoverishment add poverty_line
and the measure "poverty_headcount_impact".
Source: Kakwani (1977), Economic Journal 87; Wagstaff and van Doorslaer (2003), Health Economics 12."""

_BENEFITS = """\
kind = "financing" with unit_cost: each use of a service is a benefit of what it costs the public.

[[analysis]]
name = "benefits"
kind = "financing"
outcome = "..."     # how often people use a service, a number
resources = "..."     # income or consumption; people are ranked by it
measure = ["concentration", "kakwani", "poorest_share"]
unit_cost = 1.0     # public cost of one use; shares and indices do not depend on it unless people pay a fee

A concentration index below 0 means that the poor get more than an equal share. A benefit is
progressive with a Kakwani index below 0. Add fee = "..." for what people pay themselves.
Source: O'Donnell, van Doorslaer, Wagstaff and Lindelow (2008), Analyzing Health Equity, chapter 14."""

_PARTS = """\
measure = ["theil", "mld"]: entropy adds up from what lies within groups and what lies between them.

[[analysis]]
name = "parts"
kind = "disparity"
outcome = "..."     # an amount above 0
measure = ["theil", "mld"]
decompose_by = "..."     # a factor, such as region

The mean log deviation looks more at small amounts than the Theil index does, and has no value for an
amount of 0. The measure "ge" with another parameter looks at other parts of the distribution.
Source: Shorrocks (1980), Econometrica 48."""

_RATES = """\
standardise: the rate that each group would have with the age and sex of a standard population.

[[analysis]]
name = "standardised-rates"
kind = "rates"
outcome = "..."     # a variable with event = "..."
rows = ["..."]     # the groups, such as region
[analysis.standardise]
by = ["..."]     # factors, such as age
population = [["young", 0.6], ["old", 0.4]]     # a row a cell: its levels, then its size in the standard

A cell of the standard without people in a group leaves the rate of that group undefined: take wider
cells. With kind = "disparity" and group, the same table standardises what the measures compare.
Source: Ahmad et al. (2001), Age standardization of rates, WHO GPE Discussion Paper 31."""

_MODELS = """\
kind = "regression": what goes with an outcome while the other covariates are held fixed.

[[analysis]]
name = "visits"
kind = "regression"
outcome = "..."     # a count, such as visits; a number; or a factor, lowest level first
model = "negative-binomial"     # counts; "linear" for numbers, "ordered-logit" for ordered levels
terms = ["..."]     # covariates; the first level of a factor is its reference

An event has kind = "logit". With errors of the design or robust ones, "poisson" needs the mean of the counts
to be right, and not their variance. Add exposure = "..." if people were observed for different times.
Source: Cameron and Trivedi (2013), Regression Analysis of Count Data; McCullagh (1980), Journal of the
Royal Statistical Society B 42."""

_CLUSTERS = """\
kind = "multilevel": how much of an outcome lies between clusters, such as villages in cities.

[[analysis]]
name = "clusters"
kind = "multilevel"
outcome = "..."     # a variable with event = "..."; model = "linear" for a number
terms = ["..."]     # covariates; without terms: the null model
levels = ["..."]     # names of design.levels, innermost first

The icc is the share that lies between clusters. Under [design] write levels = { village = "VILLAGE" }. Where
clusters or people were drawn with unequal chances, add level_weights = { village = "w_village" } there
and weights = "cluster-size" here. For mean differences alone, kind = "logit" or "regression" with errors of
the design asks for less.
Source: Rabe-Hesketh and Skrondal (2006), Journal of the Royal Statistical Society A 169."""

_MISSING = """\
[imputations]: values that another program has imputed several times, such as mice or mi impute.

[imputations]
columns = { income = ["income_1", "income_2", "income_3"] }     # or files, or number with m

Every analysis is computed in each completed data set, and Rubin's rules pool the estimates: the errors
then tell what the missing values cost. Leaving people out instead is right only if those who did not
answer are like those who did. The mean in place of a missing value (impute) makes errors too small.
Source: Rubin (1987), Multiple Imputation for Nonresponse in Surveys; Barnard and Rubin (1999), Biometrika."""

_ADVICE: dict[Subject, str] = {
    "payments": _PAYMENTS,
    "benefits": _BENEFITS,
    "parts": _PARTS,
    "rates": _RATES,
    "models": _MODELS,
    "clusters": _CLUSTERS,
    "missing": _MISSING,
}


def advice_about(subject: Subject) -> str:
    """Return an analysis to paste, with what it tells and its source.

    Examples
    --------
    >>> advice_about("parts").splitlines()[0]
    'measure = ["theil", "mld"]: entropy adds up from what lies within groups and what lies between them.'
    """
    return _ADVICE[subject]
