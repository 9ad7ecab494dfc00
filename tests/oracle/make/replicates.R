# Every kind of analysis with replicate weights: survey's svrepdesign, and withReplicates for what it has no function for.
#
# tests/oracle/replicate_weights.py makes the same weights by the same rules.
suppressPackageStartupMessages(library(survey))
source("tests/oracle/make/common.R")

d <- people()
TIGHT <- glm.control(epsilon = 1e-15, maxit = 100)

# Strata of two PSUs for half-samples: strata are cut into pairs, and of three PSUs the last two count as one.
psus <- unique(d[order(d$strata, d$psu), c("strata", "psu")])
within <- ave(psus$psu, psus$strata, FUN = seq_along)
size <- ave(psus$psu, psus$strata, FUN = length)
psus$pair <- if (max(size) > 3) paste(psus$strata, (within - 1) %/% 2) else paste(psus$strata)
psus$second <- if (max(size) > 3) (within - 1) %% 2 else as.numeric(within > 1)
psus$size <- size
place_of <- match(d$psu, psus$psu)

hadamard <- function(order) { H <- matrix(1); while (nrow(H) < order) H <- kronecker(matrix(c(1, 1, 1, -1), 2), H); H }
half_samples <- function(change) {
  sign <- hadamard(32)[, match(psus$pair, unique(psus$pair)) + 1] * rep(1 - 2 * psus$second, each = 32)
  1 + change * t(sign)
}

# Draws n - 1 of n PSUs in each stratum with the generator of Park and Miller, which every program can follow.
rao_wu <- function(replicates) {
  state <- 20240101
  sapply(seq_len(replicates), function(r) {
    factor <- numeric(nrow(psus))
    for (h in unique(psus$strata)) {
      own <- which(psus$strata == h); n <- length(own)
      for (k in seq_len(n - 1)) {
        state <<- (16807 * state) %% 2147483647
        drawn <- own[floor(state / 2147483647 * n) + 1]
        factor[drawn] <- factor[drawn] + n / (n - 1)
      }
    }
    factor
  })
}

jackknife <- sapply(seq_len(nrow(psus)), function(k) {
  own <- psus$strata == psus$strata[k]
  ifelse(own, psus$size / (psus$size - 1), 1) * (seq_len(nrow(psus)) != k)
})

design_of <- function(factors, type, mse, ...) {
  suppressWarnings(svrepdesign(data = d, repweights = d$w * factors[place_of, ], weights = d$w, type = type, mse = mse, ...))
}
DESIGNS <- list(
  brr = design_of(half_samples(1), "BRR", TRUE), fay = design_of(half_samples(0.7), "Fay", FALSE, rho = 0.3),
  bootstrap = design_of(rao_wu(60), "bootstrap", FALSE), bootstrap_mse = design_of(rao_wu(60), "bootstrap", TRUE),
  jkn = design_of(jackknife, "JKn", TRUE, rscales = (psus$size - 1) / psus$size)
)

found <- function(statistic, degrees) {
  error <- as.vector(sqrt(diag(as.matrix(vcov(statistic))))); estimate <- as.vector(coef(statistic))
  half <- qt(0.975, degrees) * error
  list(estimate = estimate, std_error = error, conf_low = estimate - half, conf_high = estimate + half,
       p = 2 * pt(-abs(estimate / error), degrees), degrees = degrees)
}
replicated <- function(design, theta) {
  value <- withReplicates(design, theta)
  list(value = as.vector(value), V = as.matrix(attr(value, "var")))
}
as_found <- function(r, degrees) {
  error <- sqrt(diag(r$V)); half <- qt(0.975, degrees) * error
  list(estimate = r$value, std_error = error, conf_low = r$value - half, conf_high = r$value + half,
       p = 2 * pt(-abs(r$value / error), degrees), degrees = degrees)
}

rate_of <- function(design) {
  mean <- svymean(~high, design)
  interval <- attr(svyciprop(~high, design, method = "xlogit"), "ci")
  list(estimate = as.vector(coef(mean)), std_error = as.vector(SE(mean)), conf_low = interval[[1]], conf_high = interval[[2]], degrees = degf(design))
}

curve_of <- function(w, y, x) {
  values <- sort(unique(x)); group <- match(x, values)
  p <- cumsum(as.vector(rowsum(w, group))) / sum(w); amount <- cumsum(as.vector(rowsum(w * y, group))) / sum(w * y)
  approx(c(0, p), c(0, amount), xout = c(0.25, 0.5, 0.75), ties = "ordered")$y
}

contributions <- function(w, data) {
  data$case_weight <- w
  beta <- coef(lm(high ~ sex + place + age, data, weights = case_weight))[-1]
  X <- model.matrix(high ~ sex + place + age, data)[, -1]
  4 * beta * apply(X, 2, generalized, data$income, w)
}

# Influence of the generalized index by sums over ranks, and the regression of the recentered one.
rif_of <- function(index, y, x, w) {
  W <- sum(w); mu <- sum(w * y) / W; R <- mid_rank(x, w)
  values <- sort(unique(x)); group <- match(x, values)
  inside <- as.vector(rowsum(w * y, group)); below <- cumsum(inside) - inside
  as_second <- ((sum(w * y) - below - inside) - below)[group] / W
  as_first <- y * (2 * R - 1); g <- sum(w * as_first) / W
  by_mean <- switch(index, CI = -1 / mu^2, E = 0, W = -(1 - 2 * mu) / ((1 - mu) * mu)^2)
  factor <- factor_of(index, mu, 0, 1)
  factor * g + factor * (as_first + as_second - 2 * g) + g * by_mean * (y - mu)
}
rif_coefficients <- function(index) function(w, data) {
  data$rif <- rif_of(index, data$high, data$income, w); data$case_weight <- w
  c(coef(lm(rif ~ sex + age + income, data, weights = case_weight)))
}

logit_of <- function(design) {
  fit <- suppressWarnings(svyglm(high ~ sex * place + age, design, family = quasibinomial(), control = TIGHT))
  table <- coef(summary(fit)); half <- qt(0.975, fit$df.residual) * table[, 2]
  test <- regTermTest(fit, ~ sex:place)
  crude <- suppressWarnings(svyglm(high ~ place, design, family = quasibinomial(), control = TIGHT))
  list(terms = rownames(table), coef = unname(table[, 1]), se = unname(table[, 2]), p = unname(table[, 4]),
       low = unname(table[, 1] - half), high = unname(table[, 1] + half), df = fit$df.residual,
       wald_F = as.vector(test$Ftest), wald_ddf = test$ddf,
       crude_coef = as.vector(coef(crude))[-1], crude_se = as.vector(SE(crude))[-1], crude_df = crude$df.residual)
}

by_sex <- function(statistic) function(w, data) sapply(c("female", "male"), function(s) {
  own <- data$sex == s
  statistic(data$high[own], data$income[own], w[own])
})
index_numbers <- function(design, index) {
  statistic <- function(y, x, w) if (index == "ext") shaped_index("ext", 3, y, x, w) else index_of(index, y, x, w)
  whole <- replicated(design, function(w, data) statistic(data$high, data$income, w))
  pair <- replicated(design, by_sex(statistic))
  difference <- list(value = diff(pair$value), V = matrix(pair$V[1, 1] + pair$V[2, 2] - 2 * pair$V[1, 2]))
  levels <- levels(d$tenure); k <- length(levels) - 1; D <- cbind(-1, diag(k)); degrees <- degf(design)
  all <- replicated(design, function(w, data) sapply(levels, function(t) {
    own <- data$tenure == t
    statistic(data$high[own], data$income[own], w[own])
  }))
  delta <- as.vector(D %*% all$value); wald <- sum(delta * solve(D %*% all$V %*% t(D), delta))
  F <- (degrees - k + 1) / (k * degrees) * wald
  list(whole = as_found(whole, degrees),
       female = as_found(list(value = pair$value[1], V = pair$V[1, 1, drop = FALSE]), degf(subset(design, sex == "female"))),
       difference = as_found(difference, degrees),
       joint_F = F, joint_df = c(k, degrees - k + 1), joint_p = pf(F, k, degrees - k + 1, lower.tail = FALSE))
}

# Difference and ratio of two rates; the interval of the ratio is that of its logarithm.
disparity_of <- function(design) {
  rates <- function(w, data) sapply(c("female", "male"), function(s) weighted.mean(data$high[data$sex == s], w[data$sex == s]))
  degrees <- degf(design)
  ratio <- as_found(replicated(design, function(w, data) { r <- rates(w, data); r[[1]] / r[[2]] }), degrees)
  half <- qt(0.975, degrees) * ratio$std_error / ratio$estimate
  ratio$conf_low <- ratio$estimate * exp(-half); ratio$conf_high <- ratio$estimate * exp(half)
  ratio$p <- 2 * pt(-abs(log(ratio$estimate) * ratio$estimate / ratio$std_error), degrees)
  list(difference = as_found(replicated(design, function(w, data) { r <- rates(w, data); r[[1]] - r[[2]] }), degrees), ratio = ratio)
}

write_numbers(lapply(DESIGNS, function(design) {
  degrees <- degf(design); young <- subset(design, age < 40 & place == levels(d$place)[1])
  list(
    degrees = degrees, rate = rate_of(design), rate_female = rate_of(subset(design, sex == "female")), rate_young = rate_of(young),
    mean = found(svymean(~bmi, design), degrees), mean_young = found(svymean(~bmi, young), degf(young)),
    indices = sapply(c("CI", "E", "W", "ext"), function(index) index_numbers(design, index), simplify = FALSE),
    curve = as_found(replicated(design, function(w, data) curve_of(w, data$high, data$income)), degrees),
    contributions = as_found(replicated(design, contributions), degrees),
    rif = sapply(c("CI", "E", "W"), function(index) as_found(replicated(design, rif_coefficients(index)), degrees), simplify = FALSE),
    logit = logit_of(design), disparity = disparity_of(design)
  )
}), "survey", "replicate_weights")
