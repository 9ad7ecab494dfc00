# Logits with random intercepts of one level (1, 7 and 25 quadrature points) and of two nested levels (Laplace).
suppressPackageStartupMessages(library(lme4))
source("tests/oracle/make/common.R")

d <- read.csv("tests/oracle/simulated/families.csv", stringsAsFactors = TRUE)
# The search begins anew from where it ended, with steps large enough to leave a place where it got stuck.
TIGHT <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-10, maxfun = 1e5), tolPwrss = 1e-13, calc.derivs = FALSE)
fitted_by <- function(formula, points) {
  fit <- glmer(formula, d, binomial, nAGQ = points)
  for (round in 1:3) {
    fit <- glmer(formula, d, binomial, nAGQ = points, control = TIGHT, start = list(theta = getME(fit, "theta"), fixef = fixef(fit)))
  }
  list(formula = deparse1(formula), points = points, log_likelihood = as.vector(logLik(fit)), terms = names(fixef(fit)),
       coef = unname(fixef(fit)), variances = lapply(VarCorr(fit), function(v) as.vector(v)))
}
one_level <- vaccinated ~ rural + age + school + (1 | clinic)
single <- glm(vaccinated ~ rural + age + school, binomial, d, control = glm.control(epsilon = 1e-15))
write_numbers(list(
  single_level = list(log_likelihood = as.vector(logLik(single))), laplace = fitted_by(one_level, 1), seven = fitted_by(one_level, 7),
  twenty_five = fitted_by(one_level, 25), nested_laplace = fitted_by(vaccinated ~ rural + age + school + (1 | clinic) + (1 | mother), 1)
), "lme4", "multilevel")
