"""Distributions, random streams, statistics of draws and their errors: arrays in, arrays out.

- `distributions`: named distributions by quantile function
- `special`: quantiles and probabilities of the normal, Student's t and beta, as `scipy.special` has them
- `elicited`: distributions from stated quantiles, intervals or percentiles, mixtures and pools of experts
- `truncation`: distributions cut at bounds
- `moments`: probabilities of ranges, and means by quadrature
- `density`: densities in steps, and probability piled up at an end
- `forms`: distributions by moments, by quantiles and by percentiles
- `specs`: how a number is written in YAML, and the way from a distribution back to YAML
- `streams`: random numbers by address, and correlated ones
- `quantiles`: quantiles of draws, kept or counted, with their Monte Carlo error
- `shared_rows`: Monte Carlo error that draws owe to picking the same posterior rows
- `influence`: single draws that make too much of a mean or of a variance
- `summary`: mergeable means, variances and quantiles with their Monte Carlo error
- `sensitivity`: variance shares and Shapley values
- `formatting`: numbers as text, with the digits their error allows
"""
