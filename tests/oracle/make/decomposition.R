# Contributions to an index, horizontal inequity, and change between two groups.
suppressPackageStartupMessages(library(survey))
source("tests/oracle/make/common.R")

FORMULA <- high ~ sex + tenure + place + age
TIGHT <- glm.control(epsilon = 1e-15, maxit = 100)
LINKS <- c(logit = "logit", probit = "probit")
d <- transform(people(), age2 = age^2 / 100, log_income = log(income), own = as.numeric(tenure %in% c("own_house", "own_apartment")))
weights_of <- function(name) if (is.null(name)) rep(1, nrow(d)) else d[[name]]

# glm and lm look for weights among the columns first, so that each fit carries its own as a column of that name.
with_weights <- function(data, w) { data$case_weight <- w; data }
linear <- function(formula, w, data) coef(lm(formula, with_weights(data, w), weights = case_weight))

# The last steps of glm: it may stop with a score of 1e-9, Newton's steps bring it to rounding.
maximum <- function(formula, link, w, data) {
  X <- model.matrix(formula, data); y <- data$high
  beta <- coef(suppressWarnings(glm(formula, binomial(link), with_weights(data, w), weights = case_weight, control = TIGHT)))
  family <- binomial(link)
  for (step in 1:3) {
    eta <- as.vector(X %*% beta); p <- family$linkinv(eta); slope <- family$mu.eta(eta)
    information <- crossprod(X, X * (w * slope^2 / (p * (1 - p))))
    beta <- beta + solve(information, crossprod(X, w * slope * (y - p) / (p * (1 - p))))[, 1]
  }
  beta
}

# Marginal effects of the columns of the model: derivatives on average or at the means, or discrete changes on average.
effects_of <- function(beta, X, w, link, effect) {
  family <- binomial(link); share <- w / sum(w)
  if (effect == "mem_cont") return(beta[-1] * family$mu.eta(sum(colSums(X * share) * beta)))
  eta <- as.vector(X %*% beta)
  derivative <- beta[-1] * sum(share * family$mu.eta(eta))
  if (effect == "ame_cont") return(derivative)
  vapply(seq_along(derivative), function(k) {
    if (!all(X[, k + 1] %in% c(0, 1))) return(derivative[k])
    with <- without <- X
    with[, k + 1] <- 1; without[, k + 1] <- 0  # a dummy alone, as mfx and dprobit do
    sum(share * (family$linkinv(as.vector(with %*% beta)) - family$linkinv(as.vector(without %*% beta))))
  }, 0)
}

contributions <- function(effects, X, y, x, w) {
  mu <- sum(w * y) / sum(w); columns <- X[, -1, drop = FALSE]
  means <- colSums(columns * w) / sum(w)
  by_column <- apply(columns, 2, generalized, x, w)
  out <- list(terms = colnames(columns), beta = unname(effects), mean = unname(means), GC_k = unname(by_column),
              CI_k = unname(by_column / means), elasticity = unname(effects * means / mu), mu = mu)
  for (index in INDICES) {
    scale <- factor_of(index, mu, 0, 1)
    out[[paste0("contribution_", index)]] <- unname(effects * by_column) * scale
    out[[paste0("index_", index)]] <- generalized(y, x, w) * scale
    out[[paste0("residual_", index)]] <- (generalized(y, x, w) - sum(effects * by_column)) * scale
  }
  out
}

cases <- list()
for (weights in list(NULL, "w")) {
  w <- weights_of(weights); X <- model.matrix(FORMULA, d)
  add <- function(model, effects) {
    cases[[length(cases) + 1]] <<- c(list(model = model, dataset = NAME, rank = "income", weights = weights), contributions(effects, X, d$high, d$income, w))
  }
  add("LPM (WLS)", linear(FORMULA, w, d)[-1])
  for (link in LINKS) for (effect in c("ame_cont", "ame_disc", "mem_cont")) {
    add(paste(link, effect), effects_of(maximum(FORMULA, link, w, d), X, w, link, effect))
  }
}
write_numbers(cases, "stats", "contributions")

# Linear probabilities by maximum likelihood (identity link): Newton's steps, halved so that all stay inside (0, 1).
identity_maximum <- function(formula, w) {
  X <- model.matrix(formula, d); y <- d$high
  inside <- function(beta) all(X %*% beta > 0 & X %*% beta < 1)
  objective <- function(beta, barrier) {
    p <- as.vector(X %*% beta)
    sum(w * (y * log(p) + (1 - y) * log(1 - p))) + barrier * sum(log(p) + log(1 - p))
  }
  beta <- c(sum(w * y) / sum(w), rep(0, ncol(X) - 1))
  for (barrier in c(10^(0:-8), 0)) for (step in 1:200) {
    p <- as.vector(X %*% beta)
    score <- crossprod(X, w * (y / p - (1 - y) / (1 - p)) + barrier * (1 / p - 1 / (1 - p)))
    information <- crossprod(X, X * (w * (y / p^2 + (1 - y) / (1 - p)^2) + barrier * (1 / p^2 + 1 / (1 - p)^2)))
    move <- solve(information, score)[, 1]
    size <- 1
    while (!inside(beta + size * move)) size <- size / 2
    slack <- 1e-12 * abs(objective(beta, barrier))  # near the maximum rounding decides which of two points is higher
    while (objective(beta + size * move, barrier) < objective(beta, barrier) - slack) size <- size / 2
    beta <- beta + size * move
    if (max(abs(move)) < 1e-15) break
  }
  fitted <- as.vector(X %*% beta)
  score <- crossprod(X, w * (y / fitted - (1 - y) / (1 - fitted)))
  default <- tryCatch({
    fit <- suppressWarnings(glm(formula, binomial("identity"), with_weights(d, w), weights = case_weight))
    paste0("converged=", fit$converged, " boundary=", fit$boundary)
  }, error = function(e) conditionMessage(e))
  confirmed <- suppressWarnings(glm(formula, binomial("identity"), with_weights(d, w), weights = case_weight, start = beta, control = TIGHT))
  stopifnot(max(abs(coef(confirmed) - beta)) < 1e-10, !confirmed$boundary)
  list(terms = colnames(X), coef = unname(beta), fitted_min = min(fitted), fitted_max = max(fitted),
       max_abs_score_per_n = max(abs(score)) / length(y), R_glm_default_start = default)
}
identity <- list()
for (formula in list(high ~ sex + place + tenure, FORMULA)) for (weights in list(NULL, "w")) {
  identity[[length(identity) + 1]] <- c(list(dataset = NAME, formula = deparse(formula), weights = weights), identity_maximum(formula, weights_of(weights)))
}
write_numbers(identity, "stats", "binomial_identity")

# Horizontal inequity: the index of the outcome standardised for need, other covariates held at their weighted means.
NEED <- high ~ age + female + age2
WITH <- high ~ age + female + age2 + log_income + own + urban
need_prediction <- function(formula, model, w, data) {
  X <- model.matrix(formula, data)
  held <- X; others <- setdiff(colnames(X), c("(Intercept)", "age", "female", "age2"))
  for (name in others) held[, name] <- sum(w * X[, name]) / sum(w)
  if (model == "ols") as.vector(held %*% lm.wfit(X, data$high, w)$coefficients) else binomial(model)$linkinv(as.vector(held %*% maximum(formula, model, w, data)))
}
inequity <- lapply(list(NULL, "w"), function(weights) {
  w <- weights_of(weights); x <- d$income
  case <- list(dataset = NAME, outcome = "high", rank = "income", weights = weights)
  for (model in c("ols", "probit", "logit")) for (key in c("need_only", "with_nonneed")) {
    need <- need_prediction(if (key == "need_only") NEED else WITH, model, w, d)
    standardised <- d$high - need + sum(w * need) / sum(w)
    case[[paste(model, key, sep = "_")]] <- list(
      CI_standardised = index_of("CI", standardised, x, w), E_standardised = index_of("E", standardised, x, w)
    )
  }
  beta <- linear(WITH, w, d)
  need <- sum(vapply(c("age", "female", "age2"), function(name) beta[[name]] * generalized(d[[name]], x, w), 0))
  mu <- sum(w * d$high) / sum(w)
  case$HI_decomposition_CI <- (generalized(d$high, x, w) - need) / mu
  case
})

# Change between the halves of the file: income of the second half is moved.
moved <- transform(d, income = ifelse(id %% 2 == 1, income, income * (0.8 + age / 300)))
halves <- lapply(c(1, 0), function(rest) {
  own <- moved[moved$id %% 2 == rest, ]
  contributions(linear(FORMULA, own$w, own)[-1], model.matrix(FORMULA, own), own$high, own$income, own$w)
})
first <- halves[[1]]; second <- halves[[2]]
d_index <- second$CI_k - first$CI_k; d_elasticity <- second$elasticity - first$elasticity
change <- list(
  dataset = NAME, terms = first$terms, total1 = first$index_CI, total2 = second$index_CI, change = second$index_CI - first$index_CI,
  eta2_dC = second$elasticity * d_index, C1_deta = first$CI_k * d_elasticity,
  eta1_dC = first$elasticity * d_index, C2_deta = second$CI_k * d_elasticity, d_resid = second$residual_CI - first$residual_CI
)
write_numbers(list(HI = inequity, change = change), "stats", "inequity_and_change")

# Delete-PSU jackknife of contributions and of horizontal inequity.
replicates <- as.svrepdesign(svydesign(~psu, strata = ~strata, weights = ~w, data = d), type = "JKn")
parts <- withReplicates(replicates, function(w, data) {
  keep <- w > 0; own <- data[keep, ]; w <- w[keep]
  found <- contributions(linear(FORMULA, w, own)[-1], model.matrix(FORMULA, own), own$high, own$income, w)
  c(found$contribution_CI, found$residual_CI, found$index_CI, found$contribution_E, found$residual_E, found$index_E)
})
hi <- withReplicates(replicates, function(w, data) {
  keep <- w > 0; own <- data[keep, ]; w <- w[keep]
  need <- need_prediction(WITH, "ols", w, own)
  total <- index_of("CI", own$high, own$income, w)
  standardised <- index_of("CI", own$high - need + sum(w * need) / sum(w), own$income, w)
  c(total, total - standardised, standardised)
})
names_of <- c(first$terms, "residual", "total")
write_numbers(list(
  list(dataset = NAME, what = "linear decomposition", formula = deparse(FORMULA), rank = "income", weights = "w", design = "JKn",
       names = c(paste0("CI:", names_of), paste0("E:", names_of)), estimate = as.vector(coef(parts)), se = as.vector(SE(parts))),
  list(dataset = NAME, what = "horizontal inequity of high, need age, female and age2, others at their weighted means", rank = "income",
       weights = "w", design = "JKn", names = c("CI", "CI_need", "HI"), estimate = as.vector(coef(hi)), se = as.vector(SE(hi)))
), "survey", "jackknife_contributions_inequity")
