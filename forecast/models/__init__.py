"""PyMC models, the fits, and checks of both.

- `task`: one model with its data, ready to be fitted; shocks that all models share
- `processes`: the baseline of exports and imports, the carry-over, the drivers, the nowcast, the bridge of both books
- `carry_over`: last months of quarters, and the growth after them
- `channels`: sector coefficients updated by aggregate evidence; suppliers of US affiliates
- `realisation`: cancellation, delay and size of announced plants
- `evidence`: data of every model, and how far they may be from the truth
- `fitting`: runs the models behind the convergence gate
- `sampling`: compilation and sampling of one model
- `posterior`: stored parameter rows, and whether they are current
- `replicates`: replicated data of each model
- `predictive`: predictive checks
- `calibration`: simulation-based calibration
"""
