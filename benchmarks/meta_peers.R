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

jobs <- list(
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
