"""The works that the methods of a run cite."""

from __future__ import annotations

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
    "guide": "O'Donnell O, van Doorslaer E, Wagstaff A, Lindelow M. Analyzing Health Equity Using Household "
    "Survey Data. World Bank 2008.",
    "who": "Hosseinpoor AR, Bergen N, Koller T, et al. Handbook on health inequality monitoring with a special focus "
    "on low- and middle-income countries. World Health Organization 2013.",
    "summary": "Schlotheuber A, Hosseinpoor AR. Summary measures of health inequality: a review of existing measures "
    "and their application. International Journal of Environmental Research and Public Health 2022;19:3697.",
    "slope": "Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic inequalities in health: an overview of "
    "available measures illustrated with two examples from Europe. Social Science & Medicine 1997;44:757-771.",
    "entropy": "Shorrocks AF. The class of additively decomposable inequality measures. Econometrica 1980;48:613-625.",
    "atkinson": "Atkinson AB. On the measurement of inequality. Journal of Economic Theory 1970;2:244-263.",
    "standard": "Ahmad OB, Boschi-Pinto C, Lopez AD, et al. Age standardization of rates: a new WHO standard. GPE "
    "Discussion Paper 31. World Health Organization 2001.",
    "progressivity": "Kakwani NC. Measurement of tax progressivity: an international comparison. Economic Journal "
    "1977;87:71-80.",
    "redistribution": "Aronson JR, Johnson P, Lambert PJ. Redistributive effect and unequal income tax treatment. "
    "Economic Journal 1994;104:262-270.",
    "catastrophe": "Wagstaff A, van Doorslaer E. Catastrophe and impoverishment in paying for health care: with "
    "applications to Vietnam 1993-1998. Health Economics 2003;12:921-934.",
    "conindex": "O'Donnell O, O'Neill S, Van Ourti T, Walsh B. conindex: estimation of concentration indices. Stata "
    "Journal 2016;16:112-138.",
    "rif": "Heckley G, Gerdtham U-G, Kjellsson G. A general method for decomposing the causes of socioeconomic "
    "inequality in health. Journal of Health Economics 2016;48:89-106.",
    "rao-scott": "Rao JNK, Scott AJ. On chi-squared tests for multiway contingency tables with cell proportions "
    "estimated from survey data. Annals of Statistics 1984;12:46-60.",
    "korn": "Korn EL, Graubard BI. Confidence intervals for proportions with small expected number of positive counts "
    "estimated from survey data. Survey Methodology 1998;24:193-201.",
    "calibration": "Deville J-C, Särndal C-E. Calibration estimators in survey sampling. Journal of the American "
    "Statistical Association 1992;87:376-382.",
    "rubin": "Rubin DB. Multiple Imputation for Nonresponse in Surveys. Wiley 1987.",
    "barnard": "Barnard J, Rubin DB. Small-sample degrees of freedom with multiple imputation. Biometrika "
    "1999;86:948-955.",
    "d2": "Li K-H, Meng X-L, Raghunathan TE, Rubin DB. Significance levels from repeated p-values with "
    "multiply-imputed data. Statistica Sinica 1991;1:65-92.",
    "entropy-balancing": "Hainmueller J. Entropy balancing for causal effects. Political Analysis 2012;20:25-46.",
    "propensity": "Austin PC, Stuart EA. Moving towards best practice when using inverse probability of treatment "
    "weighting. Statistics in Medicine 2015;34:3661-3679.",
    "wolter": "Wolter KM. Introduction to Variance Estimation. 2nd edition. Springer 2007.",
    "davison": "Davison AC, Hinkley DV. Bootstrap Methods and their Application. Cambridge University Press 1997.",
    "fuller": "Fuller WA. Regression analysis for sample survey. Sankhya C 1975;37:117-132.",
    "counts": "Cameron AC, Trivedi PK. Regression Analysis of Count Data. 2nd edition. Cambridge University Press "
    "2013.",
    "ordered": "McCullagh P. Regression models for ordinal data. Journal of the Royal Statistical Society B "
    "1980;42:109-142.",
    "mixed": "Laird NM, Ware JH. Random-effects models for longitudinal data. Biometrics 1982;38:963-974.",
    "scaled": "Rabe-Hesketh S, Skrondal A. Multilevel modelling of complex survey data. Journal of the Royal "
    "Statistical Society A 2006;169:805-827.",
}
