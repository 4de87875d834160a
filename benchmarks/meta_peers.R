# The same jobs by metafor and lme4: reads the name of a job from standard input, does it,
# and answers "done". bench_meta.py keeps one such process open and times the answers.
suppressMessages({
  library(metafor)
  library(lme4)
})
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
k <- nrow(data)

half <- 0.5 * (data$tp == 0 | data$fp == 0 | data$fn == 0 | data$tn == 0)
cells <- data[c("tp", "fp", "fn", "tn")] + half
logits <- data.frame(
  study = rep(seq_len(k), 2),
  outcome = factor(rep(c("sensitivity", "specificity"), each = k)),
  yi = c(log(cells$tp / cells$fn), log(cells$tn / cells$fp)),
  vi = c(1 / cells$tp + 1 / cells$fn, 1 / cells$tn + 1 / cells$fp)
)
counts <- data.frame(
  study = rep(seq_len(k), 2),
  sensitivity = rep(1:0, each = k),
  specificity = rep(0:1, each = k),
  positive = c(data$tp, data$tn),
  total = c(data$tp + data$fn, data$tn + data$fp)
)

# Two tests in the same patients, studies as clusters: a summary for each test, one for both, and
# one for both in sensitivity or in specificity only. The arm-based model is not among glmer's.
paired <- read.csv(arguments[2])
k <- nrow(paired)
paired_counts <- data.frame(
  study = rep(paired$study, 2),
  test = rep(paired$test, 2),
  sensitivity = rep(1:0, each = k),
  specificity = rep(0:1, each = k),
  positive = c(paired$tp, paired$tn),
  total = c(paired$tp + paired$fn, paired$tn + paired$fp)
)
paired_model <- function(means) {
  formula <- paste("cbind(positive, total - positive) ~", means,
                   "+ (0 + sensitivity + specificity | study)")
  suppressWarnings(suppressMessages(
    glmer(as.formula(formula), data = paired_counts, family = binomial)
  ))
}

jobs <- list(
  paired = function() {
    for (sensitivity in c("sensitivity", "sensitivity:test")) {
      for (specificity in c("specificity", "specificity:test")) {
        paired_model(paste("0 +", sensitivity, "+", specificity))
      }
    }
  },
  reml = function() {
    rma.mv(yi, vi, mods = ~ outcome - 1, random = ~ outcome | study, struct = "UN",
           data = logits, method = "REML")
  },
  laplace = function() {
    suppressWarnings(suppressMessages(glmer(
      cbind(positive, total - positive) ~ 0 + sensitivity + specificity +
        (0 + sensitivity + specificity | study),
      data = counts, family = binomial
    )))
  }
)

input <- file("stdin")
open(input)
while (length(name <- readLines(input, 1)) > 0) {
  jobs[[name]]()
  cat("done\n")
  flush(stdout())
}
