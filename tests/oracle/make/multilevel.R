# Logits with random intercepts of one level (1, 7 and 25 quadrature points) and of two nested levels (Laplace).
suppressPackageStartupMessages(library(lme4))
source("tests/oracle/make/common.R")
DATA <- "tests/oracle/simulated/families.csv"

d <- people()
TIGHT <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 2e-4, rhoend = 1e-10, maxfun = 1e5), tolPwrss = 1e-13, calc.derivs = FALSE)
fitted_by <- function(formula, points) {
  start <- glmer(formula, d, binomial, nAGQ = points)
  fit <- glmer(formula, d, binomial, nAGQ = points, control = TIGHT, start = list(theta = getME(start, "theta"), fixef = fixef(start)))
  list(formula = deparse1(formula), points = points, log_likelihood = as.vector(logLik(fit)), terms = names(fixef(fit)),
       coef = unname(fixef(fit)), variances = lapply(VarCorr(fit), function(v) as.vector(v)))
}
one_level <- vaccinated ~ rural + age + school + (1 | clinic)
single <- glm(vaccinated ~ rural + age + school, binomial, d, control = glm.control(epsilon = 1e-15))
write_numbers(list(
  single_level = list(log_likelihood = as.vector(logLik(single))), laplace = fitted_by(one_level, 1), seven = fitted_by(one_level, 7),
  twenty_five = fitted_by(one_level, 25), nested_laplace = fitted_by(vaccinated ~ rural + age + school + (1 | clinic) + (1 | mother), 1)
), "lme4", "multilevel")
