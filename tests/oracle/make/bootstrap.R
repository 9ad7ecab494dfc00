# Bootstrap distributions of four indices: rows, PSUs, and Rao and Wu's n - 1 PSUs.
suppressPackageStartupMessages({ library(survey); library(boot) })
source("tests/oracle/make/common.R")

R <- 4000
d <- people()
full <- svydesign(~psu, strata = ~strata, weights = ~w, data = d)
four <- function(y, x, w) {
  keep <- w > 0
  mu <- sum(w * y) / sum(w)
  generalized(y[keep], x[keep], w[keep]) * vapply(INDICES, factor_of, 0, mu, 0, 1)
}

summary_of <- function(values) {
  quantiles <- c(0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
  found <- quantile(values, quantiles, names = FALSE)
  c(list(mean = mean(values), sd = sd(values), mcse_mean = sd(values) / sqrt(R), mcse_sd = sd(values) / sqrt(2 * R)),
    setNames(as.list(found), paste0("q", quantiles)))
}
by_weights <- function(type) {
  replicates <- weights(as.svrepdesign(full, type = type, replicates = R, compress = FALSE), "analysis")
  values <- apply(replicates, 2, function(w) four(d$high, d$income, w))
  lapply(setNames(INDICES, INDICES), function(index) summary_of(values[index, ]))
}

set.seed(20)
rows <- boot(d, function(data, k) four(data$high[k], data$income[k], data$w[k]), R)
iid <- lapply(setNames(seq_along(INDICES), INDICES), function(k) {
  ends <- boot.ci(rows, index = k, type = c("norm", "basic", "perc"))
  c(summary_of(rows$t[, k]), list(ci_normal = ends$normal[2:3], ci_basic = ends$basic[4:5], ci_perc = ends$percent[4:5]))
})
write_numbers(list(list(
  dataset = NAME, outcome = "high", rank = "income", weights = "w", psu = "psu", strata = "strata", R = R, n = nrow(d),
  estimate = as.list(rows$t0), iid_bootstrap = iid, psu_bootstrap = by_weights("bootstrap"), rao_wu = by_weights("subbootstrap"),
  linearised_se_design = lapply(setNames(INDICES, INDICES), function(index) design_error(influence_of(index, d$high, d$income, d$w), full))
)), c("boot", "survey"), "bootstrap_distributions")
