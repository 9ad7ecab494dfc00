# Standard errors of indices: influence values through the survey design, and the delete-PSU jackknife.
suppressPackageStartupMessages(library(survey))
source("tests/oracle/make/common.R")

d <- people()
full <- svydesign(~psu, strata = ~strata, weights = ~w, data = d)
unweighted <- svydesign(~psu, strata = ~strata, weights = ~one, data = transform(d, one = 1))

cases <- list()
for (outcome in c("bmi", "high")) for (rank in c("income", "inc10")) for (weights in list(NULL, "w")) for (index in INDICES) {
  y <- d[[outcome]]; x <- d[[rank]]
  limits <- if (outcome == "high") c(0, 1) else c(0, 79)
  design <- if (is.null(weights)) unweighted else full
  w <- weights(design)
  z <- influence_of(index, y, x, w, limits[1], limits[2])
  alone <- svydesign(~1, weights = w, data = d)
  jackknife <- withReplicates(as.svrepdesign(design, type = "JKn"), function(w, data) {
    index_of(index, data[[outcome]], data[[rank]], w, limits[1], limits[2])
  })
  cases[[length(cases) + 1]] <- list(
    dataset = NAME, outcome = outcome, rank = rank, weights = weights, index_type = index, limits = limits,
    index = index_of(index, y, x, w, limits[1], limits[2]),
    se_linear_design = design_error(z, design), se_linear_iid = design_error(z, alone),
    se_jackknife_design = as.vector(SE(jackknife)), n = nrow(d), n_psu = length(unique(d$psu)), df = degf(design)
  )
}
write_numbers(cases, "survey", "linearised_jackknife")

clustered <- svydesign(~psu, weights = ~w, data = d)
write_numbers(lapply(INDICES, function(index) list(
  dataset = NAME, outcome = "high", rank = "income", weights = "w", cluster = "psu", strata = NULL, index_type = index,
  index = index_of(index, d$high, d$income, d$w),
  se_linear_cluster = design_error(influence_of(index, d$high, d$income, d$w), clustered)
)), "survey", "linearised_cluster_no_strata")

# Extended and symmetric indices of bmi by tenths of income.
shapes <- c("ext1.5", "ext3", "ext5", "sym1.5", "sym3", "sym5")
shaped <- withReplicates(as.svrepdesign(full, type = "JKn"), function(w, data) {
  vapply(shapes, function(name) shaped_index(substr(name, 1, 3), as.numeric(substring(name, 4)), data$bmi, data$inc10, w), 0)
})
write_numbers(list(
  dataset = NAME, what = "extended and symmetric index of bmi by inc10", rank = "inc10", weights = "w", design = "JKn",
  estimate = as.vector(coef(shaped)), se = as.vector(SE(shaped)), names = shapes, n_rep = length(unique(d$psu))
), "survey", "jackknife_extended_symmetric")

# Men and women ranked apart, in the same PSUs: the influence of one group is 0 on the rows of the other.
groups <- lapply(0:1, function(female) {
  own <- d$female == female
  z <- numeric(nrow(d))
  z[own] <- influence_of("CI", d$high[own], d$income[own], d$w[own]) * sum(d$w) / sum(d$w[own])
  list(estimate = index_of("CI", d$high[own], d$income[own], d$w[own]), z = z)
})
V <- vcov(svymean(cbind(groups[[1]]$z, groups[[2]]$z), full))
estimates <- c(groups[[1]]$estimate, groups[[2]]$estimate)
error <- sqrt(V[1, 1] + V[2, 2] - 2 * V[1, 2])
write_numbers(list(
  est = estimates, V = unname(V), diff = diff(estimates), se_diff = error, z = diff(estimates) / error,
  corr = V[1, 2] / sqrt(V[1, 1] * V[2, 2])
), "survey", "group_difference")

# What conindex prints: the slope of the convenient regression with its classical, robust and clustered errors.
peers <- list()
for (outcome in c("bmi", "high")) for (rank in c("income", "inc10")) for (weights in list(NULL, "w")) for (index in INDICES) {
  w <- if (is.null(weights)) rep(1, nrow(d)) else d$w
  limits <- if (outcome == "high") c(0, 1) else c(0, 79)
  y <- d[[outcome]]; mu <- sum(w * y) / sum(w)
  R <- mid_rank(d[[rank]], w)
  scaled <- 2 * sum(w * (R - 0.5)^2) / sum(w) * factor_of(index, mu, limits[1], limits[2]) * y
  # The roots of the weights multiply both sides, so that HC1 and the clusters see them as unweighted rows.
  root <- sqrt(w)
  fit <- lm(I(scaled * root) ~ 0 + I(R * root) + root)
  errors <- list(
    classical = sqrt(vcov(fit)[1, 1]), robust = sqrt(sandwich::vcovHC(fit, type = "HC1")[1, 1]),
    cluster = sqrt(sandwich::vcovCL(fit, cluster = d$psu, type = "HC1")[1, 1])
  )
  for (kind in names(errors)) peers[[length(peers) + 1]] <- list(
    dataset = NAME, outcome = outcome, rank = rank, weights = weights, spec = index,
    limits = if (index %in% c("E", "W")) limits, se_kind = kind, index = unname(coef(fit)[1]), se = errors[[kind]],
    p_value = 2 * pt(-abs(unname(coef(fit)[1]) / errors[[kind]]), if (kind == "cluster") length(unique(d$psu)) - 1 else nrow(d) - 2)
  )
}
write_numbers(peers, c("stats", "sandwich"), "convenient_regression")
