# Rates and means of a domain, by level and by wave, strata of one PSU, and finite populations.
suppressPackageStartupMessages(library(survey))
source("tests/oracle/make/common.R")

d <- transform(people(), half = ifelse(id %% 2 == 1, 1, 2), in_stratum = (psu - 1) %% 8 + 1)
rate_of <- function(design) {
  interval <- svyciprop(~high, design, method = "logit")
  found <- svymean(~high, design)
  list(estimate = as.vector(coef(found)), std_error = as.vector(SE(found)), conf_low = confint(interval)[1], conf_high = confint(interval)[2])
}

# PSUs are numbered anew in each stratum; some outcomes are not known. A domain keeps the PSUs that it does not reach.
holes <- transform(d, high = ifelse(id %% 17 == 0, NA, high), bmi = ifelse(id %% 13 == 0, NA, bmi))
nested <- svydesign(~in_stratum, strata = ~strata, weights = ~w, nest = TRUE, data = holes)
known <- subset(nested, !is.na(high))
mean_of <- svymean(~bmi, subset(known, half == 1 & !is.na(bmi)))
domains <- list(
  domain = rate_of(subset(known, age >= 60 & tenure == "irregular")),
  psus_in_domain = nrow(unique(with(holes, cbind(strata, in_stratum)[!is.na(high) & age >= 60 & tenure == "irregular", ]))),
  male = rate_of(subset(known, half == 2 & sex == "male")), female = rate_of(subset(known, half == 2 & sex == "female")),
  mean = list(estimate = as.vector(coef(mean_of)), std_error = as.vector(SE(mean_of)))
)

# The last stratum keeps one PSU; each stratum has 40 PSUs in the population.
rate_and_error <- function(design) { found <- svymean(~high, design); c(as.vector(coef(found)), as.vector(SE(found))) }
last <- max(d$strata)
single <- subset(d, strata != last | psu == min(psu[strata == last]))
designs <- lapply(c(adjust = "adjust", certainty = "certainty"), function(rule) {
  options(survey.lonely.psu = rule)
  rate_and_error(svydesign(~psu, strata = ~strata, weights = ~w, data = single))
})
options(survey.lonely.psu = "fail")
d$fpc <- 40
finite <- list(fpc = rate_and_error(svydesign(~psu, strata = ~strata, weights = ~w, fpc = ~fpc, data = d)))
if (NAME == "simulated") write_numbers(domains, "survey", "domains")
write_numbers(c(designs, finite), "survey", "single_psus")
