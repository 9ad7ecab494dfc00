# One analysis of a domain: means, an index and a logit through subset() of the whole design; means of a number by levels.
suppressPackageStartupMessages(library(survey))
source("tests/oracle/make/common.R")

d <- transform(people(), inside = tenure == "irregular" & age >= 40)
found <- function(mean) list(estimate = as.vector(coef(mean)), std_error = as.vector(SE(mean)))

all_of <- function(design) {
  part <- subset(design, inside)
  rows <- subset(d, inside)
  z <- numeric(nrow(d))
  z[d$inside] <- influence_of("E", rows$high, rows$income, rows$w)
  replicates <- subset(as.svrepdesign(design, type = if (is.null(design$strata) || length(unique(design$strata[, 1])) == 1) "JK1" else "JKn"), inside)
  jackknife <- withReplicates(replicates, function(w, data) index_of("E", data$high, data$income, w))
  by_sex <- svyby(~bmi, ~sex, part, svymean)
  fit <- svyglm(high ~ I(age / 10) + sex, part, family = quasibinomial(), control = list(epsilon = 1e-15, maxit = 100))
  model <- summary(fit)$coefficients
  list(
    rate = found(svymean(~high, part)), mean = found(svymean(~bmi, part)),
    female = list(estimate = by_sex["female", "bmi"], std_error = by_sex["female", "se"]),
    erreygers = list(estimate = index_of("E", rows$high, rows$income, rows$w),
                     std_error = as.vector(SE(svymean(~z, subset(update(design, z = z), inside))))),
    jackknife = list(estimate = as.vector(coef(jackknife)), std_error = as.vector(SE(jackknife))),
    age = list(estimate = model[2, 1], std_error = model[2, 2]),
    male = list(estimate = model[3, 1], std_error = model[3, 2])
  )
}
designs <- list(
  clusters = svydesign(~psu, strata = ~strata, weights = ~w, data = d),
  strata = svydesign(~1, strata = ~strata, weights = ~w, data = d),
  rows = svydesign(~1, weights = ~w, data = d)
)
write_numbers(lapply(designs, all_of), "survey", "subpopulation")
