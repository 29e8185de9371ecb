"""Distributions, random streams, statistics of draws and their errors: arrays in, arrays out.

- `distributions`: named distributions by quantile function, their means and densities
- `elicited`: distributions built from stated quantiles, mixtures and pools of experts
- `elicitation`: named distributions from a stated interval or percentiles
- `spec_forms`: the forms in which a distribution is written
- `specs`: how a number is written in YAML, and the way from a distribution back to YAML
- `streams`: random numbers by address, and correlated ones
- `summary`: mergeable means, variances and quantiles with their Monte Carlo error
- `sensitivity`: variance shares and Shapley values
- `formatting`: numbers as text, with the digits their error allows
"""
