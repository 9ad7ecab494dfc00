# Logits through the survey design, and by maximum likelihood with three covariances.
suppressPackageStartupMessages(library(survey))
source("tests/oracle/make/common.R")

d <- people()
TIGHT <- glm.control(epsilon = 1e-15, maxit = 50)
full <- svydesign(~psu, strata = ~strata, weights = ~w, data = d)

by_survey <- function(formula, product) {
  fit <- suppressWarnings(svyglm(formula, full, family = quasibinomial(), control = TIGHT))
  table <- coef(summary(fit))
  test <- regTermTest(fit, product)
  list(
    dataset = NAME, formula = deparse(formula), kind = "svyglm quasibinomial (design-based)", terms = rownames(table),
    coef = unname(table[, 1]), se = unname(table[, 2]), p = unname(table[, 4]), df = fit$df.residual,
    wald_interaction = list(F = as.vector(test$Ftest), df = test$df, ddf = test$ddf, p = as.vector(test$p))
  )
}

# glm looks for weights among the columns first, so that each fit carries its own as a column of that name.
by_glm <- function(weighted) {
  d$case_weight <- if (weighted) d$w else 1
  fit <- suppressWarnings(glm(high ~ sex * place + tenure + age, binomial, d, weights = case_weight, control = TIGHT))
  list(
    dataset = NAME, formula = deparse(formula(fit)), kind = paste0("glm binomial weights=", weighted), terms = names(coef(fit)),
    coef = unname(coef(fit)), se_model = unname(sqrt(diag(vcov(fit)))),
    se_HC1 = unname(sqrt(diag(sandwich::vcovHC(fit, type = "HC1")))),
    se_cluster_psu_HC1 = unname(sqrt(diag(sandwich::vcovCL(fit, cluster = d$psu, type = "HC1")))),
    null_deviance = fit$null.deviance, aic = if (!weighted) fit$aic, loglik = if (!weighted) as.vector(logLik(fit))
  )
}

write_numbers(list(
  by_survey(high ~ sex * place + tenure + age, ~ sex:place), by_survey(high ~ tenure * sex + place + age, ~ tenure:sex),
  by_glm(FALSE), by_glm(TRUE)
), c("survey", "sandwich"), "logit")
