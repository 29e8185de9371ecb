"""PyMC models, the fits, and checks of both.

- `task`: one model with its data, ready to be fitted
- `baseline`: joint growth of exports and imports
- `drivers`: joint growth of US output, the won and oil; the nowcast of the running quarter
- `localization`: purchases of US affiliates
- `bridge`: Korean customs over US Census figures
- `channels`: sector coefficients met by aggregate evidence
- `realisation`: cancellation, delay and size of announced plants
- `evidence`: what each model sees: readings and the wave of plants
- `fitting`: runs the models behind the convergence gate
- `sampling`: compilation and sampling of one model
- `posterior`: stored parameter rows, and whether they are current
- `replicas`: replicated data of each model
- `predictive`: predictive checks
- `calibration`: simulation-based calibration
"""
