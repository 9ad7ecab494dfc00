# What all scripts here share: the data, the indices straight from their definitions, and the way numbers are written.
#
# Each script takes up to three arguments, all with defaults for the simulated people:
#   Rscript tests/oracle/make/indices.R [data.csv] [name of the data] [folder for the numbers]

arguments <- commandArgs(trailingOnly = TRUE)
given <- function(k, default) if (length(arguments) >= k) arguments[k] else default
DATA <- given(1, "tests/oracle/simulated/people.csv")
NAME <- given(2, "simulated")
NUMBERS <- given(3, "tests/oracle/numbers")

people <- function() read.csv(DATA, stringsAsFactors = TRUE)

version_of <- function(package) {
  paste0(package, "_", if (package == "stats") paste(R.version$major, R.version$minor, sep = ".") else packageDescription(package)$Version)
}

# JSON with 17 significant digits: a list is an object if it has names, a vector of one value a number.
json <- function(value, indent = "\n") {
  inner <- paste0(indent, " ")
  enclosed <- function(items, open, close) paste0(open, inner, paste(items, collapse = paste0(",", inner)), indent, close)
  if (is.null(value)) return("null")
  if (is.matrix(value)) value <- unname(apply(value, 1, as.numeric, simplify = FALSE))
  if (is.list(value)) {
    items <- vapply(value, json, "", indent = inner)
    if (is.null(names(value))) return(enclosed(items, "[", "]"))
    return(enclosed(paste0('"', names(value), '": ', items), "{", "}"))
  }
  items <- if (is.character(value)) paste0('"', value, '"') else if (is.logical(value)) tolower(value) else sprintf("%.17g", value)
  items[is.na(value)] <- "null"
  if (length(items) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

# Write numbers; the name of the file says which programs made them.
write_numbers <- function(value, packages, content) {
  maker <- paste(c("r", vapply(packages, version_of, "")), collapse = "_")
  writeLines(json(value), file.path(NUMBERS, paste0(maker, "_", content, "_", NAME, ".json")))
}

# Share of the weight below a row plus half the share of its ties.
mid_rank <- function(x, w) {
  values <- sort(unique(x))
  share <- as.vector(rowsum(w, match(x, values))) / sum(w)
  (cumsum(share) - share / 2)[match(x, values)]
}

# Factor between an index and the generalized index, from the mean and the bounds of the outcome.
factor_of <- function(index, mu, a, b) {
  switch(index, GC = 1, CI = 1 / mu, E = 4 / (b - a), W = (b - a) / ((b - mu) * (mu - a)))
}
INDICES <- c("CI", "GC", "E", "W")

generalized <- function(y, x, w) {
  mu <- sum(w * y) / sum(w)
  2 * sum(w * (y - mu) * (mid_rank(x, w) - 0.5)) / sum(w)
}

index_of <- function(index, y, x, w, a = 0, b = 1) {
  keep <- w > 0
  y <- y[keep]; x <- x[keep]; w <- w[keep]
  generalized(y, x, w) * factor_of(index, sum(w * y) / sum(w), a, b)
}

# Influence of each row on an index. The generalized index is a mean over all pairs of rows of
# k(i, j) = y_i (2 h(x_i, x_j) - 1), with h = 1 where x_j < x_i, 1/2 where they tie. Its influence is that of a
# V-statistic; those of the other indices follow by the chain rule.
influence_of <- function(index, y, x, w, a = 0, b = 1) {
  W <- sum(w); mu <- sum(w * y) / W
  as_first <- y * (2 * mid_rank(x, w) - 1)
  as_second <- vapply(seq_along(x), function(j) sum(w * y * sign(x - x[j])) / W, 0)
  g <- sum(w * as_first) / W
  z <- as_first + as_second - 2 * g
  by_mean <- switch(index, GC = 0, CI = -1 / mu^2, E = 0,
                    W = -(b - a) * (a + b - 2 * mu) / ((b - mu) * (mu - a))^2)
  factor_of(index, mu, a, b) * z + g * by_mean * (y - mu)
}

# Extended index with parameter v and symmetric index with parameter b, summed over groups of ties.
shaped_index <- function(kind, parameter, y, x, w) {
  keep <- w > 0
  y <- y[keep]; x <- x[keep]; w <- w[keep]
  W <- sum(w); mu <- sum(w * y) / W
  group <- match(x, sort(unique(x)))
  share <- as.vector(rowsum(w, group)) / W
  mean_y <- as.vector(rowsum(w * y, group)) / (share * W)
  above <- pmin(cumsum(share), 1); below <- c(0, head(above, -1))
  if (kind == "ext") return(sum(mean_y * (share + (1 - above)^parameter - (1 - below)^parameter)) / mu)
  sum(mean_y * 2^(parameter - 2) * (abs(above - 0.5)^parameter - abs(below - 0.5)^parameter)) / mu
}

# Standard error of a mean of influence values through a survey design.
design_error <- function(z, design) as.vector(survey::SE(survey::svymean(z, design)))
